//! What a narration has cost.

use serde::{Deserialize, Serialize};

/// What the calls of a narration have cost that one stage made for it, over all its runs, as that
/// stage's ledger said when a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bill {
    /// Calls.
    pub calls: u64,
    /// Of those, the calls whose cost is not known: they count as the most that they could cost.
    pub unknown: u64,
    /// Tokens that were read.
    pub input: u64,
    /// Of those, tokens from a cache.
    pub cached: u64,
    /// Tokens that were written.
    pub output: u64,
    /// Tokens of thoughts.
    pub thoughts: u64,
    /// Characters that were spoken, of those whose price is by the character.
    #[serde(skip_serializing_if = "is_zero")]
    pub characters: u64,
    /// Millionths of a US dollar.
    pub micro_usd: u64,
    /// When the first of the calls began, in milliseconds since the Unix epoch; 0 where there is
    /// none.
    pub first_call: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The first call of a bill is so much later, in milliseconds, than that of another where the
/// ledger no longer has the calls of the other. It deletes the calls of a narration together, days
/// after the last; clocks differ by less than this.
const LATER: u64 = 60 * 60 * 1_000;

impl Bill {
    /// Whether it has none of the calls of another, since the ledger deleted them before these were
    /// made.
    #[must_use]
    pub const fn begins_after(&self, other: &Self) -> bool {
        self.calls > 0 && self.first_call >= other.first_call.saturating_add(LATER)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(&self, later: &Self) -> Self {
        Self {
            calls: self.calls.saturating_add(later.calls),
            unknown: self.unknown.saturating_add(later.unknown),
            input: self.input.saturating_add(later.input),
            cached: self.cached.saturating_add(later.cached),
            output: self.output.saturating_add(later.output),
            thoughts: self.thoughts.saturating_add(later.thoughts),
            characters: self.characters.saturating_add(later.characters),
            micro_usd: self.micro_usd.saturating_add(later.micro_usd),
            first_call: self.first_call,
        }
    }

    /// Takes it in where it is newer than what is `known`. What the ledger has no more of that goes
    /// to `before`. Whether it was new.
    pub(super) fn charge(self, known: &mut Option<Self>, before: &mut Option<Self>) -> bool {
        let new = match known {
            Some(old) if self.begins_after(old) => {
                *before = Self::sum([*before, Some(*old)]);
                true
            }
            Some(old) => self.is_newer_than(old),
            None => self.calls > 0,
        };
        if new {
            *known = Some(self);
        }
        new
    }

    /// All of them together; none where there is none.
    pub(super) fn sum(bills: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        bills.into_iter().flatten().reduce(|sum, bill| sum.plus(&bill))
    }

    /// Whether it says more than another, or the same more exactly. Events come in any order, and
    /// each has the sum of its moment.
    #[must_use]
    pub const fn is_newer_than(&self, other: &Self) -> bool {
        self.calls > other.calls || self.calls == other.calls && self.unknown < other.unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_of_more_calls_or_of_better_known_ones_is_newer() {
        let bill = |calls, unknown| Bill { calls, unknown, ..Bill::default() };
        assert!(bill(3, 2).is_newer_than(&bill(2, 0)) && bill(3, 1).is_newer_than(&bill(3, 2)));
        assert!(!bill(2, 0).is_newer_than(&bill(3, 2)) && !bill(3, 1).is_newer_than(&bill(3, 1)));
    }
}
