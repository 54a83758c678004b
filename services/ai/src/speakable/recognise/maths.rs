//! Mathematics in prose: powers, products, factors side by side (`4x`, `2πr`), functions.

mod power;
mod product;
mod terms;

use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Piece, Symbol, Value};
use crate::speakable::text::TokenKind;
pub(super) use product::product;

/// Characters behind an opening bracket among which it must close, or nothing is applied.
const APPLIED: usize = 40;
/// Operators beside which letters are quantities.
const OPERATORS: &str = "=+−×⋅<>≤≥≠≈";
/// What `5!` is, where it is no exclamation.
const FACTORIAL: Symbol = Symbol("factorial");

/// What of a formula begins at this place.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if let Some((factors, times, end)) = product(cx, cx.at).filter(|_| !cx.glued_before()) {
        out.propose(end, Value::Product { factors, times }, Cost::SURE);
    }
    power::propose(cx, out);
    terms::propose(cx, out);
    applied(cx, out);
    indexed(cx, out);
    if cx.char(cx.at) == Some('!') && is_factorial(cx) {
        out.propose(cx.at + 1, Value::Symbol(FACTORIAL), Cost::SURE);
    }
}

/// The letter that is a token by itself at this place.
fn letter(cx: &Cx<'_>) -> Option<char> {
    let token = cx.token();
    let alone = token.kind == TokenKind::Word && token.end == cx.at + 1 && !cx.glued_before();
    cx.char(cx.at).filter(|c| alone && (c.is_ascii_alphabetic() || cx.grammar.common.greek(*c)))
}

/// `O(n log n)`, `f(x)`: what is applied begins with a letter, a number, a sign or a bracket.
fn applied(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(function) = letter(cx).filter(|_| cx.char(cx.at + 1) == Some('(')) else { return };
    let start = cx.at + 2;
    let Some(close) = (start..start + APPLIED).find(|at| cx.char(*at) == Some(')')) else { return };
    let applies = cx.char(start).is_some_and(|c| !"+*/\"',.;:?!)".contains(c));
    // `a(n)` is an article with its other form.
    let article = close == start + 1 && cx.in_context("articles", cx.slice(cx.at, cx.at + 1));
    if applies && !article {
        out.propose(start, Value::Applied(function), Cost::SURE);
    }
}

/// `x₁`: a letter with a lowered number.
fn indexed(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(letter) = letter(cx).filter(char::is_ascii_alphabetic) else { return };
    let Some((digits, end)) = cx.lowered_digits(cx.at + 1).filter(|(_, end)| !cx.glued_at(*end)) else { return };
    let article = cx.in_context("articles", cx.slice(cx.at, cx.at + 1));
    let name = letter.to_string();
    let name = if letter.is_lowercase() && !article { Piece::Word(name) } else { Piece::Letters(name) };
    out.propose(end, Value::Identifier(vec![name, Piece::Number(digits)]), Cost::SURE);
}

/// Whether the exclamation mark here stands between a number or a letter and an operator.
fn is_factorial(cx: &Cx<'_>) -> bool {
    cx.glued_before() && cx.char(cx.skip_spaces(cx.at + 1)).is_some_and(|c| matches!(c, '=' | '/' | '×' | '·' | '⋅'))
}

/// Whether an operator stands right before `start` or right behind `end`, white space between: then
/// letters between them are rather quantities than words.
fn in_expression(cx: &Cx<'_>, start: usize, end: usize) -> bool {
    let next = cx.skip_spaces(end);
    let behind = match cx.char(next) {
        Some(c) if OPERATORS.contains(c) => true,
        Some('-') => next > end && operand(cx, cx.skip_spaces(next + 1)),
        _ => false,
    };
    let mut before = (0..start).rev().skip_while(|at| cx.char(*at).is_some_and(char::is_whitespace));
    let before = match before.next().and_then(|at| cx.char(at)) {
        Some(c) if OPERATORS.contains(c) || matches!(c, '(' | '→' | '↦' | '⇒') => true,
        Some('-') => start >= 3 && cx.char(start - 1) == Some(' ') && cx.char(start - 3) == Some(' '),
        _ => false,
    };
    behind || before
}

/// Whether a number or a letter by itself stands at `at`.
fn operand(cx: &Cx<'_>, at: usize) -> bool {
    cx.digit(at) || (cx.char(at).is_some_and(char::is_alphabetic) && !cx.glued_at(at + 1))
}
