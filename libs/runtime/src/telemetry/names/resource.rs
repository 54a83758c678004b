//! What a process says of itself. Stable.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/resource/>

/// The version of the program.
pub const SERVICE_VERSION: &str = "service.version";
/// What the services of one installation have in common.
pub const SERVICE_NAMESPACE: &str = "service.namespace";
/// Which process of the service it is: differs between any two.
pub const SERVICE_INSTANCE: &str = "service.instance.id";
/// The deployment: `production`, `staging`.
pub const ENVIRONMENT: &str = "deployment.environment.name";
