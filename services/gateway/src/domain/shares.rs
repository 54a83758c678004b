//! How many steps of a service each dispatcher may have granted at once. Pure.
//!
//! The capacity is divided as one scheduler over all turns would: over the lanes that have work by
//! their weights, in a lane over its turns equally, and never more to a turn than it can use
//! (weighted max-min fairness: Bertsekas and Gallager, Data Networks, 1992, section 6.5.2).
//! Everybody computes it from the same figures, so nobody hands anything out. Figures that are a
//! moment old cost a few steps too many or too few in the queue, and no more.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Lane;

/// What a dispatcher's turns of one lane can use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Turns that have a step granted or to grant.
    pub turns: u64,
    /// Steps that may be granted of them at once, those that are included; each turn as far as its
    /// tenant's limit lets it.
    pub steps: u64,
}

/// What a dispatcher's turns of one service can use, by lane.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Demands(pub BTreeMap<Lane, Demand>);

impl Demands {
    /// Whether its turns can use nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.values().all(|demand| demand.steps == 0)
    }

    /// What they can use in all, in steps.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.0.values().map(|demand| demand.steps).sum()
    }

    fn of(&self, lane: Lane) -> Demand {
        self.0.get(&lane).copied().unwrap_or_default()
    }
}

/// The shares of `capacity` for dispatchers of these demands, in their order. Their sum is
/// `capacity`, or the count of dispatchers that can use anything where that is more. What nobody
/// can use is divided equally, so that work that comes finds room at once; and who can use anything
/// has one at least, so that no turn waits for ever for the rest of a division.
#[must_use]
pub fn shares(capacity: u64, demands: &[&Demands]) -> Vec<u64> {
    let mut given = vec![0_u64; demands.len()];
    let by_lane = |lane: Lane| demands.iter().map(|demands| demands.of(lane).steps).sum::<u64>();
    let lanes = Lane::ALL.map(|lane| Want { most: by_lane(lane), weight: lane.weight() });
    for (lane, part) in Lane::ALL.into_iter().zip(fill(capacity, &lanes)) {
        let wants: Vec<Want> = demands.iter().map(|demands| Want::from(demands.of(lane))).collect();
        for (given, part) in given.iter_mut().zip(fill(part, &wants)) {
            *given += part;
        }
    }
    let spare = capacity.saturating_sub(given.iter().sum());
    let count = u64::try_from(given.len()).unwrap_or(u64::MAX).max(1);
    for (place, given) in (0_u64..).zip(given.iter_mut()) {
        *given += spare / count + u64::from(place < spare % count);
    }
    for place in 0..given.len() {
        let wants = demands.get(place).is_some_and(|demands| !demands.is_none());
        if wants && given.get(place) == Some(&0) {
            if let Some(largest) = given.iter_mut().max().filter(|largest| **largest > 1) {
                *largest -= 1;
            }
            if let Some(given) = given.get_mut(place) {
                *given = 1;
            }
        }
    }
    given
}

/// What one of several asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Want {
    pub(super) most: u64,
    pub(super) weight: u64,
}

impl From<Demand> for Want {
    fn from(Demand { turns, steps }: Demand) -> Self {
        Self { most: steps, weight: turns }
    }
}

/// Weighted max-min: `capacity` over these wants, in whole numbers. The sum is `capacity`, or what
/// all can use where that is less.
pub(super) fn fill(capacity: u64, wants: &[Want]) -> Vec<u64> {
    let mut given = vec![0_u64; wants.len()];
    let mut open: BTreeMap<usize, Want> =
        wants.iter().copied().enumerate().filter(|(_, want)| want.most > 0 && want.weight > 0).collect();
    let mut left = capacity.min(open.values().map(|want| want.most).sum());
    let mut give = |place: usize, steps: u64| {
        if let Some(given) = given.get_mut(place) {
            *given += steps;
        }
    };
    while left > 0 && !open.is_empty() {
        let weight: u128 = open.values().map(|want| u128::from(want.weight)).sum();
        let part = move |want: &Want| u128::from(left) * u128::from(want.weight);
        let content = |want: &Want| u128::from(want.most) * weight <= part(want);
        let full: BTreeMap<usize, u64> =
            open.iter().filter(|(_, want)| content(want)).map(|(place, want)| (*place, want.most)).collect();
        if full.is_empty() {
            // Everybody can use its part: the whole of it, and what is left to the largest
            // remainders.
            let mut remainders: Vec<(u128, std::cmp::Reverse<usize>)> = Vec::new();
            let mut rest = left;
            for (place, want) in &open {
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
        for (place, most) in full {
            give(place, most);
            left = left.saturating_sub(most);
            open.remove(&place);
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Demands by lane: turns and steps of each.
    fn demands(of: [(u64, u64); 3]) -> Demands {
        Demands(Lane::ALL.into_iter().zip(of.map(|(turns, steps)| Demand { turns, steps })).collect())
    }

    fn shares_of<const N: usize>(capacity: u64, of: [[(u64, u64); 3]; N]) -> Vec<u64> {
        let all = of.map(demands);
        shares(capacity, &all.iter().collect::<Vec<_>>())
    }

    #[test]
    fn one_alone_has_everything() {
        assert_eq!(shares_of(10, [[(0, 0); 3]]), [10]);
        assert_eq!(shares_of(10, [[(1, 3), (2, 90), (0, 0)]]), [10]);
        assert_eq!(shares(10, &[]), Vec::<u64>::new());
    }

    #[test]
    fn turns_count_and_not_dispatchers() {
        let none = (0, 0);
        assert_eq!(shares_of(100, [[none, (9, 900), none], [none, (1, 500), none]]), [90, 10]);
        assert_eq!(shares_of(100, [[none, (9, 20), none], [none, (1, 500), none]]), [20, 80], "who can use less");
        assert_eq!(shares_of(120, [[(1, 999), none, none], [none, (5, 999), none]]), [80, 40], "lanes by weight");
    }

    #[test]
    fn what_nobody_can_use_is_divided_equally() {
        let none = (0, 0);
        assert_eq!(shares_of(9, [[none; 3], [none; 3]]), [5, 4]);
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
            all in proptest::collection::vec(proptest::array::uniform3((0_u64..6, 0_u64..40)), 1..12),
        ) {
            let all: Vec<Demands> =
                all.into_iter().map(|of| demands(of.map(|(turns, each)| (turns, turns * each)))).collect();
            let given = shares(capacity, &all.iter().collect::<Vec<_>>());
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
            let given = shares(capacity, &all.iter().collect::<Vec<_>>());
            prop_assert!(given[0] >= steps.min(capacity / all.len() as u64));
        }
    }
}
