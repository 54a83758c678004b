//! What happened, taken into the narration. Events come in any order, more than once, and late;
//! some never come.

use lectern_core::id::{StepId, StepKind};
use lectern_core::{Failure, Reason, Timestamp};

use crate::domain::{Narration, Outcome, Phase, StepFailure, Transition};

/// Takes the end of `step` into `narration`.
///
/// Only the present run counts: an older run's result is found again by its key when the step is
/// done anew. A terminal state does not change (I4). The same event twice is one event.
pub fn fold(narration: &mut Narration, step: &StepId, outcome: Outcome, now: Timestamp) -> Transition {
    if step.narration != narration.id || step.run != narration.run || narration.phase.terminal() {
        return Transition::Unchanged;
    }
    let before = progress(narration);
    match (step.kind, outcome) {
        // It was ordered while its document was erased, and nobody else clears its record.
        (_, Outcome::Failed(failure)) if failure.reason == Reason::DocumentErased => {
            narration.erase(now);
            return Transition::Changed;
        }
        // Once: who fails for the same again is not helped by pins.
        (_, Outcome::Failed(failure)) if failure.reason == Reason::PinUnavailable && narration.repin.is_none() => {
            narration.await_pins(StepFailure { failure, step: Some(step.clone()) }, now);
            return Transition::Changed;
        }
        (_, Outcome::Failed(failure)) => {
            let failure = StepFailure { failure, step: Some(step.clone()) };
            narration.end(Phase::Failed, Some(failure), now);
            narration.cancel_pending = true;
            narration.due_at = Some(now.plus(crate::domain::narration::DUE));
            return Transition::Changed;
        }
        (StepKind::Extract, Outcome::Extracted) => {
            if narration.phase == Phase::Extracting {
                narration.phase = Phase::Planning;
            }
        }
        (StepKind::Plan, Outcome::Planned { sections, words, title, language, notes }) => {
            if sections == 0 {
                let failure = Failure::internal("the plan of a script has no sections");
                narration.end(Phase::Failed, Some(StepFailure { failure, step: Some(step.clone()) }), now);
                return Transition::Changed;
            }
            // A plan also proves that the content is there, should that event be lost.
            if matches!(narration.phase, Phase::Extracting | Phase::Planning) {
                narration.sections = sections;
                narration.words = words;
                narration.title = title;
                narration.language = language;
                narration.notes = notes;
                narration.phase = narration.narrating();
            }
        }
        (StepKind::Write, Outcome::Written) => {
            if planned(narration, step) {
                narration.written.insert(step.index);
            }
        }
        (StepKind::Record, Outcome::Recorded(tally)) => {
            if planned(narration, step) {
                // A recorded section was written, should that event be lost.
                narration.written.insert(step.index);
                if narration.recorded.insert(step.index) {
                    narration.tally += tally;
                }
                if narration.first_audio.is_none() && narration.recorded.contains(0) {
                    narration.first_audio = Some(now);
                }
                narration.phase = narration.narrating();
            }
        }
        (StepKind::Assemble, Outcome::Assembled { sample_rate, samples, artifacts }) => {
            if narration.phase == Phase::Assembling {
                narration.sample_rate = sample_rate;
                narration.samples = samples;
                narration.artifacts = artifacts;
                narration.end(Phase::Succeeded, None, now);
                return Transition::Changed;
            }
        }
        // An event whose outcome is not of its step's kind is a defect of the stage; it changes
        // nothing here and is logged there.
        (StepKind::Extract | StepKind::Plan | StepKind::Write | StepKind::Record | StepKind::Assemble, _) => {}
    }
    if progress(narration) == before {
        Transition::Unchanged
    } else {
        narration.touch(now);
        Transition::Changed
    }
}

fn planned(narration: &Narration, step: &StepId) -> bool {
    matches!(narration.phase, Phase::Narrating | Phase::Assembling) && step.index < narration.sections
}

fn progress(narration: &Narration) -> (Phase, u32, u32, u32) {
    (narration.phase, narration.sections, narration.written.count(), narration.recorded.count())
}

#[cfg(test)]
mod tests {
    use lectern_core::Kind;

    use super::*;
    use crate::conduct::wanted::{Window, wanted};
    use crate::domain::{Pins, Tally};
    use crate::testing::narration;

