//! Drains and cancels.

use super::links::{Link, Mute};
use super::*;

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
    assert_eq!((process.stats.ended(DeliveryOutcome::GivenBack), process.stats.running()), (2, 0));
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
    assert_eq!(process.stats.ended(DeliveryOutcome::Cancelled), 1, "a hint is heeded");
    world.steps.cancel(&running.narration, 1).await.unwrap();
    sleep(6 * SECOND).await;
    assert_eq!(process.stats.ended(DeliveryOutcome::Cancelled), 2);
    world.publish(&running).await;
    world.publish(&step("n/1/write/7")).await;
    world.publish(&step("n/2/write/0")).await;
    sleep(SECOND).await;
    assert_eq!(world.events().await, ["done n/2/write/0"], "a later run goes on");
    assert_eq!((world.handler.attempts(&running), world.waiting()), (1, 0));
}

/// Fails on code that hands the commands back one after the other.
#[tokio::test(start_paused = true)]
async fn commands_that_come_with_the_shutdown_are_handed_back_together_and_hold_up_no_drain() {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let link = Link::to(&store, true);
    let world = World::with(MemoryQueue::new(ConnectOptions::default()), clock, store).await;
    let steps = Steps::new(Arc::clone(&link) as _, Arc::clone(&world.clock), StepsOptions::new("boot"));
    let queue = Arc::new(Mute { far: true, ..Mute::to(&world) });
    let options = WorkerOptions { permits: 20, ..WorkerOptions::default() };
    let process = world.start_over(queue, steps, Arc::clone(&world.handler), options);
    sleep(SECOND).await;
    // That nobody has begun them cannot be written, so each takes a while.
    link.away(600 * SECOND);
    let began = Instant::now();
    process.shutdown.cancel();
    for index in 0..10 {
        world.publish(&step(&format!("n/1/write/{index}"))).await;
    }
    process.run.await.unwrap();
    assert!(began.elapsed() < 5 * SECOND, "{:?}", began.elapsed());
    assert_eq!((world.waiting(), world.handler.log.lock().len()), (10, 0));
    let back = world.queue.pull(Service::Ai, 10, Duration::ZERO).await.unwrap();
    assert!(back.len() == 10 && back.iter().all(|command| command.deliveries == 2), "{back:?}");
}
