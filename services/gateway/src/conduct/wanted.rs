//! What should happen next.

use lectern_core::id::{Service, StepId, StepKind};

use crate::domain::state::{Narrating, State};
use crate::domain::{Bits, EngineName, Lane, Narration, Ready, Turn, Waiting};

/// How far one narration may run ahead, in steps that are published and not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Sections that are written before the lowest of them is recorded.
    pub write: u32,
    /// Sections that are recorded at once.
    pub record: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self { write: 8, record: 4 }
    }
}

/// The steps that should be published for `narration`, the most urgent first: the lowest sections
/// before the higher ones, and recording before writing, so that the first section is heard while
/// the second is written. Of a script that is held none is recorded, so that it is written as far
/// ahead of the lowest section that is not written. Empty for a terminal narration, for one that
/// waits to be pinned anew, and for one whose script waits for its approval.
#[must_use]
pub fn wanted(narration: &Narration, window: Window) -> Vec<StepId> {
    let step = |kind, index| StepId { narration: narration.id.clone(), run: narration.run, kind, index };
    match &narration.state {
        State::Extracting { repin: None, .. } => vec![step(StepKind::Extract, 0)],
        State::Planning { .. } => vec![step(StepKind::Plan, 0)],
        State::Narrating(Narrating { outline, written, recorded, held, .. }) => {
            let sections = outline.sections.get();
            let record = missing(recorded, sections).filter(|index| !held && written.contains(*index));
            let first = if *held { written.first_missing() } else { recorded.first_missing() };
            let ahead = first.saturating_add(window.write);
            let write = missing(written, sections).take_while(|index| *index < ahead);
            let record = record.take(window.record as usize).map(|index| step(StepKind::Record, index));
            record.chain(write.map(|index| step(StepKind::Write, index))).collect()
        }
        State::Assembling(_) => vec![step(StepKind::Assemble, 0)],
        State::Extracting { repin: Some(_), .. }
        | State::AwaitingApproval(_)
        | State::Succeeded(_)
        | State::Failed(_)
        | State::Cancelled(_) => Vec::new(),
    }
}

/// The sections that are not in a set, the lowest first.
fn missing(bits: &Bits, sections: u32) -> impl Iterator<Item = u32> {
    (0..sections).filter(move |index| !bits.contains(*index))
}

/// In which turns `narration` waits: one for each service that it wants steps of.
#[must_use]
pub fn ready(narration: &Narration, window: Window) -> Ready {
    let mut ready = Ready::default();
    for step in wanted(narration, window) {
        let service = step.kind.service();
        ready
            .at_mut(service)
            .get_or_insert_with(|| Waiting { turn: turn(narration, service).to_string(), since: narration.created });
    }
    ready
}

