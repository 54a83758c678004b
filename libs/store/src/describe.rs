//! What a collection is in words, for the page of the database (`docs/reference/database.md`).
//!
//! Each crate compares the part of the page that its own records make, in a test. To write the page
//! anew, run those tests with `LECTERN_WRITE_DOCS=1`.

use std::fmt::Write as _;

use crate::collection::Record;

/// The collection of `T` in Markdown: its layout, its indexes, and which of its fields are dates
/// and bytes in a database that has such types.
#[must_use]
pub fn describe<T: Record>() -> String {
    let spec = T::SPEC;
    let mut text = format!("\n### `{}`\n\n`_schema` is {}.\n", spec.name, T::SCHEMA);
    if spec.indexes.is_empty() {
        text.push_str("No index but that of `_id`.\n");
    } else {
        text.push_str("\n| index | fields | only where set | unique |\n| --- | --- | --- | --- |\n");
    }
    for index in spec.indexes {
        let (fields, unique) = (listed(index.fields), if index.unique { "yes" } else { "" });
        let set = index.where_set.map_or_else(String::new, |field| format!("`{field}`"));
        // A `String` takes what is written to it.
        let _ = writeln!(text, "| `{}` | {fields} | {set} | {unique} |", index.name);
    }
    text.push_str("\n| form | fields |\n| --- | --- |\n");
    for (form, fields) in [("date", spec.dates), ("bytes", spec.binaries)] {
        let fields = if fields.is_empty() { "none".to_owned() } else { listed(fields) };
        let _ = writeln!(text, "| {form} | {fields} |");
    }
    text
}

fn listed(fields: &[&str]) -> String {
    fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{CollectionSpec, Index};

    #[derive(Serialize, Deserialize)]
    struct Tide {}

    impl Record for Tide {
        const SPEC: CollectionSpec = CollectionSpec::new(
            "tides",
            &[Index::new("by_due", &["due_at"]).only_where_set("due_at"), Index::unique("by_name", &["sea", "name"])],
        )
        .dates(&["due_at"]);
        const SCHEMA: u32 = 3;

        fn id(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn a_collection_is_told_with_its_indexes_and_forms() {
        let text = describe::<Tide>();
        for line in [
            "### `tides`\n\n`_schema` is 3.",
            "| `by_due` | `due_at` | `due_at` |  |\n",
            "| `by_name` | `sea`, `name` |  | yes |\n",
            "| date | `due_at` |\n",
            "| bytes | none |\n",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
