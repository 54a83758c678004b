//! How what is due to dispatchers, which is no whole number of steps, becomes shares, which are.
//! Pure.
//!
//! By systematic rounding (Madow, On the theory of systematic sampling, II, 1949): what is due is
//! laid end to end beside a ruler with a mark for each step, and a step is of whoever's part its
//! mark lies in. Each share is what is due, rounded up or down, and all of them together are all
//! there is. With every round of the rotation the ruler moves by a part of a step. So the steps
//! that are left over go from each dispatcher to the one before it, a few in each round, and over
//! all rounds everybody has had what is due to it.

use serde::{Deserialize, Serialize};

/// Parts of a step in which is counted what is due.
pub(super) const PARTS: u64 = 1_024;
/// Rounds in which the ruler moves on by a step. Divides [`PARTS`].
const ROUNDS: u64 = 16;

/// Which round it is. Whoever divides at the same time is to know the same one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rotation(u64);

impl Rotation {
    /// The round after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// The round before this one.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    /// The whole steps of each, of what is due to it in [`PARTS`] of a step. Their sum is that of
    /// what is due, where that is a whole number.
    pub(super) fn whole(self, due: &[u64]) -> Vec<u64> {
        let mut end = self.0 % ROUNDS * (PARTS / ROUNDS);
        let steps = |due: &u64| {
            let begin = end;
            end = end.saturating_add(*due);
            end / PARTS - begin / PARTS
        };
        due.iter().map(steps).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What each has in every round, of so many dispatchers that these parts are due to.
    fn rounds(due: &[u64]) -> Vec<Vec<u64>> {
        (0..ROUNDS).map(|round| Rotation(round).whole(due)).collect()
    }

    #[test]
    fn a_step_that_is_due_to_two_goes_from_one_to_the_other() {
        let half = PARTS / 2;
        let had = rounds(&[3 * PARTS + half, half]);
        assert!(had.iter().all(|had| *had == [3, 1] || *had == [4, 0]), "{had:?}");
        let second: u64 = had.iter().map(|had| had[1]).sum();
        assert_eq!(second, ROUNDS / 2, "each has it for half of the time");
        let changes = had.iter().zip(had.iter().cycle().skip(1)).filter(|(one, next)| one != next).count();
        assert_eq!(changes, 2, "and it goes over and back once");
    }

    #[test]
    fn what_is_whole_does_not_go_round() {
        assert!(rounds(&[PARTS, 0, 5 * PARTS]).iter().all(|had| *had == [1, 0, 5]));
    }

    #[test]
    fn the_last_round_is_followed_by_the_first() {
        let due = [PARTS / 3, PARTS - PARTS / 3];
        assert_eq!(Rotation(0).before().whole(&due), Rotation(ROUNDS - 1).whole(&due));
        assert_eq!(Rotation(u64::MAX).next(), Rotation(0));
        assert_eq!(Rotation(5).next().before(), Rotation(5));
    }

    proptest! {
        #[test]
        fn in_each_round_all_is_given_and_over_all_rounds_each_has_what_is_due(
            mut due in proptest::collection::vec(0_u64..40 * PARTS, 1..40),
        ) {
            let rest = due.iter().sum::<u64>() % PARTS;
            due.push(PARTS - rest);
            let had = rounds(&due);
            let all = due.iter().sum::<u64>() / PARTS;
            for had in &had {
                prop_assert_eq!(had.iter().sum::<u64>(), all);
                for (had, due) in had.iter().zip(&due) {
                    prop_assert!(*had == due / PARTS || *had == due.div_ceil(PARTS));
                }
            }
            for (place, due) in due.iter().enumerate() {
                let over_all: u64 = had.iter().map(|had| had[place]).sum();
                prop_assert!((over_all * PARTS).abs_diff(due * ROUNDS) < PARTS, "{over_all} of {due}");
            }
            // Of each neighbour at most one step goes to the other in all rounds.
            let gained = |(one, next): (&Vec<u64>, &Vec<u64>)| -> u64 {
                one.iter().zip(next).map(|(before, after)| after.saturating_sub(*before)).sum()
            };
            let gone: u64 = had.iter().zip(had.iter().cycle().skip(1)).map(gained).sum();
            prop_assert!(gone <= due.len() as u64, "{gone} steps went over");
        }
    }
}
