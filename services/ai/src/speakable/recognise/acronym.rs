//! Words in capitals: acronyms are said or spelt by the tables, shouting is lowered.

use super::identifier::{listed, vowel};
use super::{Candidates, Cx, MOST_CHARS};
use crate::speakable::span::{Acronym, Cost, Ending, Spelling, Value};
use crate::speakable::text::{TokenKind, latin};

/// Letters of the longest word in capitals that is spelt although it has a vowel.
const LONGEST_SPELT: usize = 5;
/// How far back, in characters, the definition of an acronym is looked for that is also a word.
const DEFINED_WITHIN: usize = 4_000;
/// Words of the longest name that an acronym is made of.
const MOST_WORDS: usize = 16;
/// Digits of the number of letters that are counted: `the 5 Ws`.
const MOST_DIGITS: usize = 2;
/// Letters of the longest word of a name that its acronym passes over: "of", "and".
const LONGEST_LINK: usize = 3;

/// Proposes what a word in capitals is.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let (base, ending) = counted(cx).unwrap_or_else(|| stem(cx.written()));
    let letters = base.chars().count();
    if (letters < 2 && ending != Ending::Plural) || !base.contains(char::is_uppercase) {
        return;
    }
    let acronym = |spelling| Value::Acronym(Acronym { letters: base.to_owned(), spelling, ending });
    if let Some(said) = listed(cx.grammar, base).filter(|_| ending != Ending::None) {
        out.propose(token.end, acronym(Spelling::Listed(said)), Cost::SURE);
    }
    if !base.chars().all(|c| c.is_uppercase() || c == '\'') {
        return;
    }
    let lower = base.to_lowercase();
    let word = cx.grammar.has("shouted", &lower);
    if word && !cx.shouting && is_defined(cx, base) {
        out.propose(token.end, acronym(Spelling::Letters), Cost::LIKELY);
        return;
    }
    if let Some(said) = cx.grammar.get("spoken_acronyms", base) {
        let spelling = if said.is_empty() { Spelling::Spoken } else { Spelling::Listed(said) };
        out.propose(token.end, acronym(spelling), Cost::LIKELY);
        return;
    }
    if cx.grammar.has("spelt_acronyms", base) {
        out.propose(token.end, acronym(Spelling::Letters), Cost::LIKELY);
        return;
    }
    let sayable = lower.contains(vowel);
    let long = letters > LONGEST_SPELT;
    if base.contains('\'') || word || (sayable && (long || cx.shouting)) || (long && cx.shouting) {
        out.propose(token.end, Value::Shouted(ending), Cost::FAIR);
    } else {
        out.propose(token.end, acronym(Spelling::Letters), Cost::FAIR);
    }
}

/// Takes a plural or possessive off: `APIs`, `NASA's`.
fn stem(written: &str) -> (&str, Ending) {
    if let Some(base) = written.strip_suffix("'s").or_else(|| written.strip_suffix("'S")) {
        return (base, Ending::Possessive);
    }
    match written.strip_suffix('s') {
        Some(base) if base.chars().all(|c| latin(c) && c.is_uppercase()) && has_plural(base) => (base, Ending::Plural),
        _ => (written, Ending::None),
    }
}

/// The letter of which a determiner and a number say how many there are, where with its ending it
/// would be a word: `the 4 Es`.
fn counted<'a>(cx: &Cx<'a>) -> Option<(&'a str, Ending)> {
    let base = cx.written().strip_suffix('s').filter(|base| base.len() == 1)?;
    let mut back = cx.back().filter(|token| token.kind != TokenKind::Space);
    let number = back.next().filter(|token| token.kind == TokenKind::Digits);
    let few = number.is_some_and(|token| token.end - token.start <= MOST_DIGITS);
    let before = back.next().filter(|token| token.kind == TokenKind::Word);
    let led = before.is_some_and(|token| {
        let word = cx.slice(token.start, token.end);
        cx.in_context("articles_definite", word) || cx.in_context("determiners", word)
    });
    (few && led && base.bytes().all(|b| b.is_ascii_uppercase())).then_some((base, Ending::Plural))
}

/// Whether `s` behind capitals is their ending: behind one by itself where no vowel makes the two a
/// word ("the five Ws", and not "As").
fn has_plural(base: &str) -> bool {
    let mut letters = base.chars().flat_map(char::to_lowercase);
    letters.next().is_some_and(|first| letters.next().is_some() || !vowel(first))
}

/// Whether the letters, which are also a word, are defined as an acronym: here, "nitric oxide
/// (NO)", or before.
fn is_defined(cx: &Cx<'_>, letters: &str) -> bool {
    let token = cx.token();
    let before = |end: usize| cx.slice(end.saturating_sub(MOST_CHARS), end);
    if cx.before() == Some('(') && cx.char(token.end) == Some(')') {
        return spells(before(cx.at - 1), letters);
    }
    let text = cx.slice(cx.at.saturating_sub(DEFINED_WITHIN), cx.at);
    let name = text.rfind(&format!("({letters})")).and_then(|at| text.get(..at));
    name.is_some_and(|name| spells(name, letters))
}

/// Whether the last words before a place begin with the letters, in their order.
fn spells(before: &str, letters: &str) -> bool {
    let mut wanted = letters.chars().rev().peekable();
    let words = before.rsplit(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    for word in words.take(MOST_WORDS) {
        let Some(letter) = wanted.peek() else { break };
        if word.chars().next().and_then(|c| c.to_uppercase().next()) == Some(*letter) {
            wanted.next();
        } else if word.chars().count() > LONGEST_LINK || word.contains(char::is_uppercase) {
            return false;
        }
    }
    wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acronym_is_defined_by_the_words_before_it() {
        assert!(spells("of nitric oxide ", "NO"));
        assert!(spells("the World Health Organization ", "WHO"));
        assert!(spells("the Ministry of the Interior ", "MI"));
        assert!(!spells("he said ", "NO"));
        assert!(!spells("", "NO"));
    }
}
