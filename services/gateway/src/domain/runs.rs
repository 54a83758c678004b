//! The runs of a narration: how the next one begins, and what earlier ones may have left behind.
//!
//! Steps and files are named by their run, so whatever is done about a run that is over, however
//! late and however often, never meets a later one.

use lectern_core::id::ScopeId;
use lectern_core::speakers::Speakers;
use lectern_core::{Digest, Failure, Kind, Reason, Timestamp};
use serde::{Deserialize, Serialize};

use super::narration::{DEADLINE, SECOND_SWEEP};
use super::state::State;
use super::{Narration, Phase, Pins, StepFailure, Transition};

/// Runs of a narration that are over and of which something may be left: steps that their stages
/// still do, and files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// Where their files are: a request id may have been of an order for another document.
    pub scope: ScopeId,
    /// They are those up to this one.
    pub run: u32,
    /// When the last of them was over.
    pub since: Timestamp,
    /// Whether the stages were told, and the files deleted once.
    pub told: bool,
}

impl Earlier {
    /// When something is to be done about them: at once, and once more when the longest lease has
    /// passed, for what a step was just putting.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        if self.told { self.since.plus(SECOND_SWEEP) } else { self.since }
    }
}

/// The versions that a run is pinned to, without what belongs to its document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Extractor, name and version.
    pub extractor: String,
    /// Script engine, name and version.
    pub script: String,
    /// Who speaks.
    pub speakers: Speakers,
}

impl Versions {
    /// Those of these pins.
    #[must_use]
    pub fn of(pins: &Pins) -> Self {
        Self { extractor: pins.extractor.clone(), script: pins.script.clone(), speakers: pins.speakers.clone() }
    }
}

/// That nobody has any more what a run was pinned to, as after an upgrade, so that the run which
/// follows waits to be pinned anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repin {
    /// When a stage said so.
    pub wanted: Timestamp,
    /// What it said, and of which step.
    pub why: StepFailure,
    /// What the run before was pinned to.
    pub from: Versions,
}

/// How a narration was pinned anew. It happens once between two calls of its caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repinned {
    /// When that was done.
    pub at: Timestamp,
    /// Why.
    pub repin: Repin,
}

impl Narration {
    /// Starts a failed or cancelled narration anew; `request` is the digest of the request id of
    /// the call that does so, where it has one.
    ///
    /// # Errors
    /// FAILED_PRECONDITION in any other state, or when its document was erased.
    pub fn retry(&mut self, pins: Pins, request: Option<Digest>, now: Timestamp) -> Result<(), Failure> {
        self.may_be_retried()?;
        self.pin(pins);
        self.run_request = request;
        self.repinned = None;
        self.retried = Some(now);
        self.deadline = now.plus(self.spec.time_limit.unwrap_or(DEADLINE));
        self.cancel_pending = false;
        self.begin_run(None, now);
        Ok(())
    }

    /// Whether it can be started anew.
    ///
    /// # Errors
    /// Those of [`Self::retry`].
    pub fn may_be_retried(&self) -> Result<(), Failure> {
        if self.erased() {
            return Err(Failure::new(
                Kind::FailedPrecondition,
                Reason::DocumentErased,
                "the document was erased; hand it in again and order a new narration",
            ));
        }
        if !matches!(self.phase(), Phase::Failed | Phase::Cancelled) {
            return Err(Failure::new(
                Kind::FailedPrecondition,
                Reason::WrongState,
                "only a FAILED or CANCELLED narration can be retried; wait for this one, or order another",
            ));
        }
        Ok(())
    }

    /// Whether it may be pinned anew: who fails for the same again is not helped by pins.
    pub(crate) const fn may_be_pinned_anew(&self) -> bool {
        self.repinned.is_none() && !self.awaits_pins()
    }

    /// Begins a run in which nothing is done and nothing is wanted before it is pinned anew, since
    /// nobody has what the present one is pinned to.
    pub(crate) fn await_pins(&mut self, why: StepFailure, now: Timestamp) {
        let from = Versions::of(&self.pins);
        self.begin_run(Some(Box::new(Repin { wanted: now, why, from })), now);
    }

    /// Whether it waits to be pinned anew.
    #[must_use]
    pub const fn awaits_pins(&self) -> bool {
        matches!(self.state, State::Extracting { repin: Some(_), .. })
    }

