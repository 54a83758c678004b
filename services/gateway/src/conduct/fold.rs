//! What happened, taken into the narration. Events come in any order, more than once, and late;
//! some never come.

use std::num::NonZeroU32;

use lectern_core::id::{StepId, StepKind};
use lectern_core::{Failure, Reason, Timestamp};

use crate::domain::{Bill, Narration, StepFailure, StepOutcome, Transition};

/// Takes the end of `step` into `narration`.
///
/// Only the present run counts: an older run's result is found again by its key when the step is
/// done anew. A terminal state does not change (I4). The same event twice is one event.
pub fn fold(narration: &mut Narration, step: &StepId, outcome: StepOutcome, now: Timestamp) -> Transition {
    if step.narration != narration.id || step.run != narration.run || narration.phase().terminal() {
        return Transition::Unchanged;
    }
    let progress = match (step.kind, outcome) {
        (_, StepOutcome::Failed(failure)) => {
            failed(narration, step, failure, now);
            return Transition::Changed;
        }
        (StepKind::Extract, StepOutcome::Extracted) => narration.extracted(),
        (StepKind::Plan, StepOutcome::Planned { sections, words, title, language, notes }) => {
            let Some(sections) = NonZeroU32::new(sections) else {
                let failure = Failure::internal("the plan of a script has no sections");
                narration.fail(StepFailure { failure, step: Some(step.clone()) }, now);
                return Transition::Changed;
            };
            narration.planned(sections, words, title, language, notes)
        }
        (StepKind::Write, StepOutcome::Written) => narration.section_written(step.index, now),
        (StepKind::Record, StepOutcome::Recorded(counts)) => narration.section_recorded(step.index, counts, now),
        (StepKind::Assemble, StepOutcome::Assembled { sample_rate, samples, artifacts }) => {
            if narration.assembled(sample_rate, samples, artifacts, now) {
                return Transition::Changed;
            }
            false
        }
        // An event whose outcome is not of its step's kind is a defect of the stage; it changes
        // nothing here and is logged there.
        (StepKind::Extract | StepKind::Plan | StepKind::Write | StepKind::Record | StepKind::Assemble, _) => false,
    };
    if !progress {
        return Transition::Unchanged;
    }
    narration.note_progress(now);
    Transition::Changed
}

/// Takes in what `narration` has cost by the time at which `step` ended, of whichever run: what was
/// bought is there for the next. A narration that has ended stays as it is (I4).
pub fn charge(narration: &mut Narration, step: &StepId, bill: Bill) -> Transition {
    if step.narration != narration.id || narration.phase().terminal() || !narration.charge(step.kind.service(), bill) {
        return Transition::Unchanged;
    }
    Transition::Changed
}

/// Takes in that a step failed for good.
fn failed(narration: &mut Narration, step: &StepId, failure: Failure, now: Timestamp) {
    if failure.reason == Reason::DocumentErased {
        // It was ordered while its document was erased, and nobody else clears its record.
        narration.erase(now);
        return;
    }
    let failure = StepFailure { failure, step: Some(step.clone()) };
    if failure.failure.reason == Reason::PinUnavailable && narration.may_be_pinned_anew() {
        narration.await_pins(failure, now);
        return;
    }
    narration.fail(failure, now);
    narration.tell_stages(now);
}

#[cfg(test)]
mod tests {
    use lectern_core::Kind;

    use super::*;
    use crate::conduct::wanted::{Window, wanted};
    use crate::domain::{Phase, Pins, State, Tally};
    use crate::testing::{fail, narrate, narration, words, write};

