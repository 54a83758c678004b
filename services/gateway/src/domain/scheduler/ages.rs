//! How long steps have waited to be granted.

use std::collections::BTreeMap;

use lectern_core::Timestamp;
use lectern_core::id::StepId;

use super::Scheduler;
use crate::domain::Lane;

/// A step that waits to be granted.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) step: StepId,
    /// Since when.
    pub(super) since: Timestamp,
}

impl Scheduler {
    /// Since when the step waits that has waited the longest, by lane. What waits for its tenant or
    /// for an operator does not count: no worker would change that.
    #[must_use]
    pub fn longest_waits(&self) -> BTreeMap<Lane, Timestamp> {
        let mut oldest = BTreeMap::new();
        for tenant in self.tenants.values().filter(|tenant| tenant.granted < tenant.limit) {
            let turns = tenant.turns.iter().filter_map(|turn| Some((turn.lane, self.turns.get(turn)?)));
            for (lane, state) in turns.filter(|(_, state)| !state.held) {
                if let Some(first) = state.work.values().flatten().map(|open| open.since).min() {
                    let known = oldest.entry(lane).or_insert(first);
                    *known = first.min(*known);
                }
            }
        }
        oldest
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::Turn;

    const BULK: Lane = Lane::Bulk;

    fn turn(lane: Lane, tenant: &str) -> Arc<Turn> {
        let (engine, wire) = (String::new(), String::new());
        Arc::new(Turn { lane, tenant: tenant.parse().expect("a tenant"), engine, wire })
    }

    /// Lets a narration want the steps of these sections, what is new among them since `changed`.
    fn want(scheduler: &mut Scheduler, turn: &Arc<Turn>, narration: &str, sections: &[u32], changed: u64) {
        let step = |section: &u32| format!("{narration}/1/record/{section}").parse().expect("a step");
        let steps: Vec<StepId> = sections.iter().map(step).collect();
        let place = (Timestamp(0), narration.parse().expect("an id"));
        scheduler.take_in(turn, &place, &steps, Timestamp(changed));
    }

    #[test]
    fn a_step_has_waited_since_it_was_wanted_first_and_not_since_its_narration_was_ordered() {
        let (mut scheduler, bulk) = (Scheduler::new(10), turn(BULK, "acme"));
        assert_eq!(scheduler.longest_waits(), BTreeMap::new());
        want(&mut scheduler, &bulk, "n", &[0, 1], 100);
        want(&mut scheduler, &bulk, "n", &[1, 2], 700);
        assert_eq!(scheduler.longest_waits(), BTreeMap::from([(BULK, Timestamp(100))]));
        let granted: Vec<u64> = std::iter::from_fn(|| scheduler.grant(Timestamp(900))).map(|it| it.since.0).collect();
        assert_eq!(granted, [100, 700]);
        assert_eq!(scheduler.longest_waits(), BTreeMap::new(), "what is granted does not wait");
    }

    #[test]
    fn each_lane_has_its_oldest_and_what_more_workers_would_not_help_does_not_count() {
        let mut scheduler = Scheduler::new(1);
        let (bulk, standard) = (turn(BULK, "acme"), turn(Lane::Standard, "globex"));
        want(&mut scheduler, &bulk, "n", &[0, 1], 100);
        want(&mut scheduler, &standard, "m", &[0, 1], 50);
        assert_eq!(
            scheduler.longest_waits(),
            BTreeMap::from([(Lane::Standard, Timestamp(50)), (BULK, Timestamp(100))])
        );
        scheduler.hold(&standard, true);
        assert_eq!(scheduler.longest_waits(), BTreeMap::from([(BULK, Timestamp(100))]), "an operator holds it up");
        scheduler.grant(Timestamp(200)).expect("a step");
        assert_eq!(scheduler.longest_waits(), BTreeMap::new(), "its tenant has as many as it may have");
    }
}
