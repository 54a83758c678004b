//! Who goes next of the turns that one dispatcher looks after at one service, in memory. Pure.
//!
//! Lanes by start-time fair queueing (Goyal, Vin and Cheng, 1996), in a lane the turn that was
//! served least recently, in a turn the oldest narration, in a narration the steps in the order in
//! which they are wanted. What cannot be granted just now (a tenant at its limit, what is held up)
//! is in no order, so a grant costs the logarithm of the turns that can be served, however many
//! cannot.

mod ages;
mod grants;
mod lanes;
mod oldest;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lectern_core::Timestamp;
use lectern_core::id::{NarrationId, StepId, TenantId};

use super::shares::{Want, fill};
use super::{Demands, Turn};
use ages::Open;
pub use grants::Grant;
use grants::Grants;
use lanes::Lanes;

/// Turns without work of which it is remembered when they were served. Of one that is forgotten the
/// next step goes first.
const IDLE_MOST: usize = 10_000;

/// A narration's place among those of its turn: when it was accepted, then its id. The lowest is
/// first.
pub type Place = (Timestamp, NarrationId);

/// A step that was granted just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Which.
    pub step: StepId,
    /// In which turn.
    pub turn: Arc<Turn>,
    /// Since when it had waited.
    pub since: Timestamp,
}

/// A turn, and what is known of it.
#[derive(Debug, Default)]
struct TurnState {
    /// The count of grants when one of it was last made; 0 for never.
    served: u64,
    /// Whether an operator holds it up.
    held: bool,
    /// Whether more wait in it than are known.
    more: bool,
    /// Narrations with steps to grant.
    work: BTreeMap<Place, VecDeque<Open>>,
    /// Steps to grant, over all of them.
    waiting: usize,
    granted: usize,
    /// Of those that are granted.
    postponed: usize,
}

impl TurnState {
    /// Steps of it that take room: granted, and not put off.
    const fn working(&self) -> usize {
        self.granted.saturating_sub(self.postponed)
    }
}

#[derive(Debug)]
struct TenantState {
    limit: usize,
    granted: usize,
    turns: BTreeSet<Arc<Turn>>,
}

/// The turns of one service and one dispatcher, what waits in them and what is granted of them.
#[derive(Debug)]
pub struct Scheduler {
    per_tenant: usize,
    lanes: Lanes,
    /// Grants ever made.
    served: u64,
    turns: BTreeMap<Arc<Turn>, TurnState>,
    /// Turns with neither work nor grants, by when they were served.
    idle: BTreeSet<(u64, Arc<Turn>)>,
    tenants: BTreeMap<TenantId, TenantState>,
    /// Where narrations with steps to grant are.
    places: BTreeMap<NarrationId, (Arc<Turn>, Timestamp)>,
    grants: Grants,
}

impl Scheduler {
    /// One of no turns. A tenant of which nothing else is said has at most `per_tenant` grants.
    #[must_use]
    pub fn new(per_tenant: usize) -> Self {
        Self {
            per_tenant,
            lanes: Lanes::default(),
            served: 0,
            turns: BTreeMap::new(),
            idle: BTreeSet::new(),
            tenants: BTreeMap::new(),
            places: BTreeMap::new(),
            grants: Grants::default(),
        }
    }

