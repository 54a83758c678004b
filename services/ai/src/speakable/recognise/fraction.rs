//! Fractions: `½`, `1/2`, and with a number before them, `1 1/2`.

use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Fraction, Piece, Sign, Value};
use crate::speakable::text::plain;

/// Digits of a number of a fraction that is written in digits.
const MOST_DIGITS: usize = 4;
/// The largest number below the line of a fraction that goes with a whole number: sixteenths.
const FINEST: u128 = 16;

/// Which notes a bar of music is counted in.
const METRES: [u128; 4] = [2, 4, 8, 16];

/// The fraction that begins at `at`, and its end.
pub(super) fn fraction(cx: &Cx<'_>, at: usize) -> Option<(Fraction, usize)> {
    if let Some((over, under)) = vulgar(cx, at) {
        return Some((Fraction { sign: Sign::None, whole: None, over, under, slashed: false }, at + 1));
    }
    mixed(cx, at).or_else(|| {
        let (over, under, end) = slashed(cx, at)?;
        Some((Fraction { sign: Sign::None, whole: None, over, under, slashed: true }, end))
    })
}

/// `½`
fn vulgar(cx: &Cx<'_>, at: usize) -> Option<(u128, u128)> {
    let written = plain(cx.char(at).filter(|c| !c.is_ascii())?)?;
    let (over, under) = written.split_once('\u{2044}')?;
    Some((over.parse().ok()?, under.parse().ok()?))
}

/// `3/4`
fn slashed(cx: &Cx<'_>, at: usize) -> Option<(u128, u128, usize)> {
    let (over, slash) = cx.digits_at(at)?;
    let (under, end) = cx.digits_at(slash + 1).filter(|_| cx.char(slash) == Some('/'))?;
    let goes_on = cx.char(end) == Some('/')
        || (matches!(cx.char(end), Some('.' | ',')) && cx.digit(end + 1))
        || cx.char(end).is_some_and(|c| c.is_alphanumeric() && !c.is_alphabetic());
    let short = over.len() <= MOST_DIGITS && under.len() <= MOST_DIGITS;
    (short && !goes_on).then(|| Some((over.parse().ok()?, under.parse().ok()?, end))).flatten()
}

/// `1 1/2`, `2½`, `1-1/2`
fn mixed(cx: &Cx<'_>, at: usize) -> Option<(Fraction, usize)> {
    let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= MOST_DIGITS)?;
    let whole: Option<u128> = digits.parse().ok();
    let joint = matches!(cx.char(end), Some(' ' | '-'));
    if let Some((over, under)) = vulgar(cx, end) {
        return Some((Fraction { sign: Sign::None, whole, over, under, slashed: false }, end + 1));
    }
    if let Some((over, under)) = vulgar(cx, end + 1).filter(|_| joint) {
        return Some((Fraction { sign: Sign::None, whole, over, under, slashed: false }, end + 2));
    }
    let (over, under, end) = slashed(cx, end + 1).filter(|_| joint)?;
    let proper = over < under && under <= FINEST;
    proper.then_some((Fraction { sign: Sign::None, whole, over, under, slashed: true }, end))
}

/// Fractions, with a sign before them.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let first = cx.char(cx.at);
    let free = cx.before().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | '"'));
    let (sign, start) = match first {
        Some('-' | '−') if free => (Sign::Minus, cx.at + 1),
        Some('±') => (Sign::PlusMinus, cx.skip_space(cx.at + 1).unwrap_or(cx.at + 1)),
        Some(_) => (Sign::None, cx.at),
        None => return,
    };
    let Some((fraction, end)) = fraction(cx, start) else { return };
    let is_sign = |c: char| c.is_ascii_digit() || matches!(c, '/' | '.' | ',' | ':');
    if cx.before().is_some_and(|c| c.is_alphabetic() || is_sign(c)) || cx.glued_at(end) {
        return;
    }
    // `3/4 time`: how a bar of music is counted, and no part of anything.
    let metre = fraction.slashed && fraction.whole.is_none() && fraction.over > 1 && METRES.contains(&fraction.under);
    if metre && cx.before_context("musical", end) {
        let pieces = [fraction.over, fraction.under].map(|number| Piece::Number(number.to_string()));
        out.propose(end, Value::Identifier(pieces.into()), Cost::SURE);
    }
    let cost = if fraction.slashed { Cost::LIKELY } else { Cost::SURE };
    out.propose(end, Value::Fraction(Fraction { sign, ..fraction }), cost);
}
