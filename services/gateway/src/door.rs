//! Load is shed at the door: an order that would wait behind more than the installation takes is
//! refused at once, with the time to come again, rather than accepted and let expire.
//!
//! What waits is counted by the database at intervals, and each replica adds what it has let in
//! since; so the bound is passed by no more than what other replicas let in within one interval.
//! Nothing is counted up and down, so nothing can be miscounted for good.
//!
//! However many orders come, one of them counts at a time: all narrations together, and beside that
//! those of each tenant. The others go by what was counted before, and wait only where nothing was,
//! or so long ago that it says little.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Kind, Random, Reason, Timestamp};
use lectern_store::{Collection, Op, Query};

use crate::config::Backlog;
use crate::domain::Narration;
use crate::tenants::Tenants;

/// A count is good for this long, and for longer the more was counted, so that counting costs a
/// bounded share of the database.
const COUNTED_FOR: Duration = Duration::from_secs(5);
/// Narrations that add a second to that.
const COUNTED_A_SECOND: u64 = 20_000;
/// While one counts anew, the others go by the count before for as many times as long.
const OLD_FOR: u32 = 3;
/// Locks that tenants share among them, to be counted one at a time.
const TENANT_LOCKS: usize = 32;
/// Tenants whose counts are remembered.
const TENANTS: usize = 10_000;
/// Who is refused is asked to come again after this long at least, and at most twice as long, so
/// that not all come at once.
const COME_AGAIN: Duration = Duration::from_secs(10);
/// The phases of an unfinished narration.
const UNFINISHED: [&str; 4] = ["extracting", "planning", "narrating", "assembling"];

/// How many there were when they were counted, and how many came since.
#[derive(Debug, Clone, Copy)]
struct Counted {
    at: Timestamp,
    narrations: u64,
    since: u64,
}

impl Counted {
    const fn all(&self) -> u64 {
        self.narrations + self.since
    }

    fn holds(&self, now: Timestamp) -> bool {
        now.since(self.at) < self.validity()
    }

    /// Whether it may be gone by while another caller counts.
    fn serves(&self, now: Timestamp) -> bool {
        now.since(self.at) < self.validity() * OLD_FOR
    }

    fn validity(&self) -> Duration {
        COUNTED_FOR + Duration::from_secs(self.narrations / COUNTED_A_SECOND)
    }
}

/// Who counts, one at a time: first of all tenants together, then of each.
#[derive(Debug, Default)]
struct Counting {
    all: tokio::sync::Mutex<()>,
    tenants: [tokio::sync::Mutex<()>; TENANT_LOCKS],
}

impl Counting {
    fn of(&self, tenant: Option<&TenantId>) -> &tokio::sync::Mutex<()> {
        let of_tenant = |tenant: &TenantId| {
            let mut hasher = DefaultHasher::new();
            tenant.hash(&mut hasher);
            let [first, ..] = hasher.finish().to_le_bytes();
            self.tenants.get(usize::from(first) % TENANT_LOCKS)
        };
        tenant.and_then(of_tenant).unwrap_or(&self.all)
    }
}

/// Lets orders in.
#[derive(Debug, Clone)]
pub struct Door {
    narrations: Collection<Narration>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: Backlog,
    tenants: Tenants,
    counts: Arc<Mutex<BTreeMap<Option<TenantId>, Counted>>>,
    counting: Arc<Counting>,
}

impl Door {
    /// A door that lets in so many unfinished narrations as `limits` say, and of a tenant that has
    /// a limit of its own, as many as that says.
    #[must_use]
    pub fn new(
        narrations: Collection<Narration>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        limits: Backlog,
        tenants: Tenants,
    ) -> Self {
        Self { narrations, clock, random, limits, tenants, counts: Arc::default(), counting: Arc::default() }
    }

