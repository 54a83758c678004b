//! Hints on their way to whoever listens. A topic is there only while somebody does, so that topics
//! with an id, which come and go, leave nothing behind.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

/// Hints that a listener may lag behind before it loses some.
const HINT_BUFFER: usize = 256;

/// The topics that somebody listens to.
#[derive(Debug, Default)]
pub(super) struct Topics(Mutex<BTreeMap<String, broadcast::Sender<Bytes>>>);

impl Topics {
    /// Tells those who listen to a topic.
    pub fn tell(&self, topic: &str, hint: Bytes) {
        if let Some(sender) = self.0.lock().get(topic) {
            // Whoever listened may be gone just now.
            let _ = sender.send(hint);
        }
    }

    /// Listens to a topic until what is given is dropped.
    pub fn listen(self: &Arc<Self>, topic: &str) -> Listener {
        let mut topics = self.0.lock();
        let sender = topics.entry(topic.to_owned()).or_insert_with(|| broadcast::channel(HINT_BUFFER).0);
        let hints = Some(BroadcastStream::new(sender.subscribe()));
        Listener { hints, topics: Arc::downgrade(self), topic: topic.to_owned() }
    }
}

/// The hints of one topic. It ends with the queue.
#[derive(Debug)]
pub(super) struct Listener {
    hints: Option<BroadcastStream<Bytes>>,
    topics: Weak<Topics>,
    topic: String,
}

impl Stream for Listener {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(hints) = &mut self.hints else { return Poll::Ready(None) };
        loop {
            match ready!(Pin::new(&mut *hints).poll_next(cx)) {
                Some(Ok(hint)) => return Poll::Ready(Some(hint)),
                // It was slow, and lost some.
                Some(Err(_)) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hints = None;
        if let Some(topics) = self.topics.upgrade() {
            let mut topics = topics.0.lock();
            if topics.get(&self.topic).is_some_and(|sender| sender.receiver_count() == 0) {
                topics.remove(&self.topic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn topics_that_nobody_listens_to_any_more_are_forgotten() {
        let topics = Arc::new(Topics::default());
        for n in 0..1_000 {
            let mut listener = topics.listen(&format!("news.{n}"));
            topics.tell(&format!("news.{n}"), Bytes::from_static(b"1"));
            assert_eq!(listener.next().await.as_deref(), Some(&b"1"[..]));
        }
        topics.tell("news.1", Bytes::new());
        assert_eq!(topics.0.lock().len(), 0);

        let (one, mut two) = (topics.listen("news.n"), topics.listen("news.n"));
        drop(one);
        topics.tell("news.n", Bytes::from_static(b"2"));
        assert_eq!(two.next().await.as_deref(), Some(&b"2"[..]), "the other goes on listening");
        assert_eq!(topics.0.lock().len(), 1);
        drop(topics);
        assert_eq!(two.next().await, None, "hints end with their queue");
    }

    #[tokio::test]
    async fn a_slow_listener_loses_hints_and_goes_on() {
        let topics = Arc::new(Topics::default());
        let listener = topics.listen("hello");
        for n in 0..2 * HINT_BUFFER {
            topics.tell("hello", Bytes::from(n.to_string()));
        }
        let heard: Vec<Bytes> = listener.take(HINT_BUFFER).collect().await;
        assert_eq!(heard.last().map(|last| &last[..]), Some((2 * HINT_BUFFER - 1).to_string().as_bytes()));
    }
}
