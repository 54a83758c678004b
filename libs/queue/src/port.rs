//! The port: what every queue does. The contract suite in `tests/it` runs against each adapter.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use lectern_core::Timestamp;
use lectern_core::id::{Service, StepId};
use lectern_runtime::names::messaging;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::dead_letter::{DeadLetter, DeadLetterPage};
use crate::error::QueueError;

/// A command or an event on its way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// An encoded `lectern.work.v1.Command` or `Event`; opaque to the queue. At most 64 KiB.
    pub payload: Bytes,
    /// The W3C `traceparent` of the trace that it belongs to.
    pub traceparent: Option<String>,
}

impl Message {
    /// A message that belongs to no trace.
    #[must_use]
    pub fn new(payload: impl Into<Bytes>) -> Self {
        Self { payload: payload.into(), traceparent: None }
    }

    /// The same message as part of a trace.
    #[must_use]
    pub fn traced(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }
}

/// What became of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is in the queue.
    Queued,
    /// A command of this step waits, is in flight or is delayed already: nothing was added, nothing
    /// needs to be.
    AlreadyWaiting,
}

/// Answers to one delivery. Each may be called more than once; an answer to a message that is gone
/// does nothing.
#[async_trait]
pub trait Acknowledge: Send + Sync + Debug {
    /// Done with: the message is removed. Returns once the broker has confirmed it. That of an
    /// event is only sent and may be lost, after which the event comes again.
    async fn ack(&self) -> Result<(), QueueError>;

    /// Not now: it is delivered again after `delay`.
    async fn nak(&self, delay: Duration) -> Result<(), QueueError>;

    /// Still at it: the ack-wait starts anew. Answers within 1 s, whether it could be told or not.
    async fn progress(&self) -> Result<(), QueueError>;

    /// Never again: the message is removed without having been done. Copy it to the dead letters
    /// first (I7).
    async fn term(&self) -> Result<(), QueueError>;
}

/// One delivered command.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The step, as its subject says: no look inside the message is needed.
    pub step: StepId,
    /// The command.
    pub message: Message,
    /// How often it was delivered, this time included; from 1. A hint: the step's record counts
    /// what matters.
    pub deliveries: u64,
    /// When the queue stored it, by the queue's own clock; none where it does not say so, as a
    /// [`crate::MemoryQueue`] without a clock.
    pub queued: Option<Timestamp>,
    /// Answers to it.
    pub ack: Arc<dyn Acknowledge>,
}

/// One delivered event. It may come again after its ack, so what is made of it must bear that.
#[derive(Debug, Clone)]
pub struct EventDelivery {
    /// Whose news: `document`, `script` or `recording`.
    pub noun: String,
    /// The narration's id.
    pub id: String,
    /// The event.
    pub message: Message,
    /// Answers to it.
    pub ack: Arc<dyn Acknowledge>,
}

/// Lossy news, as it comes.
pub type Hints = BoxStream<'static, Bytes>;

/// Hears the hints of a topic, one after the other, without end; after `again` anew when the queue
/// no longer gives them. What is sent meanwhile is lost.
pub async fn hear<F>(queue: &dyn Queue, topic: &str, again: Duration, mut heard: impl FnMut(Bytes) -> F + Send)
where
    F: Future<Output = ()> + Send,
{
    loop {
        match queue.hints(topic).await {
            Ok(mut hints) => {
                while let Some(hint) = hints.next().await {
                    heard(hint).await;
                }
            }
            Err(error) => warn!(topic, %error, "hints cannot be heard, what they tell of is seen a little later"),
        }
        tokio::time::sleep(again).await;
    }
}

/// Runs `take`, a [`Queue::pull`] or [`Queue::events`] of `queue`, to its end; or only until `stop`
/// where the queue may be left while it waits, and none then.
pub async fn until<T>(queue: &dyn Queue, stop: &CancellationToken, take: impl Future<Output = T> + Send) -> Option<T> {
    if queue.may_be_left() { stop.run_until_cancelled(take).await } else { Some(take.await) }
}

/// Carries commands, events, hints and dead letters.
///
/// Delivery is at least once and in no promised order; acknowledged messages can be lost. Nothing
/// here may be the only record of anything. Every call ends by itself within seconds of what it is
/// told to wait, also where the server is away.
#[async_trait]
pub trait Queue: Send + Sync + Debug {
    /// Queues a command under its step's subject. Returns once it is stored.
    ///
    /// # Errors
    /// [`QueueError::Full`] when the service's stream is at its bound; a stream with several copies
    /// says so then also of a command that waits already (nats-server 2.15).
    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError>;

    /// Takes up to `most` commands of `service` (at least one), waiting up to `wait` for the first:
    /// as soon as one has come it gives what else is there, and does not wait for more. Empty when
    /// none came. Streams and consumers that were lost are made again.
    ///
    /// Let it run to its end, or call it through [`until`]: commands that were on their way to a
    /// dropped call come again only after the ack-wait, and so do those of which the answer is
    /// thrown away.
    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Removes the command of a step, waiting or in flight; does nothing when there is none.
    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError>;

    /// Publishes an event under `events.<noun>.<id>`. Returns once it is stored.
    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError>;

    /// Takes up to `max` events for `group` as [`Queue::pull`] takes commands: waiting up to `wait`
    /// for the first, and for no other; empty when none came.
    ///
    /// Members of a group share its events, and every group gets all of them. A group that is new,
    /// or was lost, starts with those of the last seconds ([`ConnectOptions::events_again`]), or
    /// with the oldest that is kept. Let it run to its end, or call it through [`until`].
    ///
    /// [`ConnectOptions::events_again`]: crate::ConnectOptions::events_again
    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError>;

    /// Whether a call of [`Queue::pull`] or [`Queue::events`] that waits may be dropped: nothing
    /// can be on its way to it. Not so where messages come over a network.
    fn may_be_left(&self) -> bool {
        false
    }

    /// Tells whoever listens right now; may be lost. Never waits: a hint that cannot be sent at
    /// once is dropped, and the answer is an error. `topic` is words of letters, digits, `-` and
    /// `_` joined by dots; a later word may be an id, so that it reaches only those who want it.
    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError>;

    /// Listens to a topic from now on, until the stream is dropped. A slow listener loses hints.
    async fn hints(&self, topic: &str) -> Result<Hints, QueueError>;

    /// Stores a dead letter, in place of an earlier one of the same step. Returns once it is
    /// stored.
    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError>;

    /// Lists dead letters, of one service or all, oldest first: up to `limit` from `from` on (0, or
    /// a page's `next`).
    async fn dead_letters(
        &self,
        service: Option<Service>,
        from: u64,
        limit: usize,
    ) -> Result<DeadLetterPage, QueueError>;

    /// The dead letter of a step.
    async fn dead_letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError>;

    /// Deletes the dead letter of a step; does nothing when there is none.
    async fn discard(&self, step: &StepId) -> Result<(), QueueError>;

    /// What carries the messages, as spans and metrics name it
    /// ([`messaging::SYSTEM`](lectern_runtime::names::messaging::SYSTEM)).
    fn system(&self) -> &'static str {
        messaging::MEMORY
    }

    /// Asks whether the queue can be used now; for readiness.
    async fn ping(&self) -> Result<(), QueueError>;
}
