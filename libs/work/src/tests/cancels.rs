//! Cancels: heard by one look for all steps of a process, and remembered.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_look_for_cancels_costs_one_read_however_many_steps_are_at_work() {
    let world = World::new().await;
    let steps: Vec<_> = (0..20).map(|index| step(&format!("n/1/write/{index}"))).collect();
    for step in &steps {
        world.script(step, [Act::Heed]);
        world.publish(step).await;
    }
    let process = world.start_with(WorkerOptions { permits: 20, ..WorkerOptions::default() });
    // Their leases are taken after a second, and extended after six.
    sleep(SECOND + SECOND / 2).await;
    let before = world.store.calls();
    sleep(4 * SECOND).await;
    assert_eq!(world.store.calls() - before, 4, "one look a second");
    world.steps.cancel(&steps[0].narration, 1).await.unwrap();
    sleep(SECOND + SECOND / 10).await;
    assert_eq!(process.stats.ended(DeliveryOutcome::Cancelled), 20);
    assert_eq!((process.stats.running(), world.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_looks_for_no_cancels() {
    let world = World::new().await;
    let _process = world.start();
    sleep(SECOND).await;
    let before = world.store.calls();
    sleep(60 * SECOND).await;
    assert_eq!(world.store.calls() - before, 0);
}

#[tokio::test(start_paused = true)]
async fn a_command_of_a_run_that_was_just_cancelled_is_refused_without_a_read() {
    let world = World::new().await;
    let (other, late) = (step("m/1/write/0"), step("n/1/write/0"));
    world.script(&other, [Act::Heed]);
    world.publish(&other).await;
    let process = world.start();
    world.steps.cancel(&late.narration, 1).await.unwrap();
    sleep(2 * SECOND + SECOND / 10).await;
    let before = world.store.calls();
    world.publish(&late).await;
    world.publish(&step("n/2/write/0")).await;
    sleep(SECOND / 2).await;
    assert_eq!(process.stats.ended(DeliveryOutcome::Cancelled), 1);
    assert_eq!((world.handler.attempts(&late), world.steps.get(&late).await.unwrap()), (0, None));
    // The later run: what is known of its narration, the note that it began, and its end; and the
    // look of the test itself.
    assert_eq!(world.events().await, ["done n/2/write/0"]);
    assert!(world.store.calls() - before <= 6, "{}", world.store.calls() - before);
}

/// Fails on code that begins whatever is delivered for the first time.
#[tokio::test(start_paused = true)]
async fn a_late_command_of_a_cancelled_run_does_not_begin() {
    // Without the clock of the tests, so that it does not say when it stored a command.
    let undated = MemoryQueue::new(ConnectOptions::default());
    let world = World::over(undated.clone()).await;
    let (old, unknown, wanted) = (step("n/1/plan/0"), step("n/1/write/0"), step("m/1/plan/0"));
    world.steps.cancel(&old.narration, 1).await.unwrap();
    world.publish(&old).await;
    world.publish(&wanted).await;
    sleep(61 * SECOND).await;
    undated.publish(&unknown, Message::new(unknown.to_string())).await.unwrap();
    let process = world.start();
    sleep(SECOND).await;
    assert_eq!((world.handler.attempts(&old), world.handler.attempts(&unknown)), (0, 0));
    assert_eq!(process.stats.ended(DeliveryOutcome::Cancelled), 2);
    assert!(world.ended(&wanted).await, "what is late is not for that reason over");
    assert_eq!(world.waiting(), 0);
}
