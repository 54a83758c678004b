//! Load is shed at the door: an order that would wait behind more than the installation takes is
//! refused at once, with the time to come again, rather than accepted and let expire.
//!
//! What waits is counted by the database at intervals, and each replica adds what it has let in
//! since; so the bound is passed by no more than what other replicas let in within one interval.
//! Nothing is counted up and down, so nothing can be miscounted for good.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Kind, Random, Reason, Timestamp};
use lectern_store::{Collection, Op, Query};

use crate::config::Backlog;
use crate::domain::Narration;

/// A count is good for this long, and for longer the more was counted, so that counting costs a
/// bounded share of the database.
const COUNTED_FOR: Duration = Duration::from_secs(5);
/// Narrations that add a second to that.
const COUNTED_A_SECOND: u64 = 20_000;
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
    fn holds(&self, now: Timestamp) -> bool {
        now.since(self.at) < COUNTED_FOR + Duration::from_secs(self.narrations / COUNTED_A_SECOND)
    }
}

/// Lets orders in.
#[derive(Debug, Clone)]
pub struct Door {
    narrations: Collection<Narration>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: Backlog,
    counts: Arc<Mutex<BTreeMap<Option<TenantId>, Counted>>>,
}

impl Door {
    /// A door that lets in so many unfinished narrations as `limits` say.
    #[must_use]
    pub fn new(
        narrations: Collection<Narration>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        limits: Backlog,
    ) -> Self {
        Self { narrations, clock, random, limits, counts: Arc::default() }
    }

    /// Lets one more narration of a tenant in.
    ///
    /// # Errors
    /// `OVERLOADED` (UNAVAILABLE) when all tenants together, `LIMIT_EXCEEDED` (RESOURCE_EXHAUSTED)
    /// when this one has as many unfinished narrations as are taken; both say when to come again.
    /// `STORE_UNAVAILABLE`.
    pub async fn admit(&self, tenant: &TenantId) -> Result<(), Failure> {
        let of_tenant = Some(tenant.clone());
        if self.count(&None, self.limits.most).await? >= self.limits.most {
            let message =
                format!("{} narrations are unfinished, as many as are taken; order again later", self.limits.most);
            return Err(Failure::new(Kind::Unavailable, Reason::Overloaded, message).after(self.come_again()));
        }
        if self.count(&of_tenant, self.limits.per_tenant).await? >= self.limits.per_tenant {
            let message = format!(
                "{} narrations of this tenant are unfinished, as many as are taken; wait for some, or cancel them",
                self.limits.per_tenant
            );
            let failure = Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message);
            return Err(failure.about(format!("tenants/{tenant}")).after(self.come_again()));
        }
        let mut counts = self.counts();
        for key in [None, of_tenant] {
            if let Some(counted) = counts.get_mut(&key) {
                counted.since += 1;
            }
        }
        Ok(())
    }

    /// Unfinished narrations of all tenants, up to the most that are taken.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn unfinished(&self) -> Result<u64, Failure> {
        self.count(&None, self.limits.most).await
    }

    async fn count(&self, tenant: &Option<TenantId>, most: u64) -> Result<u64, Failure> {
        let now = self.clock.now();
        let known = self.counts().get(tenant).copied();
        if let Some(counted) = known.filter(|counted| counted.holds(now)) {
            return Ok(counted.narrations + counted.since);
        }
        let mut query = Query::new().filter("phase", Op::In, UNFINISHED.map(str::to_owned).to_vec());
        if let Some(tenant) = tenant {
            query = query.eq("tenant", tenant.as_str());
        }
        let narrations = self.narrations.count(&query, most).await?;
        let mut counts = self.counts();
        if counts.len() >= TENANTS {
            counts.retain(|_, counted| counted.holds(now));
        }
        counts.insert(tenant.clone(), Counted { at: now, narrations, since: 0 });
        Ok(narrations)
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
    use lectern_store::memory::MemoryStore;

    use super::*;
    use crate::domain::Phase;
    use crate::testing::narration;

    #[tokio::test]
    async fn what_is_over_the_backlog_is_sent_away_until_there_is_room() {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        let narrations = Collection::<Narration>::new(store);
        narrations.ensure().await.expect("a collection");
        let limits = Backlog { most: 3, per_tenant: 2 };
        let door =
            Door::new(narrations.clone(), Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(SeededRandom::new(1)), limits);
        let order = async |id: &str, tenant: &str| {
            let mut ordered = narration();
            ordered.id = id.parse().expect("an id");
            ordered.tenant = tenant.parse().expect("an id");
            door.admit(&ordered.tenant).await?;
            narrations.insert(&ordered).await.expect("inserted");
            Ok::<_, Failure>(())
        };
        order("n1", "a").await.expect("room");
        order("n2", "a").await.expect("room");
        let refused = order("n3", "a").await.expect_err("the tenant's bound");
        assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
        order("n3", "b").await.expect("room for others");
        let refused = order("n4", "c").await.expect_err("the bound of all");
        assert_eq!((refused.kind, refused.reason), (Kind::Unavailable, Reason::Overloaded));
        assert!(refused.retry_after.is_some_and(|after| after >= COME_AGAIN));

        let done = |narration: &mut Narration| {
            narration.phase = Phase::Succeeded;
            Ok(lectern_store::Change::Write)
        };
        narrations.update("n1", done).await.expect("written");
        clock.advance(COUNTED_FOR);
        order("n4", "a").await.expect("room again");
    }
}
