//! The records and messages of one narration of one section, for the ways that are not Lectern:
//! five steps, each told by one command and one event, and folded into the narration's record.

use anyhow::Result;
use lectern_core::id::{NarrationId, StepId, StepKind};
use lectern_queue::Message;
use lectern_store::{CollectionSpec, Revision, Store};
use serde_json::{Value, json};

/// Where narrations lie.
pub const NARRATIONS: CollectionSpec = CollectionSpec::new("narrations", &[]);
/// Where steps lie.
pub const STEPS: CollectionSpec = CollectionSpec::new("steps", &[]);
/// The size of a command or an event, in bytes, as Lectern's have it.
const MESSAGE_BYTES: usize = 300;

/// A narration's record, as large as Lectern's.
pub fn narration(done: usize) -> Value {
    json!({ "tenant": "load", "done": done, "order": "x".repeat(1_200) })
}

/// A step's record, as large as Lectern's.
pub fn step(state: &str) -> Value {
    json!({ "tenant": "load", "state": state, "event": "x".repeat(400) })
}

/// The command or the event of a step.
pub fn message(step: &StepId) -> Message {
    let text = step.to_string();
    Message::new(format!("{text:MESSAGE_BYTES$}"))
}

/// The step of a command or an event.
pub fn step_of(message: &Message) -> Result<StepId> {
    Ok(std::str::from_utf8(&message.payload)?.trim_end().parse()?)
}

/// The step that does `kind` for a narration.
pub fn step_id(narration: &NarrationId, kind: StepKind) -> StepId {
    StepId { narration: narration.clone(), run: 1, kind, index: 0 }
}

/// The step after this one.
pub fn after(step: &StepId) -> Option<StepId> {
    StepKind::ALL.get(position(step.kind) + 1).map(|kind| step_id(&step.narration, *kind))
}

/// Writes into the narration's record that a step is done.
pub async fn fold(narrations: &dyn Store, step: &StepId) -> Result<()> {
    let done = position(step.kind);
    let expected = Revision(u64::try_from(done)? + 1);
    narrations.replace(NARRATIONS.name, step.narration.as_str(), expected, &narration(done + 1)).await?;
    Ok(())
}

fn position(kind: StepKind) -> usize {
    StepKind::ALL.iter().position(|known| *known == kind).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use lectern_core::OsRandom;

    use super::*;

    #[test]
    fn five_steps_follow_each_other_and_are_read_back_from_their_messages() {
        let first = step_id(&NarrationId::random(&OsRandom), StepKind::Extract);
        let steps: Vec<StepId> = std::iter::successors(Some(first), after).collect();
        assert_eq!(steps.iter().map(|step| step.kind).collect::<Vec<_>>(), StepKind::ALL);
        for step in steps {
            let message = message(&step);
            assert_eq!((message.payload.len(), step_of(&message).unwrap()), (MESSAGE_BYTES, step));
        }
    }
}
