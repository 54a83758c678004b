//! Scripts in a model's words, over a [`TextModel`](crate::model::TextModel).
//!
//! | file | what |
//! | --- | --- |
//! | `engine.rs`, `connect.rs` | the engine behind its port, and how settings become one |
//! | `style/` | one file for each style: its plan and its words |
//! | `plan.rs`, `outline.rs` | which points are made where, from an extract of the document |
//! | `write.rs`, `draft.rs`, `length.rs` | one section: written to its length, mended, taken |
//! | `material.rs` | what of the document a model is given for a section |
//! | `estimate.rs` | what a script would take, without asking the model |
//! | `checks/` | what every sentence is held to |
//! | `ask.rs`, `outcome.rs`, `schema.rs` | one question until there is an answer; what is done otherwise |
//! | `prompt.rs` | the versioned prompts |
//!
//! Sections are written apart from each other, each knowing what all are to say, so that the first
//! is ready without waiting for the last. Nothing of a document is believed to be an instruction:
//! its text stands in places for data alone, and what a model makes of it is checked.
//!
//! Not done here: prices, budgets and limits that replicas share (`crate::payments`); other
//! languages than the document's; several documents in one script.

mod ask;
mod checks;
mod connect;
mod desk;
mod draft;
mod engine;
mod estimate;
mod length;
mod material;
mod outcome;
mod outline;
mod plan;
mod prompt;
mod schema;
mod style;
#[cfg(test)]
mod tests;
mod write;

pub use ask::{KeptAnswer, Spent};
pub use connect::Deps;
pub use engine::Generative;
