//! Takes the lease of a step at work when it is time, keeps it, and tells the work when it is not
//! wanted any more.
//!
//! Two loops side by side, so that neither can hold up the other: one speaks to the store, one to
//! the queue. While the store is away the step works on, since nobody else can take it meanwhile,
//! and the command stays this worker's, since its progress is still reported; not without end, as
//! it may be this worker alone who does not reach the store. The lease is asked for again every
//! [`WorkerOptions::look`](crate::WorkerOptions::look), so that its holder is the first to extend
//! it when the store is back; whether it still has it is for the fence to say.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lectern_queue::Acknowledge;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Handler;
use crate::lazy_lease::{LazyLease, Untaken};
use crate::outage::stored;
use crate::steps::{Lease, LeaseError};
use crate::worker::Shared;

/// Why a step was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Its narration was cancelled, or a later run began.
    Cancelled,
    /// The lease was lost.
    Lost,
    /// The lease was asked for in the course of the work, and is not to be had.
    Refused,
    /// The lease was taken in the course of the work, and it turned out that the step may have
    /// crashed a process: it begins again, alone.
    Alone,
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
pub struct Heartbeat<H> {
    pub shared: Arc<Shared<H>>,
    pub lease: Arc<LazyLease>,
    pub ack: Arc<dyn Acknowledge>,
    pub signal: Arc<Signal>,
    /// Asks for the lease before its time.
    pub asked: Arc<Notify>,
    /// Whether it is held.
    pub leased: watch::Sender<bool>,
    /// When the store was last heard of.
    pub heard: Mutex<Instant>,
}

/// How many looks one extension may take while the store is away. Such a try and the pause after it
/// are shorter together than others wait before they take over a lease that ran out.
const TRY: u32 = 3;

impl<H: Handler> Heartbeat<H> {
    /// Keeps the lease and the ack-wait until the step is stopped or this is dropped.
    pub async fn beat(self) {
        tokio::select! {
            biased;
            () = self.keep() => {}
            () = self.report() => {}
        }
    }

    /// The lease: the one that is held, or taken when the work has lasted a while or is about to be
    /// paid for. None when the step has stopped or ended before.
    async fn held_or_taken(&self) -> Option<Lease> {
        let options = &self.shared.options;
        if let Some(lease) = self.lease.held().await {
            self.leased.send_replace(true);
            return Some(lease);
        }
        tokio::select! {
            biased;
            () = self.asked.notified() => {}
            () = tokio::time::sleep(options.lease_after) => {}
        }
        let mut away = false;
        loop {
            match self.shared.take_lease(&self.lease).await {
                Ok(lease) => {
                    self.hear();
                    self.leased.send_replace(true);
                    return Some(lease);
                }
                Err(Untaken::Stop(reason)) => {
                    self.signal.stop(reason);
                    return None;
                }
                Err(Untaken::Closed) => return None,
                Err(Untaken::Store(failure)) => {
                    if !std::mem::replace(&mut away, true) {
                        tracing::warn!(%failure, "no lease yet, the step works on and asks again");
                    }
                }
            }
            tokio::time::sleep(options.look).await;
        }
    }

    /// Takes the lease, and extends it until it is lost or the step is not wanted any more.
    async fn keep(&self) {
        let Some(lease) = self.held_or_taken().await else { return std::future::pending().await };
        let (steps, options) = (&self.shared.steps, &self.shared.options);
        let mut due = Instant::now() + options.heartbeat;
        let mut away = false;
        loop {
            tokio::time::sleep_until(due).await;
            let now = Instant::now();
            // An extension may hang on a connection that died.
            let within = if away { TRY * options.look } else { options.heartbeat };
            match stored(steps, within, steps.extend(&lease)).await {
                Ok(extended) if extended.cancelled => return self.signal.stop(Stop::Cancelled),
                Ok(_) => {
                    self.hear();
                    if std::mem::take(&mut away) {
                        tracing::info!("lease extended, the store is back");
                    }
                    due = now + options.heartbeat;
                }
                Err(LeaseError::Lost(_)) => {
                    self.shared.note_lost(&self.lease);
                    return self.signal.stop(Stop::Lost);
                }
                Err(LeaseError::Store(error)) => {
                    if !std::mem::replace(&mut away, true) {
                        tracing::warn!(%error, "lease not extended, the step works on and asks again");
                    }
                    due = Instant::now() + options.look;
                }
            }
        }
    }

    fn hear(&self) {
        *self.heard.lock() = Instant::now();
    }

    fn silent_for(&self) -> Duration {
        self.heard.lock().elapsed()
    }

    /// Reports progress, by which the command is not delivered to others, for as long as the step
    /// is at work and the store is heard of; without end. A report that hangs is given up for the
    /// next one.
    async fn report(&self) {
        let options = &self.shared.options;
        let mut due = Instant::now() + options.heartbeat;
        loop {
            tokio::time::sleep_until(due).await;
            due += options.heartbeat;
            if self.silent_for() >= options.unheard {
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
