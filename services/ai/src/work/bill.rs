//! What a step may spend, as its command says, and what its narration has spent, as its event does.

use lectern_proto::work::v1 as work;
use lectern_provider::wire;
use lectern_stage::Job;

use crate::engine::Capabilities;
use crate::payments::{Cashier, StepPayments};

/// The payments of a step, out of the budgets that its command says.
pub(super) fn payments(job: &Job, cashier: &Cashier, budget: Option<work::Budget>) -> StepPayments {
    cashier.of_step(&job.tenant, &job.step, wire::limits(budget))
}

/// What the narration of a step has spent by now, for the step's event; none for an engine without
/// a model. What another narration has paid for costs this one nothing.
pub(super) async fn spent(job: &Job, cashier: &Cashier, capabilities: &Capabilities) -> Option<work::Spent> {
    if !capabilities.own_words() {
        return None;
    }
    wire::spent(cashier, &job.step.narration).await
}
