//! What administrators set for tenants holds for their steps.

use lectern_store::Store as _;

use super::fleet::{Fleet, step, turn_of};
use super::*;
use crate::domain::{Lane, TenantLimits, TenantRecord, TenantState};

/// Steps of narrations whose ids begin with the tenant's.
fn of(granted: &[StepId], tenant: &str) -> usize {
    granted.iter().filter(|step| step.narration.as_str().starts_with(tenant)).count()
}

#[tokio::test(start_paused = true)]
async fn no_step_of_a_suspended_tenant_is_granted_and_its_work_goes_on_when_it_is_resumed() {
    let world = World::new().await;
    world.announce(Service::Tts, PERMITS, &[]).await;
    let tenants = world.conductor.dispatcher().tenants().clone();
    let acme: TenantId = "acme".parse().expect("an id");
    tenants.create_if_absent(&acme, async { Ok(()) }).await.expect("made");
    let set = async |state: TenantState| {
        let change = move |tenant: &mut TenantRecord| tenant.state = state;
        tenants.change(&acme, "", async { Ok(()) }, change).await.expect("changed");
    };
    let mine = world.order("mine", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(world.outstanding() > 0);

    set(TenantState::Suspended).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((world.granted().len(), world.outstanding()), (0, 0), "what was granted is taken back");
    let other = world.order("other", "other", 2).await;
    world.order("more", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    let granted = world.granted();
    assert!(!granted.is_empty() && granted.iter().all(|step| step.narration == other), "{granted:?}");
    let dispatcher = world.conductor.dispatcher();
    assert!(
        dispatcher.held_by_operator(Service::Tts, &acme, EngineName::of("tone")),
        "its narrations do not run out of time"
    );

    // There is room beside what the other tenant has.
    world.announce(Service::Tts, 20, &[]).await;
    set(TenantState::Active).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(world.granted().iter().any(|step| step.narration == mine));
    assert!(!dispatcher.held_by_operator(Service::Tts, &acme, EngineName::of("tone")));
}

#[tokio::test(start_paused = true)]
async fn a_tenant_with_a_limit_of_its_own_has_no_more_steps_granted() {
    let world = World::new().await;
    let tenants = world.conductor.dispatcher().tenants().clone();
    let limits = TenantLimits { concurrent_steps: Some(1), ..TenantLimits::default() };
    let acme = TenantRecord { limits, ..TenantRecord::new("acme".parse().expect("an id"), Timestamp(0)) };
    tenants.create(&acme, async { Ok(()) }).await.expect("made");
    for tenant in ["acme", "other"] {
        for index in 0..3 {
            world.order(&format!("{tenant}-{index}"), tenant, 2).await;
        }
    }
    world.announce(Service::Tts, PERMITS, &[]).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let granted = world.granted();
    assert_eq!(of(&granted, "acme"), 1, "{granted:?}");
    assert!(of(&granted, "other") > 1, "{granted:?}");
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_suspended_tenants_at_the_front_of_a_lane_keep_nobody_from_it() {
    const SUSPENDED: usize = 300;
    let world = World::new().await;
    let tenants = world.conductor.dispatcher().tenants().clone();
    for index in 0..SUSPENDED {
        let id = format!("held-{index:03}");
        let tenant = TenantRecord::new(id.parse().expect("an id"), Timestamp(0));
        let tenant = TenantRecord { state: TenantState::Suspended, ..tenant };
        tenants.create(&tenant, async { Ok(()) }).await.expect("made");
    }
    // Until it is known who is suspended.
    tokio::time::sleep(Duration::from_secs(3)).await;
    for index in 0..SUSPENDED {
        let id = format!("held-{index:03}");
        world.order(&id, &id, 2).await;
    }
    // Neither it nor they were ever served, and by its id it is the last of them.
    let other = world.order("other", "other", 2).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let granted = world.granted();
    assert_eq!(granted.len(), SECTIONS as usize, "{granted:?}");
    assert!(granted.iter().all(|step| step.narration == other), "{granted:?}");

    // Their turns wait all the while, so whoever is resumed goes on.
    world.announce(Service::Tts, 20, &[]).await;
    let resumed: TenantId = "held-123".parse().expect("an id");
    let change = |tenant: &mut TenantRecord| tenant.state = TenantState::Active;
    tenants.change(&resumed, "", async { Ok(()) }, change).await.expect("resumed");
    tokio::time::sleep(Duration::from_secs(5)).await;
    let granted = world.granted();
    assert_eq!((of(&granted, "held-123"), granted.len()), (SECTIONS as usize, 2 * SECTIONS as usize), "{granted:?}");
}

#[tokio::test(start_paused = true)]
async fn tenants_at_their_limit_leave_the_room_to_those_behind_them() {
    const LIMITED: usize = 20;
    let world = World::new().await;
    let tenants = world.conductor.dispatcher().tenants().clone();
    world.announce(Service::Tts, LIMITED + 2, &[]).await;
    for index in 0..LIMITED {
        let id = format!("limited-{index:02}");
        let limits = TenantLimits { concurrent_steps: Some(1), ..TenantLimits::default() };
        let tenant = TenantRecord { limits, ..TenantRecord::new(id.parse().expect("an id"), Timestamp(0)) };
        tenants.create(&tenant, async { Ok(()) }).await.expect("made");
        world.order(&id, &id, 2).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.granted().len(), LIMITED);
    world.order("other", "other", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let granted = world.granted();
    assert_eq!((of(&granted, "other"), granted.len()), (SECTIONS as usize, LIMITED + 3), "{granted:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_raised_holds_while_every_step_of_the_tenant_still_runs() {
    let world = World::new().await;
    let tenants = world.conductor.dispatcher().tenants().clone();
    let limits = TenantLimits { concurrent_steps: Some(1), ..TenantLimits::default() };
    let acme = TenantRecord { limits, ..TenantRecord::new("acme".parse().expect("an id"), Timestamp(0)) };
    tenants.create(&acme, async { Ok(()) }).await.expect("made");
    world.announce(Service::Tts, 10, &[]).await;
    world.order("acme", "acme", 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.granted().len(), 1);
    let raise = |tenant: &mut TenantRecord| tenant.limits.concurrent_steps = Some(2);
    tenants.change(&acme.id, "", async { Ok(()) }, raise).await.expect("changed");
    tokio::time::sleep(audit::EVERY).await;
    assert_eq!(world.granted().len(), 2);
}

/// Makes the record of a tenant one that cannot be read.
async fn break_record(fleet: &Fleet, tenant: &str) {
    let broken = serde_json::json!({ "id": tenant, "state": "active" });
    fleet.store.insert("tenants", tenant, &broken).await.expect("inserted");
}

/// The first of them once kept all others from their steps.
#[tokio::test(start_paused = true)]
async fn a_tenant_whose_record_cannot_be_read_keeps_nobody_else_from_its_steps() {
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(DispatchOptions::default()).await;
    fleet.announce(&dispatcher, "tts-1", 8, &[]);
    break_record(&fleet, "broken").await;
    for tenant in ["broken", "other"] {
        let turn = turn_of(tenant, Lane::Standard, "tone");
        dispatcher.schedule(&fleet.insert(tenant, &turn, 1).await);
    }
    dispatcher.pass(Service::Tts).await.expect_err("one cannot be read");
    assert_eq!(dispatcher.granted(Service::Tts), [step("other", 0)]);
    assert!(fleet.store.delete("tenants", "broken", None).await.expect("deleted"));
    dispatcher.pass(Service::Tts).await.expect("a pass");
    assert_eq!(dispatcher.granted(Service::Tts), [step("broken", 0), step("other", 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_raised_holds_though_that_of_another_tenant_cannot_be_read() {
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(DispatchOptions { per_tenant: 1 }).await;
    for tenant in ["broken", "other"] {
        let turn = turn_of(tenant, Lane::Standard, "tone");
        dispatcher.schedule(&fleet.insert(tenant, &turn, 2).await);
    }
    dispatcher.pass(Service::Tts).await.expect("a pass");
    assert_eq!(dispatcher.granted(Service::Tts), [step("broken", 0), step("other", 0)]);

    // Until what is known of tenants is read again.
    tokio::time::sleep(Duration::from_secs(21)).await;
    break_record(&fleet, "broken").await;
    let limits = TenantLimits { concurrent_steps: Some(2), ..TenantLimits::default() };
    let other = TenantRecord { limits, ..TenantRecord::new("other".parse().expect("an id"), Timestamp(0)) };
    dispatcher.tenants().create(&other, async { Ok(()) }).await.expect("made");
    let state = dispatcher.shared.services.get(&Service::Tts).expect("a service");
    dispatcher.read_limits(state).await.expect_err("one cannot be read");
    dispatcher.pass(Service::Tts).await.expect("a pass");
    assert_eq!(dispatcher.granted(Service::Tts), [step("broken", 0), step("other", 0), step("other", 1)]);
}
