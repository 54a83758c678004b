//! The dispatcher in virtual time, with stages that do nothing but take their time.

mod ages;
mod backlog;
mod crowds;
mod demand;
mod fleet;
mod lost;
mod replicas;
mod takeover;
mod tenants;
mod views;
mod waits;

use std::sync::atomic::{AtomicUsize, Ordering};

use lectern_core::id::StepKind;
use lectern_core::{Clock, Failure, Timestamp};
use lectern_proto::work::v1::{self as work, event::Outcome};
use lectern_queue::{ConnectOptions, MemoryQueue, Message};
use lectern_work::{CAPACITY, Capacity};
use prost::Message as _;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::*;
use crate::conduct::Conductor;
use crate::domain::{Paused, Phase};
use crate::testing::{Nobody, Parts, VirtualClock, narrate, narration, write};

/// A gateway, and what its stages were seen to start.
struct World {
    narrations: Collection<Narration>,
    conductor: Conductor,
    queue: Arc<MemoryQueue>,
    clock: Arc<VirtualClock>,
    started: Arc<Mutex<Vec<(Instant, StepId)>>>,
    running: Arc<AtomicUsize>,
    tasks: Vec<AbortOnDropHandle<()>>,
}

/// How long each step takes.
const STEP: Duration = Duration::from_secs(3);
/// Steps that a stage does at once.
const PERMITS: usize = 2;
const SECTIONS: u32 = 3;

impl World {
    async fn new() -> Self {
        Self::with_queue(ConnectOptions::default()).await
    }

    async fn with_queue(options: ConnectOptions) -> Self {
        let mut world = Self::at_rest(options).await;
        let conductor = world.conductor.clone();
        world.tasks.push(AbortOnDropHandle::new(tokio::spawn(conductor.run(CancellationToken::new()))));
        // The gateway listens before the workers speak.
        tokio::time::sleep(Duration::from_millis(1)).await;
        world
    }

    /// One whose gateway does what it is told to.
    async fn at_rest(options: ConnectOptions) -> Self {
        let clock = Arc::new(VirtualClock(Instant::now()));
        let parts = Parts::new(Arc::new(Nobody), Arc::clone(&clock) as Arc<dyn Clock>, options).await;
        let Parts { narrations, conductor, queue, .. } = parts;
        let (started, running) = (Arc::default(), Arc::default());
        Self { narrations, conductor, queue, clock, started, running, tasks: Vec::new() }
    }

    /// Starts the workers of every stage.
    async fn with_workers() -> Self {
        Self::with_workers_that_take(STEP).await
    }

