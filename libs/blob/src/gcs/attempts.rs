//! How often and for how long a call is tried.

use std::time::Duration;

use lectern_core::Random;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::trouble::{Meaning, Trouble};

/// How long one attempt of a call with a short answer may take, and how long a stream may rest.
pub(super) const ATTEMPT: Duration = Duration::from_secs(15);

/// The pauses between attempts, at most; each is drawn from half of it to all of it. Whoever calls
/// repeats for longer where that makes sense.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(6)];

/// The pauses between the attempts of one call.
pub(super) struct Pauses<'a> {
    left: std::slice::Iter<'static, Duration>,
    random: &'a dyn Random,
}

impl<'a> Pauses<'a> {
    pub(super) fn new(random: &'a dyn Random) -> Self {
        Self { left: PAUSES.iter(), random }
    }

    /// Rests before another attempt; whether there may be one.
    pub(super) async fn rest(&mut self) -> bool {
        let Some(pause) = self.left.next() else { return false };
        let half = *pause / 2;
        let more = self.random.below(u64::try_from(half.as_millis()).unwrap_or(0) + 1);
        sleep(half + Duration::from_millis(more)).await;
        true
    }
}

/// Tries a call up to five times, each within [`ATTEMPT`], for as long as it fails in a way that
/// may pass. The flag of `call` says whether an earlier attempt may have been done.
pub(super) async fn attempts<T, F>(random: &dyn Random, call: impl Fn(bool) -> F) -> Result<T, Trouble>
where
    F: Future<Output = Result<T, google_cloud_storage::Error>>,
{
    let mut pauses = Pauses::new(random);
    let mut perhaps_done = false;
    loop {
        let trouble = match timeout(ATTEMPT, Box::pin(call(perhaps_done))).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Trouble::Said(error),
            Err(_) => Trouble::TimedOut(ATTEMPT),
        };
        perhaps_done |= trouble.is_ambiguous();
        if trouble.meaning() != Meaning::Passing || !pauses.rest().await {
            return Err(trouble);
        }
        debug!(?trouble, "tried again");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use google_cloud_storage::Error;
    use lectern_core::random::SeededRandom;
    use tokio::time::Instant;

    use super::*;

    fn status(status: u16) -> Error {
        Error::http(status, http::HeaderMap::new(), bytes::Bytes::new())
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_again_and_what_lasts_is_not() {
        let random = SeededRandom::new(1);
        for (refusal, expected) in [(503, 5), (429, 5), (403, 1), (400, 1), (404, 1)] {
            let calls = AtomicU32::new(0);
            let failed = attempts(&random, |_| {
                calls.fetch_add(1, Ordering::Relaxed);
                async move { Err::<(), _>(status(refusal)) }
            });
            failed.await.unwrap_err();
            assert_eq!(calls.load(Ordering::Relaxed), expected, "{refusal}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_hangs_is_given_up() {
        let (random, calls, began) = (SeededRandom::new(1), AtomicU32::new(0), Instant::now());
        let answer = attempts(&random, |perhaps_done| {
            let hangs = calls.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                Ok(perhaps_done)
            }
        });
        assert!(answer.await.unwrap(), "the first may have been done");
        assert!(began.elapsed() < ATTEMPT + PAUSES[0] + Duration::from_millis(10));
    }
}
