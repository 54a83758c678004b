//! The worker on the memory queue and the memory store, on paused time.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use lectern_core::random::SeededRandom;
use lectern_core::{Kind, Reason, Timestamp};
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use lectern_store::steps::{Claim, StepState, StepsOptions};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::*;
use crate::memory::{Faults, MemoryQueue};
use crate::options::ConnectOptions;
use crate::port::{Message, Published};

mod links;
mod outage;
mod pins;
mod trouble;

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
}

struct Inside<'a>(&'a Scripted);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.at_once.lock().unwrap().0 -= 1;
    }
}

impl Scripted {
    fn attempts(&self, step: &StepId) -> usize {
        self.log.lock().unwrap().iter().filter(|task| task.step == *step).count()
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
        self.log.lock().unwrap().push(task.clone());
        let now = {
            let mut at_once = self.at_once.lock().unwrap();
            at_once.0 += 1;
            at_once.1 = at_once.1.max(at_once.0);
            at_once.0
        };
        let _inside = Inside(self);
        if task.crashes > 0 {
            let mut with_alone = self.with_alone.lock().unwrap();
            *with_alone = (*with_alone).max(now);
        }
        let away = *self.away.lock().unwrap();
        if command.starts_with(b"engine ") && away.is_some_and(|until| Instant::now() < until) {
            return Err(Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "the provider is away"));
        }
        let act = {
            let mut acts = self.acts.lock().unwrap();
            let acts = acts.entry(task.step.clone()).or_default();
            if acts.is_empty() { Act::Work(Duration::from_millis(1)) } else { acts.remove(0) }
        };
        match act {
            Act::Work(time) => sleep(time).await,
            Act::Fail(failure) => return Err(failure),
            Act::Panic => panic!("scripted"),
            Act::Hang => sleep(Duration::from_secs(100_000)).await,
            Act::Heed => {
                task.cancel.cancelled().await;
                return Err(Failure::new(Kind::Cancelled, Reason::Cancelled, "stopped"));
            }
        }
        Ok(Done { event: format!("done {}", String::from_utf8_lossy(&command)).into(), result: None })
    }

    fn failed(&self, _: &StepId, _: &Bytes, failure: &Failure) -> Bytes {
        format!("failed {}", failure.reason).into()
    }

    fn event_subject(&self, step: &StepId) -> (&'static str, String) {
        ("script", step.narration.to_string())
    }
}

struct World {
    queue: MemoryQueue,
    steps: Steps,
    clock: Arc<dyn Clock>,
    handler: Arc<Scripted>,
    /// Processes so far, each of which draws numbers of its own.
    started: AtomicU64,
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

    async fn with(queue: MemoryQueue, clock: Arc<dyn Clock>, store: Arc<dyn Store>) -> Self {
        let steps = Steps::new(store, Arc::clone(&clock), StepsOptions::new("boot"));
        steps.ensure().await.unwrap();
        Self { queue, steps, clock, handler: Arc::default(), started: AtomicU64::new(0) }
    }

    fn script(&self, step: &StepId, acts: impl IntoIterator<Item = Act>) {
        self.handler.acts.lock().unwrap().insert(step.clone(), acts.into_iter().collect());
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
        self.start_over(Arc::new(self.queue.clone()), self.steps.clone(), Arc::clone(&self.handler), options)
    }

    fn start_over(
        &self,
        queue: Arc<dyn Queue>,
        steps: Steps,
        handler: Arc<Scripted>,
        options: WorkerOptions,
    ) -> Process {
        let started = self.started.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
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

    /// Fences of one step's attempts, which must grow strictly (I3).
    fn fences(&self, step: &StepId) -> Vec<u64> {
        let log = self.handler.log.lock().unwrap();
        let fences: Vec<_> = log.iter().filter(|task| task.step == *step).map(|task| task.fence).collect();
        assert!(fences.is_sorted_by(|a, b| a < b), "I3: {fences:?}");
        fences
    }

    async fn ended(&self, step: &StepId) -> bool {
        matches!(self.steps.get(step).await.unwrap().unwrap().state, StepState::Ended { .. })
    }
}

fn step(text: &str) -> StepId {
    text.parse().unwrap()
}

fn unavailable() -> Failure {
    Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "the engine is away")
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_step_is_done_once_and_its_event_is_out() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.publish(&plan).await;
    let process = world.start();
    sleep(SECOND).await;
    assert_eq!(world.events().await, ["done n/1/plan/0"]);
    assert_eq!((world.waiting(), process.stats.ended(Outcome::Done)), (0, 1));

