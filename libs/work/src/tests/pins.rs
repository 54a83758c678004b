//! Steps that are pinned to a version which a process does not have: two builds side by side.

use super::*;

/// A process of a build that does not have what `old` is pinned to.
fn newer(world: &World) -> (Arc<Scripted>, Process) {
    let handler = Arc::new(Scripted { lacks: Some("old"), ..Scripted::default() });
    let queue = Arc::new(world.queue.clone());
    // With one permit, which rests after a step that it leaves, so that the others are asked first.
    let one = WorkerOptions { permits: 1, ..WorkerOptions::default() };
    let process = world.start_over(queue, world.steps.clone(), Arc::clone(&handler), one);
    (handler, process)
}

#[tokio::test(start_paused = true)]
async fn a_step_pinned_to_another_version_is_left_to_a_replica_that_has_it() {
    let world = World::new().await;
    let (old, new) = (step("n/1/write/0"), step("n/1/write/1"));
    world.publish(&new).await;
    world.publish_as(&old, "old").await;
    let (handler, process) = newer(&world);
    sleep(30 * SECOND).await;
    assert!(world.ended(&new).await && !world.ended(&old).await);
    assert!(process.stats.ended(DeliveryOutcome::LeftToNewer) > 1);
    let _older = world.start();
    sleep(30 * SECOND).await;
    let record = world.steps.get(&old).await.unwrap().unwrap();
    assert!(matches!(record.state, StepState::Ended { .. }), "{record:?}");
    assert_eq!((record.attempts, record.crashes), (0, 0), "no attempt is spent on it");
    assert_eq!((handler.attempts(&old), world.handler.attempts(&old)), (0, 1));
    let mut events = world.events().await;
    events.sort();
    assert_eq!(events, ["done n/1/write/1", "done old"]);
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_version_nobody_has_fails_for_that_reason_and_those_after_it_do_so_at_once() {
    let world = World::new().await;
    let (first, second) = (step("n/1/write/0"), step("m/1/write/0"));
    world.publish_as(&first, "old").await;
    let (handler, _process) = newer(&world);
    sleep(55 * SECOND).await;
    assert!(!world.ended(&first).await, "somebody may have the version");
    sleep(25 * SECOND).await;
    assert!(world.ended(&first).await);
    world.publish_as(&second, "old").await;
    sleep(SECOND).await;
    assert!(world.ended(&second).await, "it is known by now that nobody has it");
    assert_eq!(handler.log.lock().len(), 0);
    assert_eq!(world.events().await, ["failed PIN_UNAVAILABLE", "failed PIN_UNAVAILABLE"]);
    assert_eq!(world.waiting(), 0);
}
