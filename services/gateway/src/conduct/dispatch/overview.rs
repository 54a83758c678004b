//! What operators are shown of dispatching: what waits by lane, and who grants how much.

use std::collections::{BTreeMap, BTreeSet};

use lectern_core::id::Service;

use super::Dispatcher;
use super::members::Work;
use crate::domain::scheduler::Place;
use crate::domain::{GatewayId, Lane};

/// What waits for a service in a lane, over all gateways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneLevel {
    /// Which.
    pub lane: Lane,
    /// Turns that have a step granted or to grant.
    pub turns: u64,
    /// Steps that they could have at once, those granted included.
    pub steps: u64,
    /// What waits longest for a grant; none where nothing does.
    pub oldest: Option<Place>,
}

/// A gateway, and how much it grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayLevel {
    /// Which.
    pub gateway: GatewayId,
    /// Whether it is this one.
    pub answers: bool,
    /// Whether it looks after tenants.
    pub dispatches: bool,
    /// What it grants of each service.
    pub shares: Vec<ShareLevel>,
}

/// A gateway's share of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareLevel {
    /// Which.
    pub service: Service,
    /// Steps that it may have granted at once.
    pub share: usize,
    /// Steps that it has granted and that have not ended.
    pub granted: usize,
}

impl Dispatcher {
    /// Each lane of a service in which something waits or is granted: here as it is, elsewhere as
    /// other gateways said last.
    #[must_use]
    pub fn lanes(&self, service: Service) -> Vec<LaneLevel> {
        let mut lanes = BTreeMap::new();
        add(&mut lanes, &self.work(service));
        let members = self.shared.members.lock();
        members.works_elsewhere(service).for_each(|(_, work)| add(&mut lanes, work));
        lanes.into_values().collect()
    }

    /// The gateways that live, this one included, by id.
    #[must_use]
    pub fn gateways(&self) -> Vec<GatewayLevel> {
        let (ownership, now) = (self.shared.ownership(), self.shared.clock.now());
        let here: BTreeMap<Service, usize> =
            Service::ALL.into_iter().map(|service| (service, self.work(service).granted)).collect();
        let limits = Service::ALL.map(|service| (service, self.shared.workers.limit(service, now)));
        let mut members = self.shared.members.lock();
        let mut live: BTreeSet<GatewayId> = members.live(tokio::time::Instant::now());
        live.insert(self.shared.me.clone());
        let given = limits.map(|(service, limit)| (service, members.shares(service, limit, &ownership)));
        let level = |gateway: GatewayId| {
            let answers = gateway == self.shared.me;
            let shares = given.each_ref().map(|(service, given)| {
                let service = *service;
                let elsewhere = members.works_elsewhere(service).find(|(id, _)| **id == gateway);
                let granted =
                    if answers { here.get(&service).copied() } else { elsewhere.map(|(_, work)| work.granted) };
                ShareLevel {
                    service,
                    share: given.iter().find(|(id, _)| **id == gateway).map_or(0, |(_, share)| *share),
                    granted: granted.unwrap_or(0),
                }
            });
            let dispatches = ownership.dispatchers().contains(&gateway);
            GatewayLevel { gateway, answers, dispatches, shares: shares.to_vec() }
        };
        live.into_iter().map(level).collect()
    }
}

/// Adds what one gateway has in the lanes of a service.
fn add(lanes: &mut BTreeMap<Lane, LaneLevel>, work: &Work) {
    let mut of = |lane: Lane, turns: u64, steps: u64, oldest: Option<&Place>| {
        let level = lanes.entry(lane).or_insert(LaneLevel { lane, turns: 0, steps: 0, oldest: None });
        level.turns += turns;
        level.steps += steps;
        level.oldest = [level.oldest.take(), oldest.cloned()].into_iter().flatten().min();
    };
    for (lane, demand) in &work.demands.0 {
        of(*lane, demand.turns, demand.steps, None);
    }
    for (lane, place) in &work.oldest {
        of(*lane, 0, 0, Some(place));
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;

    use super::*;
    use crate::domain::{Demand, Demands};

    fn work(lane: Lane, turns: u64, oldest: Option<(u64, &str)>) -> Work {
        let place = |(since, id): (u64, &str)| (lane, (Timestamp(since), id.parse().expect("an id")));
        Work {
            demands: Demands(BTreeMap::from([(lane, Demand::even(turns, 2 * turns))])),
            oldest: oldest.map(place).into_iter().collect(),
            ..Work::default()
        }
    }

    #[test]
    fn lanes_add_up_over_gateways_and_the_oldest_of_all_is_shown() {
        let mut lanes = BTreeMap::new();
        add(&mut lanes, &work(Lane::Standard, 2, Some((20, "n2"))));
        add(&mut lanes, &work(Lane::Standard, 1, Some((10, "n1"))));
        add(&mut lanes, &work(Lane::Standard, 4, None));
        add(&mut lanes, &work(Lane::Bulk, 1, None));
        let standard = &lanes[&Lane::Standard];
        assert_eq!((standard.turns, standard.steps), (7, 14));
        assert_eq!(standard.oldest, Some((Timestamp(10), "n1".parse().expect("an id"))));
        assert_eq!((lanes[&Lane::Bulk].turns, &lanes[&Lane::Bulk].oldest), (1, &None));
    }
}
