//! Why a narration does not go on, for each reason.

use std::collections::BTreeSet;

use lectern_core::random::SeededRandom;

use super::fleet::{Fleet, turn_of};
use super::members::{Announcement, Work};
use super::*;
use crate::conduct::Wait;
use crate::domain::{GatewayId, Lane, Ownership, Rotation, Shard, TenantRecord, TenantState};

impl World {
    /// Why a narration waits, as its record is now.
    async fn wait_of(&self, id: &NarrationId) -> Option<Wait> {
        let found = self.narrations.get(id.as_str()).await.expect("the store").expect("a narration");
        self.conductor.dispatcher().wait(&found.record)
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_granted_waits_for_nothing_and_what_is_not_for_its_turn() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    let (first, second) = (world.order("first", "acme", 2).await, world.order("second", "acme", 2).await);
    assert_eq!(world.wait_of(&second).await, None, "it may be granted in a moment");
    tokio::time::sleep(audit::EVERY).await;
    assert_eq!(world.wait_of(&first).await, None);
    assert_eq!(world.wait_of(&second).await, Some(Wait::Queue));

    let failure = Failure::internal("cancelled");
    let cancelled = world.conductor.update(&first, |n, now| n.cancel(failure.clone(), now)).await.expect("written");
    world.conductor.changed(&cancelled.expect("changed"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((world.wait_of(&first).await, world.wait_of(&second).await), (None, None), "its turn has come");
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_holds_up_waits_for_that() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    let id = world.order("one", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.wait_of(&id).await, None);
    let pauses = world.conductor.dispatcher().pauses().clone();
    for what in ["tenants/acme", "engines/tone", "services/tts"] {
        let what: Paused = what.parse().expect("a pause");
        pauses.pause(what.clone(), String::new()).await.expect("paused");
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(world.wait_of(&id).await, Some(Wait::Paused), "{what}");
        assert!(pauses.resume(&what).await.expect("resumed"));
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(world.wait_of(&id).await, None, "{what}");
    }
    for what in ["tenants/other", "engines/other", "services/ai"] {
        pauses.pause(what.parse().expect("a pause"), String::new()).await.expect("paused");
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(world.wait_of(&id).await, None, "what it does not need may be paused");
}

/// Where it had granted steps of more narrations than it names, nothing was said to wait.
#[tokio::test(start_paused = true)]
async fn what_is_held_up_is_told_wherever_its_owner_is_and_however_much_that_one_has_granted() {
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(DispatchOptions::default()).await;
    let turn = turn_of("acme", Lane::Standard, "tone");
    let (me, shard, random) = (dispatcher.shared.me.clone(), Shard::of(&turn.tenant), SeededRandom::new(9));
    let owns =
        |other: &GatewayId| Ownership::of(&BTreeSet::from([me.clone(), other.clone()]), 5).owner(shard) == Some(other);
    let owner = std::iter::repeat_with(|| GatewayId::random(&random)).find(owns).expect("one in two");
    let [named, waits] = [fleet.insert("named", &turn, 1).await.record, fleet.insert("waits", &turn, 1).await.record];
    let hear = |more: bool| {
        let narrations = BTreeSet::from([named.id.clone()]);
        let work = BTreeMap::from([(Service::Tts, Work { narrations, more, ..Work::default() })]);
        let gateway = owner.clone();
        let rotation = Rotation::default();
        let announced = Announcement { gateway, hello: false, leaving: false, limit: 5, rotation, work };
        dispatcher.shared.members.lock().hear(announced, Instant::now());
        dispatcher.look_around();
    };
    let wait = |narration: &Narration| dispatcher.wait(narration);
    hear(false);
    tokio::time::sleep(audit::EVERY).await;
    hear(false);
    assert_eq!((wait(&named), wait(&waits)), (None, Some(Wait::Queue)));
    hear(true);
    assert_eq!(wait(&waits), None, "it may be one of those that are not named");

    fleet.announce(&dispatcher, "tts-1", 4, &["tone"]);
    assert_eq!((wait(&named), wait(&waits)), (None, Some(Wait::EngineUnavailable)));
    dispatcher.pauses().pause("engines/tone".parse().expect("a pause"), String::new()).await.expect("paused");
    dispatcher.pauses().refresh().await.expect("read");
    assert_eq!((wait(&named), wait(&waits)), (None, Some(Wait::Paused)));
}

#[tokio::test(start_paused = true)]
async fn what_one_stage_still_works_on_goes_on_while_another_is_paused() {
    let world = World::new().await;
    let (tts, mut half) = ("services/tts".parse().expect("a pause"), narration());
    narrate(&mut half, SECTIONS);
    write(&mut half, 0);
    world.conductor.dispatcher().pauses().pause(tts, String::new()).await.expect("paused");
    let id = world.accept(half, "half", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.wait_of(&id).await, None, "the other sections are being written");
    for section in 1..SECTIONS {
        let step: StepId = format!("half/1/write/{section}").parse().expect("a step");
        let write = |n: &mut Narration, now| crate::conduct::fold(n, &step, crate::domain::StepOutcome::Written, now);
        let written = world.conductor.update(&id, write).await.expect("written");
        world.conductor.changed(&written.expect("changed"));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.wait_of(&id).await, Some(Wait::Paused));
}

#[tokio::test(start_paused = true)]
async fn the_narrations_of_a_suspended_tenant_wait_until_it_is_resumed() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    let tenants = world.conductor.dispatcher().tenants().clone();
    let acme = TenantRecord::new("acme".parse().expect("an id"), Timestamp(0));
    tenants.create(&acme, async { Ok(()) }).await.expect("made");
    let id = world.order("one", "acme", 2).await;
    let pauses = world.conductor.dispatcher().pauses().clone();
    pauses.pause("tenants/acme".parse().expect("a pause"), String::new()).await.expect("paused");
    for (state, wait) in [(TenantState::Suspended, Wait::Suspended), (TenantState::Active, Wait::Paused)] {
        let change = move |tenant: &mut TenantRecord| tenant.state = state;
        tenants.change(&acme.id, "", async { Ok(()) }, change).await.expect("changed");
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(world.wait_of(&id).await, Some(wait), "{state:?}");
    }
    world.announce(Service::Tts, PERMITS, &["tone"]).await;
    assert_eq!(world.wait_of(&id).await, Some(Wait::Paused), "whatever else holds");
}

#[tokio::test(start_paused = true)]
async fn what_needs_an_engine_that_is_out_of_order_waits_for_it() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &["tone"]).await;
    let (id, anew) = (world.order("one", "acme", 2).await, world.order_anew("anew").await);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.wait_of(&id).await, Some(Wait::EngineUnavailable));
    assert_eq!(world.wait_of(&anew).await, None, "it is not to be spoken yet");
    world.announce(Service::Tts, PERMITS, &[]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.wait_of(&id).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_money_waits_for_that_until_nobody_says_so_any_more() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    let id = world.order("one", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let dispatcher = world.conductor.dispatcher();
    let steps: Vec<StepId> = dispatcher.granted(Service::Tts).into_iter().filter(|step| step.narration == id).collect();
    assert!(!steps.is_empty());
    let until = dispatcher.shared.clock.now().plus(Duration::from_secs(60));
    for (at, step) in steps.iter().enumerate() {
        assert_eq!(world.wait_of(&id).await, None, "a step of it is granted that waits for nothing: {at}");
        dispatcher.shared.budget_waits.note(step, until);
    }
    assert_eq!(world.wait_of(&id).await, Some(Wait::Budget));
    dispatcher.pauses().pause("tenants/acme".parse().expect("a pause"), String::new()).await.expect("paused");
    dispatcher.pauses().refresh().await.expect("read");
    assert_eq!(world.wait_of(&id).await, Some(Wait::Paused));
    assert!(dispatcher.pauses().resume(&"tenants/acme".parse().expect("a pause")).await.expect("resumed"));
    dispatcher.pauses().refresh().await.expect("read");
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(world.wait_of(&id).await, None, "it was looked at again");
}
