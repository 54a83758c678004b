//! What a script would take, before anything is spent.

use lectern_core::Failure;
use lectern_core::content::document::Content;
use lectern_core::content::script::Plan;
use lectern_core::content::{length, words};

use crate::compose::{self, Stop};

/// A number that is not known yet: what is to be expected at least, and at most. The most is no
/// bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expected {
    /// At least.
    pub least: u64,
    /// At most.
    pub most: u64,
}

impl Expected {
    /// From this to that.
    #[must_use]
    pub const fn range(least: u64, most: u64) -> Self {
        Self { least, most }
    }

    /// A number that is known.
    #[must_use]
    pub const fn exactly(number: u64) -> Self {
        Self { least: number, most: number }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { least: self.least.saturating_add(other.least), most: self.most.saturating_add(other.most) }
    }

    /// So many times as much.
    #[must_use]
    pub const fn times(self, other: Self) -> Self {
        Self { least: self.least.saturating_mul(other.least), most: self.most.saturating_mul(other.most) }
    }
}

/// What a script would take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Calls of a model.
    pub calls: Expected,
    /// Tokens that it would read.
    pub input_tokens: Expected,
    /// Tokens that it would write, what it thinks among them.
    pub output_tokens: Expected,
    /// Words that would be heard.
    pub words: Expected,
    /// Unicode scalar values that the voice would be given.
    pub characters: Expected,
    /// What the model's provider would ask, in millionths of a US dollar; none where no price is
    /// known.
    pub cost: Option<Expected>,
    /// What it rests on, each a sentence for people.
    pub basis: Vec<String>,
}

/// Words and Unicode scalar values that are heard of a script in the document's own words.
///
/// # Errors
/// `OBJECT_DAMAGED` where the plan is not the content's, `CANCELLED`.
pub(super) fn heard(content: &Content, plan: &Plan, stop: &Stop) -> Result<(u64, u64), Failure> {
    let (mut all_words, mut characters) = (0_u64, 0_u64);
    for planned in &plan.sections {
        for said in &compose::write_section(content, plan, planned.index, stop)?.utterances {
            all_words = all_words.saturating_add(words(&said.spoken).into());
            characters = characters.saturating_add(length(&said.spoken).into());
        }
    }
    Ok((all_words, characters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_adds_up_end_by_end() {
        let (one, other) = (Expected::range(1, 3), Expected::exactly(10));
        assert_eq!(one.plus(other), Expected::range(11, 13));
        assert_eq!(one.times(other), Expected::range(10, 30));
        assert_eq!(Expected::exactly(u64::MAX).plus(one).most, u64::MAX);
        assert_eq!(Expected::exactly(u64::MAX).times(Expected::exactly(2)).most, u64::MAX);
    }
}
