//! What is made up for: lost commands, lost hints and full streams.

use lectern_store::memory::MemoryStore;

use super::*;
use crate::testing::Away;

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

/// Those of which the gateway knew in the same turn once hid it.
#[tokio::test(start_paused = true)]
async fn an_order_of_which_nobody_told_is_found_in_a_turn_that_has_work_all_the_time() {
    let world = World::new().await;
    world.announce(Service::Tts, 20, &[]).await;
    let told = world.order("told", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut ordered = written(SECTIONS);
    ordered.ready = crate::conduct::wanted::ready(&ordered, Window::default());
    ordered.due_at = None;
    world.narrations.insert(&ordered).await.expect("inserted");
    tokio::time::sleep(Duration::from_secs(32)).await;
    world.announce(Service::Tts, 20, &[]).await;
    tokio::time::sleep(EVERY).await;
    for id in [&told, &ordered.id] {
        let of = world.granted().iter().filter(|step| step.narration == *id).count();
        assert_eq!(of, SECTIONS as usize, "{id}");
    }
}

/// No pass took place until the last of thousands of commands was withdrawn.
#[tokio::test(start_paused = true)]
async fn the_service_goes_on_while_what_is_held_up_is_withdrawn() {
    let clock = Arc::new(VirtualClock(Instant::now()));
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
    let away = Arc::new(Away(Arc::clone(&queue)));
    let shared = Arc::clone(&clock) as Arc<dyn Clock>;
    let Parts { narrations, dispatcher, .. } = Parts::over(Arc::new(Nobody), shared, store, queue, away).await;
    let mut ordered = written(SECTIONS);
    ordered.ready = crate::conduct::wanted::ready(&ordered, Window::default());
    let revision = narrations.insert(&ordered).await.expect("inserted");
    dispatcher.schedule(&Versioned { record: ordered, revision });
    let pass = || tokio::time::timeout(EVERY, dispatcher.pass(Service::Tts));
    pass().await.expect_err("the queue is away, publishing does not end");
    assert_eq!(dispatcher.granted(Service::Tts).len(), SECTIONS as usize);

    dispatcher.workers().hear(&capacity(Service::Tts, 4, &["tone"]).encode(), clock.now());
    let (taken_back, passed) = tokio::join!(tokio::time::timeout(EVERY * 3, dispatcher.take_back_held()), async {
        tokio::time::sleep(EVERY).await;
        pass().await
    });
    taken_back.expect_err("nor does withdrawing");
    passed.expect("a pass takes place meanwhile").expect("all is read");
    assert!(dispatcher.granted(Service::Tts).is_empty());
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
