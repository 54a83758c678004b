//! The lanes of a service, and in each the turns that can be served.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::{Lane, Turn};

/// How far a lane's pass moves when a lane of weight 1 is served. Divisible by all weights.
pub(super) const STRIDE: u64 = 8;

/// A turn, and the count of grants when one of it was last made. The lowest is next.
type Served = (u64, Arc<Turn>);

/// The lanes, by start-time fair queueing.
///
/// A lane stands at its own pass or at the virtual time, whichever is further. A lane that has work
/// all the time is never behind the virtual time, since the lane that is furthest behind is served;
/// so only one that had none is lifted, and a pause earns no credit. Nobody has to see when a lane
/// wakes, and no lane is ever further ahead of the others than one stride of its own.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// The pass of the lane that was served last, before it moved on. It never falls.
    virtual_time: u64,
    /// How far each lane has come.
    passes: BTreeMap<Lane, u64>,
    /// Turns that can be served as far as their tenants go, by lane and engine.
    ready: BTreeMap<Lane, BTreeMap<String, BTreeSet<Served>>>,
    /// Steps at work, by engine.
    working: BTreeMap<String, usize>,
    /// Engines with less room than there is: steps that may be at work at once.
    most: BTreeMap<String, usize>,
}

impl Lanes {
    /// The lane and the turn that are next.
    pub(super) fn next(&self) -> Option<(Lane, &Arc<Turn>)> {
        let lanes = self.ready.iter().filter_map(|(lane, engines)| {
            let open = engines.iter().filter(|(engine, _)| self.has_room(engine));
            Some((*lane, open.filter_map(|(_, turns)| turns.first()).min()?))
        });
        let (lane, (_, turn)) = lanes.min_by_key(|(lane, _)| (self.pass(*lane), *lane))?;
        Some((lane, turn))
    }

    /// Takes the next turn out of the order and moves its lane on.
    pub(super) fn serve(&mut self) -> Option<Arc<Turn>> {
        let (lane, turn) = self.next()?;
        let turn = Arc::clone(turn);
        self.virtual_time = self.pass(lane);
        self.passes.insert(lane, self.virtual_time + STRIDE / lane.weight());
        let engines = self.ready.get_mut(&lane)?;
        let turns = engines.get_mut(&turn.engine)?;
        turns.pop_first();
        if turns.is_empty() {
            engines.remove(&turn.engine);
        }
        Some(turn)
    }

    /// Puts a turn into the order, or takes it out.
    pub(super) fn arrange(&mut self, turn: &Arc<Turn>, served: u64, can_be_served: bool) {
        let place = (served, Arc::clone(turn));
        let engines = self.ready.entry(turn.lane).or_default();
        if can_be_served {
            engines.entry(turn.engine.clone()).or_default().insert(place);
        } else if let Some(turns) = engines.get_mut(&turn.engine) {
            turns.remove(&place);
            if turns.is_empty() {
                engines.remove(&turn.engine);
            }
        }
    }

    /// Sets the engines with less room than there is.
    pub(super) fn limit_engines(&mut self, most: BTreeMap<String, usize>) {
        self.most = most;
    }

    /// Steps of an engine that may be at work at once.
    pub(super) fn most(&self, engine: &str) -> usize {
        self.most.get(engine).copied().unwrap_or(usize::MAX)
    }

    /// Counts a step of an engine as at work.
    pub(super) fn take_room(&mut self, engine: &str) {
        *self.working.entry(engine.to_owned()).or_default() += 1;
    }

    /// Counts a step of an engine as at work no longer.
    pub(super) fn give_room(&mut self, engine: &str) {
        if let Some(working) = self.working.get_mut(engine) {
            *working = working.saturating_sub(1);
            if *working == 0 {
                self.working.remove(engine);
            }
        }
    }

    fn has_room(&self, engine: &str) -> bool {
        self.working.get(engine).copied().unwrap_or(0) < self.most(engine)
    }

    fn pass(&self, lane: Lane) -> u64 {
        self.passes.get(&lane).copied().unwrap_or(0).max(self.virtual_time)
    }
}