    #[test]
    fn each_recorded_section_is_counted_once_in_a_run() {
        let mut n = narration();
        narrate(&mut n, 3);
        let record = |n: &mut Narration, run, index, words| {
            let step = StepId { narration: n.id.clone(), run, kind: StepKind::Record, index };
            let tally = Tally { utterances: 2, reused: 1, words, millis: 1_500 };
            fold(n, &step, StepOutcome::Recorded(tally), Timestamp(1))
        };
        assert_eq!(record(&mut n, 1, 1, 20), Transition::Changed);
        for (run, index) in [(1, 1), (2, 0), (1, 3)] {
            assert_eq!(record(&mut n, run, index, 99), Transition::Unchanged, "run {run}, section {index}");
        }
        assert_eq!(n.tally(), Tally { utterances: 2, reused: 1, words: 20, millis: 1_500 });
        assert_eq!(record(&mut n, 1, 0, 5), Transition::Changed);
        assert_eq!(n.tally(), Tally { utterances: 4, reused: 2, words: 25, millis: 3_000 });

        fail(&mut n, Timestamp(2));
        assert_eq!(record(&mut n, 1, 2, 99), Transition::Unchanged, "it has ended");
        assert_eq!(n.tally().words, 25, "what was recorded stays known");
        n.retry(n.pins.clone(), None, Timestamp(3)).expect("retried");
        assert_eq!(n.tally(), Tally::default(), "a run counts what it finds again");
        narrate(&mut n, 3);
        assert_eq!(record(&mut n, 2, 1, 20), Transition::Changed);
        assert_eq!(n.tally().words, 20);
    }

    #[test]
    fn a_bill_goes_on_growing_after_the_ledger_has_deleted_its_first_calls() {
        let mut n = narration();
        narrate(&mut n, 3);
        let step = StepId { narration: n.id.clone(), run: 1, kind: StepKind::Write, index: 0 };
        let day = 24 * 60 * 60 * 1_000;
        let bill = |calls, first_call| Bill { calls, micro_usd: calls * 100, first_call, ..Bill::default() };
        assert_eq!(charge(&mut n, &step, bill(5, day)), Transition::Changed);
        // It waited for its budget for longer than the ledger keeps what is settled.
        for (calls, first_call, whole) in [(1, 40 * day, 6), (3, 40 * day, 8), (2, 40 * day, 8), (4, 90 * day, 12)] {
            charge(&mut n, &step, bill(calls, first_call));
            let known = n.whole_bill().expect("it is known");
            assert_eq!((known.calls, known.micro_usd), (whole, whole * 100), "{calls} since {first_call}");
        }
        // Clocks that differ are no other calls.
        assert_eq!(charge(&mut n, &step, bill(5, 90 * day - 70)), Transition::Changed);
        assert_eq!(charge(&mut n, &step, bill(4, 90 * day)), Transition::Unchanged);
        assert_eq!(n.whole_bill().map(|bill| bill.calls), Some(13));
    }

    #[test]
    fn what_was_written_and_what_was_spoken_are_bills_of_two_ledgers() {
        let mut n = narration();
        narrate(&mut n, 3);
        let of = |kind| StepId { narration: n.id.clone(), run: 1, kind, index: 0 };
        let (write, record) = (of(StepKind::Write), of(StepKind::Record));
        let written = |calls| Bill { calls, input: calls * 10, micro_usd: calls * 100, ..Bill::default() };
        let spoken = |calls| Bill { calls, characters: calls * 40, micro_usd: calls, ..Bill::default() };
        assert_eq!(charge(&mut n, &write, written(5)), Transition::Changed);
        assert_eq!(charge(&mut n, &record, spoken(2)), Transition::Changed, "fewer calls, and of another ledger");
        assert_eq!(charge(&mut n, &record, spoken(2)), Transition::Unchanged);
        assert_eq!(charge(&mut n, &write, written(6)), Transition::Changed);
        let whole = Bill { calls: 8, input: 60, characters: 80, micro_usd: 602, ..Bill::default() };
        assert_eq!(n.whole_bill(), Some(whole));
    }

