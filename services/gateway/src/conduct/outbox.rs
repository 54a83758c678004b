//! Hints that are sent beside whoever has news, who never waits for them. Each may be lost: one too
//! many is not sent, nor one that the queue does not take soon.

use std::time::Duration;

use bytes::Bytes;
use lectern_queue::Queue;
use tokio::sync::{Mutex, mpsc};
use tracing::debug;

/// Hints that are on their way; those beyond are not sent.
const ON_THEIR_WAY: usize = 1_024;
/// A hint that is not sent within this time is not sent.
const SENT_WITHIN: Duration = Duration::from_secs(1);

/// A hint: its topic, and what it says.
pub type Hint = (String, Bytes);

/// News on their way, in the order in which they came.
#[derive(Debug)]
pub struct Outbox<T> {
    to: mpsc::Sender<T>,
    on_their_way: Mutex<mpsc::Receiver<T>>,
}

impl<T> Default for Outbox<T> {
    fn default() -> Self {
        let (to, on_their_way) = mpsc::channel(ON_THEIR_WAY);
        Self { to, on_their_way: Mutex::new(on_their_way) }
    }
}

impl<T: Send> Outbox<T> {
    /// Lets news be sent.
    pub fn put(&self, news: T) {
        if self.to.try_send(news).is_err() {
            debug!("hint not sent, too many are on their way");
        }
    }

    /// Sends what is on its way, each as the hint that `say` makes of it, without end. One at a
    /// time does so; another waits for its end.
    pub async fn send(&self, queue: &dyn Queue, say: impl Fn(T) -> Hint + Send) {
        let mut news = self.on_their_way.lock().await;
        while let Some(news) = news.recv().await {
            give(queue, say(news)).await;
        }
    }

    /// Sends what is on its way now, where nobody else does, and not for long: what is left is lost
    /// as any hint may be.
    pub async fn send_rest(&self, queue: &dyn Queue, say: impl Fn(T) -> Hint + Send) {
        let Ok(mut news) = self.on_their_way.try_lock() else { return };
        let rest = async {
            while let Ok(news) = news.try_recv() {
                give(queue, say(news)).await;
            }
        };
        drop(tokio::time::timeout(SENT_WITHIN, rest).await);
    }
}

async fn give(queue: &dyn Queue, (topic, payload): Hint) {
    match tokio::time::timeout(SENT_WITHIN, queue.hint(&topic, payload)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(topic, %error, "hint not sent"),
        Err(_) => debug!(topic, "hint not sent in time"),
    }
}
