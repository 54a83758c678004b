//! Turns of tenants that are gone.

use super::fleet::{Fleet, turn_of};
use super::*;

/// How long a turn that rests is kept in these tests.
const RETENTION: Duration = Duration::from_secs(3_600);

fn options() -> DispatchOptions {
    DispatchOptions { retention: RETENTION, ..DispatchOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_rested_for_long_is_deleted_and_one_in_which_somebody_waits_is_not() {
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(options()).await;
    let turn = |tenant: &str| turn_of(tenant, Lane::Standard, "tone");
    let began = fleet.clock.now();
    for index in 0..250 {
        fleet.turns.insert(&turn(&format!("gone-{index:03}")).at_rest(began)).await.expect("a turn");
    }
    // One whose gateway died before it woke the turn.
    fleet.turns.insert(&turn("back").at_rest(began)).await.expect("a turn");
    fleet.insert("back", &turn("back"), 1).await;
    tokio::time::sleep(RETENTION).await;
    fleet.turns.insert(&turn("recent").at_rest(fleet.clock.now())).await.expect("a turn");

    let resting = || async {
        let resting = pick::turns_in(Service::Tts, Lane::Standard, TurnState::Resting, 1_000);
        fleet.turns.find(&resting).await.expect("the store").items.len()
    };
    dispatcher.audit(Service::Tts, audit::AFTER).await.expect("an audit");
    let left = resting().await;
    assert!((100..252).contains(&left), "some at a time: {left}");
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        dispatcher.audit(Service::Tts, audit::AFTER).await.expect("an audit");
    }
    assert_eq!(resting().await, 1);
    assert_eq!(fleet.state(&turn("recent")).await, Some(TurnState::Resting));
    assert_eq!(fleet.state(&turn("back")).await, Some(TurnState::Waiting), "it was made anew");
}

#[tokio::test(start_paused = true)]
async fn an_order_beside_the_deletion_of_its_turn_is_granted() {
    for seed in 0..60 {
        let fleet = Fleet::with_delays(seed).await;
        let (first, second) = (fleet.dispatcher(options()).await, fleet.dispatcher(options()).await);
        let turn = turn_of("acme", Lane::Standard, "tone");
        fleet.turns.insert(&turn.clone().at_rest(fleet.clock.now())).await.expect("a turn");
        tokio::time::sleep(RETENTION).await;
        fleet.announce(&first, "tts-1", 8, &[]);
        let order = async {
            tokio::time::sleep(Duration::from_millis(seed * 15)).await;
            first.touch(&fleet.insert("one", &turn, 1).await);
            first.pass(Service::Tts).await.expect("a pass");
        };
        let (audited, ()) = tokio::join!(second.audit(Service::Tts, audit::AFTER), order);
        audited.expect("an audit");
        assert_eq!(fleet.state(&turn).await, Some(TurnState::Waiting), "seed {seed}");
        tokio::time::sleep(IDLE).await;
        first.pass(Service::Tts).await.expect("a pass");
        let step = "one/1/record/0".parse().expect("a step");
        assert!(fleet.slots().await.granted(&step), "seed {seed}");
    }
}
