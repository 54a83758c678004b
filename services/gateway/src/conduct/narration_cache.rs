//! Narrations as this replica last wrote them.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use lectern_core::Timestamp;
use lectern_core::id::NarrationId;
use lectern_store::Versioned;
use parking_lot::Mutex;

use crate::domain::Narration;

/// Narrations that are remembered; one beyond costs a read. A copy is of use until the next event
/// of its narration comes, so as many are needed as narrations have a step at work. Most copies
/// take 3 to 6 KB of memory, so all of them take some 20 MB. None takes more than a record may
/// have, 64 KB.
const MOST: usize = 4_096;
/// A copy that is older is not given out: a deleted narration may have ended meanwhile, and another
/// one of the same request have begun with the revisions that it had.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// Unfinished narrations as this replica last wrote them, so that the next event need not read what
/// it changes. A copy may be old: it is good for [`lectern_store::Collection::update_known`] and
/// for nothing else. Where another replica has written the narration since, that costs one write
/// that loses the race, and the read; most such copies are seen to be old by what they want.
#[derive(Debug, Default)]
pub struct NarrationCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    narrations: HashMap<NarrationId, Entry>,
    /// By when they were last written here.
    order: BTreeMap<u64, NarrationId>,
    /// Grows with each write.
    writes: u64,
}

#[derive(Debug)]
struct Entry {
    /// Its place in the order.
    place: u64,
    at: Timestamp,
    narration: Versioned<Narration>,
}

impl Entries {
    fn remove(&mut self, id: &NarrationId) {
        if let Some(entry) = self.narrations.remove(id) {
            self.order.remove(&entry.place);
        }
    }
}

impl NarrationCache {
    /// Remembers a narration that is written now; one that has ended is forgotten.
    pub fn note(&self, narration: &Versioned<Narration>, now: Timestamp) {
        let mut entries = self.0.lock();
        let id = &narration.record.id;
        if narration.record.phase().terminal() {
            entries.remove(id);
            return;
        }
        let newer = |known: &Entry| fresh(known.at, now) && known.narration.revision > narration.revision;
        if entries.narrations.get(id).is_some_and(newer) {
            return;
        }
        entries.remove(id);
        entries.writes += 1;
        let entry = Entry { place: entries.writes, at: now, narration: narration.clone() };
        entries.order.insert(entry.place, id.clone());
        entries.narrations.insert(id.clone(), entry);
        while entries.order.len() > MOST {
            let Some((_, oldest)) = entries.order.pop_first() else { break };
            entries.narrations.remove(&oldest);
        }
    }

    /// A narration as it was written here, if it is remembered.
    pub fn get(&self, id: &NarrationId, now: Timestamp) -> Option<Versioned<Narration>> {
        let entries = self.0.lock();
        entries.narrations.get(id).filter(|known| fresh(known.at, now)).map(|known| known.narration.clone())
    }
}

fn fresh(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) < KEPT
}

#[cfg(test)]
mod tests {
    use lectern_store::Revision;

    use super::*;
    use crate::testing::{narration, succeed};

    fn written(id: usize, revision: u64) -> Versioned<Narration> {
        let id = format!("n{id}").parse().expect("an id");
        Versioned { record: Narration { id, ..narration() }, revision: Revision(revision) }
    }

    #[test]
    fn the_newest_is_kept_and_what_has_ended_is_not() {
        let cache = NarrationCache::default();
        let mut narration = written(1, 2);
        cache.note(&narration, Timestamp(0));
        cache.note(&written(1, 1), Timestamp(1));
        assert_eq!(cache.get(&narration.record.id, Timestamp(1)), Some(narration.clone()));
        assert_eq!(cache.get(&narration.record.id, Timestamp(0).plus(KEPT)), None, "it may be another's by now");
        narration.revision = Revision(3);
        succeed(&mut narration.record, Timestamp(1));
        cache.note(&narration, Timestamp(2));
        assert_eq!(cache.get(&narration.record.id, Timestamp(2)), None);
        assert!(cache.0.lock().order.is_empty(), "one that is retried comes anew");
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for_and_those_that_were_written_lately_stay() {
        let cache = NarrationCache::default();
        for id in 0..MOST {
            cache.note(&written(id, 1), Timestamp(0));
        }
        cache.note(&written(0, 2), Timestamp(0));
        cache.note(&written(MOST, 1), Timestamp(0));
        let known = |id| cache.get(&written(id, 1).record.id, Timestamp(0)).is_some();
        assert!(!known(1), "it was not written for the longest time");
        assert!(known(0) && known(2) && known(MOST));
        assert_eq!(cache.0.lock().narrations.len(), MOST);
        assert_eq!(cache.0.lock().order.len(), MOST);
    }
}
