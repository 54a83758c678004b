//! What the owner of some turns knows of those who wait in them for one service, and what it has
//! granted. In memory alone, and pure but for the time: all of it can be forgotten and is
//! read again.
//!
//! Of each turn the oldest narrations are known, up to a place. Whatever waits before that place is
//! known, so the oldest is always among them; one behind it is found when those before it are used
//! up. A turn that is not known has nobody in it.

mod over;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::Timestamp;
use lectern_core::id::{NarrationId, Service, StepId, TenantId};
use lectern_store::{Revision, Versioned};
use tokio::time::Instant;

use crate::conduct::wanted::{Window, turn, wanted};
use crate::domain::scheduler::{Grant, Place};
use crate::domain::{Demands, Lane, Narration, Scheduler, Shard, Turn};
use over::Over;

/// Narrations of a service that are to be known, over all turns. Up to twice as many are, beside
/// those of which steps are granted; and of more turns than these up to two of each.
const KNOWN: usize = 20_000;
/// Narrations of a turn that are read at once at most. Up to twice as many are known of one.
const MOST: usize = 64;
/// For so long two gateways may both take themselves for the owner of a turn: until workers were
/// heard of (5 s) and announcements were.
const VIEWS_DIFFER: Duration = Duration::from_secs(10);

/// A narration at some revision.
pub type Known = Arc<Versioned<Narration>>;

/// A step that is granted, and the narration that wants it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Which.
    pub step: StepId,
    /// What its command is made from.
    pub narration: Known,
    /// How long it had waited when it was granted; zero where it was granted before.
    pub waited: Duration,
}

/// How far the narrations of a turn are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// None of those that are stored.
    Nothing,
    /// All up to this place.
    UpTo(Place),
    /// All.
    All,
}

/// What is known of a turn.
#[derive(Debug)]
struct TurnState {
    reach: Reach,
    /// Whether one was met before that place that is not known: it is to be read from the first on.
    lost: bool,
    /// Narrations that are known to wait in it, those with all steps granted included.
    narrations: usize,
}

impl TurnState {
    const fn of(reach: Reach) -> Self {
        Self { reach, lost: false, narrations: 0 }
    }
}

/// A narration that waits, and where.
#[derive(Debug)]
struct Waiting {
    narration: Known,
    turn: Arc<Turn>,
    place: Place,
    /// When it was told of last; none where it was read alone.
    heard: Option<Instant>,
}

/// The turns that one gateway looks after at one service.
#[derive(Debug)]
pub struct Backlog {
    service: Service,
    window: Window,
    scheduler: Scheduler,
    turns: BTreeMap<Arc<Turn>, TurnState>,
    narrations: HashMap<NarrationId, Waiting>,
    /// Turns of which more should be read.
    hungry: BTreeSet<Arc<Turn>>,
    over: Over,
    /// Whether narrations are being read: what is heard meanwhile may be newer than what comes.
    reading: bool,
}

impl Backlog {
    /// Nothing is known. See [`Scheduler::new`].
    pub fn new(service: Service, window: Window, per_tenant: usize) -> Self {
        Self {
            service,
            window,
            scheduler: Scheduler::new(per_tenant),
            turns: BTreeMap::new(),
            narrations: HashMap::new(),
            hungry: BTreeSet::new(),
            over: Over::default(),
            reading: false,
        }
    }

    /// Who goes next, and what is granted.
    pub const fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Whether news of a narration that wants nothing here matters.
    pub fn concerns(&self, narration: &NarrationId) -> bool {
        self.reading || self.narrations.contains_key(narration)
    }

    /// Says that narrations begin to be read, or that all that was read is taken in.
    pub const fn set_reading(&mut self, reading: bool) {
        self.reading = reading;
    }

    /// Takes in a narration that was told of; an older copy than the one that is known changes
    /// nothing. What is granted of it and not wanted any more is released. `held` says which turns
    /// an operator holds up.
    pub fn take_in(&mut self, narration: &Known, held: impl Fn(&Turn) -> bool) {
        self.take(narration, Some(Instant::now()), held);
    }

