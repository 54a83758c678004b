//! Whose turn it is: lane by lane, tenant by tenant, oldest narration first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lectern_core::Failure;
use lectern_core::id::{NarrationId, Service, StepId, TenantId};
use lectern_store::{Direction, ID, Op, Query};

use super::{Dispatcher, ServiceState, lock, room};
use crate::conduct::wanted::wanted;
use crate::domain::{Lane, Narration, Slots, Turn};

/// Turns read beyond the room there is, for those that turn out to have no work.
const SPARE: usize = 8;
/// Turns that are looked at in one pass at most, for each that is read, where many are idle.
const PAGES: usize = 8;
/// Turns of a lane that are passed over in one pass at most, since they are held up or their tenant
/// is at its limit. They keep their places, so this bounds what a pass may cost, and is more than
/// the tenants that are ever held up at once.
pub(super) const PASSED_OVER: usize = 20_000;

/// Narrations of a turn that are remembered, oldest first, so that not every pass has to find them.
const LISTED: usize = 64;

/// A step that may be granted, and its narration.
type Candidate = (StepId, Arc<Narration>);

/// What a pass granted.
#[derive(Debug, Default)]
pub struct Picked {
    /// Steps to publish, in order, with their narrations.
    pub steps: Vec<Candidate>,
    /// The turns that were served, by id, and when; only where more than one waited, for a single
    /// one has no order.
    pub turns: BTreeMap<String, u64>,
    /// Turns without another step, by id.
    pub rested: Vec<String>,
}

/// One pass over one service.
#[derive(Debug)]
pub struct Pick<'a> {
    dispatcher: &'a Dispatcher,
    service: Service,
    state: &'a ServiceState,
    /// Lanes that had work at the last pass.
    lanes: &'a mut Vec<Lane>,
    queues: BTreeMap<Lane, Waiters>,
    steps: BTreeMap<String, VecDeque<Candidate>>,
    picked: Picked,
}

/// The turns of a lane, the least recently served first.
#[derive(Debug, Default)]
struct Waiters {
    queue: VecDeque<Turn>,
    /// Whether the order in which they are served matters.
    several: bool,
}

impl<'a> Pick<'a> {
    pub fn new(
        dispatcher: &'a Dispatcher,
        service: Service,
        state: &'a ServiceState,
        lanes: &'a mut Vec<Lane>,
    ) -> Self {
        Self {
            dispatcher,
            service,
            state,
            lanes,
            queues: BTreeMap::new(),
            steps: BTreeMap::new(),
            picked: Picked::default(),
        }
    }

    /// Grants steps until there is no room or no work.
    pub async fn fill(mut self, slots: &mut Slots) -> Result<Picked, Failure> {
        let shared = &self.dispatcher.shared;
        let now = shared.clock.now();
        let limit = shared.workers.limit(self.service, now);
        let mut free = room(slots, limit, |step| shared.workers.is_put_off(step, now));
        // Nobody's turn has to be looked at, to find each of them held up.
        if free == 0 || shared.pauses.hold_all_of(self.service) {
            return Ok(self.picked);
        }
        self.read_turns(free + SPARE, slots).await?;
        let with_work: Vec<Lane> = self.queues.keys().copied().collect();
        slots.wake(&with_work, self.lanes);
        let mut found_work = BTreeSet::new();
        while free > 0 {
            let lanes = self.queues.iter().filter(|(_, waiters)| !waiters.queue.is_empty()).map(|(lane, _)| *lane);
            let Some(lane) = slots.next_lane(lanes) else { break };
            let Some(waiters) = self.queues.get_mut(&lane) else { break };
            let several = waiters.several;
            let Some(turn) = waiters.queue.pop_front() else { break };
            let Some((step, narration)) = self.next_step(&turn, slots, free).await? else { continue };
            slots.grant(step.clone(), turn.tenant.clone(), lane, now);
            if several {
                self.picked.turns.insert(turn.id(), slots.served);
            }
            found_work.insert(lane);
            self.picked.steps.push((step, narration));
            free -= 1;
            if let Some(waiters) = self.queues.get_mut(&lane) {
                waiters.queue.push_back(turn);
            }
        }
        // A lane that was not looked at for want of room keeps its place.
        *self.lanes = with_work
            .into_iter()
            .filter(|lane| found_work.contains(lane) || self.queues.get(lane).is_some_and(|w| !w.queue.is_empty()))
            .collect();
        Ok(self.picked)
    }

    /// Reads the turns that wait, lane by lane; those known to have no work are left out. Those
    /// that are held up, or whose tenant is at its limit, are passed over and count for nothing:
    /// they may be at the front of a lane for long, and must not keep others from it.
    async fn read_turns(&mut self, most: usize, slots: &Slots) -> Result<(), Failure> {
        let shared = &self.dispatcher.shared;
        let now = shared.clock.now().millis();
        for lane in Lane::ALL {
            if lock(&self.state.seen).is_empty(lane, now) {
                continue;
            }
            let mut waiters = Waiters::default();
            let mut query = waiting_turns(self.service, lane, most);
            let (mut any, mut looked_at, mut passed_over, mut at_limit) = (false, 0, 0, 0);
            loop {
                let page = shared.turns.find(&query).await?;
                any |= !page.items.is_empty();
                let before = passed_over;
                for turn in page.items.into_iter().map(|item| item.record) {
                    if shared.held(self.service, &turn.tenant, &turn.engine) {
                        passed_over += 1;
                        continue;
                    }
                    let granted = slots.of(&turn.tenant);
                    if granted > 0 && self.limit_of(&turn.tenant).await?.is_none_or(|limit| granted >= limit) {
                        passed_over += 1;
                        at_limit += 1;
                        continue;
                    }
                    looked_at += 1;
                    if !lock(&self.state.seen).is_idle(&turn.id(), now) {
                        waiters.queue.push_back(turn);
                    }
                }
                let enough = waiters.queue.len() >= most || looked_at >= PAGES * most || passed_over >= PASSED_OVER;
                let Some(next) = page.next.filter(|_| !enough) else { break };
                // Behind those that are passed over there are mostly more of them.
                let size = if passed_over > before { PASSED_OVER } else { most };
                query = query.limit(at_most(size)).after(next);
            }
            if !any {
                lock(&self.state.seen).empty(lane, now);
            }
            // Who is at its limit now waits for the same room in a moment.
            waiters.several = waiters.queue.len() + at_limit > 1;
            if !waiters.queue.is_empty() {
                self.queues.insert(lane, waiters);
            }
        }
        Ok(())
    }

