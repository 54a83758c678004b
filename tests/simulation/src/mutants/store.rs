//! Stores that do not keep their promise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use lectern_core::Timestamp;
use lectern_gateway::domain::TurnState;
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

    /// Whether a write of `body` is one that this defect spoils.
    fn changes(&self, collection: &str, body: &Value) -> bool {
        match (self.mutant, collection) {
            (Mutant::FenceNotGrown, "steps") => state(body) == "leased",
            (Mutant::GrantKept, "slots") => true,
            (Mutant::TurnNeverRests, "turns") => body["state"] == TurnState::Resting.as_str(),
            (Mutant::CancelNeverCleared, "narrations") => body["cancel_pending"] == false,
            _ => false,
        }
    }

    /// Writes something else than `body` over `before`.
    fn spoil(&self, before: &Value, body: &mut Value) {
        if self.mutant == Mutant::FenceNotGrown && state(before) != "leased" {
            body["fence"] = before["fence"].clone();
        } else if self.mutant == Mutant::TurnNeverRests {
            (body["state"], body["rested"]) = (TurnState::Waiting.as_str().into(), Value::Null);
        } else if self.mutant == Mutant::CancelNeverCleared && before["run"] == body["run"] {
            body["cancel_pending"] = before["cancel_pending"].clone();
        } else if self.mutant == Mutant::GrantKept {
            let kept: Vec<Value> = assemblies(before).filter(|grant| !has_grant(body, grant)).cloned().collect();
            if let Some(grants) = body["grants"].as_array_mut() {
                grants.extend(kept);
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

/// The grants of assemblies in a record of slots.
fn assemblies(slots: &Value) -> impl Iterator<Item = &Value> {
    let grants = slots["grants"].as_array().map(Vec::as_slice).unwrap_or_default();
    grants.iter().filter(|grant| grant["step"].as_str().is_some_and(|step| step.contains("/assemble/")))
}

/// Whether a record of slots grants what `grant` does.
fn has_grant(slots: &Value, grant: &Value) -> bool {
    slots["grants"].as_array().is_some_and(|grants| grants.iter().any(|other| other["step"] == grant["step"]))
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
        if self.changes(collection, &body)
            && let Some(before) = self.inner.get(collection, id).await?
        {
            self.spoil(&before.body, &mut body);
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
        if self.mutant == Mutant::PagesEndEarly && collection == "turns" && query.after.is_some() {
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