    /// Lets one more narration of a tenant in.
    ///
    /// # Errors
    /// `OVERLOADED` (UNAVAILABLE) when all tenants together, `LIMIT_EXCEEDED` (RESOURCE_EXHAUSTED)
    /// when this one has as many unfinished narrations as are taken; both say when to come again,
    /// unless the tenant may have none at all. `STORE_UNAVAILABLE`.
    pub async fn admit(&self, tenant: &TenantId) -> Result<(), Failure> {
        let own = self.tenants.limits_of(tenant).await?.unfinished_narrations.unwrap_or(self.limits.per_tenant);
        let over_own = |message: String| {
            Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).about(format!("tenants/{tenant}"))
        };
        if own == 0 {
            let message = "this tenant may order no narrations; an administrator can allow it some, by its limit \
                           unfinished_narration_count";
            return Err(over_own(message.to_owned()));
        }
        let of_tenant = Some(tenant.clone());
        let all = self.count(&None, self.limits.most).await?;
        let mine = self.count(&of_tenant, own.max(self.limits.per_tenant)).await?;
        // Looked at and added to under one lock, so that of many who come at once no more are let
        // in than there is room for.
        let mut counts = self.counts();
        let all = *counts.entry(None).or_insert(all);
        if all.all() >= self.limits.most {
            let message =
                format!("{} narrations are unfinished, as many as are taken; order again later", self.limits.most);
            return Err(Failure::new(Kind::Unavailable, Reason::Overloaded, message).after(self.come_again()));
        }
        let mine = *counts.entry(of_tenant.clone()).or_insert(mine);
        if mine.all() >= own {
            let message =
                format!("{own} narrations of this tenant may be unfinished, and are; wait for some, or cancel them");
            return Err(over_own(message).after(self.come_again()));
        }
        for (key, counted) in [(None, all), (of_tenant, mine)] {
            counts.insert(key, Counted { since: counted.since + 1, ..counted });
        }
        Ok(())
    }

    /// Unfinished narrations of all tenants, up to the most that are taken.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn unfinished(&self) -> Result<u64, Failure> {
        self.count(&None, self.limits.most).await.map(|counted| counted.all())
    }

    /// Unfinished narrations of a tenant, up to the most that it may have or that everybody may.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn unfinished_of(&self, tenant: &TenantId) -> Result<u64, Failure> {
        let own = self.tenants.limits_of(tenant).await?.unfinished_narrations.unwrap_or(0);
        self.count(&Some(tenant.clone()), own.max(self.limits.per_tenant)).await.map(|counted| counted.all())
    }

    /// The count that holds. Where none does, one caller counts anew, and the others take the one
    /// before; who comes when there is none, or one that is too old, waits for it.
    async fn count(&self, tenant: &Option<TenantId>, most: u64) -> Result<Counted, Failure> {
        let known = self.counts().get(tenant).copied();
        let holds = |counted: &Counted| counted.holds(self.clock.now());
        if let Some(counted) = known.filter(holds) {
            return Ok(counted);
        }
        let counting = self.counting.of(tenant.as_ref());
        let _counting = match (counting.try_lock(), known) {
            (Ok(counting), _) => counting,
            (Err(_), Some(before)) if before.serves(self.clock.now()) => return Ok(before),
            (Err(_), _) => counting.lock().await,
        };
        // Whoever counted until now may have counted the same.
        let before = self.counts().get(tenant).copied();
        if let Some(counted) = before.filter(holds) {
            return Ok(counted);
        }
        let at = self.clock.now();
        let mut query = Query::new().filter("phase", Op::In, UNFINISHED.map(str::to_owned).to_vec());
        if let Some(tenant) = tenant {
            query = query.eq("tenant", tenant.as_str());
        }
        let narrations = self.narrations.count(&query, most).await?;
        let mut counts = self.counts();
        if counts.len() >= TENANTS {
            counts.retain(|_, counted| counted.holds(at));
        }
        // Those who were let in meanwhile, by the count before, may not be counted yet. Rather are
        // they counted twice.
        let meanwhile = |now: &Counted| now.since.saturating_sub(before.map_or(0, |before| before.since));
        let since = counts.get(tenant).map_or(0, meanwhile);
        let counted = Counted { at, narrations, since };
        counts.insert(tenant.clone(), counted);
        Ok(counted)
    }

    fn come_again(&self) -> Duration {
        let most = u64::try_from(COME_AGAIN.as_millis()).unwrap_or(u64::MAX);
        COME_AGAIN + Duration::from_millis(self.random.below(most))
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Option<TenantId>, Counted>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::clock::ManualClock;
    use lectern_core::random::SeededRandom;
    use lectern_store::Store;
    use lectern_store::memory::{Fault, MemoryStore};

    use super::*;
    use crate::domain::{Phase, TenantLimits, TenantRecord};
    use crate::testing::{Odd, narration, records};

    struct World {
        door: Door,
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
            let door = Door::new(narrations.clone(), shared(), random, limits, tenants.clone());
            Self { door, narrations, tenants, clock }
        }

        async fn order(&self, id: &str, tenant: &str) -> Result<(), Failure> {
            let mut ordered = narration();
            ordered.id = id.parse().expect("an id");
            ordered.tenant = tenant.parse().expect("an id");
            self.door.admit(&ordered.tenant).await?;
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
            assert_eq!(world.door.unfinished_of(&tenant.id).await, Ok(most));
        }
        assert_eq!(world.door.unfinished_of(&"nobody".parse().expect("an id")).await, Ok(0));
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_who_come_at_once_no_more_are_let_in_than_there_is_room_for() {
        const AT_ONCE: usize = 50;
        for limits in [Backlog { most: 100, per_tenant: 1 }, Backlog { most: 1, per_tenant: 100 }] {
            let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
            let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
            let (narrations, tenants) = records(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock)).await;
            let door = Door::new(narrations, clock, Arc::new(SeededRandom::new(1)), limits, tenants);
            let acme: TenantId = "acme".parse().expect("an id");
            // Each call takes a while, so that all of them count before any is let in, and some are
            // let in while others still count.
            let delay = |at: usize| Fault::Delay(Duration::from_millis(1 + 7 * (at as u64 % 13)));
            store.inject((0..3 * AT_ONCE).map(delay));
            let admitted = futures::future::join_all((0..AT_ONCE).map(|_| door.admit(&acme))).await;
            assert_eq!(admitted.iter().filter(|admitted| admitted.is_ok()).count(), 1, "{admitted:?}");
            assert_eq!(door.unfinished().await, Ok(1));
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
        let door = Door::new(narrations, shared(), Arc::new(SeededRandom::new(1)), limits, tenants);
        let acme: TenantId = "acme".parse().expect("an id");
        // As a count of a million entries does.
        store.counts_take(Duration::from_secs(3));
        let (door, acme) = (&door, &acme);
        let orders = async || {
            let began = tokio::time::Instant::now();
            let of_one = |_| async move {
                door.admit(acme).await.expect("room");
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
        assert_eq!(door.unfinished_of(acme).await, Ok(ORDERS), "who came meanwhile is not forgotten");

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
        let door = Door::new(narrations, clock, Arc::new(SeededRandom::new(1)), limits, tenants);
        store.counts_take(Duration::from_secs(3));
        let began = tokio::time::Instant::now();
        let ids: Vec<TenantId> = (0..32).map(|at| format!("tenant-{at}").parse().expect("an id")).collect();
        let admitted = futures::future::join_all(ids.iter().map(|id| door.admit(id))).await;
        assert!(admitted.iter().all(Result::is_ok), "{admitted:?}");
        assert_eq!(store.counts(), 33, "of all, and of each");
        // One after the other they take 99 s.
        assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
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
            narration.phase = Phase::Succeeded;
            Ok(lectern_store::Change::Write)
        };
        world.narrations.update("n1", done).await.expect("written");
        world.clock.advance(COUNTED_FOR);
        world.order("n4", "a").await.expect("room again");
    }
}