    /// The same of one that was read.
    pub fn take_stored(&mut self, narration: &Known, held: impl Fn(&Turn) -> bool) {
        self.take(narration, None, held);
    }

    fn take(&mut self, narration: &Known, heard: Option<Instant>, held: impl Fn(&Turn) -> bool) {
        let record = &narration.record;
        if self.knows_newer(&record.id, narration.revision) {
            return;
        }
        let of_service = |step: &StepId| step.kind.service() == self.service;
        let wanted: Vec<StepId> = wanted(record, self.window).into_iter().filter(of_service).collect();
        if wanted.is_empty() {
            self.remove(&record.id);
            self.over.note(&record.id, narration.revision, Instant::now());
            return;
        }
        let (turn, place) = (self.intern(turn(record, self.service)), (record.created, record.id.clone()));
        if self.narrations.get(&record.id).is_some_and(|known| known.turn != turn) {
            self.remove(&record.id);
        }
        let heard = heard.or_else(|| self.narrations.get(&record.id)?.heard);
        let is_known = self.narrations.contains_key(&record.id);
        if !is_known && !self.reaches(&turn, &place) {
            return;
        }
        let was_idle = self.scheduler.waiting(&turn) == 0;
        self.scheduler.take_in(&turn, &place, &wanted, record.updated);
        if was_idle {
            self.scheduler.hold(&turn, held(&turn));
        }
        let state = self.turns.entry(Arc::clone(&turn)).or_insert_with(|| TurnState::of(Reach::All));
        state.narrations += usize::from(!is_known);
        let waiting = Waiting { narration: Arc::clone(narration), turn: Arc::clone(&turn), place, heard };
        self.narrations.insert(record.id.clone(), waiting);
        self.trim(&turn);
        self.look(&turn);
    }

    /// Takes in the narrations that were read of a turn, behind those that it was known to hold
    /// `from`; `reach` says how far it is known by that.
    pub fn take_read(&mut self, turn: Turn, found: &[Known], from: &Reach, reach: Reach, held: impl Fn(&Turn) -> bool) {
        let turn = self.intern(turn);
        let state = self.turns.entry(Arc::clone(&turn)).or_insert_with(|| TurnState::of(Reach::Nothing));
        let before = std::mem::replace(&mut state.reach, Reach::Nothing);
        let again = state.lost && *from == Reach::Nothing;
        state.lost &= !again;
        state.reach = match (before, reach) {
            // The place up to which others are known is where it was.
            (Reach::All, Reach::UpTo(_)) if again => Reach::All,
            (Reach::UpTo(known), Reach::UpTo(read)) => Reach::UpTo(read.max(known)),
            (Reach::UpTo(known), Reach::Nothing) => Reach::UpTo(known),
            // That everybody was known, of a turn that was not read before, was a guess.
            (_, read) => read,
        };
        for narration in found {
            self.take_stored(narration, &held);
        }
        self.look(&turn);
    }

    /// Notes which narration is the oldest that is stored in a turn: where it is not known, nobody
    /// told of it, and perhaps not of others, so the turn is to be read from the first on.
    pub fn suspect(&mut self, turn: Turn, oldest: &Known) {
        let turn = self.intern(turn);
        let is_known = self.turns.contains_key(&turn);
        let (id, revision) = (&oldest.record.id, oldest.revision);
        if is_known && (self.narrations.contains_key(id) || self.knows_newer(id, revision)) {
            return;
        }
        let state = self.turns.entry(Arc::clone(&turn)).or_insert_with(|| TurnState::of(Reach::Nothing));
        state.lost = is_known;
        self.look(&turn);
    }

    /// Turns of which more should be read, `most` of them, and behind which of each.
    pub fn hungry(&self, most: usize) -> Vec<(Arc<Turn>, Reach)> {
        let behind = |turn: &Arc<Turn>| {
            let state = self.turns.get(turn)?;
            Some((Arc::clone(turn), if state.lost { Reach::Nothing } else { state.reach.clone() }))
        };
        self.hungry.iter().filter_map(behind).take(most).collect()
    }

