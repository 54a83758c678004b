//! Queues that do not keep their promise.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::{Service, StepId};
use lectern_proto::work::v1::{Event, event::Outcome};
use lectern_queue::{Acknowledge, DeadLetter, Delivery, EventDelivery, Hints, Message, Published, Queue, QueueError};
use lectern_work::{CAPACITY, Capacity};
use parking_lot::Mutex;
use prost::Message as _;

use super::Mutant;

/// The topic on which gateways announce themselves.
const GATEWAYS: &str = "dispatchers";
/// What the topics begin with on which a gateway is told of changes.
const TO_OWNERS: &str = "dispatch.";

type Events = Arc<Mutex<Vec<(String, String, Message)>>>;

/// A queue with a defect.
#[derive(Debug)]
pub struct Defective {
    mutant: Mutant,
    /// What was ever issued, by any process.
    issued: Arc<Mutex<BTreeSet<StepId>>>,
    inner: Arc<dyn Queue>,
    events: Events,
    letters: Mutex<Vec<DeadLetter>>,
}

impl Defective {
    /// The queue `inner` with the defect `mutant`.
    pub fn new(mutant: Mutant, issued: Arc<Mutex<BTreeSet<StepId>>>, inner: Arc<dyn Queue>) -> Self {
        Self { mutant, issued, inner, events: Arc::default(), letters: Mutex::default() }
    }
}

impl Defective {
    /// Makes a failure one of the latest run that was ever issued of its narration.
    fn renew(&self, message: &mut Message) {
        let Ok(event) = Event::decode(message.payload.clone()) else { return };
        let (Some(Outcome::Failed(_)), Ok(step)) = (&event.outcome, event.step.parse::<StepId>()) else { return };
        let issued = self.issued.lock();
        let latest = issued.iter().filter(|other| other.narration == step.narration).map(|other| other.run).max();
        drop(issued);
        if let Some(run) = latest.filter(|run| *run > step.run) {
            message.payload = Event { step: StepId { run, ..step }.to_string(), ..event }.encode_to_vec().into();
        }
    }
}

#[async_trait]
impl lectern_queue::Layer for Defective {
    fn below(&self) -> &dyn Queue {
        &*self.inner
    }

    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        let again = !self.issued.lock().insert(step.clone());
        if again && self.mutant == Mutant::AckBeforePublish {
            return Ok(Published::AlreadyWaiting);
        }
        self.inner.publish(step, message).await
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let letters = std::mem::take(&mut *self.letters.lock());
        for letter in letters {
            self.inner.bury(letter).await?;
        }
        let pulled = self.inner.pull(service, most, wait).await?;
        let given = |delivery: Delivery| Delivery {
            deliveries: if self.mutant == Mutant::RedeliveryForgotten { 1 } else { delivery.deliveries },
            ack: Arc::new(Late {
                queue: Arc::clone(&self.inner),
                events: Arc::clone(&self.events),
                acks: self.mutant != Mutant::AckForgotten,
                inner: delivery.ack,
            }),
            ..delivery
        };
        Ok(pulled.into_iter().map(given).collect())
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        if self.mutant == Mutant::AckBeforePublish {
            let event = (noun.to_owned(), id.to_owned(), message);
            self.events.lock().push(event);
            return Ok(());
        }
        self.inner.emit(noun, id, message).await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        let mut taken = self.inner.events(group, max, wait).await?;
        if self.mutant == Mutant::RunNotLookedAt {
            taken.iter_mut().for_each(|delivery| self.renew(&mut delivery.message));
        }
        Ok(taken)
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        let untold = matches!(self.mutant, Mutant::OwnersNotTold | Mutant::GrantNeverReleased);
        if untold && topic.starts_with(TO_OWNERS) {
            return Ok(());
        }
        self.inner.hint(topic, payload).await
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        let heard = self.inner.hints(topic).await?;
        Ok(match (self.mutant, topic) {
            (Mutant::OthersNotHeard, GATEWAYS) => futures::stream::pending().boxed(),
            (Mutant::WorkersCountedTwice, CAPACITY) => heard.map(|hint| doubled(&hint)).boxed(),
            _ => heard,
        })
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        if self.mutant == Mutant::LetterAfterTerm {
            self.letters.lock().push(letter);
            return Ok(());
        }
        self.inner.bury(letter).await
    }
}

/// An announcement of a worker that takes twice as much.
fn doubled(hint: &Bytes) -> Bytes {
    match Capacity::parse(hint) {
        Some(capacity) => Capacity { permits: 2 * capacity.permits, ..capacity }.encode(),
        None => hint.clone(),
    }
}

/// Sends the events that were held back once a delivery is acknowledged.
#[derive(Debug)]
struct Late {
    queue: Arc<dyn Queue>,
    events: Events,
    /// Whether it acknowledges at all.
    acks: bool,
    inner: Arc<dyn Acknowledge>,
}

impl Late {
    async fn send(&self) -> Result<(), QueueError> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let events = std::mem::take(&mut *self.events.lock());
        for (noun, id, message) in events {
            self.queue.emit(&noun, &id, message).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Acknowledge for Late {
    async fn ack(&self) -> Result<(), QueueError> {
        if self.acks {
            self.inner.ack().await?;
        }
        self.send().await
    }

    async fn nak(&self, delay: Duration) -> Result<(), QueueError> {
        self.inner.nak(delay).await
    }

    async fn progress(&self) -> Result<(), QueueError> {
        self.inner.progress().await
    }

    async fn term(&self) -> Result<(), QueueError> {
        self.inner.term().await?;
        self.send().await
    }
}
