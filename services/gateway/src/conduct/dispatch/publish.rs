//! From a grant to a command in the queue.

use futures::StreamExt as _;
use lectern_core::id::StepId;
use lectern_core::{Failure, Reason};
use lectern_queue::Message;
use lectern_store::Versioned;
use tracing::{debug, warn};

use super::pick::Candidate;
use super::turns::freed;
use super::{Dispatcher, ROUNDS, ServiceState};
use crate::conduct::wanted::turn;
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
    pub(super) async fn publish(&self, state: &ServiceState, steps: Vec<Candidate>) -> Result<(), Failure> {
        let refused: Vec<Candidate> = futures::stream::iter(steps)
            .map(|(step, narration)| async move {
                match self.publish_step(&narration.record, &step).await {
                    Ok(()) => None,
                    Err(error) if error.reason == Reason::QueueFull => {
                        warn!(%step, %error, "step granted and refused, it is granted again in its turn");
                        Some((step, narration))
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
        if refused.is_empty() { Ok(()) } else { self.let_go(state, &refused).await }
    }

    /// Publishes a step in the trace of the call that began its narration's run.
    async fn publish_step(&self, narration: &Narration, step: &StepId) -> Result<(), Failure> {
        let command = wire::command(narration, step, &self.shared.master);
        let message = Message::new(command).traced(narration.traceparent.clone());
        let published = self.shared.queue.publish(step, message).await?;
        debug!(%step, ?published, "step published");
        Ok(())
    }

    /// Releases what was refused, and lets its turns wait again.
    async fn let_go(&self, state: &ServiceState, refused: &[Candidate]) -> Result<(), Failure> {
        for _ in 0..ROUNDS {
            let Versioned { record: before, revision } = state.ledger.slots().await?;
            let mut slots = before.clone();
            slots.release(|grant| refused.iter().any(|(step, _)| *step == grant.step));
            if slots == before {
                break;
            }
            let freed = freed(&before, &slots);
            if state.ledger.write(slots, revision).await? {
                for (step, narration) in refused {
                    self.wake_turn(state, turn(&narration.record, step.kind.service()), None).await?;
                }
                self.wake_tenants(before.service, state, freed).await?;
                break;
            }
        }
        // What is still granted the audit publishes.
        Ok(())
    }
}
