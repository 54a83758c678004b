//! Deadlines that travel. A server reads `grpc-timeout`, stops the handler and its response when it
//! has passed, and the calls that the handler makes meanwhile get what is left of it
//! ([`crate::Outbound`]).
//!
//! A deadline is known inside the handler and its response stream. A task that the handler spawns
//! does not inherit it: give it [`current`] by [`scope`].

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use lectern_core::{Failure, Kind, Reason};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;

use crate::in_flight::Leaving;
use crate::middleware::{Follow, Followed, Inner, Middleware, open_to_all, pass, refuse};
use crate::status::{shutting_down, status};

tokio::task_local! {
    static CURRENT: Option<Deadline>;
}

/// The moment at which nobody waits for the answer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline `timeout` from now.
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        // Timeouts of more than a year, which the header allows, stand for none.
        Self(Instant::now() + timeout.min(Duration::from_secs(365 * 86_400)))
    }

    /// What is left; zero when it has passed.
    #[must_use]
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// The deadline of the call that is being handled.
#[must_use]
pub fn current() -> Option<Deadline> {
    CURRENT.try_with(|deadline| *deadline).ok().flatten()
}

/// Runs `work` under `deadline`, which its outbound calls inherit; does not stop it.
pub async fn scope<F: Future>(deadline: Option<Deadline>, work: F) -> F::Output {
    CURRENT.scope(deadline, work).await
}

/// The status of a call whose deadline has passed.
pub(crate) fn passed() -> Status {
    let message = "the deadline of the call passed; call again with a longer one";
    status(&Failure::new(Kind::DeadlineExceeded, Reason::DeadlinePassed, message))
}

/// Reads `grpc-timeout`: up to eight digits and a unit (gRPC over HTTP/2, "Timeout").
///
/// # Errors
/// `INVALID_FIELD` for a header that is not one.
pub fn parse(headers: &HeaderMap) -> Result<Option<Duration>, Failure> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    let wrong = || Failure::invalid("grpc-timeout", "write up to eight digits and one of H, M, S, m, u, n: 250m");
    let text = value.to_str().map_err(|_| wrong())?;
    let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    Ok(Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return Err(wrong()),
    }))
}

/// Ends calls at their deadline, all calls when the token is cancelled, and streams of health and
/// reflection when their connection takes no more calls ([`Leaving`]): no work depends on them, and
/// they would hold up the end of the connection.
#[derive(Debug)]
pub(crate) struct Ending(pub(crate) CancellationToken);

impl Ending {
    /// When a call ends that has no end of its own, and what it is told then.
    fn of(&self, request: &Request<Body>) -> (CancellationToken, fn() -> Failure) {
        let path = request.uri().path();
        let waits = open_to_all(path) && !path.ends_with("/Check");
        match request.extensions().get::<Leaving>() {
            Some(Leaving(leaving)) if waits => (leaving.clone(), connection_leaves),
            Some(_) | None => (self.0.clone(), shutting_down),
        }
    }
}

fn connection_leaves() -> Failure {
    let message = "this connection takes no more calls; call again on another one";
    Failure::new(Kind::Unavailable, Reason::ShuttingDown, message)
}

impl Middleware for Ending {
    async fn handle<S: Inner>(self: Arc<Self>, mut request: Request<Body>, inner: S) -> Response<Body> {
        let deadline = match parse(request.headers()) {
            Ok(timeout) => timeout.map(Deadline::after),
            Err(failure) => return refuse(&status(&failure)),
        };
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(deadline);
        }
        let (end, why) = self.of(&request);
        let mut ends = Ends {
            deadline,
            timer: deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline.0))),
            end: Box::pin(end.cancelled_owned()),
            why,
        };
        let mut call = std::pin::pin!(scope(deadline, pass(request, inner)));
        let answer = std::future::poll_fn(|context| {
            if let Poll::Ready(response) = call.as_mut().poll(context) {
                return Poll::Ready(Ok(response));
            }
            ends.interrupt(context).map_or(Poll::Pending, |status| Poll::Ready(Err(status)))
        });
        match answer.await {
            Ok(response) => Followed::wrap(response, ends),
            Err(status) => refuse(&status),
        }
    }
}

struct Ends {
    deadline: Option<Deadline>,
    timer: Option<Pin<Box<Sleep>>>,
    end: BoxFuture<'static, ()>,
    why: fn() -> Failure,
}

impl Follow for Ends {
    fn interrupt(&mut self, context: &mut Context<'_>) -> Option<Status> {
        if self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(context).is_ready()) {
            return Some(passed());
        }
        self.end.as_mut().poll(context).is_ready().then(|| status(&(self.why)()))
    }

    fn around<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.deadline, poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_specification_says() {
        for (text, expected) in [
            ("1H", Some(3_600_000)),
            ("2M", Some(120_000)),
            ("3S", Some(3_000)),
            ("99999999m", Some(99_999_999)),
            ("5000u", Some(5)),
            ("7000000n", Some(7)),
            ("", None),
            ("S", None),
            ("123456789S", None),
            ("-1S", None),
            ("1s", None),
            ("1.5S", None),
            ("1ä", None),
        ] {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-timeout"),
                http::HeaderValue::from_bytes(text.as_bytes()).unwrap(),
            )]);
            assert_eq!(parse(&headers).ok().flatten(), expected.map(Duration::from_millis), "{text}");
        }
        assert_eq!(parse(&HeaderMap::new()), Ok(None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_scope_hands_on_what_is_left() {
        assert_eq!(current(), None);
        let deadline = Deadline::after(Duration::from_secs(10));
        scope(Some(deadline), async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            assert_eq!(current().map(Deadline::remaining), Some(Duration::from_secs(6)));
            tokio::time::sleep(Duration::from_secs(40)).await;
            assert_eq!(current().map(Deadline::remaining), Some(Duration::ZERO));
        })
        .await;
    }
}
