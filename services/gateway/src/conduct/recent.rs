//! Narrations as this replica last wrote them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lectern_core::id::NarrationId;
use lectern_store::Versioned;

use crate::domain::Narration;

/// Narrations that are remembered. One beyond costs a read.
const MOST: usize = 512;

/// Unfinished narrations as this replica last wrote them, so that the next event need not read what
/// it changes. A copy may be old: it is good for [`lectern_store::Collection::update_known`] and
/// for nothing else.
#[derive(Debug, Default)]
pub struct Recent(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    narrations: HashMap<NarrationId, Versioned<Narration>>,
    /// In the order in which they came.
    order: VecDeque<NarrationId>,
}

impl Recent {
    /// Remembers a narration that was written; one that has ended is forgotten.
    pub fn note(&self, narration: &Versioned<Narration>) {
        let mut entries = self.entries();
        let id = &narration.record.id;
        if narration.record.phase.terminal() {
            if entries.narrations.remove(id).is_some() {
                entries.order.retain(|known| known != id);
            }
            return;
        }
        if entries.narrations.get(id).is_some_and(|known| known.revision > narration.revision) {
            return;
        }
        if entries.narrations.insert(id.clone(), narration.clone()).is_none() {
            entries.order.push_back(id.clone());
        }
        while entries.order.len() > MOST {
            if let Some(oldest) = entries.order.pop_front() {
                entries.narrations.remove(&oldest);
            }
        }
    }

    /// A narration as it was written here, if it is remembered.
    pub fn get(&self, id: &NarrationId) -> Option<Versioned<Narration>> {
        self.entries().narrations.get(id).cloned()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;
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
        recent.note(&narration);
        recent.note(&written(1, 1));
        assert_eq!(recent.get(&narration.record.id), Some(narration.clone()));
        narration.revision = Revision(3);
        narration.record.end(Phase::Succeeded, None, Timestamp(1));
        recent.note(&narration);
        assert_eq!(recent.get(&narration.record.id), None);
        assert!(recent.entries().order.is_empty(), "one that is retried comes anew");
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let recent = Recent::default();
        for id in 0..MOST + 1 {
            recent.note(&written(id, 1));
            recent.note(&written(id, 2));
        }
        assert_eq!(recent.get(&written(0, 1).record.id), None, "the first has gone");
        assert!(recent.get(&written(1, 1).record.id).is_some());
        assert_eq!(recent.entries().narrations.len(), MOST);
        assert_eq!(recent.entries().order.len(), MOST);
    }
}
