//! Calls by gRPC. Stable from 1.45.0 on; `rpc.status_code` has that name since 2026-08-05.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/rpc/grpc/> and `rpc-metrics` beside it. The
//! name of a span is its method.

/// The system of the call: [`GRPC`].
pub const SYSTEM: &str = "rpc.system.name";
/// See [`SYSTEM`].
pub const GRPC: &str = "grpc";
/// The method with its service, `lectern.v1.NarrationService/CreateNarration`, or [`OTHER`].
pub const METHOD: &str = "rpc.method";
/// A method that the server does not have: callers may make up as many as they like.
pub const OTHER: &str = "_OTHER";
/// What the caller of a method that is [`OTHER`] asked for; of spans alone.
pub const METHOD_ORIGINAL: &str = "rpc.method_original";
/// How the call ended: `OK`, `UNAVAILABLE`.
pub const STATUS_CODE: &str = "rpc.status_code";

/// Metric: how long calls took that were answered.
pub const SERVER_DURATION: &str = "rpc.server.call.duration";
/// Metric: how long calls took that were made.
pub const CLIENT_DURATION: &str = "rpc.client.call.duration";
/// Ends of the buckets of both, in seconds, as the convention asks.
pub const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