    /// How many narrations of a turn are to be read at once: one at least.
    pub fn width(&self) -> usize {
        (KNOWN / self.turns.len().max(1)).clamp(1, MOST)
    }

    /// Grants the next step; none where there is none that may be.
    pub fn grant(&mut self, now: Timestamp) -> Option<Candidate> {
        let granted = self.scheduler.grant(now)?;
        self.look(&granted.turn);
        let waited = now.since(granted.since);
        self.granted(&granted.step).map(|candidate| Candidate { waited, ..candidate })
    }

    /// How long the step has waited that has waited the longest, by lane: see
    /// [`Scheduler::longest_waits`].
    pub fn ages(&self, now: Timestamp) -> BTreeMap<Lane, Duration> {
        self.scheduler.longest_waits().into_iter().map(|(lane, since)| (lane, now.since(since))).collect()
    }

    /// A step that is granted, with its narration.
    pub fn granted(&self, step: &StepId) -> Option<Candidate> {
        let waiting = self.narrations.get(&step.narration).filter(|_| self.scheduler.grants().has(step))?;
        let (step, narration) = (step.clone(), Arc::clone(&waiting.narration));
        Some(Candidate { step, narration, waited: Duration::ZERO })
    }

    /// Lets a step that was granted wait in its place again.
    pub fn take_back(&mut self, step: &StepId) {
        if !self.scheduler.release(step) {
            return;
        }
        if let Some(Waiting { narration, turn, place, .. }) = self.narrations.get(&step.narration) {
            let wanted = wanted(&narration.record, self.window).into_iter();
            let wanted: Vec<StepId> = wanted.filter(|step| step.kind.service() == self.service).collect();
            self.scheduler.take_in(turn, place, &wanted, narration.record.updated);
        }
    }

    /// The grants that were last published `at` a time of which `old` says yes.
    pub fn published(&self, old: impl Fn(Timestamp) -> bool) -> Vec<StepId> {
        self.grants_where(|grant| old(grant.at))
    }

    /// The grants of turns of which `held` says yes.
    pub fn granted_in(&self, held: impl Fn(&Turn) -> bool) -> Vec<StepId> {
        self.grants_where(|grant| held(&grant.turn))
    }

    fn grants_where(&self, is: impl Fn(&Grant) -> bool) -> Vec<StepId> {
        self.scheduler.grants().iter().filter(|(_, grant)| is(grant)).map(|(step, _)| step.clone()).collect()
    }

    /// Notes that a granted step is published again.
    pub fn renew(&mut self, step: &StepId, now: Timestamp) {
        self.scheduler.renew(step, now);
    }

    /// Notes that a step is put off.
    pub fn postpone(&mut self, step: StepId, until: Timestamp) {
        self.scheduler.postpone(step, until);
    }

    /// Ends what was put off until now, and sets the engines that have less room than there is.
    pub fn advance(&mut self, now: Timestamp, engines: BTreeMap<String, usize>) {
        self.scheduler.advance(now);
        self.scheduler.limit_engines(engines);
    }

    /// Sets how many grants a tenant may have at once.
    pub fn limit_tenant(&mut self, tenant: &TenantId, limit: usize) {
        self.scheduler.limit_tenant(tenant, limit);
    }

    /// Holds up the turns of which `held` says so, and no others.
    pub fn hold_turns(&mut self, held: impl Fn(&Turn) -> bool) {
        let turns: Vec<Arc<Turn>> = self.scheduler.turns().cloned().collect();
        for turn in &turns {
            self.scheduler.hold(turn, held(turn));
        }
    }

