//! The calls in flight of one connection: each from its request to the moment at which the last
//! byte of its response is on its way.
//!
//! A response is not over when its body ends: what the peer's windows do not let through yet waits
//! in HTTP/2's buffers. So every piece of it counts as the call for as long as it exists.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic::transport::server::TcpConnectInfo;

use crate::middleware::{Inner, pass};

/// How long a connection without a call is left to a peer that was just told to close it.
const MOMENT: Duration = Duration::from_secs(1);
/// How long it is left to a peer that has called, from then or from the end of its last call: what
/// the network still has of the response would be lost with the connection, and so would be a call
/// that the peer makes before it hears.
const ARRIVING: Duration = Duration::from_secs(5);

/// What is known of the calls of a connection.
#[derive(Debug, Clone, Copy, Default)]
struct Calls {
    in_flight: usize,
    /// When the last one ended.
    ended: Option<Instant>,
}

impl Calls {
    /// When a connection whose peer was told at `told` to close it is closed; nothing while there
    /// is a call.
    fn closed_at(self, told: Instant) -> Option<Instant> {
        (self.in_flight == 0).then(|| self.ended.map_or(told + MOMENT, |ended| told.max(ended) + ARRIVING))
    }
}

/// Counts the calls of a connection. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct InFlight(watch::Sender<Calls>);

impl InFlight {
    /// No calls.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Calls::default()))
    }

    /// One more call, until it is dropped.
    fn begin(&self) -> Call {
        self.0.send_modify(|calls| calls.in_flight += 1);
        Call(self.0.clone())
    }

    /// Returns when the connection, whose peer is told now to close it, is to be closed even so: a
    /// while after its last call, which may be long over, and a moment from now where there was
    /// none.
    pub(crate) async fn ended(&self) {
        let told = Instant::now();
        let mut changes = self.0.subscribe();
        loop {
            let calls = *changes.borrow_and_update();
            let close = async {
                match calls.closed_at(told) {
                    Some(moment) => tokio::time::sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = close => return,
                changed = changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// A call in flight.
#[derive(Debug)]
struct Call(watch::Sender<Calls>);

impl Drop for Call {
    fn drop(&mut self) {
        self.0.send_modify(|calls| {
            calls.in_flight = calls.in_flight.saturating_sub(1);
            calls.ended = Some(Instant::now());
        });
    }
}

/// With every request: fires when its connection takes no more calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leaving(pub(crate) CancellationToken);

/// A service as one connection has it: requests say whom they come from, and are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted<S> {
    inner: S,
    peer: TcpConnectInfo,
    in_flight: InFlight,
    leaving: Leaving,
}

impl<S> Counted<S> {
    pub(crate) fn new(inner: S, peer: TcpConnectInfo, in_flight: InFlight, leaving: Leaving) -> Self {
        Self { inner, peer, in_flight, leaving }
    }
}

impl<S, B> tower::Service<Request<B>> for Counted<S>
where
    S: Inner,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Answer>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // The service inside is asked in `pass`, right before its call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let call = Arc::new(self.in_flight.begin());
        let inner = self.inner.clone();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer.clone());
        request.extensions_mut().insert(self.leaving.clone());
        Box::pin(async move {
            let response = pass(request, inner).await;
            Ok(response.map(|body| Answer { body, call }))
        })
    }
}

/// The body of a response, which counts as the call.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Body,
    call: Arc<Call>,
}

impl http_body::Body for Answer {
    type Data = Piece;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Piece>, Status>>> {
        let this = &mut *self;
        let call = &this.call;
        let frame = Pin::new(&mut this.body).poll_frame(context);
        frame.map_ok(|frame| frame.map_data(|bytes| Piece { bytes, _call: Arc::clone(call) }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A piece of a response, which counts as the call until it is written.
#[derive(Debug)]
pub(crate) struct Piece {
    bytes: Bytes,
    _call: Arc<Call>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        self.bytes.copy_to_bytes(count)
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;

    use super::*;

    /// How long a connection lives on after its peer was told to close it.
    async fn lives(in_flight: &InFlight) -> Duration {
        let told = Instant::now();
        in_flight.ended().await;
        told.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_ends_a_while_after_its_last_call() {
        let in_flight = InFlight::new();
        assert_eq!(lives(&in_flight).await.as_secs(), 1, "without a call");

        let call = in_flight.begin();
        let later = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(20)).await;
            drop(call);
        });
        assert_eq!(lives(&in_flight).await.as_secs(), 25, "the peer may still be reading");
        later.await.unwrap();

        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(lives(&in_flight).await.as_secs(), 5, "who has called may be calling again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_begins_meanwhile_is_waited_for() {
        let in_flight = InFlight::new();
        let other = in_flight.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(900)).await;
            let call = other.begin();
            tokio::time::sleep(Duration::from_secs(3)).await;
            drop(call);
        });
        assert_eq!(lives(&in_flight).await.as_secs(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_is_in_flight_until_its_last_piece_is_written() {
        let in_flight = InFlight::new();
        let body = Body::new(String::from("what is said"));
        let mut answer = Answer { body, call: Arc::new(in_flight.begin()) };
        let frame = std::future::poll_fn(|context| Pin::new(&mut answer).poll_frame(context)).await;
        let mut piece = frame.unwrap().unwrap().into_data().unwrap();
        drop(answer);
        assert_eq!(in_flight.0.borrow().in_flight, 1, "the peer has not taken it yet");
        piece.advance(5);
        assert_eq!(piece.copy_to_bytes(7), "is said");
        drop(piece);
        assert_eq!(in_flight.0.borrow().in_flight, 0);
    }
}
