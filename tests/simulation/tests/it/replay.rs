//! One seed is one world, and what it is to find it finds.

use lectern_simulation::{Mutant, simulate, simulate_without};

/// The seed of a crowd.
const CROWD: u64 = 199;

#[test]
fn a_seed_does_the_same_again() {
    for seed in [1, 2, 3, 70] {
        let (first, again) = (simulate(seed, None).expect("a runtime"), simulate(seed, None).expect("a runtime"));
        assert_eq!(first.last, again.last, "seed {seed}");
        assert_eq!((first.digest, first.calls), (again.digest, again.calls), "seed {seed}");
        assert_ne!(first.digest, simulate(seed + 1, None).expect("a runtime").digest, "another seed is another world");
    }
}

#[test]
fn every_invariant_holds_over_some_seeds() {
    for seed in 10_000..10_020 {
        let outcome = simulate(seed, None).expect("a runtime");
        assert_eq!(outcome.violation, None, "cargo xtask simulate --seed {seed}\n{}", outcome.last.join("\n"));
        assert!(outcome.steps > 0, "seed {seed} did nothing");
    }
}

#[test]
fn nobody_in_a_crowd_waits_for_room_that_is_there() {
    let outcome = simulate(CROWD, None).expect("a runtime");
    assert_eq!(outcome.violation, None, "cargo xtask simulate --seed {CROWD}\n{}", outcome.last.join("\n"));
    assert!(outcome.narrations >= 100, "{}", outcome.narrations);
}

/// Whether a mutant is found within so many seeds.
#[allow(clippy::expect_used, reason = "a helper of tests")]
fn found(mutant: Mutant, seeds: usize) -> bool {
    mutant.seeds(seeds).any(|seed| {
        let outcome = simulate(seed, Some(mutant)).expect("a runtime");
        outcome.violation.is_some_and(|violation| violation.invariant == mutant.breaks())
    })
}

#[test]
fn a_dead_letter_after_term_is_found() {
    assert!(found(Mutant::LetterAfterTerm, 100));
}

#[test]
fn a_suspension_that_nobody_looks_at_is_found() {
    assert!(found(Mutant::SuspensionNotLookedAt, 300));
}

#[test]
fn a_deletion_that_takes_the_files_of_a_later_run_is_found() {
    assert!(found(Mutant::DeletedByNarration, 300));
}

#[test]
fn an_outage_that_is_taken_for_a_lost_lease_is_found() {
    assert!(found(Mutant::AwayIsLost, 300));
}

#[test]
fn what_is_left_behind_is_found() {
    for mutant in [Mutant::AckForgotten, Mutant::CancelNeverCleared] {
        assert!(found(mutant, 100), "{}", mutant.name());
    }
}

#[test]
fn grants_beyond_what_the_workers_take_are_found() {
    assert!(found(Mutant::WorkersCountedTwice, 100));
}

#[test]
fn an_end_that_is_told_and_not_committed_is_found() {
    assert!(found(Mutant::LostRaceAnsweredAsWritten, 300));
}

#[test]
fn what_is_wrong_with_what_is_bought_is_found() {
    for mutant in [Mutant::AnswerNotKept, Mutant::BudgetNotReserved, Mutant::SettleForgotten] {
        assert!(found(mutant, 100), "{}", mutant.name());
    }
}

#[test]
fn a_small_crowd_gets_what_it_is_due_at_a_flat_cost() {
    for run in lectern_simulation::crowd(400).expect("a crowd") {
        assert!(run.broken.is_empty(), "{run}");
    }
}

#[test]
fn a_defect_that_needs_a_fault_does_nothing_without_it() {
    let mutant = Mutant::ClockRunsAway;
    assert!(mutant.needs().is_some());
    for seed in 0..10 {
        let outcome = simulate_without(seed, Some(mutant), mutant.needs()).expect("a runtime");
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
}
