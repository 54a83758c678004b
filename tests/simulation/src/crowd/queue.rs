//! The queue of a crowd: the one in memory, with what is sent on it written into the book.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::id::StepId;
use lectern_queue::{MemoryQueue, Message, Published, Queue, QueueError};

use super::book::Book;

/// A queue whose messages are counted.
#[derive(Debug)]
pub struct CountedQueue {
    book: Arc<Book>,
    inner: MemoryQueue,
}

impl CountedQueue {
    /// The queue `inner`, counted in `book`.
    pub const fn new(book: Arc<Book>, inner: MemoryQueue) -> Self {
        Self { book, inner }
    }
}

#[async_trait]
impl lectern_queue::Layer for CountedQueue {
    fn below(&self) -> &dyn Queue {
        &self.inner
    }

    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        let published = self.inner.publish(step, message).await?;
        match published {
            Published::Queued => self.book.queued(step),
            Published::AlreadyWaiting => self.book.again(),
        }
        Ok(published)
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        self.book.ended(step);
        self.inner.withdraw(step).await
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        self.book.hinted(topic);
        self.inner.hint(topic, payload).await
    }
}
