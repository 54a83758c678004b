//! The worker on the memory queue and the memory store, on paused time: what its tests share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Random, Timestamp};
use lectern_queue::{ConnectOptions, MemoryQueue, Message, Published, Queue};
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::steps::{StepRecord, StepState, Steps, StepsOptions};

mod attempts;
mod budget;
mod cancels;
mod consumer;
mod faults;
mod leases;
mod links;
mod operator;
mod outage;
mod pins;
mod stops;
mod trouble;
mod unwritten;

/// Tokio's time, so that leases and timers go together.
#[derive(Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000).plus(self.0.elapsed())
    }
}

/// What a scripted handler does in one attempt.
#[derive(Debug, Clone)]
enum Act {
    /// Ends well after a time.
    Work(Duration),
    /// Fails.
    Fail(Failure),
    /// Panics.
    Panic,
    /// Takes very long and heeds no cancellation.
    Hang,
    /// Takes very long and ends when cancelled.
    Heed,
    /// Pays, which takes a time.
    Pay(Duration),
}

/// Does what a script says, then [`Act::Work`] for 1 ms; notes what it did.
#[derive(Debug, Default)]
struct Scripted {
    acts: Mutex<HashMap<StepId, Vec<Act>>>,
    log: Mutex<Vec<Task>>,
    at_once: Mutex<(usize, usize)>,
    with_alone: Mutex<usize>,
    /// Until when every engine is out of order.
    away: Mutex<Option<Instant>>,
    /// The command that is pinned to a version which it does not have.
    lacks: Option<&'static str>,
    /// The steps that were paid for.
    paid: Mutex<Vec<StepId>>,
}

struct Inside<'a>(&'a Scripted);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.at_once.lock().0 -= 1;
    }
}

impl Scripted {
    fn attempts(&self, step: &StepId) -> usize {
        self.log.lock().iter().filter(|task| task.step == *step).count()
    }
}

#[async_trait]
impl Handler for Scripted {
    fn service(&self) -> Service {
        Service::Ai
    }

    fn read(&self, command: &Bytes) -> Reading {
        match &command[..] {
            b"newer" => Reading::Newer,
            b"garbage" => Reading::Unreadable("cannot be decoded".to_owned()),
            b"explosive" => panic!("scripted"),
            command => {
                let engine = command.strip_prefix(b"engine ").map(|name| String::from_utf8_lossy(name).into_owned());
                Reading::For { tenant: "t".parse().unwrap(), engine }
            }
        }
    }

    async fn handle(&self, task: &Task, command: Bytes) -> Result<Done, Failure> {
        if self.lacks.is_some_and(|lacks| lacks.as_bytes() == command) {
            return Err(Failure::new(Kind::FailedPrecondition, Reason::PinUnavailable, "pinned to another version"));
        }
        self.log.lock().push(task.clone());
        let now = {
            let mut at_once = self.at_once.lock();
            at_once.0 += 1;
            at_once.1 = at_once.1.max(at_once.0);
            at_once.0
        };
        let _inside = Inside(self);
        if task.crashes > 0 {
            let mut with_alone = self.with_alone.lock();
            *with_alone = (*with_alone).max(now);
        }
        let away = *self.away.lock();
        if command.starts_with(b"engine ") && away.is_some_and(|until| Instant::now() < until) {
            return Err(Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "the provider is away"));
        }
        let act = {
            let mut acts = self.acts.lock();
            let acts = acts.entry(task.step.clone()).or_default();
            if acts.is_empty() { Act::Work(Duration::from_millis(1)) } else { acts.remove(0) }
        };
        match act {
            Act::Work(time) => sleep(time).await,
            Act::Pay(time) => {
                task.before_payment().await?;
                self.paid.lock().push(task.step.clone());
                sleep(time).await;
            }
            Act::Fail(failure) => return Err(failure),
            Act::Panic => panic!("scripted"),
            Act::Hang => sleep(Duration::from_secs(100_000)).await,
            Act::Heed => {
                task.cancel.cancelled().await;
                return Err(Failure::new(Kind::Cancelled, Reason::Cancelled, "stopped"));
            }
        }
        Ok(Done { event: format!("done {}", String::from_utf8_lossy(&command)).into() })
    }

    fn failed(&self, _: &StepId, _: &Bytes, failure: &Failure) -> Bytes {
        format!("failed {}", failure.reason).into()
    }
}

