//! What a process has to pay for calls: prices, budgets, shares, the ledger and claims, all over
//! the service's own store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_core::{Clock, Failure, OsRandom, Random, Timestamp};
use lectern_store::{Collection, CollectionSpec, Record, Store};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::claims::{CallRecord, Claims};
use super::measure::{Measures, observe_model, observe_price};
use super::{StepPayments, Terms};
use crate::budget::{BudgetRecord, Budgets, Limits as BudgetLimits};
use crate::day::Day;
use crate::ledger::{AttemptRecord, Ledger, Spent};
use crate::prices::{PriceRow, days_left};
use crate::shares::{ShareRecord, Shares};

/// A call that began so long ago and was never settled was made by somebody who died: no attempt
/// lasts as long.
const LOST_AFTER: Duration = Duration::from_secs(60 * 60);
/// How often it is looked for such calls.
const LOOKED_FOR: Duration = Duration::from_secs(60);
/// Between two times that records are deleted of what is over, and before the first.
const SWEPT: Duration = Duration::from_secs(60 * 60);
/// How many days before its price ends a model is warned of.
const WARNED_DAYS: i64 = 30;

/// Pays for calls. Clones share everything.
#[derive(Debug, Clone)]
pub struct Cashier {
    pub(super) shared: Arc<Shared>,
    /// Whether it counts the calls that a provider refused for there were too many.
    pub(super) counts_throttled: bool,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub ledger: Ledger,
    pub budgets: Budgets,
    pub shares: Shares,
    pub claims: Claims,
    pub clock: Arc<dyn Clock>,
    pub measures: Measures,
    /// The terms of each engine, by its name in the settings.
    terms: BTreeMap<String, Terms>,
    /// What a tenant may spend who has no budget of his own.
    budget: BudgetLimits,
}

impl Cashier {
    /// A cashier over a store whose collections [`Self::migrate`] has made: the terms of each
    /// engine by its name, and what a tenant may spend who has no budget of his own.
    #[must_use]
    pub fn new(
        terms: BTreeMap<String, Terms>,
        budget: BudgetLimits,
        store: &Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        Self::with(terms, budget, store, clock, Arc::new(OsRandom))
    }

    /// The same with a source of randomness.
    #[must_use]
    pub fn with(
        terms: BTreeMap<String, Terms>,
        budget: BudgetLimits,
        store: &Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let shared = Shared {
            ledger: Ledger::with_random(Arc::clone(store), Arc::clone(clock), Arc::clone(&random)),
            budgets: Budgets::with_random(Arc::clone(store), Arc::clone(clock), Arc::clone(&random)),
            shares: Shares::with_random(Arc::clone(store), Arc::clone(clock), Arc::clone(&random)),
            claims: Claims::new(Arc::clone(store), Arc::clone(clock), random),
            clock: Arc::clone(clock),
            measures: Measures::new(),
            terms,
            budget,
        };
        Self { shared: Arc::new(shared), counts_throttled: true }
    }

    /// The same, where somebody else counts the calls that a provider refused for there were too
    /// many.
    #[must_use]
    pub fn without_throttled(self) -> Self {
        Self { counts_throttled: false, ..self }
    }

    /// The collections that it needs.
    #[must_use]
    pub fn collections() -> Vec<CollectionSpec> {
        vec![AttemptRecord::SPEC, BudgetRecord::SPEC, ShareRecord::SPEC, CallRecord::SPEC]
    }

    /// Makes and verifies the collections, and brings them forward.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `INVALID_FIELD` where the database cannot be used as it is.
    pub async fn migrate(store: &Arc<dyn Store>) -> Result<(), Failure> {
        Self::migrate_with_random(store, Arc::new(OsRandom)).await
    }

    /// The same with a source of randomness, for simulations that replay.
    ///
    /// # Errors
    /// Those of [`Self::migrate`].
    pub async fn migrate_with_random(store: &Arc<dyn Store>, random: Arc<dyn Random>) -> Result<(), Failure> {
        let attempts = Collection::<AttemptRecord>::with_random(Arc::clone(store), random);
        attempts.ensure().await?;
        attempts.beside::<BudgetRecord>().ensure().await?;
        attempts.beside::<ShareRecord>().ensure().await?;
        Ok(attempts.beside::<CallRecord>().ensure().await?)
    }

