//! What stands around each call that costs money, whoever makes it: its share of what the provider
//! allows, its maximum out of the budgets, its record in the ledger, and the same the other way
//! round when it has ended. How money is counted: docs/payments.md.
//!
//! | file | what |
//! | --- | --- |
//! | `till.rs` | [`Cashier`]: what a process has for it, over the service's own store |
//! | `terms.rs` | [`Terms`]: at what pace an engine is called, and by which account |
//! | `call.rs` | [`PaidCall`], [`Paid`], [`CallEnd`]: before a call, while it is made, after it |
//! | `step.rs` | [`StepPayments`]: the payments of one step |
//! | `settlement.rs` | what a call that ended cost, as far as that is known |
//! | `claims.rs` | [`Claim`]: that of equal calls one is made, in the whole system; [`claim_or_find`] |
//! | `measure.rs` | metrics |
//!
//! Not done here: whether a call is made again, and what is done with its answer.

mod call;
mod claims;
mod measure;
mod settlement;
mod step;
mod terms;
#[cfg(test)]
mod tests;
mod till;

pub use call::{CallEnd, Paid, PaidCall};
pub use claims::{CallRecord, Claim, Claimed, claim_or_find};
pub use step::StepPayments;
pub use terms::Terms;
pub use till::Cashier;
