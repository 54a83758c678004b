//! A place in a text, for a recogniser to look around from.

use super::Places;
use crate::speakable::grammar::Grammar;
use crate::speakable::text::{Text, Token, TokenKind, lowered};
use crate::speakable::{Mark, MarkKind};

/// A place in a text. Words and digits are slices of the folded text ([`Text`]), so that looking
/// at them costs no allocation.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    /// The text.
    pub(crate) text: &'a Text,
    /// The tables of its language, and the common ones.
    pub(crate) grammar: &'static Grammar,
    /// What the document marked.
    pub(crate) marks: &'a [Mark],
    /// Where its addresses may be.
    pub(crate) places: &'a Places,
    /// The place: the first character of what is read next.
    pub(crate) at: usize,
    /// The token that begins there.
    pub(crate) index: usize,
    /// Most of the text's letters are capitals: it shouts.
    pub(crate) shouting: bool,
}

impl<'a> Cx<'a> {
    /// The character at `at`.
    pub(crate) fn char(&self, at: usize) -> Option<char> {
        self.text.chars.get(at).copied()
    }

    /// The characters of `start..end`.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.slice(start, end)
    }

    /// The token that begins at this place.
    pub(crate) fn token(&self) -> Token {
        let token = self.text.tokens.get(self.index).copied();
        token.unwrap_or(Token { kind: TokenKind::Space, start: self.at, end: self.at + 1 })
    }

    /// The token at this place as it is written.
    pub(crate) fn written(&self) -> &'a str {
        let token = self.token();
        self.slice(token.start, token.end)
    }

    /// The token so many behind (or, negative, before) this one, spaces counted.
    pub(crate) fn token_at(&self, offset: isize) -> Option<Token> {
        self.text.tokens.get(self.index.checked_add_signed(offset)?).copied()
    }

    /// The character before this place.
    pub(crate) fn before(&self) -> Option<char> {
        self.at.checked_sub(1).and_then(|at| self.char(at))
    }

    /// Whether a letter or digit touches this place from the left.
    pub(crate) fn glued_before(&self) -> bool {
        self.before().is_some_and(char::is_alphanumeric)
    }

    /// Whether a letter or digit stands at `at`: what ends there does not end a word.
    pub(crate) fn glued_at(&self, at: usize) -> bool {
        self.char(at).is_some_and(char::is_alphanumeric)
    }

    /// The tokens before this place, from the nearest.
    pub(crate) fn back(&self) -> impl Iterator<Item = &'a Token> {
        self.text.tokens.get(..self.index).unwrap_or_default().iter().rev()
    }

    /// The word before this place, across white space only.
    pub(crate) fn previous_word(&self) -> Option<&'a str> {
        let token = self.back().find(|token| token.kind != TokenKind::Space)?;
        (token.kind == TokenKind::Word).then(|| self.slice(token.start, token.end))
    }

    /// The word before a full stop before this place: `Fig` in `Fig. 3`.
    pub(crate) fn word_before_stop(&self) -> Option<&'a str> {
        let mut tokens = self.back().skip_while(|token| token.kind == TokenKind::Space);
        tokens.next().filter(|token| self.char(token.start) == Some('.'))?;
        let token = tokens.next().filter(|token| token.kind == TokenKind::Word)?;
        Some(self.slice(token.start, token.end))
    }

    /// The word before this place, across white space and one full stop.
    pub(crate) fn label_before(&self) -> Option<&'a str> {
        self.previous_word().or_else(|| self.word_before_stop())
    }

    /// Whether the word before this place, in small letters, is of a set of the language's
    /// `contexts`.
    pub(crate) fn after_context(&self, name: &str) -> bool {
        self.previous_word().is_some_and(|word| self.in_context(name, word))
    }

    /// Whether the word behind `at`, in small letters, is of a set of the language's `contexts`.
    pub(crate) fn before_context(&self, name: &str, at: usize) -> bool {
        self.next_word(at).is_some_and(|word| self.in_context(name, word))
    }

    /// Whether a word, in any case of letters, is of a set of the language's `contexts`.
    pub(crate) fn in_context(&self, name: &str, word: &str) -> bool {
        self.grammar.in_context(name, word)
    }

    /// The word after `at`, across one run of white space.
    pub(crate) fn next_word(&self, at: usize) -> Option<&'a str> {
        self.word_at(self.skip_spaces(at)).map(|(word, _)| word)
    }

    /// The first place from `at` on that is no white space.
    pub(crate) fn skip_spaces(&self, at: usize) -> usize {
        (at..).find(|at| self.char(*at).is_none_or(|c| !c.is_whitespace())).unwrap_or(at)
    }

    /// The place behind one space at `at`, or `at` where none stands; none where several do.
    pub(crate) fn skip_space(&self, at: usize) -> Option<usize> {
        let next = self.skip_spaces(at);
        (next - at <= 1).then_some(next)
    }

    /// The word that begins at `start`, and its end. Marks do not end it.
    pub(crate) fn word_at(&self, start: usize) -> Option<(&'a str, usize)> {
        let letter = |at: usize| self.char(at).is_some_and(char::is_alphabetic);
        let inside = |at: usize| {
            letter(at)
                || (at > start
                    && (self.char(at).is_some_and(unicode_normalization::char::is_combining_mark)
                        || (self.char(at) == Some('\'') && letter(at + 1))))
        };
        let end = (start..).find(|at| !inside(*at))?;
        (end > start).then(|| (self.slice(start, end), end))
    }

    /// The letters that begin at `start`, without apostrophes, and their end.
    pub(crate) fn letters_at(&self, start: usize) -> Option<(&'a str, usize)> {
        let end = (start..).find(|at| !self.char(*at).is_some_and(char::is_alphabetic))?;
        (end > start).then(|| (self.slice(start, end), end))
    }

    /// The digits that begin at `start`, up to the edge of raised text, and their end.
    pub(crate) fn digits_at(&self, start: usize) -> Option<(&'a str, usize)> {
        let end = (start..).find(|at| {
            let edge = *at > start && self.raised_to(*at).is_some();
            edge || !self.char(*at).is_some_and(|c| c.is_ascii_digit())
        })?;
        (end > start).then(|| (self.slice(start, end), end))
    }

    /// Whether a digit stands at `at`.
    pub(crate) fn digit(&self, at: usize) -> bool {
        self.char(at).is_some_and(|c| c.is_ascii_digit())
    }

    /// Whether `what` stands at `at`.
    pub(crate) fn has(&self, at: usize, what: &str) -> bool {
        what.chars().enumerate().all(|(offset, c)| self.char(at + offset) == Some(c))
    }

    /// Where the longest key of a table ends that stands at `at`, at most `longest` characters of
    /// it, with its value; the key ends no letter or digit before another one.
    pub(crate) fn longest_entry(&self, table: &str, at: usize, longest: usize) -> Option<(&'static str, usize)> {
        let limit = (at + longest).min(self.text.chars.len());
        (at + 1..=limit).rev().find_map(|end| {
            let inside = self.glued_at(end) && self.glued_at(end - 1);
            let value = (!inside).then(|| self.grammar.get(table, self.slice(at, end))).flatten()?;
            Some((value, end))
        })
    }

    /// What `look_up` knows of the longest key that stands at `at`, with its end; white space
    /// behind inner stops of a key may be missing in the text, or in the key: `p. ex` is also
    /// `p.ex`.
    pub(crate) fn longest_spaced<T>(
        &self,
        at: usize,
        longest: usize,
        look_up: impl Fn(&str) -> Option<T>,
    ) -> Option<(T, usize)> {
        self.text.longest_spaced(at, longest, look_up)
    }

    /// The mark that begins at `at`. Marks are sorted and apart from each other.
    pub(crate) fn mark_at(&self, at: usize) -> Option<&'a Mark> {
        let index = self.marks.partition_point(|mark| (mark.range.start as usize) < at);
        self.marks.get(index).filter(|mark| mark.range.start as usize == at)
    }

    /// Whether code that the document marked ends right before `at`.
    pub(crate) fn code_ends_at(&self, at: usize) -> bool {
        let index = self.marks.partition_point(|mark| (mark.range.start as usize) < at);
        let before = index.checked_sub(1).and_then(|index| self.marks.get(index));
        before.is_some_and(|mark| mark.kind == MarkKind::Code && mark.range.end as usize == at)
    }

    /// Where raised text that begins at `at` ends.
    pub(crate) fn raised_to(&self, at: usize) -> Option<usize> {
        self.marked_to(at, MarkKind::Raised)
    }

    /// Where lowered text that begins at `at` ends.
    pub(crate) fn lowered_to(&self, at: usize) -> Option<usize> {
        self.marked_to(at, MarkKind::Lowered)
    }

    fn marked_to(&self, at: usize, kind: MarkKind) -> Option<usize> {
        let mark = self.mark_at(at).filter(|mark| mark.kind == kind)?;
        Some((mark.range.end as usize).min(self.text.chars.len()))
    }

    /// Digits that Unicode or the document lowered at `at`, and their end.
    pub(crate) fn lowered_digits(&self, at: usize) -> Option<(String, usize)> {
        if let Some(end) = self.lowered_to(at) {
            return self.digits_at(at).filter(|(_, after)| *after == end).map(|(digits, end)| (digits.to_owned(), end));
        }
        let end = (at..).find(|at| self.char(*at).and_then(lowered).is_none())?;
        let digits = || self.text.chars.get(at..end).unwrap_or_default().iter().filter_map(|c| lowered(*c)).collect();
        (end > at).then(|| (digits(), end))
    }

    /// Whether the last token before this place, across white space, is digits.
    pub(crate) fn after_digits(&self) -> bool {
        let token = self.back().find(|token| token.kind != TokenKind::Space);
        token.is_some_and(|token| token.kind == TokenKind::Digits)
    }

    /// Where the first word of the text begins.
    pub(crate) fn index_of_first_word(&self) -> Option<usize> {
        self.text.tokens.iter().find(|token| token.kind == TokenKind::Word).map(|token| token.start)
    }

    /// Whether a number or a single letter stands on both sides of the spaced sign here.
    pub(crate) fn between_values(&self) -> bool {
        let value = |token: Option<Token>| {
            token.is_some_and(|t| t.kind == TokenKind::Digits || (t.kind == TokenKind::Word && t.end - t.start <= 2))
        };
        value(self.token_at(-2)) && value(self.token_at(2))
    }
}