    /// What is granted.
    #[must_use]
    pub const fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Whether anything is granted or to be.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.places.is_empty() || !self.grants.is_empty()
    }

    /// Narrations of a turn with steps to grant, as far as they are known.
    #[must_use]
    pub fn waiting(&self, turn: &Turn) -> usize {
        self.turns.get(turn).map_or(0, |state| state.work.len())
    }

    /// The last of the narrations of a turn with steps to grant.
    #[must_use]
    pub fn last_waiting(&self, turn: &Turn) -> Option<&Place> {
        self.turns.get(turn)?.work.last_key_value().map(|(place, _)| place)
    }

    /// Every turn that has work or grants, or had some lately.
    pub fn turns(&self) -> impl Iterator<Item = &Arc<Turn>> {
        self.turns.keys()
    }

    /// Takes in a narration as it is now: `wanted` are the steps of this service that it wants,
    /// the most urgent first. What is granted of it and not wanted any more is released; what is
    /// wanted and not granted waits in `turn`, and what did not wait before does so since
    /// `changed`.
    pub fn take_in(&mut self, turn: &Arc<Turn>, place: &Place, wanted: &[StepId], changed: Timestamp) {
        let (since, narration) = place;
        let over: Vec<StepId> = self.grants.of(narration).filter(|step| !wanted.contains(step)).cloned().collect();
        for step in &over {
            self.release(step);
        }
        let waited = self.remove_waiting(narration);
        let open = |step: &StepId| {
            let before = waited.iter().find(|open| open.step == *step);
            Open { step: step.clone(), since: before.map_or(changed, |open| open.since) }
        };
        let open: VecDeque<Open> = wanted.iter().filter(|step| !self.grants.has(step)).map(open).collect();
        if open.is_empty() {
            return;
        }
        let state = self.turns.entry(Arc::clone(turn)).or_default();
        self.idle.remove(&(state.served, Arc::clone(turn)));
        state.waiting += open.len();
        state.work.insert(place.clone(), open);
        self.places.insert(narration.clone(), (Arc::clone(turn), *since));
        let limit = self.per_tenant;
        let fresh = || TenantState { limit, granted: 0, turns: BTreeSet::new() };
        self.tenants.entry(turn.tenant.clone()).or_insert_with(fresh).turns.insert(Arc::clone(turn));
        self.arrange(turn);
    }

    /// Forgets a narration, with what is granted of it.
    pub fn forget(&mut self, narration: &NarrationId) {
        let steps: Vec<StepId> = self.grants.of(narration).cloned().collect();
        for step in &steps {
            self.release(step);
        }
        self.remove_waiting(narration);
    }

    /// The steps of it that waited.
    fn remove_waiting(&mut self, narration: &NarrationId) -> VecDeque<Open> {
        let Some((turn, since)) = self.places.remove(narration) else { return VecDeque::new() };
        let mut steps = VecDeque::new();
        if let Some(state) = self.turns.get_mut(&turn) {
            steps = state.work.remove(&(since, narration.clone())).unwrap_or_default();
            state.waiting = state.waiting.saturating_sub(steps.len());
        }
        self.arrange(&turn);
        steps
    }

    /// The turn whose step [`Self::grant`] grants next.
    #[must_use]
    pub fn peek(&self) -> Option<&Arc<Turn>> {
        self.lanes.next().map(|(_, turn)| turn)
    }

    /// Grants the next step; none where there is none that may be.
    pub fn grant(&mut self, now: Timestamp) -> Option<Granted> {
        let turn = self.lanes.serve()?;
        self.served += 1;
        let state = self.turns.get_mut(&turn)?;
        state.served = self.served;
        let mut oldest = state.work.first_entry()?;
        let Open { step, since } = oldest.get_mut().pop_front()?;
        if oldest.get().is_empty() {
            oldest.remove();
            self.places.remove(&step.narration);
        }
        state.waiting = state.waiting.saturating_sub(1);
        state.granted += 1;
        if self.grants.insert(step.clone(), Grant { turn: Arc::clone(&turn), at: now }) {
            state.postponed += 1;
        } else {
            self.lanes.take_room(&turn.engine);
        }
        if let Some(tenant) = self.tenants.get_mut(&turn.tenant) {
            tenant.granted += 1;
            if tenant.granted == tenant.limit {
                self.arrange_tenant(&turn.tenant);
            }
        }
        self.arrange(&turn);
        Some(Granted { step, turn, since })
    }

    /// Releases a step that ended or is taken back; whether it was granted.
    pub fn release(&mut self, step: &StepId) -> bool {
        let Some((Grant { turn, .. }, postponed)) = self.grants.remove(step) else { return false };
        if let Some(state) = self.turns.get_mut(&turn) {
            state.granted = state.granted.saturating_sub(1);
            state.postponed = state.postponed.saturating_sub(usize::from(postponed));
        }
        if !postponed {
            self.lanes.give_room(&turn.engine);
        }
        if let Some(tenant) = self.tenants.get_mut(&turn.tenant) {
            let was_full = tenant.granted >= tenant.limit;
            tenant.granted = tenant.granted.saturating_sub(1);
            if was_full {
                self.arrange_tenant(&turn.tenant);
            }
        }
        self.arrange(&turn);
        true
    }

    /// Notes that a granted step was published or found to be wanted at `now`.
    pub fn renew(&mut self, step: &StepId, now: Timestamp) {
        self.grants.renew(step, now);
    }

    /// Notes that a step is put off until `until`: meanwhile it takes nobody's room.
    pub fn postpone(&mut self, step: StepId, until: Timestamp) {
        if let Some(turn) = self.grants.postpone(step, until) {
            self.count_postponed(&turn, true);
        }
    }

    /// Ends what is put off until `now` or before.
    pub fn advance(&mut self, now: Timestamp) {
        for turn in self.grants.advance(now) {
            self.count_postponed(&turn, false);
        }
    }

    fn count_postponed(&mut self, turn: &Arc<Turn>, more: bool) {
        let Some(state) = self.turns.get_mut(turn) else { return };
        if more {
            state.postponed += 1;
            self.lanes.give_room(&turn.engine);
        } else {
            state.postponed = state.postponed.saturating_sub(1);
            self.lanes.take_room(&turn.engine);
        }
    }

    /// Sets how many grants a tenant may have at once: 0 for none at all.
    pub fn limit_tenant(&mut self, tenant: &TenantId, limit: usize) {
        let Some(state) = self.tenants.get_mut(tenant).filter(|state| state.limit != limit) else { return };
        state.limit = limit;
        self.arrange_tenant(tenant);
    }

    /// How many grants a tenant may have at once, as far as was said.
    #[must_use]
    pub fn limit_of(&self, tenant: &TenantId) -> usize {
        self.tenants.get(tenant).map_or(self.per_tenant, |state| state.limit)
    }

    /// The tenants that have as many grants as they may have, and more work.
    #[must_use]
    pub fn tenants_at_limit(&self) -> Vec<TenantId> {
        let waits = |turn: &Arc<Turn>| self.waiting(turn) > 0;
        let full = |state: &TenantState| state.granted >= state.limit && state.turns.iter().any(waits);
        self.tenants.iter().filter(|(_, state)| full(state)).map(|(tenant, _)| tenant.clone()).collect()
    }

    /// Sets which engines have less room than there is, and how many of their steps may be granted
    /// at once; all others have as much as there is.
    pub fn limit_engines(&mut self, most: BTreeMap<String, usize>) {
        self.lanes.limit_engines(most);
    }

    /// Holds a turn up, or does so no longer.
    pub fn hold(&mut self, turn: &Arc<Turn>, held: bool) {
        if let Some(state) = self.turns.get_mut(turn) {
            state.held = held;
            self.arrange(turn);
        }
    }

    /// Says whether more narrations wait in a turn than are known.
    pub fn expect_more(&mut self, turn: &Turn, more: bool) {
        if let Some(state) = self.turns.get_mut(turn) {
            state.more = more;
        }
    }

    /// What its turns can use. What a tenant may have beyond what it has is divided over its turns
    /// by the weights of their lanes, so that one with a limit counts once, however many turns it
    /// has.
    #[must_use]
    pub fn demands(&self) -> Demands {
        let mut demands = Demands::default();
        for tenant in self.tenants.values() {
            let turns = tenant.turns.iter().filter_map(|turn| Some((turn, self.turns.get(turn)?)));
            let turns: Vec<(&Arc<Turn>, &TurnState)> = turns.collect();
            let want = |(turn, state): &(&Arc<Turn>, &TurnState)| Want {
                most: whole(self.wants_beyond(turn, state, tenant.limit)),
                weight: turn.lane.weight(),
            };
            let wants: Vec<Want> = turns.iter().map(want).collect();
            let beyond = fill(whole(tenant.limit.saturating_sub(tenant.granted)), &wants);
            for ((turn, state), beyond) in turns.into_iter().zip(beyond) {
                let steps = whole(state.working()) + beyond;
                if steps > 0 {
                    demands.0.entry(turn.lane).or_default().add(steps);
                }
            }
        }
        demands
    }

    /// Steps that a turn could be granted beyond those that take room, if its tenant had no others.
    fn wants_beyond(&self, turn: &Turn, state: &TurnState, limit: usize) -> usize {
        if state.held {
            return 0;
        }
        let working = state.working();
        let known = if state.more { limit } else { working + state.waiting };
        known.min(limit).min(self.lanes.most(&turn.engine)).saturating_sub(working)
    }

    /// Forgets turns, with all that waits and is granted in them.
    pub fn drop_turns(&mut self, dropped: impl Fn(&Turn) -> bool) {
        let turns: Vec<Arc<Turn>> = self.turns.keys().filter(|turn| dropped(turn)).cloned().collect();
        let granted = self.grants.iter().filter(|(_, grant)| dropped(&grant.turn));
        let steps: Vec<StepId> = granted.map(|(step, _)| step.clone()).collect();
        for step in &steps {
            self.release(step);
        }
        for turn in turns {
            let narrations = self.turns.get(&turn).into_iter().flat_map(|state| state.work.keys());
            let narrations: Vec<NarrationId> = narrations.map(|(_, narration)| narration.clone()).collect();
            for narration in &narrations {
                self.remove_waiting(narration);
            }
            if let Some(state) = self.turns.get(&turn) {
                let served = state.served;
                self.remove_turn(&turn, served);
            }
        }
    }

    fn arrange_tenant(&mut self, tenant: &TenantId) {
        let turns = self.tenants.get(tenant).into_iter().flat_map(|state| &state.turns);
        let turns: Vec<Arc<Turn>> = turns.cloned().collect();
        for turn in &turns {
            self.arrange(turn);
        }
    }

    /// Puts a turn where it belongs: among those that can be served, among those without work, or
    /// in no order.
    fn arrange(&mut self, turn: &Arc<Turn>) {
        let Some(state) = self.turns.get(turn) else { return };
        let room = self.tenants.get(&turn.tenant).is_none_or(|tenant| tenant.granted < tenant.limit);
        self.lanes.arrange(turn, state.served, room && !state.held && !state.work.is_empty());
        if state.work.is_empty() && state.granted == 0 {
            self.idle.insert((state.served, Arc::clone(turn)));
            if self.idle.len() > IDLE_MOST
                && let Some((served, turn)) = self.idle.first().cloned()
            {
                self.remove_turn(&turn, served);
            }
        }
    }

    fn remove_turn(&mut self, turn: &Arc<Turn>, served: u64) {
        self.idle.remove(&(served, Arc::clone(turn)));
        self.turns.remove(turn);
        if let Some(tenant) = self.tenants.get_mut(&turn.tenant) {
            tenant.turns.remove(turn);
            if tenant.turns.is_empty() {
                self.tenants.remove(&turn.tenant);
            }
        }
    }
}

fn whole(steps: usize) -> u64 {
    u64::try_from(steps).unwrap_or(u64::MAX)
}
