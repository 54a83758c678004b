//! A store that gathers: single writes of one collection that come while a call is under way go
//! into the next call together, as a database commits a group.
//!
//! There is no timer, and nobody waits who need not: a write that comes while nothing is under way
//! is made at once, as the call that it is. So a store that is idle is as fast as without, and the
//! slower it answers, the more one call carries. A call that hangs is not waited for alone: after a
//! while others go beside it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::StoreError;
use crate::port::Store;
use crate::record::{Revision, Stored};
use crate::write::{MAX_WRITE_BYTES, Write, length};

/// The most records of one call: more make it longer, and save little.
const MAX_RECORDS: usize = 64;
/// The most calls that write one collection at once and are answered in time. A second one is made
/// only when a whole call waits.
const MAX_PROMPT_CALLS: usize = 2;
/// From when on a call is slow: the writes that wait then go beside it.
const SLOW: Duration = Duration::from_millis(500);
/// The most calls that write one collection at once, slow ones included.
const MAX_CALLS: usize = 4;

/// What became of a write.
type Answer = Result<Revision, StoreError>;

/// A store that gathers the single writes of another one.
///
/// Every caller gets the answer to its own write. One that is dropped while it waits takes its
/// write with it, or leaves it where it is on its way, and changes nothing for the others. Two
/// writes of one record are never in one call.
#[derive(Debug)]
pub struct Gathering {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    lines: Mutex<BTreeMap<String, Line>>,
}

/// The writes of one collection.
#[derive(Debug, Default)]
struct Line {
    /// When each call began that is under way, by its number.
    calls: BTreeMap<u64, Instant>,
    /// Calls so far.
    begun: u64,
    waiting: VecDeque<Waiting>,
    /// What those that wait have in all, as JSON.
    bytes: usize,
}

/// A write that waits for the next call.
#[derive(Debug)]
struct Waiting {
    write: Write,
    bytes: usize,
    answer: oneshot::Sender<Answer>,
}

/// A call that is under way, in the count of its line for as long as this lives.
struct Call {
    shared: Arc<Shared>,
    collection: String,
    number: u64,
}

impl Gathering {
    /// Gathers the writes of `store`.
    #[must_use]
    pub fn over(store: Arc<dyn Store>) -> Self {
        Self { shared: Arc::new(Shared { store, lines: Mutex::default() }) }
    }

    /// The place of a call where nothing waits and nothing is under way but what is slow; else
    /// none, and the write has to wait.
    fn begin(&self, collection: &str) -> Option<Call> {
        let mut lines = self.shared.lines.lock();
        let number = match lines.get_mut(collection) {
            Some(line) if line.waiting.is_empty() && line.has_room() => line.enter(),
            Some(_) => return None,
            None => lines.entry(collection.to_owned()).or_default().enter(),
        };
        drop(lines);
        Some(Call { shared: Arc::clone(&self.shared), collection: collection.to_owned(), number })
    }

    /// Waits for a call that carries `write`, and for its answer.
    async fn wait(&self, collection: &str, write: Write) -> Answer {
        let (id, bytes) = (write.id().to_owned(), length(write.body()));
        let (answer, mut answered) = oneshot::channel();
        {
            let mut lines = self.shared.lines.lock();
            let line = lines.entry(collection.to_owned()).or_default();
            line.bytes += bytes;
            line.waiting.push_back(Waiting { write, bytes, answer });
        }
        let lost = |_| Err(StoreError::ambiguous(format!("write {collection}/{id}"), "the call that it was in ended"));
        loop {
            // What is under way may have become slow.
            self.shared.go_on(collection);
            tokio::select! {
                biased;
                answer = &mut answered => return answer.unwrap_or_else(lost),
                () = tokio::time::sleep(SLOW) => {}
            }
        }
    }
}