    #[test]
    fn a_bill_grows_in_whatever_order_its_events_come_and_over_all_runs() {
        let mut n = narration();
        narrate(&mut n, 3);
        let step = StepId { narration: n.id.clone(), run: 1, kind: StepKind::Write, index: 0 };
        let bill = |calls, micro_usd| Bill { calls, micro_usd, ..Bill::default() };
        assert_eq!(charge(&mut n, &step, bill(0, 0)), Transition::Unchanged, "it cost nothing");
        assert_eq!(n.bill, None);
        for (calls, transition) in [(3, Transition::Changed), (2, Transition::Unchanged), (3, Transition::Unchanged)] {
            assert_eq!(charge(&mut n, &step, bill(calls, calls * 100)), transition, "{calls}");
        }
        n.fail(StepFailure { failure: Failure::internal("broken"), step: None }, Timestamp(2));
        assert_eq!(charge(&mut n, &step, bill(9, 900)), Transition::Unchanged, "it has ended");
        n.retry(n.pins.clone(), None, Timestamp(3)).expect("retried");
        assert_eq!(n.bill, Some(bill(3, 300)), "what was bought was bought");
        assert_eq!(charge(&mut n, &step, bill(4, 400)), Transition::Changed);
    }

    #[test]
    fn a_run_whose_pins_nobody_has_any_more_is_pinned_anew_once_and_then_fails() {
        let mut n = narration();
        narrate(&mut n, 3);
        write(&mut n, 0);
        let step = |n: &Narration, run| StepId { narration: n.id.clone(), run, kind: StepKind::Write, index: 1 };
        let gone = || {
            let message = "no replica has extractive/1 any more";
            StepOutcome::Failed(Failure::new(Kind::FailedPrecondition, Reason::PinUnavailable, message))
        };
        let write = step(&n, 1);
        assert_eq!(fold(&mut n, &write, gone(), Timestamp(7)), Transition::Changed);
        assert!(n.awaits_pins() && n.failure().is_none(), "{:?}", n.state);
        assert_eq!((n.run, n.phase(), n.sections(), n.written()), (2, Phase::Extracting, None, 0));
        assert!(n.due_at.is_some(), "it is seen to also where its news is lost");
        assert_eq!(wanted(&n, Window::default()), Vec::new());
        let before = n.clone();
        assert_eq!(fold(&mut n, &write, gone(), Timestamp(8)), Transition::Unchanged, "of the run before");
        assert_eq!(n, before);

        let pins = Pins { script: "extractive/2".to_owned(), ..n.pins.clone() };
        assert_eq!(n.pinned(1, pins.clone(), Timestamp(9)), Transition::Unchanged, "told late");
        assert_eq!(n.pinned(2, pins.clone(), Timestamp(9)), Transition::Changed);
        assert_eq!(n.pinned(2, pins, Timestamp(10)), Transition::Unchanged, "told twice");
        let repinned = n.repinned.clone().expect("it is noted");
        assert_eq!((repinned.at, repinned.repin.from.script.as_str()), (Timestamp(9), "extractive/1"));
        assert_eq!(wanted(&n, Window::default()).len(), 1, "it goes on from its source");

        let again = step(&n, 2);
        assert_eq!(fold(&mut n, &again, gone(), Timestamp(11)), Transition::Changed);
        assert_eq!((n.phase(), n.run), (Phase::Failed, 2));
        n.retry(n.pins.clone(), None, Timestamp(12)).expect("retried");
        let again = step(&n, 3);
        fold(&mut n, &again, gone(), Timestamp(13));
        assert!(n.awaits_pins(), "a retry may be pinned anew as well");
    }

