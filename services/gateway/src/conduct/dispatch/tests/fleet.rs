//! Several dispatchers over one store, which do what they are told to: what one of them remembers,
//! another may have changed.

use lectern_core::random::SeededRandom;
use lectern_store::memory::{FaultPlan, MemoryStore};

use super::*;

/// What the dispatchers of a fleet share.
pub(super) struct Fleet {
    pub(super) store: Arc<MemoryStore>,
    pub(super) narrations: Collection<Narration>,
    pub(super) turns: Collection<Turn>,
    pub(super) queue: Arc<MemoryQueue>,
    pub(super) clock: Arc<VirtualClock>,
}

impl Fleet {
    pub(super) async fn new() -> Self {
        Self::with_faults(FaultPlan::default()).await
    }

    /// One whose store answers late, as drawn from a seed: so its dispatchers' calls mix.
    pub(super) async fn with_delays(seed: u64) -> Self {
        let longest = Duration::from_millis(40);
        Self::with_faults(FaultPlan { seed, delays: 500, longest, ..FaultPlan::default() }).await
    }

    async fn with_faults(plan: FaultPlan) -> Self {
        let clock = Arc::new(VirtualClock(Instant::now()));
        let store = Arc::new(MemoryStore::with_faults(Arc::clone(&clock) as Arc<dyn Clock>, plan));
        let shared = Arc::clone(&store) as Arc<dyn lectern_store::Store>;
        let narrations = Collection::<Narration>::with_random(shared, Arc::new(SeededRandom::new(plan.seed)));
        narrations.ensure().await.expect("a collection");
        let (turns, queue) = (narrations.beside(), Arc::new(MemoryQueue::new(ConnectOptions::default())));
        Self { store, narrations, turns, queue, clock }
    }

    /// A dispatcher of a gateway that has just started.
    pub(super) async fn dispatcher(&self, options: DispatchOptions) -> Dispatcher {
        let master: Arc<[u8]> = b"a secret of 32 bytes and some more".as_slice().into();
        let (queue, clock) = (Arc::clone(&self.queue) as Arc<dyn Queue>, Arc::clone(&self.clock) as Arc<dyn Clock>);
        let dispatcher = Dispatcher::new(self.narrations.clone(), queue, clock, master, options);
        dispatcher.ensure().await.expect("collections");
        dispatcher
    }

    /// Lets a dispatcher hear of a worker of tts.
    pub(super) fn announce(&self, dispatcher: &Dispatcher, holder: &str, permits: usize, open: &[&str]) {
        let announced = Capacity { holder: holder.to_owned(), ..capacity(Service::Tts, permits, open) };
        dispatcher.workers().hear(&announced.encode(), self.clock.now());
    }

    /// Accepts a narration that is ready to be recorded in so many sections, and tells nobody.
    pub(super) async fn insert(&self, id: &str, turn: &Turn, sections: u32) -> Versioned<Narration> {
        let mut ordered = narration();
        ordered.id = id.parse().expect("an id");
        ordered.tenant = turn.tenant.clone();
        ordered.lane = turn.lane.number();
        ordered.pins.voice = format!("engines/{}/voices/a", turn.engine);
        (ordered.phase, ordered.sections) = (Phase::Narrating, sections);
        for section in 0..sections {
            ordered.written.insert(section);
        }
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

    pub(super) async fn slots(&self) -> Slots {
        let slots = self.narrations.beside::<Slots>().get("tts").await.expect("the store");
        slots.map_or_else(|| Slots::new(Service::Tts), |slots| slots.record)
    }

    /// The state of a turn; none where there is none.
    pub(super) async fn state(&self, turn: &Turn) -> Option<TurnState> {
        self.turns.get(&turn.id()).await.expect("the store").map(|found| found.record.state)
    }
}

/// A turn at tts that waits and was never served.
pub(super) fn turn_of(tenant: &str, lane: Lane, engine: &str) -> Turn {
    Turn::new(Service::Tts, lane, tenant.parse().expect("a tenant"), engine.to_owned())
}
