//! What is asked, and within what limits.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

/// How long a call may take and how large its answer may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchLimits {
    /// To connect, with TLS; also to resolve the name.
    pub connect: Duration,
    /// To send the request and get the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub idle: Duration,
    /// From the call to the last byte of the body, over all redirects.
    pub whole: Duration,
    /// Bytes of the body.
    pub bytes: u64,
    /// Redirects that are followed.
    pub redirects: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(30),
            whole: Duration::from_secs(120),
            bytes: 64 << 20,
            redirects: 5,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// With what.
    pub url: String,
    /// More header fields. They go to the origin of [`Self::url`] alone, and not on to where it
    /// redirects. Who we are, the host, and that nothing is to be compressed is written over them.
    pub headers: HeaderMap,
    /// What is sent.
    pub body: Bytes,
    /// Within what.
    pub limits: FetchLimits,
}

impl Request {
    /// Reads a URL.
    #[must_use]
    pub fn get(url: impl Into<String>, limits: FetchLimits) -> Self {
        Self { method: Method::GET, url: url.into(), headers: HeaderMap::new(), body: Bytes::new(), limits }
    }
}
