//! Steps that are worked on without a record: what they cost, and what becomes of them where
//! something goes wrong before there is one.

use super::links::{Link, Mute};
use super::*;
use crate::steps::{Claim, Closing, Lease};

async fn claimed(world: &World, step: &StepId) -> Lease {
    let claim = world.steps.claim(step, "someone", &"t".parse().unwrap()).await.unwrap();
    let Claim::Claimed(lease) = claim else { panic!("{claim:?}") };
    lease
}

#[tokio::test(start_paused = true)]
async fn a_first_delivery_writes_once_and_reads_nothing() {
    let world = World::new().await;
    let steps: Vec<_> = (0..5).map(|index| step(&format!("n/1/write/{index}"))).collect();
    for step in &steps {
        world.publish(step).await;
    }
    let before = world.store.calls();
    let process = world.start();
    sleep(SECOND / 2).await;
    assert_eq!(world.store.calls() - before, 5, "a write a step");
    assert_eq!((process.stats.ended(DeliveryOutcome::Done), world.waiting()), (5, 0));
    assert_eq!(world.events().await.len(), 5);
    for step in &steps {
        let record = world.record(step).await;
        assert_eq!((record.fence, record.attempts, record.crashes), (1, 0, 0), "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_taken_when_the_work_lasts_a_second() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Work(3 * SECOND)]);
    world.publish(&plan).await;
    let _process = world.start();
    sleep(SECOND / 2).await;
    assert_eq!(world.steps.get(&plan).await.unwrap(), None);
    sleep(SECOND).await;
    let record = world.record(&plan).await;
    assert!(record.fence == 1 && matches!(record.state, StepState::Leased { .. }), "{record:?}");
    sleep(2 * SECOND).await;
    assert!(world.ended(&plan).await);
    assert_eq!(world.record(&plan).await.fence, 1);
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_taken_before_anything_is_paid_for() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Pay(SECOND / 2)]);
    world.publish(&plan).await;
    let _process = world.start();
    sleep(SECOND / 10).await;
    let record = world.record(&plan).await;
    assert!(matches!(record.state, StepState::Leased { .. }), "{record:?}");
    assert_eq!(*world.handler.paid.lock(), std::slice::from_ref(&plan));
    sleep(SECOND).await;
    assert!(world.ended(&plan).await);
}

/// Fails on code that pays before it has the lease.
#[tokio::test(start_paused = true)]
async fn nobody_pays_for_a_step_that_somebody_else_has() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    let lease = claimed(&world, &plan).await;
    world.script(&plan, [Act::Pay(SECOND), Act::Pay(SECOND)]);
    world.publish(&plan).await;
    let process = world.start();
    sleep(5 * SECOND).await;
    assert_eq!(world.handler.paid.lock().len(), 0);
    assert_eq!(process.stats.ended(DeliveryOutcome::Deferred), 1, "it is handed back for the rest of the lease");
    world.steps.close(&lease, Closing::Free).await.unwrap();
    sleep(20 * SECOND).await;
    assert_eq!(*world.handler.paid.lock(), std::slice::from_ref(&plan));
    assert_eq!((world.record(&plan).await.fence, world.events().await.len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn work_on_a_step_that_somebody_else_has_is_discarded() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    let lease = claimed(&world, &plan).await;
    world.publish(&plan).await;
    let process = world.start();
    sleep(SECOND).await;
    assert_eq!((process.stats.ended(DeliveryOutcome::Lost), world.waiting()), (1, 1), "and nothing is answered");
    assert_eq!(world.events().await.len(), 0);
    world.steps.close(&lease, Closing::Free).await.unwrap();
    sleep(60 * SECOND).await;
    assert_eq!(world.events().await, ["done n/1/plan/0"]);
}

#[tokio::test(start_paused = true)]
async fn work_on_a_step_that_has_failed_before_is_written_under_a_lease() {
    let world = World::new().await;
    let (done, fails) = (step("n/1/write/0"), step("n/1/write/1"));
    world.script(&fails, [Act::Fail(unavailable())]);
    for step in [&done, &fails] {
        // Another replica's attempt failed; its command went to the backlog and came back early.
        let lease = claimed(&world, step).await;
        let not_before = world.clock.now().plus(60 * SECOND);
        world.steps.close(&lease, Closing::Retry { failure: unavailable(), not_before }).await.unwrap();
        world.publish(step).await;
    }
    let process = world.start();
    sleep(SECOND / 2).await;
    assert_eq!((world.ended(&done).await, world.record(&done).await.fence), (true, 2));
    let record = world.record(&fails).await;
    assert_eq!((record.attempts, process.stats.ended(DeliveryOutcome::Retried)), (2, 1), "both are counted");
}

#[tokio::test(start_paused = true)]
async fn two_workers_at_a_step_without_a_record_end_it_once() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Work(SECOND / 2), Act::Work(SECOND / 2)]);
    // The queue lost what it had, and its command was published again.
    let other = MemoryQueue::new(ConnectOptions::default());
    world.publish(&plan).await;
    other.publish(&plan, Message::new(plan.to_string())).await.unwrap();
    let queue = Arc::new(Mute { queue: other.clone(), ..Mute::to(&world) });
    let processes = [
        world.start(),
        world.start_over(queue, world.steps.clone(), Arc::clone(&world.handler), WorkerOptions::default()),
    ];
    sleep(SECOND / 4).await;
    assert_eq!(world.handler.attempts(&plan), 2, "both are at work");
    sleep(2 * SECOND).await;
    let ended = |outcome| processes.iter().map(|process| process.stats.ended(outcome)).sum::<u64>();
    assert_eq!((ended(DeliveryOutcome::Done) + ended(DeliveryOutcome::Repeated), ended(DeliveryOutcome::Lost)), (2, 0));
    assert_eq!((world.waiting(), other.outstanding(Service::Ai)), (0, 0));
    let record = world.record(&plan).await;
    assert_eq!((record.fence, record.crashes), (1, 0), "I2: it was inserted once");
}

