//! What is known of a narration beside its record: why it does not go on just now, and how far its
//! files are. It is kept in memory, and nothing of it is ever written down.

use std::time::Duration;

use lectern_core::id::NarrationId;
use lectern_core::{Digest, Timestamp};
use lectern_stage::Recall;
use serde::{Deserialize, Serialize};

use crate::domain::{Narration, Phase};

/// Narrations of which it is remembered how far their files are.
const MOST: usize = 1_024;
/// What was not heard of for so long is forgotten.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// Why a narration does not go on just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Its turn has not come.
    Queue,
    /// An operator has paused what it needs.
    Paused,
    /// Its tenant is suspended.
    Suspended,
    /// An engine that it needs is out of order.
    EngineUnavailable,
}

/// What is known of a narration beside its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Why it does not go on; none where it does, and for a terminal one.
    pub wait: Option<Wait>,
    /// Milliseconds of audio that are joined and encoded; none unless its files are being made, and
    /// where that was not heard of.
    pub assembled: Option<u64>,
}

/// How far the files of narrations are, as the workers say that make them.
#[derive(Debug)]
pub struct Assembling(Recall<(u32, u64)>);

impl Default for Assembling {
    fn default() -> Self {
        Self(Recall::new(MOST, KEPT))
    }
}

impl Assembling {
    /// Notes how many milliseconds are done in a run. A worker that has not heard yet that its run
    /// is over says nothing of the run that is under way.
    pub fn note(&self, narration: &NarrationId, run: u32, millis: u64, now: Timestamp) {
        let place = place(narration);
        if self.0.get(&place, now).is_none_or(|(known, _)| known <= run) {
            self.0.put(place, (run, millis), now);
        }
    }

    /// How many milliseconds are done of a narration whose files are being made.
    #[must_use]
    pub fn of(&self, narration: &Narration, now: Timestamp) -> Option<u64> {
        if narration.phase != Phase::Assembling {
            return None;
        }
        let (run, millis) = self.0.get(&place(&narration.id), now)?;
        (run == narration.run).then_some(millis)
    }

    /// Forgets a narration whose files are made.
    pub fn forget(&self, narration: &NarrationId) {
        self.0.forget(&place(narration));
    }
}

/// Where a narration is remembered.
fn place(narration: &NarrationId) -> Digest {
    Digest::of(narration.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::narration;

    #[test]
    fn how_far_files_are_is_known_of_the_run_that_makes_them_and_of_no_other() {
        let (assembling, mut n) = (Assembling::default(), narration());
        n.phase = Phase::Assembling;
        assert_eq!(assembling.of(&n, Timestamp(0)), None, "nothing was heard");
        assembling.note(&n.id, 1, 9_000, Timestamp(0));
        assert_eq!(assembling.of(&n, Timestamp(1)), Some(9_000));
        assembling.note(&n.id, 1, 4_000, Timestamp(1));
        assert_eq!(assembling.of(&n, Timestamp(2)), Some(4_000), "another worker began anew");
        n.run = 2;
        assert_eq!(assembling.of(&n, Timestamp(2)), None);
        assembling.note(&n.id, 2, 1_000, Timestamp(2));
        assembling.note(&n.id, 1, 9_500, Timestamp(3));
        assert_eq!(assembling.of(&n, Timestamp(3)), Some(1_000), "the first run is over");
        n.phase = Phase::Succeeded;
        assert_eq!(assembling.of(&n, Timestamp(3)), None);
        n.phase = Phase::Assembling;
        assembling.forget(&n.id);
        assert_eq!(assembling.of(&n, Timestamp(3)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number_and_age() {
        let assembling = Assembling::default();
        let of = |index: usize| {
            let id = format!("n{index}").parse().expect("an id");
            Narration { id, phase: Phase::Assembling, ..narration() }
        };
        for index in 0..=MOST {
            assembling.note(&of(index).id, 1, 1_000, Timestamp(0));
        }
        assert_eq!(assembling.of(&of(0), Timestamp(1)), None, "the first has gone");
        assert_eq!(assembling.of(&of(1), Timestamp(1)), Some(1_000));
        assert_eq!(assembling.of(&of(1), Timestamp(0).plus(KEPT)), None);
    }
}
