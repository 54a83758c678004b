//! Stores that do not keep their promise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use lectern_core::Timestamp;
use lectern_store::{CollectionSpec, Query, Revision, Store, StoreError, Stored};
use serde_json::Value;

use super::Mutant;

/// A store with a defect.
#[derive(Debug)]
pub struct Defective {
    mutant: Mutant,
    inner: Arc<dyn Store>,
    /// The leases that this process took last, as it wrote them.
    held: Mutex<BTreeMap<String, Value>>,
}

impl Defective {
    /// The store `inner` with the defect `mutant`.
    pub fn new(mutant: Mutant, inner: Arc<dyn Store>) -> Self {
        Self { mutant, inner, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, collection: &str, id: &str, body: &Value) {
        if collection == "steps" && self.mutant == Mutant::FenceCheckSkipped {
            if state(body) == "leased" {
                self.held().insert(id.to_owned(), body.clone());
            } else {
                self.held().remove(id);
            }
        }
    }

    fn seen(&self, collection: &str, mut stored: Stored) -> Stored {
        match (self.mutant, collection) {
            (Mutant::FenceCheckSkipped, "steps") if state(&stored.body) == "ended" => {
                let held = self.held().get(&stored.id).cloned();
                if let Some(held) = held.filter(|held| fence(held) != fence(&stored.body)) {
                    stored.body = held;
                }
            }
            (Mutant::TerminalCheckSkipped, "narrations") => {
                let ended = matches!(stored.body["phase"].as_str(), Some("cancelled" | "failed"));
                let planned = stored.body["sections"].as_u64().unwrap_or(0) > 0;
                if ended {
                    stored.body["phase"] = if planned { "narrating" } else { "extracting" }.into();
                }
            }
            // Who is to be resumed looks active too, so that a suspension lasts to the end.
            (Mutant::SuspensionNotLookedAt, "tenants") => stored.body["state"] = "active".into(),
            _ => {}
        }
        stored
    }
}

fn state(body: &Value) -> &str {
    body.pointer("/state/at").and_then(Value::as_str).unwrap_or_default()
}

fn fence(body: &Value) -> u64 {
    body["fence"].as_u64().unwrap_or_default()
}

#[async_trait]
impl Store for Defective {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        self.inner.ensure(spec).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        let inserted = self.inner.insert(collection, id, body).await?;
        self.remember(collection, id, body);
        Ok(inserted)
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        Ok(self.inner.get(collection, id).await?.map(|stored| self.seen(collection, stored)))
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        let mut body = body.clone();
        if self.mutant == Mutant::FenceNotGrown && collection == "steps" && state(&body) == "leased" {
            let before = self.inner.get(collection, id).await?;
            if let Some(before) = before.filter(|before| state(&before.body) != "leased") {
                body["fence"] = before.body["fence"].clone();
            }
        }
        let replaced = self.inner.replace(collection, id, expected, &body).await?;
        self.remember(collection, id, &body);
        Ok(replaced)
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.inner.delete(collection, id, expected).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        if self.mutant == Mutant::SuspensionNotLookedAt && collection == "tenants" {
            // As many are suspended as ever.
            return Ok(Vec::new());
        }
        let mut query = query.clone();
        if self.mutant == Mutant::TenantLeftOut && collection == "narrations" {
            query.filter.retain(|condition| condition.field != "tenant");
        }
        self.inner.find(collection, &query).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.inner.count(collection, query, most).await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        self.inner.add(collection, id, field, delta, limit).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }

    fn connections_opened(&self) -> u64 {
        self.inner.connections_opened()
    }
}