/// The turn that `narration` waits in at `service`.
#[must_use]
pub fn turn(narration: &Narration, service: Service) -> Turn {
    let EngineName { name, wire } = narration.engine(service);
    Turn {
        lane: Lane::of_number(narration.lane),
        tenant: narration.tenant.clone(),
        engine: name.to_owned(),
        wire: wire.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::{Failure, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::conduct::fold;
    use crate::domain::{Phase, StepOutcome, Tally, Transition};
    use crate::testing::narration;

    /// What each recorded section counts.
    fn counted() -> Tally {
        Tally { utterances: 3, reused: 1, words: 20, millis: 9_000 }
    }

    fn outcome(kind: StepKind, sections: u32) -> StepOutcome {
        match kind {
            StepKind::Extract => StepOutcome::Extracted,
            StepKind::Plan => StepOutcome::Planned {
                sections,
                words: 10,
                title: "T".to_owned(),
                language: "en".to_owned(),
                notes: Vec::new(),
            },
            StepKind::Write => StepOutcome::Written,
            StepKind::Record => StepOutcome::Recorded(counted()),
            StepKind::Assemble => StepOutcome::Assembled { sample_rate: 24_000, samples: 1, artifacts: Vec::new() },
        }
    }

    #[test]
    fn the_first_section_is_recorded_before_the_later_ones_are_written() {
        let mut n = narration();
        for kind in [StepKind::Extract, StepKind::Plan] {
            let step = wanted(&n, Window::default()).remove(0);
            assert_eq!(step.kind, kind);
            fold(&mut n, &step, outcome(kind, 40), Timestamp(1));
        }
        let steps = wanted(&n, Window::default());
        assert_eq!(steps.len(), 8, "a narration does not flood the queue");
        fold(&mut n, &steps[0], StepOutcome::Written, Timestamp(2));
        let next = wanted(&n, Window::default()).remove(0);
        assert_eq!((next.kind, next.index), (StepKind::Record, 0));
    }

    #[test]
    fn a_narration_waits_where_it_wants_steps_and_nowhere_else() {
        let mut n = narration();
        n.created = Timestamp(7);
        let waits = |n: &Narration, at: Service| {
            let waiting = ready(n, Window::default()).at(at).cloned()?;
            assert_eq!(waiting.turn, turn(n, at).to_string());
            Some(waiting.since)
        };
        let all = |n: &Narration| [Service::Ingest, Service::Ai, Service::Tts].map(|at| waits(n, at));
        assert_eq!(all(&n), [Some(Timestamp(7)), None, None]);
        for kind in [StepKind::Extract, StepKind::Plan, StepKind::Write] {
            let step = wanted(&n, Window::default()).remove(0);
            fold(&mut n, &step, outcome(kind, 2), Timestamp(9));
        }
        assert_eq!(all(&n), [None, Some(Timestamp(7)), Some(Timestamp(7))]);
    }

    #[test]
    fn nothing_of_a_script_that_is_held_is_recorded_before_it_is_approved() {
        let mut n = narration();
        n.spec.hold = true;
        for kind in [StepKind::Extract, StepKind::Plan] {
            let step = wanted(&n, Window::default()).remove(0);
            fold(&mut n, &step, outcome(kind, 40), Timestamp(1));
        }
        let window = Window { write: 8, record: 4 };
        for written in 0..40 {
            let steps = wanted(&n, window);
            assert!(steps.len() <= 8 && steps.iter().all(|step| step.kind == StepKind::Write), "{steps:?}");
            assert_eq!(steps[0].index, written);
            fold(&mut n, &steps[0], StepOutcome::Written, Timestamp(2));
        }
        assert_eq!((n.phase(), wanted(&n, window).len()), (Phase::AwaitingApproval, 0));
        assert_eq!(ready(&n, window), Ready::default(), "it waits in no turn");
        n.approve(Timestamp(3));
        let steps = wanted(&n, window);
        assert!(steps.len() == 4 && steps.iter().all(|step| step.kind == StepKind::Record), "{steps:?}");
    }

    proptest! {
        /// However events are ordered, repeated or lost, publishing what is wanted again finishes
        /// the narration, and a terminal state stays.
        #[test]
        fn every_narration_ends_whatever_happens_to_its_events(
            sections in 1_u32..30,
            choices in proptest::collection::vec((any::<u16>(), 0_u8..10), 0..400),
            hold in any::<bool>(),
        ) {
            let mut n = narration();
            n.spec.hold = hold;
            let mut approvals = 0;
            let window = Window { write: 4, record: 2 };
            let mut seen: Vec<StepId> = Vec::new();
            let mut rounds = choices.into_iter();
            for _ in 0..10_000 {
                if n.awaits_approval() {
                    prop_assert!(wanted(&n, window).is_empty() && n.recorded() == 0 && n.written() == sections);
                    prop_assert_eq!(n.approve(Timestamp(5)), Transition::Changed);
                    approvals += 1;
                }
                let steps = wanted(&n, window);
                if steps.is_empty() { break; }
                prop_assert!(steps.len() <= 6);
                let (pick, fate) = rounds.next().unwrap_or((0, 9));
                let step = steps[usize::from(pick) % steps.len()].clone();
                match fate {
                    0 | 1 => {}
                    2 | 3 if !seen.is_empty() => {
                        let old = seen[usize::from(pick) % seen.len()].clone();
                        let before = n.clone();
                        let _ = fold(&mut n, &old, outcome(old.kind, sections), Timestamp(5));
                        prop_assert_eq!(before, n.clone(), "a repeated event changes nothing");
                    }
                    _ => {
                        seen.push(step.clone());
                        let _ = fold(&mut n, &step, outcome(step.kind, sections), Timestamp(5));
                    }
                }
            }
            prop_assert_eq!(n.phase(), Phase::Succeeded);
            prop_assert_eq!(approvals, u32::from(hold), "a person is asked once");
            let all = u64::from(sections);
            let each_once = Tally { utterances: 3 * all, reused: all, words: 20 * all, millis: 9_000 * all };
            prop_assert_eq!(n.tally(), each_once);
            let done = n.clone();
            for step in seen {
                fold(&mut n, &step, StepOutcome::Failed(Failure::internal("late")), Timestamp(9));
            }
            prop_assert_eq!(done, n, "a terminal state does not change (I4)");
        }

        /// Any events at all, of any run and index, never break the record.
        #[test]
        fn foreign_events_are_ignored(events in proptest::collection::vec((0_u32..4, 0_usize..5, 0_u32..99, 0_usize..5), 0..60)) {
            let mut n = narration();
            for (run, kind, index, what) in events {
                let step = StepId { narration: n.id.clone(), run, kind: StepKind::ALL[kind], index };
                let _ = fold(&mut n, &step, outcome(StepKind::ALL[what], 7), Timestamp(3));
                prop_assert!(n.recorded() <= n.sections().unwrap_or(0));
                prop_assert!(run == 1 || n.phase() == Phase::Extracting || n.run == 1);
            }
        }
    }
}
