//! What the calls of models cost: who pays, out of which budget, at what pace, and what is written
//! down of it. How money is counted, and what is not known of a bill: docs/payments.md.
//!
//! | file | what |
//! | --- | --- |
//! | `port.rs` | [`Payments`]: what stands around each call |
//! | `cashier.rs` | [`Cashier`]: what a process has for it, of prices, budgets, shares and the ledger |
//! | `step.rs` | the payments of one step, out of its tenant's and its narration's budget |
//! | `settlement.rs` | what a call that ended cost, as far as that is known |
//! | `claims.rs` | that of equal calls one is made, in the whole system |
//! | `measure.rs` | metrics |
//! | `unbilled.rs` | calls outside of any step, of which nothing may cost anything |
//!
//! Not done here: whether a call is made again, and what is done with its answer
//! (`engine::generative::ask`).

mod cashier;
mod claims;
mod measure;
mod port;
mod settlement;
mod step;
#[cfg(test)]
mod tests;
mod unbilled;

pub use cashier::{Cashier, Terms};
pub use claims::{CallRecord, Claim};
pub use port::{Call, LOOK_AGAIN, Paid, Payments};
pub use step::StepPayments;
pub use unbilled::Unbilled;
