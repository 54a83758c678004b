//! The one queue of a world, below all processes and defects: it tells the observer of commands and
//! of dead letters, and its consumers forget when they are told to.
//!
//! A consumer that is lost is made anew by the next call, as the real one is. That of a stage
//! delivers again what is in the stream, what is being worked on too, and counts from one; that of
//! the gateways begins with all events that are kept, or with those to come.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::id::{Service, StepId};
use lectern_queue::{
    Acknowledge, DeadLetter, Delivery, EventDelivery, Hints, LetterPage, MemoryQueue, Message, Published, Queue,
    QueueError,
};

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
                let held: Vec<Delivery> = lock(&self.held).values().filter(of_service).cloned().collect();
                lock(&self.again).extend(held.into_iter().map(|delivery| Delivery { deliveries: 1, ..delivery }));
            }
            Forgotten::Taken => *lock(&self.made_anew) += 1,
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
        match *lock(&self.made_anew) {
            0 => group.to_owned(),
            times => format!("{group}-{times}"),
        }
    }

    /// Every stream is lost, and every consumer with them.
    pub fn wipe(&self) {
        self.inner.wipe();
        self.observer.wiped();
        lock(&self.held).clear();
        lock(&self.again).clear();
    }

    /// The next of what a consumer that was made anew delivers again. What is answered for good by
    /// now is not in the stream any more.
    fn next_again(&self, service: Service) -> Option<Delivery> {
        let mut again = lock(&self.again);
        loop {
            let place = again.iter().position(|delivery| delivery.step.kind.service() == service)?;
            let delivery = again.remove(place)?;
            if lock(&self.held).contains_key(&delivery.step) {
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
impl Queue for WatchedQueue {
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
            lock(&self.held).insert(delivery.step.clone(), delivery.clone());
            self.given(delivery)
        };
        Ok(pulled.into_iter().map(taken).collect())
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        lock(&self.held).remove(step);
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

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        self.inner.hint(topic, payload).await
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        self.inner.hints(topic).await
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        let step = letter.step.clone();
        self.inner.bury(letter).await?;
        self.observer.buried(&step);
        Ok(())
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
        lock(&self.held).remove(&self.step);
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
        lock(&self.held).remove(&self.step);
        self.observer.answered(&self.step);
        self.inner.term().await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}
