//! The payments of one step, out of its tenant's and its narration's budget.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::{StepId, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_provider::{
    Attempt, BudgetLimits, Class, Day, MicroUsd, Permit, Price, ProviderError, Settlement, ShareRequest,
};
use tokio::time::Instant;
use tracing::{Instrument as _, error, warn};

use super::cashier::Terms;
use super::measure::Measured;
use super::port::UnderWay;
use super::settlement::settlement;
use super::{Call, Cashier, Claim, Paid, Payments};
use crate::model::{Completion, ModelRow};

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

    /// Waits for the share of a call, unless nobody wants it any more.
    async fn share(&self, call: &Call<'_>, terms: &Terms) -> Result<Permit, Failure> {
        let ModelRow { provider, id, .. } = call.row;
        let limited_by = terms.limited_by(provider.name());
        let request = ShareRequest { provider: &limited_by, model: id, rates: terms.rates, tokens: call.probably() };
        let acquired = self.cashier.shared.shares.acquire(&request);
        call.cancel.run_until_cancelled(acquired).await.unwrap_or_else(|| {
            let message = "writing was stopped; nobody waits for it";
            Err(Failure::new(Kind::Cancelled, Reason::Cancelled, message))
        })
    }

    /// Takes the maximum of a call from the budgets, and notes that it is made.
    async fn take(self, attempt: Attempt, permit: Permit, price: Price, limited_by: String) -> Result<Paid, Failure> {
        let shared = &self.cashier.shared;
        let reservation = shared.budgets.reserve(&self.tenant, &self.step.narration, attempt.most, self.limits).await?;
        let Attempt { engine: writer, model, provider, .. } = attempt.clone();
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
            UnderWay { payments, attempt, reservation, permit, price, writer, provider, model, limited_by, began };
        Ok(Paid(Some(Box::new(under_way))))
    }
}

impl UnderWay {
    /// Settles the call, and tells who else is to know of its end.
    pub(super) async fn end(self, ended: Result<&Completion, &ProviderError>) {
        let shared = Arc::clone(&self.payments.cashier.shared);
        let settlement = settlement(&self.price, ended);
        let measured = Measured { writer: &self.writer, provider: &self.provider, model: &self.model };
        let answered = settlement.class.is_none();
        shared.measures.ended(measured, self.began.elapsed(), answered.then_some(settlement.usage), settlement.class);
        if answered && settlement.known {
            self.permit.used(settlement.usage.total());
        }
        if ended.is_ok_and(|answer| answer.is_of_another(&self.model)) {
            shared.measures.other_model(measured);
        }
        let slower = ended.err().filter(|error| matches!(error.class, Class::QuotaOfMinute | Class::Overloaded));
        if slower.is_some() {
            shared.measures.throttled(measured);
        }
        let slower = slower.map(|error| error.retry_after);
        // To its end, also where the work is dropped meanwhile.
        let settled = tokio::spawn(self.settle(settlement, slower).in_current_span());
        if let Err(error) = settled.await {
            error!(%error, "a call is not settled; it counts as its maximum");
        }
    }

    /// Settles the call in the ledger, and after it in the budgets. With `slower`, others hear that
    /// the provider has enough.
    async fn settle(self, settlement: Settlement, slower: Option<Option<Duration>>) {
        let Self { payments, attempt, reservation, writer, provider, model, limited_by, permit, .. } = self;
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
                let measured = Measured { writer: &writer, provider: &provider, model: &model };
                shared.measures.cost(measured, cost);
            }
            // Whoever looks for calls that were lost settles it, at its maximum.
            Err(failure) => error!(step = %payments.step, %failure, "a call is not settled; it counts as its maximum"),
        }
        drop(permit);
    }
}

#[async_trait]
impl Payments for StepPayments {
    async fn claim(&self, key: &Digest) -> Result<Option<Claim>, Failure> {
        self.cashier.shared.claims.claim(key).await
    }

    async fn begin(&self, call: &Call<'_>) -> Result<Paid, Failure> {
        let shared = &self.cashier.shared;
        let ModelRow { provider, id, prices, .. } = call.row;
        let (provider, model) = (provider.name(), id.clone());
        let terms = self.cashier.terms(call.writer)?;
        let permit = self.share(call, &terms).await?;
        let price = Price::on(prices, provider, &model, Day::of(shared.clock.now()), terms.place)?;
        let (input, output) = call.most();
        let attempt = Attempt {
            tenant: self.tenant.clone(),
            step: self.step.clone(),
            engine: call.writer.to_owned(),
            provider: provider.to_owned(),
            model,
            most: price.estimate_max(input, output),
        };
        let limited_by = terms.limited_by(provider);
        // To its end, also where the work is dropped meanwhile: nothing is taken for nobody.
        let taken = tokio::spawn(self.clone().take(attempt, permit, price, limited_by).in_current_span());
        taken.await.map_err(|error| Failure::internal(format!("a call is not paid for: {error}")))?
    }

    async fn end(&self, mut paid: Paid, ended: Result<&Completion, &ProviderError>) {
        if let Some(under_way) = paid.0.take() {
            under_way.end(ended).await;
        }
    }
}
