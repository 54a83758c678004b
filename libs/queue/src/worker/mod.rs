//! The loop that every stage service runs: takes commands, has a [`Handler`] do them, and sees to
//! it that each step ends once, whatever is lost, repeated or crashes meanwhile.
//!
//! What becomes of a delivery follows from the step's record, never from the message
//! ([`delivery`]):
//!
//! | the record says | the worker |
//! | --- | --- |
//! | done | publishes its event again, acks |
//! | failed for good, or dead | sees that its dead letter exists, publishes its event again, terminates |
//! | cancelled, or of an earlier run | acks |
//! | leased elsewhere | hands the command back for the rest of the lease |
//! | to be tried again later | hands it back until then; beyond [`WorkerOptions::backlog_from`] acks, the dispatcher's audit publishes it again |
//! | crashed too often | commits its end, buries, publishes, terminates |
//! | free | claims it and runs the handler ([`attempt`]) |
//!
//! Before the record is asked, the command is read ([`Reading`]): one of a newer version is left to
//! a newer replica, one of an engine that is out of order waits unclaimed ([`breaker`]), and one
//! that cannot be read ends its step as a dead letter. Whether a failed attempt is followed by
//! another is for [`retry`] to say.
//!
//! A handler runs in a task of its own. If it panics, the process lives on, so the panic counts as
//! a failed attempt, not as a crash. A crash is a lease that ran out because its process died or
//! hung; after one, the step runs alone in its process ([`gate`]). Who lost the lease discards the
//! work and answers nothing: the message is the new holder's.
//!
//! A store or a queue that is away ends no work ([`outage`], [`heartbeat`]). A step that is pinned
//! to a version which this process does not have is left to another replica for a while ([`pins`]).

mod announce;
mod attempt;
mod breaker;
mod capacity;
mod delivery;
mod gate;
mod heartbeat;
mod options;
mod outage;
mod pins;
mod retry;
mod stats;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::id::{Service, StepId, TenantId};
use lectern_core::{Clock, Digest, Failure, Random};
use lectern_store::steps::Steps;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::breaker::Breakers;
pub use self::breaker::{BreakerOptions, Engines};
pub use self::capacity::{CAPACITY, Capacity, PUT_OFF, PutOff};
use self::delivery::HANDING_BACK;
use self::gate::Gate;
pub use self::options::{Traces, WorkerOptions};
use self::outage::{Unsure, answered};
use self::pins::GonePins;
pub use self::retry::{RetryPolicy, Rule};
pub use self::stats::{Outcome, WorkerStats};
use crate::port::{Queue, hear, until};

/// The topic of hints that a narration's steps were cancelled; the payload is the narration's id.
/// Running steps look at once whether they are wanted, in place of at the next look.
pub const CANCELLED: &str = "cancelled";

/// What a step made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The encoded event that says so, at most [`lectern_store::steps::MAX_EVENT_BYTES`].
    pub event: Bytes,
    /// The digest of the result, where there is one.
    pub result: Option<Digest>,
}

/// A claimed step.
#[derive(Debug, Clone)]
pub struct Task {
    /// Which step.
    pub step: StepId,
    /// Whose.
    pub tenant: TenantId,
    /// Grows with every claim; to be named by what the handler writes under its own lease.
    pub fence: u64,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// How many leases of the step were lost.
    pub crashes: u32,
    /// Fires when nobody wants the work any more: the narration was cancelled, the lease was lost,
    /// or the process drains and its grace is over. A handler that does not end soon after is
    /// aborted.
    pub cancel: CancellationToken,
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

    /// Does a step. It may run more than once, so what it makes must be content-addressed.
    ///
    /// # Errors
    /// A retryable [`lectern_core::Kind`] is tried again as [`RetryPolicy`] says, not before
    /// [`Failure::retry_after`] where given; any other fails the step for good.
    /// `ENGINE_UNAVAILABLE` and `ENGINE_LIMITED` say that the engine's provider is to blame;
    /// `PIN_UNAVAILABLE`, always in the same words for the same versions, that this process does
    /// not have the version which the step is pinned to.
    async fn handle(&self, task: &Task, command: Bytes) -> Result<Done, Failure>;

    /// The encoded event that a step failed for good.
    fn failed(&self, step: &StepId, command: &Bytes, failure: &Failure) -> Bytes;

    /// The noun and the id under which a step's event is published.
    fn event_subject(&self, step: &StepId) -> (&'static str, String);
}

/// Runs the steps of one service with a bounded number of permits.
pub struct Worker<H> {
    shared: Arc<Shared<H>>,
}

/// What the permits of a worker share.
struct Shared<H> {
    queue: Arc<dyn Queue>,
    steps: Steps,
    handler: Arc<H>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    options: WorkerOptions,
    holder: String,
    /// Claims so far, each of which has a holder's name of its own.
    claims: AtomicU64,
    /// Claims that were given up and may have taken place.
    unsure: Mutex<Vec<Unsure>>,
    gone: GonePins,
    gate: Gate,
    breakers: Arc<Breakers>,
    stats: Arc<WorkerStats>,
    running: Mutex<BTreeMap<StepId, Arc<Notify>>>,
}

impl<H> Debug for Worker<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").field("holder", &self.shared.holder).field("stats", &self.shared.stats).finish()
    }
}

