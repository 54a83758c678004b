//! gRPC server and client plumbing that is the same for every service: status details,
//! authentication, limits, deadlines, TLS, health, reflection, page tokens. It knows no proto of
//! ours, and of our services only the names of those that administrators call.
//!
//! A call passes, from the outside in: the limits of connections (`incoming`), the age and the end
//! of its connection (`serving`, `in_flight`), the access log and its span ([`access`]), what is
//! gRPC at all (`protocol`), the end of the process and the caller's deadline ([`deadline`]), the
//! credential ([`auth`]), the limits ([`limits`]), the service, whose handlers answer through
//! [`mod@answer`]. Health and reflection need no credential; their streams are limited by address.

#![allow(clippy::result_large_err, reason = "tonic::Status is the error of every handler")]

pub mod access;
pub mod answer;
pub mod auth;
mod buckets;
pub mod caller;
mod calls;
pub mod client;
mod codes;
mod connection;
pub mod deadline;
mod in_flight;
mod incoming;
pub mod key;
pub mod limits;
mod methods;
mod middleware;
pub mod page;
pub mod plain;
mod protocol;
mod seldom;
pub mod server;
pub mod service_credential;
mod serving;
pub mod status;
pub mod tls;

pub use answer::{Administrator, Answers, InternalService, Refusal, answer, answer_stream, relay, relay_stream};
pub use auth::{Authenticate, Credential, Open};
pub use caller::{Caller, Role, TenantLimits, key_invalid};
pub use client::{Channel, ClientConfig, Outbound, Resolve, channel};
pub use deadline::Deadline;
pub use key::ApiKey;
pub use limits::LimitsConfig;
pub use plain::serve_plain;
pub use server::{Server, ServerConfig, Serving};
pub use service_credential::{ServiceCredential, WithServices};
pub use status::{failure, status, unreadable};
pub use tls::{ClientTls, TlsConfig, Validity};

/// Largest request message that a server decodes, in bytes, unless a service sets another.
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// Gives a generated server or client our message limit and compression:
/// `tune!(NarrationServiceServer::new(api))`, or with another limit in bytes as second argument.
#[macro_export]
macro_rules! tune {
    ($service:expr) => {
        $crate::tune!($service, $crate::MAX_MESSAGE)
    };
    ($service:expr, $max:expr) => {
        $service
            .max_decoding_message_size($max)
            .accept_compressed(::tonic::codec::CompressionEncoding::Zstd)
            .accept_compressed(::tonic::codec::CompressionEncoding::Gzip)
            .send_compressed(::tonic::codec::CompressionEncoding::Zstd)
            .send_compressed(::tonic::codec::CompressionEncoding::Gzip)
    };
}
