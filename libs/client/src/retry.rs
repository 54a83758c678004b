//! Which failures are repeated, how often, and after how long: the one place where that is decided
//! for all calls of this crate.
//!
//! **Which calls.** Only calls that are safe to repeat are made here: reads, calls under a request
//! id or an upload id, and calls that change nothing the second time.
//!
//! **Which failures.** [`may_pass`] is the whole of it:
//!
//! - `UNAVAILABLE`, `DEADLINE_EXCEEDED`: yes, for the server, or the way to it, is busy or broken.
//!   Not where it is the server of an imported URL (`URL_UNREACHABLE`), which is a stranger's.
//! - `RESOURCE_EXHAUSTED`: with `RetryInfo`, since a share or a rate is used up. Without it, the
//!   limit stays.
//! - `ABORTED`: yes, but for `ETAG_MISMATCH`, which asks for a new decision.
//! - `OFFSET_MISMATCH`: yes, and the server is asked first how much is safe.
//! - `CHECKSUM_MISMATCH`: of a chunk, in either direction, since it was damaged on its way. Not of
//!   a whole source or file.
//! - Any other: no, the answer would be the same. `INTERNAL` is a defect, and `UNIMPLEMENTED` what
//!   this version of the server cannot do.
//!
//! A connection that was lost is `UNAVAILABLE`, whatever the transport calls it. The channel below
//! repeats none of these calls by the service config, only those that no server has processed.
//!
//! **How often and when.** [`Retry`]: so many tries in a row that bring nothing new. A try that got
//! further begins the count anew, so a long upload over a bad line ends when it is complete and not
//! when it was disturbed too often. Delays grow exponentially with full jitter
//! ([`lectern_core::backoff`]); a delay that the server asks for is waited out before that.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::backoff::Backoff;
use lectern_core::{Failure, Kind, Random, Reason};
use lectern_rpc::{Deadline, deadline};
use tonic::{Code, Status, TimeoutExpired};

/// The field that a server names when the bytes of a chunk differ from their CRC32C.
const CHUNK_CHECKSUM: &str = "chunk.crc32c";

/// How calls are repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Tries in a row that bring nothing new, the first included; 0 and 1 both mean that nothing is
    /// repeated.
    pub tries: u32,
    /// The delay before a try, beyond what the server asks for.
    pub backoff: Backoff,
    /// A server that asks for a longer delay is not waited for: its failure is returned.
    pub longest_wait: Duration,
    /// Deadline of each try of a call that has nothing to read or fetch.
    pub call_timeout: Duration,
    /// Deadline of each try of a call that hands in a document, which the server reads, and may
    /// have to fetch, before it answers.
    pub read_timeout: Duration,
}

impl Default for Retry {
    /// Six tries, between which some eight seconds pass on average and at most sixteen: longer than
    /// a replica takes to hand over, shorter than a person waits before he looks for the reason.
    fn default() -> Self {
        Self {
            tries: 6,
            backoff: Backoff { base: Duration::from_millis(500), cap: Duration::from_secs(10) },
            longest_wait: Duration::from_secs(300),
            call_timeout: Duration::from_secs(60),
            read_timeout: Duration::from_secs(600),
        }
    }
}

/// Whether the same call may succeed in a while, and is safe to make again.
#[must_use]
pub fn may_pass(failure: &Failure) -> bool {
    match failure.kind {
        Kind::Unavailable | Kind::DeadlineExceeded => failure.reason != Reason::UrlUnreachable,
        Kind::ResourceExhausted => failure.retry_after.is_some(),
        Kind::Aborted => failure.reason != Reason::EtagMismatch,
        Kind::FailedPrecondition => failure.reason == Reason::OffsetMismatch,
        Kind::InvalidArgument => {
            failure.reason == Reason::ChecksumMismatch && failure.field.as_deref() == Some(CHUNK_CHECKSUM)
        }
        Kind::DataLoss => failure.reason == Reason::ChecksumMismatch,
        Kind::NotFound
        | Kind::AlreadyExists
        | Kind::OutOfRange
        | Kind::Unauthenticated
        | Kind::PermissionDenied
        | Kind::Cancelled
        | Kind::Internal
        | Kind::Unimplemented => false,
    }
}

