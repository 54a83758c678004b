//! What a call used.

use serde::{Deserialize, Serialize};

/// What one call used: tokens, or characters where those are counted and no tokens. Thoughts are
/// paid for as output is, and are not counted in `output`.
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
    /// Characters of text that was spoken, of a provider who counts those. They are paid for at the
    /// price of input.
    #[serde(skip_serializing_if = "is_none")]
    pub characters: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
const fn is_none(count: &u64) -> bool {
    *count == 0
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
            characters: self.characters.saturating_add(other.characters),
        }
    }

    /// All tokens that a provider's limit counts.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.input.saturating_add(self.output).saturating_add(self.thoughts)
    }
}
