//! Powers: `x²`, `10^6`, `e^x`, `(a + b)²`; and numbers of notes, which Unicode raises as well.

use super::super::number::written;
use super::super::{Candidates, Cx};
use crate::speakable::span::{Cost, Exponent, Number, Sign, Symbol, Value};
use crate::speakable::text::{TokenKind, raised};

/// Characters of an exponent.
const LONGEST: usize = 16;
/// Letters from which on a word is one, with the number of a note behind it.
const SHORTEST_WORD: usize = 3;
/// Letters that something is raised to; others are rather those of notes.
const EXPONENTS: [&str; 8] = ["n", "k", "m", "x", "t", "i", "j", "T"];
/// Functions whose values are raised by a number behind their names (ISO 80000-2, 2-13).
const FUNCTIONS: [&str; 13] =
    ["sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "log", "lg", "ln", "exp"];

/// A base with its power, and a power by itself.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if let Some(base) = super::letter(cx) {
        let Some((exponent, end)) = exponent(cx, cx.at + 1) else { return };
        let base = if base.is_ascii() { Value::Letter(base) } else { Value::Greek(vec![base]) };
        let cost = if is_area(cx, end) { Cost::FAIR } else { Cost::SURE };
        out.propose(end, Value::Power { base: Some(Box::new(base)), exponent }, cost);
        return;
    }
    if cx.token().kind == TokenKind::Digits && cx.raised_to(cx.at).is_none() {
        let Some(found) = written(cx, cx.at).filter(|found| !found.foreign && !cx.glued_before()) else { return };
        let Some((exponent, end)) = exponent(cx, found.end) else { return };
        let base = Some(Box::new(Value::Cardinal(found.number)));
        out.propose(end, Value::Power { base, exponent }, Cost::SURE);
        return;
    }
    alone(cx, out);
}

/// Whether the letter here with its power is rather an area or a volume: `(m²)`.
fn is_area(cx: &Cx<'_>, end: usize) -> bool {
    let metre = cx.grammar.unit(cx.slice(cx.at, cx.at + 1)).is_some_and(|unit| unit.unit.0 == "metre");
    metre && !super::in_expression(cx, cx.at, end)
}

/// What is raised by itself: behind a bracket a power, behind a word the number of a note.
fn alone(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((exponent, end)) = exponent(cx, cx.at) else { return };
    let Some(before) = cx.before() else { return };
    let power = |exponent| Value::Power { base: None, exponent };
    if matches!(before, ')' | ']') {
        out.propose(end, power(exponent), Cost::SURE);
        return;
    }
    let word = cx.back().next().filter(|token| token.kind == TokenKind::Word);
    let word = word.map(|token| cx.slice(token.start, token.end));
    let caret = cx.char(cx.at) == Some('^');
    let noted = !caret && word.is_some_and(|word| is_word(word) && !FUNCTIONS.contains(&word));
    if noted || (!caret && matches!(before, '.' | ',' | ';' | ':' | '?' | '!' | '"')) {
        out.propose(end, Value::Silent, Cost::LIKELY);
        return;
    }
    let cost = if word.is_some() { Cost::LIKELY } else { Cost::PLAIN };
    out.propose(end, power(exponent), cost);
}

/// Whether what a number is raised behind is a word rather than a product of quantities.
fn is_word(word: &str) -> bool {
    word.chars().count() >= SHORTEST_WORD && word.chars().skip(1).all(char::is_lowercase)
}

/// The exponent at `at`, and its end.
pub(super) fn exponent(cx: &Cx<'_>, at: usize) -> Option<(Exponent, usize)> {
    match cx.char(at)? {
        '^' => caret(cx, at + 1),
        c if raised(c).is_some() => of_unicode(cx, at),
        _ => {
            let end = cx.raised_to(at).filter(|end| end - at <= LONGEST)?;
            let written = cx.slice(at, end);
            is_exponent(cx, written).then(|| expression(written)).flatten().map(|exponent| (exponent, end))
        }
    }
}

/// Whether what the document raised is an exponent, and neither the ending of an ordinal (`19th`)
/// nor the letter of a note.
fn is_exponent(cx: &Cx<'_>, written: &str) -> bool {
    let counts = written.contains(|c: char| c.is_ascii_digit()) || EXPONENTS.contains(&written);
    counts && cx.grammar.ordinal_ending(written).is_none()
}

/// What stands behind a caret: in brackets, or a number or a letter.
fn caret(cx: &Cx<'_>, at: usize) -> Option<(Exponent, usize)> {
    let closing = match cx.char(at)? {
        '{' => Some('}'),
        '(' => Some(')'),
        _ => None,
    };
    if let Some(closing) = closing {
        let end = (at + 1..=at + LONGEST).find(|at| cx.char(*at) == Some(closing))?;
        return Some((expression(cx.slice(at + 1, end))?, end + 1));
    }
    let start = at + usize::from(matches!(cx.char(at), Some('-' | '−' | '+')));
    let (_, end) = cx.digits_at(start).or_else(|| cx.letters_at(start).filter(|(_, end)| *end == start + 1))?;
    Some((expression(cx.slice(at, end))?, end))
}

/// `²`, `⁻⁹`, `ⁿ`
fn of_unicode(cx: &Cx<'_>, at: usize) -> Option<(Exponent, usize)> {
    let plain = |at: usize| cx.char(at).and_then(raised);
    let end = (at..=at + LONGEST).find(|at| plain(*at).is_none())?;
    let written: String = (at..end).filter_map(plain).collect();
    Some((expression(&written)?, end))
}

/// A number, a letter, or several of them with their signs.
fn expression(written: &str) -> Option<Exponent> {
    let (sign, rest) = match written.strip_prefix(['-', '−']) {
        Some(rest) => (Sign::Minus, rest),
        None => (Sign::None, written.strip_prefix('+').unwrap_or(written)),
    };
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if digits(rest) && !(written.starts_with('+') || rest.len() > Number::MAX_DIGITS) {
        return Some(Exponent::Number(Number { sign, ..Number::digits(rest) }));
    }
    let mut letters = rest.chars();
    if let (Sign::None, Some(letter), None) = (sign, letters.next(), letters.next())
        && letter.is_alphabetic()
    {
        return Some(Exponent::Letter(letter));
    }
    let mut values = Vec::new();
    let mut number = String::new();
    for c in written.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        if !number.is_empty() {
            values.push(Value::Cardinal(Number::digits(&std::mem::take(&mut number))));
        }
        values.push(match c {
            '-' | '−' => Value::Symbol(Symbol::MINUS),
            '+' => Value::Symbol(Symbol::PLUS),
            '/' => Value::Symbol(Symbol::OVER),
            '·' | '×' | '*' => Value::Symbol(Symbol::TIMES),
            _ if c.is_ascii_alphabetic() => Value::Letter(c),
            _ if c.is_alphabetic() => Value::Greek(vec![c]),
            _ if c.is_whitespace() => continue,
            _ => return None,
        });
    }
    if !number.is_empty() {
        values.push(Value::Cardinal(Number::digits(&number)));
    }
    let says = values.iter().any(|value| !matches!(value, Value::Symbol(_)));
    says.then_some(Exponent::Expression(values))
}