    #[test]
    fn each_recorded_section_is_counted_once_in_a_run() {
        let mut n = narration();
        (n.phase, n.sections) = (Phase::Narrating, 3);
        let record = |n: &mut Narration, run, index, words| {
            let step = StepId { narration: n.id.clone(), run, kind: StepKind::Record, index };
            let tally = Tally { utterances: 2, reused: 1, words, millis: 1_500 };
            fold(n, &step, Outcome::Recorded(tally), Timestamp(1))
        };
        assert_eq!(record(&mut n, 1, 1, 20), Transition::Changed);
        for (run, index) in [(1, 1), (2, 0), (1, 3)] {
            assert_eq!(record(&mut n, run, index, 99), Transition::Unchanged, "run {run}, section {index}");
        }
        assert_eq!(n.tally, Tally { utterances: 2, reused: 1, words: 20, millis: 1_500 });
        assert_eq!(record(&mut n, 1, 0, 5), Transition::Changed);
        assert_eq!(n.tally, Tally { utterances: 4, reused: 2, words: 25, millis: 3_000 });

        n.end(Phase::Failed, None, Timestamp(2));
        assert_eq!(record(&mut n, 1, 2, 99), Transition::Unchanged, "it has ended");
        assert_eq!(n.tally.words, 25, "what was recorded stays known");
        n.retry(n.pins.clone(), None, Timestamp(3)).expect("retried");
        assert_eq!(n.tally, Tally::default(), "a run counts what it finds again");
        (n.phase, n.sections) = (Phase::Narrating, 3);
        assert_eq!(record(&mut n, 2, 1, 20), Transition::Changed);
        assert_eq!(n.tally.words, 20);
    }

    #[test]
    fn a_run_whose_pins_nobody_has_any_more_is_pinned_anew_once_and_then_fails() {
        let mut n = narration();
        (n.phase, n.sections) = (Phase::Narrating, 3);
        n.written.insert(0);
        let step = |n: &Narration, run| StepId { narration: n.id.clone(), run, kind: StepKind::Write, index: 1 };
        let gone = || {
            let message = "no replica has extractive/1 any more";
            Outcome::Failed(Failure::new(Kind::FailedPrecondition, Reason::PinUnavailable, message))
        };
        let write = step(&n, 1);
        assert_eq!(fold(&mut n, &write, gone(), Timestamp(7)), Transition::Changed);
        assert!(n.awaits_pins() && n.failure.is_none(), "{:?}", n.phase);
        assert_eq!((n.run, n.phase, n.sections, n.written.count()), (2, Phase::Extracting, 0, 0));
        assert!(n.due_at.is_some(), "it is seen to also where its news is lost");
        assert_eq!(wanted(&n, Window::default()), Vec::new());
        let before = n.clone();
        assert_eq!(fold(&mut n, &write, gone(), Timestamp(8)), Transition::Unchanged, "of the run before");
        assert_eq!(n, before);

        let pins = Pins { script: "extractive/2".to_owned(), ..n.pins.clone() };
        assert_eq!(n.pinned(1, pins.clone(), Timestamp(9)), Transition::Unchanged, "told late");
        assert_eq!(n.pinned(2, pins.clone(), Timestamp(9)), Transition::Changed);
        assert_eq!(n.pinned(2, pins, Timestamp(10)), Transition::Unchanged, "told twice");
        let repin = n.repin.clone().expect("it is noted");
        assert_eq!((repin.done, repin.from.script.as_str()), (Some(Timestamp(9)), "extractive/1"));
        assert_eq!(wanted(&n, Window::default()).len(), 1, "it goes on from its source");

        let again = step(&n, 2);
        assert_eq!(fold(&mut n, &again, gone(), Timestamp(11)), Transition::Changed);
        assert_eq!((n.phase, n.run), (Phase::Failed, 2));
        n.retry(n.pins.clone(), None, Timestamp(12)).expect("retried");
        let again = step(&n, 3);
        fold(&mut n, &again, gone(), Timestamp(13));
        assert!(n.awaits_pins(), "a retry may be pinned anew as well");
    }

    #[test]
    fn a_run_whose_document_was_erased_keeps_nothing_of_it() {
        let mut n = narration();
        (n.display_name, n.title) = ("Tides".to_owned(), "On Tides".to_owned());
        let step = StepId { narration: n.id.clone(), run: n.run, kind: StepKind::Extract, index: 0 };
        let failed = |reason| Outcome::Failed(Failure::new(Kind::NotFound, reason, "tides.pdf is not there"));

        let mut kept = n.clone();
        assert_eq!(fold(&mut kept, &step, failed(Reason::ObjectDamaged), Timestamp(1)), Transition::Changed);
        assert_eq!((kept.phase, kept.erased, kept.display_name.as_str()), (Phase::Failed, false, "Tides"));

        assert_eq!(fold(&mut n, &step, failed(Reason::DocumentErased), Timestamp(1)), Transition::Changed);
        assert!(n.erased && n.cancel_pending && n.phase == Phase::Cancelled, "as those that were there before");
        assert!(n.display_name.is_empty() && n.title.is_empty() && n.pins.file_name.is_empty());
        let why = n.failure.expect("why it ended").failure;
        assert_eq!(why.reason, Reason::DocumentErased);
        assert!(!why.message.contains("tides"), "{why}");
    }
}