    /// Forgets a narration, with what is granted of it.
    pub fn remove(&mut self, narration: &NarrationId) {
        self.scheduler.forget(narration);
        let Some(Waiting { turn, .. }) = self.narrations.remove(narration) else { return };
        if let Some(state) = self.turns.get_mut(&turn) {
            state.narrations = state.narrations.saturating_sub(1);
        }
        self.look(&turn);
    }

    /// Forgets all turns of other shards, with what is granted in them: somebody else looks after
    /// them now, and finds in the queue what was granted. Gives the narrations among them of which
    /// this gateway was told a moment ago: the other one may not have been.
    pub fn keep(&mut self, owned: &BTreeSet<Shard>) -> Vec<Known> {
        let (now, dropped) = (Instant::now(), |turn: &Turn| !owned.contains(&turn.shard()));
        self.scheduler.drop_turns(dropped);
        self.turns.retain(|turn, _| !dropped(turn));
        self.hungry.retain(|turn| !dropped(turn));
        let (turns, mut told) = (&self.turns, Vec::new());
        self.narrations.retain(|_, waiting| {
            let is_kept = turns.contains_key(&waiting.turn);
            if !is_kept && waiting.heard.is_some_and(|at| now.duration_since(at) <= VIEWS_DIFFER) {
                told.push(Arc::clone(&waiting.narration));
            }
            is_kept
        });
        told
    }

    /// What its turns can use.
    pub fn demands(&self) -> Demands {
        self.scheduler.demands()
    }

    fn knows_newer(&self, narration: &NarrationId, than: Revision) -> bool {
        let known = self.narrations.get(narration).map(|waiting| waiting.narration.revision);
        known.or_else(|| self.over.revision(narration, Instant::now())).is_some_and(|known| known > than)
    }

    /// The same turn as one object, where it is known already.
    fn intern(&self, turn: Turn) -> Arc<Turn> {
        match self.turns.get_key_value(&turn) {
            Some((known, _)) => Arc::clone(known),
            None => Arc::new(turn),
        }
    }

    fn reaches(&self, turn: &Turn, place: &Place) -> bool {
        match self.turns.get(turn).map(|state| &state.reach) {
            None | Some(Reach::All) => true,
            Some(Reach::UpTo(last)) => place <= last,
            Some(Reach::Nothing) => false,
        }
    }

    /// Forgets the last of a turn in which more came than need be known.
    fn trim(&mut self, turn: &Arc<Turn>) {
        let width = self.width();
        if self.scheduler.waiting(turn) <= 2 * width {
            return;
        }
        let mut any = false;
        while self.scheduler.waiting(turn) > width {
            let Some((_, last)) = self.scheduler.last_waiting(turn).cloned() else { break };
            if self.scheduler.grants().of(&last).next().is_some() {
                break;
            }
            self.scheduler.forget(&last);
            self.narrations.remove(&last);
            if let Some(state) = self.turns.get_mut(turn) {
                state.narrations = state.narrations.saturating_sub(1);
            }
            any = true;
        }
        let last = self.scheduler.last_waiting(turn).cloned();
        if let (Some(state), Some(last), true) = (self.turns.get_mut(turn), last, any) {
            state.reach = match std::mem::replace(&mut state.reach, Reach::Nothing) {
                Reach::All => Reach::UpTo(last),
                Reach::UpTo(known) => Reach::UpTo(known.min(last)),
                Reach::Nothing => Reach::Nothing,
            };
        }
    }

    /// Notes whether more of a turn should be read, and forgets one in which nobody is.
    fn look(&mut self, turn: &Arc<Turn>) {
        let Some(state) = self.turns.get(turn) else { return };
        let all = state.reach == Reach::All;
        if all && !state.lost && state.narrations == 0 {
            self.turns.remove(turn);
            self.hungry.remove(turn);
            return;
        }
        self.scheduler.expect_more(turn, !all);
        let few = self.scheduler.waiting(turn) < (self.width() / 2).max(1);
        if state.lost || !all && few {
            self.hungry.insert(Arc::clone(turn));
        } else {
            self.hungry.remove(turn);
        }
    }
}