impl Shared {
    /// Begins the calls that may begin now.
    fn go_on(self: &Arc<Self>, collection: &str) {
        loop {
            let batch = self.lines.lock().get_mut(collection).and_then(Line::batch);
            let Some((number, batch)) = batch else { return };
            let call = Call { shared: Arc::clone(self), collection: collection.to_owned(), number };
            // Without a runtime nobody is left who waits; dropping the batch would tell them.
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(call.carry(batch));
            }
        }
    }
}

impl Line {
    /// Whether another call may begin beside those that are under way.
    fn has_room(&self) -> bool {
        let whole = self.waiting.len() >= MAX_RECORDS || self.bytes >= MAX_WRITE_BYTES;
        let most = if whole { MAX_PROMPT_CALLS } else { 1 };
        let prompt = self.calls.values().filter(|began| began.elapsed() < SLOW).count();
        prompt < most && self.calls.len() < MAX_CALLS
    }

    /// Enters a call that begins; its number.
    fn enter(&mut self) -> u64 {
        self.begun += 1;
        self.calls.insert(self.begun, Instant::now());
        self.begun
    }

    /// The number of the next call, which is then under way, and what it carries; none where none
    /// may begin.
    fn batch(&mut self) -> Option<(u64, Vec<Waiting>)> {
        if !self.has_room() {
            return None;
        }
        let (mut batch, mut bytes, mut ids) = (Vec::new(), 0, HashSet::new());
        let mut later = VecDeque::new();
        while batch.len() < MAX_RECORDS
            && let Some(next) = self.waiting.pop_front()
        {
            if next.answer.is_closed() {
                self.bytes -= next.bytes;
                continue;
            }
            if !batch.is_empty() && bytes + next.bytes > MAX_WRITE_BYTES {
                self.waiting.push_front(next);
                break;
            }
            if !ids.insert(next.write.id().to_owned()) {
                later.push_back(next);
                continue;
            }
            self.bytes -= next.bytes;
            bytes += next.bytes;
            batch.push(next);
        }
        // What waits for another write of its record stays ahead of what came after it.
        while let Some(next) = later.pop_back() {
            self.waiting.push_front(next);
        }
        if batch.is_empty() { None } else { Some((self.enter(), batch)) }
    }
}

impl Call {
    /// Makes the writes of a batch and answers each.
    async fn carry(self, batch: Vec<Waiting>) {
        let store = Arc::clone(&self.shared.store);
        let (mut writes, mut callers) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
        for Waiting { write, answer, .. } in batch {
            writes.push(write);
            callers.push(answer);
        }
        let answers = match writes.as_slice() {
            [Write::Insert { id, body }] => vec![store.insert(&self.collection, id, body).await],
            [Write::Replace { id, expected, body }] => {
                vec![store.replace(&self.collection, id, *expected, body).await]
            }
            _ => {
                let answered = store.write_many(&self.collection, writes).await;
                answered.unwrap_or_else(|error| vec![Err(error); callers.len()])
            }
        };
        // The next call begins before those who are answered come with more.
        drop(self);
        for (caller, answer) in callers.into_iter().zip(answers) {
            // The caller may be gone.
            let _ = caller.send(answer);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(line) = self.shared.lines.lock().get_mut(&self.collection) {
            line.calls.remove(&self.number);
        }
        self.shared.go_on(&self.collection);
    }
}

#[async_trait]
impl crate::Layer for Gathering {
    fn below(&self) -> &dyn Store {
        &*self.shared.store
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        if let Some(call) = self.begin(collection) {
            let inserted = self.shared.store.insert(collection, id, body).await;
            drop(call);
            return inserted;
        }
        self.wait(collection, Write::Insert { id: id.to_owned(), body: body.clone() }).await
    }

    async fn get_latest(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.shared.store.get_latest(collection, id).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        if let Some(call) = self.begin(collection) {
            let replaced = self.shared.store.replace(collection, id, expected, body).await;
            drop(call);
            return replaced;
        }
        self.wait(collection, Write::Replace { id: id.to_owned(), expected, body: body.clone() }).await
    }

    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        self.shared.store.write_many(collection, writes).await
    }
}

#[cfg(test)]
mod tests;
