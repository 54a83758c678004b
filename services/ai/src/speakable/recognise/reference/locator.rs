//! Numbers of parts: `4`, `2.10`, `3a`, `B.2`, `xii`, `12-15`, `12 ff.`

use super::super::{Cx, roman};
use super::act;
use crate::speakable::grammar::LabelWord;
use crate::speakable::span::Locator;

/// Digits of a part.
const MOST_DIGITS: usize = 6;
/// Digits of a part behind a point: a longer one is rather a decimal.
const OF_PART: usize = 3;
/// Parts of one number.
const MOST_PARTS: usize = 8;

/// The number at `at`, or from it to another one, or with those that follow it.
pub(super) fn between(cx: &Cx<'_>, at: usize, label: LabelWord) -> Option<(Locator, usize)> {
    let (first, end) = locator(cx, at, label)?;
    if matches!(cx.char(end), Some('-' | '–')) && act::hyphened(cx, at, label).is_none() {
        let last = locator(cx, end + 1, label).or_else(|| letter_behind(cx, end + 1, &first));
        if let Some((last, end)) = last {
            return Some((Locator::Between(Box::new((first, last))), end));
        }
    }
    if let Some((several, end)) = following(cx, end) {
        return Some((Locator::Following(Box::new(first), several), end));
    }
    Some((first, end))
}

/// One number.
pub(super) fn locator(cx: &Cx<'_>, at: usize, label: LabelWord) -> Option<(Locator, usize)> {
    let found = if cx.digit(at) { numbered(cx, at, label) } else { roman_or_letter(cx, at, label) };
    found.filter(|(_, end)| {
        let percent = matches!(cx.char(*end), Some('%' | '°' | '/'));
        let goes_on = matches!(cx.char(*end), Some(',' | '.' | ':')) && cx.digit(end + 1);
        !cx.glued_at(*end) && !percent && !goes_on
    })
}

/// `4`, `2.10`, `3a`
fn numbered(cx: &Cx<'_>, at: usize, label: LabelWord) -> Option<(Locator, usize)> {
    let (parts, end) = parts(cx, at, label.parts)?;
    let letter =
        cx.letters_at(end).filter(|(letters, after)| *after == end + 1 && !cx.digit(*after) && letters.is_ascii());
    let following =
        letter.is_some_and(|(letters, after)| cx.grammar.has("following", letters) && cx.char(after) == Some('.'));
    match letter.and_then(|(letters, after)| letters.chars().next().map(|letter| (letter, after))) {
        Some((letter, after)) if !following => Some((Locator::Lettered(parts, letter), after)),
        _ => following_glued(cx, end, parts),
    }
}

/// A number that nothing touches but, perhaps, `f.` or `ff.`
fn following_glued(cx: &Cx<'_>, end: usize, parts: Vec<u32>) -> Option<(Locator, usize)> {
    if !cx.glued_at(end) {
        return Some((Locator::Parts(parts), end));
    }
    let (several, end) = following(cx, end)?;
    Some((Locator::Following(Box::new(Locator::Parts(parts)), several), end))
}

/// Digits, and behind points those of parts.
fn parts(cx: &Cx<'_>, at: usize, points: bool) -> Option<(Vec<u32>, usize)> {
    let (first, mut end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= MOST_DIGITS)?;
    let unpadded = |digits: &str| digits == "0" || !digits.starts_with('0');
    let mut parts = vec![first.parse::<u32>().ok().filter(|_| unpadded(first))?];
    while let Some((part, after)) = cx.digits_at(end + 1).filter(|_| points && cx.char(end) == Some('.')) {
        if part.len() > OF_PART || !unpadded(part) || parts.len() == MOST_PARTS {
            return None;
        }
        parts.push(part.parse().ok()?);
        end = after;
    }
    Some((parts, end))
}

/// `xii`, `IV`, `B`, `B.2`, `S1`
fn roman_or_letter(cx: &Cx<'_>, at: usize, label: LabelWord) -> Option<(Locator, usize)> {
    let (letters, end) = cx.letters_at(at).filter(|(letters, _)| !act::leads(cx, letters, label))?;
    if let Some(value) = roman::value(letters).filter(|_| !cx.digit(end) && is_numeral(cx, letters, end, label)) {
        return Some((Locator::Roman(value), end));
    }
    let mut chars = letters.chars();
    let letter = chars.next().filter(|c| c.is_ascii_uppercase() && chars.next().is_none())?;
    let point = usize::from(cx.char(end) == Some('.') && cx.digit(end + 1));
    if cx.digit(end + point) {
        let (parts, end) = parts(cx, end + point, label.parts)?;
        return Some((Locator::Letter(letter, parts), end));
    }
    (label.short && label.parts).then_some((Locator::Letter(letter, Vec::new()), end))
}

/// Whether letters that have a value are a numeral behind the label, and neither a word nor an
/// initial (`P. V. Smith`, `no. I see`).
fn is_numeral(cx: &Cx<'_>, letters: &str, end: usize, label: LabelWord) -> bool {
    let small = letters.chars().all(char::is_lowercase);
    if !letters.bytes().any(|b| matches!(b.to_ascii_uppercase(), b'I' | b'V' | b'X')) {
        return false;
    }
    if small {
        return label.pages;
    }
    let next = cx.char(end).is_some_and(char::is_whitespace).then(|| cx.next_word(end)).flatten();
    let numbers = label.strong || label.parts || label.pages;
    let initial = letters.len() == 1 && cx.char(end) == Some('.') && cx.char(end + 1) == Some(' ');
    let pronoun = letters == "I" && next.is_some_and(|word| !cx.in_context("weak_numerals", word));
    numbers && !pronoun && (!initial || label.strong)
}

/// The second letter of `3a–c`.
fn letter_behind(cx: &Cx<'_>, at: usize, first: &Locator) -> Option<(Locator, usize)> {
    let (letters, end) = cx.letters_at(at).filter(|(_, end)| *end == at + 1 && !cx.digit(*end))?;
    let letter = letters.chars().next().filter(char::is_ascii_alphabetic)?;
    matches!(first, Locator::Lettered(..)).then_some((Locator::Letter(letter, Vec::new()), end))
}

/// `f.`, `ff.`: whether several follow, and the end.
fn following(cx: &Cx<'_>, at: usize) -> Option<(bool, usize)> {
    let (word, end) = cx.letters_at(cx.skip_space(at)?)?;
    let several = cx.grammar.get("following", word)? == "many";
    let stop = cx.char(end) == Some('.');
    ((stop || several) && !cx.glued_at(end)).then_some((several, end + usize::from(stop)))
}