    /// Pins the run that waits for it.
    pub fn pinned(&mut self, run: u32, pins: Pins, now: Timestamp) -> Transition {
        let State::Extracting { repin, .. } = &mut self.state else { return Transition::Unchanged };
        let Some(repin) = repin.take_if(|_| self.run == run) else { return Transition::Unchanged };
        self.repinned = Some(Box::new(Repinned { at: now, repin: *repin }));
        self.pin(pins);
        self.note_progress(now);
        Transition::Changed
    }

    /// Fails the run that waits to be pinned: what was ordered is not to be had any more.
    pub fn not_pinned(&mut self, run: u32, failure: Failure, now: Timestamp) -> Transition {
        let Some(repin) = self.repin().filter(|_| self.run == run) else { return Transition::Unchanged };
        let step = repin.why.step.clone();
        self.fail(StepFailure { failure, step }, now);
        Transition::Changed
    }

    /// Takes the place of a deleted narration of the same request: its steps and files are of a
    /// later run than those that are stopped and deleted, and what is left of these is seen to.
    pub fn take_place_of(&mut self, tombstone: &Self) {
        self.run = tombstone.run + 1;
        self.version = tombstone.version + 1;
        let since = tombstone.deleted.unwrap_or(tombstone.updated);
        self.earlier.clone_from(&tombstone.earlier);
        let (scope, told) = (tombstone.scope.clone(), tombstone.gone());
        self.leave(Earlier { scope, run: tombstone.run, since, told });
    }

    /// Runs of which something is to be done at this moment.
    pub fn earlier_due(&self, now: Timestamp) -> impl Iterator<Item = &Earlier> {
        self.earlier.iter().filter(move |earlier| earlier.due() <= now)
    }

    /// When something is next to be done about earlier runs; none where nothing is.
    pub(super) fn earlier_next(&self) -> Option<Timestamp> {
        self.earlier.iter().map(Earlier::due).min()
    }

    /// The stages know that runs up to `run` are over, and their files in `scope` are deleted.
    pub fn earlier_ended(&mut self, scope: &ScopeId, run: u32, now: Timestamp) -> Transition {
        let due = |earlier: &&mut Earlier| earlier.scope == *scope && earlier.run == run && earlier.due() <= now;
        let Some(earlier) = self.earlier.iter_mut().find(due) else { return Transition::Unchanged };
        earlier.told = true;
        self.earlier.retain(|earlier| earlier.scope != *scope || now < earlier.due());
        let next = self.earlier_next();
        self.due_at = if self.phase().terminal() && !self.to_be_settled() {
            next
        } else {
            self.due_at.into_iter().chain(next).min()
        };
        Transition::Changed
    }

    /// Whether the stages are to be told that it is over.
    #[must_use]
    pub const fn to_be_settled(&self) -> bool {
        self.cancel_pending || self.deleted.is_some()
    }

    /// The stages know that it is over. The files of a deleted one are swept once more, and what is
    /// left of it is kept for so long after it was deleted.
    pub fn settled(&mut self, kept: std::time::Duration, now: Timestamp) {
        self.cancel_pending = false;
        let deleted = self.deleted.map(|at| {
            let again = at.plus(SECOND_SWEEP);
            if now < again { again } else { at.plus(kept) }
        });
        self.due_at = deleted.into_iter().chain(self.earlier_next()).min();
    }

    /// Whether it is a tombstone that was kept for so long, and nothing of earlier runs is left.
    #[must_use]
    pub fn over(&self, kept: std::time::Duration, now: Timestamp) -> bool {
        let kept_until = self.deleted.map(|at| at.plus(kept.max(SECOND_SWEEP)));
        self.gone() && self.earlier.is_empty() && kept_until.is_some_and(|until| until <= now)
    }

    /// Notes what may be left in a scope, in the place of what was noted of it before: what is done
    /// about a run is done about all before it.
    fn leave(&mut self, left: Earlier) {
        self.earlier.retain(|known| known.scope != left.scope);
        self.earlier.push(left);
    }

