//! Whose turn it is: lane by lane, tenant by tenant, oldest narration first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lectern_core::id::{NarrationId, Service, StepId};
use lectern_core::{Failure, Timestamp};
use lectern_store::{Direction, ID, MAX_LIMIT, Op, Query, Versioned};

use super::{Dispatcher, ServiceState, lock, room};
use crate::conduct::wanted::wanted;
use crate::conduct::workers::EngineRoom;
use crate::domain::slots::Grant;
use crate::domain::{Lane, Narration, Slots, Turn, TurnState};

/// Turns read beyond the room there is, for those that turn out to have no work. So many may stay
/// at the front of a lane without any; where there are more, and a pass has to read on for them,
/// they are taken from there.
const SPARE: usize = 8;
/// Turns that a pass looks at in vain, at most. The next one follows at once, and does not meet
/// them again.
const LOOKS: usize = 128;
/// Turns that a pass takes from the front of a lane at most.
const TAKEN: usize = 128;
/// Each page of turns is so many times as long as the one before it: where a page was of no use,
/// the next ones are mostly of none either.
const LONGER: u32 = 4;
/// Turns that a pass reads at most. Those that are held up keep their places, so this bounds what a
/// pass may cost, and is more than the tenants that are ever held up at once.
pub(super) const PASSED_OVER: usize = 20_000;

/// Narrations of a turn that are remembered, oldest first, so that not every pass has to find them.
const LISTED: usize = 64;

/// A step that may be granted, and the narration that wants it.
pub(super) type Candidate = (StepId, Arc<Versioned<Narration>>);

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
    /// Turns at the front of their lanes that have no step to grant, too many to read past each
    /// time.
    pub exhausted: Vec<Versioned<Turn>>,
    /// Whether there is room left, and turns that were not looked at.
    pub unfinished: bool,
}

/// One pass over one service.
#[derive(Debug)]
pub struct Pick<'a> {
    dispatcher: &'a Dispatcher,
    service: Service,
    state: &'a ServiceState,
    now: Timestamp,
    /// Steps that may be granted still.
    free: usize,
    lanes: BTreeMap<Lane, Waiters>,
    /// Turns that were read as waiting or woken, by id.
    saw: BTreeSet<String>,
    /// Turns that were granted a step in this pass, by id.
    served: BTreeSet<String>,
    steps: BTreeMap<String, VecDeque<Candidate>>,
    /// Turns looked at in vain.
    looks: usize,
    picked: Picked,
}

/// The turns of a lane, the least recently served first.
#[derive(Debug, Default)]
struct Waiters {
    /// Those that were read and not served in this pass.
    queue: VecDeque<Versioned<Turn>>,
    /// Those that were served: their turn comes again when nobody else's is left.
    again: VecDeque<Versioned<Turn>>,
    /// Those without a step to grant.
    workless: Vec<Versioned<Turn>>,
    /// How to read the ones behind; none where there are none.
    next: Option<Query>,
    /// Pages that were read.
    pages: usize,
    /// Those that were read and are not held up. Where there are several, their order matters.
    read: usize,
}

impl<'a> Pick<'a> {
    pub fn new(dispatcher: &'a Dispatcher, service: Service, state: &'a ServiceState) -> Self {
        Self {
            dispatcher,
            service,
            state,
            now: dispatcher.shared.clock.now(),
            free: 0,
            lanes: BTreeMap::new(),
            saw: BTreeSet::new(),
            served: BTreeSet::new(),
            steps: BTreeMap::new(),
            looks: 0,
            picked: Picked::default(),
        }
    }

    /// Reads the first turns that wait, lane by lane, where there is room.
    pub async fn open(&mut self, slots: &Slots) -> Result<(), Failure> {
        let shared = &self.dispatcher.shared;
        let limit = shared.workers.limit(self.service, self.now);
        let free = room(slots, limit, |step| shared.workers.is_put_off(step, self.now));
        // Nobody's turn has to be looked at, to find each of them held up.
        if free == 0 || shared.pauses.hold_all_of(self.service) {
            return Ok(());
        }
        self.free = free;
        for lane in Lane::ALL {
            if lock(&self.state.seen).is_empty(lane, self.now.millis()) {
                continue;
            }
            let next = Some(waiting_turns(self.service, lane, free + SPARE));
            self.lanes.insert(lane, Waiters { next, ..Waiters::default() });
            if !self.read_page(lane, slots).await? {
                lock(&self.state.seen).empty(lane, self.now.millis());
            }
        }
        Ok(())
    }

    /// Whether a turn was read as waiting since this pass began.
    pub fn saw(&self, turn: &str) -> bool {
        self.saw.contains(turn)
    }

    /// Takes in turns that were woken after the others were read.
    pub fn join(&mut self, woken: Vec<Versioned<Turn>>) {
        for turn in woken {
            let Some(waiters) = self.lanes.get_mut(&turn.record.lane) else { continue };
            self.saw.insert(turn.record.id());
            let place = waiters.queue.partition_point(|other| other.record.served <= turn.record.served);
            waiters.queue.insert(place, turn);
            waiters.read += 1;
        }
    }

