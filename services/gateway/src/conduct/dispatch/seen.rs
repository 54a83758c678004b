//! What a replica remembers of the turns of a service between passes. It saves looking where
//! nothing was found, and another replica may have put something there since: so it holds for a
//! moment alone, all of it can be forgotten, and no write is left out for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::Timestamp;
use lectern_core::id::NarrationId;
use lectern_store::Versioned;

use super::millis;
use crate::domain::{Lane, Narration};

/// A turn or a lane in which nothing was found is not looked at again for this long, unless this
/// replica hears of work.
pub const IDLE: Duration = Duration::from_secs(2);
/// The oldest narrations of a turn are remembered for this long, where there are more behind them.
const LISTED_FOR: Duration = Duration::from_secs(10);
/// Turns whose narrations are remembered.
const TURNS: usize = 256;

/// What is remembered; times are milliseconds until which it holds.
#[derive(Debug, Default)]
pub struct Seen {
    idle: BTreeMap<String, u64>,
    empty: BTreeMap<Lane, u64>,
    lists: BTreeMap<String, List>,
}

/// The oldest narrations of a turn.
#[derive(Debug)]
struct List {
    until: u64,
    ids: BTreeSet<(Timestamp, NarrationId)>,
}

impl Seen {
    /// Notes that a narration waits in a turn. One behind those that are remembered is found when
    /// they are used up.
    pub fn arrive(&mut self, turn: &str, lane: Lane, narration: &Narration) {
        self.wakes(turn, lane);
        if let Some(list) = self.lists.get_mut(turn) {
            let place = (narration.created, narration.id.clone());
            if list.ids.last().is_some_and(|last| place < *last) {
                list.ids.insert(place);
            }
        }
    }

    /// Notes that there may be work in a turn.
    pub fn wakes(&mut self, turn: &str, lane: Lane) {
        self.idle.remove(turn);
        self.empty.remove(&lane);
    }

    /// Notes that a turn has no step to grant.
    pub fn rests(&mut self, turn: String, now: u64) {
        self.idle.insert(turn, now + millis(IDLE));
    }

    /// Whether a turn had no step to grant a moment ago.
    pub fn is_idle(&self, turn: &str, now: u64) -> bool {
        self.idle.get(turn).is_some_and(|until| *until > now)
    }

    /// Notes that nobody waits in a lane.
    pub fn empty(&mut self, lane: Lane, now: u64) {
        self.empty.insert(lane, now + millis(IDLE));
    }

    /// Whether nobody waited in a lane a moment ago.
    pub fn is_empty(&self, lane: Lane, now: u64) -> bool {
        self.empty.get(&lane).is_some_and(|until| *until > now)
    }

    /// Remembers the oldest narrations of a turn; for a moment alone where they are `all`.
    pub fn list(&mut self, turn: &str, now: u64, narrations: &[Arc<Versioned<Narration>>], all: bool) {
        if self.lists.len() >= TURNS {
            self.lists.clear();
        }
        let ids = narrations.iter().map(|found| (found.record.created, found.record.id.clone())).collect();
        let until = now + millis(if all { IDLE } else { LISTED_FOR });
        self.lists.insert(turn.to_owned(), List { until, ids });
    }

    /// The `most` oldest narrations of a turn; none when fewer are remembered.
    pub fn listed(&self, turn: &str, now: u64, most: usize) -> Option<Vec<NarrationId>> {
        let list = self.lists.get(turn).filter(|list| list.until > now && list.ids.len() >= most)?;
        Some(list.ids.iter().take(most).map(|(_, id)| id.clone()).collect())
    }

    /// Forgets narrations that are not in the turn any more; whether there were such.
    pub fn unlist<'a>(&mut self, turn: &str, gone: impl Iterator<Item = &'a NarrationId>) -> bool {
        let gone: BTreeSet<_> = gone.collect();
        if let Some(list) = self.lists.get_mut(turn) {
            list.ids.retain(|(_, id)| !gone.contains(id));
        }
        !gone.is_empty()
    }

    /// Drops what does not hold any more.
    pub fn forget(&mut self, now: u64) {
        self.idle.retain(|_, until| *until > now);
        self.lists.retain(|_, list| list.until > now);
    }
}
