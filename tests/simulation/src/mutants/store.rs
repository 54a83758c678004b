//! Stores that do not keep their promise.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_store::{ID, Op, Query, Revision, Store, StoreError, Stored};
use parking_lot::Mutex;
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

    fn remember(&self, collection: &str, id: &str, body: &Value) {
        if collection == "steps" && self.mutant == Mutant::FenceCheckSkipped {
            if state(body) == "leased" {
                self.held.lock().insert(id.to_owned(), body.clone());
            } else {
                self.held.lock().remove(id);
            }
        }
    }

    /// Whether a write of `body` is one that this defect spoils.
    fn changes(&self, collection: &str, body: &Value) -> bool {
        match (self.mutant, collection) {
            (Mutant::FenceNotGrown, "steps") => state(body) == "leased",
            (Mutant::CancelNeverCleared, "narrations") => body["cancel_pending"] == false,
            _ => false,
        }
    }

    /// Writes something else than `body` over `before`.
    fn spoil(&self, before: &Value, body: &mut Value) {
        if self.mutant == Mutant::FenceNotGrown && state(before) != "leased" {
            body["fence"] = before["fence"].clone();
        } else if self.mutant == Mutant::CancelNeverCleared && before["run"] == body["run"] {
            body["cancel_pending"] = before["cancel_pending"].clone();
        }
    }

    /// What becomes of the first record of a step that has one.
    async fn insert_over(&self, id: &str, body: &Value) -> Result<Revision, StoreError> {
        let duplicate = StoreError::Duplicate { collection: "steps".to_owned(), id: id.to_owned() };
        if self.mutant == Mutant::LostRaceAnsweredAsWritten {
            return Ok(Revision::FIRST);
        }
        if self.mutant != Mutant::EndInsertedBlindly || state(body) != "ended" {
            return Err(duplicate);
        }
        // Over an end it would be another end of the step, which is not what this defect is about.
        let there = self.inner.get("steps", id).await?.filter(|there| state(&there.body) != "ended");
        let there = there.ok_or(duplicate)?;
        self.inner.replace("steps", id, there.revision, body).await
    }

    fn seen(&self, collection: &str, mut stored: Stored) -> Stored {
        match (self.mutant, collection) {
            (Mutant::FenceCheckSkipped, "steps") if state(&stored.body) == "ended" => {
                let held = self.held.lock().get(&stored.id).cloned();
                if let Some(held) = held.filter(|held| fence(held) != fence(&stored.body)) {
                    stored.body = held;
                }
            }
            (Mutant::TerminalCheckSkipped, "narrations") => {
                let ended = matches!(stored.body["phase"].as_str(), Some("cancelled" | "failed"));
                if ended {
                    // It looks as it did before it ended.
                    let reached = stored.body["state"]["reached"].take();
                    let phase = reached["at"].as_str().filter(|at| *at != "unplanned").unwrap_or("extracting");
                    stored.body["phase"] = phase.into();
                    stored.body["state"] = reached;
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

/// Whether a record says that a step was handed back without having been begun.
fn untouched(body: &Value) -> bool {
    state(body) == "free" && fence(body) == 0
}

/// Whether a query asks for records of these ids.
fn names_ids(query: &Query) -> bool {
    query.filter.iter().any(|condition| condition.op == Op::In && condition.field == ID)
}

/// Whether a query walks over turns, in place of asking for one.
fn walks(query: &Query) -> bool {
    query.filter.iter().any(|condition| condition.op == Op::Lt && condition.field.starts_with("ready."))
}

fn fence(body: &Value) -> u64 {
    body["fence"].as_u64().unwrap_or_default()
}

#[async_trait]
impl lectern_store::Layer for Defective {
    fn below(&self) -> &dyn Store {
        &*self.inner
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        if self.mutant == Mutant::HandBackNotNoted && collection == "steps" && untouched(body) {
            return Ok(Revision::FIRST);
        }
        let inserted = match self.inner.insert(collection, id, body).await {
            Err(StoreError::Duplicate { .. }) if collection == "steps" => self.insert_over(id, body).await,
            inserted => inserted,
        };
        inserted.inspect(|_| self.remember(collection, id, body))
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        if self.mutant == Mutant::CancelNotLookedFor && collection == "step_runs" {
            return Ok(None);
        }
        Ok(self.inner.get(collection, id).await?.map(|stored| self.seen(collection, stored)))
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        // Nothing else changes an attempt.
        if self.mutant == Mutant::SettleForgotten && collection == "attempts" {
            return Ok(expected.next());
        }
        let mut body = body.clone();
        if self.changes(collection, &body)
            && let Some(before) = self.inner.get(collection, id).await?
        {
            self.spoil(&before.body, &mut body);
        }
        match self.inner.replace(collection, id, expected, &body).await {
            Err(StoreError::Conflict { .. })
                if self.mutant == Mutant::LostRaceAnsweredAsWritten && collection == "steps" =>
            {
                Ok(expected.next())
            }
            replaced => replaced.inspect(|_| self.remember(collection, id, &body)),
        }
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        if self.mutant == Mutant::BudgetNotReserved && collection == "budgets" && delta > 0 {
            return Ok(Some(delta));
        }
        self.inner.add(collection, id, field, delta, limit).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        if self.mutant == Mutant::SuspensionNotLookedAt && collection == "tenants" {
            // As many are suspended as ever.
            return Ok(Vec::new());
        }
        if self.mutant == Mutant::WalksFindNothing && collection == "narrations" && walks(query) {
            return Ok(Vec::new());
        }
        if self.mutant == Mutant::CancelNotLookedFor && collection == "step_runs" {
            return Ok(Vec::new());
        }
        // Audits alone ask for narrations by their ids, where nobody watches any.
        if self.mutant == Mutant::GrantNeverReleased && collection == "narrations" && names_ids(query) {
            return Err(StoreError::Unavailable { what: "find narrations".to_owned(), why: "a defect".to_owned() });
        }
        let mut query = query.clone();
        if self.mutant == Mutant::TenantLeftOut && collection == "narrations" {
            query.filter.retain(|condition| condition.field != "tenant");
        }
        self.inner.find(collection, &query).await
    }
}
