//! The grounding check: whether a sentence that a model wrote about places of a document says
//! anything that is not there. Pure functions, without a clock, a store or a model.
//!
//! A claim is read by the same rules as the sources: quantities, dates, times, names and
//! quotations. Each of the claim's must be found in the sources. What a reader of a language knows
//! is in a folder of that language ([`en`]) and in the tables under `data`; the rest is general.
//! What is checked and what is not: docs/grounding.md.

mod binding;
mod check;
mod context;
mod couples;
mod date;
mod derived;
mod en;
mod items;
mod names;
mod near;
mod number;
mod quotation;
mod renamed;
mod rules;
mod text;
mod verdict;

#[cfg(test)]
mod tests;

pub use check::check;
pub use context::Context;
pub use rules::ClaimLanguage;
pub use verdict::{Fault, FaultKind, Verdict, explain};

/// The version of these checks: part of the pin of a writer whose words they have passed. It grows
/// with every change by which a sentence is judged otherwise.
pub const CHECKS: u32 = 2;
