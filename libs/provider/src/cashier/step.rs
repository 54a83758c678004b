//! The payments of one step, out of its tenant's and its narration's budget.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{StepId, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{Instrument as _, error, warn};

use super::call::UnderWay;
use super::measure::Measured;
use super::settlement::settlement;
use super::{CallEnd, Cashier, Claim, Paid, PaidCall, Terms};
use crate::budget::Limits as BudgetLimits;
use crate::day::Day;
use crate::error::{Billed, Class, ProviderError};
use crate::ledger::{Attempt, Settlement};
use crate::money::MicroUsd;
use crate::prices::Price;
use crate::shares::{Permit, Request as ShareRequest};

/// The payments of one step.
#[derive(Debug, Clone)]
pub struct StepPayments {
    cashier: Cashier,
    tenant: TenantId,
    step: StepId,
    limits: BudgetLimits,
}

impl StepPayments {
    pub(super) const fn new(cashier: Cashier, tenant: TenantId, step: StepId, limits: BudgetLimits) -> Self {
        Self { cashier, tenant, step, limits }
    }

    /// Claims the call whose answer will be kept under `key`, for as long as what is returned is
    /// held. None where somebody else has claimed it: its answer will be there soon, or the claim
    /// is free again.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn claim(&self, key: &Digest) -> Result<Option<Claim>, Failure> {
        self.cashier.shared.claims.claim(key).await
    }

    /// To be called right before a call, for each try of it: waits for its share of what the
    /// provider allows, takes its maximum from the budgets, and notes that it is made.
    ///
    /// # Errors
    /// `BUDGET_EXHAUSTED`, `INVALID_FIELD` where there is no price, `CANCELLED`,
    /// `STORE_UNAVAILABLE`. Upon each of them the call must not be made.
    pub async fn pay(&self, call: &PaidCall<'_>) -> Result<Paid, Failure> {
        let shared = &self.cashier.shared;
        let PaidCall { engine, provider, model, prices, most, .. } = *call;
        let terms = self.cashier.terms(engine)?;
        let permit = self.share(call, &terms).await?;
        let price = Price::on(prices, provider, model, Day::of(shared.clock.now()), terms.place)?;
        let attempt = Attempt {
            tenant: self.tenant.clone(),
            step: self.step.clone(),
            engine: engine.to_owned(),
            provider: provider.to_owned(),
            model: model.to_owned(),
            most: price.most(most),
        };
        let limited_by = terms.limited_by(provider);
        // To its end, also where the work is dropped meanwhile: nothing is taken for nobody.
        let (told, taken) = oneshot::channel();
        let taking = self.clone().take(attempt, permit, price, limited_by);
        let taking = async move {
            if let Err(Ok(paid)) = told.send(taking.await) {
                let not_made = ProviderError::cancelled(Billed::No);
                paid.end(CallEnd::Failed(&not_made)).await;
            }
        };
        tokio::spawn(taking.in_current_span());
        taken.await.map_err(|_| Failure::internal("paying for a call broke off; it is tried again"))?
    }

    /// Waits for the share of a call, unless nobody wants it any more.
    async fn share(&self, call: &PaidCall<'_>, terms: &Terms) -> Result<Permit, Failure> {
        let limited_by = terms.limited_by(call.provider);
        let request =
            ShareRequest { provider: &limited_by, model: call.model, rates: terms.rates, tokens: call.probably };
        let acquired = self.cashier.shared.shares.acquire(&request);
        call.cancel.run_until_cancelled(acquired).await.unwrap_or_else(|| Err(stopped()))
    }

    /// Takes the maximum of a call from the budgets, and notes that it is made.
    async fn take(self, attempt: Attempt, permit: Permit, price: Price, limited_by: String) -> Result<Paid, Failure> {
        let shared = &self.cashier.shared;
        let reservation = shared.budgets.reserve(&self.tenant, &self.step.narration, attempt.most, self.limits).await?;
        let Attempt { engine, model, provider, .. } = attempt.clone();
        let attempt = match shared.ledger.begin(attempt).await {
            Ok(attempt) => attempt,
            Err(failure) => {
                // Nothing is bought that is not written down first.
                if let Err(failure) = shared.budgets.settle(reservation, MicroUsd::ZERO).await {
                    warn!(step = %self.step, %failure, "a budget counts a call that is not made");
                }
                return Err(failure);
            }
        };
        let (payments, began) = (self.clone(), Instant::now());
        let under_way =
            UnderWay { payments, attempt, reservation, permit, price, engine, provider, model, limited_by, began };
        Ok(Paid(Some(Box::new(under_way))))
    }
}

