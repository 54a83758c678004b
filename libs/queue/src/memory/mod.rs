//! The queue of the embedded profile: everything in this process, nothing on disk.
//!
//! It keeps the semantics of the real one: one command per step, ack-wait and delayed redelivery,
//! bounds, groups of event readers. What is queued is lost at exit, by design: at start the gateway
//! publishes again whatever is granted. Time is tokio's, so tests can pause it; [`Faults`] make it
//! lose, repeat, reorder and delay, the same way for the same seed.

mod answer;
mod faults;
mod pool;
mod topics;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::{Service, StepId};
use lectern_core::{Clock, Random, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::answer::{Answer, Source};
use self::faults::Dice;
pub use self::faults::{FaultCounts, Faults};
use self::pool::{Pool, Taken};
use self::topics::Topics;
use crate::dead_letter::{DeadLetter, DeadLetterPage};
use crate::error::QueueError;
use crate::options::ConnectOptions;
use crate::port::{Acknowledge, Delivery, EventDelivery, Hints, Message, Published, Queue};
use crate::subject::Subjects;
use crate::topology::{EVENTS_KEPT_FOR, MAX_DEAD_LETTERS, MAX_EVENTS, MAX_MESSAGE_BYTES};

/// An in-process queue. Clones share everything.
#[derive(Debug, Clone)]
pub struct MemoryQueue {
    shared: Arc<Shared>,
    clock: Option<Arc<dyn Clock>>,
}

#[derive(Debug)]
struct Shared {
    options: ConnectOptions,
    subjects: Subjects,
    dice: Dice,
    state: Mutex<State>,
    topics: Arc<Topics>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    work: BTreeMap<Service, Pool<Command>>,
    waiting: BTreeSet<StepId>,
    log: VecDeque<(Instant, Event)>,
    groups: BTreeMap<String, Pool<Event>>,
    dead_letters: BTreeMap<u64, DeadLetter>,
    next_dead_letter: u64,
}

#[derive(Debug, Clone)]
struct Command {
    step: StepId,
    message: Message,
    queued: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Event {
    noun: String,
    id: String,
    message: Message,
}

impl MemoryQueue {
    /// An empty queue without faults.
    #[must_use]
    pub fn new(options: ConnectOptions) -> Self {
        Self::build(options, Dice::fair())
    }

    /// An empty queue that misbehaves as `faults` say, drawn from `random`.
    #[must_use]
    pub fn with_faults(options: ConnectOptions, faults: Faults, random: Arc<dyn Random>) -> Self {
        Self::build(options, Dice::new(faults, random))
    }

    fn build(options: ConnectOptions, dice: Dice) -> Self {
        let subjects = Subjects::new(&options.prefix);
        let (state, topics, changed) = (Mutex::default(), Arc::default(), Notify::new());
        Self { shared: Arc::new(Shared { options, subjects, dice, state, topics, changed }), clock: None }
    }

    /// The same queue with the time of day, which it then gives as the time at which a command was
    /// queued. Without, it has none: tokio's time, by which it delivers, is no time of day.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Stops all faults.
    pub fn heal(&self) {
        self.shared.dice.heal();
    }

    /// Loses every stream with its consumers, dead letters included, as when the server's storage
    /// is wiped.
    pub fn wipe(&self) {
        let mut state = self.shared.state.lock();
        // Numbers are not given twice: a late answer to a message that is lost must not meet
        // another message.
        let next_dead_letter = state.next_dead_letter;
        let work =
            std::mem::take(&mut state.work).into_iter().map(|(service, pool)| (service, pool.emptied())).collect();
        let groups =
            std::mem::take(&mut state.groups).into_iter().map(|(group, pool)| (group, pool.emptied())).collect();
        *state = State { next_dead_letter, work, groups, ..State::default() };
        drop(state);
        self.shared.changed.notify_waiters();
    }

    /// How many faults were injected so far.
    #[must_use]
    pub fn fault_counts(&self) -> FaultCounts {
        self.shared.dice.counts()
    }

    /// Commands of a service that wait, are in flight or are delayed.
    #[must_use]
    pub fn outstanding(&self, service: Service) -> usize {
        self.shared.state.lock().work.get(&service).map_or(0, Pool::len)
    }

    /// Runs `take` until it gives something or `wait` is over, waking when the queue changes or
    /// something becomes visible.
    async fn until<T>(&self, wait: Duration, mut take: impl FnMut(&mut State, Instant) -> Look<T>) -> Vec<Taken<T>> {
        let deadline = Instant::now() + wait;
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let now = Instant::now();
            let look = take(&mut self.shared.state.lock(), now);
            let next = match look {
                Look::Taken(taken) => return taken,
                Look::Nothing(_) if now >= deadline => return Vec::new(),
                Look::Nothing(next) => next.map_or(deadline, |next| next.min(deadline)),
            };
            tokio::select! {
                biased;
                () = changed => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    fn answer(&self, source: Source, sequence: u64) -> Arc<dyn Acknowledge> {
        Arc::new(Answer { shared: Arc::clone(&self.shared), source, sequence })
    }
}

enum Look<T> {
    Taken(Vec<Taken<T>>),
    /// Nothing visible; the next moment at which something will be.
    Nothing(Option<Instant>),
}

impl Shared {
    /// Takes up to `most` of what is visible.
    fn look<T: Clone>(&self, pool: &mut Pool<T>, most: usize, now: Instant) -> Look<T> {
        let mut all = Vec::new();
        while all.len() < most.max(1)
            && let Some(taken) = pool.take(now, self.options.ack_wait, &self.dice)
        {
            all.push(taken);
        }
        if all.is_empty() { Look::Nothing(pool.next_visible()) } else { Look::Taken(all) }
    }
}

impl Shared {}

impl State {
    fn forget_old_events(&mut self, now: Instant) {
        while self.log.len() > MAX_EVENTS
            || self.log.front().is_some_and(|(at, _)| now.duration_since(*at) >= EVENTS_KEPT_FOR)
        {
            self.log.pop_front();
        }
        for group in self.groups.values_mut() {
            group.forget(now, EVENTS_KEPT_FOR, MAX_EVENTS);
        }
    }

    fn group(&mut self, name: &str) -> &mut Pool<Event> {
        let log = &self.log;
        self.groups.entry(name.to_owned()).or_insert_with(|| {
            let mut pool = Pool::default();
            for (at, event) in log {
                pool.push(event.clone(), *at);
            }
            pool
        })
    }

    fn find_dead_letter(&self, step: &StepId) -> Option<u64> {
        self.dead_letters.iter().find_map(|(sequence, letter)| (letter.step == *step).then_some(*sequence))
    }
}

fn check_size(message: &Message) -> Result<(), QueueError> {
    let bytes = message.payload.len();
    if bytes > MAX_MESSAGE_BYTES { Err(QueueError::TooLarge { bytes }) } else { Ok(()) }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        check_size(&message)?;
        let service = step.kind.service();
        {
            let mut state = self.shared.state.lock();
            if state.waiting.contains(step) {
                return Ok(Published::AlreadyWaiting);
            }
            let pool = state.work.entry(service).or_default();
            if pool.len() >= self.shared.options.max_waiting as usize {
                return Err(QueueError::Full { stream: self.shared.subjects.work_stream(service) });
            }
            if self.shared.dice.loses() {
                return Ok(Published::Queued);
            }
            let queued = self.clock.as_ref().map(|clock| clock.now());
            let command = Command { step: step.clone(), message, queued };
            pool.push(command, Instant::now() + self.shared.dice.delay());
            state.waiting.insert(step.clone());
        }
        self.shared.changed.notify_waiters();
        Ok(Published::Queued)
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let look = |state: &mut State, now| self.shared.look(state.work.entry(service).or_default(), most, now);
        let given = |Taken { sequence, item: Command { step, message, queued }, deliveries }| Delivery {
            ack: self.answer(Source::Work(service, step.clone()), sequence),
            step,
            message,
            deliveries,
            queued,
        };
        Ok(self.until(wait, look).await.into_iter().map(given).collect())
    }

    async fn withdraw(&self, step: &StepId) -> Result<(), QueueError> {
        let mut state = self.shared.state.lock();
        if state.waiting.remove(step)
            && let Some(pool) = state.work.get_mut(&step.kind.service())
        {
            pool.remove_where(|command| command.step == *step);
        }
        Ok(())
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        check_size(&message)?;
        if self.shared.dice.loses() {
            return Ok(());
        }
        let event = Event { noun: noun.to_owned(), id: id.to_owned(), message };
        {
            let mut state = self.shared.state.lock();
            let now = Instant::now();
            let visible = now + self.shared.dice.delay();
            for group in state.groups.values_mut() {
                group.push(event.clone(), visible);
            }
            state.log.push_back((now, event));
            state.forget_old_events(now);
        }
        self.shared.changed.notify_waiters();
        Ok(())
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        let look = |state: &mut State, now| {
            state.forget_old_events(now);
            self.shared.look(state.group(group), max, now)
        };
        let given = |Taken { sequence, item: Event { noun, id, message }, .. }| EventDelivery {
            noun,
            id,
            message,
            ack: self.answer(Source::Events(group.to_owned()), sequence),
        };
        Ok(self.until(wait, look).await.into_iter().map(given).collect())
    }

    /// A message is taken in the same poll that gives it.
    fn may_be_left(&self) -> bool {
        true
    }

    async fn hint(&self, topic: &str, payload: Bytes) -> Result<(), QueueError> {
        if self.shared.dice.loses() {
            return Ok(());
        }
        self.shared.topics.tell(topic, payload);
        Ok(())
    }

    async fn hints(&self, topic: &str) -> Result<Hints, QueueError> {
        Ok(self.shared.topics.listen(topic).boxed())
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        let mut state = self.shared.state.lock();
        if let Some(earlier) = state.find_dead_letter(&letter.step) {
            state.dead_letters.remove(&earlier);
        }
        state.next_dead_letter += 1;
        let sequence = state.next_dead_letter;
        state.dead_letters.insert(sequence, letter);
        while state.dead_letters.len() > MAX_DEAD_LETTERS {
            state.dead_letters.pop_first();
        }
        Ok(())
    }

    async fn dead_letters(
        &self,
        service: Option<Service>,
        from: u64,
        limit: usize,
    ) -> Result<DeadLetterPage, QueueError> {
        let state = self.shared.state.lock();
        let mut matching = state
            .dead_letters
            .range(from..)
            .filter(|(_, letter)| service.is_none_or(|service| letter.step.kind.service() == service));
        let letters = matching.by_ref().take(limit).map(|(_, letter)| letter.clone()).collect();
        Ok(DeadLetterPage { dead_letters: letters, next: matching.next().map(|(sequence, _)| *sequence) })
    }

    async fn dead_letter(&self, step: &StepId) -> Result<Option<DeadLetter>, QueueError> {
        let state = self.shared.state.lock();
        Ok(state.find_dead_letter(step).and_then(|sequence| state.dead_letters.get(&sequence)).cloned())
    }

    async fn discard(&self, step: &StepId) -> Result<(), QueueError> {
        let mut state = self.shared.state.lock();
        if let Some(sequence) = state.find_dead_letter(step) {
            state.dead_letters.remove(&sequence);
        }
        Ok(())
    }

    async fn ping(&self) -> Result<(), QueueError> {
        Ok(())
    }
}
