//! What is made up for: lost commands, full streams, and what another replica wrote first.

use super::*;

#[tokio::test(start_paused = true)]
async fn lost_commands_and_events_are_made_up_for_by_the_audit() {
    let world = World::with_workers().await;
    let id = world.order("lost", "acme", 2).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    for grant in world.slots().await.grants {
        world.queue.withdraw(&grant.step).await.expect("lost");
    }
    world.finished(&id).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(world.slots().await.grants.is_empty(), "nothing stays granted");
}

#[tokio::test(start_paused = true)]
async fn what_is_granted_and_lost_waits_for_no_younger_step_when_the_stream_is_full() {
    let world = World::with_queue(ConnectOptions { max_waiting: 2, ..ConnectOptions::default() }).await;
    world.announce(Service::Tts, 8, &[]).await;
    world.order("old", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let granted = |slots: Slots| slots.grants.into_iter().map(|grant| grant.step.to_string()).collect::<Vec<_>>();
    assert_eq!(granted(world.slots().await), ["old/1/record/0", "old/1/record/1"], "what the stream refused is let go");

    let (lost, other) = ("old/1/record/0".parse().expect("a step"), "other/1/record/0".parse().expect("a step"));
    world.queue.withdraw(&lost).await.expect("lost");
    world.queue.publish(&other, Message::new(Vec::new())).await.expect("a place in the stream");
    tokio::time::sleep(audit::AFTER + audit::EVERY).await;
    assert!(!world.slots().await.granted(&lost), "the audit does not keep what is refused");

    world.queue.withdraw(&other).await.expect("withdrawn");
    world.order("young", "acme", 2).await;
    tokio::time::sleep(EVERY).await;
    assert_eq!(granted(world.slots().await), ["old/1/record/1", "old/1/record/0"], "the oldest has the place");
    assert_eq!(world.outstanding(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_wakes_in_a_round_that_is_lost_earns_no_credit() {
    let world = World::at_rest(ConnectOptions::default()).await;
    let (dispatcher, slots) = (world.conductor.dispatcher(), world.narrations.beside::<Slots>());
    dispatcher.workers().hear(&capacity(Service::Tts, 23, &[]).encode(), world.clock.now());
    world.order("first", "acme", 2).await;
    dispatcher.pass(Service::Tts).await.expect("granted");

    // Another replica has served the lane for long, and written last.
    let other = |slots: &mut Slots| {
        for section in 100..10_100 {
            let grant = grant(&format!("first/1/record/{section}"), "acme", "tone", world.clock.now());
            let step = grant.step.clone();
            slots.grant(grant, Lane::Standard, 0);
            slots.release(|grant| grant.step == step);
        }
        Ok(Change::Write)
    };
    slots.update(Service::Tts.as_str(), other).await.expect("written");
    for index in 0..8 {
        world.order(&format!("standard-{index}"), "acme", 2).await;
        world.order(&format!("bulk-{index}"), "acme", 3).await;
    }
    dispatcher.pass(Service::Tts).await.expect("granted");
    let grants = world.slots().await.grants;
    let bulk = grants.iter().filter(|grant| grant.step.narration.as_str().starts_with("bulk")).count();
    assert_eq!((grants.len(), bulk), (24, 5), "one in five of what is granted anew, rounded, and not all of it");
}

#[tokio::test(start_paused = true)]
async fn what_another_replica_granted_and_ended_here_is_released_at_once() {
    let world = World::at_rest(ConnectOptions::default()).await;
    let (dispatcher, slots) = (world.conductor.dispatcher(), world.narrations.beside::<Slots>());
    dispatcher.workers().hear(&capacity(Service::Tts, 1, &[]).encode(), world.clock.now());
    dispatcher.pass(Service::Tts).await.expect("a look");
    let id = world.order("narration", "acme", 2).await;
    let other = |slots: &mut Slots| {
        let grant = grant("narration/1/record/0", "acme", "tone", world.clock.now());
        slots.grant(grant, Lane::Standard, 0);
        Ok(Change::Write)
    };
    slots.update(Service::Tts.as_str(), other).await.expect("granted elsewhere");
    let failure = Failure::internal("cancelled");
    let cancelled = world.conductor.update(&id, |n, now| n.cancel(failure.clone(), now)).await.expect("written");
    world.conductor.changed(&cancelled.expect("changed"));
    dispatcher.pass(Service::Tts).await.expect("released");
    assert!(world.slots().await.grants.is_empty(), "not by the audit");
}