    /// Grants steps until there is no room or no work.
    pub async fn fill(mut self, slots: &mut Slots) -> Result<Picked, Failure> {
        while self.free > 0 {
            self.read_on(slots).await?;
            let lanes = self.lanes.iter().filter(|(_, waiters)| !waiters.queue.is_empty()).map(|(lane, _)| *lane);
            let Some(lane) = slots.next_lane(lanes) else { break };
            if self.looks >= LOOKS {
                self.picked.unfinished = true;
                break;
            }
            let Some(turn) = self.lanes.get_mut(&lane).and_then(|waiters| waiters.queue.pop_front()) else { break };
            let Some((step, narration)) = self.next_step(&turn, slots).await? else { continue };
            let grant = Grant {
                step: step.clone(),
                tenant: turn.record.tenant.clone(),
                engine: turn.record.engine.clone(),
                revision: narration.revision.0,
                at: self.now,
            };
            slots.grant(grant, lane, turn.record.served);
            self.picked.steps.push((step, narration));
            self.free -= 1;
            self.served.insert(turn.record.id());
            if let Some(waiters) = self.lanes.get_mut(&lane) {
                if waiters.read > 1 {
                    self.picked.turns.insert(turn.record.id(), slots.served);
                }
                waiters.again.push_back(turn);
            }
        }
        let in_the_way = |waiters: &Waiters| waiters.pages > 1 && waiters.workless.len() > SPARE;
        for waiters in self.lanes.into_values().filter(in_the_way) {
            self.picked.exhausted.extend(waiters.workless.into_iter().take(TAKEN));
        }
        Ok(self.picked)
    }

    /// Reads more turns of the lanes whose turns are used up; where there are none, those that were
    /// served are next.
    async fn read_on(&mut self, slots: &Slots) -> Result<(), Failure> {
        for lane in Lane::ALL {
            while self.lanes.get(&lane).is_some_and(|waiters| waiters.queue.is_empty() && waiters.next.is_some()) {
                self.read_page(lane, slots).await?;
            }
            if let Some(waiters) = self.lanes.get_mut(&lane)
                && waiters.queue.is_empty()
            {
                waiters.queue.append(&mut waiters.again);
            }
        }
        Ok(())
    }

    /// Reads the next turns of a lane; whether there were any. Those that are held up are passed
    /// over: they keep their places. Those whose tenant is at its limit, and those known to have no
    /// work, may be taken from the front.
    async fn read_page(&mut self, lane: Lane, slots: &Slots) -> Result<bool, Failure> {
        let dispatcher = self.dispatcher;
        let next = self.lanes.get_mut(&lane).and_then(|waiters| waiters.next.take());
        let Some(query) = next else { return Ok(false) };
        let page = dispatcher.shared.turns.find(&query).await?;
        let any = !page.items.is_empty();
        let (mut queue, mut workless) = (Vec::new(), Vec::new());
        for turn in page.items {
            let id = turn.record.id();
            let idle = lock(&self.state.seen).is_idle(&id, self.now.millis());
            // One that another replica served or woke meanwhile comes once more.
            if !self.saw.insert(id) {
                continue;
            }
            if self.is_held_up(&turn.record, slots) {
                continue;
            }
            let tenant = &turn.record.tenant;
            let granted = slots.of(tenant);
            let limit = if granted > 0 { dispatcher.limit_of(tenant).await? } else { Some(usize::MAX) };
            // A tenant that was suspended a moment ago may not be known to be held up.
            let Some(limit) = limit else { continue };
            if granted >= limit || idle {
                workless.push(turn);
            } else {
                queue.push(turn);
            }
        }
        let more = page.next.filter(|_| self.saw.len() < PASSED_OVER);
        let Some(waiters) = self.lanes.get_mut(&lane) else { return Ok(any) };
        waiters.pages += 1;
        waiters.read += queue.len() + workless.len();
        waiters.queue.extend(queue);
        waiters.workless.extend(workless);
        let longer = query.limit.saturating_mul(LONGER).min(MAX_LIMIT);
        waiters.next = more.map(|next| query.limit(longer).after(next));
        Ok(any)
    }

    /// Whether no step of a turn may be granted, however few its tenant has: an operator holds it
    /// up, or its engine has no room.
    fn is_held_up(&self, turn: &Turn, slots: &Slots) -> bool {
        let Turn { tenant, engine, .. } = turn;
        self.dispatcher.shared.held_by_operator(self.service, tenant, engine) || self.is_full(engine, slots)
    }

    /// Whether no more steps of an engine may be granted: it is out of order, or the workers that
    /// have it in order have enough.
    fn is_full(&self, engine: &str, slots: &Slots) -> bool {
        let workers = &self.dispatcher.shared.workers;
        match workers.engine_room(self.service, engine, self.now) {
            EngineRoom::Open => false,
            EngineRoom::OutOfOrder => true,
            EngineRoom::Most(most) => {
                let of_engine = slots.grants.iter().filter(|grant| grant.engine == engine);
                of_engine.filter(|grant| !workers.is_put_off(&grant.step, self.now)).count() >= most
            }
        }
    }