    #[test]
    fn nothing_is_made_in_a_run_that_waits_to_be_pinned() {
        let mut n = narration();
        let step = |n: &Narration, kind| StepId { narration: n.id.clone(), run: n.run, kind, index: 0 };
        let gone = Failure::new(Kind::FailedPrecondition, Reason::PinUnavailable, "no replica has text/1 any more");
        let extract = step(&n, StepKind::Extract);
        fold(&mut n, &extract, StepOutcome::Failed(gone.clone()), Timestamp(1));
        let waits = n.clone();
        for (kind, outcome) in [
            (StepKind::Extract, StepOutcome::Extracted),
            (
                StepKind::Plan,
                StepOutcome::Planned {
                    sections: 3,
                    words: 10,
                    title: "T".to_owned(),
                    language: "en".to_owned(),
                    notes: Vec::new(),
                },
            ),
        ] {
            let step = step(&n, kind);
            assert_eq!(fold(&mut n, &step, outcome, Timestamp(2)), Transition::Unchanged);
            assert_eq!(n, waits);
        }
        let extract = step(&n, StepKind::Extract);
        fold(&mut n, &extract, StepOutcome::Failed(gone), Timestamp(3));
        assert_eq!((n.phase(), n.run, n.awaits_pins()), (Phase::Failed, 2, false), "it is no reason to wait again");
    }

    #[test]
    fn what_a_run_before_was_planned_with_is_known_until_its_successor_is_planned() {
        let mut n = narration();
        let planned = |n: &mut Narration, title: &str, words| {
            let step = StepId { narration: n.id.clone(), run: n.run, kind: StepKind::Plan, index: 0 };
            let outcome = StepOutcome::Planned {
                sections: 2,
                words,
                title: title.to_owned(),
                language: "en".to_owned(),
                notes: vec!["a note".to_owned()],
            };
            fold(n, &step, outcome, Timestamp(1))
        };
        assert_eq!(planned(&mut n, "Tides", 20), Transition::Changed);
        fail(&mut n, Timestamp(2));
        n.retry(n.pins.clone(), None, Timestamp(3)).expect("retried");
        assert_eq!((n.sections(), n.title(), n.notes().len()), (None, "Tides", 1));
        let extract = StepId { narration: n.id.clone(), run: n.run, kind: StepKind::Extract, index: 0 };
        assert_eq!(fold(&mut n, &extract, StepOutcome::Extracted, Timestamp(3)), Transition::Changed);
        assert_eq!((n.phase(), n.outline().map(|outline| outline.words)), (Phase::Planning, Some(20)));
        fail(&mut n, Timestamp(4));
        assert_eq!((n.sections(), n.outline().map(|outline| outline.words)), (None, Some(20)));
        n.retry(n.pins.clone(), None, Timestamp(5)).expect("retried");
        assert_eq!(planned(&mut n, "On Tides", 30), Transition::Changed);
        assert_eq!((n.sections(), n.title()), (Some(2), "On Tides"));
        assert_eq!(n.outline().map(|outline| outline.words), Some(30));
    }

    #[test]
    fn a_plan_without_sections_is_a_failure() {
        let mut n = narration();
        let step = StepId { narration: n.id.clone(), run: n.run, kind: StepKind::Plan, index: 0 };
        let (title, language) = (String::new(), String::new());
        let outcome = StepOutcome::Planned { sections: 0, words: 0, title, language, notes: Vec::new() };
        assert_eq!(fold(&mut n, &step, outcome, Timestamp(1)), Transition::Changed);
        let failed = n.failure().expect("why");
        assert_eq!((n.phase(), failed.failure.reason, &failed.step), (Phase::Failed, Reason::Internal, &Some(step)));
    }

