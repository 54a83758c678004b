//! Who waits for news of which narration. A replica hints after a write, and others listen to the
//! narrations that somebody waits for at them; a poll every two seconds covers hints that were
//! lost.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use lectern_core::id::NarrationId;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

/// The newest revision that this replica has heard of, for every narration that somebody here waits
/// for.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    narrations: Mutex<HashMap<NarrationId, watch::Sender<u64>>>,
    grown: Notify,
}

impl Hub {
    /// Waits for news of `id`: a newer revision, or something beside its record to look at.
    #[must_use]
    pub fn subscribe(&self, id: &NarrationId) -> watch::Receiver<u64> {
        match self.waiting().entry(id.clone()) {
            Entry::Occupied(known) => known.get().subscribe(),
            Entry::Vacant(place) => {
                let receiver = place.insert(watch::channel(0).0).subscribe();
                self.0.grown.notify_one();
                receiver
            }
        }
    }

    /// Is notified when somebody begins to wait for a narration that nobody waited for.
    #[must_use]
    pub fn grown(&self) -> &Notify {
        &self.0.grown
    }

    /// Wakes those who wait for `id`, if `revision` is newer than what they have heard of.
    pub fn announce(&self, id: &NarrationId, revision: u64) {
        self.wake(id, |known| {
            let newer = revision > *known;
            *known = revision.max(*known);
            newer
        });
    }

    /// Wakes those who wait for `id`: they are to look at what is known beside its record.
    pub fn look_at(&self, id: &NarrationId) {
        self.wake(id, |_| true);
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

    fn wake(&self, id: &NarrationId, news: impl FnOnce(&mut u64) -> bool) {
        let mut waiting = self.waiting();
        let Some(sender) = waiting.get(id) else { return };
        if sender.receiver_count() == 0 {
            waiting.remove(id);
            return;
        }
        sender.send_if_modified(news);
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<NarrationId, watch::Sender<u64>>> {
        self.0.narrations.lock()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

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
    async fn who_is_the_first_to_wait_for_a_narration_is_told_of() {
        let hub = Hub::default();
        let id: NarrationId = "n1".parse().expect("an id");
        let told = || hub.grown().notified().now_or_never().is_some();
        assert!(!told());
        let first = hub.subscribe(&id);
        assert!(told());
        let second = hub.subscribe(&id);
        assert!(!told(), "it is listened to already");
        drop((first, second));
        assert!(hub.watched().is_empty());
        let _again = hub.subscribe(&id);
        assert!(told());
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