    /// The oldest step of a turn that is not granted yet; none when its tenant or its engine has no
    /// room, or nothing is left.
    async fn next_step(&mut self, turn: &Versioned<Turn>, slots: &Slots) -> Result<Option<Candidate>, Failure> {
        let Turn { tenant, lane, .. } = &turn.record;
        let id = turn.record.id();
        let limit = self.dispatcher.limit_of(tenant).await?;
        // What was granted since the turn was read may have filled its engine, and at one that was
        // woken nobody looked.
        let Some(limit) = limit.filter(|_| !self.is_held_up(&turn.record, slots)) else { return Ok(None) };
        let granted = slots.of(tenant);
        let mut next = None;
        if granted < limit {
            // Fewer may have been found than there is room for, where narrations had just left the
            // list.
            if self.steps.get(&id).is_none_or(VecDeque::is_empty) {
                let steps = self.oldest_steps(&id, slots, granted + self.free).await?;
                self.steps.insert(id.clone(), steps);
            }
            next = self.steps.get_mut(&id).and_then(VecDeque::pop_front);
            if next.is_none() {
                self.picked.rested.push(id.clone());
            }
        }
        if next.is_none() && !self.served.contains(&id) {
            self.looks += 1;
            if let Some(waiters) = self.lanes.get_mut(lane) {
                waiters.workless.push(turn.clone());
            }
        }
        Ok(next)
    }

    /// Steps of a turn that are not granted yet, of its `most` oldest narrations. Every narration
    /// whose steps are all granted has a grant, so among one more narration than there are grants
    /// one has a step left.
    async fn oldest_steps(&self, turn: &str, slots: &Slots, most: usize) -> Result<VecDeque<Candidate>, Failure> {
        loop {
            // A statement of its own: the lock is not to be held over the read.
            let listed = lock(&self.state.seen).listed(turn, self.millis(), most);
            let Some(ids) = listed else { break };
            let mut waiting = self.read_narrations(&ids).await?;
            waiting.retain(|found| found.record.ready.at(self.service).is_some_and(|waiting| waiting.turn == turn));
            let gone = ids.iter().filter(|id| !waiting.iter().any(|found| found.record.id == **id));
            let gone = lock(&self.state.seen).unlist(turn, gone);
            let steps = self.ungranted(&waiting, slots);
            if !steps.is_empty() {
                return Ok(steps);
            }
            // Those that went made room for others in the list; else the list is not enough, and
            // that nothing is there only the database says: another gateway may have taken an
            // order.
            if !gone {
                break;
            }
        }
        let query = oldest_narrations(self.service, turn, most.max(LISTED));
        let found = self.dispatcher.shared.narrations.find(&query).await?;
        let narrations: Vec<_> = found.items.into_iter().map(Arc::new).collect();
        lock(&self.state.seen).list(turn, self.millis(), &narrations, found.next.is_none());
        Ok(self.ungranted(&narrations, slots))
    }

    /// The narrations of these ids as they are now, in the same order.
    async fn read_narrations(&self, ids: &[NarrationId]) -> Result<Vec<Arc<Versioned<Narration>>>, Failure> {
        let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let query = Query::new().filter(ID, Op::In, names).limit(at_most(ids.len()));
        let found = self.dispatcher.shared.narrations.find(&query).await?.items;
        let mut narrations: Vec<_> = found.into_iter().map(Arc::new).collect();
        narrations.sort_by_key(|found| ids.iter().position(|id| *id == found.record.id));
        Ok(narrations)
    }

    fn ungranted(&self, narrations: &[Arc<Versioned<Narration>>], slots: &Slots) -> VecDeque<Candidate> {
        let mut steps = VecDeque::new();
        for narration in narrations {
            let wants = wanted(&narration.record, self.dispatcher.shared.window).into_iter();
            let of_service = wants.filter(|step| step.kind.service() == self.service && !slots.granted(step));
            steps.extend(of_service.map(|step| (step, Arc::clone(narration))));
        }
        steps
    }

    fn millis(&self) -> u64 {
        self.dispatcher.shared.clock.now().millis()
    }
}

/// The turns of a lane in which there may be work, the least recently served first.
pub(super) fn waiting_turns(service: Service, lane: Lane, most: usize) -> Query {
    turns_in(service, lane, TurnState::Waiting, most)
}

/// The turns of a lane in a state, the least recently served first.
pub(super) fn turns_in(service: Service, lane: Lane, state: TurnState, most: usize) -> Query {
    Query::new()
        .eq("service", service.as_str())
        .eq("lane", lane.as_str())
        .eq("state", state.as_str())
        .order("served", Direction::Asc)
        .limit(at_most(most))
}

/// The narrations that wait in a turn, the oldest first.
pub(super) fn oldest_narrations(service: Service, turn: &str, most: usize) -> Query {
    let place = format!("ready.{}", service.as_str());
    Query::new().eq(format!("{place}.turn"), turn).order(format!("{place}.since"), Direction::Asc).limit(at_most(most))
}

pub(super) fn at_most(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX).min(MAX_LIMIT)
}
