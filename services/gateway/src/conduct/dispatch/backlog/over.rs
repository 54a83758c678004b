//! The revisions at which narrations were over, so that an older copy that comes late does not
//! bring one back. Pure, but for the time that it is told.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use lectern_core::id::NarrationId;
use lectern_store::Revision;
use tokio::time::Instant;

/// Narrations that are remembered: those of the last seconds at least.
const REMEMBERED: usize = 8_192;
/// A revision counts for this long: longer than any hint is late. The id of a narration that was
/// deleted may be ordered again, and its revisions begin anew then.
pub(super) const COUNTS: Duration = Duration::from_secs(60);

/// Narrations that want nothing more of a service, the last ones alone.
#[derive(Debug, Default)]
pub(super) struct Over {
    revisions: HashMap<NarrationId, (Revision, Instant)>,
    order: VecDeque<NarrationId>,
}

impl Over {
    /// Notes that a narration wants nothing at a revision.
    pub(super) fn note(&mut self, narration: &NarrationId, revision: Revision, now: Instant) {
        if self.revisions.insert(narration.clone(), (revision, now)).is_some() {
            return;
        }
        self.order.push_back(narration.clone());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.revisions.remove(&oldest);
        }
    }

    /// The revision at which a narration wanted nothing a moment ago, where that is remembered.
    pub(super) fn revision(&self, narration: &NarrationId, now: Instant) -> Option<Revision> {
        let (revision, at) = self.revisions.get(narration)?;
        (now.duration_since(*at) <= COUNTS).then_some(*revision)
    }
}
