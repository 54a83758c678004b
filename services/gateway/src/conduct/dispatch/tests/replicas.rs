//! Several gateways: what one remembers, another changes.

use lectern_core::Random as _;
use lectern_core::random::SeededRandom;

use super::fleet::{Fleet, turn_of};
use super::*;

fn acme() -> Turn {
    turn_of("acme", Lane::Standard, "tone")
}

fn step(id: &str, section: u32) -> StepId {
    format!("{id}/1/record/{section}").parse().expect("a step")
}

/// It once waited 17 s: the first gateway remembered that the turn waits, the audit of the second
/// had let it rest, and the first left its write out.
#[tokio::test(start_paused = true)]
async fn an_order_is_granted_at_once_where_another_gateway_let_its_turn_rest() {
    let fleet = Fleet::new().await;
    let first = fleet.dispatcher(DispatchOptions::default()).await;
    let second = fleet.dispatcher(DispatchOptions::default()).await;
    fleet.announce(&first, "tts-1", 8, &[]);
    first.touch(&fleet.insert("one", &acme(), 1).await);
    first.pass(Service::Tts).await.expect("granted");
    assert!(fleet.slots().await.granted(&step("one", 0)));
    first.touch(&fleet.end(&"one".parse().expect("an id")).await);
    first.pass(Service::Tts).await.expect("released");
    second.audit(Service::Tts, audit::AFTER).await.expect("an audit");
    assert_eq!(fleet.state(&acme()).await, Some(TurnState::Resting));

    first.touch(&fleet.insert("two", &acme(), 1).await);
    first.pass(Service::Tts).await.expect("granted");
    assert!(fleet.slots().await.granted(&step("two", 0)));
}

