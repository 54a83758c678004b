//! How much waits and how much is granted, for metrics and operators.

use std::sync::atomic::Ordering;
use std::time::Duration;

use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_store::{Op, Query};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::Dispatcher;
use crate::admission::Admission;

/// Between two measurements of the backlog, at least.
const MEASURED: Duration = Duration::from_secs(30);
/// Entries of an index that are counted for one second more between two measurements.
const COUNTED_A_SECOND: u64 = 20_000;
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
        let metrics = lectern_runtime::Metrics::new("lectern.dispatch");
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
        let _ = stop.run_until_cancelled(levels).await;
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
