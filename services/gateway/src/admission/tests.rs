use lectern_core::clock::ManualClock;
use lectern_core::random::SeededRandom;
use lectern_store::Store;
use lectern_store::memory::{Fault, MemoryStore};

use super::*;
use crate::domain::{TenantLimits, TenantRecord};
use crate::testing::{Odd, narration, records, succeed};

struct World {
    admission: Admission,
    narrations: Collection<Narration>,
    tenants: Tenants,
    clock: Arc<ManualClock>,
}

impl World {
    async fn new(limits: Backlog) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
        let shared = || Arc::clone(&clock) as Arc<dyn Clock>;
        let (narrations, tenants) = records(Arc::new(MemoryStore::new(shared())), shared()).await;
        let random = Arc::new(SeededRandom::new(1));
        let admission = Admission::new(narrations.clone(), shared(), random, limits, tenants.clone());
        Self { admission, narrations, tenants, clock }
    }

    async fn order(&self, id: &str, tenant: &str) -> Result<(), Failure> {
        let mut ordered = narration();
        ordered.id = id.parse().expect("an id");
        ordered.tenant = tenant.parse().expect("an id");
        self.admission.admit(&ordered.tenant).await?;
        self.narrations.insert(&ordered).await.expect("inserted");
        Ok(())
    }
}

#[tokio::test]
async fn a_tenant_with_a_limit_of_its_own_is_held_to_it() {
    let world = World::new(Backlog { most: 100, per_tenant: 2 }).await;
    for (id, most) in [("none", 0), ("one", 1), ("three", 3)] {
        let limits = TenantLimits { unfinished_narrations: Some(most), ..TenantLimits::default() };
        let tenant = TenantRecord { limits, ..TenantRecord::new(id.parse().expect("an id"), Timestamp(0)) };
        world.tenants.create(&tenant, async { Ok(()) }).await.expect("made");
        for index in 0..most {
            world.order(&format!("{id}-{index}"), id).await.expect("room");
        }
        let refused = world.order("over", id).await.expect_err("its own bound");
        assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded), "{id}");
        // Who may have none need not come again.
        assert_eq!(refused.retry_after.is_none(), most == 0, "{refused}");
        assert_eq!(refused.message.starts_with("this tenant may order no narrations"), most == 0, "{refused}");
        assert_eq!(world.admission.unfinished_of(&tenant.id).await, Ok(most));
    }
    assert_eq!(world.admission.unfinished_of(&"nobody".parse().expect("an id")).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn of_many_who_come_at_once_no_more_are_let_in_than_there_is_room_for() {
    const AT_ONCE: usize = 50;
    for limits in [Backlog { most: 100, per_tenant: 1 }, Backlog { most: 1, per_tenant: 100 }] {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let (narrations, tenants) = records(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock)).await;
        let admission = Admission::new(narrations, clock, Arc::new(SeededRandom::new(1)), limits, tenants);
        let acme: TenantId = "acme".parse().expect("an id");
        // Each call takes a while, so that all of them count before any is let in, and some are
        // let in while others still count.
        let delay = |at: usize| Fault::Delay(Duration::from_millis(1 + 7 * (at as u64 % 13)));
        store.inject((0..3 * AT_ONCE).map(delay));
        let admitted = futures::future::join_all((0..AT_ONCE).map(|_| admission.admit(&acme))).await;
        assert_eq!(admitted.iter().filter(|admitted| admitted.is_ok()).count(), 1, "{admitted:?}");
        assert_eq!(admission.unfinished().await, Ok(1));
    }
}

#[tokio::test(start_paused = true)]
async fn when_a_count_expires_one_order_of_a_hundred_counts_and_none_waits_for_it() {
    const ORDERS: u64 = 100;
    let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
    let shared = || Arc::clone(&clock) as Arc<dyn Clock>;
    let store = Arc::new(Odd::over(Arc::new(MemoryStore::new(shared()))));
    let (narrations, tenants) = records(Arc::clone(&store) as Arc<dyn Store>, shared()).await;
    let limits = Backlog { most: 1_000, per_tenant: 1_000 };
    let admission = Admission::new(narrations, shared(), Arc::new(SeededRandom::new(1)), limits, tenants);
    let acme: TenantId = "acme".parse().expect("an id");
    // As a count of a million entries does.
    store.counts_take(Duration::from_secs(3));
    let (admission, acme) = (&admission, &acme);
    let orders = async || {
        let began = tokio::time::Instant::now();
        let of_one = |_| async move {
            admission.admit(acme).await.expect("room");
            began.elapsed()
        };
        futures::future::join_all((0..ORDERS).map(of_one)).await
    };
    let waited = orders().await;
    assert_eq!(store.counts(), 2, "of all, and of the tenant");
    assert!(waited.iter().all(|waited| *waited >= Duration::from_secs(3)), "there was no count before");
    assert!(waited.iter().all(|waited| *waited < Duration::from_secs(7)), "nobody counted after another");

    clock.advance(COUNTED_FOR);
    let waited = orders().await;
    assert_eq!(store.counts(), 4, "one of a hundred counted");
    let at_once = waited.iter().filter(|waited| **waited < Duration::from_secs(1)).count();
    assert!(at_once >= 98, "{at_once} went by the count before");
    assert_eq!(admission.unfinished_of(acme).await, Ok(ORDERS), "who came meanwhile is not forgotten");

    clock.advance(COUNTED_FOR * OLD_FOR);
    let waited = orders().await;
    assert_eq!(store.counts(), 6, "one of a hundred counted");
    assert!(waited.iter().all(|waited| *waited >= Duration::from_secs(3)), "nobody goes by a count of long ago");
}

