//! What a step may spend, as its command says, and what its narration has spent, as its event does.

use lectern_proto::work::v1 as work;
use lectern_provider::{BudgetLimits, MicroUsd, Spent};
use lectern_stage::Job;
use tracing::warn;

use crate::engine::Capabilities;
use crate::payments::{Cashier, StepPayments};

/// The payments of a step, out of the budgets that its command says.
pub(super) fn payments(job: &Job, cashier: &Cashier, budget: Option<work::Budget>) -> StepPayments {
    let month = budget.and_then(|budget| budget.month_micro_usd).map(MicroUsd::of_signed);
    let said = BudgetLimits { month, narration: None };
    cashier.of_step(&job.tenant, &job.step, said)
}

/// What the narration of a step has spent by now, for the step's event; none for an engine without
/// a model. What another narration has paid for costs this one nothing.
///
/// None also where it cannot be summed up: a step that is done does not fail for its bill, which is
/// told again with the next one.
pub(super) async fn spent(job: &Job, cashier: &Cashier, capabilities: &Capabilities) -> Option<work::Spent> {
    if !capabilities.own_words() {
        return None;
    }
    let Spent { calls, unknown, usage, cost, since } = match cashier.spent(&job.step.narration).await {
        Ok(spent) => spent,
        Err(failure) => {
            warn!(step = %job.step, %failure, "a step is done, and what its narration has cost by now is not told");
            return None;
        }
    };
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Some(work::Spent {
        call_count: count(calls),
        unknown_call_count: count(unknown),
        input_token_count: count(usage.input),
        cached_token_count: count(usage.cached),
        output_token_count: count(usage.output),
        thought_token_count: count(usage.thoughts),
        cost_micro_usd: cost.signed(),
        first_call_millis: count(since.map_or(0, |since| since.millis())),
    })
}