impl<H: Handler> Worker<H> {
    /// A worker that has not started.
    #[must_use]
    pub fn new(
        queue: Arc<dyn Queue>,
        steps: Steps,
        handler: Arc<H>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        options: WorkerOptions,
    ) -> Self {
        let holder = format!("{}-{:016x}", handler.service().as_str(), random.next());
        let breakers = Arc::new(Breakers::new(options.breaker, Arc::clone(&random)));
        let shared = Shared {
            queue,
            steps,
            handler,
            clock,
            random,
            options,
            holder,
            claims: AtomicU64::new(0),
            unsure: Mutex::default(),
            gone: GonePins::default(),
            gate: Gate::default(),
            breakers,
            stats: Arc::default(),
            running: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Its counters; they go on counting while it runs.
    #[must_use]
    pub fn stats(&self) -> Arc<WorkerStats> {
        Arc::clone(&self.shared.stats)
    }

    /// The engines that its steps have named so far, and whether each one's breaker is open; news
    /// with every transition.
    #[must_use]
    pub fn engines(&self) -> watch::Receiver<Engines> {
        self.shared.breakers.subscribe()
    }

    /// Runs until `shutdown`, then drains: takes no more commands, lets those at work end within
    /// [`WorkerOptions::grace`], and gives the rest back without counting an attempt.
    pub async fn run(self, shutdown: CancellationToken) {
        let shared = self.shared;
        let hints = AbortOnDropHandle::new(tokio::spawn(listen(Arc::clone(&shared))));
        let disowning = AbortOnDropHandle::new(tokio::spawn(outage::disown(Arc::clone(&shared))));
        let announcing = announce::announce(Arc::clone(&shared), shutdown.clone());
        let announcing = AbortOnDropHandle::new(tokio::spawn(announcing));
        let drained = CancellationToken::new();
        let mut permits = JoinSet::new();
        for _ in 0..shared.options.permits.max(1) {
            permits.spawn(permit(Arc::clone(&shared), shutdown.clone(), drained.clone()));
        }
        while !shutdown.is_cancelled() {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                Some(ended) = permits.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a permit of the worker ended, starting another");
                        permits.spawn(permit(Arc::clone(&shared), shutdown.clone(), drained.clone()));
                    }
                }
            }
        }
        tracing::info!(running = shared.stats.running(), "worker drains");
        let all_ended = async { while permits.join_next().await.is_some() {} };
        if tokio::time::timeout(shared.options.grace, all_ended).await.is_err() {
            tracing::info!(running = shared.stats.running(), "grace is over, giving steps back");
            drained.cancel();
            while permits.join_next().await.is_some() {}
        }
        drop((hints, disowning));
        outage::disown_at_last(&shared).await;
        // It says last that no more steps are taken. A queue that hangs holds up no process.
        let _ = tokio::time::timeout(shared.options.stop_within, announcing).await;
    }
}

/// Takes one command after another, each only when the one before is over.
async fn permit<H: Handler>(shared: Arc<Shared<H>>, shutdown: CancellationToken, drained: CancellationToken) {
    let service = shared.handler.service();
    let mut failures = 0_u32;
    while !shutdown.is_cancelled() {
        shared.wait_for_engines(&shutdown).await;
        // Before the claim: who waits here while a step runs alone holds no lease that its crash
        // would cost.
        let turn = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            turn = shared.gate.enter() => turn,
        };
        let pulled = until(&*shared.queue, &shutdown, shared.queue.pull(service, shared.options.pull_wait)).await;
        match pulled.unwrap_or(Ok(None)) {
            Ok(Some(delivery)) if shutdown.is_cancelled() => {
                if let Err(error) = answered(HANDING_BACK, delivery.ack.nak(std::time::Duration::ZERO)).await {
                    tracing::warn!(%error, step = %delivery.step, "command not handed back, it comes again after the ack-wait");
                }
            }
            Ok(Some(delivery)) => {
                failures = 0;
                if shared.deliver(delivery, turn, &drained).await == Outcome::LeftToNewer {
                    // Who just handed it back is not to be the one who gets it again: where all
                    // replicas are idle, an old one might always be asked first, and a newer one
                    // never.
                    let away = shared.options.unknown_later + shared.options.pull_wait;
                    let _ = shutdown.run_until_cancelled(tokio::time::sleep(away)).await;
                }
            }
            Ok(None) => failures = 0,
            Err(error) => {
                drop(turn);
                failures = failures.saturating_add(1);
                let delay = shared.options.backoff.delay(failures, &*shared.random);
                tracing::warn!(%error, ?delay, "no commands, trying again");
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => {}
                    () = tokio::time::sleep(delay) => {}
                }
            }
        }
    }
}

impl<H: Handler> Shared<H> {
    /// Waits while every engine seen lately is out of order and no probe is due. Not for ever:
    /// commands of an engine that was not seen lately may have come, so now and then one is pulled
    /// regardless.
    async fn wait_for_engines(&self, shutdown: &CancellationToken) {
        let longest = self.options.backlog_from;
        let look = tokio::time::Instant::now() + longest;
        while let Some(rest) = self.breakers.pause() {
            let until = (tokio::time::Instant::now() + rest).min(look);
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep_until(until) => {}
            }
            if until >= look {
                return;
            }
        }
    }
}

/// Passes hints of cancelled narrations on to their running steps. Lost hints cost no more than the
/// time to the next look.
async fn listen<H: Handler>(shared: Arc<Shared<H>>) {
    let poke = |narration: Bytes| {
        let running = shared.running.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, poke) in running.iter().filter(|(step, _)| step.narration.as_str().as_bytes() == narration) {
            poke.notify_one();
        }
        std::future::ready(())
    };
    hear(&*shared.queue, CANCELLED, shared.options.backoff.cap, poke).await;
}
