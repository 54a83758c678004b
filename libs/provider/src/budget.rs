//! What a tenant may spend in a calendar month (UTC), and on one narration. Before a call its
//! maximum is taken from both, by one atomic addition each that refuses to go over the limit, and
//! after it what was not used is given back. So however many call at once, a budget is not overrun:
//! not by a call, unless that costs more than the most that it was said to cost.
//!
//! A limit is not stored: it comes with each call, so that a budget that grows holds from the next
//! call on. What is stored is what is spent, reservations included.
//!
//! Whatever breaks off between two writes leaves a budget that counts too much, by the maximum of
//! one call; too little only where a call cost more than that maximum. The ledger has what was
//! spent, to the millionth.

mod config;
mod record;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Clock, Failure, Kind, OsRandom, Random, Reason, Timestamp};
use lectern_store::{Collection, Direction, Op, Query, Record as _, Store, StoreError};

use crate::day::Day;
use crate::ledger::Ledger;
use crate::money::MicroUsd;

pub use config::BudgetConfig;
pub use record::{BudgetKind, BudgetRecord};

/// Who waits for a budget looks again after this time.
const WAIT: Duration = Duration::from_secs(60);
/// The field of a record that is added to.
const SPENT: &str = "spent";
/// Records that are looked at at once.
const PAGE: u32 = 200;

/// What may be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// By the tenant in a calendar month; none for no limit.
    pub month: Option<MicroUsd>,
    /// On the narration, in all its runs; none for no limit.
    pub narration: Option<MicroUsd>,
}

/// What was taken from budgets for a call; to be given to [`Budgets::settle`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "what is not used is to be given back"]
pub struct Reservation {
    budgets: Vec<String>,
    amount: MicroUsd,
}

/// The budgets of a service. Clones share the store.
#[derive(Debug, Clone)]
pub struct Budgets {
    budgets: Collection<BudgetRecord>,
    clock: Arc<dyn Clock>,
}

impl Budgets {
    /// The budgets in `store`. Call [`Self::ensure`] once before the first use.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self::with_random(store, clock, Arc::new(OsRandom))
    }

    /// The same with a source of randomness, for simulations that replay.
    #[must_use]
    pub fn with_random(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { budgets: Collection::with_random(store, random), clock }
    }

    /// Makes and verifies the collection.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`, `Ambiguous`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.budgets.ensure().await
    }

    /// Takes the most that a call can cost from both budgets, or nothing from either.
    ///
    /// # Errors
    /// `BUDGET_EXHAUSTED` where one of them has not so much left; those of the store, upon which it
    /// may have been taken and nothing may be bought.
    pub async fn reserve(
        &self,
        tenant: &TenantId,
        narration: &NarrationId,
        amount: MicroUsd,
        limits: Limits,
    ) -> Result<Reservation, Failure> {
        let mut reservation = Reservation { budgets: Vec::new(), amount };
        if amount == MicroUsd::ZERO {
            return Ok(reservation);
        }
        let month = BudgetKind::Month(Day::of(self.clock.now()).month());
        let own = BudgetKind::Narration(narration.clone());
        for (kind, limit) in [(month, limits.month), (own, limits.narration)] {
            let budget = BudgetRecord::new(tenant.clone(), kind, self.clock.now());
            match self.take(&budget, amount, limit).await {
                Ok(true) => reservation.budgets.push(budget.id()),
                Ok(false) => {
                    self.settle(reservation, MicroUsd::ZERO).await?;
                    return Err(exhausted(&budget, limit.unwrap_or(MicroUsd::MAX), amount));
                }
                Err(error) => {
                    self.settle(reservation, MicroUsd::ZERO).await?;
                    return Err(error.into());
                }
            }
        }
        Ok(reservation)
    }

    /// Gives back what was taken for a call and not used; where it cost more, that is spent too.
    ///
    /// # Errors
    /// Those of the store, of the first budget that could not be settled; the other one is settled
    /// all the same.
    pub async fn settle(&self, reservation: Reservation, actual: MicroUsd) -> Result<(), Failure> {
        let delta = actual.signed().saturating_sub(reservation.amount.signed());
        if delta == 0 {
            return Ok(());
        }
        let mut settled = Ok(());
        for budget in &reservation.budgets {
            match self.budgets.add(budget, SPENT, delta, i64::MAX).await {
                // A budget that ended meanwhile needs nothing back.
                Ok(_) | Err(StoreError::NotFound { .. }) => {}
                Err(error) => settled = settled.and(Err(error.into())),
            }
        }
        settled
    }

    /// What is spent of the budget of a tenant's present month, and of a narration, with what is
    /// reserved.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn spent(&self, tenant: &TenantId, kind: BudgetKind) -> Result<MicroUsd, Failure> {
        let budget = BudgetRecord::new(tenant.clone(), kind, self.clock.now());
        let found = self.budgets.get(&budget.id()).await?;
        Ok(MicroUsd::of_signed(found.map_or(0, |found| found.record.spent)))
    }

    /// Deletes what was spent in months that were over before `before`, and on narrations of which
    /// the ledger knows no attempt any more; how many. A narration that buys something after that
    /// begins with its whole budget.
    ///
    /// # Errors
    /// Those of the store; call it again.
    pub async fn sweep(&self, before: Timestamp, ledger: &Ledger) -> Result<u64, Failure> {
        let mut query =
            Query::new().filter("created", Op::Lt, before.millis()).order("created", Direction::Asc).limit(PAGE);
        let mut swept = 0;
        loop {
            let page = self.budgets.find(&query).await?;
            for item in page.items {
                let over = match &item.record.kind {
                    BudgetKind::Month(month) => *month < Day::of(before).month(),
                    BudgetKind::Narration(narration) => !ledger.knows(narration).await?,
                };
                if !over {
                    continue;
                }
                match self.budgets.delete(&item.record.id(), Some(item.revision)).await {
                    Ok(deleted) => swept += u64::from(deleted),
                    // Something was just bought.
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(swept),
            }
        }
    }

    /// Adds to what is spent, unless that is more than the limit then; whether it was added.
    async fn take(&self, budget: &BudgetRecord, amount: MicroUsd, limit: Option<MicroUsd>) -> Result<bool, StoreError> {
        let id = budget.id();
        let limit = limit.map_or(i64::MAX, MicroUsd::signed);
        match self.budgets.add(&id, SPENT, amount.signed(), limit).await {
            Err(StoreError::NotFound { .. }) => {}
            added => return Ok(added?.is_some()),
        }
        match self.budgets.insert(budget).await {
            Ok(_) | Err(StoreError::Duplicate { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(self.budgets.add(&id, SPENT, amount.signed(), limit).await?.is_some())
    }
}

/// A budget has not as much left as a call may cost. It is tried again after [`WAIT`] and not
/// counted as an attempt, for as long as the narration may take.
fn exhausted(budget: &BudgetRecord, limit: MicroUsd, amount: MicroUsd) -> Failure {
    let (whose, how) = match &budget.kind {
        BudgetKind::Month(month) => {
            (format!("the tenant's budget of {month}"), "it goes on when the budget grows or the next month begins")
        }
        BudgetKind::Narration(_) => ("the narration's budget".to_owned(), "it goes on when the budget grows"),
    };
    let message = format!(
        "{whose}, {limit}, has less left than the next call may cost, which is up to {amount}; what was made is kept, and \
         {how}"
    );
    Failure::new(Kind::ResourceExhausted, Reason::BudgetExhausted, message).after(WAIT)
}
