//! Slots: which steps of a stage service are granted, and whose turn it is next. Pure.
//!
//! A step is published when it is granted and not before, and only as many are granted as the stage
//! can work on and a few more, so that a step that becomes urgent waits behind few others whatever
//! the backlog. Grants are step ids: granting or releasing twice is granting or releasing once.

use std::collections::BTreeMap;

use lectern_core::Timestamp;
use lectern_core::id::{Service, StepId, TenantId};
use serde::{Deserialize, Serialize};

use super::Lane;

/// The layout of the records that this code writes.
pub const SCHEMA: u32 = 1;

/// Most steps of one service that are granted at once, over all its replicas: keeps the record
/// under 64 KB with the longest ids.
pub const MOST: usize = 256;

/// How far a lane's pass moves when a lane of weight 1 is served. Divisible by all weights.
const STRIDE: u64 = 8;

/// A step that was granted and has not ended, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Which.
    pub step: StepId,
    /// Whose.
    pub tenant: TenantId,
    /// When it was last published, or was to be.
    pub at: Timestamp,
}

/// What is granted of one stage service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// The service, and the record's id.
    pub service: Service,
    /// Grants ever made: the clock of [`Turn::served`].
    pub served: u64,
    /// How far each lane has come: it moves by less the more weight the lane has, and the lane that
    /// is behind is served next (stride scheduling: Waldspurger and Weihl, 1995).
    pub passes: BTreeMap<Lane, u64>,
    /// What is granted, in the order of granting.
    pub grants: Vec<Grant>,
}

impl Slots {
    /// The slots of a service of which nothing is granted.
    #[must_use]
    pub const fn new(service: Service) -> Self {
        Self { service, served: 0, passes: BTreeMap::new(), grants: Vec::new() }
    }

    /// Whether a step is granted.
    #[must_use]
    pub fn granted(&self, step: &StepId) -> bool {
        self.grants.iter().any(|grant| grant.step == *step)
    }

    /// Grants of a tenant.
    #[must_use]
    pub fn of(&self, tenant: &TenantId) -> usize {
        self.grants.iter().filter(|grant| grant.tenant == *tenant).count()
    }

    /// Grants a step to a lane's tenant and moves the lane on.
    pub fn grant(&mut self, step: StepId, tenant: TenantId, lane: Lane, now: Timestamp) {
        self.served += 1;
        let pass = self.passes.entry(lane).or_default();
        *pass += STRIDE / lane.weight();
        self.grants.push(Grant { step, tenant, at: now });
    }

    /// Releases the grants that `over` says have ended; how many.
    pub fn release(&mut self, mut over: impl FnMut(&Grant) -> bool) -> usize {
        let before = self.grants.len();
        self.grants.retain(|grant| !over(grant));
        before - self.grants.len()
    }

    /// Which of the lanes that have work is next: the one that is furthest behind, the more urgent
    /// among equals.
    #[must_use]
    pub fn next_lane(&self, with_work: impl IntoIterator<Item = Lane>) -> Option<Lane> {
        with_work.into_iter().min_by_key(|lane| (self.pass(*lane), *lane))
    }

    /// Lets lanes that had no work while others were served catch up, so that a pause earns no
    /// credit. `with_work` are the lanes that have some now, `before` those that had some at the
    /// last look.
    pub fn wake(&mut self, with_work: &[Lane], before: &[Lane]) {
        let behind = before.iter().filter(|lane| with_work.contains(lane)).map(|lane| self.pass(*lane)).min();
        let Some(behind) = behind else { return };
        for lane in with_work.iter().filter(|lane| !before.contains(lane)) {
            let pass = self.passes.entry(*lane).or_default();
            *pass = behind.max(*pass);
        }
    }

    fn pass(&self, lane: Lane) -> u64 {
        self.passes.get(&lane).copied().unwrap_or(0)
    }
}

/// A tenant's place among those that wait for a service, in one lane and for one engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The service.
    pub service: Service,
    /// The lane.
    pub lane: Lane,
    /// Whose.
    pub tenant: TenantId,
    /// The engine that the work needs; empty where it needs none.
    pub engine: String,
    /// Whether there may be work. False only after a look found none.
    pub waiting: bool,
    /// The service's count of grants when one of this turn was last made; 0 for never. The lowest
    /// is next.
    pub served: u64,
}

impl Turn {
    /// A turn that begins to wait and was never served.
    #[must_use]
    pub const fn new(service: Service, lane: Lane, tenant: TenantId, engine: String) -> Self {
        Self { service, lane, tenant, engine, waiting: true, served: 0 }
    }

    /// `{service}/{lane}/{tenant}/{engine}`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}/{}/{}", self.service.as_str(), self.lane.as_str(), self.tenant, self.engine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(index: u32) -> StepId {
        format!("n/1/record/{index}").parse().expect("a step")
    }

    fn tenant(name: &str) -> TenantId {
        name.parse().expect("a tenant")
    }

    #[test]
    fn lanes_with_work_are_served_by_weight() {
        let mut slots = Slots::new(Service::Tts);
        let mut served = BTreeMap::new();
        for index in 0..130 {
            let lane = slots.next_lane(Lane::ALL).expect("a lane");
            *served.entry(lane).or_insert(0) += 1;
            slots.grant(step(index), tenant("a"), lane, Timestamp(0));
        }
        assert_eq!(served, BTreeMap::from([(Lane::Interactive, 80), (Lane::Standard, 40), (Lane::Bulk, 10)]));
    }

    #[test]
    fn a_lane_that_had_no_work_earns_no_credit() {
        let mut slots = Slots::new(Service::Tts);
        for index in 0..100 {
            slots.grant(step(index), tenant("a"), Lane::Standard, Timestamp(0));
        }
        slots.wake(&[Lane::Standard, Lane::Bulk], &[Lane::Standard]);
        let mut bulk = 0;
        for index in 0..50 {
            let lane = slots.next_lane([Lane::Standard, Lane::Bulk]).expect("a lane");
            bulk += u32::from(lane == Lane::Bulk);
            slots.grant(step(100 + index), tenant("b"), lane, Timestamp(0));
        }
        assert_eq!(bulk, 10, "one in five, and not all of them");
    }

    #[test]
    fn a_release_is_a_release_however_often() {
        let mut slots = Slots::new(Service::Ai);
        slots.grant(step(1), tenant("a"), Lane::Bulk, Timestamp(0));
        slots.grant(step(2), tenant("b"), Lane::Bulk, Timestamp(0));
        assert!(slots.granted(&step(1)) && slots.of(&tenant("a")) == 1);
        assert_eq!(slots.release(|grant| grant.step == step(1)), 1);
        assert_eq!(slots.release(|grant| grant.step == step(1)), 0);
        assert_eq!(slots.grants.len(), 1);
        assert_eq!(slots.served, 2, "the count of grants never falls");
    }

    #[test]
    fn the_record_of_a_full_service_stays_small() {
        let mut slots = Slots::new(Service::Tts);
        let longest = "x".repeat(64);
        for index in 0..MOST {
            let id = format!("{longest}/4294967295/assemble/{index}").parse().expect("a step");
            slots.grant(id, tenant(&longest), Lane::Bulk, Timestamp(u64::MAX / 2));
        }
        let bytes = serde_json::to_vec(&slots).expect("json").len();
        assert!(bytes < 63 * 1024, "{bytes}");
    }
}
