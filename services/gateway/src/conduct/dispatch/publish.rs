//! From a grant to a command in the queue.

use futures::StreamExt as _;
use lectern_core::{Failure, Reason};
use lectern_queue::Message;
use tracing::{debug, warn};

use super::Dispatcher;
use super::backlog::Candidate;
use crate::conduct::wire;

/// Commands published at once.
const PUBLISH_AT_ONCE: usize = 16;

impl Dispatcher {
    /// Publishes what was granted; gives what a full stream refuses. A command that waits already
    /// was granted by somebody else, or before this gateway forgot it, and is as good as any. What
    /// else fails stays granted, and the audit publishes it.
    pub(super) async fn publish(&self, steps: Vec<Candidate>) -> Vec<Candidate> {
        futures::stream::iter(steps)
            .map(|candidate| async move {
                let step = &candidate.step;
                match self.publish_step(&candidate).await {
                    Ok(()) => None,
                    Err(error) if error.reason == Reason::QueueFull => {
                        warn!(%step, %error, "step granted and refused, it is granted again in its turn");
                        Some(candidate)
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
            .await
    }

    /// Publishes a step in the trace of the call that began its narration's run.
    async fn publish_step(&self, Candidate { step, narration, .. }: &Candidate) -> Result<(), Failure> {
        let month = self.shared.tenants.limits_of(&narration.record.tenant).await?.month_micro_usd;
        let command = wire::command(&narration.record, step, &self.shared.master, month);
        let message = Message::new(command).traced(narration.record.traceparent.clone());
        let published = self.shared.queue.publish(step, message).await?;
        debug!(%step, ?published, "step published");
        Ok(())
    }
}
