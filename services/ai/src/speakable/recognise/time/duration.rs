//! Spans of time in several units: `3h 25m`, `2 h 5 min 10 s`.

use super::super::number::written;
use super::super::{Candidates, Cx};
use crate::speakable::span::{Cost, Duration, Number, TimeUnit, Value};

/// Digits of a number of them.
const MOST_DIGITS: usize = 3;

/// A span of at least two parts, each smaller than the one before: `m` is a minute only in such
/// company.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    let mut parts: Vec<(Number, TimeUnit)> = Vec::new();
    let (mut at, mut end) = (cx.at, cx.at);
    while let Some((number, unit, after)) = part(cx, at) {
        if parts.last().is_some_and(|(_, last)| *last >= unit) {
            break;
        }
        parts.push((number, unit));
        end = after;
        at = cx.skip_spaces(after + usize::from(cx.char(after) == Some(',')));
    }
    if parts.len() > 1 {
        out.propose(end, Value::Duration(Duration { parts }), Cost::SURE);
    }
}

/// A number and its unit.
fn part(cx: &Cx<'_>, at: usize) -> Option<(Number, TimeUnit, usize)> {
    let found = written(cx, at).filter(|found| !found.foreign && found.number.whole.len() <= MOST_DIGITS)?;
    let (word, end) = cx.letters_at(cx.skip_space(found.end)?)?;
    let unit = unit(cx, word)?;
    let goes_on = cx.char(end).is_some_and(|c| c.is_alphabetic() || c == '/' || c == '²');
    let stop = usize::from(cx.char(end) == Some('.') && cx.digit(cx.skip_spaces(end + 1)));
    (!goes_on).then_some((found.number, unit, end + stop))
}

/// The unit of time of a symbol that all languages have, or of a word of this one.
fn unit(cx: &Cx<'_>, word: &str) -> Option<TimeUnit> {
    if let Some(id) = cx.grammar.get("durations", word) {
        return match id {
            "day" => Some(TimeUnit::Day),
            "hour" => Some(TimeUnit::Hour),
            "minute" => Some(TimeUnit::Minute),
            "second" => Some(TimeUnit::Second),
            _ => None,
        };
    }
    match word {
        "d" => Some(TimeUnit::Day),
        "h" => Some(TimeUnit::Hour),
        "min" => Some(TimeUnit::Minute),
        "s" => Some(TimeUnit::Second),
        _ => None,
    }
}
