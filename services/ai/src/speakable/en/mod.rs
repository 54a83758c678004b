//! English. The rules, one subject a file, are asked in a fixed order at each token; the first that
//! knows the text answers.

mod abbreviation;
pub(crate) mod calendar;
pub(crate) mod citation;
mod code_number;
mod currency;
pub(crate) mod data;
mod fraction;
pub(crate) mod function_words;
pub(crate) mod latex;
mod marked;
mod money;
mod name;
pub(crate) mod number;
mod quantity;
pub(crate) mod roman;
pub(crate) mod symbol;
#[cfg(test)]
mod tests;
mod unit;
mod web;
pub(crate) mod wording;

use super::assemble::Assembly;
use super::text::{Text, Token, TokenKind};
use super::{Emoji, Mark, MarkKind, Spoken};
use data::Data;

/// What a rule made of the text at a place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Where the reading ends.
    pub(crate) end: usize,
    /// What is said.
    pub(crate) say: Say,
}

/// What is said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Say {
    /// Words.
    Words(String),
    /// A pause after the last word.
    Pause(char),
    /// A hyphen between two parts of a word.
    Hyphen,
    /// The ending of the last word: `s` or `'s`.
    Ending(&'static str),
    /// Nothing: markup, quotes.
    Nothing,
}

impl Reading {
    pub(crate) const fn new(end: usize, words: String) -> Self {
        Self { end, say: Say::Words(words) }
    }

    pub(crate) const fn pause(end: usize, pause: char) -> Self {
        Self { end, say: Say::Pause(pause) }
    }

    pub(crate) const fn hyphen(end: usize) -> Self {
        Self { end, say: Say::Hyphen }
    }

    pub(crate) const fn silent(end: usize) -> Self {
        Self { end, say: Say::Nothing }
    }
}

/// A place in a text, for a rule to look around from.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    pub(crate) text: &'a Text,
    pub(crate) data: &'static Data,
    pub(crate) marks: &'a [Mark],
    /// Where its addresses may be.
    places: &'a web::Places,
    pub(crate) emoji: Emoji,
    /// The character that is read next, and the token that it begins or lies in.
    pub(crate) at: usize,
    index: usize,
    /// Most of the text's letters are capitals: it shouts.
    pub(crate) shouting: bool,
}

impl Cx<'_> {
    pub(crate) fn char(&self, at: usize) -> Option<char> {
        self.text.chars.get(at).copied()
    }

    /// The rest of the token at this place.
    pub(crate) fn token(&self) -> Token {
        let token = self.text.tokens.get(self.index).copied();
        let token = token.unwrap_or(Token { kind: TokenKind::Space, start: self.at, end: self.at + 1 });
        Token { start: self.at, ..token }
    }

    /// The character before this place.
    pub(crate) fn before(&self) -> Option<char> {
        self.at.checked_sub(1).and_then(|at| self.char(at))
    }

    /// Whether a letter or digit touches this place from the left.
    pub(crate) fn glued_before(&self) -> bool {
        self.before().is_some_and(char::is_alphanumeric)
    }

    /// The word before this place, across white space only.
    pub(crate) fn previous_word(&self) -> Option<String> {
        let tokens = self.text.tokens.get(..self.index).unwrap_or_default();
        let token = tokens.iter().rev().find(|token| token.kind != TokenKind::Space)?;
        (token.kind == TokenKind::Word).then(|| self.text.slice(token.start, token.end))
    }

    /// The word after `at`, across one run of white space.
    pub(crate) fn next_word(&self, at: usize) -> Option<String> {
        let start = self.skip_spaces(at);
        self.word_at(start).map(|(word, _)| word)
    }

    /// The first place from `at` on that is no white space.
    pub(crate) fn skip_spaces(&self, at: usize) -> usize {
        (at..).find(|at| self.char(*at).is_none_or(|c| !c.is_whitespace())).unwrap_or(at)
    }

    /// The word that begins at `start`, and its end.
    pub(crate) fn word_at(&self, start: usize) -> Option<(String, usize)> {
        let letter = |at: usize| self.char(at).is_some_and(char::is_alphabetic);
        let end =
            (start..).find(|at| !(letter(*at) || (*at > start && self.char(*at) == Some('\'') && letter(at + 1))))?;
        (end > start).then(|| (self.text.slice(start, end), end))
    }

    /// The digits that begin at `start`, and their end.
    pub(crate) fn digits_at(&self, start: usize) -> Option<(String, usize)> {
        let end = (start..).find(|at| {
            let edge = *at > start && self.raised_to(*at).is_some();
            edge || !self.char(*at).is_some_and(|c| c.is_ascii_digit())
        })?;
        (end > start).then(|| (self.text.slice(start, end), end))
    }

    /// Whether `what` stands at `at`.
    pub(crate) fn has(&self, at: usize, what: &str) -> bool {
        what.chars().enumerate().all(|(offset, c)| self.char(at + offset) == Some(c))
    }

    /// The mark that begins at `at`. Marks are sorted and apart from each other.
    pub(crate) fn mark_at(&self, at: usize) -> Option<&Mark> {
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
        let mark = self.mark_at(at).filter(|mark| mark.kind == MarkKind::Raised)?;
        Some((mark.range.end as usize).min(self.text.chars.len()))
    }

    /// Whether the last token before this place, across white space, is digits.
    pub(crate) fn after_digits(&self) -> bool {
        let tokens = self.text.tokens.get(..self.index).unwrap_or_default();
        tokens
            .iter()
            .rev()
            .find(|token| token.kind != TokenKind::Space)
            .is_some_and(|token| token.kind == TokenKind::Digits)
    }

    /// The word before a full stop before this place: `Fig` in `Fig. 3`.
    pub(crate) fn word_before_stop(&self) -> Option<String> {
        let tokens = self.text.tokens.get(..self.index).unwrap_or_default();
        let mut tokens = tokens.iter().rev().skip_while(|token| token.kind == TokenKind::Space);
        tokens.next().filter(|token| self.char(token.start) == Some('.'))?;
        let token = tokens.next().filter(|token| token.kind == TokenKind::Word)?;
        Some(self.text.slice(token.start, token.end))
    }

    /// Where the first word of the text begins.
    pub(crate) fn index_of_first_word(&self) -> Option<usize> {
        self.text.tokens.iter().find(|token| token.kind == TokenKind::Word).map(|token| token.start)
    }

    /// Whether no comma or other punctuation follows `at` directly.
    pub(crate) fn comma_free(&self, at: usize) -> bool {
        self.char(at).is_none_or(char::is_whitespace)
    }

    /// Whether a number or a single letter stands on both sides of a spaced sign.
    pub(crate) fn between_values(&self) -> bool {
        let value = |token: Option<&Token>| {
            token.is_some_and(|t| t.kind == TokenKind::Digits || (t.kind == TokenKind::Word && t.end - t.start <= 2))
        };
        let left = self.index.checked_sub(2).and_then(|at| self.text.tokens.get(at));
        value(left) && value(self.text.tokens.get(self.index + 2))
    }
}

