//! One open connection to one address, and what a call over it comes to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{Notify, oneshot};
use tonic::Status;
use tonic::body::Body;
use tower::Service;

use super::{CONNECTION_WINDOW, STREAM_WINDOW};
use crate::tls::dial::{Dial, LastWords, Unreachable};
use crate::tls::whole;

/// Who calls, as `user-agent` has it.
const AGENT: &str = concat!("lectern/", env!("CARGO_PKG_VERSION"));

/// An open connection. Cheap to clone; what is under way over it goes on when all clones are
/// dropped.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    /// Of the task that opened it: tells it from a later one to the same address.
    pub(crate) id: u64,
    sender: SendRequest<Body>,
    dial: Arc<Dial>,
    last: LastWords,
    /// Told when a call finds that it takes no more. What is under way over it may last for long.
    leaves: Arc<Notify>,
    /// Whether a call over it was answered, those of health aside.
    answered: Arc<AtomicBool>,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The peer did not process it and never will: it may be made again, whatever it does (RFC
    /// 9113, 8.7).
    Unprocessed(Status),
    /// The same, because the connection takes no more calls.
    Leaving(Status),
    /// The peer may have processed it.
    Unknown(Status),
}

impl Broken {
    pub(crate) fn into_status(self) -> Status {
        match self {
            Self::Unprocessed(status) | Self::Leaving(status) | Self::Unknown(status) => status,
        }
    }
}

/// A connection that was opened, and what is told when it takes no more calls: why, where somebody
/// knows.
pub(crate) struct Opened {
    pub(crate) line: Line,
    pub(crate) ended: oneshot::Receiver<Option<String>>,
}

impl Line {
    /// Opens a connection to `address`.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn open(
        dial: Arc<Dial>,
        address: SocketAddr,
        id: u64,
        keepalive: Duration,
    ) -> Result<Opened, Unreachable> {
        let (stream, last) = dial.open(address).await?;
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(keepalive)
            .keep_alive_timeout(keepalive)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        let (sender, connection) =
            builder.handshake(stream).await.map_err(|error| dial.unreachable(address, &error.to_string()))?;
        let (tell, ended) = oneshot::channel();
        let words = Arc::clone(&last);
        tokio::spawn(async move {
            let result = connection.await;
            let said = words.lock().clone();
            // Nobody listens any more where the address is no longer one of the service's.
            let _ = tell.send(said.or_else(|| result.err().map(|error| whole(&error))));
        });
        let line = Self { address, id, sender, dial, last, leaves: Arc::default(), answered: Arc::default() };
        Ok(Opened { line, ended })
    }

    /// Makes a call.
    ///
    /// # Errors
    /// Why it has no answer.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Broken> {
        let request = self.addressed(request)?;
        let mut sender = self.sender.clone();
        match sender.try_send_request(request).await {
            Ok(response) => {
                let (dial, address, last) = (Arc::clone(&self.dial), self.address, Arc::clone(&self.last));
                Ok(response.map(|body| Body::new(body.map_err(move |error| status(&dial, address, &last, error)))))
            }
            Err(mut error) => {
                let unsent = error.take_message().is_some();
                let error = error.into_error();
                let (leaving, refused) = (unsent || says_goodbye(&error), is_refused(&error));
                let status = status(&self.dial, self.address, &self.last, error);
                Err(match (leaving, refused) {
                    (true, _) => Broken::Leaving(status),
                    (false, true) => Broken::Unprocessed(status),
                    (false, false) => Broken::Unknown(status),
                })
            }
        }
    }

    /// The request with what HTTP/2 wants: scheme, authority and who calls.
    fn addressed(&self, request: Request<Body>) -> Result<Request<Body>, Broken> {
        let (mut parts, body) = request.into_parts();
        let scheme = if self.dial.is_secure() { Scheme::HTTPS } else { Scheme::HTTP };
        let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let uri = Uri::builder().scheme(scheme).authority(self.dial.host().authority.clone()).path_and_query(path);
        parts.uri = uri.build().map_err(|error| Broken::Unknown(Status::internal(format!("no URI: {error}"))))?;
        parts.headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
        Ok(Request::from_parts(parts, body))
    }

    /// Whether it takes no more calls, as far as is known.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether it is the same connection as another.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.leaves, &other.leaves)
    }

    /// Says that it takes no more calls.
    pub(crate) fn leave(&self) {
        self.leaves.notify_one();
    }

    /// Returns when somebody says so.
    pub(crate) async fn leaves(&self) {
        self.leaves.notified().await;
    }

    /// A call over it was answered.
    pub(crate) fn note_answer(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether one was.
    pub(crate) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// The service cannot be reached by this connection, and why.
    pub(crate) fn unreachable(&self, why: &str) -> Unreachable {
        self.dial.unreachable(self.address, why)
    }
}

/// For generated clients over this connection alone: that of health.
impl Service<Request<Body>> for Line {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let line = self.clone();
        async move { line.send(request).await.map_err(Broken::into_status) }.boxed()
    }
}

/// Whether the peer says that it refused the stream.
fn is_refused(error: &hyper::Error) -> bool {
    let refused = |error: &h2::Error| error.reason() == Some(h2::Reason::REFUSED_STREAM) && error.is_reset();
    h2_of(error).is_some_and(|error| error.is_remote() && refused(error))
}

/// Whether the peer says that it goes away, and has not come to the call.
fn says_goodbye(error: &hyper::Error) -> bool {
    h2_of(error).is_some_and(|error| error.is_remote() && error.is_go_away())
}

fn h2_of(error: &hyper::Error) -> Option<&h2::Error> {
    std::error::Error::source(error).and_then(|source| source.downcast_ref::<h2::Error>())
}

/// What the caller is told of a connection that broke: UNAVAILABLE where it is the connection's
/// end, and what tonic makes of it where the peer reset the stream.
fn status(dial: &Dial, address: SocketAddr, last: &LastWords, error: hyper::Error) -> Status {
    let reset = h2_of(&error).is_some_and(|error| error.is_reset() && error.is_remote());
    if reset && h2_of(&error).and_then(h2::Error::reason) != Some(h2::Reason::REFUSED_STREAM) {
        return Status::from_error(Box::new(error));
    }
    let said = last.lock().clone();
    dial.unreachable(address, &said.unwrap_or_else(|| whole(&error))).into_status()
}
