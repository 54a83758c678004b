//! The store of a simulated process.
//!
//! It keeps the promises of the port and no more: a write of which its caller hears no more may
//! land later, under the revision that it expects; and a search may answer what was true a moment
//! ago, as a server does that was deposed and does not know it yet. Nobody decides on a search
//! alone: what is found is changed by compare-and-swap. What a process has written itself it finds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use lectern_core::Timestamp;
use lectern_store::{CollectionSpec, Converted, Query, Revision, Store, StoreError, Stored, Write};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;

use crate::holds::{PAUSES, TENANTS};
use crate::mutants::{Defect, Mutant};
use crate::observer::Observer;
use crate::plan::Plan;
use crate::process::{Fault, Process};

/// How long a driver looks for a database that is away before it says so.
const LOOKS_FOR: Duration = Duration::from_secs(1);
/// A stale answer was right so long ago at most.
const LAG: Duration = Duration::from_secs(5);
/// The same where holds are read from a copy: see [`Mutant::HoldsReadStale`].
const LONG_LAG: Duration = Duration::from_secs(20);

/// A write as it is made: at once, or late, as the flag says.
type Writing<T> = Box<dyn FnOnce(Arc<dyn Store>, bool) -> BoxFuture<'static, Result<T, StoreError>> + Send>;

/// What a process was answered and when, by collection and query.
type Answers = BTreeMap<(String, String), (Instant, Vec<Stored>)>;

/// Where a store is: in which world, and which of its databases.
#[derive(Debug, Clone)]
pub struct Where {
    /// The plan of the world.
    pub plan: Arc<Plan>,
    /// When the world began.
    pub start: Instant,
    /// Which database: see [`crate::plan::database`].
    pub database: usize,
    /// What is wrong with the code.
    pub defect: Defect,
}

/// A store that takes time and fails as its process is told.
#[derive(Debug)]
pub struct StorePort {
    process: Arc<Process>,
    observer: Arc<Observer>,
    place: Where,
    inner: Arc<dyn Store>,
    answers: Mutex<Answers>,
}

impl StorePort {
    /// The store `inner` as `process` has it.
    pub fn new(process: Arc<Process>, observer: Arc<Observer>, place: Where, inner: Arc<dyn Store>) -> Self {
        Self { process, observer, place, inner, answers: Mutex::default() }
    }

    fn is_away(&self) -> bool {
        self.place.plan.is_away(self.place.database, self.place.start.elapsed())
    }

    /// Reaches the database, or says that it is away.
    async fn reach(&self, op: &'static str) -> Result<(), StoreError> {
        if !self.is_away() {
            return Ok(());
        }
        self.process.disturb(LOOKS_FOR);
        tokio::time::sleep(LOOKS_FOR).await;
        if !self.is_away() {
            return Ok(());
        }
        self.process.trace.count("store: calls while it is away");
        Err(StoreError::Unavailable { what: op.to_owned(), why: "injected: it is away".to_owned() })
    }

    async fn read<T: Send>(
        &self,
        op: &'static str,
        subject: &str,
        effect: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fault = self.process.fault();
        self.process
            .call(op, subject, async {
                if !self.takes_away_for_lost(subject) {
                    self.reach(op).await?;
                }
                if fault.is_some() {
                    self.process.trace.count("store: failed reads");
                    return Err(StoreError::Unavailable { what: op.to_owned(), why: "injected".to_owned() });
                }
                effect.await
            })
            .await
    }

    async fn write<T: Send + 'static>(
        &self,
        op: &'static str,
        collection: &str,
        subject: &str,
        write: Writing<T>,
    ) -> Result<T, StoreError> {
        let fault = self.process.fault();
        let late = self.process.late();
        let ambiguous = || StoreError::Ambiguous { what: op.to_owned(), why: "injected".to_owned() };
        let inner = Arc::clone(&self.inner);
        let written = self
            .process
            .call(op, subject, async {
                if self.takes_away_for_lost(subject) {
                    return Err(StoreError::Conflict { collection: collection.to_owned(), id: String::new() });
                }
                self.reach(op).await?;
                if let Some(later) = late {
                    self.process.trace.count("store: writes that land later");
                    tokio::spawn(async move {
                        tokio::time::sleep(later).await;
                        drop(write(inner, true).await);
                    });
                    return Err(ambiguous());
                }
                match fault {
                    None => write(inner, false).await,
                    Some(Fault::Refused) => {
                        self.process.trace.count("store: failed writes");
                        Err(StoreError::Unavailable { what: op.to_owned(), why: "injected".to_owned() })
                    }
                    Some(Fault::LostRequest) => {
                        self.process.trace.count("store: ambiguous writes, not done");
                        Err(ambiguous())
                    }
                    Some(Fault::LostAnswer) => {
                        self.process.trace.count("store: ambiguous writes, done");
                        drop(write(inner, false).await);
                        Err(ambiguous())
                    }
                }
            })
            .await;
        // What was read before is not answered again to whoever has written since.
        self.answers.lock().retain(|(of, _), _| of != collection);
        written
    }

    /// What was answered a while ago, if that is answered now. Holds are what the observer judges
    /// gateways by, so they are read as they are.
    fn stale(&self, collection: &str, asked: &str) -> Option<Vec<Stored>> {
        let is_hold = [PAUSES, TENANTS].contains(&collection);
        let from_a_copy = self.place.defect.is(Mutant::HoldsReadStale) && self.process.remembers();
        let (stale, lag) = if is_hold { (from_a_copy, LONG_LAG) } else { (self.process.stale(), LAG) };
        if !stale {
            return None;
        }
        let answers = self.answers.lock();
        let (at, answer) = answers.get(&(collection.to_owned(), asked.to_owned()))?;
        (at.elapsed() <= lag).then(|| {
            self.process.trace.count("store: stale reads");
            answer.clone()
        })
    }

    /// A defect: nobody hears that the database of steps is away. What is written there is lost to
    /// somebody else, and what is read says so.
    fn takes_away_for_lost(&self, subject: &str) -> bool {
        // Both collections of a stage begin so, and none of the gateways' does.
        self.place.defect.is(Mutant::AwayIsLost) && subject.starts_with("step") && self.is_away()
    }

    /// What that defect reads of a step: somebody else has it.
    async fn lost(&self, collection: &str, id: &str) -> Option<Stored> {
        if collection != "steps" || !self.takes_away_for_lost(collection) {
            return None;
        }
        let mut stored = self.inner.get(collection, id).await.ok().flatten()?;
        let fence = stored.body["fence"].as_u64().unwrap_or_default();
        stored.body["fence"] = fence.saturating_add(1).into();
        Some(stored)
    }
}

