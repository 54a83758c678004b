//! Several gateways at work at the same time: whoever is told, the owner grants.

use super::fleet::{Fleet, Running, granted_of, step, turn_of};
use super::*;
use crate::domain::{Lane, Turn};

fn acme() -> Turn {
    turn_of("acme", Lane::Standard, "tone")
}

fn all_granted(gateways: &[Running]) -> Vec<StepId> {
    gateways.iter().flat_map(Running::granted).collect()
}

/// Waits until a step is granted, and for no longer than one exchange.
async fn granted_within_an_exchange(gateways: &[Running], step: &StepId, what: &str) {
    let begin = Instant::now();
    while !all_granted(gateways).contains(step) {
        assert!(begin.elapsed() < EVERY, "{what}: {step} waits longer than one exchange");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// With two gateways an order once waited 17 s: one remembered its turn as waiting while the other
/// let it rest.
#[tokio::test(start_paused = true)]
async fn with_two_gateways_an_order_waits_one_exchange_at_most_whatever_their_calls_mix_to() {
    for seed in 0..30 {
        let (fleet, random) = (Fleet::with_delays(seed).await, lectern_core::random::SeededRandom::new(seed));
        // With 40 permits both of them dispatch, with 2 one alone.
        let permits = if seed % 2 == 0 { 2 } else { 40 };
        let gateways = fleet.start_all(2, permits, DispatchOptions::default()).await;
        let any = || &gateways[usize::try_from(random.below(2)).expect("small")].dispatcher;
        let pause = |most| tokio::time::sleep(Duration::from_millis(random.below(most)));
        for round in 0..12 {
            pause(2_500).await;
            let id = format!("n{round}");
            let turn = turn_of(&format!("t{}", random.below(3)), Lane::Standard, "tone");
            let ordered = fleet.insert(&id, &turn, 1).await;
            any().schedule(&ordered);
            granted_within_an_exchange(&gateways, &step(&id, 0), &format!("seed {seed}")).await;
            pause(300).await;
            any().schedule(&fleet.end(&ordered.record.id).await);
            pause(300).await;
        }
        tokio::time::sleep(EVERY).await;
        let left = all_granted(&gateways);
        assert!(left.is_empty(), "seed {seed}: what ended is released, whoever was told: {left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn with_three_gateways_a_tenant_at_its_limit_goes_on_within_one_exchange_of_its_steps_end() {
    const TENANTS: u64 = 14;
    for seed in 0..15 {
        let (fleet, random) = (Fleet::with_delays(seed).await, lectern_core::random::SeededRandom::new(seed));
        let permits = if seed % 2 == 0 { 20 } else { 95 };
        let gateways = fleet.start_all(3, permits, DispatchOptions { per_tenant: 1 }).await;
        let any = || &gateways[usize::try_from(random.below(3)).expect("small")].dispatcher;
        let name = |tenant: u64, order: usize| format!("t{tenant:02}-{order}");
        let turn = |tenant: u64| turn_of(&format!("t{tenant:02}"), Lane::Standard, "tone");
        let mut running = [0_usize; TENANTS as usize];
        for order in [0, 1] {
            for tenant in 0..TENANTS {
                any().schedule(&fleet.insert(&name(tenant, order), &turn(tenant), 1).await);
            }
        }
        tokio::time::sleep(EVERY * 3).await;
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(random.below(1_500))).await;
            let tenant = random.below(TENANTS);
            let at = &mut running[usize::try_from(tenant).expect("small")];
            any().schedule(&fleet.end(&name(tenant, *at).parse().expect("an id")).await);
            *at += 1;
            any().schedule(&fleet.insert(&name(tenant, *at + 1), &turn(tenant), 1).await);
            let next = step(&name(tenant, *at), 0);
            granted_within_an_exchange(&gateways, &next, &format!("seed {seed}")).await;
        }
        let granted = all_granted(&gateways);
        for tenant in 0..TENANTS {
            assert_eq!(granted_of(&granted, &format!("t{tenant:02}-")), 1, "seed {seed}: {granted:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn three_gateways_grant_together_what_the_workers_can_do_and_all_of_it() {
    let fleet = Fleet::new().await;
    let gateways = fleet.start_all(3, 95, DispatchOptions { per_tenant: 5 }).await;
    // More than there is room for, and each tenant has more than it may have.
    for tenant in 0..30 {
        let turn = turn_of(&format!("t{tenant:02}"), Lane::ALL[tenant % 3], "tone");
        for order in 0..40 {
            let ordered = fleet.insert(&format!("t{tenant:02}-{order:02}"), &turn, 1).await;
            gateways[tenant % 3].dispatcher.schedule(&ordered);
        }
    }
    for round in 0..6 {
        // Until each has told what it has to do.
        tokio::time::sleep(EVERY * 3).await;
        let granted = all_granted(&gateways);
        // What was granted while the shares were others stays until it ends.
        assert!(round == 0 || granted.len() == 96, "all there is and no more: {} in round {round}", granted.len());
        for tenant in 0..30 {
            assert!(granted_of(&granted, &format!("t{tenant:02}")) <= 5, "no tenant has more than it may have");
        }
        for (at, step) in granted.iter().enumerate() {
            gateways[at % 3].dispatcher.schedule(&fleet.end(&step.narration).await);
        }
    }
    assert!(gateways.iter().all(|gateway| gateway.dispatcher.level(Service::Tts).total > 0), "each has its part");
}

#[tokio::test(start_paused = true)]
async fn every_gateway_knows_what_the_others_have_granted() {
    let fleet = Fleet::new().await;
    let gateways = fleet.start_all(2, 2, DispatchOptions::default()).await;
    let first = fleet.insert("first", &acme(), 3).await;
    let second = fleet.insert("second", &acme(), 3).await;
    gateways[0].dispatcher.schedule(&first);
    tokio::time::sleep(Duration::from_millis(50)).await;
    gateways[1].dispatcher.schedule(&second);
    tokio::time::sleep(audit::EVERY + EVERY).await;
    for gateway in &gateways {
        assert_eq!(gateway.dispatcher.level(Service::Tts).granted, 3);
        assert_eq!(gateway.dispatcher.wait(&first.record), None);
        assert_eq!(gateway.dispatcher.wait(&second.record), Some(crate::conduct::Wait::Queue));
    }
}

/// A pass that judged by an older copy of the narration once released it.
#[tokio::test(start_paused = true)]
async fn what_was_granted_for_a_newer_narration_stays_where_an_older_one_is_heard_of() {
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(DispatchOptions::default()).await;
    fleet.announce(&dispatcher, "tts-1", 8, &[]);
    let pass = async || dispatcher.pass(Service::Tts).await.expect("a pass");
    let granted = |section| dispatcher.granted(Service::Tts).contains(&step("one", section));
    let older = fleet.insert("one", &acme(), 6).await;
    let newer = fleet.change(&older.record.id, |narration| crate::testing::record(narration, 0)).await;
    dispatcher.schedule(&newer);
    pass().await;
    assert!(granted(4));

    dispatcher.schedule(&older);
    pass().await;
    assert!(granted(4) && !granted(0));

    // What is over stays so, too.
    dispatcher.schedule(&fleet.end(&older.record.id).await);
    pass().await;
    dispatcher.schedule(&newer);
    pass().await;
    assert!(dispatcher.granted(Service::Tts).is_empty());
}

/// One open breaker once took the engine from every worker.
#[tokio::test(start_paused = true)]
async fn an_engine_that_is_out_of_order_at_one_worker_is_granted_as_many_steps_as_the_other_takes() {
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(DispatchOptions::default()).await;
    fleet.announce(&dispatcher, "broken", 4, &["tone"]);
    fleet.announce(&dispatcher, "whole", 2, &[]);
    for index in 0..4 {
        dispatcher.schedule(&fleet.insert(&format!("tone-{index}"), &acme(), 4).await);
    }
    dispatcher.pass(Service::Tts).await.expect("granted");
    let of = |engine: &str| granted_of(&dispatcher.granted(Service::Tts), engine);
    assert_eq!(of("tone"), 3, "two are worked on, and the next one is there");

    // Steps of other engines have the rest of the room.
    let other = turn_of("other", Lane::Standard, "other");
    for index in 0..4 {
        dispatcher.schedule(&fleet.insert(&format!("other-{index}"), &other, 4).await);
    }
    dispatcher.pass(Service::Tts).await.expect("granted");
    assert_eq!((of("tone"), of("other")), (3, 4));

    fleet.announce(&dispatcher, "whole", 2, &["tone"]);
    dispatcher.take_back_held().await;
    assert_eq!((of("tone"), of("other")), (0, 4), "no worker has it in order");
}
