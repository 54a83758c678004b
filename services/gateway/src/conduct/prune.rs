//! What of the objects of a scope is in use, as the records of its narrations say: of those of a
//! document, and of all its revisions, which lie in the same scope. Pure: how it is looked up, and
//! what is done with it, is in `conductor/tombstones.rs`.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lectern_core::id::NarrationId;
use lectern_core::{Digest, Timestamp};

use super::wire::ObjectKeys;
use crate::domain::Narration;
use crate::domain::narration::SECOND_SWEEP;

/// A script has no more sections than this (`services/ai/src/compose/sections.rs`).
const MOST_SECTIONS: u32 = 400;

/// Keys of objects that are in use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InUse {
    /// Of plans, of written and of edited sections, and of edits.
    pub scripts: BTreeSet<Digest>,
    /// Of tracks; what segments these name tts knows.
    pub tracks: BTreeSet<Digest>,
}

/// A look at all narrations of a scope.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// What they use.
    pub in_use: InUse,
    /// Tombstones that have been kept for long enough. They use nothing.
    pub over: Vec<NarrationId>,
    /// Whether steps of one of them may be at work, or have just been.
    pub busy: bool,
    /// The run and the version of each that uses anything: whatever happens to one changes it.
    state: BTreeMap<NarrationId, (u32, u64)>,
}

impl Look {
    /// Adds a narration at the moment `now`, with its keys. Tombstones are kept for `kept`, and
    /// what a narration used before it was deleted for as long as they are.
    pub fn add(&mut self, narration: &Narration, keys: &ObjectKeys, kept: Duration, now: Timestamp) {
        if narration.over(kept, now) {
            self.over.push(narration.id.clone());
            return;
        }
        self.state.insert(narration.id.clone(), (narration.run, narration.version));
        self.busy |= busy(narration, now);
        // Where it was not planned in this run it may have been in an earlier one, and what was
        // made then is found when it is retried.
        let sections = narration.sections().unwrap_or(MOST_SECTIONS);
        self.in_use.scripts.insert(keys.plan);
        self.in_use.scripts.extend(keys.edits());
        self.in_use.scripts.extend(narration.earlier_edits);
        // What was edited is made again from what was written.
        self.in_use.scripts.extend((0..sections).flat_map(|index| [keys.written(index), keys.section(index)]));
        self.in_use.tracks.extend((0..sections).map(|index| keys.track(index)));
    }

    /// Notes a narration whose record cannot be read: what it uses is not known.
    pub fn add_unreadable(&mut self) {
        self.busy = true;
    }

    /// Whether nothing has happened since `earlier` that could use what was unused then.
    #[must_use]
    pub fn same(&self, earlier: &Self) -> bool {
        !self.busy && !earlier.busy && self.state == earlier.state
    }
}

/// Whether steps of a narration may be at work: it goes on, its stages do not know that it is over,
/// or they have known for less than the longest lease.
fn busy(narration: &Narration, now: Timestamp) -> bool {
    let ended = narration.deleted.max(narration.finished());
    let just = ended.is_none_or(|ended| now < ended.plus(SECOND_SWEEP));
    !narration.phase().terminal() || narration.cancel_pending || !narration.earlier.is_empty() || just
}
