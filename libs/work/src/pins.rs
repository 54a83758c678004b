//! Steps that are pinned to a version which this process does not have.
//!
//! While an installation is upgraded, replicas of two versions run side by side, and each does the
//! steps that are pinned to its own. So whoever does not have a step's version leaves the step to
//! others for a while. When nobody has taken it in that time, nobody has the version any more, and
//! the step fails with `PIN_UNAVAILABLE`, upon which the gateway pins its narration anew. That a
//! version is gone is remembered, so that not every step that is pinned to it waits as long.

use std::collections::BTreeMap;
use std::time::Duration;

use lectern_core::Failure;
use lectern_queue::Delivery;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Handler;
use crate::delivery::Broken;
use crate::lazy_lease::{Closed, LazyLease, Standing};
use crate::stats::DeliveryOutcome;
use crate::steps::Closing;
use crate::worker::Shared;

/// How long it is remembered that nobody has a version. A version that comes back, as when an
/// upgrade is taken back, is given to steps again after this time at the latest.
const REMEMBERED: Duration = Duration::from_secs(300);

/// Versions that nobody has, by what is said of a step that is pinned to one.
#[derive(Debug, Default)]
pub struct GonePins(Mutex<BTreeMap<String, Instant>>);

impl GonePins {
    fn note(&self, failure: &Failure) {
        let mut gone = self.0.lock();
        gone.retain(|_, since| since.elapsed() < REMEMBERED);
        gone.entry(failure.message.clone()).or_insert_with(Instant::now);
    }

    fn knows(&self, failure: &Failure) -> bool {
        let gone = self.0.lock();
        gone.get(&failure.message).is_some_and(|since| since.elapsed() < REMEMBERED)
    }
}

impl<H: Handler> Shared<H> {
    /// Leaves a step to replicas of another version, unless it was left to them for long enough;
    /// how the delivery ended where it is left.
    pub(crate) async fn leave(
        &self,
        delivery: &Delivery,
        lease: &LazyLease,
        failure: &Failure,
        drained: &CancellationToken,
    ) -> Result<Option<DeliveryOutcome>, Broken> {
        loop {
            let Standing { left_since, .. } = lease.standing().await;
            let left_for = left_since.map_or(Duration::ZERO, |since| self.clock.now().since(since));
            if self.gone.knows(failure) {
                return Ok(None);
            }
            if left_for >= self.options.pinned_within {
                self.gone.note(failure);
                return Ok(None);
            }
            tracing::info!(step = %lease.step, %failure, ?left_for, "left to a replica that has the version");
            match self.close(lease, &Closing::Left, drained).await? {
                Closed::Written => {
                    self.hand_back(delivery, self.options.unknown_later).await?;
                    return Ok(Some(DeliveryOutcome::LeftToNewer));
                }
                // It was left before.
                Closed::Adopted => {}
                Closed::Before(ending) => return self.repeat(delivery, ending).await.map(Some),
            }
        }
    }
}
