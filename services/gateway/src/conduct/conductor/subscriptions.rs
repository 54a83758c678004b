//! One subscription for each narration that somebody here wants to hear of, made when the first one
//! wants to and given up when the last one does not any more. So a hint reaches those who want it
//! and costs the others nothing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::NarrationId;
use lectern_queue::Queue;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument as _, debug};

/// Most subscriptions of a kind at once. One takes up to 10 KB of memory, most of it the room for
/// the hints that wait to be heard. What the others would have heard of is seen by a poll.
const MOST: usize = 4_096;
/// The least time between two looks at who is wanted: those who come in between are looked at
/// together, since a look goes through all of them.
const GATHERED: Duration = Duration::from_millis(20);
/// The most time between two looks. A subscription that nobody wants any more is given up by then.
const LOOKED_AT_LEAST: Duration = Duration::from_secs(2);
/// A subscription that has ended, or cannot be made, is made again after so long.
const AGAIN: Duration = Duration::from_secs(2);

/// Keeps one `listener` running for each narration that is `wanted`, without end. It looks who is
/// wanted at once when `grown` is notified, and from time to time.
pub(super) async fn keep<F>(
    grown: &Notify,
    wanted: impl Fn() -> Vec<NarrationId> + Send,
    listener: impl Fn(NarrationId) -> F + Send,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut listeners: BTreeMap<NarrationId, AbortOnDropHandle<()>> = BTreeMap::new();
    loop {
        let wanted: BTreeSet<NarrationId> = wanted().into_iter().collect();
        // One ends where it panicked.
        listeners.retain(|id, listener| wanted.contains(id) && !listener.is_finished());
        for id in wanted {
            if listeners.len() >= MOST {
                break;
            }
            if let Entry::Vacant(place) = listeners.entry(id) {
                let listening = listener(place.key().clone()).in_current_span();
                place.insert(AbortOnDropHandle::new(tokio::spawn(listening)));
            }
        }
        tokio::time::sleep(GATHERED).await;
        let _ = tokio::time::timeout(LOOKED_AT_LEAST, grown.notified()).await;
    }
}

/// Hears the hints of a topic, without end.
pub(super) async fn listen(queue: Arc<dyn Queue>, topic: String, heard: impl Fn(Bytes) + Send) {
    loop {
        match queue.hints(&topic).await {
            Ok(mut hints) => {
                while let Some(hint) = hints.next().await {
                    heard(hint);
                }
            }
            // There may be thousands of these; that hints cannot be heard at all is told of by who
            // listens to workers.
            Err(error) => debug!(topic, %error, "the hints of a narration cannot be heard"),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use lectern_queue::{ConnectOptions, MemoryQueue};

    use super::*;

    /// Who is wanted, and who is listened to.
    #[derive(Debug, Default)]
    struct World {
        wanted: Mutex<Vec<NarrationId>>,
        listened: Mutex<BTreeSet<NarrationId>>,
        begun: AtomicU32,
        grown: Notify,
    }

    /// A listener at work.
    struct Listening(Arc<World>, NarrationId);

    impl Drop for Listening {
        fn drop(&mut self) {
            self.0.listened.lock().remove(&self.1);
        }
    }

    impl World {
        fn start() -> (Arc<Self>, AbortOnDropHandle<()>) {
            let world = Arc::new(Self::default());
            let shared = Arc::clone(&world);
            let keeping = async move {
                let wanted = || shared.wanted.lock().clone();
                let listener = |id: NarrationId| {
                    let world = Arc::clone(&shared);
                    async move {
                        world.begun.fetch_add(1, Ordering::SeqCst);
                        world.listened.lock().insert(id.clone());
                        let _listening = Listening(world, id.clone());
                        assert_ne!(id.as_str(), "defect", "a defect");
                        std::future::pending::<()>().await;
                    }
                };
                keep(&shared.grown, wanted, listener).await;
            };
            (world, AbortOnDropHandle::new(tokio::spawn(keeping)))
        }

        fn want(&self, ids: &[&str]) {
            let ids = ids.iter().map(|id| id.parse().expect("an id")).collect();
            *self.wanted.lock() = ids;
        }

        fn listened(&self) -> Vec<String> {
            self.listened.lock().iter().map(ToString::to_string).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wanted_is_listened_to_at_once_and_left_soon_afterwards() {
        let (world, keeping) = World::start();
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(world.listened(), [""; 0], "nobody wants anything");
        for ids in [&["a"][..], &["a", "b"], &["a", "b", "c"]] {
            world.want(ids);
            world.grown.notify_one();
            tokio::time::sleep(2 * GATHERED).await;
            assert_eq!(world.listened(), ids);
        }
        assert_eq!(world.begun.load(Ordering::SeqCst), 3, "those who are listened to stay so");
        world.want(&["b"]);
        tokio::time::sleep(LOOKED_AT_LEAST + 2 * GATHERED).await;
        assert_eq!(world.listened(), ["b"]);
        drop(keeping);
        tokio::time::sleep(GATHERED).await;
        assert_eq!(world.listened(), [""; 0], "all end with who keeps them");
    }

    #[tokio::test(start_paused = true)]
    async fn a_listener_that_panics_begins_again_and_there_are_no_more_than_so_many() {
        let (world, _keeping) = World::start();
        world.want(&["defect"]);
        world.grown.notify_one();
        tokio::time::sleep(5 * LOOKED_AT_LEAST).await;
        assert!(world.begun.load(Ordering::SeqCst) >= 4);
        let many: Vec<String> = (0..=MOST).map(|id| format!("n{id:05}")).collect();
        world.want(&many.iter().map(String::as_str).collect::<Vec<_>>());
        world.grown.notify_one();
        tokio::time::sleep(2 * GATHERED).await;
        assert_eq!(world.listened(), many[..MOST], "the last is seen by the poll");
    }

    #[tokio::test(start_paused = true)]
    async fn a_topic_is_heard_until_it_is_left() {
        let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (port, into) = (Arc::clone(&queue) as Arc<dyn Queue>, Arc::clone(&heard));
        let listening = listen(port, "news.n1".to_owned(), move |hint| into.lock().push(hint));
        let listening = AbortOnDropHandle::new(tokio::spawn(listening));
        tokio::time::sleep(Duration::from_millis(1)).await;
        for (topic, hint) in [("news.n1", "1"), ("news.n2", "2"), ("news.n1", "3")] {
            queue.hint(topic, Bytes::from_static(hint.as_bytes())).await.expect("a hint");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        drop(listening);
        tokio::time::sleep(Duration::from_millis(1)).await;
        queue.hint("news.n1", Bytes::from_static(b"4")).await.expect("a hint");
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(*heard.lock(), ["1", "3"]);
    }
}
