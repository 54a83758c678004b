//! Facts of documents of other hands, true utterances about them, and errors planted into these by
//! rule: what the grounding check of the ai service is measured with.
//!
//! Nothing here knows how claims are checked, and no code is shared with the check.

mod facts;
mod planter;

pub use facts::{FACTS, Fact, Paraphrases, facts, paraphrases};
pub use planter::{Kind, Planted, SEED, plant};
