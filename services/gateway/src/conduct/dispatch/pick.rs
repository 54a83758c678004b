//! Whose turn it is: lane by lane, tenant by tenant, oldest narration first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lectern_core::Failure;
use lectern_core::id::{Service, StepId};
use lectern_store::{Direction, Query};

use super::{Dispatcher, IDLE, ServiceState, lock, millis, room};
use crate::conduct::wanted::wanted;
use crate::domain::{Lane, Narration, Slots, Turn};

/// Turns read beyond the room there is, for those that turn out to have no work.
const SPARE: usize = 8;
/// Pages of turns read in one pass at most, where many are idle, paused or at their limit.
const PAGES: usize = 8;

/// What a pass granted.
#[derive(Debug, Default)]
pub struct Picked {
    /// Steps to publish, in order, with their narrations.
    pub steps: Vec<(StepId, Arc<Narration>)>,
    /// The turns that were served, by id, and when; only where more than one waited, for a single one has no order.
    pub turns: BTreeMap<String, u64>,
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
    steps: BTreeMap<String, VecDeque<(StepId, Arc<Narration>)>>,
}

/// The turns of a lane, the least recently served first.
#[derive(Debug, Default)]
struct Waiters {
    queue: VecDeque<Turn>,
    several: bool,
}

impl<'a> Pick<'a> {
    pub const fn new(
        dispatcher: &'a Dispatcher,
        service: Service,
        state: &'a ServiceState,
        lanes: &'a mut Vec<Lane>,
    ) -> Self {
        Self { dispatcher, service, state, lanes, queues: BTreeMap::new(), steps: BTreeMap::new() }
    }

    /// Grants steps until there is no room or no work.
    pub async fn fill(mut self, slots: &mut Slots) -> Result<Picked, Failure> {
        let mut picked = Picked::default();
        let shared = &self.dispatcher.shared;
        let now = shared.clock.now();
        let limit = shared.workers.limit(self.service, now);
        let mut free = room(slots, limit, |step| shared.workers.is_put_off(step, now));
        if free == 0 {
            return Ok(picked);
        }
        self.read_turns(free + SPARE).await?;
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
                picked.turns.insert(turn.id(), slots.served);
            }
            found_work.insert(lane);
            picked.steps.push((step, narration));
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
        Ok(picked)
    }

    /// Reads the turns that wait, lane by lane; those known to have no work, and those held up, are left out.
    async fn read_turns(&mut self, most: usize) -> Result<(), Failure> {
        let shared = &self.dispatcher.shared;
        let now = shared.clock.now().millis();
        for lane in Lane::ALL {
            if lock(&self.state.seen).empty.get(&lane).is_some_and(|until| *until > now) {
                continue;
            }
            let mut waiters = Waiters::default();
            let mut query = Query::new()
                .eq("service", self.service.as_str())
                .eq("lane", lane.as_str())
                .eq("waiting", true)
                .order("served", Direction::Asc)
                .limit(u32::try_from(most).unwrap_or(u32::MAX).min(lectern_store::MAX_LIMIT));
            let mut any = false;
            for _ in 0..PAGES {
                let page = shared.turns.find(&query).await?;
                any |= !page.items.is_empty();
                let seen = lock(&self.state.seen);
                let held = |turn: &Turn| shared.held(self.service, &turn.tenant, &turn.engine);
                let idle = |turn: &Turn| seen.idle.get(&turn.id()).is_some_and(|until| *until > now);
                let waiting = page.items.into_iter().map(|item| item.record);
                waiters.queue.extend(waiting.filter(|turn| !held(turn) && !idle(turn)));
                drop(seen);
                match page.next {
                    Some(next) if waiters.queue.len() < most => query = query.after(next),
                    Some(_) | None => break,
                }
            }
            if !any {
                lock(&self.state.seen).empty.insert(lane, now + millis(IDLE));
            }
            waiters.several = waiters.queue.len() > 1;
            if !waiters.queue.is_empty() {
                self.queues.insert(lane, waiters);
            }
        }
        Ok(())
    }

    /// The oldest step of a turn that is not granted yet; none when its tenant has no room, or nothing is left.
    async fn next_step(
        &mut self,
        turn: &Turn,
        slots: &Slots,
        free: usize,
    ) -> Result<Option<(StepId, Arc<Narration>)>, Failure> {
        let shared = &self.dispatcher.shared;
        let id = turn.id();
        let granted = slots.of(&turn.tenant);
        if granted >= shared.options.per_tenant {
            return Ok(None);
        }
        if !self.steps.contains_key(&id) {
            // Every narration whose steps are all granted has a grant, so among one more than there are grants one is left.
            let most = u32::try_from(granted + free).unwrap_or(u32::MAX).min(lectern_store::MAX_LIMIT);
            let place = format!("ready.{}", self.service.as_str());
            let query = Query::new()
                .eq(format!("{place}.turn"), id.as_str())
                .order(format!("{place}.since"), Direction::Asc)
                .limit(most);
            let mut steps = VecDeque::new();
            for narration in shared.narrations.find(&query).await?.items {
                let narration = Arc::new(narration.record);
                let wants = wanted(&narration, shared.window).into_iter();
                let of_service = wants.filter(|step| step.kind.service() == self.service);
                steps.extend(of_service.filter(|step| !slots.granted(step)).map(|step| (step, Arc::clone(&narration))));
            }
            self.steps.insert(id.clone(), steps);
        }
        let next = self.steps.get_mut(&id).and_then(VecDeque::pop_front);
        if next.is_none() {
            let until = shared.clock.now().millis() + millis(IDLE);
            lock(&self.state.seen).idle.insert(id, until);
        }
        Ok(next)
    }
}
