//! How much waits and for how long, and how much is granted, for metrics and operators.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_runtime::Metrics;
use lectern_runtime::telemetry::Histogram;
use lectern_store::{Op, Query};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::Dispatcher;
use crate::admission::Admission;
use crate::domain::Lane;

/// Between two measurements of the backlog, at least.
const MEASURED: Duration = Duration::from_secs(30);
/// Entries of an index that are counted for one second more between two measurements.
const COUNTED_A_SECOND: u64 = 20_000;
/// Between two looks at what has waited the longest, which is in memory.
const LOOKED: Duration = Duration::from_secs(10);
/// Ends of the buckets of waits, in seconds: at once, and up to two hours.
const WAITED: [f64; 12] = [0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0, 7_200.0];
/// Most narrations that are counted for operators.
const COUNTED: u64 = 1_000_000;

/// Levels for metrics and operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Steps granted and not ended: by this gateway, and by others as they said last.
    pub granted: usize,
    /// Steps that may be granted at once.
    pub limit: usize,
    /// Steps that this replica has granted since its start.
    pub total: u64,
}

/// Counts how long steps waited until they were granted.
#[derive(Debug)]
pub(super) struct Waits(Histogram);

impl Default for Waits {
    fn default() -> Self {
        let description = "How long steps waited in the backlog until they were granted.";
        Self(Metrics::new("lectern.dispatch").histogram("lectern.dispatch.wait", "s", description, &WAITED))
    }
}

impl Waits {
    /// A step of a service was granted after it had waited for so long.
    pub(super) fn note(&self, service: Service, lane: Lane, waited: Duration) {
        self.0.record(waited.as_secs_f64(), &[("service", service.as_str()), ("lane", lane.as_str())]);
    }
}

impl Dispatcher {
    /// Levels of a service.
    #[must_use]
    pub fn level(&self, service: Service) -> Level {
        let Some(state) = self.shared.services.get(&service) else { return Level::default() };
        let here = state.backlog.lock().scheduler().grants().len();
        Level {
            granted: here + self.shared.members.lock().granted_elsewhere(service),
            limit: self.shared.workers.limit(service, self.shared.clock.now()),
            total: state.granted.load(Ordering::Relaxed),
        }
    }

    /// Narrations that want steps of a service, those at work included, up to [`COUNTED`].
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn waiting(&self, service: Service) -> Result<u64, Failure> {
        let place = format!("ready.{}.turn", service.as_str());
        Ok(self.shared.narrations.count(&Query::new().filter(place, Op::Gte, ""), COUNTED).await?)
    }

    /// Sets the gauges of what waits and what is granted, until `stop`.
    #[allow(clippy::cast_precision_loss, reason = "levels are far below 2^53")]
    pub async fn measure(&self, admission: &Admission, stop: CancellationToken) {
        let metrics = Metrics::new("lectern.dispatch");
        let narrations = metrics.gauge("lectern.dispatch.narrations", "{narration}", "Narrations that want steps.");
        let granted = metrics.gauge("lectern.dispatch.granted", "{step}", "Steps granted and not ended.");
        let limit = metrics.gauge("lectern.dispatch.limit", "{step}", "Steps that may be granted at once.");
        let unfinished = metrics.gauge("lectern.backlog.unfinished", "{narration}", "Narrations that are unfinished.");
        let levels = async {
            loop {
                let mut entries = 0;
                for service in Service::ALL {
                    let labels: [(&'static str, &str); 1] = [("service", service.as_str())];
                    let level = self.level(service);
                    granted.set(level.granted as f64, &labels);
                    limit.set(level.limit as f64, &labels);
                    match self.waiting(service).await {
                        Ok(count) => {
                            entries += count;
                            narrations.set(count as f64, &labels);
                        }
                        Err(error) => debug!(%error, "backlog not counted"),
                    }
                }
                match admission.unfinished().await {
                    Ok(count) => {
                        entries += count;
                        unfinished.set(count as f64, &[]);
                    }
                    Err(error) => debug!(%error, "backlog not counted"),
                }
                tokio::time::sleep(pause_after(entries)).await;
            }
        };
        let _ = stop.run_until_cancelled(futures::future::join(levels, self.measure_ages(&metrics))).await;
    }

    /// How long the step of a service has waited that has waited the longest, by lane, of those
    /// that this gateway looks after.
    pub(super) fn ages(&self, service: Service) -> BTreeMap<Lane, Duration> {
        let Some(state) = self.shared.services.get(&service) else { return BTreeMap::new() };
        let now = self.shared.clock.now();
        state.backlog.lock().ages(now)
    }

    /// Sets the gauges of what has waited the longest, without end.
    async fn measure_ages(&self, metrics: &Metrics) {
        let description = "How long the step has waited that has waited the longest of those that could be done.";
        let oldest = metrics.gauge("lectern.dispatch.oldest", "s", description);
        loop {
            for service in Service::ALL {
                let ages = self.ages(service);
                for lane in Lane::ALL {
                    let age = ages.get(&lane).copied().unwrap_or_default();
                    oldest.set(age.as_secs_f64(), &[("service", service.as_str()), ("lane", lane.as_str())]);
                }
            }
            tokio::time::sleep(LOOKED).await;
        }
    }
}

/// How long to wait after so many entries were counted: what counting costs has a bound.
const fn pause_after(entries: u64) -> Duration {
    Duration::from_secs(MEASURED.as_secs() + entries / COUNTED_A_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_large_count_the_next_one_is_later() {
        assert_eq!(pause_after(19_999), MEASURED);
        assert_eq!(pause_after(4 * COUNTED), Duration::from_secs(230));
    }
}
