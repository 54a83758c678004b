//! How many steps of a service each dispatcher may have granted at once. Pure.
//!
//! The capacity is divided as one scheduler over all turns would: over the lanes that have work by
//! their weights, in a lane over its turns equally, and never more to a turn than it can use
//! (weighted max-min fairness: Bertsekas and Gallager, Data Networks, 1992, section 6.5.2).
//! Everybody computes it from the same figures, so nobody hands anything out. Figures that are a
//! moment old cost a few steps too many or too few in the queue, and no more.
//!
//! What is due so is seldom a whole number of steps: it is counted in parts of a step, and what a
//! share has of it in a round says the [`Rotation`].

use super::Lane;
use super::demand::{Alike, Demands};
use super::rotation::{PARTS, Rotation};

/// What is due to each of several dispatchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due(
    /// In [`PARTS`] of a step.
    Vec<u64>,
);

impl Due {
    /// What of `capacity` is due to dispatchers of these demands, in their order. The sum is
    /// `capacity`, or the count of dispatchers that can use anything where that is more. What
    /// nobody can use is divided equally, so that work that comes finds room at once; and to who
    /// can use anything one step at least is due, so that no turn waits for ever for the rest of a
    /// division.
    #[must_use]
    pub fn of(capacity: u64, demands: &[&Demands]) -> Self {
        let all = capacity.saturating_mul(PARTS);
        // Nobody is given more than there is.
        let parts = |steps: u64| steps.saturating_mul(PARTS).min(all);
        let mut due = vec![0_u64; demands.len()];
        let by_lane = |lane: Lane| demands.iter().map(|demands| demands.steps_of(lane)).sum::<u64>();
        let lanes = Lane::ALL.map(|lane| Want { most: parts(by_lane(lane)), weight: lane.weight() });
        for (lane, part) in Lane::ALL.into_iter().zip(fill(all, &lanes)) {
            let (mut places, mut wants) = (Vec::new(), Vec::new());
            for (place, demands) in demands.iter().enumerate() {
                for Alike { turns, steps } in demands.alike(lane) {
                    places.push(place);
                    wants.push(Want { most: parts(steps), weight: turns });
                }
            }
            for (place, part) in places.into_iter().zip(fill(part, &wants)) {
                if let Some(due) = due.get_mut(place) {
                    *due += part;
                }
            }
        }
        let spare = all.saturating_sub(due.iter().sum());
        let count = u64::try_from(due.len()).unwrap_or(u64::MAX).max(1);
        for (place, due) in (0_u64..).zip(due.iter_mut()) {
            *due += spare / count + u64::from(place < spare % count);
        }
        Self(one_at_least(due, demands))
    }

    /// The shares of a round: whole steps, in the order of the dispatchers.
    #[must_use]
    pub fn shares(&self, rotation: Rotation) -> Vec<u64> {
        rotation.whole(&self.0)
    }
}

/// Lifts what is due to those that can use anything to one step, at the cost of those to whom more
/// is due, each by what is due to it beyond that.
fn one_at_least(due: Vec<u64>, demands: &[&Demands]) -> Vec<u64> {
    let least: Vec<u64> = demands.iter().map(|demands| if demands.is_none() { 0 } else { PARTS }).collect();
    let short: u64 = due.iter().zip(&least).map(|(due, least)| least.saturating_sub(*due)).sum();
    if short == 0 {
        return due;
    }
    let beyond: Vec<u64> = due.iter().zip(&least).map(|(due, least)| due.saturating_sub(*least)).collect();
    let left = beyond.iter().sum::<u64>().saturating_sub(short);
    let wants: Vec<Want> = beyond.into_iter().map(|beyond| Want { most: beyond, weight: beyond }).collect();
    least.into_iter().zip(fill(left, &wants)).map(|(least, beyond)| least + beyond).collect()
}

/// What one of several asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Want {
    pub(super) most: u64,
    pub(super) weight: u64,
}

