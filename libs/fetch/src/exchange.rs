//! One request to one target over a connection of its own: no redirects, no second try.

use std::io;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONNECTION, HOST, USER_AGENT};
use http::{HeaderValue, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use crate::error::{FetchError, Phase};
use crate::guard::{self, Pinned};
use crate::outside::{Outside, Stream};
use crate::policy::Policy;
use crate::request::{FetchLimits, Request};
use crate::target::Target;
use crate::tls;

/// Bytes of the longest head of an answer.
const MOST_HEAD: usize = 64 * 1024;
/// Header fields of an answer.
const MOST_FIELDS: usize = 128;

/// Who Lectern says that it is: servers can tell its calls, and their operators whom to ask.
const WHO: &str = concat!("lectern/", env!("CARGO_PKG_VERSION"));

/// An answer whose body is still to come, and the task that moves its connection: dropped with it,
/// the connection is closed.
pub(crate) struct Answer {
    pub(crate) response: http::Response<Incoming>,
    pub(crate) connection: AbortOnDropHandle<()>,
}

/// What an exchange needs beside the request.
pub(crate) struct Line<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) outside: &'a Outside,
    pub(crate) tls: &'a TlsConnector,
    pub(crate) limits: &'a FetchLimits,
}

impl Line<'_> {
    /// Sends the request to the target and waits for the head of its answer.
    pub(crate) async fn exchange(&self, target: &Target, request: &Request) -> Result<Answer, FetchError> {
        let slow = |phase| FetchError::Slow { host: target.name().to_owned(), phase };
        let broken = |why: hyper::Error| FetchError::broken(target.name(), &why);
        let request = wire(target, request)?;
        let stream = self.open(target).await?;
        let head = async {
            let mut http = http1::Builder::new();
            http.max_buf_size(MOST_HEAD).max_headers(MOST_FIELDS);
            let (mut sender, connection) = http.handshake(TokioIo::new(stream)).await.map_err(broken)?;
            // What breaks the connection is told to the request or the body.
            let connection = AbortOnDropHandle::new(tokio::spawn(async move { drop(connection.await) }));
            let response = sender.send_request(request).await.map_err(broken)?;
            Ok(Answer { response, connection })
        };
        timeout(self.limits.first_byte, head).await.unwrap_or_else(|_| Err(slow(Phase::FirstByte)))
    }

    /// A connection to the target, secured where its scheme says so.
    async fn open(&self, target: &Target) -> Result<Box<dyn Stream>, FetchError> {
        let slow = |phase| FetchError::Slow { host: target.name().to_owned(), phase };
        let pinning = guard::pin(target, self.policy, &*self.outside.resolver);
        // A resolver that does not answer is told like one that knows no such name.
        let pinned = timeout(self.limits.connect, pinning).await.unwrap_or_else(|_| Err(guard::unanswered(target)))?;
        let securing = async {
            let stream = self.connect(target, &pinned).await?;
            if target.is_tls() { tls::secure(self.tls, target, stream).await } else { Ok(stream) }
        };
        timeout(self.limits.connect, securing).await.unwrap_or_else(|_| Err(slow(Phase::Connect)))
    }

    /// A connection to the first of the addresses that accepts one; each gets its share of the
    /// time.
    async fn connect(&self, target: &Target, pinned: &[Pinned]) -> Result<Box<dyn Stream>, FetchError> {
        let share = self.limits.connect / u32::try_from(pinned.len()).unwrap_or(1).max(1);
        let mut why = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for to in pinned {
            match timeout(share, self.outside.connector.connect(*to)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => why = error,
                Err(_) => why = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(FetchError::Connect { host: target.name().to_owned(), why })
    }
}

/// The request as it goes over the wire. Our own fields are written last, over whatever the caller
/// gave.
fn wire(target: &Target, request: &Request) -> Result<http::Request<Full<Bytes>>, FetchError> {
    let unsendable = |e: &dyn std::fmt::Display| FetchError::Request(e.to_string());
    let mut wire = http::Request::builder()
        .method(request.method.clone())
        .uri(target.path())
        .version(Version::HTTP_11)
        .body(Full::new(request.body.clone()))
        .map_err(|e| unsendable(&e))?;
    let headers = wire.headers_mut();
    headers.extend(request.headers.clone());
    headers.insert(HOST, HeaderValue::try_from(target.authority()).map_err(|e| unsendable(&e))?);
    headers.insert(USER_AGENT, HeaderValue::from_static(WHO));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(wire)
}
