//! The queue of a crowd: the one in memory, with what is sent on it written into the book.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::id::{Service, StepId};
use lectern_queue::{
    DeadLetter, Delivery, EventDelivery, Hints, LetterPage, MemoryQueue, Message, Published, Queue, QueueError,
};

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
impl Queue for CountedQueue {
    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        let published = self.inner.publish(step, message).await?;
        match published {
            Published::Queued => self.book.queued(step),
            Published::AlreadyWaiting => self.book.again(),
        }
        Ok(published)
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.inner.pull(service, most, wait).await
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        self.book.ended(step);
        self.inner.withdraw(step).await
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        self.inner.emit(noun, id, message).await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        self.inner.events(group, max, wait).await
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        self.book.hinted(topic);
        self.inner.hint(topic, payload).await
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        self.inner.hints(topic).await
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        self.inner.bury(letter).await
    }

    async fn letters(&self, service: Option<Service>, from: u64, limit: usize) -> Result<LetterPage, QueueError> {
        self.inner.letters(service, from, limit).await
    }

    async fn letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        self.inner.letter(step).await
    }

    async fn discard(&self, step: &StepId) -> Result<(), QueueError> {
        self.inner.discard(step).await
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.inner.ping().await
    }
}
