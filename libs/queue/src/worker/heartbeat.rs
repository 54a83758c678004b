//! Keeps a lease while its step is at work, and tells the work when it is not wanted any more.
//!
//! Two loops side by side, so that neither can hold up the other: one speaks to the store, one to
//! the queue. While the store is away the step works on, since nobody else can take it meanwhile,
//! and the command stays this worker's, since its progress is still reported; not without end, as
//! it may be this worker alone who does not reach the store. The lease is asked for again every
//! [`WorkerOptions::look`](super::WorkerOptions::look), so that its holder is the first to extend
//! it when the store is back; whether it still has it is for the fence to say.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use lectern_store::steps::{Lease, LeaseError, Steps};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::outage::stored;
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
    pub every: Duration,
    pub look: Duration,
    pub unheard: Duration,
    pub poke: Arc<Notify>,
    pub signal: Arc<Signal>,
    /// When the store last answered.
    pub heard: Mutex<Instant>,
}

/// How many looks one extension may take while the store is away. Such a try and the pause after it
/// are shorter together than others wait before they take over a lease that ran out.
const TRY: u32 = 3;

impl Heartbeat {
    /// Extends the lease and the ack-wait until the step is stopped or this is dropped.
    pub async fn beat(self) {
        tokio::select! {
            biased;
            () = self.keep() => {}
            () = self.report() => {}
        }
    }

    /// Extends the lease until it is lost or the step is not wanted any more. Looks more often
    /// whether it still is, as that costs one read and an extension costs a write.
    async fn keep(&self) {
        let mut due = Instant::now() + self.every;
        let mut away = false;
        loop {
            tokio::select! {
                // Pokes first: they are rare, and each is a hint that the step is not wanted.
                biased;
                () = self.poke.notified() => {}
                () = tokio::time::sleep_until(due.min(Instant::now() + self.look)) => {}
            }
            let now = Instant::now();
            if now < due {
                // A slow store must not hold up the extension.
                match tokio::time::timeout_at(due, self.steps.wanted(&self.lease.step)).await {
                    Ok(Ok(false)) => return self.signal.stop(Stop::Cancelled),
                    Ok(Ok(true)) => self.hear(),
                    Err(_) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "not known whether the step is wanted, looking again"),
                }
                continue;
            }
            // An extension may hang on a connection that died.
            let within = if away { TRY * self.look } else { self.every };
            match stored(&self.steps, within, self.steps.extend(&self.lease)).await {
                Ok(extended) if extended.cancelled => return self.signal.stop(Stop::Cancelled),
                Ok(_) => {
                    self.hear();
                    if std::mem::take(&mut away) {
                        tracing::info!("lease extended, the store is back");
                    }
                    due = now + self.every;
                }
                Err(LeaseError::Lost(_)) => return self.signal.stop(Stop::Lost),
                Err(LeaseError::Store(error)) => {
                    if !std::mem::replace(&mut away, true) {
                        tracing::warn!(%error, "lease not extended, the step works on and asks again");
                    }
                    due = Instant::now() + self.look;
                }
            }
        }
    }

    fn hear(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn silent_for(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Reports progress, by which the command is not delivered to others, for as long as the step
    /// is at work and the store is heard of; without end. A report that hangs is given up for the
    /// next one.
    async fn report(&self) {
        let mut due = Instant::now() + self.every;
        loop {
            tokio::time::sleep_until(due).await;
            due += self.every;
            if self.silent_for() >= self.unheard {
                tracing::debug!("progress not reported, since the store has not answered for long");
                continue;
            }
            match tokio::time::timeout_at(due, self.ack.progress()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "progress not reported"),
                Err(_) => tracing::warn!("progress not reported, the queue does not answer"),
            }
        }
    }
}
