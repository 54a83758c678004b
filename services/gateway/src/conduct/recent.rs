//! Narrations as this replica last wrote them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lectern_core::Timestamp;
use lectern_core::id::NarrationId;
use lectern_store::Versioned;

use crate::domain::Narration;

/// Narrations that are remembered. One beyond costs a read.
const MOST: usize = 512;
/// A copy that is older is not given out: a deleted narration may have ended meanwhile, and another
/// one of the same request have begun with the revisions that it had.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// Unfinished narrations as this replica last wrote them, so that the next event need not read what
/// it changes. A copy may be old: it is good for [`lectern_store::Collection::update_known`] and
/// for nothing else.
#[derive(Debug, Default)]
pub struct Recent(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    narrations: HashMap<NarrationId, (Timestamp, Versioned<Narration>)>,
    /// In the order in which they came.
    order: VecDeque<NarrationId>,
}

impl Recent {
    /// Remembers a narration that is written now; one that has ended is forgotten.
    pub fn note(&self, narration: &Versioned<Narration>, now: Timestamp) {
        let mut entries = self.entries();
        let id = &narration.record.id;
        if narration.record.phase.terminal() {
            if entries.narrations.remove(id).is_some() {
                entries.order.retain(|known| known != id);
            }
            return;
        }
        let newer =
            |(at, known): &(Timestamp, Versioned<Narration>)| fresh(*at, now) && known.revision > narration.revision;
        if entries.narrations.get(id).is_some_and(newer) {
            return;
        }
        if entries.narrations.insert(id.clone(), (now, narration.clone())).is_none() {
            entries.order.push_back(id.clone());
        }
        while entries.order.len() > MOST {
            if let Some(oldest) = entries.order.pop_front() {
                entries.narrations.remove(&oldest);
            }
        }
    }

    /// A narration as it was written here, if it is remembered.
    pub fn get(&self, id: &NarrationId, now: Timestamp) -> Option<Versioned<Narration>> {
        let entries = self.entries();
        entries.narrations.get(id).filter(|(at, _)| fresh(*at, now)).map(|(_, narration)| narration.clone())
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) < KEPT
}

#[cfg(test)]
mod tests {
    use lectern_store::Revision;

    use super::*;
    use crate::domain::Phase;
    use crate::testing::narration;

    fn written(id: usize, revision: u64) -> Versioned<Narration> {
        let id = format!("n{id}").parse().expect("an id");
        Versioned { record: Narration { id, ..narration() }, revision: Revision(revision) }
    }

    #[test]
    fn the_newest_is_kept_and_what_has_ended_is_not() {
        let recent = Recent::default();
        let mut narration = written(1, 2);
        recent.note(&narration, Timestamp(0));
        recent.note(&written(1, 1), Timestamp(1));
        assert_eq!(recent.get(&narration.record.id, Timestamp(1)), Some(narration.clone()));
        assert_eq!(recent.get(&narration.record.id, Timestamp(0).plus(KEPT)), None, "it may be another's by now");
        narration.revision = Revision(3);
        narration.record.end(Phase::Succeeded, None, Timestamp(1));
        recent.note(&narration, Timestamp(2));
        assert_eq!(recent.get(&narration.record.id, Timestamp(2)), None);
        assert!(recent.entries().order.is_empty(), "one that is retried comes anew");
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let recent = Recent::default();
        for id in 0..MOST + 1 {
            recent.note(&written(id, 1), Timestamp(0));
            recent.note(&written(id, 2), Timestamp(0));
        }
        assert_eq!(recent.get(&written(0, 1).record.id, Timestamp(0)), None, "the first has gone");
        assert!(recent.get(&written(1, 1).record.id, Timestamp(0)).is_some());
        assert_eq!(recent.entries().narrations.len(), MOST);
        assert_eq!(recent.entries().order.len(), MOST);
    }
}
