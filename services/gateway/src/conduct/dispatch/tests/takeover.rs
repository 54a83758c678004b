//! A gateway comes, goes or dies: others look after its tenants, and nothing is done twice or left.

use super::fleet::{Fleet, Running, granted_of, step, turn_of};
use super::*;
use crate::domain::Lane;

/// Orders so many narrations of one step each of each tenant, and tells the gateway.
async fn order(fleet: &Fleet, gateway: &Running, tenants: &[&str], count: usize) {
    for index in 0..count {
        for tenant in tenants {
            let turn = turn_of(tenant, Lane::Standard, "tone");
            let ordered = fleet.insert(&format!("{tenant}-{index:02}"), &turn, 1).await;
            gateway.dispatcher.schedule(&ordered);
        }
    }
}

/// The one that has granted something, and the others.
fn owner(gateways: Vec<Running>) -> (Running, Vec<Running>) {
    let (mut owners, others): (Vec<_>, Vec<_>) =
        gateways.into_iter().partition(|gateway| !gateway.granted().is_empty());
    assert_eq!(owners.len(), 1, "with so few permits one gateway dispatches");
    (owners.remove(0), others)
}

#[tokio::test(start_paused = true)]
async fn another_takes_over_at_once_from_a_gateway_that_leaves_and_in_seconds_from_one_that_dies() {
    for dies in [false, true] {
        let fleet = Fleet::new().await;
        let gateways = fleet.start_all(3, 4, DispatchOptions::default()).await;
        order(&fleet, &gateways[0], &["acme"], 20).await;
        tokio::time::sleep(EVERY).await;
        let (owner, others) = owner(gateways);
        let before = owner.granted();
        assert_eq!(before.len(), 5);
        let within = if dies {
            drop(owner);
            members::HEARD_WITHIN + EVERY * 2
        } else {
            owner.stop().await;
            EVERY
        };
        tokio::time::sleep(within).await;
        let after: Vec<StepId> = others.iter().flat_map(Running::granted).collect();
        assert_eq!(after, before, "dies: {dies}; what was granted is granted still");
        assert_eq!(fleet.queue.outstanding(Service::Tts), 5, "and is in the queue once");

        // What ends from then on is made up for.
        let ended = fleet.end(&"acme-00".parse().expect("an id")).await;
        others[0].dispatcher.schedule(&ended);
        tokio::time::sleep(EVERY).await;
        let after: Vec<StepId> = others.iter().flat_map(Running::granted).collect();
        assert!(after.len() == 5 && after.contains(&step("acme-05", 0)), "{after:?}");
    }
}

/// Calls and events in hand change narrations for some time after a gateway is told to stop, and
/// what it was told of by then waited for the reconciler.
#[tokio::test(start_paused = true)]
async fn what_changes_while_a_gateway_drains_comes_to_who_took_over() {
    let fleet = Fleet::new().await;
    let gateways = fleet.start_all(2, 4, DispatchOptions::default()).await;
    order(&fleet, &gateways[0], &["acme"], 1).await;
    tokio::time::sleep(EVERY).await;
    let (owner, others) = owner(gateways);
    let draining = owner.dispatcher.clone();
    // Told of in the moment in which it is stopped.
    let acme = turn_of("acme", Lane::Standard, "tone");
    draining.schedule(&fleet.insert("last", &acme, 1).await);
    owner.stop().await;
    tokio::time::sleep(EVERY * 3).await;
    assert!(others[0].granted().contains(&step("last", 0)));

    // The other has read by now all that waits.
    let drains = async {
        draining.schedule(&fleet.insert("drained", &acme, 1).await);
        draining.schedule(&fleet.end(&"acme-00".parse().expect("an id")).await);
        tokio::time::sleep(EVERY).await;
        assert_eq!(others[0].granted(), [step("drained", 0), step("last", 0)]);
        draining.schedule(&fleet.end(&"last".parse().expect("an id")).await);
    };
    draining.relay_during(Box::pin(drains)).await;
    tokio::time::sleep(EVERY).await;
    assert_eq!(others[0].granted(), [step("drained", 0)], "what was on its way at the end arrives");
}

/// The count of grants was once a record that could be lost, and then the order of tenants stood
/// still.
#[tokio::test(start_paused = true)]
async fn after_its_owner_is_gone_a_service_serves_its_tenants_in_turn() {
    let fleet = Fleet::new().await;
    let gateways = fleet.start_all(2, 1, DispatchOptions::default()).await;
    order(&fleet, &gateways[0], &["a", "b"], 30).await;
    tokio::time::sleep(EVERY).await;
    let (owner, others) = owner(gateways);
    drop(owner);
    tokio::time::sleep(members::HEARD_WITHIN + EVERY * 2).await;
    let mut served = [0, 0];
    for _ in 0..20 {
        let granted = others[0].granted();
        assert_eq!(granted.len(), 2);
        for (served, tenant) in served.iter_mut().zip(["a-", "b-"]) {
            *served += granted_of(&granted, tenant);
        }
        for step in granted {
            others[0].dispatcher.schedule(&fleet.end(&step.narration).await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(served, [20, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_comes_takes_its_part_and_what_the_others_granted_of_it() {
    let fleet = Fleet::new().await;
    let mut gateways = fleet.start_all(1, 63, DispatchOptions { per_tenant: 4 }).await;
    let tenants: Vec<String> = (0..24).map(|index| format!("t{index:02}")).collect();
    let names: Vec<&str> = tenants.iter().map(String::as_str).collect();
    order(&fleet, &gateways[0], &names, 6).await;
    tokio::time::sleep(EVERY).await;
    assert_eq!(gateways[0].granted().len(), 64);
    gateways.push(fleet.start(DispatchOptions { per_tenant: 4 }).await);
    tokio::time::sleep(EVERY * 5).await;
    let [first, second] = [gateways[0].granted(), gateways[1].granted()];
    assert!(!first.is_empty() && !second.is_empty());
    for tenant in names {
        let of = [granted_of(&first, tenant), granted_of(&second, tenant)];
        assert!(of.contains(&0), "{tenant} is looked after by one: {of:?}");
    }

    // What each had granted, or found granted, beyond its share it keeps until it ends.
    for step in first.into_iter().chain(second) {
        gateways[1].dispatcher.schedule(&fleet.end(&step.narration).await);
    }
    tokio::time::sleep(EVERY * 2).await;
    assert_eq!(gateways.iter().map(|gateway| gateway.granted().len()).sum::<usize>(), 64);
}

/// A panic ends a run in the middle of something: the next one begins with nothing and finds all.
#[tokio::test(start_paused = true)]
async fn a_dispatcher_that_begins_again_finds_what_it_had_granted() {
    let fleet = Fleet::new().await;
    let gateway = fleet.start_all(1, 4, DispatchOptions::default()).await.remove(0);
    order(&fleet, &gateway, &["acme"], 20).await;
    tokio::time::sleep(EVERY).await;
    let (before, dispatcher) = (gateway.granted(), gateway.dispatcher.clone());
    drop(gateway);
    let run = dispatcher.clone();
    let _task = AbortOnDropHandle::new(tokio::spawn(async move { run.run(CancellationToken::new()).await }));
    tokio::time::sleep(EVERY).await;
    assert_eq!(dispatcher.granted(Service::Tts), before);
    assert_eq!((before.len(), fleet.queue.outstanding(Service::Tts)), (5, 5));
}
