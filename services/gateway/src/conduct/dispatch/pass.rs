//! A pass over one service: takes in what is new, and grants what there is room for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lectern_core::id::{Service, TenantId};
use lectern_core::{Failure, Timestamp};
use tokio::time::Instant;

use super::backlog::Candidate;
use super::walk::Walk;
use super::{Dispatcher, ServiceState};
use crate::conduct::workers::EngineRoom;
use crate::domain::{Ownership, Shard, Turn};

/// Steps granted and published before the next ones are.
const AT_ONCE: usize = 256;
/// Tenants whose limits cannot be read in one pass before it grants no more: nobody's can be read.
const UNREAD_MOST: usize = 8;
/// A stream that was full is given this long.
const WHERE_FULL: Duration = Duration::from_secs(1);

/// What one pass leaves to the next.
#[derive(Debug)]
pub struct Pass {
    /// Who owned what when the last pass looked.
    ownership: Option<Arc<Ownership>>,
    /// What this gateway looks after.
    pub(super) owned: BTreeSet<Shard>,
    /// A walk that is under way.
    pub(super) walk: Option<Walk>,
    /// When the last one began.
    pub(super) walked: Instant,
    /// Nothing is granted until then.
    full_until: Instant,
}

impl Pass {
    /// The first pass finds everything to be read.
    pub fn new() -> Self {
        let now = Instant::now();
        Self { ownership: None, owned: BTreeSet::new(), walk: None, walked: now, full_until: now }
    }
}

impl Dispatcher {
    /// Takes in what is new of a service, grants what there is room for, and publishes it.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`: something could not be read, and is by a later pass. What is known is
    /// granted all the same.
    pub async fn pass(&self, service: Service) -> Result<(), Failure> {
        let Some(state) = self.shared.services.get(&service) else { return Ok(()) };
        let mut pass = state.pass.lock().await;
        self.follow_ownership(service, state, &mut pass);
        self.take_inbox(state, &pass);
        let read = self.read_on(service, state, &mut pass).await;
        if read.is_ok() && !pass.walk.as_ref().is_some_and(Walk::is_thorough) {
            state.is_read.store(true, Ordering::Release);
        }
        let granted = self.grant(service, state, &mut pass).await;
        let busy = state.backlog.lock().scheduler().is_busy();
        if busy && !self.shared.members.lock().announced_demand(service) {
            self.shared.announce.notify_one();
        }
        if matches!(read, Ok(true)) || matches!(granted, Ok(true)) {
            state.wake.notify_one();
        }
        read.and(granted).map(|_| ())
    }

    /// Forgets what somebody else looks after now, and begins to read what nobody else does any
    /// more.
    fn follow_ownership(&self, service: Service, state: &ServiceState, pass: &mut Pass) {
        let ownership = self.shared.ownership();
        if pass.ownership.as_ref().is_some_and(|known| Arc::ptr_eq(known, &ownership)) {
            return;
        }
        let owned = ownership.shards_of(&self.shared.me);
        // Where the views of two gateways differed, this one alone was told of these.
        let told = state.backlog.lock().keep(&owned);
        told.into_iter().for_each(|narration| self.pass_on(narration));
        let mut unread: BTreeSet<Shard> = owned.difference(&pass.owned).copied().collect();
        if let Some(walk) = pass.walk.take().filter(Walk::is_thorough) {
            unread.extend(walk.left().intersection(&owned));
        }
        if !unread.is_empty() {
            pass.walk = Some(Walk::thorough(service, &unread));
            pass.walked = Instant::now();
            state.is_read.store(false, Ordering::Release);
        }
        pass.owned = owned;
        pass.ownership = Some(ownership);
    }

    /// Takes in the narrations that changed; passes on those that somebody else looks after.
    pub(super) fn take_inbox(&self, state: &ServiceState, pass: &Pass) {
        let mut others = Vec::new();
        {
            let mut backlog = state.backlog.lock();
            let arrived = std::mem::take(&mut *state.inbox.lock());
            for narration in arrived.into_values() {
                if pass.owned.contains(&Shard::of(&narration.record.tenant)) {
                    backlog.take_in(&narration, |turn| self.shared.held_by_operator_in(state.service, turn));
                } else {
                    others.push(narration);
                }
            }
        }
        for narration in others {
            self.pass_on(narration);
        }
    }