    /// The payments of a step, out of the budgets that its command says. What it does not say, the
    /// settings do.
    #[must_use]
    pub fn of_step(&self, tenant: &TenantId, step: &StepId, said: BudgetLimits) -> StepPayments {
        let own = self.shared.budget;
        let limits = BudgetLimits { month: said.month.or(own.month), narration: said.narration.or(own.narration) };
        StepPayments::new(self.clone(), tenant.clone(), step.clone(), limits)
    }

    /// What a narration has cost so far, in all its runs.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn spent(&self, narration: &NarrationId) -> Result<Spent, Failure> {
        self.shared.ledger.of_narration(narration).await
    }

    /// The ledger, to be asked what a tenant spends.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// On what terms an engine is called.
    pub(super) fn terms(&self, engine: &str) -> Result<Terms, Failure> {
        let missing = || Failure::internal(format!("nothing is known of the terms of the engine {engine}"));
        self.shared.terms.get(engine).cloned().ok_or_else(missing)
    }

    /// Exports for how many days the model of an engine is served.
    pub fn watch_model(&self, engine: &str, last: Day) {
        observe_model(engine, last, Arc::clone(&self.shared.clock));
    }

    /// Exports for how many days an engine has a price, and warns where that is not long; `setting`
    /// names where the next one is to be added. Of an engine with several prices, each with rows of
    /// its own, it is the one that ends first.
    pub fn watch_prices(&self, engine: &str, prices: Vec<Vec<PriceRow>>, setting: &str) {
        let today = Day::of(self.shared.clock.now());
        match prices.iter().filter_map(|rows| days_left(rows, today)).min() {
            Some(left) if left < 0 => {
                warn!(engine, setting, "there is no price of it today, so nothing is bought; add a row");
            }
            Some(left) if left <= WARNED_DAYS => {
                let last = today.plus(left);
                warn!(engine, setting, %last, "its price ends soon; add the row after it");
            }
            Some(_) | None => {}
        }
        if prices.iter().any(|rows| !rows.is_empty()) {
            observe_price(engine, prices, Arc::clone(&self.shared.clock));
        }
    }

    /// Sees to what nobody else does, until `stop`: keeps the shares, settles what was lost, and
    /// deletes records of what was over for longer than `retention`.
    pub async fn maintain(&self, retention: Duration, stop: CancellationToken) {
        tokio::join!(
            self.shared.shares.keep(stop.clone()),
            self.settle_lost(stop.clone()),
            self.sweep_from_time_to_time(retention, stop),
        );
    }

    async fn settle_lost(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(tokio::time::sleep(LOOKED_FOR)).await.is_some() {
            match self.shared.ledger.settle_lost(LOST_AFTER).await {
                Ok(0) => {}
                Ok(count) => info!(count, "calls of which nobody knows what became count as their maximum"),
                Err(failure) => warn!(%failure, "not looked for calls that were lost, trying again in a minute"),
            }
        }
    }

    async fn sweep_from_time_to_time(&self, retention: Duration, stop: CancellationToken) {
        loop {
            let swept = async {
                tokio::time::sleep(SWEPT).await;
                self.sweep(self.shared.clock.now().minus(retention)).await
            };
            match stop.run_until_cancelled(swept).await {
                None => return,
                Some(Ok(0)) => {}
                Some(Ok(count)) => info!(count, "deleted what was paid for longer ago than the retention"),
                Some(Err(failure)) => warn!(%failure, "not deleted what was paid for, trying again in an hour"),
            }
        }
    }

    /// Deletes attempts, budgets and claims that were over before `before`; how many records.
    async fn sweep(&self, before: Timestamp) -> Result<u64, Failure> {
        let Shared { ledger, budgets, claims, .. } = &*self.shared;
        let attempts = ledger.sweep(before).await?;
        let of_budgets = budgets.sweep(before, ledger).await?;
        let of_claims = claims.sweep(before).await?;
        Ok(attempts.saturating_add(of_budgets).saturating_add(of_claims))
    }
}
