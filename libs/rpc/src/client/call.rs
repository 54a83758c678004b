//! The channel that generated clients call by: each call takes the next address of the service, and
//! is made again where that is safe.
//!
//! A call that the peer did not process (it refused the stream, or was going away) is made over
//! another connection at once, whichever call it is. A call that failed otherwise is made again as
//! the service config says. Neither happens once an answer has begun, or when the request was
//! larger than [`REPLAY_LIMIT`](super::replay::REPLAY_LIMIT).

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use lectern_core::{Failure, OsRandom, Random};
use tonic::body::Body;
use tonic::{Status, TimeoutExpired};
use tower::Service;

use super::ClientConfig;
use super::balance::{Balancer, Keeping};
use super::line::Broken;
use super::replay::Replay;
use super::resolve::{Resolve, SystemResolver};
use super::retry::{End, Retries};
use super::service_config::ServiceConfig;
use super::target::Target;
use crate::calls::Traced;
use crate::deadline::{self, Deadline};
use crate::tls::dial::Dial;

/// How often one call is made over another connection because its peer did not process it.
const MOVES: u32 = 5;
/// Tells a server how often a call was made before (gRFC A6).
const PREVIOUS: &str = "grpc-previous-rpc-attempts";
/// The longest timeout that is written in milliseconds: eight digits (gRPC over HTTP/2, "Timeout").
const LONGEST_MILLIS: u128 = 99_999_999;

/// Calls to a service; cheap to clone, and clones share connections. The addresses of the service
/// are connected to with the first call, and again whenever a connection is lost; each time with
/// the certificates as their files are then.
#[derive(Clone)]
pub struct Channel {
    url: Arc<str>,
    balancer: Arc<Balancer>,
    /// Each attempt is a call of its own to whoever watches.
    attempts: Traced,
    retries: Arc<Retries>,
}

/// A channel to the service at a URL. Needs a tokio runtime.
///
/// # Errors
/// `INVALID_FIELD` for a URL that is not one, certificates or a service config that cannot be used.
pub fn channel(config: &ClientConfig) -> Result<Channel, Failure> {
    Channel::new(config, Arc::new(SystemResolver), Arc::new(OsRandom))
}

impl Channel {
    /// As [`channel`], with another resolver and another randomness: for tests.
    ///
    /// # Errors
    /// Those of [`channel`].
    pub fn new(config: &ClientConfig, resolve: Arc<dyn Resolve>, random: Arc<dyn Random>) -> Result<Self, Failure> {
        let target = Target::parse(&config.url)?;
        if config.resolve_every.is_zero() {
            return Err(Failure::invalid("client.resolve_every", "write how often names are looked up, such as 30s"));
        }
        let hosts = Dial::to(&target, &config.tls, config.connect_timeout)?;
        let service_config = ServiceConfig::parse(&config.service_config)?;
        let keeping = Keeping {
            resolve_every: config.resolve_every,
            patience: config.connect_timeout,
            keepalive: config.keepalive,
            health: service_config.health.clone(),
        };
        let balancer = Arc::new(Balancer::new(hosts, keeping, resolve, Arc::clone(&random)));
        let attempts = Traced::new(target.first());
        let retries = Arc::new(Retries::new(service_config, random));
        Ok(Self { url: target.url.into(), balancer, attempts, retries })
    }

    /// The same connections for a caller who makes calls again by itself: a call that a server may
    /// have seen is not made again here.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        Self { retries: Arc::new(Retries::none(self.retries.random())), ..self.clone() }
    }

    /// Makes the call, and makes it again, within its deadline.
    async fn make(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let timeout = deadline::parse(request.headers()).map_err(|failure| crate::status(&failure))?;
        let deadline = timeout.map(Deadline::after);
        let (parts, body) = request.into_parts();
        let replay = Replay::of(body);
        let mut tries = self.retries.of(parts.uri.path());
        let mut again = 0_u32;
        loop {
            let send = |head| Box::pin(self.send_within(deadline, head, &replay));
            let answer = self.attempts.call(again_of(&parts, again, deadline), send).await;
            let end = answer.as_ref().map_or_else(End::broken, End::of);
            let pause = tries.as_mut().and_then(|tries| tries.ended(&end));
            let in_time = |pause: &Duration| deadline.is_none_or(|deadline| *pause < deadline.remaining());
            let Some(pause) = pause.filter(in_time).filter(|_| replay.is_whole()) else {
                replay.settle();
                return answer;
            };
            // The connection is free for others meanwhile.
            drop(answer);
            tokio::time::sleep(pause).await;
            again = again.saturating_add(1);
        }
    }

    /// Has an answer, or at the deadline none.
    async fn send_within(
        &self,
        deadline: Option<Deadline>,
        head: Parts,
        replay: &Replay,
    ) -> Result<Response<Body>, Status> {
        let sent = self.send(head, replay);
        let Some(deadline) = deadline else { return sent.await };
        tokio::time::timeout(deadline.remaining(), sent).await.unwrap_or_else(|_| Err(out_of_time()))
    }

    /// Makes an attempt over the connection whose turn it is, and over another one where its peer
    /// did not process it.
    async fn send(&self, head: Parts, replay: &Replay) -> Result<Response<Body>, Status> {
        let mut moved = 0;
        loop {
            let line = self.balancer.pick().await?;
            match line.send(Request::from_parts(head.clone(), replay.attempt())).await {
                Ok(answer) => {
                    line.note_answer();
                    return Ok(answer);
                }
                Err(broken @ (Broken::Unprocessed(_) | Broken::Leaving(_))) if moved < MOVES && replay.is_whole() => {
                    moved += 1;
                    if matches!(broken, Broken::Leaving(_)) {
                        self.balancer.gone(&line);
                    }
                }
                Err(broken) => return Err(broken.into_status()),
            }
        }
    }
}

/// What a call is told whose server did not answer before its deadline. The source says that nobody
/// but this side said so.
fn out_of_time() -> Status {
    let mut status = deadline::passed();
    status.set_source(Arc::new(TimeoutExpired(())));
    status
}

/// The head of a call that was made so often before: what is left of its time, and how often.
fn again_of(parts: &Parts, again: u32, deadline: Option<Deadline>) -> Parts {
    let mut parts = parts.clone();
    if again > 0 {
        parts.headers.insert(PREVIOUS, HeaderValue::from(again));
    }
    if let Some(deadline) = deadline.filter(|_| again > 0) {
        let left = deadline.remaining();
        let text = match left.as_millis() {
            millis @ 0..=LONGEST_MILLIS => format!("{millis}m"),
            _ => format!("{}S", left.as_secs()),
        };
        if let Ok(value) = HeaderValue::try_from(text) {
            parts.headers.insert("grpc-timeout", value);
        }
    }
    parts
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // The connection is chosen with each call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.clone().make(request).boxed()
    }
}
