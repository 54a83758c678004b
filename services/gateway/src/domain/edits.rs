//! A script that waits for a person: what was edited of it, and its approval.

use lectern_core::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Bits, Narration, Phase, Pins, Transition};

/// What was edited of a script. The edits themselves are an object, which grows with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptEdits {
    /// The key of that object.
    pub key: Digest,
    /// The sections that they change.
    pub sections: Bits,
}

impl Pins {
    /// Whether a run with the `other` pins has the same script: the same source, read and written
    /// by the same versions.
    #[must_use]
    pub fn same_script(&self, other: &Self) -> bool {
        self.source == other.source && self.extractor == other.extractor && self.script == other.script
    }
}

impl Narration {
    /// Whether a person is waited for.
    #[must_use]
    pub const fn awaits_approval(&self) -> bool {
        matches!(self.phase(), Phase::AwaitingApproval)
    }

    /// Whether the script of the next plan waits for an approval before it is recorded.
    pub(super) const fn is_held(&self) -> bool {
        self.spec.hold && self.approved.is_none()
    }

    /// Names the edits of the script of `run`, which were `before` when they were made; nothing is
    /// changed where the script waits for no approval, or is another one by now.
    pub fn edited(&mut self, run: u32, before: Option<&ScriptEdits>, edits: ScriptEdits, now: Timestamp) -> Transition {
        if !self.awaits_approval() || self.run != run || self.edits.as_ref() != before {
            return Transition::Unchanged;
        }
        self.edits = Some(edits);
        self.note_progress(now);
        Transition::Changed
    }

    /// Approves the script that waits for it. What was left of the run's time is left from now on.
    pub fn approve(&mut self, now: Timestamp) -> Transition {
        let Some(left) = self.state.approved() else { return Transition::Unchanged };
        self.approved = Some(now);
        self.deadline = now.plus(left);
        self.note_progress(now);
        Transition::Changed
    }

    /// Takes other pins. A script that is written by another version has other sentences: what was
    /// edited and approved is not of that one, and what was edited is only known for whoever wants
    /// to have it changed alike.
    pub(super) fn pin(&mut self, pins: Pins) {
        if !self.pins.same_script(&pins) {
            self.approved = None;
            self.earlier_edits = self.edits.take().map(|edits| edits.key).or(self.earlier_edits);
        }
        self.pins = pins;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::{fail, narrate, narration, record, write};

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    /// A narration whose script of two sections waits for its approval since a moment.
    fn held(now: Timestamp) -> Narration {
        let mut n = narration();
        n.spec.hold = true;
        narrate(&mut n, 2);
        for section in [1, 0] {
            assert!(!n.awaits_approval());
            assert!(n.section_written(section, now));
        }
        n.note_progress(now);
        n
    }

    fn edits(what: &str) -> ScriptEdits {
        ScriptEdits { key: Digest::of(what.as_bytes()), sections: Bits::first(1) }
    }

    #[test]
    fn a_script_that_is_held_is_written_whole_and_recorded_when_it_is_approved() {
        let mut n = narration();
        n.spec.hold = true;
        narrate(&mut n, 2);
        write(&mut n, 0);
        assert!(!n.section_recorded(0, crate::domain::Tally::default(), at(1)), "nobody asked for that");
        write(&mut n, 1);
        assert!(n.awaits_approval() && !n.phase().terminal());
        assert_eq!((n.sections(), n.written(), n.recorded(), n.is_written(1)), (Some(2), 2, 0, true));
        assert!(!n.is_recorded(0) && !n.section_written(1, at(2)));
        assert_eq!(n.approve(at(3)), Transition::Changed);
        assert_eq!((n.phase(), n.written(), n.recorded()), (Phase::Narrating, 2, 0));
        assert_eq!(n.approve(at(4)), Transition::Unchanged, "once");
        record(&mut n, 0);
        assert_eq!(n.approved, Some(at(3)));
    }

    #[test]
    fn the_time_of_a_run_stands_still_while_a_person_is_waited_for() {
        let written = at(3_600);
        let mut n = held(written);
        let left = n.deadline.since(written);
        let later = n.deadline.plus(Duration::from_secs(30 * 24 * 60 * 60));
        assert_eq!(n.expire(later), Transition::Unchanged);
        assert_eq!(n.extend_deadline(later), Transition::Unchanged);
        assert_eq!(n.approve(later), Transition::Changed);
        assert_eq!(n.deadline, later.plus(left));
        assert_eq!(n.expire(Timestamp(n.deadline.0 - 1)), Transition::Unchanged);
        assert_eq!(n.expire(n.deadline), Transition::Changed, "it is a run as any other again");
    }

    #[test]
    fn edits_are_of_the_script_that_they_were_made_of_while_it_waits() {
        let mut n = held(at(1));
        assert_eq!(n.edited(1, None, edits("a"), at(2)), Transition::Changed);
        assert_eq!(n.edited(1, None, edits("b"), at(3)), Transition::Unchanged, "another editor was faster");
        let mine = edits("a");
        assert_eq!(n.edited(2, Some(&mine), edits("b"), at(3)), Transition::Unchanged, "of another run");
        assert_eq!(n.edited(1, Some(&mine), edits("b"), at(4)), Transition::Changed);
        n.approve(at(5));
        let mine = edits("b");
        assert_eq!(n.edited(1, Some(&mine), edits("c"), at(6)), Transition::Unchanged, "it is approved");
        assert_eq!(n.edits, Some(edits("b")));
    }

    #[test]
    fn a_retry_keeps_what_was_edited_and_approved_of_the_same_script_and_of_no_other() {
        let mut n = held(at(1));
        n.edited(1, None, edits("a"), at(2));
        fail(&mut n, at(3));
        assert_eq!((n.written(), n.recorded()), (2, 0), "what it had come to");
        n.retry(n.pins.clone(), None, at(4)).expect("retried");
        narrate(&mut n, 2);
        (0..2).for_each(|section| write(&mut n, section));
        assert!(n.awaits_approval() && n.edits == Some(edits("a")), "it was not approved");
        n.approve(at(5));
        fail(&mut n, at(6));
        let mut voice = n.pins.clone();
        voice.speakers.first_mut().voice.version = "2".to_owned();
        n.retry(voice, None, at(7)).expect("retried");
        narrate(&mut n, 2);
        (0..2).for_each(|section| write(&mut n, section));
        assert_eq!((n.phase(), n.edits.clone()), (Phase::Narrating, Some(edits("a"))), "it was approved");
        fail(&mut n, at(8));
        let script = Pins { script: "extractive/2".to_owned(), ..n.pins.clone() };
        n.retry(script, None, at(9)).expect("retried");
        assert_eq!((n.edits.clone(), n.approved, n.earlier_edits), (None, None, Some(edits("a").key)));
        narrate(&mut n, 2);
        (0..2).for_each(|section| write(&mut n, section));
        assert!(n.awaits_approval(), "nobody has read that one");
    }
}
