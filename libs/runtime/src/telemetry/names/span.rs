//! What spans of every convention have. General attributes: Stable.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/general/attributes/>; the names that begin
//! with `otel.` are read by `tracing-opentelemetry` and are no attributes.

/// The name of the exported span, where it is not the one of the code.
pub const NAME: &str = "otel.name";
/// The kind of the exported span: one of the following; an internal one where there is none.
pub const KIND: &str = "otel.kind";
/// Answers a call.
pub const SERVER: &str = "server";
/// Makes a call, and waits for its answer.
pub const CLIENT: &str = "client";
/// Sends a message that somebody else processes.
pub const PRODUCER: &str = "producer";
/// Processes a message that somebody else sent.
pub const CONSUMER: &str = "consumer";
/// Set to [`ERROR`] where the work of the span went wrong.
pub const STATUS: &str = "otel.status_code";
/// See [`STATUS`].
pub const ERROR: &str = "ERROR";

/// What kind of failure it was, of few values; only on failures.
pub const ERROR_TYPE: &str = "error.type";
/// The address at the other end of the connection.
pub const PEER_ADDRESS: &str = "network.peer.address";
/// The port at the other end of the connection, a number.
pub const PEER_PORT: &str = "network.peer.port";
/// The name or address of the server that is called.
pub const SERVER_ADDRESS: &str = "server.address";
/// The port of the server that is called, a number.
pub const SERVER_PORT: &str = "server.port";
