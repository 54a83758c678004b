//! The loop: one consumer for the whole process pulls commands while permits are free, and each
//! delivery is seen through in a task of its own. A pull asks for half of what is free: who asks
//! first takes no batch whole that others are idle for.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use lectern_core::{Clock, Random};
use lectern_queue::{Delivery, Processed, Queue, QueueError, until};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::breaker::{Breakers, Engines};
use crate::cancels::{self, Cancels};
use crate::isolation::{Isolation, Ticket};
use crate::known::Known;
use crate::options::WorkerOptions;
use crate::outage::{self, Unsure};
use crate::pins::GonePins;
use crate::stats::{DeliveryOutcome, WorkerStats};
use crate::steps::Steps;
use crate::{Handler, announce};

/// Runs the steps of one service with a bounded number of permits.
pub struct Worker<H> {
    shared: Arc<Shared<H>>,
}

/// What the deliveries of a worker share.
pub(crate) struct Shared<H> {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) steps: Steps,
    pub(crate) handler: Arc<H>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) options: WorkerOptions,
    pub(crate) holder: String,
    /// Deliveries so far, each of which has a holder's name of its own.
    pub(crate) holders: AtomicU64,
    /// Leases that were given up and may have been taken.
    pub(crate) unsure: Mutex<Vec<Unsure>>,
    pub(crate) known: Known,
    pub(crate) gone: GonePins,
    pub(crate) isolation: Isolation,
    pub(crate) breakers: Arc<Breakers>,
    pub(crate) stats: Arc<WorkerStats>,
    pub(crate) processed: Processed,
    pub(crate) cancels: Cancels,
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
            processed: Processed::commands(&*queue, handler.service()),
            queue,
            steps,
            handler,
            clock,
            random,
            options,
            holder,
            holders: AtomicU64::new(0),
            unsure: Mutex::default(),
            known: Known::default(),
            gone: GonePins::default(),
            isolation: Isolation::default(),
            breakers,
            stats: Arc::default(),
            cancels: Cancels::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Its counters; they go on counting while it runs.
    #[must_use]
    pub fn stats(&self) -> Arc<WorkerStats> {
        Arc::clone(&self.shared.stats)
    }

    /// Most steps at work at once.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.shared.options.permits
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
        let hints = AbortOnDropHandle::new(tokio::spawn(cancels::listen(Arc::clone(&shared))));
        let looking = AbortOnDropHandle::new(tokio::spawn(cancels::look(Arc::clone(&shared))));
        let disowning = AbortOnDropHandle::new(tokio::spawn(outage::disown(Arc::clone(&shared))));
        let announcing = announce::announce(Arc::clone(&shared), shutdown.clone());
        let announcing = AbortOnDropHandle::new(tokio::spawn(announcing));
        let mut consumer = Consumer {
            permits: Arc::new(Semaphore::new(shared.options.permits.clamp(1, Semaphore::MAX_PERMITS))),
            drained: CancellationToken::new(),
            deliveries: JoinSet::new(),
            shared: Arc::clone(&shared),
            shutdown,
        };
        consumer.consume().await;
        consumer.drain().await;
        drop((hints, looking, disowning));
        outage::disown_at_last(&shared).await;
        // It says last that no more steps are taken. A queue that hangs holds up no process.
        let _ = tokio::time::timeout(shared.options.stop_within, announcing).await;
    }
}

/// Takes commands, and has a task for each.
struct Consumer<H> {
    shared: Arc<Shared<H>>,
    permits: Arc<Semaphore>,
    deliveries: JoinSet<()>,
    shutdown: CancellationToken,
    /// Fires when the grace of a drain is over.
    drained: CancellationToken,
}

