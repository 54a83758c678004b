//! Owns documents: turns a source into blocks.

pub mod clean;
pub mod extract;
