//! Measures of several units, and angles: `5'11"`, `6 ft 2 in`, `48° 51' 24" N`.

use super::super::number::written;
use super::super::{Candidates, Cx};
use super::unit::{is, unit};
use crate::speakable::span::{Angle, Compass, Compound, Cost, Number, UnitId, Value};

/// Units of which one has so many of the other: a smaller one may follow a larger one.
const STEPS: [(&str, &str); 6] =
    [("mile", "yard"), ("yard", "foot"), ("foot", "inch"), ("stone", "pound"), ("pound", "ounce"), ("gallon", "quart")];
/// Digits of feet and of inches.
const MOST_DIGITS: usize = 2;
/// Digits of minutes and seconds of an angle, without decimals.
const OF_ANGLE: usize = 2;
/// Parts of a measure.
const MOST_PARTS: usize = 3;

/// Compounds and angles that begin at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if let Some((compound, end)) = feet(cx).or_else(|| spelled(cx)) {
        out.propose(end, Value::Compound(compound), Cost::SURE);
    }
    if let Some((angle, end)) = angle(cx) {
        out.propose(end, Value::Angle(Box::new(angle)), Cost::SURE);
    }
}

fn short(cx: &Cx<'_>, at: usize) -> Option<(Number, usize)> {
    let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= MOST_DIGITS)?;
    Some((Number::digits(digits), end))
}

/// `5'11"`
fn feet(cx: &Cx<'_>) -> Option<(Compound, usize)> {
    let (feet, mark) = short(cx, cx.at)?;
    let start = cx.skip_space(mark + 1).filter(|_| matches!(cx.char(mark), Some('\'' | '′')))?;
    let (inches, end) = short(cx, start)?;
    let closing = match (cx.char(end), cx.char(end + 1)) {
        (Some('"' | '″'), _) => 1,
        (Some('\''), Some('\'')) | (Some('′'), Some('′')) => 2,
        _ => return None,
    };
    let parts = vec![(feet, UnitId("foot")), (inches, UnitId("inch"))];
    Some((Compound { parts, terse: true }, end + closing))
}

/// `6 ft 2 in`, `5 lb 3 oz`
fn spelled(cx: &Cx<'_>) -> Option<(Compound, usize)> {
    let mut parts: Vec<(Number, UnitId)> = Vec::new();
    let (mut at, mut end) = (cx.at, cx.at);
    while parts.len() < MOST_PARTS {
        let Some(number) = written(cx, at).filter(|found| !found.foreign) else { break };
        let Some(found) = cx.skip_space(number.end).and_then(|start| unit(cx, start)).filter(|found| found.lone) else {
            break;
        };
        let smaller = match parts.last() {
            Some((_, larger)) => STEPS.iter().any(|(one, other)| *one == larger.0 && is(found.symbol, other)),
            None => STEPS.iter().any(|(one, _)| is(found.symbol, one)),
        };
        if !smaller {
            break;
        }
        parts.push((number.number, found.symbol.unit));
        end = found.end;
        at = cx.skip_spaces(end + usize::from(cx.char(end) == Some(',')));
    }
    (parts.len() > 1).then_some((Compound { parts, terse: false }, end))
}

/// `48° 51' 24" N`, `51.5° N`
fn angle(cx: &Cx<'_>) -> Option<(Angle, usize)> {
    let degrees = written(cx, cx.at)?;
    if cx.char(degrees.end) != Some('°') {
        return None;
    }
    let mut end = degrees.end + 1;
    let minutes = part(cx, end, &['\'', '′']);
    end = minutes.as_ref().map_or(end, |(_, end)| *end);
    let seconds = minutes.as_ref().and_then(|(_, end)| part(cx, *end, &['"', '″']));
    end = seconds.as_ref().map_or(end, |(_, end)| *end);
    let compass = compass(cx, end);
    end = compass.map_or(end, |(_, end)| end);
    (minutes.is_some() || compass.is_some()).then(|| {
        let angle = Angle {
            degrees: degrees.number,
            minutes: minutes.map(|(number, _)| number),
            seconds: seconds.map(|(number, _)| number),
            compass: compass.map(|(compass, _)| compass),
        };
        (angle, end)
    })
}

/// Minutes or seconds, and the sign behind them.
fn part(cx: &Cx<'_>, at: usize, signs: &[char]) -> Option<(Number, usize)> {
    let found = written(cx, cx.skip_space(at)?).filter(|found| found.number.whole.len() <= OF_ANGLE)?;
    cx.char(found.end).filter(|c| signs.contains(c)).map(|_| (found.number, found.end + 1))
}

fn compass(cx: &Cx<'_>, at: usize) -> Option<(Compass, usize)> {
    let start = cx.skip_space(at)?;
    let point = match cx.char(start)? {
        'N' => Compass::North,
        'E' => Compass::East,
        'S' => Compass::South,
        'W' => Compass::West,
        _ => return None,
    };
    let joined = matches!(cx.char(start + 1), Some('.' | '\'' | '-')) && cx.glued_at(start + 2);
    (!joined && !cx.glued_at(start + 1)).then_some((point, start + 1))
}