/// Weighted max-min: `capacity` over these wants, in whole numbers. The sum is `capacity`, or what
/// all can use where that is less.
pub(super) fn fill(capacity: u64, wants: &[Want]) -> Vec<u64> {
    let mut given = vec![0_u64; wants.len()];
    let mut open: Vec<(usize, Want)> =
        wants.iter().copied().enumerate().filter(|(_, want)| want.most > 0 && want.weight > 0).collect();
    let mut left = capacity.min(open.iter().map(|(_, want)| want.most).sum());
    let mut give = |place: usize, steps: u64| {
        if let Some(given) = given.get_mut(place) {
            *given += steps;
        }
    };
    while left > 0 && !open.is_empty() {
        let weight: u128 = open.iter().map(|(_, want)| u128::from(want.weight)).sum();
        let part = move |want: &Want| u128::from(left) * u128::from(want.weight);
        let content = |(_, want): &(usize, Want)| u128::from(want.most) * weight <= part(want);
        let (full, others): (Vec<_>, Vec<_>) = open.into_iter().partition(content);
        if full.is_empty() {
            // Everybody can use its part: the whole of it, and what is left to the largest
            // remainders.
            let mut remainders: Vec<(u128, std::cmp::Reverse<usize>)> = Vec::new();
            let mut rest = left;
            for (place, want) in &others {
                let whole = u64::try_from(part(want) / weight).unwrap_or(u64::MAX);
                give(*place, whole);
                rest = rest.saturating_sub(whole);
                remainders.push((part(want) % weight, std::cmp::Reverse(*place)));
            }
            remainders.sort_unstable();
            let rest = usize::try_from(rest).unwrap_or(usize::MAX);
            remainders.iter().rev().take(rest).for_each(|(_, place)| give(place.0, 1));
            break;
        }
        for (place, want) in full {
            give(place, want.most);
            left = left.saturating_sub(want.most);
        }
        open = others;
    }
    given
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::Demand;
    use super::*;

    /// Demands by lane: turns and steps of each.
    fn demands(of: [(u64, u64); 3]) -> Demands {
        Demands(Lane::ALL.into_iter().zip(of.map(|(turns, steps)| Demand::even(turns, steps))).collect())
    }

    fn due_of<const N: usize>(capacity: u64, of: [[(u64, u64); 3]; N]) -> Due {
        let all = of.map(demands);
        Due::of(capacity, &all.iter().collect::<Vec<_>>())
    }

    fn shares_of<const N: usize>(capacity: u64, of: [[(u64, u64); 3]; N]) -> Vec<u64> {
        due_of(capacity, of).shares(Rotation::default())
    }

    #[test]
    fn one_alone_has_everything() {
        assert_eq!(shares_of(10, [[(0, 0); 3]]), [10]);
        assert_eq!(shares_of(10, [[(1, 3), (2, 90), (0, 0)]]), [10]);
        assert_eq!(Due::of(10, &[]).shares(Rotation::default()), Vec::<u64>::new());
    }

    #[test]
    fn turns_count_and_not_dispatchers() {
        let none = (0, 0);
        assert_eq!(shares_of(100, [[none, (9, 900), none], [none, (1, 500), none]]), [90, 10]);
        assert_eq!(shares_of(100, [[none, (9, 20), none], [none, (1, 500), none]]), [20, 80], "who can use less");
        assert_eq!(shares_of(120, [[(1, 999), none, none], [none, (5, 999), none]]), [80, 40], "lanes by weight");
    }

    /// Else its neighbours at the same dispatcher would get it: in a crowd of a thousand tenants
    /// they once were served a tenth more than all others.
    #[test]
    fn what_a_turn_cannot_use_is_divided_over_all_others() {
        let of = |turns: &[u64]| {
            let mut demand = Demand::default();
            turns.iter().for_each(|steps| demand.add(*steps));
            Demands(BTreeMap::from([(Lane::Standard, demand)]))
        };
        let (limited, others) = (of(&[1, 64, 64]), of(&[64, 64]));
        assert_eq!(Due::of(41, &[&limited, &others]), Due(vec![21 * PARTS, 20 * PARTS]), "10 for each, and 1");
    }

    #[test]
    fn what_nobody_can_use_is_divided_equally() {
        let none = (0, 0);
        assert_eq!(due_of(9, [[none; 3], [none; 3]]), Due(vec![9 * PARTS / 2, 9 * PARTS / 2]));
        assert_eq!(shares_of(20, [[none, (1, 4), none], [none; 3]]), [12, 8]);
    }

    /// The part of one turn beside a hundred is less than a half, so by rounding alone it would
    /// never be granted a step.
    #[test]
    fn who_can_use_anything_has_one_at_least() {
        let none = (0, 0);
        assert_eq!(shares_of(33, [[none, (100, 900), none], [none, (1, 5), none]]), [32, 1]);
        assert_eq!(shares_of(2, [[(9, 90), none, none], [none, none, (1, 5)]]), [1, 1]);
        // Where there are fewer steps than dispatchers, too.
        let one = [none, (1, 5), none];
        assert_eq!(shares_of(2, [one, one, [none; 3], one]), [1, 1, 0, 1]);
    }

    /// A lane's part was once rounded for itself, and always in the same way: a dispatcher of two
    /// or three turns had up to a step and a half too many or too few for good.
    #[test]
    fn what_is_due_to_few_turns_is_had_in_time() {
        let (few, many) = ([(1, 64), (1, 64), (1, 64)], [(9, 576), (9, 576), (9, 576)]);
        let due = due_of(97, [few, many]);
        let rounds = std::iter::successors(Some(Rotation::default()), |round| Some(round.next())).take(16);
        let had: Vec<u64> = rounds.map(|round| due.shares(round)[0]).collect();
        assert!(had.iter().all(|had| (9..=10).contains(had)), "9.7 are due to them: {had:?}");
        assert_eq!(had.iter().sum::<u64>(), 155, "sixteen times 9.7");
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainders_and_nothing_to_whom_weighs_nothing() {
        let wants = |of: &[(u64, u64)]| of.iter().map(|(most, weight)| Want { most: *most, weight: *weight }).collect();
        let fill = |capacity, of: &[(u64, u64)]| {
            let wants: Vec<Want> = wants(of);
            fill(capacity, &wants)
        };
        // A seventh of ten for each part: 4 2/7, 4 2/7 and 1 3/7.
        assert_eq!(fill(10, &[(99, 3), (99, 3), (99, 1)]), [4, 4, 2]);
        assert_eq!(fill(10, &[(5, 0), (3, 1), (0, 1)]), [0, 3, 0]);
        assert_eq!(fill(0, &[(5, 1)]), [0]);
    }

    proptest! {
        #[test]
        fn the_sum_is_what_there_is_and_nobody_who_has_work_has_nothing(
            capacity in 0_u64..300,
            rounds in 0_usize..40,
            all in proptest::collection::vec(proptest::array::uniform3((0_u64..6, 0_u64..40)), 1..12),
        ) {
            let all: Vec<Demands> =
                all.into_iter().map(|of| demands(of.map(|(turns, each)| (turns, turns * each)))).collect();
            let rotation = (0..rounds).fold(Rotation::default(), |rotation, _| rotation.next());
            let given = Due::of(capacity, &all.iter().collect::<Vec<_>>()).shares(rotation);
            let with_work = all.iter().filter(|demands| !demands.is_none()).count() as u64;
            prop_assert_eq!(given.iter().sum::<u64>(), capacity.max(with_work));
            for (given, demands) in given.iter().zip(&all) {
                prop_assert!(demands.is_none() || *given > 0);
            }
        }

        /// One that can use less than an equal part gets all that it can use, whatever the others
        /// ask for.
        #[test]
        fn who_asks_for_less_than_its_part_gets_it(
            capacity in 10_u64..300, steps in 1_u64..5, others in proptest::collection::vec(1_u64..500, 1..3),
        ) {
            let mut all = vec![demands([(0, 0), (1, steps), (0, 0)])];
            all.extend(others.into_iter().map(|steps| demands([(0, 0), (1, steps), (0, 0)])));
            let given = Due::of(capacity, &all.iter().collect::<Vec<_>>()).shares(Rotation::default());
            prop_assert!(given[0] >= steps.min(capacity / all.len() as u64));
        }
    }
}
