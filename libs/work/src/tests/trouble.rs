//! Engines that fail, commands that cannot be read, cancels whose hint is lost, poison of all
//! sorts, and what is announced of it.

use futures::StreamExt as _;

use super::*;

/// Publishes steps of an engine that is out of order for a time.
async fn outage(world: &World, steps: usize, time: Duration) -> Vec<StepId> {
    *world.handler.away.lock() = Some(Instant::now() + time);
    let steps: Vec<_> = (0..steps).map(|index| step(&format!("n/1/write/{index}"))).collect();
    for step in &steps {
        world.publish_as(step, "engine paid").await;
    }
    steps
}

async fn attempts(world: &World, steps: &[StepId]) -> u32 {
    let mut attempts = 0;
    for step in steps {
        attempts += world.steps.get(step).await.unwrap().map_or(0, |record| record.attempts);
    }
    attempts
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_an_engine_costs_no_more_attempts_than_open_its_breaker() {
    let world = World::new().await;
    let steps = outage(&world, 8, 300 * SECOND).await;
    let process = world.start_with(WorkerOptions { permits: 1, ..WorkerOptions::default() });
    sleep(5 * SECOND).await;
    assert_eq!(attempts(&world, &steps).await, 5, "the fifth in a row opened it");
    assert_eq!(*process.engines.borrow(), Engines::from([("paid".to_owned(), true)]));
    let pulled = process.stats.ended(DeliveryOutcome::Deferred);
    sleep(SECOND).await;
    assert_eq!(process.stats.ended(DeliveryOutcome::Deferred), pulled, "pulling pauses");
    sleep(450 * SECOND).await;
    for step in &steps {
        assert!(world.ended(step).await, "{step}");
    }
    assert_eq!(attempts(&world, &steps).await, 5, "probes are not counted");
    assert_eq!(*process.engines.borrow(), Engines::from([("paid".to_owned(), false)]));
    assert_eq!(world.events().await.len(), steps.len(), "all are done, each with one content of its event");
}

#[tokio::test(start_paused = true)]
async fn commands_of_an_engine_out_of_order_wait_unclaimed_and_others_go_on() {
    let world = World::new().await;
    let limited = Failure::new(Kind::ResourceExhausted, Reason::EngineLimited, "slower").after(20 * SECOND);
    let (first, later, free) = (step("n/1/write/0"), step("n/1/write/1"), step("n/1/write/2"));
    world.script(&first, [Act::Fail(limited)]);
    world.publish_as(&first, "engine paid").await;
    let process = world.start();
    sleep(SECOND).await;
    world.publish_as(&later, "engine paid").await;
    world.publish(&free).await;
    sleep(15 * SECOND).await;
    assert!(world.untouched(&later).await, "no claim, no attempt");
    assert!(!world.ended(&first).await, "not before the provider said");
    sleep(30 * SECOND).await;
    for step in [&first, &later, &free] {
        assert!(world.ended(step).await, "{step}");
        assert_eq!(world.record(step).await.crashes, 0, "{step}: a command that was handed back tells of no crash");
    }
    assert_eq!(*process.engines.borrow(), Engines::from([("paid".to_owned(), false)]));
}

#[tokio::test(start_paused = true)]
async fn capacity_is_announced_at_the_start_at_transitions_and_at_the_drain() {
    let world = World::new().await;
    let mut hints = world.queue.hints(CAPACITY).await.unwrap();
    let process = world.start();
    let first = Capacity::parse(&hints.next().await.unwrap()).expect("reads");
    assert_eq!((first.service, first.permits, first.open.len()), (Service::Ai, 4, 0));
    outage(&world, 5, 60 * SECOND).await;
    let open = loop {
        let next = Capacity::parse(&hints.next().await.unwrap()).expect("reads");
        if next != first {
            break next;
        }
    };
    assert_eq!((open.permits, open.open), (0, vec!["paid".to_owned()]), "its only engine is out of order");
    process.shutdown.cancel();
    let last = tokio::time::timeout(SECOND, hints.next()).await.expect("at once").unwrap();
    assert_eq!(Capacity::parse(&last).expect("reads").permits, 0);
}

#[tokio::test(start_paused = true)]
async fn cancelled_work_stops_within_two_seconds_though_the_hint_is_lost_and_frees_its_permit() {
    let world = World::new().await;
    let (deaf, next) = (step("n/1/write/0"), step("m/1/write/0"));
    world.script(&deaf, [Act::Hang]);
    world.publish(&deaf).await;
    let process = world.start_with(WorkerOptions { permits: 1, ..WorkerOptions::default() });
    sleep(Duration::from_millis(3_300)).await;
    world.publish(&next).await;
    world.steps.cancel(&deaf.narration, 1).await.unwrap();
    sleep(2 * SECOND).await;
    assert_eq!((process.stats.ended(DeliveryOutcome::Cancelled), world.handler.attempts(&next)), (1, 1));
    assert!(world.ended(&next).await && !world.ended(&deaf).await);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_cannot_be_read_ends_as_a_dead_letter() {
    let world = World::new().await;
    let (garbage, done) = (step("n/1/write/0"), step("n/1/write/1"));
    world.publish(&done).await;
    let _process = world.start();
    sleep(SECOND).await;
    world.events().await;
    world.publish_as(&garbage, "garbage").await;
    world.publish_as(&done, "garbage").await;
    sleep(SECOND).await;
    let mut events = world.events().await;
    events.sort();
    assert_eq!(events, ["done n/1/write/1", "failed COMMAND_UNREADABLE"], "a step that was done stays so");
    let letter = world.queue.dead_letter(&garbage).await.unwrap().expect("I7");
    assert_eq!((letter.tenant, &letter.command[..]), (TenantId::nobody(), &b"garbage"[..]));
    assert_eq!(letter.failure.reason, Reason::CommandUnreadable);
    assert_eq!(world.queue.dead_letter(&done).await.unwrap(), None);
    assert_eq!((world.handler.attempts(&garbage), world.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn poison_that_panics_or_is_refused_ends_and_healthy_steps_beside_it_are_done() {
    let world = World::new().await;
    let (panics, refused, garbage) = (step("n/1/write/0"), step("n/1/write/1"), step("n/1/write/2"));
    world.script(&panics, std::iter::repeat_n(Act::Panic, 10));
    world.script(&refused, [Act::Fail(Failure::new(Kind::FailedPrecondition, Reason::SpeechRejected, "silent"))]);
    let healthy: Vec<_> = (3..9).map(|index| step(&format!("n/1/write/{index}"))).collect();
    world.publish(&panics).await;
    world.publish(&refused).await;
    world.publish_as(&garbage, "garbage").await;
    for step in &healthy {
        world.script(step, [Act::Work(20 * SECOND)]);
        world.publish(step).await;
    }
    let _process = world.start();
    sleep(200 * SECOND).await;
    for step in &healthy {
        assert_eq!((world.ended(step).await, world.handler.attempts(step)), (true, 1), "{step}");
    }
    for (step, reason, attempts) in [
        (&panics, Reason::AttemptsExhausted, 3),
        (&refused, Reason::SpeechRejected, 1),
        (&garbage, Reason::CommandUnreadable, 1),
    ] {
        let letter = world.queue.dead_letter(step).await.unwrap().expect("I7");
        assert_eq!((letter.failure.reason, letter.attempts, letter.crashes), (reason, attempts, 0), "{step}");
    }
    assert_eq!(world.waiting(), 0);
}
