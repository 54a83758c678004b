//! What waits longest.

use std::collections::BTreeMap;

use super::{Place, Scheduler};
use crate::domain::Lane;

impl Scheduler {
    /// The narration that waits longest for a grant, by lane, as far as narrations are known: those
    /// of a turn are known the oldest first.
    #[must_use]
    pub fn oldest(&self) -> BTreeMap<Lane, Place> {
        let mut oldest: BTreeMap<Lane, &Place> = BTreeMap::new();
        for (turn, state) in &self.turns {
            let Some((place, _)) = state.work.first_key_value() else { continue };
            let known = oldest.entry(turn.lane).or_insert(place);
            *known = place.min(*known);
        }
        oldest.into_iter().map(|(lane, place)| (lane, place.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_core::Timestamp;
    use lectern_core::id::StepId;

    use super::*;
    use crate::domain::Turn;

    #[test]
    fn the_oldest_of_a_lane_is_the_oldest_of_all_its_turns_that_waits_for_a_grant() {
        let mut scheduler = Scheduler::new(9);
        let turn = |tenant: &str, lane| {
            let (engine, wire) = (String::new(), String::new());
            Arc::new(Turn { lane, tenant: tenant.parse().expect("an id"), engine, wire })
        };
        let mut wait = |tenant: &str, lane, narration: &str, since| {
            let step: StepId = format!("{narration}/1/plan/0").parse().expect("a step");
            let place = (Timestamp(since), narration.parse().expect("an id"));
            scheduler.take_in(&turn(tenant, lane), &place, &[step], Timestamp(since));
        };
        wait("acme", Lane::Standard, "n1", 40);
        wait("globex", Lane::Standard, "n2", 30);
        wait("globex", Lane::Bulk, "n3", 10);
        let ids = |scheduler: &Scheduler| {
            scheduler.oldest().into_iter().map(|(lane, (_, id))| (lane, id.to_string())).collect::<Vec<_>>()
        };
        let expected = [(Lane::Standard, "n2".to_owned()), (Lane::Bulk, "n3".to_owned())];
        assert_eq!(ids(&scheduler), expected);
        while scheduler.grant(Timestamp(50)).is_some() {}
        assert!(ids(&scheduler).is_empty(), "nothing waits once it is granted");
    }
}
