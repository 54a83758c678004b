//! Numbers: what stands before one (a sign, a bound), its digits, and the power of ten behind it,
//! in digits or by its name. What else reads a number (quantities, money, dates) begins here.

mod digits;
mod lead;
mod named;
mod power_of_ten;

use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Digits, Number, Piece, Value};
use crate::speakable::text::{TokenKind, lowered};
pub(super) use digits::{Written, written};
pub(super) use lead::{Lead, lead};
pub(super) use power_of_ten::{exponent, scale};

/// Where a name of a power of ten may be one of money alone (`$5M`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// Things are counted.
    Things,
    /// Money is.
    Money,
}

/// A number with all that belongs to it.
pub(super) fn number(cx: &Cx<'_>, at: usize, counting: Counting) -> Option<Written> {
    let lead = lead(cx, at);
    let found = written(cx, lead.at)?;
    Some(with_power(cx, led(found, &lead), counting))
}

/// A number behind what stands before it.
fn led(found: Written, lead: &Lead) -> Written {
    Written { number: Number { sign: lead.sign, bound: lead.bound, ..found.number }, ..found }
}

/// A number with the power of ten behind it.
pub(super) fn with_power(cx: &Cx<'_>, found: Written, counting: Counting) -> Written {
    if let Some((exponent, end)) = exponent(cx, found.end) {
        return Written { number: Number { exponent: Some(exponent), ..found.number }, end, ..found };
    }
    if let Some((scale, end)) = scale(cx, found.end, counting) {
        return Written { number: Number { scale: Some(scale), ..found.number }, end, foreign: false };
    }
    found
}

/// A bare power of ten: `10^-9`, `10⁶`. Its number has no digits of its own.
pub(super) fn power_of_ten(cx: &Cx<'_>, at: usize) -> Option<(Number, usize)> {
    let lead = lead(cx, at);
    let (_, end) = cx.digits_at(lead.at).filter(|(digits, _)| *digits == "10")?;
    let (exponent, end) = power_of_ten::raised(cx, end)?;
    let number = Number { sign: lead.sign, bound: lead.bound, exponent: Some(exponent), ..Number::default() };
    Some((number, end))
}

/// `7`, `-5`, `1,234.5`, `~5`, `2 × 10^6`, `5 million`, and numbers that name something.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let token = cx.token();
    let digits = token.kind == TokenKind::Digits;
    // Behind a letter digits are part of a name, which others read.
    if cx.glued_before() && cx.before().is_none_or(|c| lowered(c).is_none()) {
        if digits {
            out.propose(token.end, plain(cx.written()), Cost::DOUBTFUL);
        }
        return;
    }
    if digits {
        out.propose(token.end, plain(cx.written()), Cost::PLAIN);
        named::propose(cx, out);
    }
    let Some(found) = number(cx, cx.at, Counting::Things) else { return };
    if found.foreign {
        foreign(cx, found, out);
    } else if found.end > token.end && !cx.glued_at(found.end) {
        // `500k` and `1e6` are numbers rather than names with a letter.
        let powered = found.number.scale.is_some() || found.number.exponent.is_some();
        let cost = if powered { Cost::SURE } else { Cost::FAIR };
        out.propose(found.end, Value::Cardinal(found.number), cost);
    }
}

/// Digits alone: with zeros before them they count nothing.
fn plain(digits: &str) -> Value {
    if digits.len() > 1 && digits.starts_with('0') {
        return Value::Digits(Digits { groups: vec![digits.to_owned()], paired: false });
    }
    Value::Cardinal(Number::digits(digits))
}

/// A number with the decimal sign of another country. A comma is rather one of a list; a point is
/// decimal where the language does not say that it parts numbers (`point = parts`).
fn foreign(cx: &Cx<'_>, found: Written, out: &mut Candidates) {
    let Some(fraction) = found.number.fraction.clone() else { return };
    let point = found.end.checked_sub(fraction.chars().count() + 1).and_then(|at| cx.char(at)) == Some('.');
    if !point || cx.glued_at(found.end) {
        return;
    }
    if cx.grammar.get("settings", "point") == Some("parts") {
        let parts = vec![Piece::Number(found.number.whole), Piece::Number(fraction)];
        out.propose(found.end, Value::Version { named: false, machine: false, parts }, Cost::FAIR);
    } else {
        out.propose(found.end, Value::Cardinal(found.number), Cost::FAIR);
    }
}
