//! Several gateways over one store and one queue. Each is told of workers by the queue, or by a
//! test itself.

use lectern_core::random::SeededRandom;
use lectern_store::Change;
use lectern_store::memory::{FaultPlan, MemoryStore};

use super::*;
use crate::domain::{Lane, Turn};

/// What the gateways of a fleet share.
pub(super) struct Fleet {
    pub(super) store: Arc<MemoryStore>,
    pub(super) narrations: Collection<Narration>,
    pub(super) queue: Arc<MemoryQueue>,
    pub(super) clock: Arc<VirtualClock>,
    random: Arc<SeededRandom>,
    /// Permits that are announced of tts, all the time.
    permits: Arc<AtomicUsize>,
    _workers: AbortOnDropHandle<()>,
}

/// A gateway that runs.
pub(super) struct Running {
    pub(super) dispatcher: Dispatcher,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Running {
    /// Ends it as an operator does.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("it ended");
    }

    pub(super) fn granted(&self) -> Vec<StepId> {
        self.dispatcher.granted(Service::Tts)
    }
}

impl Fleet {
    pub(super) async fn new() -> Self {
        Self::with_faults(FaultPlan::default()).await
    }

    /// One whose store answers late, as drawn from a seed: so its gateways' calls mix.
    pub(super) async fn with_delays(seed: u64) -> Self {
        let longest = Duration::from_millis(40);
        Self::with_faults(FaultPlan { seed, delays: 500, longest, ..FaultPlan::default() }).await
    }

    async fn with_faults(plan: FaultPlan) -> Self {
        let clock = Arc::new(VirtualClock(Instant::now()));
        let store = Arc::new(MemoryStore::with_faults(Arc::clone(&clock) as Arc<dyn Clock>, plan));
        let (shared, random) = (Arc::clone(&store) as Arc<dyn lectern_store::Store>, SeededRandom::new(plan.seed));
        let random = Arc::new(random);
        let narrations = Collection::<Narration>::with_random(shared, Arc::clone(&random) as Arc<dyn Random>);
        narrations.ensure().await.expect("a collection");
        let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let permits = Arc::new(AtomicUsize::new(0));
        let workers = tokio::spawn(announce_all_the_time(Arc::clone(&queue), Arc::clone(&permits)));
        Self { store, narrations, queue, clock, random, permits, _workers: AbortOnDropHandle::new(workers) }
    }

    /// A dispatcher of a gateway that has just started, and does what it is told to.
    pub(super) async fn dispatcher(&self, options: DispatchOptions) -> Dispatcher {
        let master: Arc<[u8]> = b"a secret of 32 bytes and some more".as_slice().into();
        let (queue, clock) = (Arc::clone(&self.queue) as Arc<dyn Queue>, Arc::clone(&self.clock) as Arc<dyn Clock>);
        let random = Arc::clone(&self.random) as Arc<dyn Random>;
        let dispatcher = Dispatcher::new(self.narrations.clone(), queue, clock, random, master, options);
        dispatcher.ensure().await.expect("collections");
        dispatcher
    }

    /// A gateway that runs by itself.
    pub(super) async fn start(&self, options: DispatchOptions) -> Running {
        let (dispatcher, stop) = (self.dispatcher(options).await, CancellationToken::new());
        let (run, until) = (dispatcher.clone(), stop.clone());
        let task = AbortOnDropHandle::new(tokio::spawn(async move { run.run(until).await }));
        Running { dispatcher, stop, task }
    }

    /// So many gateways that know each other, and workers that do `permits` steps at once.
    pub(super) async fn start_all(&self, count: usize, permits: usize, options: DispatchOptions) -> Vec<Running> {
        self.permits.store(permits, Ordering::SeqCst);
        let mut gateways = Vec::new();
        for _ in 0..count {
            gateways.push(self.start(options).await);
        }
        tokio::time::sleep(EVERY * 3).await;
        gateways
    }

    /// Lets a dispatcher hear of a worker of tts.
    pub(super) fn announce(&self, dispatcher: &Dispatcher, holder: &str, permits: usize, open: &[&str]) {
        let announced = Capacity { holder: holder.to_owned(), ..capacity(Service::Tts, permits, open) };
        dispatcher.workers().hear(&announced.encode(), self.clock.now());
    }

    /// Accepts a narration that is ready to be recorded in so many sections, and tells nobody.
    pub(super) async fn insert(&self, id: &str, turn: &Turn, sections: u32) -> Versioned<Narration> {
        let mut ordered = written(sections);
        ordered.id = id.parse().expect("an id");
        ordered.tenant = turn.tenant.clone();
        ordered.lane = turn.lane.number();
        ordered.pins.speakers.first_mut().voice.name = format!("engines/{}/voices/a", turn.engine);
        ordered.created = self.clock.now();
        ordered.ready = crate::conduct::wanted::ready(&ordered, Window::default());
        let revision = self.narrations.insert(&ordered).await.expect("inserted");
        Versioned { record: ordered, revision }
    }

    /// Changes a narration, and tells nobody.
    pub(super) async fn change(
        &self,
        id: &NarrationId,
        change: impl Fn(&mut Narration) + Send,
    ) -> Versioned<Narration> {
        let changed = self.narrations.update(id.as_str(), move |narration| {
            change(narration);
            narration.ready = crate::conduct::wanted::ready(narration, Window::default());
            Ok(Change::Write)
        });
        let changed = changed.await.expect("written");
        Versioned { record: changed.record, revision: changed.revision }
    }

    /// Ends a narration, and tells nobody.
    pub(super) async fn end(&self, id: &NarrationId) -> Versioned<Narration> {
        let now = self.clock.now();
        self.change(id, move |narration| {
            narration.cancel(Failure::internal("cancelled"), now);
        })
        .await
    }
}

/// A turn at tts.
pub(super) fn turn_of(tenant: &str, lane: Lane, engine: &str) -> Turn {
    Turn { lane, tenant: tenant.parse().expect("a tenant"), engine: engine.to_owned(), wire: String::new() }
}

/// A section of a narration of the first run.
pub(super) fn step(id: &str, section: u32) -> StepId {
    format!("{id}/1/record/{section}").parse().expect("a step")
}

/// What is granted of a tenant whose narrations begin with its name.
pub(super) fn granted_of(granted: &[StepId], tenant: &str) -> usize {
    granted.iter().filter(|step| step.narration.as_str().starts_with(tenant)).count()
}

async fn announce_all_the_time(queue: Arc<MemoryQueue>, permits: Arc<AtomicUsize>) {
    loop {
        let permits = permits.load(Ordering::SeqCst);
        if permits > 0 {
            queue.hint(CAPACITY, capacity(Service::Tts, permits, &[]).encode()).await.expect("a hint");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
