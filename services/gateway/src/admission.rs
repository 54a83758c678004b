//! Load is shed before it is accepted: an order that would wait behind more than the installation
//! takes is refused at once, with the time to come again, rather than accepted and let expire.
//!
//! What waits is counted by the database at intervals, and each replica adds what it has let in
//! since; so the bound is passed by no more than what other replicas let in within one interval.
//! Nothing is counted up and down, so nothing can be miscounted for good.
//!
//! A count goes through every entry of the index that it counts. So that orders do not cost more
//! the more there is that waits, a count is good for longer the more it has counted, and the
//! further it is from its bound: there the others would have to let in thousands a second to pass
//! it.
//!
//! However many orders come, one of them counts at a time: all narrations together, and beside that
//! those of each tenant. The others go by what was counted before, and wait only where nothing was,
//! or so long ago that it says little.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::{Clock, Failure, Kind, Random, Reason, Timestamp};
use lectern_store::{Collection, Op, Query};
use parking_lot::Mutex;

use crate::config::Backlog;
use crate::domain::Narration;
use crate::tenants::Tenants;

/// A count is good for this long, and for longer the more was counted, so that counting costs a
/// bounded share of the database.
const COUNTED_FOR: Duration = Duration::from_secs(5);
/// Counted narrations that add a second to that.
const COUNTED_A_SECOND: u64 = 20_000;
/// Narrations for which there is still room that add a second to that: all replicas together let in
/// fewer in one.
const LET_IN_A_SECOND: u64 = 1_000;
/// No more seconds are added for the room.
const LONGEST_FOR_ROOM: u64 = 55;
/// While one counts anew, the others go by the count before for as many times as long.
const OLD_FOR: u32 = 3;
/// Locks that tenants share among them, to be counted one at a time.
const TENANT_LOCKS: usize = 32;
/// Tenants whose counts are remembered.
const TENANTS: usize = 10_000;
/// Who is refused is asked to come again after this long at least, and at most twice as long, so
/// that not all come at once.
const COME_AGAIN: Duration = Duration::from_secs(10);
/// The bound of who lets in nobody and wants to know how many there are.
const NO_BOUND: u64 = 0;
/// The phases of an unfinished narration.
const UNFINISHED: [&str; 5] = ["extracting", "planning", "narrating", "awaiting_approval", "assembling"];

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

    /// Whether it is good where no more than `bound` are let in.
    fn holds(&self, bound: u64, now: Timestamp) -> bool {
        now.since(self.at) < self.validity() + self.for_room(bound)
    }

    /// Whether it may be gone by while another caller counts.
    fn serves(&self, bound: u64, now: Timestamp) -> bool {
        now.since(self.at) < self.validity() * OLD_FOR + self.for_room(bound)
    }

    const fn validity(&self) -> Duration {
        Duration::from_secs(COUNTED_FOR.as_secs() + self.narrations / COUNTED_A_SECOND)
    }

    /// For how much longer it is good since there is still room up to `bound`.
    fn for_room(&self, bound: u64) -> Duration {
        let room = bound.saturating_sub(self.all());
        Duration::from_secs((room / LET_IN_A_SECOND).min(LONGEST_FOR_ROOM))
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
pub struct Admission {
    narrations: Collection<Narration>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: Backlog,
    tenants: Tenants,
    counts: Arc<Mutex<BTreeMap<Option<TenantId>, Counted>>>,
    counting: Arc<Counting>,
}

impl Admission {
    /// An admission that lets in so many unfinished narrations as `limits` say, and of a tenant
    /// that has a limit of its own, as many as that says.
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
        let all = self.count(&None, self.limits.most, self.limits.most).await?;
        let mine = self.count(&of_tenant, own.max(self.limits.per_tenant), own).await?;
        // Looked at and added to under one lock, so that of many who come at once no more are let
        // in than there is room for.
        let mut counts = self.counts.lock();
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
        self.count(&None, self.limits.most, NO_BOUND).await.map(|counted| counted.all())
    }

    /// Unfinished narrations of a tenant, up to the most that it may have or that everybody may.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn unfinished_of(&self, tenant: &TenantId) -> Result<u64, Failure> {
        let own = self.tenants.limits_of(tenant).await?.unfinished_narrations.unwrap_or(0);
        let most = own.max(self.limits.per_tenant);
        self.count(&Some(tenant.clone()), most, NO_BOUND).await.map(|counted| counted.all())
    }

    /// The count, up to `most`, that holds for who lets in no more than `bound`. Where none does,
    /// one caller counts anew, and the others take the one before; who comes when there is none, or
    /// one that is too old, waits for it.
    async fn count(&self, tenant: &Option<TenantId>, most: u64, bound: u64) -> Result<Counted, Failure> {
        let known = self.counts.lock().get(tenant).copied();
        let holds = |counted: &Counted| counted.holds(bound, self.clock.now());
        if let Some(counted) = known.filter(holds) {
            return Ok(counted);
        }
        let counting = self.counting.of(tenant.as_ref());
        let _counting = match (counting.try_lock(), known) {
            (Ok(counting), _) => counting,
            (Err(_), Some(before)) if before.serves(bound, self.clock.now()) => return Ok(before),
            (Err(_), _) => counting.lock().await,
        };
        // Whoever counted until now may have counted the same.
        let before = self.counts.lock().get(tenant).copied();
        if let Some(counted) = before.filter(holds) {
            return Ok(counted);
        }
        let at = self.clock.now();
        let mut query = Query::new().filter("phase", Op::In, UNFINISHED.map(str::to_owned).to_vec());
        if let Some(tenant) = tenant {
            query = query.eq("tenant", tenant.as_str());
        }
        let narrations = self.narrations.count(&query, most).await?;
        let mut counts = self.counts.lock();
        if counts.len() >= TENANTS {
            counts.retain(|_, counted| counted.holds(NO_BOUND, at));
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
}

#[cfg(test)]
mod tests;
