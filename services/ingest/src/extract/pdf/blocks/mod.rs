//! Lines to blocks: what belongs together, what it is, and how it reads.

mod announced;
pub mod assemble;
pub mod classify;
mod group;
pub mod headings;
pub mod index;
mod inline;
pub mod labels;
mod notes;
mod paragraphs;
mod tagged;
pub mod write;
