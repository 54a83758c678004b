//! Owns scripts: turns blocks into sections of utterances.

pub mod compose;
pub mod engine;
pub mod speakable;