impl<H: Handler> Consumer<H> {
    /// Pulls while permits are free, until the shutdown.
    async fn consume(&mut self) {
        let (shared, shutdown) = (Arc::clone(&self.shared), self.shutdown.clone());
        let mut failures = 0_u32;
        while !shutdown.is_cancelled() {
            let Some(Some(free)) = shutdown.run_until_cancelled(free(&self.permits)).await else { return };
            // After the permit: what ended just now may have found an engine out of order.
            shared.wait_for_engines(&shutdown).await;
            while let Some(ended) = self.deliveries.try_join_next() {
                note_panic(ended);
            }
            // Before the claim: who waits here while a step runs alone holds no lease that its
            // crash would cost.
            let Some(ticket) = shutdown.run_until_cancelled(shared.isolation.enter()).await else { return };
            match shared.pull(free.num_permits().div_ceil(2), &shutdown).await {
                // They came with the shutdown. The drain waits for these tasks as for all, and for
                // none of them before it begins.
                Ok(commands) if shutdown.is_cancelled() => {
                    for command in commands {
                        let shared = Arc::clone(&shared);
                        self.deliveries.spawn(async move { shared.hand_back_untouched(&command).await });
                    }
                }
                Ok(commands) => {
                    failures = 0;
                    self.begin(commands, free, &ticket);
                }
                Err(error) => {
                    drop((ticket, free));
                    failures = failures.saturating_add(1);
                    let delay = shared.options.backoff.delay(failures, &*shared.random);
                    tracing::warn!(%error, ?delay, "no commands, trying again");
                    let _ = shutdown.run_until_cancelled(tokio::time::sleep(delay)).await;
                }
            }
        }
    }

    /// Begins a task for each command, with a permit that it holds until it is over.
    fn begin(&mut self, commands: Vec<Delivery>, mut free: OwnedSemaphorePermit, ticket: &Ticket) {
        for delivery in commands {
            // One that a queue gave beyond what it was asked for is seen through all the same.
            let permit = free.split(1);
            let (shared, ticket) = (Arc::clone(&self.shared), Arc::clone(ticket));
            let (shutdown, drained) = (self.shutdown.clone(), self.drained.clone());
            self.deliveries.spawn(async move {
                let _permit = permit;
                if shared.deliver(delivery, ticket, &drained).await == DeliveryOutcome::LeftToNewer {
                    // Who just handed it back is not to be the one who gets it again: where all
                    // replicas are idle, an old one might always be asked first, and a newer one
                    // never.
                    let away = shared.options.unknown_later + shared.options.pull_wait;
                    let _ = shutdown.run_until_cancelled(tokio::time::sleep(away)).await;
                }
            });
        }
    }

    /// Lets what is at work end within the grace, and then gives it back.
    async fn drain(&mut self) {
        let shared = Arc::clone(&self.shared);
        tracing::info!(running = shared.stats.running(), "worker drains");
        if tokio::time::timeout(shared.options.grace, self.all_ended()).await.is_err() {
            tracing::info!(running = shared.stats.running(), "grace is over, giving steps back");
            self.drained.cancel();
            self.all_ended().await;
        }
    }

    async fn all_ended(&mut self) {
        while let Some(ended) = self.deliveries.join_next().await {
            note_panic(ended);
        }
    }
}

/// All permits that are free, once one is.
async fn free(permits: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    let mut free = Arc::clone(permits).acquire_owned().await.ok()?;
    while let Ok(more) = Arc::clone(permits).try_acquire_owned() {
        free.merge(more);
    }
    Some(free)
}

fn note_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a delivery broke off, its command comes again after the ack-wait");
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

    async fn pull(&self, most: usize, shutdown: &CancellationToken) -> Result<Vec<Delivery>, QueueError> {
        let pull = self.queue.pull(self.handler.service(), most, self.options.pull_wait);
        until(&*self.queue, shutdown, pull).await.unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Whether every step is claimed before it begins.
    pub(crate) fn claims_first(&self) -> bool {
        self.options.lease_after == Duration::ZERO || self.steps.claims_first()
    }
}
