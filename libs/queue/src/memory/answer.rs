//! Answers to what was taken.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::{Service, StepId};
use tokio::time::Instant;

use super::Shared;
use crate::error::QueueError;
use crate::port::Acknowledge;

/// Which pool a delivery came from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Work(Service, StepId),
    Events(String),
}

/// An answer goes by the message's sequence, as with a real broker: one to an earlier delivery
/// still counts.
#[derive(Debug)]
pub(super) struct Answer {
    pub shared: Arc<Shared>,
    pub source: Source,
    pub sequence: u64,
}

impl Answer {
    fn remove(&self) {
        let mut state = self.shared.state.lock();
        match &self.source {
            Source::Work(service, step) => {
                if state.work.get_mut(service).is_some_and(|pool| pool.remove(self.sequence)) {
                    state.waiting.remove(step);
                }
            }
            Source::Events(group) => {
                state.group(group).remove(self.sequence);
            }
        }
    }

    fn hide(&self, duration: Duration) {
        {
            let until = Instant::now() + duration;
            let mut state = self.shared.state.lock();
            match &self.source {
                Source::Work(service, _) => {
                    if let Some(pool) = state.work.get_mut(service) {
                        pool.hide(self.sequence, until);
                    }
                }
                Source::Events(group) => state.group(group).hide(self.sequence, until),
            }
        }
        self.shared.changed.notify_waiters();
    }
}

#[async_trait]
impl Acknowledge for Answer {
    async fn ack(&self) -> Result<(), QueueError> {
        if !self.shared.dice.loses_ack() {
            self.remove();
            self.shared.changed.notify_waiters();
        }
        Ok(())
    }

    async fn nak(&self, delay: Duration) -> Result<(), QueueError> {
        if !self.shared.dice.loses_ack() {
            self.hide(delay);
        }
        Ok(())
    }

    async fn progress(&self) -> Result<(), QueueError> {
        if !self.shared.dice.loses_ack() {
            self.hide(self.shared.options.ack_wait);
        }
        Ok(())
    }

    async fn term(&self) -> Result<(), QueueError> {
        self.ack().await
    }
}
