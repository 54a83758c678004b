//! Products and sides: `3 × 4`, `1920x1080`.

use super::super::Cx;
use super::super::number::written;
use super::power;
use crate::speakable::span::Number;

/// Numbers of one product.
const MOST_FACTORS: usize = 4;

/// The numbers of the product that begins at `at`, whether they are multiplied and are no sides,
/// and where the last of them ends.
pub(in crate::speakable::recognise) fn product(cx: &Cx<'_>, at: usize) -> Option<(Vec<Number>, bool, usize)> {
    let first = written(cx, at).filter(|found| !found.foreign)?;
    let mut end = first.end;
    let mut factors = vec![first.number];
    let mut multiplied = false;
    let mut apart = false;
    while factors.len() < MOST_FACTORS {
        let Some(next) = next(cx, end).filter(|next| next.sign != 'x' || !is_prefix_of_code(&factors)) else { break };
        multiplied = multiplied || matches!(next.sign, '*' | '⋅');
        apart = next.spaced && next.sign != 'x';
        factors.push(next.number);
        end = next.end;
    }
    (factors.len() > 1).then(|| {
        let times = multiplied || is_calculated(cx, at, end) || (apart && !sides_of(cx, end));
        (factors, times, end)
    })
}

/// A factor with the sign before it.
struct Next {
    sign: char,
    spaced: bool,
    number: Number,
    end: usize,
}

fn next(cx: &Cx<'_>, at: usize) -> Option<Next> {
    let place = cx.skip_space(at)?;
    let sign = cx.char(place).filter(|c| matches!(c, '×' | '⋅' | 'x' | '*'))?;
    let start = cx.skip_space(place + 1)?;
    let spaced = place > at;
    let second = written(cx, start).filter(|found| !found.foreign && (start > place + 1) == spaced)?;
    let power = second.number.whole == "10" && power::exponent(cx, second.end).is_some();
    let letters = sign == 'x' && cx.char(second.end).is_some_and(char::is_alphabetic);
    (!power && !letters).then_some(Next { sign, spaced, number: second.number, end: second.end })
}

/// Whether the only number is the zero of `0x1F`.
fn is_prefix_of_code(factors: &[Number]) -> bool {
    matches!(factors, [zero] if zero.whole == "0")
}

/// Whether what the product is equal to stands beside it.
fn is_calculated(cx: &Cx<'_>, start: usize, end: usize) -> bool {
    let before = (0..start).rev().find(|at| cx.char(*at).is_some_and(|c| !c.is_whitespace()));
    cx.char(cx.skip_spaces(end)) == Some('=') || before.and_then(|at| cx.char(at)) == Some('=')
}

/// Whether a noun or a unit stands behind, of which the numbers are sides.
fn sides_of(cx: &Cx<'_>, end: usize) -> bool {
    let word = cx.char(end).is_some_and(char::is_whitespace).then(|| cx.next_word(end)).flatten();
    word.is_some_and(|word| word.starts_with(char::is_lowercase) && !cx.in_context("no_noun", word))
}
