//! The gateway's collections and indexes. Nobody else reads this database.

use std::time::Duration;

use lectern_core::Timestamp;
use lectern_store::{CollectionSpec, Due, Index, Record};

use crate::domain::{Key, LexiconRecord, Narration, Pause, TenantRecord, key, narration};

/// However long a narration waits, the reconciler looks at it once in this time.
const LOOKED_AT_LEAST: Duration = Duration::from_secs(60 * 60);

impl Record for Narration {
    const SPEC: CollectionSpec = CollectionSpec::new(
        "narrations",
        &[
            Index::new("by_tenant", &["tenant", "created"]),
            Index::new("by_document", &["tenant", "document", "created"]),
            Index::new("by_scope", &["tenant", "scope", "created"]),
            // What is over costs none of these five.
            Index::new("by_due", &["due_at"]).only_where_set("due_at"),
            // Beside it, a change of `due_at` costs this one nothing.
            Index::new("by_age", &["created"]).only_where_set("due_at"),
            Index::new("by_phase", &["phase", "tenant"]),
            Index::new("by_end", &["phase", "state.finished"]).only_where_set("state.finished"),
            Index::new("by_turn_at_ingest", &["ready.ingest.turn", "ready.ingest.since"])
                .only_where_set("ready.ingest.turn"),
            Index::new("by_turn_at_ai", &["ready.ai.turn", "ready.ai.since"]).only_where_set("ready.ai.turn"),
            Index::new("by_turn_at_tts", &["ready.tts.turn", "ready.tts.since"]).only_where_set("ready.tts.turn"),
        ],
    )
    .dates(&[
        "created",
        "updated",
        "deadline",
        "due_at",
        "deleted",
        "retried",
        "approved",
        "earlier.since",
        "repinned.at",
        "repinned.repin.wanted",
        "state.finished",
        "state.first_audio",
        "state.reached.first_audio",
        "state.repin.wanted",
        "ready.ingest.since",
        "ready.ai.since",
        "ready.tts.since",
    ]);
    const SCHEMA: u32 = narration::SCHEMA;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Due for Narration {
    fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    fn set_due_at(&mut self, due_at: Option<Timestamp>) {
        // Not later than it would have to be ended.
        let no_deadline = self.phase().terminal() || self.awaits_approval();
        self.due_at = if no_deadline { due_at } else { due_at.map(|at| at.min(self.deadline)) };
    }

    fn longest(&self) -> Option<Duration> {
        // What waits and what is granted is seen to by the dispatcher, so a look at a narration
        // only covers what that was not told of.
        let settled = !self.to_be_settled() && self.earlier.is_empty() && !self.awaits_pins();
        settled.then_some(LOOKED_AT_LEAST)
    }
}

impl Record for Pause {
    const SPEC: CollectionSpec = CollectionSpec::new("pauses", &[]).dates(&["since"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.what.to_string()
    }
}

impl Record for Key {
    const SPEC: CollectionSpec = CollectionSpec::new(
        "keys",
        &[Index::new("by_created", &["created"]), Index::new("by_tenant", &["tenant", "created"])],
    )
    .dates(&["created", "expires", "revoked", "last_used"]);
    const SCHEMA: u32 = key::SCHEMA;

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Record for TenantRecord {
    const SPEC: CollectionSpec =
        CollectionSpec::new("tenants", &[Index::new("by_state", &["state"])]).dates(&["created", "updated"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Record for LexiconRecord {
    const SPEC: CollectionSpec = CollectionSpec::new("lexicons", &[Index::new("by_tenant", &["tenant", "lexicon"])])
        .dates(&["created", "updated"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        Self::record_id(&self.tenant, &self.lexicon)
    }
}

#[cfg(test)]
mod tests;
