//! A store and a queue that do what servers should not.

use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::Timestamp;
use lectern_core::id::{Service, StepId};
use lectern_queue::{
    DeadLetter, Delivery, EventDelivery, Hints, LetterPage, MemoryQueue, Message, Published, Queue, QueueError,
};
use lectern_store::memory::MemoryStore;
use lectern_store::{CollectionSpec, Query, Revision, Store, StoreError, Stored};
use serde_json::Value;

/// A store in memory that answers some calls never, or with a panic.
#[derive(Debug)]
pub(crate) struct Odd {
    store: Arc<MemoryStore>,
    hanging: Mutex<BTreeSet<String>>,
    panicking: Mutex<BTreeSet<String>>,
    counts: AtomicUsize,
    counts_take: Mutex<Duration>,
}

impl Odd {
    /// One that does nothing odd yet.
    pub(crate) fn over(store: Arc<MemoryStore>) -> Self {
        Self {
            store,
            hanging: Mutex::default(),
            panicking: Mutex::default(),
            counts: AtomicUsize::new(0),
            counts_take: Mutex::default(),
        }
    }

    /// Never answers a read or a write of the record of this id any more.
    pub(crate) fn hang(&self, id: &str) {
        lock(&self.hanging).insert(id.to_owned());
    }

    /// Panics at every write over the record of this id from now on.
    pub(crate) fn panic(&self, id: &str) {
        lock(&self.panicking).insert(id.to_owned());
    }

    /// Lets every count take so long.
    pub(crate) fn counts_take(&self, time: Duration) {
        *lock(&self.counts_take) = time;
    }

    /// How often it counted.
    pub(crate) fn counts(&self) -> usize {
        self.counts.load(Ordering::SeqCst)
    }

    async fn hangs(&self, id: &str) {
        if lock(&self.hanging).contains(id) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Store for Odd {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        self.store.ensure(spec).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        self.store.insert(collection, id, body).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.hangs(id).await;
        self.store.get(collection, id).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        self.hangs(id).await;
        assert!(!lock(&self.panicking).contains(id), "a defect at the record {id}");
        self.store.replace(collection, id, expected, body).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.store.delete(collection, id, expected).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        self.store.find(collection, query).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.counts.fetch_add(1, Ordering::SeqCst);
        let time = *lock(&self.counts_take);
        tokio::time::sleep(time).await;
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
        self.store.add(collection, id, field, delta, limit).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.store.now().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    fn connections_opened(&self) -> u64 {
        self.store.connections_opened()
    }
}

/// A queue in memory whose server is away for hints and for whatever else is published: such calls
/// never return.
#[derive(Debug)]
pub(crate) struct Away(pub(crate) Arc<MemoryQueue>);

#[async_trait]
impl Queue for Away {
    async fn publish(&self, _: &StepId, _: Message) -> Result<Published, QueueError> {
        std::future::pending().await
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.0.pull(service, most, wait).await
    }

    async fn withdraw(&self, _: &StepId) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn emit(&self, _: &str, _: &str, _: Message) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        self.0.events(group, max, wait).await
    }

    async fn hint(&self, _: &str, _: Bytes) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        self.0.hints(topic).await
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        self.0.bury(letter).await
    }

    async fn letters(&self, service: Option<Service>, from: u64, limit: usize) -> Result<LetterPage, QueueError> {
        self.0.letters(service, from, limit).await
    }

    async fn letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        self.0.letter(step).await
    }

    async fn discard(&self, step: &StepId) -> Result<(), QueueError> {
        self.0.discard(step).await
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.0.ping().await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}
