//! Attempts: work that ends well, that fails and is tried again, and that cannot succeed.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_step_is_done_once_and_its_event_is_out() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.publish(&plan).await;
    let process = world.start();
    sleep(SECOND).await;
    assert_eq!(world.events().await, ["done n/1/plan/0"]);
    assert_eq!((world.waiting(), process.stats.ended(DeliveryOutcome::Done)), (0, 1));

    // The command comes again: the event too, the work not (I2).
    world.publish(&plan).await;
    sleep(SECOND).await;
    assert_eq!(world.events().await, ["done n/1/plan/0"]);
    assert_eq!((world.handler.attempts(&plan), process.stats.ended(DeliveryOutcome::Repeated)), (1, 1));
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
    assert_eq!((world.handler.attempts(&flaky), world.handler.attempts(&hopeless)), (3, 5));
    assert_eq!((world.fences(&flaky).len(), world.fences(&hopeless).len()), (2, 4), "all but the first are claimed");
    let mut events = world.events().await;
    events.sort();
    assert_eq!(events, ["done n/1/write/0", "failed ATTEMPTS_EXHAUSTED"]);
    assert_eq!(process.stats.ended(DeliveryOutcome::Retried), 6);
    let record = world.steps.get(&flaky).await.unwrap().unwrap();
    assert_eq!((record.attempts, record.crashes), (2, 0), "a panic is an attempt, not a crash");
    let letter = world.queue.dead_letter(&hopeless).await.unwrap().expect("I7");
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
    let process = world.start();
    let letters = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&letters);
    process.stats.tell_dead_letters(move |reason| told.lock().push(reason));
    sleep(SECOND).await;
    assert_eq!((world.handler.attempts(&extract), world.events().await), (1, vec!["failed NO_TEXT_LAYER".to_owned()]));
    assert!(world.queue.dead_letter(&extract).await.unwrap().is_some(), "I7");

    // Its command comes again, with the letter discarded by accident.
    world.queue.discard(&extract).await.unwrap();
    world.publish(&extract).await;
    sleep(SECOND).await;
    assert_eq!((world.handler.attempts(&extract), world.waiting()), (1, 0));
    assert_eq!(world.events().await, ["failed NO_TEXT_LAYER"]);
    assert!(world.queue.dead_letter(&extract).await.unwrap().is_some(), "I7 again");
    assert_eq!(*letters.lock(), [Reason::NoTextLayer; 2], "each that is stored is counted");
    world.publish(&extract).await;
    sleep(SECOND).await;
    assert_eq!(letters.lock().len(), 2, "one that is there is not stored again");
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_whose_event_is_out_only_later_is_counted_once() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Fail(Failure::new(Kind::InvalidArgument, Reason::NoTextLayer, "pictures"))]);
    world.publish(&plan).await;
    let queue = Arc::new(links::Lossy::to(&world, 2));
    let process = world.start_over(queue, world.steps.clone(), Arc::clone(&world.handler), WorkerOptions::default());
    let letters = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&letters);
    process.stats.tell_dead_letters(move |reason| told.lock().push(reason));
    sleep(120 * SECOND).await;
    assert_eq!((world.events().await, world.waiting()), (vec!["failed NO_TEXT_LAYER".to_owned()], 0));
    assert_eq!(process.stats.ended(DeliveryOutcome::Interrupted), 2, "the event was lost twice");
    assert_eq!(*letters.lock(), [Reason::NoTextLayer]);
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
async fn a_command_of_a_newer_version_waits_unclaimed() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.queue.publish(&plan, Message::new("newer")).await.unwrap();
    let process = world.start();
    sleep(40 * SECOND).await;
    assert_eq!((world.handler.attempts(&plan), world.waiting()), (0, 1));
    assert!(world.untouched(&plan).await);
    assert!(process.stats.ended(DeliveryOutcome::LeftToNewer) > 1);
}
