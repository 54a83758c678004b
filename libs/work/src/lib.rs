//! Work: the steps of a stage, and the loop that every stage service runs. It takes commands, has a
//! [`Handler`] do them, and sees to it that each step ends once, whatever is lost, repeated or
//! crashes meanwhile.
//!
//! What becomes of a delivery follows from the step's record, never from the message
//! ([`delivery`]). The record of a step that goes well is written once, at its end:
//!
//! | the record says | the worker |
//! | --- | --- |
//! | there is none, and the command was never delivered before | runs the handler ([`attempt`]) and inserts its end |
//! | there is none, and it was delivered before | counts a crash, unless the store was away or it is too soon for that; claims it, and runs the handler alone in the process |
//! | done | publishes its event again, acks |
//! | failed for good, or dead | sees that its dead letter exists, publishes its event again, terminates |
//! | cancelled, or of an earlier run | acks |
//! | leased elsewhere | hands the command back for the rest of the lease |
//! | to be tried again later | hands it back until then; beyond [`WorkerOptions::backlog_from`] acks, the dispatcher publishes it again |
//! | crashed too often | writes its end, buries, publishes, terminates |
//! | free | claims it and runs the handler |
//!
//! Before the record is asked, the command is read ([`Reading`]): one of a newer version is left to
//! a newer replica, one of an engine that is out of order waits ([`breaker`]), and one that cannot
//! be read ends its step as a dead letter. Whether a failed attempt is followed by another is for
//! [`retry`] to say.
//!
//! # A first delivery
//!
//! A command that was never delivered before has a step without a record, nearly always. So it is
//! not looked for: the handler runs, and its end is inserted, which takes place once, as a key has
//! one record (I2). Where there is a record after all (the command was published twice, or the
//! queue lost its count), the insert finds it and what follows is what it says ([`lazy_lease`]):
//! its end is told again, work that nobody else holds is written under a lease, and work that
//! somebody else holds is discarded. What this process itself has written lately it knows
//! ([`known`]), so its own steps are not begun again for nothing. A command that is late, or of a
//! later run than the first, is looked up before it begins: its run may be over.
//!
//! The lease is taken when the work lasts [`WorkerOptions::lease_after`], or when the handler asks
//! for it before a call that costs money ([`Task::before_payment`]); from then on everything is as
//! for a step that was claimed first.
//!
//! What a process leaves that dies, by when that is:
//!
//! | it dies | there is | so |
//! | --- | --- | --- |
//! | before the handler begins, or in its first second | nothing | the command comes again after the ack-wait, for the second time: a crash is counted, the step claimed and run alone |
//! | while it asks for the lease | nothing, or a lease | the same, or as below |
//! | under a lease | a lease | it runs out, is taken over, and counts as a crash |
//! | before a call that is paid for | a lease | nobody else pays while it lasts; what was stored is found by whoever comes next (I8) |
//! | after its end is inserted, before its event | an end | the command comes again, and its event is published |
//! | after the event, before the ack | an end | the same: events may be repeated |
//!
//! Only the first delivery works without a record, so however often the command came since, one
//! crash is what it tells of. Whoever hands a command back without having begun writes a record
//! that says so, since the next delivery would be taken for the second of a crash.
//!
//! A handler runs in a task of its own. If it panics, the process lives on, so the panic counts as
//! a failed attempt, not as a crash. After a crash, the step runs alone in its process
//! ([`isolation`]). Who lost the lease discards the work and answers nothing: the message is the
//! new holder's.
//!
//! A store or a queue that is away ends no work ([`outage`], [`heartbeat`]). A step that is pinned
//! to a version which this process does not have is left to another replica for a while ([`pins`]),
//! and one for which there is no money, or whose engine's account an operator has to mend, waits
//! without losing an attempt ([`held`]).
//! Who is cancelled hears of it by one look for all steps of the process ([`cancels`]).

mod announce;
mod attempt;
mod breaker;
mod cancels;
mod capacity;
mod delivery;
mod heartbeat;
mod held;
mod isolation;
mod known;
mod lazy_lease;
mod options;
mod outage;
mod pins;
mod retry;
mod stats;
pub mod steps;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::id::{Service, StepId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

pub use self::breaker::{BreakerOptions, Engines};
pub use self::capacity::{CAPACITY, Capacity, POSTPONED, Postponed};
pub use self::options::{Traces, WorkerOptions};
pub use self::retry::{RetryPolicy, Rule};
pub use self::stats::{DeliveryOutcome, WorkerStats};
pub use self::worker::Worker;

/// The topic of hints that a narration's steps were cancelled; the payload is the narration's id.
/// Running steps look at once whether they are wanted, in place of at the next look.
pub const CANCELLED: &str = "cancelled";

/// What a step made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The encoded event that says so, at most [`steps::MAX_EVENT_BYTES`].
    pub event: Bytes,
}