impl UnderWay {
    /// Settles the call, and tells who else is to know of its end.
    pub(super) async fn end(self, ended: CallEnd<'_>) {
        let Cashier { shared, counts_throttled } = &self.payments.cashier;
        let (shared, counts_throttled) = (Arc::clone(shared), *counts_throttled);
        let settlement = settlement(&self.price, ended);
        let measured = Measured { engine: &self.engine, provider: &self.provider, model: &self.model };
        let answered = settlement.class.is_none();
        shared.measures.ended(measured, self.began.elapsed(), answered.then_some(settlement.usage), settlement.class);
        if answered && settlement.known {
            self.permit.used(settlement.usage.total());
        }
        if is_of_another(&settlement.model_version, &self.model) {
            shared.measures.other_model(measured);
        }
        let slower = slower(ended);
        if slower.is_some() && counts_throttled {
            shared.measures.throttled(measured);
        }
        // To its end, also where the work is dropped meanwhile.
        let settled = tokio::spawn(self.settle(settlement, slower).in_current_span());
        if let Err(error) = settled.await {
            error!(%error, "a call is not settled; it counts as its maximum");
        }
    }

    /// Settles the call in the ledger, and after it in the budgets. With `slower`, others hear that
    /// the provider has enough.
    async fn settle(self, settlement: Settlement, slower: Option<Option<Duration>>) {
        let Self { payments, attempt, reservation, engine, provider, model, limited_by, permit, .. } = self;
        let shared = &payments.cashier.shared;
        if let Some(retry_after) = slower
            && let Err(failure) = shared.shares.slow_down(&limited_by, &model, retry_after).await
        {
            warn!(model, %failure, "other replicas do not hear that the provider has enough");
        }
        let settled = async {
            let settled = shared.ledger.settle(&attempt, &settlement).await?;
            // One that somebody else settled counts as its maximum, and that is taken.
            if settled.now {
                shared.budgets.settle(reservation, settled.cost).await?;
            }
            Ok::<MicroUsd, Failure>(settled.cost)
        };
        match settled.await {
            Ok(cost) => {
                let measured = Measured { engine: &engine, provider: &provider, model: &model };
                shared.measures.cost(measured, cost);
            }
            // Whoever looks for calls that were lost settles it, at its maximum.
            Err(failure) => error!(step = %payments.step, %failure, "a call is not settled; it counts as its maximum"),
        }
        drop(permit);
    }
}

/// Nobody wants a call any more.
pub(super) fn stopped() -> Failure {
    Failure::new(Kind::Cancelled, Reason::Cancelled, "the work was stopped; nobody waits for it")
}

/// Whether the provider has enough, and for how long where it says so.
fn slower(ended: CallEnd<'_>) -> Option<Option<Duration>> {
    match ended {
        CallEnd::Failed(error) if matches!(error.class, Class::QuotaOfMinute | Class::Overloaded) => {
            Some(error.retry_after)
        }
        CallEnd::Failed(_) | CallEnd::Answered { .. } => None,
    }
}

/// Whether another model answered than the one that was asked. A version of it
/// (`gemini-3.8-flash-002`) has its name and is no other one; an answer that does not say whose it
/// is is by the one that was asked.
fn is_of_another(answered: &str, asked: &str) -> bool {
    !answered.is_empty() && !answered.contains(asked)
}
