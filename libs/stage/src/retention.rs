//! What a service keeps of what is over, and for how long: each has sweepers of its own, which run
//! beside its work.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, Timestamp};
use lectern_work::steps::Steps;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Between two sweeps, and before the first one of a process: by then, it has been at work for long
/// enough to have taken commands that are older than the retention.
pub const EVERY: Duration = Duration::from_secs(3600);

/// Runs `sweep` every hour until `stop`, to delete of `what` all that was over before the time that
/// it is given, `after` before now; it says how much that was. A sweep that fails is made again at
/// the next time, and one that is stopped is dropped.
pub async fn sweep_from_time_to_time<F, S>(
    what: &'static str,
    clock: Arc<dyn Clock>,
    after: Duration,
    stop: CancellationToken,
    sweep: F,
) where
    F: Fn(Timestamp) -> S + Send + Sync,
    S: Future<Output = Result<u64, Failure>> + Send,
{
    loop {
        let swept = async {
            tokio::time::sleep(EVERY).await;
            sweep(clock.now().minus(after)).await
        };
        match stop.run_until_cancelled(swept).await {
            None => return,
            Some(Ok(0)) => {}
            Some(Ok(count)) => info!(what, count, "deleted what was over for longer than the retention"),
            Some(Err(failure)) => warn!(what, %failure, "not deleted what is over, trying again in an hour"),
        }
    }
}

/// Deletes the records of steps that are over, `after` their end, until `stop`; see
/// [`Steps::sweep`] for which these are.
pub async fn sweep_steps(steps: &Steps, clock: Arc<dyn Clock>, after: Duration, stop: CancellationToken) {
    let sweep = |before| async move {
        // What an older release wrote meanwhile is not found by its time before.
        steps.bring_forward().await?;
        let swept = steps.sweep(before).await?;
        Ok::<_, Failure>(swept.steps.saturating_add(swept.runs))
    };
    sweep_from_time_to_time("steps", clock, after, stop, sweep).await;
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use lectern_core::{Kind, Reason};
    use lectern_store::Store;
    use lectern_store::memory::MemoryStore;
    use lectern_work::steps::{Claim, Closing, Ending, StepsOptions};
    use tokio::time::Instant;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    /// Tokio's time.
    #[derive(Debug)]
    struct TokioClock(Instant);

    impl Clock for TokioClock {
        fn now(&self) -> Timestamp {
            Timestamp(1_700_000_000_000).plus(self.0.elapsed())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn steps_end_after_the_retention_and_those_that_wait_stay() {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let steps = Steps::new(store, Arc::clone(&clock), StepsOptions::new("boot"));
        steps.ensure().await.unwrap();
        let (done, waits) = ("n/1/plan/0".parse().unwrap(), "m/1/plan/0".parse().unwrap());
        for step in [&done, &waits] {
            let Claim::Claimed(lease) = steps.claim(step, "w", &"t".parse().unwrap()).await.unwrap() else {
                panic!("not claimed")
            };
            let closing = if step == &done { Closing::Ended(Ending::done(vec![1])) } else { Closing::Free };
            steps.close(&lease, closing).await.unwrap();
        }
        let stop = CancellationToken::new();
        let (swept, token) = (steps.clone(), stop.clone());
        let sweeper = tokio::spawn(async move { sweep_steps(&swept, clock, 30 * DAY, token).await });
        tokio::time::sleep(30 * DAY).await;
        assert!(steps.get(&done).await.unwrap().is_some(), "kept for as long as it is to be");
        tokio::time::sleep(2 * EVERY).await;
        assert_eq!(steps.get(&done).await.unwrap(), None);
        tokio::time::sleep(300 * DAY).await;
        assert!(steps.get(&waits).await.unwrap().is_some(), "a narration may wait for ever");
        stop.cancel();
        tokio::time::timeout(EVERY, sweeper).await.expect("it ends").unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_sweep_that_fails_is_made_again_and_none_is_made_at_the_start() {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
        let times = Arc::new(Mutex::new(Vec::new()));
        let (stop, noted, began) = (CancellationToken::new(), Arc::clone(&times), Instant::now());
        let token = stop.clone();
        let sweeper = tokio::spawn(async move {
            let sweep = |_| {
                noted.lock().push(began.elapsed());
                std::future::ready(Err(Failure::new(Kind::Unavailable, Reason::StoreUnavailable, "away")))
            };
            sweep_from_time_to_time("things", clock, DAY, token, sweep).await;
        });
        tokio::time::sleep(3 * EVERY + EVERY / 2).await;
        stop.cancel();
        tokio::time::timeout(EVERY, sweeper).await.expect("it ends").unwrap();
        assert_eq!(times.lock().len(), 3);
        assert!(times.lock()[0] >= EVERY);
    }
}
