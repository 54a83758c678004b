//! What the calls of models cost: who pays, and what is written down of it. How money is counted,
//! and what is not known of a bill: docs/payments.md. The cashier, the ledger, budgets and shares
//! are those of all paid engines (`lectern_provider`); here is what a call of a model is to them.
//!
//! | file | what |
//! | --- | --- |
//! | `port.rs` | [`Payments`]: what stands around each call; [`Call`]: what it can use at most |
//! | `terms.rs` | the cashier of the settings, with the terms of each writer |
//! | `step.rs` | the payments of one step, behind the port |
//! | `unbilled.rs` | calls outside of any step, of which nothing may cost anything |
//!
//! Not done here: whether a call is made again, and what is done with its answer
//! (`engine::generative::ask`).

mod port;
mod step;
mod terms;
#[cfg(test)]
mod tests;
mod unbilled;

pub use lectern_provider::{CallRecord, Cashier, Claim, Paid, StepPayments, Terms};
pub use port::{Call, LOOK_AGAIN, Payments};
pub(crate) use terms::watch;
pub use terms::{cashier, terms_of};
pub use unbilled::Unbilled;
