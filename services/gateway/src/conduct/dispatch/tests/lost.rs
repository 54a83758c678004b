//! What is made up for: lost commands, lost hints and full streams.

use super::*;

#[tokio::test(start_paused = true)]
async fn lost_commands_and_events_are_made_up_for_by_the_audit() {
    let world = World::with_workers().await;
    let id = world.order("lost", "acme", 2).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    for step in world.granted() {
        world.queue.withdraw(&step).await.expect("lost");
    }
    world.finished(&id).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(world.granted().is_empty(), "nothing stays granted");
}

#[tokio::test(start_paused = true)]
async fn what_is_granted_and_lost_waits_for_no_younger_step_when_the_stream_is_full() {
    let world = World::with_queue(ConnectOptions { max_waiting: 2, ..ConnectOptions::default() }).await;
    world.announce(Service::Tts, 8, &[]).await;
    world.order("old", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let granted = || world.granted().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(granted(), ["old/1/record/0", "old/1/record/1"], "what the stream refused is taken back");

    let (lost, other) = ("old/1/record/0".parse().expect("a step"), "other/1/record/0".parse().expect("a step"));
    world.queue.withdraw(&lost).await.expect("lost");
    world.queue.publish(&other, Message::new(Vec::new())).await.expect("a place in the stream");
    tokio::time::sleep(audit::AFTER + audit::EVERY).await;
    assert!(!world.granted().contains(&lost), "the audit does not keep what is refused");

    world.queue.withdraw(&other).await.expect("withdrawn");
    world.order("young", "acme", 2).await;
    tokio::time::sleep(EVERY * 2).await;
    assert_eq!(granted(), ["old/1/record/0", "old/1/record/1"], "the oldest has the place");
    assert_eq!(world.outstanding(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_order_of_which_nobody_told_is_found_by_a_look_at_all_turns() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut ordered = written(SECTIONS);
    ordered.ready = crate::conduct::wanted::ready(&ordered, Window::default());
    // Not even the reconciler looks at it.
    ordered.due_at = None;
    world.narrations.insert(&ordered).await.expect("inserted");
    tokio::time::sleep(Duration::from_secs(32)).await;
    assert_eq!(world.granted().len(), PERMITS + 1);
}

#[tokio::test(start_paused = true)]
async fn a_narration_that_ended_and_of_which_nobody_told_is_released_by_the_audit() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    let (first, other) = (world.order("first", "acme", 2).await, world.order("other", "acme", 2).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.granted().iter().all(|step| step.narration == first));
    let failure = Failure::internal("cancelled");
    world.conductor.update(&first, |n, now| n.cancel(failure.clone(), now)).await.expect("written");
    tokio::time::sleep(audit::AFTER + audit::EVERY).await;
    assert!(world.granted().iter().all(|step| step.narration == other), "{:?}", world.granted());
    assert_eq!(world.granted().len(), PERMITS + 1);
}
