//! Drains and cancels.

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
