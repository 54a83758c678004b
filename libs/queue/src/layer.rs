//! A queue over another one: it changes some calls, and passes the others on.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::id::{Service, StepId};

use crate::dead_letter::{DeadLetter, DeadLetterPage};
use crate::error::QueueError;
use crate::port::{Delivery, EventDelivery, Hints, Message, Published, Queue};

/// A queue over another one. Whatever is not overridden is passed on, but for
/// [`Self::may_be_left`]: the methods are those of [`Queue`], which every layer is.
#[async_trait]
#[allow(missing_docs, clippy::missing_errors_doc, reason = "those of the queue")]
pub trait Layer: Debug + Send + Sync + Sized {
    /// What it lies over.
    fn below(&self) -> &dyn Queue;

    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        self.below().publish(step, message).await
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.below().pull(service, most, wait).await
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        self.below().withdraw(step).await
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        self.below().emit(noun, id, message).await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        self.below().events(group, max, wait).await
    }

    /// No: a layer may have something in hand when a call is dropped.
    fn may_be_left(&self) -> bool {
        false
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        self.below().hint(topic, payload).await
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        self.below().hints(topic).await
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        self.below().bury(letter).await
    }

    async fn dead_letters(
        &self,
        service: Option<Service>,
        from: u64,
        limit: usize,
    ) -> Result<DeadLetterPage, QueueError> {
        self.below().dead_letters(service, from, limit).await
    }

    async fn dead_letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        self.below().dead_letter(step).await
    }

    async fn discard(&self, step: &StepId) -> Result<(), QueueError> {
        self.below().discard(step).await
    }

    fn system(&self) -> &'static str {
        self.below().system()
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.below().ping().await
    }
}

#[async_trait]
impl<L: Layer> Queue for L {
    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        Layer::publish(self, step, message).await
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        Layer::pull(self, service, most, wait).await
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        Layer::withdraw(self, step).await
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        Layer::emit(self, noun, id, message).await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        Layer::events(self, group, max, wait).await
    }

    fn may_be_left(&self) -> bool {
        Layer::may_be_left(self)
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        Layer::hint(self, topic, payload).await
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        Layer::hints(self, topic).await
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        Layer::bury(self, letter).await
    }

    async fn dead_letters(
        &self,
        service: Option<Service>,
        from: u64,
        limit: usize,
    ) -> Result<DeadLetterPage, QueueError> {
        Layer::dead_letters(self, service, from, limit).await
    }

    async fn dead_letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        Layer::dead_letter(self, step).await
    }

    async fn discard(&self, step: &StepId) -> Result<(), QueueError> {
        Layer::discard(self, step).await
    }

    fn system(&self) -> &'static str {
        Layer::system(self)
    }

    async fn ping(&self) -> Result<(), QueueError> {
        Layer::ping(self).await
    }
}
