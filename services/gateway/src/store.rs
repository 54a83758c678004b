//! The gateway's collections and indexes. Nobody else reads this database.

use lectern_core::Timestamp;
use lectern_store::{CollectionSpec, Due, Index, Record};

use crate::domain::{Key, Narration, narration};

impl Record for Narration {
    const SPEC: CollectionSpec = CollectionSpec {
        name: "narrations",
        indexes: &[
            Index::new("by_tenant", &["tenant", "created"]),
            Index::new("by_document", &["tenant", "document", "created"]),
            Index::new("by_due", &["due_at"]),
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
        self.due_at = due_at;
    }
}

impl Record for Key {
    const SPEC: CollectionSpec = CollectionSpec { name: "keys", indexes: &[Index::new("by_created", &["created"])] };
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.clone()
    }
}
