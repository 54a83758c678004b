//! Gateways that see it differently who looks after what: nothing that one of them was told is
//! lost.

use std::collections::BTreeSet;

use super::fleet::{Fleet, step, turn_of};
use super::*;
use crate::domain::{Lane, Ownership, Shard, Turn};

/// The turn of a tenant that `owner` looks after where both dispatch.
fn turn_owned_by(owner: &Dispatcher, other: &Dispatcher) -> Turn {
    let both = BTreeSet::from([owner.shared.me.clone(), other.shared.me.clone()]);
    let ownership = Ownership::of(&both, 64);
    let mut turns = (0..).map(|index| turn_of(&format!("t{index}"), Lane::Standard, "tone"));
    turns.find(|turn| ownership.owner(Shard::of(&turn.tenant)) == Some(&owner.shared.me)).expect("one of them")
}

/// Runs something of a dispatcher until it is dropped.
fn keep_on<F: Future<Output = ()> + Send + 'static>(run: F) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(run))
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_heard_of_no_workers_yet_comes_to_the_same_answer_as_the_others() {
    let fleet = Fleet::new().await;
    let mut gateways = Vec::new();
    for _ in 0..3 {
        gateways.push(fleet.start(DispatchOptions::default()).await);
        // The first one alone hears of them.
        fleet.announce(&gateways[0].dispatcher, "tts-1", 95, &[]);
        tokio::time::sleep(EVERY * 2).await;
        let views: Vec<Arc<Ownership>> = gateways.iter().map(|gateway| gateway.dispatcher.shared.ownership()).collect();
        assert_eq!(views[0].dispatchers().len(), gateways.len(), "with so many steps all of them dispatch");
        assert!(views.iter().all(|view| *view == views[0]), "{views:?}");
    }
}

/// It once was found by the reconciler, or by a look at all turns.
#[tokio::test(start_paused = true)]
async fn what_a_gateway_was_told_before_it_knew_of_the_owner_comes_to_the_owner() {
    let fleet = Fleet::new().await;
    let owner = fleet.start_all(1, 63, DispatchOptions::default()).await.remove(0);
    // Nobody is known to this one, so everything is its own.
    let late = fleet.dispatcher(DispatchOptions::default()).await;
    let turn = turn_owned_by(&owner.dispatcher, &late);
    late.schedule(&fleet.insert("one", &turn, 1).await);
    late.pass(Service::Tts).await.expect("a pass");
    assert_eq!(late.granted(Service::Tts), [step("one", 0)]);
    assert!(owner.granted().is_empty());

    let (listens, relays) = (late.clone(), late.clone());
    let _listens = keep_on(async move { listens.listen_to_members().await });
    let _relays = keep_on(async move { relays.relay().await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    late.pass(Service::Tts).await.expect("a pass");
    assert!(late.granted(Service::Tts).is_empty(), "it is somebody else's");
    tokio::time::sleep(EVERY).await;
    assert_eq!(owner.granted(), [step("one", 0)]);
}
