//! Two or three numbers that are set against each other: ratios (`3:1`, `16:9`) and the scores of
//! games (`6-4`, `6:4`), by their form and by the words near them.

use super::number::written;
use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Number, Value};
use crate::speakable::text::TokenKind;

/// Tokens before a number among which a word is looked for that tells what it is.
const NEAR: usize = 16;
/// Digits of a part of a ratio, without those of groups.
const MOST_DIGITS: usize = 4;
/// Parts that a ratio has at most: `1:2:3:4`.
const MOST_PARTS: usize = 4;
/// The first two digits that no minute has.
const FIRST_NO_MINUTE: &str = "60";
/// The largest number of a score.
const HIGHEST_SCORE: u32 = 199;

/// Whether a word of a set of the language's contexts stands before this place, in its sentence.
pub(super) fn near(cx: &Cx<'_>, context: &str) -> bool {
    cx.back()
        .take(NEAR)
        .take_while(|token| !matches!(cx.char(token.start), Some('.' | '?' | '!')))
        .any(|token| token.kind == TokenKind::Word && cx.in_context(context, cx.slice(token.start, token.end)))
}

/// Ratios and scores.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() || matches!(cx.before(), Some(':' | '.' | ',' | '/')) {
        return;
    }
    ratio(cx, out);
    score(cx, out);
}

/// What follows a number that is no end of a ratio or a score.
fn goes_on(cx: &Cx<'_>, end: usize) -> bool {
    let sign = matches!(cx.char(end), Some('.' | ',' | ':' | '-' | '–')) && cx.glued_at(end + 1);
    sign || cx.glued_at(end) || cx.char(end) == Some('/')
}

/// `3:1`. What is written as a time of day is one, unless a word tells otherwise.
fn ratio(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(first) = part(cx, cx.at) else { return };
    let mut end = first.1;
    let mut parts = vec![first.0];
    while cx.char(end) == Some(':') && parts.len() < MOST_PARTS {
        let Some((number, after)) = part(cx, end + 1) else { return };
        parts.push(number);
        end = after;
    }
    if parts.len() < 2 || goes_on(cx, end) {
        return;
    }
    let like_time = parts.first().is_some_and(|hour| hour.whole.len() <= 2)
        && parts
            .iter()
            .skip(1)
            .all(|part| part.whole.len() == 2 && part.fraction.is_none() && part.whole.as_str() < FIRST_NO_MINUTE);
    if !like_time || near(cx, "ratio") {
        out.propose(end, Value::Ratio(parts), Cost::SURE);
    } else if parts.len() == 2 {
        out.propose(end, Value::Ratio(parts), Cost::FAIR);
    }
}

fn part(cx: &Cx<'_>, at: usize) -> Option<(Number, usize)> {
    let found = written(cx, at).filter(|found| !found.foreign)?;
    (found.number.grouped || found.number.whole.len() <= MOST_DIGITS).then_some((found.number, found.end))
}

/// `won 3–1`, `6-4, 7-5`.
fn score(cx: &Cx<'_>, out: &mut Candidates) {
    let goals = |at: usize| {
        let (digits, end) = cx.digits_at(at)?;
        let value: u32 = digits.parse().ok().filter(|value| *value <= HIGHEST_SCORE)?;
        (digits == "0" || !digits.starts_with('0')).then_some((value, end))
    };
    let Some((first, dash)) = goals(cx.at) else { return };
    let Some((second, end)) = goals(dash + 1).filter(|_| matches!(cx.char(dash), Some('-' | '–' | ':'))) else {
        return;
    };
    if !goes_on(cx, end) && near(cx, "score") && cx.char(end) != Some('%') {
        out.propose(end, Value::Score(vec![first, second]), Cost::LIKELY);
    }
}
