//! Ordinal numbers: `5th`, `1er`, `2.ª`, and digits with a stop where the language has that.

use super::number::written;
use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Ordinal, Value};

/// Digits of an ordinal number with a stop.
const MOST_DIGITS: usize = 3;

/// Ordinal numbers that begin at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    with_ending(cx, out);
    if cx.grammar.ordinal_stop {
        with_stop(cx, out);
    }
}

/// `5th`, `1,000th`, `1.º`
fn with_ending(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(found) = written(cx, cx.at).filter(|found| found.number.is_whole()) else { return };
    let Some(number) = found.number.value() else { return };
    let stop = usize::from(cx.char(found.end) == Some('.'));
    let endings = [found.end, found.end + stop];
    let ending = endings.into_iter().find_map(|at| {
        let (letters, end) = cx.letters_at(at)?;
        cx.grammar.ordinal_ending(letters).map(|form| (form, end))
    });
    if let Some((form, end)) = ending.filter(|(_, end)| !cx.glued_at(*end)) {
        out.propose(end, Value::Ordinal(Ordinal { number, form }), Cost::SURE);
    }
}

/// `3.` before what it orders, behind a word that leads to it, or before another one.
fn with_stop(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let digits = cx.written();
    let end = token.end + 1;
    let apart = cx.char(end).is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '–' | '-' | ')'));
    if digits.len() > MOST_DIGITS || digits.starts_with('0') || cx.char(token.end) != Some('.') || !apart {
        return;
    }
    if matches!(cx.before(), Some('.' | ',')) {
        return;
    }
    let led = cx.after_context("before_ordinal") || cx.after_context("ordinal_joints") && follows_ordinal(cx);
    if !(led || orders(cx, end) || leads_to_ordinal(cx, end)) {
        return;
    }
    if let Ok(number) = digits.parse() {
        out.propose(end, Value::Ordinal(Ordinal { number, form: "" }), Cost::LIKELY);
    }
}

/// Whether a noun stands behind `end` that an ordinal number orders.
fn orders(cx: &Cx<'_>, end: usize) -> bool {
    let Some(start) = cx.skip_space(end).filter(|start| *start > end) else { return false };
    let Some((word, after)) = cx.word_at(start) else { return false };
    let noun = word.starts_with(char::is_uppercase) && !cx.grammar.has("starters", &word.to_lowercase());
    let shortened = cx.char(after) == Some('.') && cx.grammar.abbreviation(word).is_some();
    noun || shortened || cx.in_context("ordinal_nouns", word)
}

/// Whether another number with a stop follows, behind a comma, a dash or a word: `3. und 4.`
fn leads_to_ordinal(cx: &Cx<'_>, end: usize) -> bool {
    let sign = matches!(cx.char(end), Some(',' | '–' | '-'));
    let mut start = cx.skip_spaces(end + usize::from(sign));
    if !sign {
        let Some((word, after)) = cx.word_at(start) else { return false };
        if !cx.in_context("ordinal_joints", word) {
            return false;
        }
        start = cx.skip_spaces(after);
    }
    let next = cx.digits_at(start).filter(|(digits, _)| digits.len() <= MOST_DIGITS);
    next.is_some_and(|(_, stop)| cx.char(stop) == Some('.') && !cx.digit(stop + 1))
}

/// Whether a number with a stop stands before the word before this place.
fn follows_ordinal(cx: &Cx<'_>) -> bool {
    let mut tokens = cx.back().filter(|token| cx.char(token.start).is_some_and(|c| !c.is_whitespace()));
    let stop = tokens.nth(1).is_some_and(|token| cx.char(token.start) == Some('.'));
    stop && tokens.next().is_some_and(|token| cx.digit(token.start))
}
