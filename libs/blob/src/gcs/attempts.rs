//! How often and for how long a call is tried.

use std::time::Duration;

use lectern_core::Random;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::trouble::{Meaning, Trouble};

/// How long one attempt of a call with a short answer may take, and how long a stream may rest.
pub(super) const ATTEMPT: Duration = Duration::from_secs(30);

/// The pauses between attempts, at most; each is drawn from half of it to all of it. Whoever calls
/// repeats for longer where that makes sense.
pub(super) const PAUSES: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3), Duration::from_secs(6)];

/// Tries a call up to five times, each within [`ATTEMPT`], for as long as it fails in a way that
/// may pass. The flag of `call` says whether an earlier attempt may have been done.
pub(super) async fn attempts<T, F>(random: &dyn Random, call: impl Fn(bool) -> F) -> Result<T, Trouble>
where
    F: Future<Output = Result<T, google_cloud_storage::Error>>,
{
    let mut pauses = PAUSES.iter();
    let mut perhaps_done = false;
    loop {
        let trouble = match timeout(ATTEMPT, Box::pin(call(perhaps_done))).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => Trouble::Said(error),
            Err(_) => Trouble::TimedOut(ATTEMPT),
        };
        perhaps_done |= trouble.is_ambiguous();
        match pauses.next() {
            Some(pause) if trouble.meaning() == Meaning::Passing => {
                debug!(?trouble, "tried again");
                sleep(jitter(*pause, random)).await;
            }
            Some(_) | None => return Err(trouble),
        }
    }
}

/// From half of a pause to all of it.
pub(super) fn jitter(pause: Duration, random: &dyn Random) -> Duration {
    let half = pause / 2;
    half + Duration::from_millis(random.below(u64::try_from(half.as_millis()).unwrap_or(0) + 1))
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
