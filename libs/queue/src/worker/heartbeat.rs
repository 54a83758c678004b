//! Keeps a lease while its step is at work, and tells the work when it is not wanted any more.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lectern_core::Clock;
use lectern_store::steps::{Lease, LeaseError, Steps};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::port::Acknowledge;

/// Why a step was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Its narration was cancelled, or a later run began.
    Cancelled,
    /// The lease was lost.
    Lost,
    /// The process shuts down.
    Drained,
}

/// The stop signal of a step, with its first reason.
#[derive(Debug, Default)]
pub struct Signal {
    /// Fires with the reason.
    pub token: CancellationToken,
    reason: OnceLock<Stop>,
}

impl Signal {
    /// Stops the step; the first reason stays.
    pub fn stop(&self, reason: Stop) {
        let _ = self.reason.set(reason);
        self.token.cancel();
    }

    /// Why it was stopped, if it was.
    pub fn reason(&self) -> Option<Stop> {
        self.reason.get().copied()
    }
}

/// What a heartbeat needs.
pub struct Heartbeat {
    pub steps: Steps,
    pub lease: Lease,
    pub ack: Arc<dyn Acknowledge>,
    pub clock: Arc<dyn Clock>,
    pub every: Duration,
    pub look: Duration,
    pub poke: Arc<Notify>,
    pub signal: Arc<Signal>,
}

impl Heartbeat {
    /// Extends the lease, and with it the ack-wait, until the step is stopped or this is dropped.
    /// Looks more often whether the step is still wanted, as that costs one read and an extension
    /// costs a write.
    pub async fn beat(self) {
        let mut until = self.lease.until;
        let mut due = Instant::now() + self.every;
        loop {
            tokio::select! {
                // Pokes first: they are rare, and each is a hint that the step is not wanted.
                biased;
                () = self.poke.notified() => {}
                () = tokio::time::sleep_until(due.min(Instant::now() + self.look)) => {}
            }
            if Instant::now() < due {
                // A slow store must not hold up the extension.
                match tokio::time::timeout_at(due, self.steps.wanted(&self.lease.step)).await {
                    Ok(Ok(false)) => return self.signal.stop(Stop::Cancelled),
                    Ok(Ok(true)) | Err(_) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "not known whether the step is wanted, looking again"),
                }
                continue;
            }
            due = Instant::now() + self.every;
            match self.steps.extend(&self.lease).await {
                Ok(extended) if extended.cancelled => return self.signal.stop(Stop::Cancelled),
                Ok(extended) => {
                    until = extended.until;
                    if let Err(error) = self.ack.progress().await {
                        tracing::warn!(%error, "progress not reported");
                    }
                }
                Err(LeaseError::Lost(_)) => return self.signal.stop(Stop::Lost),
                Err(LeaseError::Store(error)) => {
                    tracing::warn!(%error, "lease not extended");
                    if self.clock.now() >= until {
                        return self.signal.stop(Stop::Lost);
                    }
                }
            }
        }
    }
}
