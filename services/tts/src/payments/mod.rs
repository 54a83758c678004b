//! What speech costs: who pays, out of which budget, and what is told of it. How money is counted,
//! and what is not known of a bill: docs/payments.md. What stands around each call of an engine is
//! that of all paid providers ([`lectern_provider::Cashier`]).
//!
//! | file | what |
//! | --- | --- |
//! | `terms.rs` | the cashier with the terms of each engine; for how long voices have a price |

mod terms;
#[cfg(test)]
mod tests;

pub use terms::cashier;
pub(crate) use terms::watch;
