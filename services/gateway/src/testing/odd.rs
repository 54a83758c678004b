//! A store and a queue that do what servers should not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::id::StepId;
use lectern_queue::{MemoryQueue, Message, Published, Queue, QueueError};
use lectern_store::memory::MemoryStore;
use lectern_store::{Query, Revision, Store, StoreError, Stored};
use parking_lot::Mutex;
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
        self.hanging.lock().insert(id.to_owned());
    }

    /// Panics at every write over the record of this id from now on.
    pub(crate) fn panic(&self, id: &str) {
        self.panicking.lock().insert(id.to_owned());
    }

    /// Lets every count take so long.
    pub(crate) fn counts_take(&self, time: Duration) {
        *self.counts_take.lock() = time;
    }

    /// How often it counted.
    pub(crate) fn counts(&self) -> usize {
        self.counts.load(Ordering::SeqCst)
    }

    async fn hangs(&self, id: &str) {
        if self.hanging.lock().contains(id) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl lectern_store::Layer for Odd {
    fn below(&self) -> &dyn Store {
        &*self.store
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
        assert!(!self.panicking.lock().contains(id), "a defect at the record {id}");
        self.store.replace(collection, id, expected, body).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.counts.fetch_add(1, Ordering::SeqCst);
        let time = *self.counts_take.lock();
        tokio::time::sleep(time).await;
        self.store.count(collection, query, most).await
    }
}

/// A queue in memory whose server is away for hints and for whatever else is published: such calls
/// never return.
#[derive(Debug)]
pub(crate) struct Away(pub(crate) Arc<MemoryQueue>);

#[async_trait]
impl lectern_queue::Layer for Away {
    fn below(&self) -> &dyn Queue {
        &*self.0
    }

    async fn publish(&self, _: &StepId, _: Message) -> Result<Published, QueueError> {
        std::future::pending().await
    }

    async fn withdraw(&self, _: &StepId) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn emit(&self, _: &str, _: &str, _: Message) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn hint(&self, _: &str, _: Bytes) -> Result<(), QueueError> {
        std::future::pending().await
    }
}
