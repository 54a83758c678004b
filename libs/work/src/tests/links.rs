//! Ports that fail as a network does: a way to the store that is away at times, and a queue whose
//! answers hang.

use std::sync::atomic::{AtomicBool, Ordering};

use lectern_queue::{Acknowledge, Delivery, QueueError};
use lectern_store::{CollectionSpec, Query, Revision, StoreError, Stored};
use serde_json::Value;

use super::*;

/// One process's way to the store that all share. It is away at times.
#[derive(Debug)]
pub(super) struct Link {
    store: Arc<MemoryStore>,
    until: Mutex<Option<Instant>>,
    /// Whether calls hang for ever while it is away, in place of failing soon.
    hangs: bool,
    /// Goes away for this long with the next step that is inserted; and whether the answer is lost.
    pub(super) with_insert: Mutex<Option<(Duration, bool)>>,
}

impl Link {
    pub(super) fn to(store: &Arc<MemoryStore>, hangs: bool) -> Arc<Self> {
        Arc::new(Self { store: Arc::clone(store), until: Mutex::default(), hangs, with_insert: Mutex::default() })
    }

    pub(super) fn away(&self, time: Duration) {
        *self.until.lock() = Some(Instant::now() + time);
    }

    async fn reach(&self) -> Result<(), StoreError> {
        let until = *self.until.lock();
        if until.is_none_or(|until| Instant::now() >= until) {
            return Ok(());
        }
        sleep(if self.hangs { 1_000_000 * SECOND } else { SECOND / 10 }).await;
        Err(StoreError::Unavailable { what: "reach it".to_owned(), why: "it is away".to_owned() })
    }
}

#[async_trait]
impl Store for Link {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        self.store.ensure(spec).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        self.reach().await?;
        let inserted = self.store.insert(collection, id, body).await;
        let goes = if collection == "steps" { self.with_insert.lock().take() } else { None };
        let Some((time, lost)) = goes else { return inserted };
        self.away(time);
        if lost {
            return Err(StoreError::Ambiguous { what: "insert it".to_owned(), why: "it went away".to_owned() });
        }
        inserted
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.reach().await?;
        self.store.get(collection, id).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        self.reach().await?;
        self.store.replace(collection, id, expected, body).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.reach().await?;
        self.store.delete(collection, id, expected).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        self.reach().await?;
        self.store.find(collection, query).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.reach().await?;
        self.store.count(collection, query, most).await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        self.reach().await?;
        self.store.add(collection, id, field, delta, limit).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.reach().await?;
        self.store.now().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.reach().await
    }

    fn connections_opened(&self) -> u64 {
        0
    }
}

/// A way to the queue on which the next events are lost.
#[derive(Debug)]
pub(super) struct Lossy {
    queue: MemoryQueue,
    /// How many more.
    left: AtomicU64,
}

impl Lossy {
    pub(super) fn to(world: &World, left: u64) -> Self {
        Self { queue: world.queue.clone(), left: AtomicU64::new(left) }
    }
}

#[async_trait]
impl lectern_queue::Layer for Lossy {
    fn below(&self) -> &dyn Queue {
        &self.queue
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        let less = |left: u64| left.checked_sub(1);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            return Err(QueueError::Unreachable { action: "publishing an event", cause: "it is lost".to_owned() });
        }
        self.queue.emit(noun, id, message).await
    }
}

/// One process's way to the queue that all share. Reports of progress and hints hang while it is
/// mute; and it may not be left while it waits for commands, if it is far.
#[derive(Debug, Clone)]
pub(super) struct Mute {
    pub(super) queue: MemoryQueue,
    pub(super) mute: Arc<AtomicBool>,
    pub(super) pulls: Arc<AtomicU64>,
    pub(super) far: bool,
    /// The most commands that were asked for at once.
    pub(super) most: Arc<AtomicU64>,
}

impl Mute {
    pub(super) fn to(world: &World) -> Self {
        let (queue, pulls) = (world.queue.clone(), Arc::clone(&world.pulls));
        Self { queue, mute: Arc::default(), pulls, far: false, most: Arc::default() }
    }
}

#[derive(Debug)]
struct MuteAck {
    ack: Arc<dyn Acknowledge>,
    mute: Arc<AtomicBool>,
}

#[async_trait]
impl Acknowledge for MuteAck {
    async fn ack(&self) -> Result<(), QueueError> {
        self.ack.ack().await
    }

    async fn nak(&self, delay: Duration) -> Result<(), QueueError> {
        self.ack.nak(delay).await
    }

    async fn progress(&self) -> Result<(), QueueError> {
        if self.mute.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.ack.progress().await
    }

    async fn term(&self) -> Result<(), QueueError> {
        self.ack.term().await
    }
}

#[async_trait]
impl lectern_queue::Layer for Mute {
    fn below(&self) -> &dyn Queue {
        &self.queue
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.pulls.fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(u64::try_from(most).unwrap(), Ordering::Relaxed);
        let pulled = self.queue.pull(service, most, wait).await?;
        let muted = pulled.into_iter().map(|delivery| {
            let ack = Arc::new(MuteAck { ack: Arc::clone(&delivery.ack), mute: Arc::clone(&self.mute) });
            Delivery { ack, ..delivery }
        });
        Ok(muted.collect())
    }

    fn may_be_left(&self) -> bool {
        !self.far && self.queue.may_be_left()
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        if self.mute.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.queue.hint(topic, payload).await
    }
}