    /// Grants and publishes what there is room for; whether there may be more to grant at once.
    async fn grant(&self, service: Service, state: &ServiceState, pass: &mut Pass) -> Result<bool, Failure> {
        if Instant::now() < pass.full_until {
            return Ok(false);
        }
        let now = self.shared.clock.now();
        let share = self.make_room(service, state, now);
        let mut steps = Vec::new();
        let chosen = self.choose(state, share, now, &mut steps).await;
        let more = steps.len() >= AT_ONCE;
        state.granted.fetch_add(u64::try_from(steps.len()).unwrap_or(0), Ordering::Relaxed);
        let refused = self.publish(steps).await;
        if !refused.is_empty() {
            // Kept until the audit, these would wait while whatever is granted later takes each
            // place that gets free; taken back, the oldest goes first.
            let mut backlog = state.backlog.lock();
            refused.iter().for_each(|candidate| backlog.take_back(&candidate.step));
            pass.full_until = Instant::now() + WHERE_FULL;
        }
        chosen.map(|()| more && refused.is_empty())
    }

    /// Grants in memory, one step after the other, until there is no room or no work. A tenant
    /// whose limit cannot be read has nothing granted, and keeps nobody else from it.
    async fn choose(
        &self,
        state: &ServiceState,
        share: usize,
        now: Timestamp,
        steps: &mut Vec<Candidate>,
    ) -> Result<(), Failure> {
        let (mut unread, mut failed) = (Vec::new(), Ok(()));
        while steps.len() < AT_ONCE && unread.len() < UNREAD_MOST {
            let next = {
                let backlog = state.backlog.lock();
                let room = backlog.scheduler().grants().working() < share;
                backlog.scheduler().peek().filter(|_| room).cloned()
            };
            let Some(turn) = next else { break };
            let limit = self.limit_of(&turn.tenant).await;
            let mut backlog = state.backlog.lock();
            let limit = limit.unwrap_or_else(|error| {
                unread.push((turn.tenant.clone(), backlog.scheduler().limit_of(&turn.tenant)));
                failed = Err(error);
                0
            });
            backlog.limit_tenant(&turn.tenant, limit);
            // With another limit it may be another's turn.
            if backlog.scheduler().peek() == Some(&turn) {
                let granted = backlog.grant(now);
                steps.extend(granted.inspect(|step| self.shared.waits.note(state.service, turn.lane, step.waited)));
            }
        }
        // The next pass tries again.
        let mut backlog = state.backlog.lock();
        unread.iter().for_each(|(tenant, limit)| backlog.limit_tenant(tenant, *limit));
        failed
    }

    /// Ends what was put off until now, and finds out how much room there is: the steps of the
    /// service that may be granted here.
    fn make_room(&self, service: Service, state: &ServiceState, now: Timestamp) -> usize {
        let shared = &self.shared;
        let limit = shared.workers.limit(service, now);
        let share = shared.members.lock().share(service, limit, &shared.ownership());
        let mut engines = BTreeMap::new();
        for (engine, room) in shared.workers.limited_engines(service, now) {
            let most = match room {
                EngineRoom::Open => continue,
                // Divided as all steps are, and one at least: else nobody might have any.
                EngineRoom::Most(most) => (most * share / limit.max(1)).max(1),
                EngineRoom::OutOfOrder => 0,
            };
            engines.insert(engine, most);
        }
        state.backlog.lock().advance(now, engines);
        share
    }

    /// Steps of a service that a tenant may be granted at once: none while it is suspended.
    pub(super) async fn limit_of(&self, tenant: &TenantId) -> Result<usize, Failure> {
        let Some(limits) = self.shared.tenants.working(tenant).await? else { return Ok(0) };
        let own = limits.concurrent_steps.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Ok(own.unwrap_or(self.shared.options.per_tenant))
    }
}

impl super::Shared {
    /// Whether an operator holds up the steps of a turn.
    pub(super) fn held_by_operator_in(&self, service: Service, turn: &Turn) -> bool {
        self.held_by_operator(service, &turn.tenant, turn.engine_name())
    }
}