#[tokio::test(start_paused = true)]
async fn no_tenant_waits_until_all_others_are_counted() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
    let store = Arc::new(Odd::over(Arc::new(MemoryStore::new(Arc::clone(&clock)))));
    let (narrations, tenants) = records(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock)).await;
    let limits = Backlog { most: 1_000, per_tenant: 1_000 };
    let admission = Admission::new(narrations, clock, Arc::new(SeededRandom::new(1)), limits, tenants);
    store.counts_take(Duration::from_secs(3));
    let began = tokio::time::Instant::now();
    let ids: Vec<TenantId> = (0..32).map(|at| format!("tenant-{at}").parse().expect("an id")).collect();
    let admitted = futures::future::join_all(ids.iter().map(|id| admission.admit(id))).await;
    assert!(admitted.iter().all(Result::is_ok), "{admitted:?}");
    assert_eq!(store.counts(), 33, "of all, and of each");
    // One after the other they take 99 s.
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[tokio::test]
async fn far_from_its_bound_a_count_is_good_for_longer() {
    let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
    let shared = || Arc::clone(&clock) as Arc<dyn Clock>;
    let store = Arc::new(Odd::over(Arc::new(MemoryStore::new(shared()))));
    let (narrations, tenants) = records(Arc::clone(&store) as Arc<dyn Store>, shared()).await;
    let few = TenantLimits { unfinished_narrations: Some(10), ..TenantLimits::default() };
    let few = TenantRecord { limits: few, ..TenantRecord::new("few".parse().expect("an id"), Timestamp(0)) };
    tenants.create(&few, async { Ok(()) }).await.expect("made");
    let admission = Admission::new(narrations, shared(), Arc::new(SeededRandom::new(1)), Backlog::default(), tenants);
    let many: TenantId = "many".parse().expect("an id");
    let counted = async |tenant: &TenantId| {
        let before = store.counts();
        admission.admit(tenant).await.expect("room");
        store.counts() - before
    };
    assert_eq!((counted(&many).await, counted(&few.id).await), (2, 1), "of all, and of each of them");
    clock.advance(COUNTED_FOR);
    assert_eq!((counted(&many).await, counted(&few.id).await), (0, 1), "there is no room for thousands");
    assert_eq!(admission.unfinished_of(&many).await, Ok(0), "counted anew for who asks, and none was inserted");
    assert_eq!(counted(&many).await, 0);
    clock.advance(COUNTED_FOR + Duration::from_secs(LONGEST_FOR_ROOM));
    assert_eq!(counted(&many).await, 2);
}

#[tokio::test]
async fn what_is_over_the_backlog_is_sent_away_until_there_is_room() {
    let world = World::new(Backlog { most: 3, per_tenant: 2 }).await;
    world.order("n1", "a").await.expect("room");
    world.order("n2", "a").await.expect("room");
    let refused = world.order("n3", "a").await.expect_err("the tenant's bound");
    assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
    world.order("n3", "b").await.expect("room for others");
    let refused = world.order("n4", "c").await.expect_err("the bound of all");
    assert_eq!((refused.kind, refused.reason), (Kind::Unavailable, Reason::Overloaded));
    assert!(refused.retry_after.is_some_and(|after| after >= COME_AGAIN));

    let done = |narration: &mut Narration| {
        succeed(narration, Timestamp(2_000));
        Ok(lectern_store::Change::Write)
    };
    world.narrations.update("n1", done).await.expect("written");
    world.clock.advance(COUNTED_FOR);
    world.order("n4", "a").await.expect("room again");
}
