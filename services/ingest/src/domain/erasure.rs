//! The receipt of an erasure: how many objects were deleted, by kind, in each of its two sweeps.
//!
//! A sweep counts what it finds, writes that down, deletes, and then says that it is done. So a
//! crash loses no count: what was written down is kept as pending, and the sweep that comes next
//! counts of what it finds only what exceeds it. Nothing is counted twice. What the number leaves
//! out is what nobody could have seen: what a step puts between the count and the deletion, or
//! while a sweep is interrupted. It is deleted all the same.

use std::collections::BTreeMap;

use lectern_core::Timestamp;
use lectern_core::keys::ObjectKind;
use serde::{Deserialize, Serialize};

/// Objects by kind.
pub type Counts = BTreeMap<ObjectKind, u64>;

/// One of the two sweeps of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// The one at once.
    First,
    /// The one after the longest lease of a step that may still have been putting something.
    Second,
}

/// What one sweep deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Objects that are deleted.
    pub deleted: Counts,
    /// Objects that were found and are being deleted; some of them may be gone.
    pub pending: Counts,
    /// When it was complete for the first time.
    pub at: Option<Timestamp>,
}

/// The receipt of an erasure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The first sweep.
    pub first: Swept,
    /// The second sweep.
    pub second: Swept,
    /// How often somebody wrote down what he found.
    pub announced: u64,
    /// How often what was pending was deleted.
    pub settled: u64,
}

impl Receipt {
    /// The sweep that a repeated deletion counts to: the second when that is complete, since the
    /// second sweep alone says that it comes after everything.
    #[must_use]
    pub const fn open(&self) -> Sweep {
        if self.second.at.is_none() { Sweep::First } else { Sweep::Second }
    }

    /// Writes down what was found by somebody who read [`Self::settled`] before he looked. Returns
    /// the number with which he [settles](Self::settle); none where somebody else has deleted what
    /// he may have found, so that he must look again.
    pub fn announce(&mut self, sweep: Sweep, settled: u64, found: &Counts) -> Option<u64> {
        if self.settled != settled {
            return None;
        }
        let (mine, other) = match sweep {
            Sweep::First => (&mut self.first, &self.second),
            Sweep::Second => (&mut self.second, &self.first),
        };
        for (kind, found) in found {
            let told = other.pending.get(kind).copied().unwrap_or(0);
            let pending = mine.pending.entry(*kind).or_default();
            *pending = (*pending).max(found.saturating_sub(told));
        }
        self.announced += 1;
        Some(self.announced)
    }

    /// Says that something may have been put since anybody looked: nobody who has announced what he
    /// found completes the receipt now, so that another sweep has to follow.
    pub const fn expect_another(&mut self) {
        self.announced += 1;
    }

    /// Says that everything that was pending is deleted, by the one who announced something with
    /// this number; whether he was the last. Where he was not, the other one deletes as well, and
    /// says so.
    pub fn settle(&mut self, sweep: Sweep, announced: u64, now: Timestamp) -> bool {
        if self.announced != announced {
            return false;
        }
        for swept in [&mut self.first, &mut self.second] {
            for (kind, count) in std::mem::take(&mut swept.pending) {
                *swept.deleted.entry(kind).or_default() += count;
            }
        }
        let swept = match sweep {
            Sweep::First => &mut self.first,
            Sweep::Second => &mut self.second,
        };
        if swept.at.is_none() {
            swept.at = Some(now);
        }
        self.settled += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: u64, segments: u64) -> Counts {
        Counts::from([(ObjectKind::Source, source), (ObjectKind::Segment, segments)])
    }

    #[test]
    fn what_an_interrupted_sweep_wrote_down_is_counted_once() {
        let mut receipt = Receipt::default();
        receipt.announce(Sweep::First, 0, &found(1, 100)).expect("nobody else");
        // It deleted 70 segments and died; one that a step put meanwhile hides among the rest.
        let number = receipt.announce(Sweep::First, 0, &found(0, 31)).expect("nobody else");
        assert!(receipt.first.deleted.is_empty() && receipt.first.at.is_none());
        assert!(receipt.settle(Sweep::First, number, Timestamp(7)));
        assert_eq!((&receipt.first.deleted, receipt.first.at), (&found(1, 100), Some(Timestamp(7))));
        assert!(receipt.first.pending.is_empty());

        // Whoever sweeps again adds what he finds.
        let number = receipt.announce(receipt.open(), 1, &found(0, 2)).expect("nobody else");
        assert!(receipt.settle(Sweep::First, number, Timestamp(9)));
        assert_eq!((&receipt.first.deleted, receipt.first.at), (&found(1, 102), Some(Timestamp(7))));
    }

    #[test]
    fn what_the_first_sweep_left_pending_is_not_counted_to_the_second() {
        let mut receipt = Receipt::default();
        receipt.announce(Sweep::First, 0, &found(1, 10)).expect("nobody else");
        let number = receipt.announce(Sweep::Second, 0, &found(1, 13)).expect("nobody else");
        assert!(receipt.settle(Sweep::Second, number, Timestamp(60)));
        assert_eq!((&receipt.first.deleted, &receipt.second.deleted), (&found(1, 10), &found(0, 3)));
        assert_eq!((receipt.second.at, receipt.open()), (Some(Timestamp(60)), Sweep::Second));
    }

    #[test]
    fn two_who_sweep_at_once_count_once() {
        let mut receipt = Receipt::default();
        let one = receipt.announce(Sweep::First, 0, &found(1, 10)).expect("nobody else");
        let two = receipt.announce(Sweep::First, 0, &found(1, 10)).expect("nothing is settled");
        assert!(!receipt.settle(Sweep::First, one, Timestamp(1)), "the other one says so");
        assert!(receipt.settle(Sweep::First, two, Timestamp(2)));
        assert_eq!(receipt.first.deleted, found(1, 10));
        // One who looked before that may have seen what is gone.
        assert_eq!(receipt.announce(Sweep::First, 0, &found(1, 10)), None);
    }

    #[test]
    fn a_sweep_during_which_something_may_have_been_put_does_not_complete_the_receipt() {
        let mut receipt = Receipt::default();
        let before = receipt.announce(Sweep::Second, 0, &found(1, 10)).expect("nobody else");
        receipt.expect_another();
        assert!(!receipt.settle(Sweep::Second, before, Timestamp(1)));
        assert_eq!(receipt.second.at, None);
        let after = receipt.announce(Sweep::Second, 0, &found(0, 1)).expect("nothing is settled");
        assert!(receipt.settle(Sweep::Second, after, Timestamp(2)));
        assert_eq!((&receipt.second.deleted, receipt.second.at), (&found(1, 10), Some(Timestamp(2))));
    }
}
