//! Who waits for news of which narration. Replicas hint each other after a write; a poll every two
//! seconds covers hints that were lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lectern_core::id::NarrationId;
use tokio::sync::watch;

/// The newest revision that this replica has heard of, for every narration that somebody here waits
/// for.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Mutex<HashMap<NarrationId, watch::Sender<u64>>>>);

impl Hub {
    /// Waits for news of `id`.
    #[must_use]
    pub fn subscribe(&self, id: &NarrationId) -> watch::Receiver<u64> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(id.clone()).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Wakes those who wait for `id`, if `revision` is newer than what they have heard of.
    pub fn announce(&self, id: &NarrationId, revision: u64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = waiting.get(id) else { return };
        if sender.receiver_count() == 0 {
            waiting.remove(id);
            return;
        }
        sender.send_if_modified(|known| {
            let newer = revision > *known;
            if newer {
                *known = revision;
            }
            newer
        });
    }

    /// The narrations that somebody waits for; those that nobody does any more are forgotten.
    #[must_use]
    pub fn watched(&self) -> Vec<NarrationId> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, sender| sender.receiver_count() > 0);
        waiting.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_newer_revisions_wake_and_nobody_is_kept_who_left() {
        let hub = Hub::default();
        let id: NarrationId = "n1".parse().expect("an id");
        let mut receiver = hub.subscribe(&id);
        hub.announce(&id, 4);
        assert!(receiver.has_changed().expect("open"));
        assert_eq!(*receiver.borrow_and_update(), 4);
        hub.announce(&id, 3);
        assert!(!receiver.has_changed().expect("open"));
        drop(receiver);
        assert!(hub.watched().is_empty());
    }
}
