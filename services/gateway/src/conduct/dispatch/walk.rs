//! Walks over the turns in which narrations wait, as an index of the narrations has them: all of
//! some shards that a gateway begins to look after, and now and then those that it looks after, for
//! what it was not told of. Pure; the queries are made elsewhere.

use std::collections::BTreeSet;

use lectern_core::Timestamp;
use lectern_core::id::Service;
use lectern_store::{Cursor, Direction, MAX_LIMIT, Op, Query};

use crate::domain::Shard;
use crate::domain::scheduler::Place;

/// Parts of a walk, each of which asks its own query at the same time.
const PARTS: usize = 16;

/// A walk over the turns of some shards.
#[derive(Debug)]
pub struct Walk {
    service: Service,
    /// Whether every narration that is known of a turn is to be read, or only whether there is one.
    thorough: bool,
    parts: Vec<Part>,
}

/// Shards that are walked one after the other.
#[derive(Debug, Default)]
struct Part {
    /// Those that are not walked yet.
    shards: BTreeSet<Shard>,
    /// The last turn that was met in the first of them.
    after: Option<String>,
}

impl Walk {
    /// Over shards of which nothing is known: the oldest narrations of all turns are read.
    pub fn thorough(service: Service, shards: &BTreeSet<Shard>) -> Self {
        Self::over(service, shards, true)
    }

    /// Over shards that are known: one seek for each turn.
    pub fn light(service: Service, shards: &BTreeSet<Shard>) -> Self {
        Self::over(service, shards, false)
    }

    fn over(service: Service, shards: &BTreeSet<Shard>, thorough: bool) -> Self {
        let size = shards.len().div_ceil(PARTS).max(1);
        let all: Vec<Shard> = shards.iter().copied().collect();
        let part = |shards: &[Shard]| Part { shards: shards.iter().copied().collect(), after: None };
        Self { service, thorough, parts: all.chunks(size).map(part).collect() }
    }

    /// Whether it reads every narration that is to be known.
    pub const fn is_thorough(&self) -> bool {
        self.thorough
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.parts.is_empty()
    }

    /// The shards that are not walked to their end.
    pub fn left(&self) -> BTreeSet<Shard> {
        self.parts.iter().flat_map(|part| &part.shards).copied().collect()
    }

    /// What is to be read next, one query for each part; `width` narrations of each turn.
    pub fn queries(&self, width: usize) -> Vec<Query> {
        let limit = if self.thorough { width } else { 1 };
        self.parts.iter().filter_map(|part| part.query(self.service, limit)).collect()
    }

    /// Moves on beyond what was read: for each query, in their order, the last turn that was met
    /// where there may be more behind it, else none.
    pub fn advance(&mut self, ends: impl IntoIterator<Item = Option<String>>) {
        for (part, end) in self.parts.iter_mut().zip(ends) {
            part.advance(end);
        }
        self.parts.retain(|part| !part.shards.is_empty());
    }
}

impl Part {
    fn query(&self, service: Service, limit: usize) -> Option<Query> {
        let place = Field::of(service);
        let (first, last) = (self.shards.first()?, self.shards.last()?);
        let (op, from) = match &self.after {
            Some(turn) => (Op::Gt, turn.clone()),
            None => (Op::Gte, first.prefix()),
        };
        let query = Query::new().filter(place.turn.clone(), op, from).filter(place.turn.clone(), Op::Lt, last.end());
        Some(query.order(place.turn, Direction::Asc).order(place.since, Direction::Asc).limit(at_most(limit)))
    }

    fn advance(&mut self, end: Option<String>) {
        let Some(turn) = end else {
            self.shards.clear();
            return;
        };
        // A turn of a shard that is somebody else's is met where it lies between two of ours.
        self.shards.retain(|shard| shard.end() > turn);
        let is_met = self.shards.first().is_some_and(|shard| shard.prefix() <= turn);
        self.after = is_met.then_some(turn);
    }
}

/// The fields of a narration that say where it waits for a service.
struct Field {
    turn: String,
    since: String,
}

impl Field {
    fn of(service: Service) -> Self {
        let place = format!("ready.{}", service.as_str());
        Self { turn: format!("{place}.turn"), since: format!("{place}.since") }
    }
}