struct World {
    queue: MemoryQueue,
    store: Arc<MemoryStore>,
    steps: Steps,
    clock: Arc<dyn Clock>,
    handler: Arc<Scripted>,
    /// Processes so far, each of which draws numbers of its own.
    started: AtomicU64,
    /// Requests for commands so far.
    pulls: Arc<AtomicU64>,
}

/// A running worker: dropped, it is as if its process had been killed.
struct Process {
    shutdown: CancellationToken,
    stats: Arc<WorkerStats>,
    engines: watch::Receiver<Engines>,
    run: AbortOnDropHandle<()>,
}

impl World {
    async fn new() -> Self {
        Self::over(MemoryQueue::new(ConnectOptions::default())).await
    }

    async fn over(queue: MemoryQueue) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        Self::with(queue, clock, store).await
    }

    async fn with(queue: MemoryQueue, clock: Arc<dyn Clock>, store: Arc<MemoryStore>) -> Self {
        let steps = Steps::new(Arc::clone(&store) as _, Arc::clone(&clock), StepsOptions::new("boot"));
        steps.ensure().await.unwrap();
        let queue = queue.with_clock(Arc::clone(&clock));
        Self { queue, store, steps, clock, handler: Arc::default(), started: AtomicU64::new(0), pulls: Arc::default() }
    }

    fn script(&self, step: &StepId, acts: impl IntoIterator<Item = Act>) {
        self.handler.acts.lock().insert(step.clone(), acts.into_iter().collect());
    }

    async fn publish(&self, step: &StepId) -> Published {
        self.queue.publish(step, Message::new(step.to_string())).await.unwrap()
    }

    fn start(&self) -> Process {
        self.start_with(WorkerOptions::default())
    }

    async fn publish_as(&self, step: &StepId, command: &str) {
        self.queue.publish(step, Message::new(command.to_owned())).await.unwrap();
    }

    fn start_with(&self, options: WorkerOptions) -> Process {
        self.start_over(Arc::new(links::Mute::to(self)), self.steps.clone(), Arc::clone(&self.handler), options)
    }

    fn start_over(
        &self,
        queue: Arc<dyn Queue>,
        steps: Steps,
        handler: Arc<Scripted>,
        options: WorkerOptions,
    ) -> Process {
        let started = self.started.fetch_add(1, Ordering::Relaxed);
        let random = Arc::new(SeededRandom::new(self.clock.now().millis() + started));
        let worker = Worker::new(queue, steps, handler, Arc::clone(&self.clock), random, options);
        let (shutdown, stats, engines) = (CancellationToken::new(), worker.stats(), worker.engines());
        let run: JoinHandle<()> = tokio::spawn(worker.run(shutdown.clone()));
        Process { shutdown, stats, engines, run: AbortOnDropHandle::new(run) }
    }

    /// The events so far, each once, in order; acknowledged.
    async fn events(&self) -> Vec<String> {
        let mut all = Vec::new();
        for event in self.queue.events("test", 1000, Duration::ZERO).await.unwrap() {
            event.ack.ack().await.unwrap();
            all.push(String::from_utf8_lossy(&event.message.payload).into_owned());
        }
        all
    }

    fn waiting(&self) -> usize {
        self.queue.outstanding(Service::Ai)
    }

    /// Fences of one step's attempts that began with a claim, which must grow strictly (I3).
    fn fences(&self, step: &StepId) -> Vec<u64> {
        let log = self.handler.log.lock();
        let claimed = log.iter().filter(|task| task.step == *step && task.fence > 0);
        let fences: Vec<_> = claimed.map(|task| task.fence).collect();
        assert!(fences.is_sorted_by(|a, b| a < b), "I3: {fences:?}");
        fences
    }

    async fn record(&self, step: &StepId) -> StepRecord {
        self.steps.get(step).await.unwrap().unwrap()
    }

    async fn ended(&self, step: &StepId) -> bool {
        matches!(self.record(step).await.state, StepState::Ended { .. })
    }

    /// Whether nobody has begun a step, as far as its record says.
    async fn untouched(&self, step: &StepId) -> bool {
        let record = self.steps.get(step).await.unwrap();
        record.is_none_or(|record| {
            matches!(record.state, StepState::Free { .. })
                && (record.fence, record.attempts, record.crashes) == (0, 0, 0)
        })
    }
}

/// Every step is claimed before it begins.
fn claiming_first() -> WorkerOptions {
    WorkerOptions { lease_after: Duration::ZERO, ..WorkerOptions::default() }
}

fn step(text: &str) -> StepId {
    text.parse().unwrap()
}

fn unavailable() -> Failure {
    Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "the engine is away")
}

const SECOND: Duration = Duration::from_secs(1);
