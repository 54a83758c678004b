//! The content that travels between stages, as immutable objects in JSON: what a document holds
//! ([`document`]), what will be said ([`script`]), and when it is heard ([`timeline`]). What
//! becomes of every character of a document is [`accounting`]. A field that is added has a default,
//! so that an older object still reads.
//!
//! Offsets are counts of Unicode scalar values in a block's canonical text, half-open, from 0.
//! Pages start at 1.

pub mod accounting;
pub mod document;
pub mod edits;
mod kind;
mod marks;
pub mod script;
mod selection;
pub mod timeline;

use serde::{Deserialize, Serialize};

/// A half-open range of Unicode scalar values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Range {
    /// First scalar value.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

impl Range {
    /// The range `start..end`.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// All of `text`.
    #[must_use]
    pub fn all(text: &str) -> Self {
        Self::new(0, length(text))
    }

    /// How many scalar values.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The part of `text` that it names; cut at the end of `text`.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        let at = |offset: u32| text.char_indices().nth(offset as usize).map_or(text.len(), |(byte, _)| byte);
        let (start, end) = (at(self.start), at(self.end));
        if start < end { &text[start..end] } else { "" }
    }
}

/// The number of Unicode scalar values in `text`.
#[must_use]
pub fn length(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

/// The number of words in `text`: runs of characters between white space that hold a letter or a
/// digit.
#[must_use]
pub fn words(text: &str) -> u32 {
    let count = text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_scalar_values_and_not_bytes() {
        let text = "naïve 日本 text";
        assert_eq!(Range::new(6, 8).of(text), "日本");
        assert_eq!(Range::all(text).of(text), text);
        assert_eq!(Range::new(9, 99).of(text), "text");
        assert_eq!(Range::new(5, 2).of(text), "");
    }

    #[test]
    fn words_hold_a_letter_or_a_digit() {
        assert_eq!(words("One — two, 3 * four-five"), 4);
    }
}
