//! What an engine made of one segment.

pub use lectern_core::content::timeline::Timing;
use lectern_core::content::timeline::WordTime;
use serde::{Deserialize, Serialize};

/// What an engine made of one segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    /// Samples a second, one channel: what the audio itself says, not what was expected of it.
    pub sample_rate: u32,
    /// Samples, full scale at ±1.
    pub samples: Vec<f32>,
    /// Its words in time, in order, not overlapping; empty for a voice that gives none.
    pub words: Vec<WordTime>,
    /// How it ended, by the engine's own word.
    pub end: End,
    /// Seconds of audio that the provider says it counted for it; none where it says nothing.
    pub billed_seconds: Option<f64>,
    /// What it cost.
    pub usage: Usage,
}

impl Speech {
    /// A whole speech of an engine without a word for its ends, which has either all or an error.
    #[must_use]
    pub fn whole(sample_rate: u32, samples: Vec<f32>, words: Vec<WordTime>, usage: Usage) -> Self {
        Self { sample_rate, samples, words, end: End::Whole, billed_seconds: None, usage }
    }

    /// Its length in seconds.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a segment has fewer than 2^53 samples")]
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate.max(1))
    }
}

/// How a speech ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The engine says that this is all of it, or has no other way to end.
    Whole,
    /// It says otherwise, in this word of its own: `OTHER`, `MAX_TOKENS`.
    Broken(String),
}

/// What a synthesis cost, for accounting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Calls of the engine, rejected ones included.
    pub calls: u32,
    /// Scalar values of text in these calls.
    pub characters: u64,
}

impl Usage {
    /// One call of so many characters.
    #[must_use]
    pub const fn one(characters: u64) -> Self {
        Self { calls: 1, characters }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            characters: self.characters.saturating_add(other.characters),
        }
    }
}