    /// Starts the workers of every stage, whose steps take so long.
    async fn with_workers_that_take(step: Duration) -> Self {
        let mut world = Self::new().await;
        for service in Service::ALL {
            world.announce(service, PERMITS, &[]).await;
            for _ in 0..PERMITS {
                let (queue, started) = (Arc::clone(&world.queue), Arc::clone(&world.started));
                let running = Arc::clone(&world.running);
                world.tasks.push(AbortOnDropHandle::new(tokio::spawn(work_on(queue, service, step, started, running))));
            }
        }
        let queue = Arc::clone(&world.queue);
        world.tasks.push(AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                for service in Service::ALL {
                    queue.hint(CAPACITY, capacity(service, PERMITS, &[]).encode()).await.expect("a hint");
                }
            }
        })));
        world
    }

    async fn announce(&self, service: Service, permits: usize, open: &[&str]) {
        self.queue.hint(CAPACITY, capacity(service, permits, open).encode()).await.expect("a hint");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// Orders a narration that is ready to be recorded in so many sections.
    async fn order(&self, id: &str, tenant: &str, lane: i32) -> NarrationId {
        self.accept(written(SECTIONS), id, tenant, lane).await
    }

    /// Orders a narration of which nothing is made.
    async fn order_anew(&self, id: &str) -> NarrationId {
        self.accept(narration(), id, "acme", 2).await
    }

    async fn accept(&self, mut ordered: Narration, id: &str, tenant: &str, lane: i32) -> NarrationId {
        let now = self.clock.now();
        ordered.id = id.parse().expect("an id");
        ordered.tenant = tenant.parse().expect("an id");
        ordered.lane = lane;
        (ordered.created, ordered.updated) = (now, now);
        ordered.deadline = now.plus(Duration::from_secs(24 * 60 * 60));
        ordered.due_at = Some(now.plus(crate::domain::narration::DUE));
        ordered.ready = crate::conduct::wanted::ready(&ordered, Window::default());
        let revision = self.narrations.insert(&ordered).await.expect("inserted");
        self.conductor.changed(&Versioned { record: ordered.clone(), revision });
        ordered.id
    }

    fn started(&self) -> Vec<(Instant, StepId)> {
        self.started.lock().clone()
    }

    async fn phase(&self, id: &NarrationId) -> Phase {
        self.narrations.get(id.as_str()).await.expect("the store").expect("a narration").record.phase()
    }

    async fn finished(&self, id: &NarrationId) {
        while !self.phase(id).await.terminal() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What is granted at tts.
    fn granted(&self) -> Vec<StepId> {
        self.conductor.dispatcher().granted(Service::Tts)
    }

    fn outstanding(&self) -> usize {
        self.queue.outstanding(Service::Tts)
    }
}

/// A narration that is ready to be recorded in so many sections.
fn written(sections: u32) -> Narration {
    let mut written = narration();
    narrate(&mut written, sections);
    (0..sections).for_each(|section| write(&mut written, section));
    written
}

fn capacity(service: Service, permits: usize, open: &[&str]) -> Capacity {
    let open = open.iter().map(|engine| (*engine).to_owned()).collect();
    Capacity { service, holder: format!("{}-1", service.as_str()), permits, open }
}

async fn work_on(
    queue: Arc<MemoryQueue>,
    service: Service,
    step: Duration,
    started: Arc<Mutex<Vec<(Instant, StepId)>>>,
    running: Arc<AtomicUsize>,
) {
    loop {
        let Some(delivery) = queue.pull(service, 1, Duration::from_secs(2)).await.expect("the queue").pop() else {
            continue;
        };
        started.lock().push((Instant::now(), delivery.step.clone()));
        running.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(step).await;
        running.fetch_sub(1, Ordering::SeqCst);
        let outcome = match delivery.step.kind {
            StepKind::Extract => Outcome::Extracted(work::Extracted::default()),
            StepKind::Plan => Outcome::Planned(work::Planned { section_count: 1, ..work::Planned::default() }),
            StepKind::Write => Outcome::Written(work::Written::default()),
            StepKind::Record => Outcome::Recorded(work::Recorded::default()),
            StepKind::Assemble => Outcome::Assembled(work::Assembled::default()),
        };
        let event = work::Event {
            schema: crate::conduct::wire::SCHEMA,
            step: delivery.step.to_string(),
            outcome: Some(outcome),
            ..work::Event::default()
        };
        let id = delivery.step.narration.to_string();
        queue.emit("recording", &id, Message::new(event.encode_to_vec())).await.expect("an event");
        delivery.ack.ack().await.expect("acknowledged");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_narration_waits_behind_two_steps_of_a_noisy_tenant_at_most() {
    let world = World::with_workers().await;
    for index in 0..1_000 {
        world.order(&format!("noisy-{index}"), "noisy", 2).await;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.running.load(Ordering::SeqCst), PERMITS, "the noisy tenant has all there is");
    for round in 0..20 {
        // At any moment of what is under way.
        tokio::time::sleep(Duration::from_millis(377)).await;
        let ready = Instant::now();
        let id = world.order(&format!("single-{round}"), "single", 2).await;
        world.finished(&id).await;
        let started = world.started();
        let first = started.iter().position(|(_, step)| step.narration == id).expect("it was started");
        let before = started[..first].iter().filter(|(at, _)| *at >= ready).count();
        assert!(before <= 2, "round {round}: {before} steps of the noisy tenant started first");
    }
}

#[tokio::test(start_paused = true)]
async fn lanes_share_a_stage_by_weight_and_none_starves() {
    let world = World::with_workers().await;
    for index in 0..60 {
        for lane in 1..=3 {
            world.order(&format!("n-{lane}-{index}"), "acme", lane).await;
        }
    }
    let begin = world.started().len();
    tokio::time::sleep(STEP * 65).await;
    let started = world.started();
    let of_lane = |lane: u32| {
        let prefix = format!("n-{lane}-");
        started[begin..].iter().filter(|(_, step)| step.narration.as_str().starts_with(&prefix)).count()
    };
    let (interactive, standard, bulk) = (of_lane(1), of_lane(2), of_lane(3));
    let all = interactive + standard + bulk;
    assert!(all >= 120, "{all}");
    let share = |count: usize, weight: usize| (count * 13).abs_diff(all * weight) <= all;
    assert!(share(interactive, 8) && share(standard, 4) && share(bulk, 1), "{interactive} {standard} {bulk}");
}

#[tokio::test(start_paused = true)]
async fn no_more_is_published_than_can_be_worked_on() {
    let world = World::with_workers().await;
    for index in 0..50 {
        world.order(&format!("n-{index}"), "acme", 2).await;
    }
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(world.outstanding() <= PERMITS + 1, "{}", world.outstanding());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_never_rests_while_something_waits_for_it() {
    let world = World::with_workers().await;
    for index in 0..40 {
        world.order(&format!("n-{index}"), "acme", 2).await;
    }
    let all = STEP * (40 * (SECTIONS + 1)) / u32::try_from(PERMITS).expect("few");
    tokio::time::sleep(all + STEP).await;
    assert_eq!(world.started().len(), 40 * (SECTIONS as usize + 1), "in no more time than the steps take");
}

#[tokio::test(start_paused = true)]
async fn no_stage_rests_while_something_waits_for_it() {
    // Shorter than anything is remembered for, and longer.
    for step in [Duration::from_millis(50), STEP] {
        let world = World::with_workers_that_take(step).await;
        let mut ids = Vec::new();
        for index in 0..100 {
            ids.push(world.order_anew(&format!("n-{index}")).await);
        }
        // The busiest stages do two steps of each narration; the others add what the first and the
        // last narration take beside them.
        let busiest = step * 100 * 2 / u32::try_from(PERMITS).expect("few");
        tokio::time::sleep(busiest + step * 6).await;
        for id in ids {
            assert_eq!(world.phase(&id).await, Phase::Succeeded, "{id} at {step:?} a step");
        }
    }
}

/// Narrations finished in ten minutes, when so many times as many are ordered as can be made.
async fn goodput(times: f64) -> usize {
    let world = World::with_workers().await;
    let recorded = SECTIONS + 1;
    let one = STEP.mul_f64(f64::from(recorded) / PERMITS as f64);
    let (begin, measured) = (Duration::from_secs(300), Duration::from_secs(600));
    let start = Instant::now();
    let mut ordered = Vec::new();
    while start.elapsed() < begin + measured {
        ordered.push(world.order(&format!("n-{}", ordered.len()), &format!("t{}", ordered.len() % 7), 2).await);
        tokio::time::sleep(one.div_f64(times)).await;
        assert!(world.outstanding() <= PERMITS + 1, "what waits, waits in the database");
    }
    let mut finished = 0;
    for id in &ordered {
        let narration = world.narrations.get(id.as_str()).await.expect("the store").expect("a narration").record;
        let late_enough = narration.finished().is_some_and(|at| at >= Timestamp(1_000_000).plus(begin));
        finished += usize::from(narration.phase() == Phase::Succeeded && late_enough);
    }
    finished
}

#[tokio::test(start_paused = true)]
async fn goodput_at_three_times_the_capacity_is_what_it_is_at_its_peak() {
    let mut goodputs = Vec::new();
    for times in [0.5, 1.0, 3.0] {
        goodputs.push(goodput(times).await);
    }
    let peak = goodputs.iter().copied().max().unwrap_or_default();
    assert!(peak >= 90, "a hundred can be made in that time: {goodputs:?}");
    assert!(goodputs[2] * 10 >= peak * 9, "{goodputs:?}");
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_pauses_is_taken_back_and_goes_on_when_resumed() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    let (mine, other) = (world.order("mine", "acme", 2).await, world.order("other", "other", 2).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waiting = world.outstanding();
    assert!(waiting > 0);

    let pauses = world.conductor.dispatcher().pauses().clone();
    for what in ["tenants/acme", "engines/tone"] {
        let what: Paused = what.parse().expect("a pause");
        pauses.pause(what.clone(), "maintenance".to_owned()).await.expect("paused");
        tokio::time::sleep(Duration::from_secs(3)).await;
        let held = |step: &StepId| what != Paused::Tenant("acme".parse().expect("an id")) || step.narration == mine;
        let granted = world.granted();
        assert!(!granted.iter().any(held), "{what}: {granted:?}");
        assert_eq!(world.outstanding(), granted.len(), "what was taken back is not in the queue");
        assert!(pauses.resume(&what).await.expect("resumed"));
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(world.outstanding() > 0, "{what}");
    }

    pauses.pause("services/tts".parse().expect("a pause"), String::new()).await.expect("paused");
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(world.outstanding(), 0);
    assert_eq!((world.phase(&mine).await, world.phase(&other).await), (Phase::Narrating, Phase::Narrating));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_out_of_order_takes_nobodys_room() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    world.order("one", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.outstanding() > 0);
    world.announce(Service::Tts, PERMITS, &["tone"]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.outstanding(), 0, "taken back while the engine is out of order");
    world.announce(Service::Tts, PERMITS, &[]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.outstanding() > 0, "and granted again after");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_narration_gives_its_room_to_others_at_once() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    let first = world.order("first", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let other = world.order("other", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.granted().iter().all(|step| step.narration == first), "the oldest first");
    let failure = Failure::internal("cancelled");
    let cancelled = world.conductor.update(&first, |n, now| n.cancel(failure.clone(), now)).await.expect("written");
    world.conductor.changed(&cancelled.expect("changed"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let granted = world.granted();
    assert!(!granted.is_empty() && granted.iter().all(|step| step.narration == other), "{granted:?}");
}
