//! The one queue of a world, below all processes and defects: it tells the observer of commands and
//! of dead letters, and its consumers forget when they are told to.
//!
//! A consumer that is lost is made anew by the next call, as the real one is. That of a stage
//! delivers again what is in the stream, what is being worked on too, and counts from one; that of
//! the gateways begins with all events that are kept, or with those to come.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::{Service, StepId};
use lectern_queue::{
    Acknowledge, DeadLetter, Delivery, EventDelivery, MemoryQueue, Message, Published, Queue, QueueError,
};
use parking_lot::Mutex;

use crate::observer::Observer;
use crate::plan::Forgotten;

/// The gateways' group of the events.
const GATEWAYS: &str = "gateway";
/// Events taken at once from a consumer that forgets them.
const AT_ONCE: usize = 1_000;

/// Deliveries that are not answered for good, by their steps, as the queue below gave them.
type Held = Arc<Mutex<BTreeMap<StepId, Delivery>>>;

/// The queue, watched.
#[derive(Debug, Clone)]
pub struct WatchedQueue {
    observer: Arc<Observer>,
    inner: MemoryQueue,
    held: Held,
    again: Arc<Mutex<VecDeque<Delivery>>>,
    /// How often the events' consumer was made anew and given everything that is kept.
    made_anew: Arc<Mutex<u32>>,
}

impl WatchedQueue {
    /// The queue `inner`, told of to `observer`.
    pub fn new(observer: Arc<Observer>, inner: MemoryQueue) -> Self {
        Self { observer, inner, held: Arc::default(), again: Arc::default(), made_anew: Arc::default() }
    }

    /// A consumer is lost, and with it what it knew.
    pub async fn forget(&self, what: Forgotten) {
        match what {
            Forgotten::Work(service) => {
                let of_service = |delivery: &&Delivery| delivery.step.kind.service() == service;
                let held: Vec<Delivery> = self.held.lock().values().filter(of_service).cloned().collect();
                self.again.lock().extend(held.into_iter().map(|delivery| Delivery { deliveries: 1, ..delivery }));
            }
            Forgotten::Taken => *self.made_anew.lock() += 1,
            Forgotten::News => {
                let group = self.group(GATEWAYS);
                // What is delayed is not seen yet, and comes all the same.
                let waiting = self.inner.events(&group, AT_ONCE, Duration::ZERO).await.unwrap_or_default();
                for delivery in waiting {
                    drop(delivery.ack.ack().await);
                }
            }
        }
    }

    /// The name under which the group's events are taken now.
    fn group(&self, group: &str) -> String {
        match *self.made_anew.lock() {
            0 => group.to_owned(),
            times => format!("{group}-{times}"),
        }
    }

    /// Every stream is lost, and every consumer with them.
    pub fn wipe(&self) {
        self.inner.wipe();
        self.observer.wiped();
        self.held.lock().clear();
        self.again.lock().clear();
    }

    /// The next of what a consumer that was made anew delivers again. What is answered for good by
    /// now is not in the stream any more.
    fn next_again(&self, service: Service) -> Option<Delivery> {
        let mut again = self.again.lock();
        loop {
            let place = again.iter().position(|delivery| delivery.step.kind.service() == service)?;
            let delivery = again.remove(place)?;
            if self.held.lock().contains_key(&delivery.step) {
                return Some(delivery);
            }
        }
    }

    /// A delivery whose answer is heard here.
    fn given(&self, delivery: Delivery) -> Delivery {
        self.observer.given(&delivery.step);
        let ack = HeldAck {
            observer: Arc::clone(&self.observer),
            held: Arc::clone(&self.held),
            step: delivery.step.clone(),
            inner: Arc::clone(&delivery.ack),
        };
        Delivery { ack: Arc::new(ack), ..delivery }
    }
}

#[async_trait]
impl lectern_queue::Layer for WatchedQueue {
    fn below(&self) -> &dyn Queue {
        &self.inner
    }

    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        let published = self.inner.publish(step, message).await?;
        if published == Published::Queued {
            self.observer.queued(step);
        }
        Ok(published)
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let again = std::iter::from_fn(|| self.next_again(service));
        let again: Vec<Delivery> = again.take(most.max(1)).map(|delivery| self.given(delivery)).collect();
        if !again.is_empty() {
            return Ok(again);
        }
        let pulled = self.inner.pull(service, most, wait).await?;
        let taken = |delivery: Delivery| {
            self.held.lock().insert(delivery.step.clone(), delivery.clone());
            self.given(delivery)
        };
        Ok(pulled.into_iter().map(taken).collect())
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        self.held.lock().remove(step);
        self.observer.answered(step);
        self.inner.withdraw(step).await
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        self.observer.emitted(&message.payload);
        self.inner.emit(noun, id, message).await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        self.inner.events(&self.group(group), max, wait).await
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        let step = letter.step.clone();
        self.inner.bury(letter).await?;
        self.observer.buried(&step);
        Ok(())
    }
}

/// An answer that ends what is held.
#[derive(Debug)]
struct HeldAck {
    observer: Arc<Observer>,
    held: Held,
    step: StepId,
    inner: Arc<dyn Acknowledge>,
}

#[async_trait]
impl Acknowledge for HeldAck {
    async fn ack(&self) -> Result<(), QueueError> {
        self.held.lock().remove(&self.step);
        self.observer.answered(&self.step);
        self.inner.ack().await
    }

    async fn nak(&self, delay: Duration) -> Result<(), QueueError> {
        self.observer.handed_back(&self.step);
        self.inner.nak(delay).await
    }

    async fn progress(&self) -> Result<(), QueueError> {
        self.inner.progress().await
    }

    async fn term(&self) -> Result<(), QueueError> {
        self.held.lock().remove(&self.step);
        self.observer.answered(&self.step);
        self.inner.term().await
    }
}
