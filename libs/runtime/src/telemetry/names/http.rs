//! Calls by HTTP. Stable.
//!
//! Source: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>. The name of a span is
//! its method. The convention also asks for `url.full`, which we never set: an operator's URL may
//! lead through inner networks, and a path names models and projects.

/// The method of the request: `GET`, `POST`.
pub const METHOD: &str = "http.request.method";
/// The status of the answer, a number.
pub const STATUS_CODE: &str = "http.response.status_code";