/// The failure that a call ended with, where the transport's own codes say what they mean. A server
/// of ours sends `ErrorInfo` with every status and never `UNKNOWN`, and this crate cancels nothing
/// but by dropping it: without details, `CANCELLED` is a call that ran out of its time or lost its
/// connection, and `UNKNOWN` a stream that was reset without a final status. A call that ran out of
/// its time on this side has that as its source.
pub(crate) fn failed(status: &Status) -> Failure {
    let failure = lectern_rpc::failure(status);
    let of_transport = matches!(status.code(), Code::Cancelled | Code::Unknown) && status.details().is_empty();
    // The transport of either side may have noticed first.
    let causes = std::iter::successors(std::error::Error::source(status), |cause| (*cause).source());
    let here = causes.into_iter().any(<dyn std::error::Error>::is::<TimeoutExpired>);
    if here || (of_transport && status.message() == TimeoutExpired(()).to_string()) {
        let message = "the server did not answer in time; try again, or give the call more time";
        return Failure::new(Kind::DeadlineExceeded, Reason::ServiceUnavailable, message);
    }
    if !of_transport {
        return failure;
    }
    Failure { kind: Kind::Unavailable, reason: Reason::ServiceUnavailable, ..failure }
}

/// The failure of a stream that ended as if it were complete, and is not.
pub(crate) fn broke_off(what: &str) -> Failure {
    let message = format!("the stream ended before {what} did; try again");
    Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message)
}

/// The tries of one call.
#[derive(Debug)]
pub(crate) struct Tries {
    retry: Retry,
    random: Arc<dyn Random>,
    /// Those in a row that failed without bringing anything new.
    failed: u32,
}

impl Tries {
    pub(crate) const fn new(retry: Retry, random: Arc<dyn Random>) -> Self {
        Self { retry, random, failed: 0 }
    }

    /// Something new came.
    pub(crate) const fn progress(&mut self) {
        self.failed = 0;
    }

    /// Whether the try before this one failed.
    pub(crate) const fn repeated(&self) -> bool {
        self.failed > 0
    }

