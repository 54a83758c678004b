//! The store of a simulated process.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::Timestamp;
use lectern_store::{CollectionSpec, Query, Revision, Store, StoreError, Stored};
use serde_json::Value;

use crate::observer::Observer;
use crate::process::{Fault, Process};

/// A store that takes time and fails as its process is told.
#[derive(Debug)]
pub struct StorePort {
    process: Arc<Process>,
    observer: Arc<Observer>,
    inner: Arc<dyn Store>,
}

impl StorePort {
    /// The store `inner` as `process` has it.
    pub const fn new(process: Arc<Process>, observer: Arc<Observer>, inner: Arc<dyn Store>) -> Self {
        Self { process, observer, inner }
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
                if fault.is_some() {
                    self.process.trace.count("store: failed reads");
                    return Err(StoreError::Unavailable { what: op.to_owned(), why: "injected".to_owned() });
                }
                effect.await
            })
            .await
    }

    async fn write<T: Send>(
        &self,
        op: &'static str,
        subject: &str,
        effect: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fault = self.process.fault();
        let ambiguous = || StoreError::Ambiguous { what: op.to_owned(), why: "injected".to_owned() };
        self.process
            .call(op, subject, async {
                match fault {
                    None => effect.await,
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
                        drop(effect.await);
                        Err(ambiguous())
                    }
                }
            })
            .await
    }
}

#[async_trait]
impl Store for StorePort {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        self.read("ensure", spec.name, self.inner.ensure(spec)).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        self.write("insert", &format!("{collection} {id}"), self.inner.insert(collection, id, body)).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.read("get", &format!("{collection} {id}"), self.inner.get(collection, id)).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        let subject = format!("{collection} {id} over {}{}", expected.0, shown(collection, body));
        self.write("replace", &subject, self.inner.replace(collection, id, expected, body)).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.write("delete", &format!("{collection} {id}"), self.inner.delete(collection, id, expected)).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        let began = self.observer.begins();
        let found = self.read("find", collection, self.inner.find(collection, query)).await?;
        self.observer.has_read(&self.process.name, collection, began);
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
        self.write("add", &format!("{collection} {id}"), self.inner.add(collection, id, field, delta, limit)).await
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
