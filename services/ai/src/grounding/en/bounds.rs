//! Words that make two values the ends of something, or put something above one or below it.

use super::data::Data;
use crate::grounding::text::{Kind, Text};

/// Words between the two ends of something.
const TO: [&str; 6] = ["to", "against", "versus", "vs", "until", "till"];

/// Words before a value below what is spoken of.
const ABOVE: [&str; 6] = ["after", "above", "over", "beyond", "past", "exceeding"];

/// Words before a value above what is spoken of.
const BELOW: [&str; 5] = ["before", "below", "under", "until", "beneath"];

/// Words of comparison before "than", for what is above a value.
const MORE_THAN: [&str; 7] = ["more", "greater", "larger", "higher", "newer", "later", "bigger"];

/// The same for what is below it.
const LESS_THAN: [&str; 7] = ["less", "fewer", "smaller", "lower", "older", "earlier", "shorter"];

/// Words of how long something lasts or lives, when it begins and when it ends.
const LASTS: [&str; 33] = [
    "born",
    "birth",
    "died",
    "dies",
    "death",
    "dead",
    "lived",
    "life",
    "alive",
    "lifetime",
    "began",
    "begin",
    "begins",
    "beginning",
    "started",
    "starts",
    "start",
    "ended",
    "ends",
    "end",
    "until",
    "till",
    "since",
    "from",
    "through",
    "lasted",
    "ran",
    "launched",
    "founded",
    "opened",
    "closed",
    "reign",
    "reigned",
];

/// Whether the tokens `last..next` make the values at `first` and at `next` the ends of something.
pub(super) fn couples(text: &Text, first: usize, last: usize, next: usize) -> bool {
    let words: Vec<&str> = (last..next).map(|at| text.word(at)).collect();
    match words.as_slice() {
        [""] => matches!(text.token(last).map(|token| token.kind), Some(Kind::Mark('-' | '\u{2013}'))),
        ["and"] => between(text, first),
        ["and", "died"] | ["and", "died", "in"] => true,
        [word] => TO.contains(word),
        _ => false,
    }
}

/// Whether the value at `first` is the lower end of "between 5 and 7".
pub(super) fn between(text: &Text, first: usize) -> bool {
    text.word_before(first) == "between"
}

/// Whether something is above the value at `first`, or below it.
pub(super) fn above(text: &Text, first: usize) -> Option<bool> {
    let word = text.word_before(first);
    let than = (word == "than").then(|| first.checked_sub(2).map_or("", |at| text.word(at)));
    let is = |words: &[&str], compared: &[&str]| than.map_or(words.contains(&word), |than| compared.contains(&than));
    if is(&ABOVE, &MORE_THAN) {
        return Some(true);
    }
    is(&BELOW, &LESS_THAN).then_some(false)
}

/// Whether the sentence of the token at `at` says how long something lasts or lives.
pub(super) fn lasts(text: &Text, at: usize) -> bool {
    let Some(own) = text.token(at) else { return false };
    let mut words = text.tokens.iter().filter(|token| token.sentence == own.sentence);
    words.any(|token| token.kind == Kind::Word && LASTS.contains(&token.text.as_str()))
}

/// Whether the word compares two things: longer, more, than.
pub(super) fn compares(word: &str) -> bool {
    word == "than" || Data::get().opposites.contains_key(word)
}

/// Whether the word at `at` puts the noun before it at the head of the value behind it.
pub(super) fn heads(text: &Text, at: usize) -> bool {
    text.word(at) == "of"
}

/// Whether the words at `last` say that the number before them is the exact one.
pub(super) fn exact(text: &Text, last: usize) -> bool {
    let exact = |at: usize| matches!(text.word(at), "exact" | "precise");
    text.word(last) == "to" && text.word(last + 1) == "be" && exact(last + 2)
}
