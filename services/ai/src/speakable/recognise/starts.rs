//! Kinds of tokens that readings begin with.

use super::Cx;
use crate::speakable::text::TokenKind;

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Starts(u8);

impl Starts {
    /// A word.
    pub(super) const WORD: Self = Self(1);
    /// Digits.
    pub(super) const DIGITS: Self = Self(2);
    /// A sign.
    pub(super) const SIGN: Self = Self(4);
    /// A part that the document marked, whatever it begins with.
    pub(super) const MARK: Self = Self(8);

    /// The kinds of both.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether both have a kind.
    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The kinds of what begins at the place of `cx`.
    pub(super) fn at(cx: &Cx<'_>) -> Self {
        let kind = match cx.token().kind {
            TokenKind::Word => Self::WORD,
            TokenKind::Digits => Self::DIGITS,
            TokenKind::Symbol => Self::SIGN,
            TokenKind::Space => Self(0),
        };
        if cx.mark_at(cx.at).is_some() { kind.or(Self::MARK) } else { kind }
    }
}
