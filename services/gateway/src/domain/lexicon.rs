//! A tenant's list of words and how they are said, as it is kept.

use lectern_core::Timestamp;
use lectern_core::id::{LexiconId, TenantId};
use lectern_core::lexicon::Entry;
use serde::{Deserialize, Serialize};

/// The most lexicons of a tenant.
pub const MOST_LEXICONS: u64 = 100;

/// A lexicon of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LexiconRecord {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id, the tenant's own choice.
    pub lexicon: LexiconId,
    /// A name for people.
    pub display_name: String,
    /// Its entries, which were checked.
    pub entries: Vec<Entry>,
    /// Grows with every change of the entries, from 1.
    pub version: u64,
    /// Grows with every change, from 1.
    pub changes: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// Whether the orders of its tenant have it without naming it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_default: bool,
}

impl LexiconRecord {
    /// A lexicon that is made now, and that orders have where they name it.
    #[must_use]
    pub const fn new(
        tenant: TenantId,
        lexicon: LexiconId,
        display_name: String,
        entries: Vec<Entry>,
        now: Timestamp,
    ) -> Self {
        Self {
            tenant,
            lexicon,
            display_name,
            entries,
            version: 1,
            changes: 1,
            created: now,
            updated: now,
            by_default: false,
        }
    }

    /// The id of its record: lexicons of two tenants may have one name.
    #[must_use]
    pub fn record_id(tenant: &TenantId, lexicon: &LexiconId) -> String {
        format!("{tenant}/{lexicon}")
    }

    /// What tells it as it is now from what it was, and from one of its name that was deleted.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("{:x}-{}", self.created.millis(), self.changes)
    }

    /// This lexicon with another name or other entries, or as one that orders have by default or
    /// have not, where that is given; none where that changes nothing.
    #[must_use]
    pub fn changed(
        &self,
        display_name: Option<&str>,
        entries: Option<&[Entry]>,
        by_default: Option<bool>,
        now: Timestamp,
    ) -> Option<Self> {
        let mut changed = self.clone();
        changed.by_default = by_default.unwrap_or(self.by_default);
        if let Some(name) = display_name {
            name.clone_into(&mut changed.display_name);
        }
        if let Some(entries) = entries.filter(|entries| *entries != self.entries) {
            changed.entries = entries.to_vec();
            changed.version += 1;
        }
        if changed == *self {
            return None;
        }
        changed.changes += 1;
        changed.updated = now;
        Some(changed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn lexicon() -> LexiconRecord {
        let (tenant, id) = ("acme".parse().expect("an id"), "names".parse().expect("an id"));
        LexiconRecord::new(tenant, id, "Names".to_owned(), vec![Entry::spelt("lead", "led")], Timestamp(1_000))
    }

    #[test]
    fn a_version_grows_with_the_entries_and_the_etag_with_everything() {
        let first = lexicon();
        assert_eq!(first.changed(Some("Names"), Some(&first.entries), Some(false), Timestamp(2_000)), None);
        let renamed = first.changed(Some("All names"), None, None, Timestamp(2_000)).expect("a change");
        assert_eq!((renamed.version, renamed.updated), (1, Timestamp(2_000)));
        let other = renamed.changed(None, Some(&[]), None, Timestamp(3_000)).expect("a change");
        assert_eq!((other.version, other.display_name.as_str()), (2, "All names"));
        let had = other.changed(None, None, Some(true), Timestamp(4_000)).expect("a change");
        assert_eq!((had.version, had.by_default, had.updated), (2, true, Timestamp(4_000)));
        assert_eq!(had.changed(None, None, Some(true), Timestamp(5_000)), None);
        let etags = [&first, &renamed, &other, &had].map(LexiconRecord::etag);
        assert_eq!(BTreeSet::from(etags).len(), 4, "each is told from the others");
        let anew = LexiconRecord { created: Timestamp(9_000), ..lexicon() };
        assert_ne!(anew.etag(), first.etag(), "one that is made after it was deleted is another");
    }

    #[test]
    fn a_record_that_says_nothing_of_it_is_not_had_by_default() {
        let first = lexicon();
        let mut stored = serde_json::to_value(&first).expect("a record");
        assert_eq!(stored.get("by_default"), None, "a record from before is like one from now");
        assert_eq!(serde_json::from_value::<LexiconRecord>(stored.clone()).ok(), Some(first.clone()));
        stored["by_default"] = true.into();
        let had = LexiconRecord { by_default: true, ..first };
        assert_eq!(serde_json::from_value::<LexiconRecord>(stored).ok(), Some(had));
    }

    #[test]
    fn lexicons_of_two_tenants_may_have_one_name() {
        let other = "globex".parse().expect("an id");
        let LexiconRecord { tenant, lexicon, .. } = lexicon();
        assert_ne!(LexiconRecord::record_id(&tenant, &lexicon), LexiconRecord::record_id(&other, &lexicon));
    }
}