/// The narrations that wait in a turn behind a place, or from the first on, the oldest first.
pub fn oldest_narrations(service: Service, turn: &str, behind: Option<&Place>, most: usize) -> Query {
    let Field { turn: in_turn, since } = Field::of(service);
    let query = Query::new().eq(in_turn, turn).order(since.clone(), Direction::Asc).limit(at_most(most));
    match behind {
        None => query,
        Some((at, id)) => {
            let cursor = Cursor(vec![at.millis().into(), id.as_str().into()]);
            query.filter(since, Op::Gte, at.millis()).after(cursor)
        }
    }
}

/// Where a page of narrations of one turn ended: since when the last of them waits, and its id.
pub fn place_of(cursor: &Cursor) -> Option<Place> {
    let [.., since, id] = cursor.0.as_slice() else { return None };
    Some((Timestamp(since.as_u64()?), id.as_str()?.parse().ok()?))
}

fn at_most(most: usize) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX).clamp(1, MAX_LIMIT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Lane, Turn};

    /// Walks over turns that are stored, one narration each, a page of so many at a time; what it
    /// met, and how many queries it took.
    fn walked(stored: &BTreeSet<String>, owned: &BTreeSet<Shard>, page: usize) -> (Vec<String>, usize) {
        let (mut walk, mut met, mut queries) = (Walk::thorough(Service::Tts, owned), Vec::new(), 0);
        while !walk.is_over() {
            let pages: Vec<(Vec<String>, bool)> = walk
                .queries(page)
                .into_iter()
                .map(|query| {
                    queries += 1;
                    let text = |at: usize| query.filter[at].value.as_str().expect("a text").to_owned();
                    let (from, to) = (text(0), text(1));
                    let behind = query.filter[0].op == Op::Gt;
                    let found = |turn: &&String| **turn < to && (**turn > from || !behind && **turn == from);
                    let all: Vec<String> = stored.iter().filter(found).cloned().collect();
                    (all.iter().take(page).cloned().collect(), all.len() > page)
                })
                .collect();
            walk.advance(pages.iter().map(|(turns, more)| turns.last().filter(|_| *more).cloned()));
            met.extend(pages.into_iter().flat_map(|(turns, _)| turns));
        }
        (met, queries)
    }

    fn shard_of(turn: &str) -> Shard {
        turn.parse::<Turn>().expect("a turn").shard()
    }

    proptest! {
        #[test]
        fn every_turn_of_its_shards_is_met_once(
            tenants in proptest::collection::btree_set(0_u32..3_000, 0..120),
            every in 1_u16..9, page in 1_usize..20,
        ) {
            let turn = |tenant: u32| Turn {
                lane: Lane::Standard,
                tenant: format!("t{tenant}").parse().expect("a tenant"),
                engine: "tone".to_owned(),
                wire: String::new(),
            };
            let stored: BTreeSet<String> = tenants.into_iter().map(|tenant| turn(tenant).to_string()).collect();
            let owned: BTreeSet<Shard> = Shard::all().filter(|shard| shard.number() % every == 0).collect();
            let (met, _) = walked(&stored, &owned, page);
            let of_owned = |turn: &&String| owned.contains(&shard_of(turn));
            let expected: Vec<&String> = stored.iter().filter(of_owned).collect();
            let mut found: Vec<&String> = met.iter().filter(of_owned).collect();
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_place_is_read_from_the_end_of_a_page() {
        let place: Place = (Timestamp(7), "n1".parse().expect("an id"));
        for values in [vec![7.into(), "n1".into()], vec!["000/bulk/acme/".into(), 7.into(), "n1".into()]] {
            assert_eq!(place_of(&Cursor(values)), Some(place.clone()));
        }
        assert_eq!(place_of(&Cursor(vec!["n1".into()])), None);
    }

    #[test]
    fn a_walk_over_nothing_is_one_query_a_part_and_over_no_shards_none() {
        let all: BTreeSet<Shard> = Shard::all().collect();
        assert_eq!(walked(&BTreeSet::new(), &all, 1), (Vec::new(), PARTS));
        assert!(Walk::light(Service::Ai, &BTreeSet::new()).is_over());
    }
}
