//! What a process has to pay for calls: prices, budgets, shares, the ledger and claims, all over
//! the service's own store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_core::{Clock, Digest, Failure, OsRandom, Random};
use lectern_provider::{
    AttemptRecord, BudgetLimits, BudgetRecord, Budgets, Day, Ledger, Place, Rates, ShareRecord, Shares, Spent,
    days_left,
};
use lectern_stage::retention::sweep_from_time_to_time;
use lectern_store::{Collection, CollectionSpec, Record, Store};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;

use super::claims::{CallRecord, Claims};
use super::measure::{Measures, observe_model, observe_price};
use super::step::StepPayments;
use crate::config::{Config, WriterConfig};
use crate::model::{Host, PriceRow, Rows};

/// A call that began so long ago and was never settled was made by somebody who died: no attempt
/// lasts as long.
const LOST_AFTER: Duration = Duration::from_secs(60 * 60);
/// How often it is looked for such calls.
const LOOKED_FOR: Duration = Duration::from_secs(60);
/// How many days before its price ends a model is warned of.
const WARNED_DAYS: i64 = 30;
/// Of so many signs is what stands for an account: they tell those of an installation apart.
const ACCOUNT_SIGNS: usize = 12;

/// On what terms the model of a writer is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What is allowed of it in a minute, and at once.
    pub rates: Rates,
    /// The account at a server that the limits are those of, in signs that say nothing of its key.
    /// Writers of one account share its limits.
    pub account: String,
    /// Where it is served.
    pub place: Place,
}

impl Terms {
    /// The terms of a writer's settings.
    #[must_use]
    pub fn of(writer: &WriterConfig) -> Self {
        let rates = Rates {
            requests: writer.requests_per_minute,
            tokens: writer.tokens_per_minute,
            at_once: u32::try_from(writer.concurrency).unwrap_or(u32::MAX).max(1),
        };
        let WriterConfig { project, location, .. } = writer;
        let host = if project.is_empty() {
            Host::Developer
        } else {
            Host::Enterprise { project: project.clone(), location: location.clone() }
        };
        Self { rates, account: account(writer), place: host.place() }
    }

    /// Whose limits are shared, for the records of shares.
    pub(super) fn limited_by(&self, provider: &str) -> String {
        format!("{provider}@{}", self.account)
    }
}

/// Signs that follow from a writer's server, and from the account there that its credential is for.
fn account(writer: &WriterConfig) -> String {
    let WriterConfig { url, project, location, key, key_file, .. } = writer;
    let server = url.parse::<Url>().map_or_else(|_| url.clone(), |url| url.origin().ascii_serialization());
    let key_file = key_file.to_string_lossy();
    let parts = [server.as_str(), project.as_str(), location.as_str(), key.expose(), &*key_file];
    Digest::of(parts.join("\n").as_bytes()).to_string().chars().take(ACCOUNT_SIGNS).collect()
}

/// Pays for calls. Clones share everything.
#[derive(Debug, Clone)]
pub struct Cashier {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub ledger: Ledger,
    pub budgets: Budgets,
    pub shares: Shares,
    pub claims: Claims,
    pub clock: Arc<dyn Clock>,
    pub measures: Measures,
    /// The terms of each writer, by its name in the settings.
    terms: BTreeMap<String, Terms>,
    /// What a tenant may spend who has no budget of his own.
    budget: BudgetLimits,
}

impl Cashier {
    /// A cashier over a store whose collections [`Self::migrate`] has made, on these settings.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a budget that is no amount.
    pub fn new(config: &Config, store: &Arc<dyn Store>, clock: &Arc<dyn Clock>) -> Result<Self, Failure> {
        let terms = config.writers.iter().map(|(name, writer)| (name.clone(), Terms::of(writer))).collect();
        Ok(Self::with(terms, config.budget.limits()?, store, clock, Arc::new(OsRandom)))
    }

    /// The same on these terms, with a source of randomness.
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
        Self { shared: Arc::new(shared) }
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

    /// On what terms a writer is called.
    pub(super) fn terms(&self, writer: &str) -> Result<Terms, Failure> {
        let missing = || Failure::internal(format!("nothing is known of the terms of the writer {writer}"));
        self.shared.terms.get(writer).cloned().ok_or_else(missing)
    }

    /// Exports for how long each writer's model is served and has a price, and warns where that is
    /// not long.
    pub fn watch_prices(&self, config: &Config, rows: &Rows) {
        for (name, writer) in &config.writers {
            if let Some(row) = writer.row(rows) {
                self.watch_price(name, &row.prices);
                if let Some(last) = row.last_day {
                    observe_model(name, last, Arc::clone(&self.shared.clock));
                }
            }
        }
    }

    fn watch_price(&self, writer: &str, rows: &[PriceRow]) {
        let today = Day::of(self.shared.clock.now());
        match days_left(rows, today) {
            Some(left) if left < 0 => {
                warn!(writer, "there is no price of its model today, so nothing is bought; add a row to models_file");
            }
            Some(left) if left <= WARNED_DAYS => {
                let last = today.plus(left);
                warn!(writer, %last, "the price of its model ends soon; add the one after it to models_file");
            }
            Some(_) | None => {}
        }
        if !rows.is_empty() {
            observe_price(writer, rows.to_vec(), Arc::clone(&self.shared.clock));
        }
    }

    /// Sees to what nobody else does, until `stop`: keeps the shares, settles what was lost, and
    /// deletes records of what was over for longer than `retention`.
    pub async fn maintain(&self, retention: Duration, stop: CancellationToken) {
        let Shared { ledger, budgets, claims, shares, clock, .. } = &*self.shared;
        let attempts = |before| async move { ledger.sweep(before).await };
        let of_budgets = |before| async move { budgets.sweep(before, ledger).await };
        let of_claims = |before| async move { claims.sweep(before).await };
        tokio::join!(
            shares.keep(stop.clone()),
            self.settle_lost(stop.clone()),
            sweep_from_time_to_time("attempts", Arc::clone(clock), retention, stop.clone(), attempts),
            sweep_from_time_to_time("budgets", Arc::clone(clock), retention, stop.clone(), of_budgets),
            sweep_from_time_to_time("calls", Arc::clone(clock), retention, stop, of_claims),
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
}
