//! From a grant to a command in the queue.

use std::sync::Arc;

use futures::StreamExt as _;
use lectern_core::id::StepId;
use lectern_core::{Failure, Reason};
use lectern_queue::Message;
use lectern_store::Versioned;
use tracing::{debug, warn};

use super::ledger::Ledger;
use super::{Dispatcher, ROUNDS};
use crate::conduct::wire;
use crate::domain::Narration;

/// Commands published at once.
const PUBLISH_AT_ONCE: usize = 16;

impl Dispatcher {
    /// Publishes what was granted, and releases what a full stream refuses. Kept until the audit,
    /// that would wait while whatever is granted later takes each place that gets free; released,
    /// the oldest goes first. What else fails the audit publishes.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; what was refused stays granted then.
    pub(super) async fn publish(&self, ledger: &Ledger, steps: Vec<(StepId, Arc<Narration>)>) -> Result<(), Failure> {
        let refused: Vec<StepId> = futures::stream::iter(steps)
            .map(|(step, narration)| async move {
                match self.publish_step(&narration, &step).await {
                    Ok(()) => None,
                    Err(error) if error.reason == Reason::QueueFull => {
                        warn!(%step, %error, "step granted and refused, it is granted again in its turn");
                        Some(step)
                    }
                    Err(error) => {
                        warn!(%step, %error, "step granted and not published, the audit will");
                        None
                    }
                }
            })
            .buffer_unordered(PUBLISH_AT_ONCE)
            .filter_map(futures::future::ready)
            .collect()
            .await;
        let_go(ledger, &refused).await
    }

    /// Publishes a step in the trace of the call that began its narration's run.
    async fn publish_step(&self, narration: &Narration, step: &StepId) -> Result<(), Failure> {
        let command = wire::command(narration, step, &self.shared.master);
        let message = Message::new(command).traced(narration.traceparent.clone());
        let published = self.shared.queue.publish(step, message).await?;
        debug!(%step, ?published, "step published");
        Ok(())
    }
}

/// Releases what was refused.
async fn let_go(ledger: &Ledger, refused: &[StepId]) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let Versioned { record: before, revision } = ledger.slots().await?;
        let mut slots = before.clone();
        slots.release(|grant| refused.contains(&grant.step));
        if slots == before || ledger.write(slots, revision).await? {
            break;
        }
    }
    // What is still granted the audit publishes.
    Ok(())
}
