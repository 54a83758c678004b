//! The gateway's collections and indexes. Nobody else reads this database.

use std::time::Duration;

use lectern_core::Timestamp;
use lectern_store::{CollectionSpec, Due, Index, Record};

use crate::domain::{Key, Narration, Pause, Slots, TenantRecord, Turn, key, narration, slots};

/// However long a narration waits, the reconciler looks at it once in this time.
const LOOKED_AT_LEAST: Duration = Duration::from_secs(60 * 60);

impl Record for Narration {
    const SPEC: CollectionSpec = CollectionSpec {
        name: "narrations",
        indexes: &[
            Index::new("by_tenant", &["tenant", "created"]),
            Index::new("by_document", &["tenant", "document", "created"]),
            Index::new("by_due", &["due_at"]),
            Index::new("by_phase", &["phase", "tenant"]),
            Index::new("by_turn_at_ingest", &["ready.ingest.turn", "ready.ingest.since"]),
            Index::new("by_turn_at_ai", &["ready.ai.turn", "ready.ai.since"]),
            Index::new("by_turn_at_tts", &["ready.tts.turn", "ready.tts.since"]),
        ],
    };
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
        self.due_at = if self.phase.terminal() { due_at } else { due_at.map(|at| at.min(self.deadline)) };
    }

    fn longest(&self) -> Option<Duration> {
        // What waits and what is granted is seen to by the dispatcher, so a look at a narration
        // only covers what that was not told of.
        let settled = !self.cancel_pending && self.deleted.is_none();
        settled.then_some(LOOKED_AT_LEAST)
    }
}

impl Record for Slots {
    const SPEC: CollectionSpec = CollectionSpec { name: "slots", indexes: &[] };
    const SCHEMA: u32 = slots::SCHEMA;

    fn id(&self) -> String {
        self.service.as_str().to_owned()
    }
}

impl Record for Turn {
    const SPEC: CollectionSpec =
        CollectionSpec { name: "turns", indexes: &[Index::new("by_turn", &["service", "lane", "waiting", "served"])] };
    const SCHEMA: u32 = slots::SCHEMA;

    fn id(&self) -> String {
        self.id()
    }
}

impl Record for Pause {
    const SPEC: CollectionSpec = CollectionSpec { name: "pauses", indexes: &[] };
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.what.to_string()
    }
}

impl Record for Key {
    const SPEC: CollectionSpec = CollectionSpec {
        name: "keys",
        indexes: &[Index::new("by_created", &["created"]), Index::new("by_tenant", &["tenant", "created"])],
    };
    const SCHEMA: u32 = key::SCHEMA;

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Record for TenantRecord {
    const SPEC: CollectionSpec = CollectionSpec { name: "tenants", indexes: &[Index::new("by_state", &["state"])] };
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.to_string()
    }
}
