//! What a call used.

use serde::{Deserialize, Serialize};

/// Tokens of one call. Thoughts are paid for as output is, and are not counted in `output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the prompt, those from a cache included.
    pub input: u64,
    /// Tokens of the prompt that came from a cache.
    pub cached: u64,
    /// Tokens of the answer.
    pub output: u64,
    /// Tokens of what the model thought.
    pub thoughts: u64,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            thoughts: self.thoughts.saturating_add(other.thoughts),
        }
    }

    /// All tokens that a provider's limit counts.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.input.saturating_add(self.output).saturating_add(self.thoughts)
    }
}