    /// Steps of this service that a tenant may be granted at once; none while it is suspended.
    async fn limit_of(&self, tenant: &TenantId) -> Result<Option<usize>, Failure> {
        let shared = &self.dispatcher.shared;
        let Some(limits) = shared.tenants.working(tenant).await? else { return Ok(None) };
        let own = limits.concurrent_steps.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Ok(Some(own.unwrap_or(shared.options.per_tenant)))
    }

    /// The oldest step of a turn that is not granted yet; none when its tenant has no room, or
    /// nothing is left.
    async fn next_step(&mut self, turn: &Turn, slots: &Slots, free: usize) -> Result<Option<Candidate>, Failure> {
        let id = turn.id();
        // A tenant that was suspended a moment ago may not be known to be held up.
        let Some(limit) = self.limit_of(&turn.tenant).await? else { return Ok(None) };
        let granted = slots.of(&turn.tenant);
        if granted >= limit {
            return Ok(None);
        }
        // Fewer may have been found than there is room for, where narrations had just left the
        // list.
        if self.steps.get(&id).is_none_or(VecDeque::is_empty) {
            let steps = self.oldest_steps(&id, slots, granted + free).await?;
            self.steps.insert(id.clone(), steps);
        }
        let next = self.steps.get_mut(&id).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.picked.rested.push(id);
        }
        Ok(next)
    }

    /// Steps of a turn that are not granted yet, of its `most` oldest narrations. Every narration
    /// whose steps are all granted has a grant, so among one more narration than there are grants
    /// one has a step left.
    async fn oldest_steps(&self, turn: &str, slots: &Slots, most: usize) -> Result<VecDeque<Candidate>, Failure> {
        loop {
            // A statement of its own: the lock is not to be held over the read.
            let listed = lock(&self.state.seen).listed(turn, self.now(), most);
            let Some(ids) = listed else { break };
            let mut waiting = self.read_narrations(&ids).await?;
            waiting.retain(|narration| narration.ready.at(self.service).is_some_and(|waiting| waiting.turn == turn));
            let gone = ids.iter().filter(|id| !waiting.iter().any(|narration| narration.id == **id));
            let (gone, complete) = lock(&self.state.seen).unlist(turn, gone);
            let steps = self.ungranted(&waiting, slots);
            if !steps.is_empty() || (!gone && complete && ids.len() < most) {
                return Ok(steps);
            }
            // Those that went made room for others in the list; else the list is not enough.
            if !gone {
                break;
            }
        }
        let query = oldest_narrations(self.service, turn, most.max(LISTED));
        let found = self.dispatcher.shared.narrations.find(&query).await?;
        let narrations: Vec<_> = found.items.into_iter().map(|item| Arc::new(item.record)).collect();
        lock(&self.state.seen).list(turn, self.now(), &narrations, found.next.is_none());
        Ok(self.ungranted(&narrations, slots))
    }

    /// The narrations of these ids as they are now, in the same order.
    async fn read_narrations(&self, ids: &[NarrationId]) -> Result<Vec<Arc<Narration>>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let query = Query::new().filter(ID, Op::In, names).limit(at_most(ids.len()));
        let found = self.dispatcher.shared.narrations.find(&query).await?.items;
        let mut narrations: Vec<_> = found.into_iter().map(|item| Arc::new(item.record)).collect();
        narrations.sort_by_key(|narration| ids.iter().position(|id| *id == narration.id));
        Ok(narrations)
    }

    fn ungranted(&self, narrations: &[Arc<Narration>], slots: &Slots) -> VecDeque<Candidate> {
        let mut steps = VecDeque::new();
        for narration in narrations {
            let wants = wanted(narration, self.dispatcher.shared.window).into_iter();
            let of_service = wants.filter(|step| step.kind.service() == self.service && !slots.granted(step));
            steps.extend(of_service.map(|step| (step, Arc::clone(narration))));
        }
        steps
    }

    fn now(&self) -> u64 {
        self.dispatcher.shared.clock.now().millis()
    }
}

/// The turns that wait in a lane, the least recently served first.
pub(super) fn waiting_turns(service: Service, lane: Lane, most: usize) -> Query {
    Query::new()
        .eq("service", service.as_str())
        .eq("lane", lane.as_str())
        .eq("waiting", true)
        .order("served", Direction::Asc)
        .limit(at_most(most))
}

/// The narrations that wait in a turn, the oldest first.
pub(super) fn oldest_narrations(service: Service, turn: &str, most: usize) -> Query {
    let place = format!("ready.{}", service.as_str());
    Query::new().eq(format!("{place}.turn"), turn).order(format!("{place}.since"), Direction::Asc).limit(at_most(most))
}

fn at_most(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX).min(lectern_store::MAX_LIMIT)
}