    // The command comes again: the event too, the work not (I2).
    world.publish(&plan).await;
    sleep(SECOND).await;
    assert_eq!(world.events().await, ["done n/1/plan/0"]);
    assert_eq!((world.handler.attempts(&plan), process.stats.ended(Outcome::Repeated)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn work_longer_than_the_lease_keeps_it() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Work(90 * SECOND)]);
    world.publish(&plan).await;
    let (_one, _two) = (world.start(), world.start());
    sleep(100 * SECOND).await;
    assert_eq!((world.handler.attempts(&plan), world.waiting()), (1, 0));
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_process_takes_over_after_a_crash() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Hang]);
    world.publish(&plan).await;
    let killed = world.start();
    sleep(SECOND).await;
    drop(killed);
    let _other = world.start();
    sleep(60 * SECOND).await;
    assert_eq!(world.fences(&plan), [1, 2]);
    assert_eq!(world.events().await, ["done n/1/plan/0"]);
    let record = world.steps.get(&plan).await.unwrap().unwrap();
    assert_eq!((record.attempts, record.crashes, world.waiting()), (0, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_keeps_crashing_dies_and_healthy_ones_beside_it_do_not() {
    let world = World::new().await;
    let poison = step("n/1/write/0");
    let healthy: Vec<_> = (1..4).map(|index| step(&format!("n/1/write/{index}"))).collect();
    world.script(&poison, std::iter::repeat_n(Act::Hang, 10));
    for healthy in &healthy {
        // At work when the first crash comes.
        world.script(healthy, [Act::Hang]);
        world.publish(healthy).await;
    }
    world.publish(&poison).await;
    let mut process = world.start();
    let mut crashes = 0;
    for _ in 0..600 {
        sleep(SECOND).await;
        // The process dies whenever the poison is at work.
        if world.handler.attempts(&poison) > crashes {
            crashes += 1;
            drop(process);
            process = world.start();
        }
    }
    assert!(world.ended(&poison).await);
    assert_eq!((crashes, world.fences(&poison).len()), (4, 4), "once among others, three times alone");
    assert_eq!(*world.handler.with_alone.lock().unwrap(), 1, "alone is alone");
    for healthy in &healthy {
        assert!(world.ended(healthy).await, "{healthy}");
        assert_eq!(world.handler.attempts(healthy), 2);
    }
    let mut events = world.events().await;
    events.sort();
    assert_eq!(events, ["done n/1/write/1", "done n/1/write/2", "done n/1/write/3", "failed STEP_CRASHED"]);
    let letter = world.queue.letter(&poison).await.unwrap().expect("I7");
    assert_eq!(
        (letter.crashes, letter.failure.reason, &letter.command[..]),
        (4, Reason::StepCrashed, &b"n/1/write/0"[..])
    );
    assert_eq!(world.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_with_backoff_and_then_fail_for_good() {
    let world = World::new().await;
    let (flaky, hopeless) = (step("n/1/write/0"), step("n/1/write/1"));
    world.script(&flaky, [Act::Fail(unavailable()), Act::Panic]);
    world.script(&hopeless, std::iter::repeat_n(Act::Fail(unavailable()), 10));
    world.publish(&flaky).await;
    world.publish(&hopeless).await;
    let process = world.start();
    sleep(120 * SECOND).await;
    assert_eq!((world.fences(&flaky).len(), world.fences(&hopeless).len()), (3, 5));
    let mut events = world.events().await;
    events.sort();
    assert_eq!(events, ["done n/1/write/0", "failed ATTEMPTS_EXHAUSTED"]);
    assert_eq!(process.stats.ended(Outcome::Retried), 6);
    let record = world.steps.get(&flaky).await.unwrap().unwrap();
    assert_eq!((record.attempts, record.crashes), (2, 0), "a panic is an attempt, not a crash");
    let letter = world.queue.letter(&hopeless).await.unwrap().expect("I7");
    assert_eq!((letter.attempts, letter.crashes), (5, 0));
    assert!(letter.failure.message.contains("the engine is away"), "{}", letter.failure);
    assert_eq!(world.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_succeed_fails_at_once_with_its_own_reason() {
    let world = World::new().await;
    let extract = step("n/1/plan/0");
    world.script(&extract, [Act::Fail(Failure::new(Kind::InvalidArgument, Reason::NoTextLayer, "pictures"))]);
    world.publish(&extract).await;
    let _process = world.start();
    sleep(SECOND).await;
    assert_eq!((world.handler.attempts(&extract), world.events().await), (1, vec!["failed NO_TEXT_LAYER".to_owned()]));
    assert!(world.queue.letter(&extract).await.unwrap().is_some(), "I7");

    // Its command comes again, with the letter discarded by accident.
    world.queue.discard(&extract).await.unwrap();
    world.publish(&extract).await;
    sleep(SECOND).await;
    assert_eq!((world.handler.attempts(&extract), world.waiting()), (1, 0));
    assert_eq!(world.events().await, ["failed NO_TEXT_LAYER"]);
    assert!(world.queue.letter(&extract).await.unwrap().is_some(), "I7 again");
}

#[tokio::test(start_paused = true)]
async fn delays_that_providers_ask_for_are_kept_and_long_ones_leave_the_queue() {
    let world = World::new().await;
    let (soon, late) = (step("n/1/write/0"), step("n/1/write/1"));
    world.script(&soon, [Act::Fail(unavailable().after(20 * SECOND))]);
    world.script(&late, [Act::Fail(unavailable().after(60 * SECOND))]);
    world.publish(&soon).await;
    world.publish(&late).await;
    let _process = world.start();
    sleep(15 * SECOND).await;
    assert_eq!((world.handler.attempts(&soon), world.waiting()), (1, 1), "one delayed, one back in the backlog");
    sleep(10 * SECOND).await;
    assert_eq!(world.events().await, ["done n/1/write/0"]);
    // The reconciler publishes it again, too early at first.
    world.publish(&late).await;
    sleep(SECOND).await;
    assert_eq!((world.handler.attempts(&late), world.waiting()), (1, 0));
    sleep(20 * SECOND).await;
    world.publish(&late).await;
    sleep(30 * SECOND).await;
    assert_eq!(world.events().await, ["done n/1/write/1"]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_lost_its_lease_discards_its_work() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Work(60 * SECOND), Act::Work(60 * SECOND)]);
    world.publish(&plan).await;
    // So slow a heartbeat that the lease runs out under it.
    let sleepy = world.start_with(WorkerOptions { heartbeat: 55 * SECOND, permits: 1, ..WorkerOptions::default() });
    sleep(SECOND).await;
    let _other = world.start();
    sleep(200 * SECOND).await;
    assert_eq!(world.fences(&plan), [1, 2]);
    assert_eq!(sleepy.stats.ended(Outcome::Lost), 1);
    assert_eq!((world.events().await, world.waiting()), (vec!["done n/1/plan/0".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_short_work_end_and_gives_long_work_back() {
    let world = World::new().await;
    let (short, long, heeding) = (step("n/1/write/0"), step("n/1/write/1"), step("n/1/write/2"));
    world.script(&short, [Act::Work(10 * SECOND)]);
    world.script(&long, [Act::Hang]);
    world.script(&heeding, [Act::Heed]);
    for step in [&short, &long, &heeding] {
        world.publish(step).await;
    }
    let process = world.start();
    sleep(SECOND).await;
    process.shutdown.cancel();
    sleep(SECOND).await;
    world.publish(&step("n/1/plan/0")).await;
    sleep(30 * SECOND).await;
    assert_eq!(world.events().await, ["done n/1/write/0"]);
    assert_eq!((process.stats.ended(Outcome::GivenBack), process.stats.running()), (2, 0));
    assert_eq!(world.waiting(), 3, "two given back, one not taken");
    for given_back in [&long, &heeding] {
        let record = world.steps.get(given_back).await.unwrap().unwrap();
        assert_eq!((record.attempts, record.crashes), (0, 0));
        assert!(matches!(record.state, StepState::Free { .. }));
    }
    let _next = world.start();
    sleep(SECOND).await;
    assert_eq!((world.events().await.len(), world.waiting()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_ends_at_once_where_the_queue_may_be_left() {
    let world = World::new().await;
    let process = world.start_with(WorkerOptions { pull_wait: 60 * SECOND, ..WorkerOptions::default() });
    sleep(SECOND).await;
    let began = Instant::now();
    process.shutdown.cancel();
    process.run.await.unwrap();
    assert!(began.elapsed() < SECOND / 10, "{:?}", began.elapsed());
    world.publish(&step("n/1/plan/0")).await;
    assert_eq!((world.waiting(), process.stats.running()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn cancelled_work_stops_and_is_not_begun_again() {
    let world = World::new().await;
    let (running, hinted) = (step("n/1/write/0"), step("m/1/write/0"));
    world.script(&running, [Act::Heed]);
    world.script(&hinted, [Act::Hang]);
    world.publish(&running).await;
    world.publish(&hinted).await;
    let process = world.start();
    sleep(SECOND).await;
    world.steps.cancel(&hinted.narration, 1).await.unwrap();
    world.queue.hint(CANCELLED, Bytes::from_static(b"m")).await.unwrap();
    sleep(2 * SECOND + SECOND / 10).await;
    assert_eq!(process.stats.ended(Outcome::Cancelled), 1, "a hint is heeded");
    world.steps.cancel(&running.narration, 1).await.unwrap();
    sleep(6 * SECOND).await;
    assert_eq!(process.stats.ended(Outcome::Cancelled), 2);
    world.publish(&running).await;
    world.publish(&step("n/1/write/7")).await;
    world.publish(&step("n/2/write/0")).await;
    sleep(SECOND).await;
    assert_eq!(world.events().await, ["done n/2/write/0"], "a later run goes on");
    assert_eq!((world.handler.attempts(&running), world.waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_command_of_a_newer_version_waits_unclaimed() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.queue.publish(&plan, Message::new("newer")).await.unwrap();
    let _process = world.start();
    sleep(40 * SECOND).await;
    assert_eq!((world.handler.attempts(&plan), world.waiting()), (0, 1));
    assert_eq!(world.steps.get(&plan).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_step_leased_elsewhere_is_left_for_the_rest_of_the_lease() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    let claim = world.steps.claim(&plan, "someone", &"t".parse().unwrap()).await.unwrap();
    let Claim::Claimed(lease) = claim else { panic!("{claim:?}") };
    world.publish(&plan).await;
    let process = world.start();
    sleep(10 * SECOND).await;
    assert_eq!((world.handler.attempts(&plan), process.stats.ended(Outcome::Deferred)), (0, 1));
    world.steps.give_back(&lease).await.unwrap();
    sleep(20 * SECOND).await;
    assert_eq!(world.events().await, ["done n/1/plan/0"]);
}

/// Whatever the queue does, every step ends once with one event content, as long as somebody
/// publishes what is wanted (I1, I2, I3).
#[tokio::test(start_paused = true)]
async fn every_step_ends_once_over_a_faulty_queue_and_killed_processes() {
    for seed in 0..8 {
        let faults =
            Faults { lose: 150, duplicate: 150, reorder: 300, delay: 200, lose_acks: 150, longest_delay: 10 * SECOND };
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(seed));
        let queue = MemoryQueue::with_faults(ConnectOptions::default(), faults, Arc::clone(&random));
        let world = World::over(queue).await;
        let steps: Vec<_> = (0..20).map(|index| step(&format!("n/1/write/{index}"))).collect();
        for step in &steps {
            let acts = (0..random.below(3)).map(|_| match random.below(3) {
                0 => Act::Fail(unavailable()),
                1 => Act::Panic,
                _ => Act::Work(Duration::from_millis(random.below(20_000))),
            });
            world.script(step, acts.collect::<Vec<_>>());
        }
        let mut processes = vec![world.start(), world.start()];
        let mut events: HashMap<String, usize> = HashMap::new();
        for round in 0..60 {
            for step in &steps {
                if !world.steps.get(step).await.unwrap().is_some_and(|r| matches!(r.state, StepState::Ended { .. })) {
                    world.publish(step).await;
                }
            }
            sleep(5 * SECOND).await;
            if round == 1 || round == 4 {
                processes.remove(0);
                processes.push(world.start());
            }
            for event in world.events().await {
                *events.entry(event).or_default() += 1;
            }
        }
        for step in &steps {
            assert!(world.ended(step).await, "seed {seed}: I1 {step}");
            world.fences(step);
        }
        assert!(events.keys().all(|event| event.starts_with("done ")), "seed {seed}: {events:?}");
    }
}
