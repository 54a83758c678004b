//! What runs for as long as a gateway does, part by part: each in a task of its own, so that they
//! share the cores, and begun again when it panics.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use lectern_runtime::Metrics;
use lectern_runtime::telemetry::Counter;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, warn};

/// A part that panicked begins again after this long; twice as long each time that it does so
/// again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A part that ran for this long has recovered: its next pause is the first one again.
const RECOVERED: Duration = Duration::from_secs(60);

/// Counts panics. The process's hook logs each where it happens, with what it was.
#[derive(Debug, Clone)]
pub struct Panics(Counter);

impl Default for Panics {
    fn default() -> Self {
        let metrics = Metrics::new("lectern.gateway");
        Self(metrics.counter("lectern.gateway.panics", "{panic}", "Panics in parts of the gateway, by part."))
    }
}

impl Panics {
    /// Runs `work` to its end; none where it panicked, which is counted as one of `part`.
    pub async fn contain<T>(&self, part: &'static str, work: impl Future<Output = T>) -> Option<T> {
        // What a panic may leave half done is a record in memory at most, all of which may be
        // forgotten; locks are taken over from whoever held them.
        let ended = AssertUnwindSafe(work).catch_unwind().await.ok();
        if ended.is_none() {
            self.0.add(1, &[("part", part)]);
        }
        ended
    }
}

/// Parts that run until they are told to stop.
#[derive(Debug)]
pub struct Supervisor {
    tasks: JoinSet<()>,
    panics: Panics,
    stop: CancellationToken,
}

impl Supervisor {
    /// One of no parts yet; they are to end when `stop` fires.
    #[must_use]
    pub fn new(panics: Panics, stop: CancellationToken) -> Self {
        Self { tasks: JoinSet::new(), panics, stop }
    }

    /// Starts a part. It ends when what `run` makes ends; when that panics, it is made anew.
    pub fn start<F>(&mut self, part: &'static str, run: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (panics, stop) = (self.panics.clone(), self.stop.clone());
        let supervised = async move {
            let mut pause = FIRST_PAUSE;
            loop {
                let began = Instant::now();
                if panics.contain(part, run()).await.is_some() {
                    return;
                }
                if began.elapsed() >= RECOVERED {
                    pause = FIRST_PAUSE;
                }
                warn!(part, ?pause, "a part of the gateway panicked, it begins again after the pause");
                if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    return;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        };
        self.tasks.spawn(supervised.in_current_span());
    }

    /// Waits until all have ended. All end at once where this is dropped.
    pub async fn ended(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_panics_begins_again_and_ends_no_other() {
        let (stop, begun, ticks) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let mut parts = Supervisor::new(Panics::default(), stop.clone());
        let (counted, until) = (Arc::clone(&begun), stop.clone());
        parts.start("one", move || {
            let (nth, until) = (counted.fetch_add(1, Ordering::SeqCst), until.clone());
            async move {
                assert!(nth >= 3, "a defect");
                until.cancelled().await;
            }
        });
        let (counted, until) = (Arc::clone(&ticks), stop.clone());
        parts.start("other", move || {
            let (counted, until) = (Arc::clone(&counted), until.clone());
            async move {
                while until.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await.is_some() {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let ended = tokio::spawn(parts.ended());
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(begun.load(Ordering::SeqCst), 4, "three times it panicked");
        assert!(ticks.load(Ordering::SeqCst) >= 18, "the other went on meanwhile");
        stop.cancel();
        ended.await.expect("all ended");
    }
}