/// A step at work.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which step.
    pub step: StepId,
    /// Whose.
    pub tenant: TenantId,
    /// Grows with every claim; 0 for a step that began without one.
    pub fence: u64,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many times a process ended while the step was at work.
    pub crashes: u32,
    /// Fires when nobody wants the work any more: the narration was cancelled, the lease was lost,
    /// or the process drains and its grace is over. A handler that does not end soon after is
    /// aborted.
    pub cancel: CancellationToken,
    /// How it gets its lease.
    pub payment: Payment,
}

impl Task {
    /// To be called before a call that costs money: takes the lease of the step, if it is not held
    /// yet, so that nobody else pays for the same meanwhile. After it, look once more for what an
    /// earlier holder may have stored. While the store is away, it waits.
    ///
    /// # Errors
    /// `CANCELLED` when the lease cannot be had, or the work is not wanted any more.
    pub async fn before_payment(&self) -> Result<(), Failure> {
        self.payment.wait(&self.cancel).await
    }
}

/// How a handler gets the lease of its step before it pays. The default one is for work that has
/// it, or needs none.
#[derive(Debug, Clone, Default)]
pub struct Payment(Option<Asking>);

#[derive(Debug, Clone)]
struct Asking {
    asked: Arc<Notify>,
    leased: watch::Receiver<bool>,
}

impl Payment {
    /// Asks by `asked`, and waits for `leased`.
    fn asking(asked: Arc<Notify>, leased: watch::Receiver<bool>) -> Self {
        Self(Some(Asking { asked, leased }))
    }

    /// Waits until the lease is held, unless `cancel` fires.
    ///
    /// # Errors
    /// `CANCELLED`.
    pub async fn wait(&self, cancel: &CancellationToken) -> Result<(), Failure> {
        let refused = || Failure::new(Kind::Cancelled, Reason::Cancelled, "the step is not this worker's to pay for");
        let Some(asking) = &self.0 else {
            return if cancel.is_cancelled() { Err(refused()) } else { Ok(()) };
        };
        asking.asked.notify_one();
        let mut leased = asking.leased.clone();
        let held = async { leased.wait_for(|held| *held).await.is_ok() };
        match cancel.run_until_cancelled(held).await {
            Some(true) => Ok(()),
            Some(false) | None => Err(refused()),
        }
    }
}

/// What a command says of itself, before its step is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Work for this version.
    For {
        /// Whose.
        tenant: TenantId,
        /// The engine that it needs, by the name in the narration's pins; none when it needs no
        /// provider.
        engine: Option<String>,
    },
    /// A newer layout, or a kind of work that this version does not know: handed back for a newer
    /// replica, without a claim and without counting an attempt.
    Newer,
    /// It cannot be read by any version, and why. Its step fails for good.
    Unreadable(String),
}

/// Does the steps of one service.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Whose commands it takes.
    fn service(&self) -> Service;

    /// What a command says of itself.
    fn read(&self, command: &Bytes) -> Reading;

    /// Does a step. It may run more than once, and at the same time in another process, so what it
    /// makes must be content-addressed, looked for before it is made, and paid for only after
    /// [`Task::before_payment`].
    ///
    /// # Errors
    /// A retryable [`lectern_core::Kind`] is tried again as [`RetryPolicy`] says, not before
    /// [`Failure::retry_after`] where given; any other fails the step for good.
    /// `BUDGET_EXHAUSTED` has the step wait, however often, without counting an attempt; so do
    /// `ENGINE_CREDENTIALS` and `ENGINE_BUDGET`, where
    /// [`WorkerOptions::waits_for_operator`] says so.
    /// `ENGINE_UNAVAILABLE` and `ENGINE_LIMITED` say that the engine's provider is to blame;
    /// `PIN_UNAVAILABLE`, always in the same words for the same versions, that this process does
    /// not have the version which the step is pinned to.
    async fn handle(&self, task: &Task, command: Bytes) -> Result<Done, Failure>;

    /// The encoded event that a step failed for good.
    fn failed(&self, step: &StepId, command: &Bytes, failure: &Failure) -> Bytes;
}
