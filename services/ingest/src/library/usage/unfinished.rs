//! What came of a tenant's uploads that are not finished, as it was counted, and as this replica
//! changed it since.

use std::collections::BTreeMap;

use lectern_core::Timestamp;

use super::is_good;

/// Bytes of unfinished uploads.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    /// When they were counted; none where they were not.
    at: Option<Timestamp>,
    uploads: BTreeMap<String, Committed>,
    /// How often this replica changed one of them.
    changes: u64,
    /// Whether they are just being counted.
    counting: bool,
}

/// Bytes of one upload.
#[derive(Debug, Clone, Copy)]
struct Committed {
    bytes: u64,
    /// The change that said so; 0 for the count.
    change: u64,
}

impl Unfinished {
    /// Whether the last count is good still.
    pub fn holds(&self, now: Timestamp) -> bool {
        is_good(self.at, self.uploads.len() as u64, now)
    }

    /// Begins a count: what is to be known at its end.
    pub fn begin(&mut self) -> u64 {
        self.counting = true;
        self.changes
    }

    /// Takes in a count that [began](Self::begin) so. What changed since is newer.
    pub fn counted(&mut self, found: BTreeMap<String, u64>, began: u64, now: Timestamp) {
        self.at = Some(now);
        self.counting = false;
        self.uploads.retain(|_, committed| committed.change > began);
        for (upload, bytes) in found {
            self.uploads.entry(upload).or_insert(Committed { bytes, change: 0 });
        }
    }

    /// So many bytes of an upload are stored now; none of one that is not unfinished any more. It
    /// is not noted of a tenant whose uploads nobody counts.
    pub fn changed(&mut self, upload: &str, bytes: u64) {
        if self.at.is_none() && !self.counting {
            return;
        }
        self.changes += 1;
        // A count that goes on meanwhile may have seen it, and is to be told that it is gone.
        if bytes > 0 || self.counting {
            self.uploads.insert(upload.to_owned(), Committed { bytes, change: self.changes });
        } else {
            self.uploads.remove(upload);
        }
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> u64 {
        self.uploads.values().fold(0, |sum, committed| sum.saturating_add(committed.bytes))
    }

    /// Bytes of one of them, as far as they are counted.
    pub fn of(&self, upload: &str) -> u64 {
        self.uploads.get(upload).map_or(0, |committed| committed.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(uploads: &[(&str, u64)]) -> BTreeMap<String, u64> {
        uploads.iter().map(|(upload, bytes)| ((*upload).to_owned(), *bytes)).collect()
    }

    #[test]
    fn what_changes_while_it_is_counted_is_newer_than_the_count_and_older_changes_are_in_it() {
        let mut unfinished = Unfinished::default();
        unfinished.changed("a", 7);
        assert_eq!((unfinished.bytes(), unfinished.holds(Timestamp(1_000))), (0, false), "nobody counts");
        let began = unfinished.begin();
        unfinished.changed("b", 20);
        unfinished.changed("c", 0);
        unfinished.counted(found(&[("a", 1), ("b", 2), ("c", 3)]), began, Timestamp(1_000));
        assert_eq!((unfinished.bytes(), unfinished.of("b"), unfinished.of("c")), (21, 20, 0));
        assert!(unfinished.holds(Timestamp(60_999)) && !unfinished.holds(Timestamp(61_000)));

        let began = unfinished.begin();
        unfinished.counted(found(&[("b", 4)]), began, Timestamp(61_000));
        assert_eq!(unfinished.bytes(), 4, "what other replicas changed is found");
        unfinished.changed("b", 0);
        assert!(unfinished.uploads.is_empty(), "what is gone is not remembered");
    }
}