#[tokio::test(start_paused = true)]
async fn with_two_gateways_an_order_waits_two_passes_at_most_whatever_their_calls_mix_to() {
    for seed in 0..30 {
        let (fleet, random) = (Fleet::with_delays(seed).await, SeededRandom::new(seed));
        let mut dispatchers = Vec::new();
        for _ in 0..2 {
            dispatchers.push(fleet.dispatcher(DispatchOptions::default()).await);
        }
        let stop = CancellationToken::new();
        let mut tasks = Vec::new();
        for dispatcher in dispatchers.clone() {
            let stop = stop.clone();
            tasks.push(AbortOnDropHandle::new(tokio::spawn(async move { dispatcher.run(stop).await })));
        }
        let any = || &dispatchers[usize::try_from(random.below(2)).expect("small")];
        let pause = |most| tokio::time::sleep(Duration::from_millis(random.below(most)));
        for round in 0..12 {
            pause(2_500).await;
            for dispatcher in &dispatchers {
                fleet.announce(dispatcher, "tts-1", 2, &[]);
            }
            let id = format!("n{round}");
            let ordered = fleet.insert(&id, &acme(), 1).await;
            let begin = Instant::now();
            any().touch(&ordered);
            while !fleet.slots().await.granted(&step(&id, 0)) {
                assert!(begin.elapsed() < EVERY * 2, "seed {seed}: {id} waits longer than two passes");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            pause(300).await;
            any().touch(&fleet.end(&ordered.record.id).await);
        }
        stop.cancel();
    }
}

/// Fourteen tenants at their limit are more than stay at the front of a lane: their turns are taken
/// from there by one gateway while steps end at the other.
#[tokio::test(start_paused = true)]
async fn with_two_gateways_a_tenant_at_its_limit_goes_on_within_two_passes_of_its_steps_end() {
    const TENANTS: u64 = 14;
    for seed in 0..15 {
        let (fleet, random) = (Fleet::with_delays(seed).await, SeededRandom::new(seed));
        let options = DispatchOptions { per_tenant: 1, ..DispatchOptions::default() };
        let dispatchers = [fleet.dispatcher(options).await, fleet.dispatcher(options).await];
        let mut tasks = Vec::new();
        for dispatcher in dispatchers.clone() {
            let run = async move { dispatcher.run(CancellationToken::new()).await };
            tasks.push(AbortOnDropHandle::new(tokio::spawn(run)));
        }
        let any = || &dispatchers[usize::try_from(random.below(2)).expect("small")];
        // Room for every tenant, and for two more.
        let announce = || {
            for dispatcher in &dispatchers {
                fleet.announce(dispatcher, "tts-1", usize::try_from(TENANTS).expect("small") + 1, &[]);
            }
        };
        let name = |tenant: u64, order: usize| format!("t{tenant:02}-{order}");
        let turn = |tenant: u64| turn_of(&format!("t{tenant:02}"), Lane::Standard, "tone");
        let mut running = [0_usize; TENANTS as usize];
        announce();
        for order in [0, 1] {
            for tenant in 0..TENANTS {
                any().touch(&fleet.insert(&name(tenant, order), &turn(tenant), 1).await);
            }
            tokio::time::sleep(EVERY * 2).await;
        }
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(random.below(1_500))).await;
            announce();
            let tenant = random.below(TENANTS);
            let at = &mut running[usize::try_from(tenant).expect("small")];
            any().touch(&fleet.end(&name(tenant, *at).parse().expect("an id")).await);
            *at += 1;
            any().touch(&fleet.insert(&name(tenant, *at + 1), &turn(tenant), 1).await);
            let (begin, next) = (Instant::now(), step(&name(tenant, *at), 0));
            while !fleet.slots().await.granted(&next) {
                assert!(begin.elapsed() < EVERY * 2, "seed {seed}: {next} waits longer than two passes");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let slots = fleet.slots().await;
        assert!(slots.by_tenant().values().all(|granted| *granted == 1), "{slots:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_beside_an_audit_that_lets_its_turn_rest_is_granted_by_the_pass() {
    for seed in 0..60 {
        let fleet = Fleet::with_delays(seed).await;
        let first = fleet.dispatcher(DispatchOptions::default()).await;
        let second = fleet.dispatcher(DispatchOptions::default()).await;
        fleet.announce(&first, "tts-1", 8, &[]);
        fleet.turns.insert(&acme()).await.expect("a turn");
        let order = async {
            tokio::time::sleep(Duration::from_millis(seed * 12)).await;
            first.touch(&fleet.insert("one", &acme(), 1).await);
            first.pass(Service::Tts).await.expect("a pass");
        };
        let (audited, ()) = tokio::join!(second.audit(Service::Tts, audit::AFTER), order);
        audited.expect("an audit");
        assert_eq!(fleet.state(&acme()).await, Some(TurnState::Waiting), "seed {seed}");
        // Where the turn rested just when the pass looked, the next pass finds it.
        tokio::time::sleep(IDLE).await;
        first.pass(Service::Tts).await.expect("a pass");
        assert!(fleet.slots().await.granted(&step("one", 0)), "seed {seed}");
    }
}

/// A pass that judged by an older copy of the narration once released it.
#[tokio::test(start_paused = true)]
async fn what_was_granted_for_a_newer_narration_stays_where_an_older_one_is_heard_of() {
    let fleet = Fleet::new().await;
    let first = fleet.dispatcher(DispatchOptions::default()).await;
    let second = fleet.dispatcher(DispatchOptions::default()).await;
    for dispatcher in [&first, &second] {
        fleet.announce(dispatcher, "tts-1", 8, &[]);
    }
    let older = fleet.insert("one", &acme(), 6).await;
    let newer = |narration: &mut Narration| {
        narration.recorded.insert(0);
    };
    let newer = fleet.change(&older.record.id, newer).await;
    second.touch(&newer);
    second.pass(Service::Tts).await.expect("granted");
    assert!(fleet.slots().await.granted(&step("one", 4)));

    first.touch(&older);
    first.pass(Service::Tts).await.expect("a pass");
    let slots = fleet.slots().await;
    assert!(slots.granted(&step("one", 4)) && !slots.granted(&step("one", 0)), "{slots:?}");

    // What is over is released by the news of it, whoever granted it.
    first.touch(&fleet.end(&older.record.id).await);
    first.pass(Service::Tts).await.expect("a pass");
    assert!(fleet.slots().await.grants.is_empty());
}

/// All that other lanes were granted before was once its credit, until it had as much.
#[tokio::test(start_paused = true)]
async fn a_lane_that_wakes_at_a_gateway_that_has_just_started_has_no_credit() {
    let fleet = Fleet::new().await;
    let mut slots = Slots::new(Service::Tts);
    for section in 0..10_000 {
        let lane = slots.next_lane([Lane::Interactive, Lane::Standard]).expect("a lane");
        slots.grant(grant(&format!("old/1/record/{section}"), "acme", "tone", Timestamp(0)), lane, 0);
        slots.grants.clear();
    }
    fleet.narrations.beside::<Slots>().insert(&slots).await.expect("slots");
    let first = fleet.dispatcher(DispatchOptions::default()).await;
    fleet.announce(&first, "tts-1", 3, &[]);
    for index in 0..4 {
        first.touch(&fleet.insert(&format!("bulk-{index}"), &turn_of("b", Lane::Bulk, "tone"), 4).await);
    }
    first.pass(Service::Tts).await.expect("bulk woke alone");
    assert_eq!(fleet.slots().await.grants.len(), 4);

    // Another gateway, with room for eight more.
    let second = fleet.dispatcher(DispatchOptions::default()).await;
    fleet.announce(&second, "tts-1", 11, &[]);
    for index in 0..4 {
        let turn = turn_of("i", Lane::Interactive, "tone");
        second.touch(&fleet.insert(&format!("interactive-{index}"), &turn, 4).await);
    }
    second.pass(Service::Tts).await.expect("granted");
    let grants = fleet.slots().await.grants;
    let interactive = grants.iter().filter(|grant| grant.tenant.as_str() == "i").count();
    assert!(grants.len() == 12 && interactive >= 7, "{interactive} of 8: {grants:?}");
}

/// One open breaker once took the engine from every worker.
#[tokio::test(start_paused = true)]
async fn an_engine_that_is_out_of_order_at_one_worker_is_granted_as_many_steps_as_the_other_takes() {
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(DispatchOptions::default()).await;
    fleet.announce(&dispatcher, "broken", 4, &["tone"]);
    fleet.announce(&dispatcher, "whole", 2, &[]);
    for index in 0..4 {
        dispatcher.touch(&fleet.insert(&format!("tone-{index}"), &acme(), 4).await);
    }
    dispatcher.pass(Service::Tts).await.expect("granted");
    let of = |slots: &Slots, engine: &str| slots.grants.iter().filter(|grant| grant.engine == engine).count();
    let slots = fleet.slots().await;
    assert_eq!(of(&slots, "tone"), 3, "two are worked on, and the next one is there: {slots:?}");

    // Steps of other engines have the rest of the room.
    let other = turn_of("other", Lane::Standard, "other");
    for index in 0..4 {
        dispatcher.touch(&fleet.insert(&format!("other-{index}"), &other, 4).await);
    }
    dispatcher.pass(Service::Tts).await.expect("granted");
    let slots = fleet.slots().await;
    assert_eq!((of(&slots, "tone"), of(&slots, "other")), (3, 4), "{slots:?}");

    fleet.announce(&dispatcher, "whole", 2, &["tone"]);
    dispatcher.take_back_held().await.expect("taken back");
    let slots = fleet.slots().await;
    assert_eq!((of(&slots, "tone"), of(&slots, "other")), (0, 4), "no worker has it in order");
}

/// The count of grants once began at 0 then, and whoever had been served last was never served
/// again.
#[tokio::test(start_paused = true)]
async fn after_its_record_was_deleted_a_service_serves_its_tenants_in_turn() {
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(DispatchOptions::default()).await;
    fleet.announce(&dispatcher, "tts-1", 1, &[]);
    dispatcher.pass(Service::Tts).await.expect("a record is made");
    for (tenant, served) in [("a", 1_000), ("b", 1_200)] {
        let turn = turn_of(tenant, Lane::Standard, "tone");
        fleet.turns.insert(&Turn { served, ..turn.clone() }).await.expect("a turn");
        for index in 0..40 {
            dispatcher.touch(&fleet.insert(&format!("{tenant}-{index:02}"), &turn, 1).await);
        }
    }
    assert!(fleet.narrations.beside::<Slots>().delete("tts", None).await.expect("deleted"));

    dispatcher.pass(Service::Tts).await.expect("granted");
    let mut served: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..20 {
        let ended = fleet.slots().await.grants.remove(0).step.narration;
        dispatcher.touch(&fleet.end(&ended).await);
        dispatcher.pass(Service::Tts).await.expect("granted");
        let grants = fleet.slots().await.grants;
        let [_, next] = grants.as_slice() else { panic!("two are granted: {grants:?}") };
        *served.entry(next.tenant.to_string()).or_default() += 1;
    }
    assert!(served.values().all(|count| (8..=12).contains(count)) && served.len() == 2, "{served:?}");
    assert!(fleet.slots().await.served > 1_200, "the count goes on");
}
