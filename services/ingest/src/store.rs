//! Ingest's collections and indexes. Nobody else reads this database.

use lectern_core::Timestamp;
use lectern_store::{CollectionSpec, Due, Index, Record};

use crate::domain::{Document, Upload, document, upload};

impl Record for Document {
    const SPEC: CollectionSpec = CollectionSpec::new(
        "documents",
        &[
            Index::new("by_tenant", &["tenant", "erased", "created"]),
            Index::new("by_source", &["tenant", "sha256", "erased", "created"]),
            Index::new("by_scope", &["tenant", "scope", "erased", "created"]),
            Index::new("by_erased", &["erased"]).only_where_set("erased"),
            Index::new("by_due", &["due_at"]).only_where_set("due_at"),
        ],
    )
    .dates(&["created", "erased", "due_at", "receipt.first.at", "receipt.second.at"]);
    const SCHEMA: u32 = document::SCHEMA;

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Due for Document {
    fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    fn set_due_at(&mut self, due_at: Option<Timestamp>) {
        self.due_at = due_at;
    }
}

impl Record for Upload {
    const SPEC: CollectionSpec = CollectionSpec::new(
        "uploads",
        &[Index::new("by_due", &["due_at"]).only_where_set("due_at"), Index::new("by_tenant", &["tenant", "created"])],
    )
    .dates(&["created", "due_at", "finishing.until"]);
    const SCHEMA: u32 = upload::SCHEMA;

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Due for Upload {
    fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    fn set_due_at(&mut self, due_at: Option<Timestamp>) {
        self.due_at = due_at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_database_is_that_of_the_records() {
        let text = [lectern_store::describe::<Document>(), lectern_store::describe::<Upload>()].concat();
        lectern_testkit::pages::check_part("reference/database.md", "ingest", &text, "the_page_of_the_database");
    }
}
