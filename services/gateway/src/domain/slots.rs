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
/// under 64 KB with ids as they are made.
pub const MOST: usize = 256;

/// Bytes that the grants of a record may have as JSON: where ids are long there are fewer than
/// [`MOST`].
const MOST_BYTES: usize = 62 * 1024;

/// Bytes of a grant as JSON beside its ids: the names of its fields, and its numbers at their
/// longest.
const GRANT_BYTES: usize = 128;

/// How far a lane's pass moves when a lane of weight 1 is served. Divisible by all weights.
const STRIDE: u64 = 8;

/// A step that was granted and has not ended, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Which.
    pub step: StepId,
    /// Whose.
    pub tenant: TenantId,
    /// The engine that it needs; empty where it needs none.
    pub engine: String,
    /// The revision of the narration that wanted the step. Whoever knows an older one knows nothing
    /// of this grant.
    pub revision: u64,
    /// When it was last published, or was to be.
    pub at: Timestamp,
}

impl Grant {
    /// Bytes that it may have as JSON.
    fn bytes(&self) -> usize {
        GRANT_BYTES + self.step.narration.as_str().len() + self.tenant.as_str().len() + self.engine.len()
    }
}

/// What is granted of one stage service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// The service, and the record's id.
    pub service: Service,
    /// Grants ever made: the clock of [`Turn::served`]. It never falls, and a record that is made
    /// anew goes on beyond what any turn remembers.
    pub served: u64,
    /// The virtual time of the service: the pass of the lane that was served last, before it moved
    /// on. It never falls.
    pub virtual_time: u64,
    /// How far each lane has come: it moves by less the more weight the lane has, and the lane that
    /// is behind is served next.
    pub passes: BTreeMap<Lane, u64>,
    /// What is granted, in the order of granting.
    pub grants: Vec<Grant>,
}

impl Slots {
    /// The slots of a service of which nothing is granted.
    #[must_use]
    pub const fn new(service: Service) -> Self {
        Self { service, served: 0, virtual_time: 0, passes: BTreeMap::new(), grants: Vec::new() }
    }

    /// The slots of a service whose record was lost, and whose turns were served up to `served`.
    #[must_use]
    pub fn after(service: Service, served: u64) -> Self {
        // Another replica may note a little later what it granted of the record that was lost.
        let beyond = u64::try_from(MOST).unwrap_or(u64::MAX);
        let served = if served == 0 { 0 } else { served.saturating_add(beyond) };
        Self { served, ..Self::new(service) }
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

    /// Grants of each tenant that has some.
    #[must_use]
    pub fn by_tenant(&self) -> BTreeMap<&TenantId, usize> {
        let mut tenants = BTreeMap::new();
        for grant in &self.grants {
            *tenants.entry(&grant.tenant).or_default() += 1;
        }
        tenants
    }

    /// How many more grants the record has room for, whatever their ids.
    #[must_use]
    pub fn spare(&self) -> usize {
        const LONGEST: usize = GRANT_BYTES + 3 * 64;
        let bytes: usize = self.grants.iter().map(Grant::bytes).sum();
        let by_bytes = MOST_BYTES.saturating_sub(bytes) / LONGEST;
        by_bytes.min(MOST.saturating_sub(self.grants.len()))
    }

    /// Grants a step to a lane, and moves the lane on. `served_before` is the count at which its
    /// turn was served last: the count goes on from there, should it ever be behind.
    pub fn grant(&mut self, grant: Grant, lane: Lane, served_before: u64) {
        self.served = self.served.max(served_before).saturating_add(1);
        self.virtual_time = self.pass(lane);
        self.passes.insert(lane, self.virtual_time + STRIDE / lane.weight());
        self.grants.push(grant);
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

    /// Where a lane stands: its own pass, and never behind the virtual time (start-time fair
    /// queueing: Goyal, Vin and Cheng, 1996). A lane that has work all the time is never behind it,
    /// since the lane that is furthest behind is served; so only one that had none is lifted, and a
    /// pause earns no credit. Nobody has to see when a lane wakes, and no lane is ever further
    /// ahead of the others than one stride of its own.
    fn pass(&self, lane: Lane) -> u64 {
        self.passes.get(&lane).copied().unwrap_or(0).max(self.virtual_time)
    }
}

/// What is known of the work in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnState {
    /// There may be a step to grant: passes look at it.
    Waiting,
    /// A look found every step granted, or its tenant at its limit: passes look past it, until the
    /// write that makes a step of it grantable wakes it.
    Exhausted,
    /// A look found no narration in it.
    Resting,
}

impl TurnState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Exhausted, Self::Resting];

    /// The name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Exhausted => "exhausted",
            Self::Resting => "resting",
        }
    }
}

/// A tenant's place among those that wait for a service, in one lane and for one engine.
///
/// Whoever takes it from the front of its lane (exhausted, resting, deleted) writes that by
/// compare-and-swap, and looks for work once more after. Whoever makes work for it writes that
/// first, then reads the turn, and wakes it where it is not waiting. So one of the two sees the
/// other, whatever the order of their writes.
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
    /// What is known of the work in it.
    pub state: TurnState,
    /// Since when it rests; none while it does not.
    pub rested: Option<Timestamp>,
    /// The service's count of grants when one of this turn was last made; 0 for never. The lowest
    /// is next.
    pub served: u64,
}

impl Turn {
    /// A turn that begins to wait and was never served.
    #[must_use]
    pub const fn new(service: Service, lane: Lane, tenant: TenantId, engine: String) -> Self {
        Self { service, lane, tenant, engine, state: TurnState::Waiting, rested: None, served: 0 }
    }

    /// `{service}/{lane}/{tenant}/{engine}`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}{}", Self::prefix(self.service, self.lane, &self.tenant), self.engine)
    }

    /// What the ids of a tenant's turns in a lane begin with.
    #[must_use]
    pub fn prefix(service: Service, lane: Lane, tenant: &TenantId) -> String {
        format!("{}/{}/{tenant}/", service.as_str(), lane.as_str())
    }

    /// The same turn where there may be work again.
    #[must_use]
    pub fn woken(self) -> Self {
        Self { state: TurnState::Waiting, rested: None, ..self }
    }

    /// The same turn without a step to grant at the moment.
    #[must_use]
    pub fn exhausted(self) -> Self {
        Self { state: TurnState::Exhausted, rested: None, ..self }
    }

    /// The same turn without a narration in it.
    #[must_use]
    pub fn at_rest(self, now: Timestamp) -> Self {
        Self { state: TurnState::Resting, rested: Some(now), ..self }
    }
}

#[cfg(test)]
mod tests;
