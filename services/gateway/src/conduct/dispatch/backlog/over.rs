//! The revisions at which narrations were over, so that an older copy that comes late does not
//! bring one back.

use std::collections::{HashMap, VecDeque};

use lectern_core::id::NarrationId;
use lectern_store::Revision;

/// Narrations that are remembered: those of the last seconds at least.
const REMEMBERED: usize = 8_192;

/// Narrations that want nothing more of a service, the last ones alone.
#[derive(Debug, Default)]
pub(super) struct Over {
    revisions: HashMap<NarrationId, Revision>,
    order: VecDeque<NarrationId>,
}

impl Over {
    /// Notes that a narration wants nothing at a revision.
    pub(super) fn note(&mut self, narration: &NarrationId, revision: Revision) {
        if self.revisions.insert(narration.clone(), revision).is_some() {
            return;
        }
        self.order.push_back(narration.clone());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.revisions.remove(&oldest);
        }
    }

    /// The revision at which a narration last wanted nothing, where that is remembered.
    pub(super) fn revision(&self, narration: &NarrationId) -> Option<Revision> {
        self.revisions.get(narration).copied()
    }
}
