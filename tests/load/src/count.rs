//! Counts what a store and a queue are asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::Timestamp;
use lectern_core::id::{Service, StepId};
use lectern_queue::{DeadLetter, Delivery, EventDelivery, Hints, LetterPage, Message, Published, Queue, QueueError};
use lectern_store::{CollectionSpec, Query, Revision, Store, StoreError, Stored};
use serde_json::Value;

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    /// Inserts, replacements, deletions and additions.
    pub writes: AtomicU64,
    /// Reads by key, finds and counts.
    pub reads: AtomicU64,
    /// Commands and events.
    pub messages: AtomicU64,
    by_collection: Mutex<ByCollection>,
}

/// Reads and writes by kind and collection.
pub type ByCollection = BTreeMap<(&'static str, String), u64>;

impl Counts {
    /// Writes, reads and messages so far.
    pub fn now(&self) -> [u64; 3] {
        [&self.writes, &self.reads, &self.messages].map(|count| count.load(Ordering::Relaxed))
    }

    /// Reads and writes so far, by kind and collection.
    pub fn by_collection(&self) -> ByCollection {
        self.by_collection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those since `before` for each of so many narrations, as lines, the most frequent first.
    pub fn detail(&self, before: &ByCollection, narrations: usize) -> Vec<String> {
        let since = |(key, count): (_, u64)| (count - before.get(&key).copied().unwrap_or(0), key);
        let mut counts: Vec<_> = self.by_collection().into_iter().map(since).filter(|(count, _)| *count > 0).collect();
        counts.sort_by(|a, b| b.cmp(a));
        let each = |count: u64| count as f64 / narrations.max(1) as f64;
        counts.iter().map(|(count, (kind, of))| format!("{:6.2} {kind} {of}", each(*count))).collect()
    }

    fn write(&self, kind: &'static str, collection: &str) {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.note(kind, collection);
    }

    fn read(&self, kind: &'static str, collection: &str) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.note(kind, collection);
    }

    fn note(&self, kind: &'static str, collection: &str) {
        let mut counts = self.by_collection.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((kind, collection.to_owned())).or_default() += 1;
    }
}

/// A store that counts.
#[derive(Debug)]
pub struct CountedStore(pub Arc<dyn Store>, pub Arc<Counts>);

#[async_trait]
impl Store for CountedStore {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        self.0.ensure(spec).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        self.1.write("insert", collection);
        self.0.insert(collection, id, body).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.1.read("get", collection);
        self.0.get(collection, id).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        self.1.write("replace", collection);
        self.0.replace(collection, id, expected, body).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.1.write("delete", collection);
        self.0.delete(collection, id, expected).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        self.1.read("find", collection);
        self.0.find(collection, query).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.1.read("count", collection);
        self.0.count(collection, query, most).await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        self.1.write("add", collection);
        self.0.add(collection, id, field, delta, limit).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.0.now().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.0.ping().await
    }

    fn connections_opened(&self) -> u64 {
        self.0.connections_opened()
    }

    fn waited_for_connections(&self) -> Duration {
        self.0.waited_for_connections()
    }
}

/// A queue that counts.
#[derive(Debug)]
pub struct CountedQueue(pub Arc<dyn Queue>, pub Arc<Counts>);

#[async_trait]
impl Queue for CountedQueue {
    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        self.1.messages.fetch_add(1, Ordering::Relaxed);
        self.0.publish(step, message).await
    }

    async fn pull(&self, service: Service, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        self.0.pull(service, wait).await
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        self.0.withdraw(step).await
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        self.1.messages.fetch_add(1, Ordering::Relaxed);
        self.0.emit(noun, id, message).await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        self.0.events(group, max, wait).await
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        self.0.hint(topic, payload).await
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