    #[test]
    fn a_script_that_is_held_waits_when_it_is_written_whatever_is_told_late() {
        let mut n = narration();
        n.spec.hold = true;
        narrate(&mut n, 2);
        let step = |kind, index| StepId { narration: narration().id, run: 1, kind, index };
        let recorded = || StepOutcome::Recorded(Tally { utterances: 1, ..Tally::default() });
        let early = fold(&mut n, &step(StepKind::Record, 0), recorded(), Timestamp(1));
        assert_eq!(early, Transition::Unchanged, "nobody asked for that");
        for index in [1, 0] {
            let written = fold(&mut n, &step(StepKind::Write, index), StepOutcome::Written, Timestamp(2));
            assert_eq!(written, Transition::Changed);
        }
        assert_eq!(n.phase(), Phase::AwaitingApproval);
        assert!(n.due_at.is_some(), "it is looked at as every one that has not ended");
        for (kind, outcome) in [
            (StepKind::Write, StepOutcome::Written),
            (StepKind::Record, recorded()),
            (StepKind::Extract, StepOutcome::Extracted),
        ] {
            let before = n.clone();
            assert_eq!(fold(&mut n, &step(kind, 0), outcome, Timestamp(3)), Transition::Unchanged);
            assert_eq!(n, before);
        }
        assert_eq!(n.approve(Timestamp(4)), Transition::Changed);
        assert_eq!(fold(&mut n, &step(StepKind::Record, 0), recorded(), Timestamp(5)), Transition::Changed);
        assert_eq!((n.phase(), n.recorded()), (Phase::Narrating, 1));
    }

    #[test]
    fn a_section_that_is_not_in_the_plan_is_not_written() {
        let mut n = narration();
        narrate(&mut n, 3);
        for (index, transition) in [(2, Transition::Changed), (2, Transition::Unchanged), (3, Transition::Unchanged)] {
            let step = StepId { narration: n.id.clone(), run: n.run, kind: StepKind::Write, index };
            assert_eq!(fold(&mut n, &step, StepOutcome::Written, Timestamp(1)), transition, "{index}");
        }
        assert_eq!(n.written(), 1);
    }

    #[test]
    fn the_last_section_that_is_recorded_begins_the_files_in_whatever_order_they_come() {
        let mut n = narration();
        narrate(&mut n, 3);
        for (index, at) in [(2, 5), (0, 6), (1, 7)] {
            assert!(matches!(n.state, State::Narrating(_)));
            let step = StepId { narration: n.id.clone(), run: n.run, kind: StepKind::Record, index };
            let counts = Tally { utterances: 1, ..Tally::default() };
            assert_eq!(fold(&mut n, &step, StepOutcome::Recorded(counts), Timestamp(at)), Transition::Changed);
            assert!(n.is_recorded(index) && n.is_written(index), "a recorded section was written");
        }
        assert_eq!((n.phase(), n.written(), n.recorded()), (Phase::Assembling, 3, 3));
        assert_eq!((n.first_audio(), n.tally().utterances), (Some(Timestamp(6)), 3));
        assert!(n.is_recorded(2) && n.is_written(2) && !n.is_recorded(3) && !n.is_written(3));
    }

    #[test]
    fn a_run_whose_document_was_erased_keeps_nothing_of_it() {
        let mut n = narration();
        (words(&mut n).display_name, words(&mut n).title) = ("Tides".to_owned(), "On Tides".to_owned());
        let step = StepId { narration: n.id.clone(), run: n.run, kind: StepKind::Extract, index: 0 };
        let failed = |reason| StepOutcome::Failed(Failure::new(Kind::NotFound, reason, "tides.pdf is not there"));

        let mut kept = n.clone();
        assert_eq!(fold(&mut kept, &step, failed(Reason::ObjectDamaged), Timestamp(1)), Transition::Changed);
        assert_eq!((kept.phase(), kept.erased(), kept.display_name()), (Phase::Failed, false, "Tides"));

        assert_eq!(fold(&mut n, &step, failed(Reason::DocumentErased), Timestamp(1)), Transition::Changed);
        assert!(n.erased() && n.cancel_pending && n.phase() == Phase::Cancelled, "as those that were there before");
        assert!(n.display_name().is_empty() && n.title().is_empty() && n.pins.file_name.is_empty());
        let why = &n.failure().expect("why it ended").failure;
        assert_eq!(why.reason, Reason::DocumentErased);
        assert!(!why.message.contains("tides"), "{why}");
    }
}