    /// Every step is asked for again: what was made under the same pins is found by its key, and
    /// what storage lost is made anew. Nothing is wanted before what `repin` says is done.
    fn begin_run(&mut self, repin: Option<Box<Repin>>, now: Timestamp) {
        self.leave(Earlier { scope: self.scope.clone(), run: self.run, since: now, told: false });
        self.run += 1;
        self.state = State::beginning(repin, self.state.outline().cloned());
        self.note_progress(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::{fail, narration, succeed};

    const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

    fn at(seconds: u64) -> Timestamp {
        Timestamp(seconds * 1_000)
    }

    fn due(n: &Narration, now: Timestamp) -> Vec<u32> {
        n.earlier_due(now).map(|earlier| earlier.run).collect()
    }

    #[test]
    fn a_run_that_is_over_is_seen_to_at_once_and_when_the_longest_lease_has_passed() {
        let mut n = narration();
        let scope = n.scope.clone();
        assert!(due(&n, at(1)).is_empty(), "there was none before");
        fail(&mut n, at(1));
        n.retry(n.pins.clone(), None, at(2)).expect("retried");
        assert_eq!((n.run, due(&n, at(2))), (2, vec![1]));
        assert_eq!(n.earlier_ended(&scope, 1, at(3)), Transition::Changed);
        assert!(due(&n, at(61)).is_empty(), "it was just done");
        assert_eq!(n.earlier_ended(&scope, 1, at(4)), Transition::Unchanged, "twice at once");
        succeed(&mut n, at(10));
        assert_eq!(n.due_at, Some(at(62)), "also where its successor ends first");
        assert_eq!(due(&n, at(62)), [1]);
        assert_eq!(n.earlier_ended(&scope, 1, at(62)), Transition::Changed);
        assert_eq!((n.earlier.len(), n.due_at), (0, None));
        assert_eq!(n.earlier_ended(&scope, 1, at(63)), Transition::Unchanged, "told late");
    }

    #[test]
    fn who_takes_the_place_of_a_deleted_one_sees_to_what_is_left_of_it() {
        for settled in [false, true] {
            let mut tombstone = narration();
            tombstone.run = 3;
            tombstone.delete(at(5));
            if settled {
                tombstone.settled(KEPT, at(6));
            }
            let mut n = narration();
            n.take_place_of(&tombstone);
            assert_eq!(n.run, 4);
            assert_eq!(due(&n, at(6)), if settled { vec![] } else { vec![3] });
            assert_eq!(due(&n, at(65)), [3], "what a step was just putting");
            n.delete(at(70));
            assert!(n.earlier.is_empty(), "a deletion is of all runs");
        }
    }

    #[test]
    fn what_is_left_in_the_scope_of_another_document_outlasts_a_deletion_and_holds_the_tombstone() {
        let mut tombstone = narration();
        let first = tombstone.scope.clone();
        tombstone.delete(at(5));
        let mut n = narration();
        n.scope = "another".parse().expect("an id");
        n.take_place_of(&tombstone);
        n.delete(at(10));
        n.settled(KEPT, at(11));
        assert_eq!((due(&n, at(11)), n.due_at), (vec![1], Some(at(5))));
        let end = at(10).plus(KEPT);
        assert!(!n.over(KEPT, end), "its files are still there");
        let mut third = narration();
        third.take_place_of(&n);
        assert_eq!((third.run, due(&third, at(11))), (3, vec![1]), "nor does a third order forget them");
        assert_eq!(n.earlier_ended(&first, 1, at(12)), Transition::Changed);
        assert!(n.due_at.is_some(), "a tombstone is come back to");
        assert_eq!(n.earlier_ended(&first, 1, at(65)), Transition::Changed);
        assert!(n.over(KEPT, end) && n.due_at.is_some());
    }

    #[test]
    fn a_tombstone_ends_when_it_was_kept_for_long_enough_and_not_before_its_files_are_deleted() {
        let mut n = narration();
        n.delete(at(0));
        let end = Timestamp(0).plus(KEPT);
        assert!(!n.over(KEPT, end), "its stages do not know yet");
        n.settled(KEPT, at(1));
        assert_eq!(n.due_at, Some(at(60)), "swept once more");
        n.settled(KEPT, at(60));
        assert_eq!(n.due_at, Some(end));
        assert!(n.over(KEPT, end) && !n.over(KEPT, Timestamp(end.millis() - 1)));
    }

    #[test]
    fn a_retry_that_is_refused_changes_nothing() {
        let mut n = narration();
        let before = n.clone();
        assert_eq!(n.retry(n.pins.clone(), None, at(1)).expect_err("it is being made").reason, Reason::WrongState);
        assert_eq!(n, before);
    }
}
