//! Steps that wait until somebody does something about what they met.
//!
//! A budget that is used up is nobody's failure: it grows when somebody says so, or the next month
//! begins, and until then no attempt helps. So the step keeps its attempts and waits, however long
//! that takes; from time to time it is looked again. What its narration has made is kept, and what
//! else of it costs nothing goes on.
//!
//! The same holds of what an operator has to mend at an engine's provider: a key that is refused,
//! or an account without credit, is no fault of the narration that meets it first. Where whoever
//! ordered it is the operator and waits for it, the step fails instead and tells him what to do
//! ([`WorkerOptions::waits_for_operator`](crate::WorkerOptions::waits_for_operator)).

use std::time::Duration;

use lectern_core::{Failure, Reason};
use lectern_queue::Delivery;
use tokio_util::sync::CancellationToken;

use crate::Handler;
use crate::breaker::is_for_operator;
use crate::delivery::Broken;
use crate::lazy_lease::{Closed, LazyLease, Standing};
use crate::stats::DeliveryOutcome;
use crate::steps::Closing;
use crate::worker::Shared;

/// How long a step waits where its failure does not say it.
const WAITS: Duration = Duration::from_secs(60);

impl<H: Handler> Shared<H> {
    /// Whether a step that failed so waits for somebody, in place of failing.
    pub(crate) fn waits(&self, failure: &Failure) -> bool {
        failure.reason == Reason::BudgetExhausted || (self.options.waits_for_operator && is_for_operator(failure))
    }

    /// Lets a step wait for somebody, and tells what it waits for; no attempt is counted.
    pub(crate) async fn hold_back(
        &self,
        delivery: &Delivery,
        lease: &LazyLease,
        failure: &Failure,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        loop {
            let Standing { crashes, .. } = lease.standing().await;
            let delay = failure.retry_after.unwrap_or(WAITS);
            let not_before = self.clock.now().plus(delay);
            let held = Closing::Held { failure: failure.clone(), not_before };
            match self.close(lease, &held, drained).await? {
                Closed::Written => {
                    let step = &lease.step;
                    if is_for_operator(failure) {
                        tracing::warn!(%step, %failure, ?delay, "waits for its operator, attempt not counted");
                    } else {
                        tracing::info!(%step, %failure, ?delay, "waits for its budget, attempt not counted");
                    }
                    self.postpone_for(delivery, delay, crashes, Some(failure.reason)).await?;
                    return Ok(DeliveryOutcome::Deferred);
                }
                // It was held back before.
                Closed::Adopted => {}
                Closed::Before(ending) => return self.repeat(delivery, ending).await,
            }
        }
    }
}
