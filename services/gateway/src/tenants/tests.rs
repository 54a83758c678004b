use std::sync::atomic::{AtomicUsize, Ordering};

use lectern_core::Timestamp;
use lectern_core::clock::ManualClock;
use lectern_store::memory::MemoryStore;

use super::*;

struct World {
    tenants: Tenants,
    /// Another replica of the gateway.
    other: Tenants,
    clock: Arc<ManualClock>,
    audited: AtomicUsize,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        let tenants = Collection::<TenantRecord>::new(store);
        let replica = || Tenants::new(tenants.clone(), Arc::clone(&clock) as Arc<dyn Clock>);
        let world =
            Self { tenants: replica(), other: replica(), clock: Arc::clone(&clock), audited: AtomicUsize::new(0) };
        world.tenants.ensure().await.expect("a collection");
        world
    }

    async fn audit(&self) -> Result<(), Failure> {
        self.audited.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn audited(&self) -> usize {
        self.audited.load(Ordering::SeqCst)
    }

    async fn make(&self, limits: TenantLimits) {
        let tenant = TenantRecord { limits, ..TenantRecord::new(acme(), self.clock.now()) };
        self.tenants.create(&tenant, self.audit()).await.expect("made");
    }

    async fn set(&self, state: TenantState) -> TenantRecord {
        self.tenants.change(&acme(), "", self.audit(), |tenant| tenant.state = state).await.expect("changed")
    }
}

fn acme() -> TenantId {
    "acme".parse().expect("an id")
}

async fn refused() -> Result<(), Failure> {
    Err(Failure::internal("no record can be written"))
}

#[tokio::test]
async fn a_tenant_is_made_once() {
    let world = World::new().await;
    assert_eq!(world.tenants.get(&acme()).await.expect_err("none yet").reason, Reason::ResourceNotFound);
    world.make(TenantLimits::default()).await;
    let again = TenantRecord::new(acme(), Timestamp(5));
    let twice = world.tenants.create(&again, world.audit()).await.expect_err("there is one");
    assert_eq!((twice.kind, twice.reason), (Kind::AlreadyExists, Reason::AlreadyExists));
    world.tenants.create_if_absent(&acme(), world.audit()).await.expect("it is there");
    assert_eq!(world.tenants.get(&acme()).await.expect("made").created, Timestamp(1_000));
    assert_eq!(world.audited(), 1, "what changes nothing leaves no record");
}

#[tokio::test]
async fn nothing_is_done_without_an_audit_record() {
    let world = World::new().await;
    assert!(world.tenants.create_if_absent(&acme(), refused()).await.is_err());
    assert_eq!(world.tenants.find(&acme()).await.expect("the store"), None);
    world.make(TenantLimits::default()).await;
    let changed = world.tenants.change(&acme(), "", refused(), |tenant| tenant.state = TenantState::Suspended).await;
    assert!(changed.is_err());
    assert_eq!(world.tenants.get(&acme()).await.expect("made").state, TenantState::Active);
}

#[tokio::test]
async fn only_what_was_seen_is_changed() {
    let world = World::new().await;
    world.make(TenantLimits::default()).await;
    world.clock.advance(Duration::from_secs(1));
    let rename = |tenant: &mut TenantRecord| tenant.display_name = "Acme".to_owned();
    let changed = world.tenants.change(&acme(), "1", world.audit(), rename).await.expect("changed");
    assert_eq!((changed.version, changed.updated), (2, Timestamp(2_000)));
    let stale = world.tenants.change(&acme(), "1", world.audit(), rename).await.expect_err("stale");
    assert_eq!((stale.kind, stale.reason), (Kind::Aborted, Reason::EtagMismatch));
    assert_eq!(world.tenants.change(&acme(), "2", world.audit(), rename).await.expect("nothing to do"), changed);
    assert_eq!(world.audited(), 2);
    let nobody = "nobody".parse().expect("an id");
    let missing = world.tenants.change(&nobody, "", world.audit(), rename).await.expect_err("none");
    assert_eq!(missing.reason, Reason::ResourceNotFound);
}

#[tokio::test]
async fn a_suspension_holds_here_at_once_and_elsewhere_within_twenty_seconds() {
    let world = World::new().await;
    world.make(TenantLimits::default()).await;
    for replica in [&world.tenants, &world.other] {
        assert_eq!(replica.admitted(&acme()).await, Ok(TenantLimits::default()));
    }
    world.set(TenantState::Suspended).await;
    let suspended = world.tenants.admitted(&acme()).await.expect_err("suspended");
    assert_eq!((suspended.kind, suspended.reason), (Kind::PermissionDenied, Reason::TenantSuspended));
    assert!(world.other.admitted(&acme()).await.is_ok(), "it remembers");
    world.clock.advance(REMEMBERED);
    assert!(world.other.admitted(&acme()).await.is_err());
    assert_eq!(world.other.working(&acme()).await, Ok(None));

    world.set(TenantState::Active).await;
    world.clock.advance(REMEMBERED);
    for replica in [&world.tenants, &world.other] {
        assert!(replica.admitted(&acme()).await.is_ok());
    }
}

#[tokio::test]
async fn who_is_suspended_is_known_after_the_next_look() {
    let world = World::new().await;
    world.make(TenantLimits::default()).await;
    assert_eq!(world.other.admitted(&acme()).await, Ok(TenantLimits::default()));
    world.set(TenantState::Suspended).await;
    assert!(!world.other.is_suspended(&acme()));
    assert_eq!(world.other.refresh().await, Ok(true));
    assert!(world.other.is_suspended(&acme()));
    assert!(world.other.admitted(&acme()).await.is_err(), "what it remembered is forgotten");
    assert_eq!(world.other.refresh().await, Ok(false), "nothing changed since");

    let restarted = Tenants::new(world.tenants.tenants.clone(), Arc::clone(&world.clock) as Arc<dyn Clock>);
    restarted.ensure().await.expect("a collection");
    assert!(restarted.is_suspended(&acme()), "a process that starts knows it at once");
    world.set(TenantState::Active).await;
    assert_eq!(restarted.refresh().await, Ok(true));
    assert!(!restarted.is_suspended(&acme()));
}

#[tokio::test]
async fn a_tenant_orders_in_its_lanes() {
    let world = World::new().await;
    for lane in 0..=3 {
        assert_eq!(world.tenants.may_order(&acme(), lane).await, Ok(()), "everybody may order in every lane");
    }
    world.make(TenantLimits { lanes: vec![Lane::Standard, Lane::Bulk], ..TenantLimits::default() }).await;
    for lane in [0, 2, 3] {
        assert_eq!(world.tenants.may_order(&acme(), lane).await, Ok(()), "{lane}");
    }
    let refused = world.tenants.may_order(&acme(), 1).await.expect_err("not its lane");
    assert_eq!((refused.kind, refused.reason), (Kind::PermissionDenied, Reason::KeyNotAllowed));
    assert_eq!(refused.field.as_deref(), Some("narration.lane"));
    assert!(refused.message.ends_with("order in LANE_STANDARD or LANE_BULK"), "{refused}");
}
