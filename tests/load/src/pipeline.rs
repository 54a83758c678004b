//! The writes and messages of one narration of one section, for the ways that are not Lectern: five
//! steps, each claimed and committed in the stage's database, folded into the narration's record,
//! and told by one command and one event.

use anyhow::Result;
use lectern_core::id::{NarrationId, StepId, StepKind};
use lectern_queue::Message;
use lectern_store::{CollectionSpec, Revision, Store, StoreError};
use serde_json::{Value, json};

/// Where narrations lie.
pub const NARRATIONS: CollectionSpec = CollectionSpec::new("narrations", &[]);
/// Where steps lie.
pub const STEPS: CollectionSpec = CollectionSpec::new("steps", &[]);

/// A narration's record, as large as Lectern's.
pub fn narration(done: usize) -> Value {
    json!({ "tenant": "load", "done": done, "order": "x".repeat(1_200) })
}

/// A step's record, as large as Lectern's.
pub fn step(state: &str) -> Value {
    json!({ "tenant": "load", "state": state, "event": "x".repeat(400) })
}

/// A command or an event, as large as Lectern's.
pub fn message() -> Message {
    Message::new("x".repeat(300))
}

/// The step that does `kind` for a narration.
pub fn step_id(narration: &NarrationId, kind: StepKind) -> StepId {
    StepId { narration: narration.clone(), run: 1, kind, index: 0 }
}

/// The kind of step after `kind`.
pub fn after(kind: StepKind) -> Option<StepKind> {
    let at = StepKind::ALL.iter().position(|known| *known == kind)?;
    StepKind::ALL.get(at + 1).copied()
}

/// What a task writes: it claims its step, commits it, and folds it into the narration.
pub async fn write(store: &dyn Store, task: &StepId) -> Result<()> {
    let id = task.to_string();
    match store.insert(STEPS.name, &id, &step("leased")).await {
        // A task that comes again after an error goes on.
        Ok(_) | Err(StoreError::Duplicate { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    ignore_conflict(store.replace(STEPS.name, &id, Revision::FIRST, &step("ended")).await)?;
    let done = StepKind::ALL.iter().position(|kind| *kind == task.kind).unwrap_or(0);
    let revision = Revision(u64::try_from(done)? + 1);
    ignore_conflict(store.replace(NARRATIONS.name, task.narration.as_str(), revision, &narration(done + 1)).await)
}

fn ignore_conflict(written: Result<Revision, StoreError>) -> Result<()> {
    match written {
        Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