#[tokio::test(start_paused = true)]
async fn a_drain_gives_back_what_has_no_record_and_counts_nothing() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Hang]);
    world.publish(&plan).await;
    let process = world.start_with(WorkerOptions { grace: Duration::ZERO, ..WorkerOptions::default() });
    sleep(SECOND / 10).await;
    process.shutdown.cancel();
    process.run.await.unwrap();
    assert_eq!(process.stats.ended(DeliveryOutcome::GivenBack), 1);
    let record = world.record(&plan).await;
    assert_eq!((record.fence, record.attempts, record.crashes), (1, 0, 0));
    assert!(matches!(record.state, StepState::Free { .. }), "{record:?}");
    let _next = world.start();
    sleep(SECOND).await;
    assert_eq!((world.ended(&plan).await, world.record(&plan).await.crashes), (true, 0));
}

#[tokio::test(start_paused = true)]
async fn a_process_whose_queue_keeps_nothing_claims_first() {
    let world = World::new().await;
    world.steps.claim_first();
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Hang]);
    world.publish(&plan).await;
    let process = world.start();
    sleep(SECOND / 10).await;
    assert!(matches!(world.record(&plan).await.state, StepState::Leased { .. }));
    drop(process);
    // Its queue is lost with it, so the command is delivered for the first time again.
    world.queue.wipe();
    let next = Steps::new(Arc::clone(&world.store) as _, Arc::clone(&world.clock), StepsOptions::new("next boot"));
    next.claim_first();
    assert_eq!(next.void_leases_of_earlier_boot().await.unwrap(), 1);
    world.publish(&plan).await;
    let queue = Arc::new(Mute::to(&world));
    let _process = world.start_over(queue, next, Arc::clone(&world.handler), WorkerOptions::default());
    // It runs alone, so a pull that is under way ends first.
    sleep(5 * SECOND).await;
    assert_eq!((world.ended(&plan).await, world.record(&plan).await.crashes), (true, 1));
}

/// Fails on code that throws away what was done before there was a record.
#[tokio::test(start_paused = true)]
async fn an_end_that_cannot_be_written_is_written_when_the_store_is_back() {
    for (away, hangs) in [(20, false), (60, true), (300, false), (300, true)] {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let link = Link::to(&store, hangs);
        let world = World::with(MemoryQueue::new(ConnectOptions::default()), clock, store).await;
        let steps = Steps::new(Arc::clone(&link) as _, Arc::clone(&world.clock), StepsOptions::new("boot"));
        let (short, long) = (step("n/1/write/0"), step("n/1/write/1"));
        world.script(&short, [Act::Work(5 * SECOND)]);
        world.script(&long, [Act::Work((away + 60) * SECOND)]);
        world.publish(&short).await;
        world.publish(&long).await;
        let start = || {
            let queue = Arc::new(Mute::to(&world));
            world.start_over(queue, steps.clone(), Arc::clone(&world.handler), WorkerOptions::default())
        };
        let processes = [start(), start()];
        sleep(SECOND / 2).await;
        link.away(away * SECOND);
        sleep((away + 200) * SECOND).await;
        for step in [&short, &long] {
            let record = world.record(step).await;
            assert!(world.ended(step).await, "{record:?}, away for {away} s, hangs: {hangs}");
            assert_eq!((record.attempts, record.crashes), (0, 0), "{step}: away for {away} s, hangs: {hangs}");
            assert_eq!(world.handler.attempts(step), 1, "{step} is done once, away for {away} s, hangs: {hangs}");
        }
        let lost: u64 = processes.iter().map(|process| process.stats.ended(DeliveryOutcome::Lost)).sum();
        assert_eq!((lost, world.waiting()), (0, 0));
    }
}

/// Fails on code that takes such a record for an outage, and waits for its end.
#[tokio::test(start_paused = true)]
async fn a_step_whose_record_a_newer_release_wrote_is_left_to_that_release() {
    let world = World::new().await;
    let (short, paid) = (step("n/1/write/0"), step("n/1/write/1"));
    world.script(&paid, [Act::Pay(SECOND)]);
    for step in [&short, &paid] {
        let newer = serde_json::json!({"_schema": 1_000, "_writer": "newer"});
        world.store.insert("steps", &step.to_string(), &newer).await.unwrap();
        world.publish(step).await;
    }
    let process = world.start();
    sleep(5 * SECOND).await;
    let ended = |outcome| process.stats.ended(outcome);
    assert_eq!((ended(DeliveryOutcome::Lost), ended(DeliveryOutcome::Deferred)), (1, 1));
    assert_eq!((process.stats.running(), world.waiting()), (0, 2), "their commands come again");
    assert_eq!(world.handler.paid.lock().len(), 0);
}