    /// Waits until the call is to be made again.
    ///
    /// # Errors
    /// `failure` itself, where it is not repeated, was repeated often enough, or would be repeated
    /// after the deadline of the call that is being handled.
    pub(crate) async fn wait(&mut self, failure: Failure) -> Result<(), Failure> {
        self.failed = self.failed.saturating_add(1);
        let left = deadline::current().map_or(Duration::MAX, Deadline::remaining);
        let Some(pause) = self.pause(&failure).filter(|pause| *pause < left) else { return Err(failure) };
        tracing::debug!(%failure, ?pause, tried = self.failed, "a call is repeated");
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn pause(&self, failure: &Failure) -> Option<Duration> {
        let asked = failure.retry_after.unwrap_or_default();
        if !may_pass(failure) || self.failed >= self.retry.tries || asked > self.retry.longest_wait {
            return None;
        }
        Some(asked.saturating_add(self.retry.backoff.delay(self.failed, &*self.random)))
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::random::SeededRandom;

    use super::*;

    fn busy() -> Failure {
        Failure::new(Kind::Unavailable, Reason::ShuttingDown, "call again")
    }

    fn tries(retry: Retry) -> Tries {
        Tries::new(retry, Arc::new(SeededRandom::new(7)))
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        let soon = Duration::from_secs(1);
        for (kind, reason, field, after, expected) in [
            (Kind::Unavailable, Reason::ServiceUnavailable, "", None, true),
            (Kind::Unavailable, Reason::UrlUnreachable, "", None, false),
            (Kind::DeadlineExceeded, Reason::DeadlinePassed, "", None, true),
            (Kind::ResourceExhausted, Reason::RateLimited, "", Some(soon), true),
            (Kind::ResourceExhausted, Reason::LimitExceeded, "", None, false),
            (Kind::Aborted, Reason::OffsetMismatch, "", None, true),
            (Kind::Aborted, Reason::EtagMismatch, "", None, false),
            (Kind::FailedPrecondition, Reason::OffsetMismatch, "chunk.offset", None, true),
            (Kind::FailedPrecondition, Reason::WrongState, "", None, false),
            (Kind::InvalidArgument, Reason::ChecksumMismatch, "chunk.crc32c", None, true),
            (Kind::InvalidArgument, Reason::ChecksumMismatch, "finish.sha256", None, false),
            (Kind::DataLoss, Reason::ObjectDamaged, "", None, false),
            (Kind::Internal, Reason::Internal, "", None, false),
            (Kind::Unimplemented, Reason::FeatureUnavailable, "", None, false),
            (Kind::Cancelled, Reason::Cancelled, "", None, false),
        ] {
            let mut failure = Failure::new(kind, reason, "").at(field);
            failure.retry_after = after;
            assert_eq!(may_pass(&failure), expected, "{failure:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tries_end_unless_something_new_comes() {
        let mut tries = tries(Retry { tries: 3, ..Retry::default() });
        for _ in 0..20 {
            tries.progress();
            assert_eq!(tries.wait(busy()).await, Ok(()));
            assert_eq!(tries.wait(busy()).await, Ok(()));
        }
        assert_eq!(tries.wait(busy()).await, Err(busy()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_that_the_server_asks_for_is_waited_out_within_reason() {
        let retry = Retry::default();
        let started = tokio::time::Instant::now();
        assert_eq!(tries(retry).wait(busy().after(Duration::from_secs(200))).await, Ok(()));
        let waited = started.elapsed();
        assert!(waited >= Duration::from_secs(200) && waited <= Duration::from_millis(200_600), "{waited:?}");
        let long = busy().after(Duration::from_secs(3600));
        assert_eq!(tries(retry).wait(long.clone()).await, Err(long));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_repeated_past_the_deadline_of_the_call_that_is_handled() {
        let soon = Some(Deadline::after(Duration::from_secs(5)));
        let later = busy().after(Duration::from_secs(6));
        let mut tries = tries(Retry::default());
        let waited = deadline::scope(soon, async { tries.wait(later.clone()).await }).await;
        assert_eq!(waited, Err(later));
        assert_eq!(deadline::scope(soon, async { tries.wait(busy()).await }).await, Ok(()));
    }

    #[test]
    fn what_the_transport_ends_is_told_from_what_the_server_refuses() {
        let expired = failed(&Status::from_error(Box::new(TimeoutExpired(()))));
        assert_eq!(expired.kind, Kind::DeadlineExceeded);
        assert!(may_pass(&expired));
        let mut late = lectern_rpc::status(&Failure::new(Kind::DeadlineExceeded, Reason::DeadlinePassed, "late"));
        assert_eq!(failed(&late).message, "late", "the server says so");
        late.set_source(Arc::new(TimeoutExpired(())));
        assert_eq!(failed(&late), expired, "nobody but this side says so");
        assert_eq!(failed(&Status::cancelled("Timeout expired")).kind, Kind::DeadlineExceeded);
        assert_eq!(failed(&Status::cancelled("the connection closed")).kind, Kind::Unavailable);
        let cancelled = Failure::new(Kind::Cancelled, Reason::Cancelled, "by an operator");
        assert_eq!(failed(&lectern_rpc::status(&cancelled)), cancelled);
        assert_eq!(failed(&Status::unknown("missing grpc-status trailer")).kind, Kind::Unavailable);
    }
}
