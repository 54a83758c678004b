//! Who waits for news of which narration. Replicas hint each other after a write; a poll every two
//! seconds covers hints that were lost.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lectern_core::id::NarrationId;
use tokio::sync::watch;

/// The newest revision that this replica has heard of, for every narration that somebody here waits
/// for.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Mutex<HashMap<NarrationId, watch::Sender<u64>>>>);

impl Hub {
    /// Waits for news of `id`: a newer revision, or something beside its record to look at.
    #[must_use]
    pub fn subscribe(&self, id: &NarrationId) -> watch::Receiver<u64> {
        self.waiting().entry(id.clone()).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Wakes those who wait for `id`, if `revision` is newer than what they have heard of.
    pub fn announce(&self, id: &NarrationId, revision: u64) {
        self.tell(id, |known| {
            let newer = revision > *known;
            *known = revision.max(*known);
            newer
        });
    }

    /// Wakes those who wait for `id`: they are to look at what is known beside its record.
    pub fn look_at(&self, id: &NarrationId) {
        self.tell(id, |_| true);
    }

    /// Wakes everybody, for the same.
    pub fn look(&self) {
        for sender in self.waiting().values() {
            sender.send_if_modified(|_| true);
        }
    }

    /// The narrations that somebody waits for; those that nobody does any more are forgotten.
    #[must_use]
    pub fn watched(&self) -> Vec<NarrationId> {
        let mut waiting = self.waiting();
        waiting.retain(|_, sender| sender.receiver_count() > 0);
        waiting.keys().cloned().collect()
    }

    fn tell(&self, id: &NarrationId, news: impl FnOnce(&mut u64) -> bool) {
        let mut waiting = self.waiting();
        let Some(sender) = waiting.get(id) else { return };
        if sender.receiver_count() == 0 {
            waiting.remove(id);
            return;
        }
        sender.send_if_modified(news);
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<NarrationId, watch::Sender<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[tokio::test]
    async fn a_look_wakes_and_is_no_new_revision() {
        let hub = Hub::default();
        let (one, other) = ("n1".parse().expect("an id"), "n2".parse().expect("an id"));
        let (mut of_one, mut of_other) = (hub.subscribe(&one), hub.subscribe(&other));
        hub.announce(&one, 4);
        of_one.borrow_and_update();
        hub.look_at(&one);
        assert!(of_one.has_changed().expect("open") && !of_other.has_changed().expect("open"));
        assert_eq!(*of_one.borrow_and_update(), 4);
        hub.look();
        assert!(of_one.has_changed().expect("open") && of_other.has_changed().expect("open"));
        assert_eq!(*of_other.borrow_and_update(), 0);
        drop((of_one, of_other));
        hub.look_at(&one);
        assert_eq!(hub.watched(), Vec::<NarrationId>::new());
    }
}