/// The rules in the order in which they are asked: what is protected, then whole names and
/// addresses, then numbers from the most particular to the plainest, then words.
const RULES: &[fn(&Cx<'_>) -> Option<Reading>] = &[
    marked::protected,
    marked::markup,
    marked::emoji,
    name::ending,
    name::listed,
    web::read,
    calendar::decade,
    code_number::phone,
    calendar::numeric,
    code_number::key,
    calendar::time,
    calendar::duration,
    unit::feet,
    fraction::ratio,
    code_number::dotted,
    code_number::section,
    code_number::part,
    money::read,
    money::coded,
    fraction::read,
    code_number::ordinal,
    calendar::day_first,
    calendar::month_first,
    quantity::read,
    code_number::lettered,
    quantity::raised_name,
    quantity::lone_power,
    unit::rate,
    name::function,
    roman::read,
    name::mixed,
    abbreviation::read,
    name::capitals,
    name::letter,
    marked::disguised,
    marked::rest,
];

/// Reads `text`.
pub(crate) fn speak(text: &str, marks: &[Mark], emoji: Emoji) -> Spoken {
    let text = Text::new(text);
    let shouting = shouts(&text);
    let places = web::Places::of(&text.chars);
    let mut cx = Cx { text: &text, data: Data::get(), marks, places: &places, emoji, at: 0, index: 0, shouting };
    let mut assembly = Assembly::default();
    while cx.at < text.chars.len() {
        while text.tokens.get(cx.index).is_some_and(|token| token.end <= cx.at) {
            cx.index += 1;
        }
        if cx.token().kind == TokenKind::Space {
            cx.at = cx.token().end;
            continue;
        }
        let reading = RULES.iter().find_map(|rule| rule(&cx)).unwrap_or_else(|| symbol::read(&cx));
        let end = reading.end.clamp(cx.at + 1, text.chars.len());
        match reading.say {
            Say::Words(words) => assembly.words(&words, cx.at, end),
            Say::Pause(pause) => assembly.pause(pause, end),
            Say::Hyphen => assembly.hyphen(end),
            Say::Ending(letters) => assembly.ending(letters, cx.at, end),
            Say::Nothing => {}
        }
        cx.at = end;
    }
    assembly.finish()
}

/// Whether a text of several words is written in capitals.
fn shouts(text: &Text) -> bool {
    let words = text.tokens.iter().filter(|token| token.kind == TokenKind::Word && token.end - token.start > 1);
    let (mut loud, mut all) = (0, 0);
    for token in words {
        all += 1;
        loud += usize::from(!text.chars[token.start..token.end].iter().any(|c| c.is_lowercase()));
    }
    all >= 2 && loud * 10 >= all * 7
}
