//! One seed is one world.

use lectern_simulation::{Mutant, simulate};

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

/// Whether a mutant is found within so many seeds.
#[allow(clippy::expect_used, reason = "a helper of tests")]
fn found(mutant: Mutant, seeds: u64) -> bool {
    (0..seeds).any(|seed| {
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