#[async_trait]
impl Store for StorePort {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        self.read("ensure", spec.name, self.inner.ensure(spec)).await
    }

    async fn convert(&self, spec: &CollectionSpec, after: Option<&str>, most: u32) -> Result<Converted, StoreError> {
        self.read("convert", spec.name, self.inner.convert(spec, after, most)).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        let (subject, step) = (format!("{collection} {id}"), id.to_owned());
        let (of, id, body) = (collection.to_owned(), id.to_owned(), body.clone());
        let write: Writing<Revision> =
            Box::new(move |store, _| async move { store.insert(&of, &id, &body).await }.boxed());
        let inserted = self.write("insert", collection, &subject, write).await;
        if collection == "steps" && inserted.is_err() {
            self.observer.unsure(&step);
        }
        inserted
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        if let Some(lost) = self.lost(collection, id).await {
            return Ok(Some(lost));
        }
        self.read("get", &format!("{collection} {id}"), self.inner.get(collection, id)).await
    }

    async fn get_latest(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        if let Some(lost) = self.lost(collection, id).await {
            return Ok(Some(lost));
        }
        self.read("get_latest", &format!("{collection} {id}"), self.inner.get_latest(collection, id)).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        let subject = format!("{collection} {id} over {}{}", expected.0, shown(collection, body));
        let blind = collection == "steps" && self.place.defect.is(Mutant::LateWriteNotCompared);
        let (of, id, body) = (collection.to_owned(), id.to_owned(), body.clone());
        let write: Writing<Revision> = Box::new(move |store, late| {
            async move {
                let expected = if late && blind {
                    store.get(&of, &id).await?.map_or(expected, |found| found.revision)
                } else {
                    expected
                };
                store.replace(&of, &id, expected, &body).await
            }
            .boxed()
        });
        self.write("replace", collection, &subject, write).await
    }

    /// Each of them takes its own time, and has its own fault.
    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        let each = writes.iter().map(|write| async move {
            match write {
                Write::Insert { id, body } => self.insert(collection, id, body).await,
                Write::Replace { id, expected, body } => self.replace(collection, id, *expected, body).await,
            }
        });
        Ok(join_all(each).await)
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        let subject = format!("{collection} {id}");
        let (of, id) = (collection.to_owned(), id.to_owned());
        let write: Writing<bool> =
            Box::new(move |store, _| async move { store.delete(&of, &id, expected).await }.boxed());
        self.write("delete", collection, &subject, write).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        let began = self.observer.begins();
        let asked = if self.process.remembers() { format!("{query:?}") } else { String::new() };
        let stale = self.stale(collection, &asked);
        let fresh = stale.is_none();
        let found = self
            .read("find", collection, async {
                match stale {
                    Some(answer) => Ok(answer),
                    None => self.inner.find(collection, query).await,
                }
            })
            .await?;
        self.observer.has_read(&self.process.name, collection, began);
        if fresh && self.process.remembers() {
            self.answers.lock().insert((collection.to_owned(), asked), (Instant::now(), found.clone()));
        }
        Ok(found)
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.read("count", collection, self.inner.count(collection, query, most)).await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        let subject = format!("{collection} {id}");
        let (of, id, field) = (collection.to_owned(), id.to_owned(), field.to_owned());
        let write: Writing<Option<i64>> =
            Box::new(move |store, _| async move { store.add(&of, &id, &field, delta, limit).await }.boxed());
        self.write("add", collection, &subject, write).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.read("now", "", self.inner.now()).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read("ping", "", self.inner.ping()).await
    }

    fn connections_opened(&self) -> u64 {
        self.inner.connections_opened()
    }
}

/// What a reader of a trace wants to know of a record.
fn shown(collection: &str, body: &Value) -> String {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let number = |pointer: &str| body.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    match collection {
        "steps" => format!(": {} fence {} crashes {}", text("/state/at"), number("/fence"), number("/crashes")),
        "narrations" => format!(": {} run {}", text("/phase"), number("/run")),
        _ => String::new(),
    }
}
