//! Reading a formula: elements with their numbers, groups in brackets, a dot, a charge.

use super::super::Cx;
use crate::speakable::span::{Chemical, ChemicalCount, ChemicalPart};
use crate::speakable::text::raised;

/// Parts of one formula or group.
const MOST_PARTS: usize = 24;
/// Brackets inside of each other.
const DEEPEST: usize = 3;
/// Digits of a number of a formula.
const MOST_DIGITS: usize = 3;
/// Iodine has no lighter isotope that anybody writes: with less I is a pronoun behind a note.
const LIGHTEST_IODINE: u16 = 100;

/// What the form of a formula tells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form {
    /// Where it ends.
    pub(super) end: usize,
    /// How many elements, each as often as it is written.
    pub(super) elements: usize,
    /// One of them has a small letter.
    pub(super) small: bool,
    /// There is a number behind an element or a group.
    pub(super) counted: bool,
    /// There is a lowered one.
    pub(super) lowered: bool,
    /// There is a group in brackets with a number.
    pub(super) grouped: bool,
    /// There is a charge.
    pub(super) charged: bool,
    /// There is the mass number of an isotope.
    pub(super) isotope: bool,
}

/// The formula that begins at `at`, whatever else it may be.
pub(super) fn parse(cx: &Cx<'_>, at: usize) -> Option<(Chemical, Form)> {
    let mut form = Form { end: at, ..Form::default() };
    let mut parts = parts(cx, 0, &mut form)?;
    while let Some((times, start)) = dotted(cx, form.end) {
        form.end = start;
        let mut more = self::parts(cx, 0, &mut form)?;
        parts.extend(times.map(ChemicalPart::Times));
        parts.append(&mut more);
    }
    let charge = charge(cx, at, form.end);
    if let Some((_, end)) = charge {
        (form.end, form.charged) = (end, true);
    }
    Some((Chemical { coefficient: None, parts, charge: charge.map(|(charge, _)| charge) }, form))
}

/// Elements and groups from the end of what was read on.
fn parts(cx: &Cx<'_>, depth: usize, form: &mut Form) -> Option<Vec<ChemicalPart>> {
    let mut parts = Vec::new();
    while parts.len() < MOST_PARTS {
        let part = match group(cx, depth, form) {
            Some(part) => Some(part),
            None => element(cx, form),
        };
        let Some(part) = part else { break };
        parts.push(part);
    }
    (!parts.is_empty()).then_some(parts)
}

/// An element, with its mass number before and how many behind it.
fn element(cx: &Cx<'_>, form: &mut Form) -> Option<ChemicalPart> {
    let (mass, start) = mass(cx, form.end).map_or((None, form.end), |(mass, end)| (Some(mass), end));
    cx.char(start).filter(char::is_ascii_uppercase)?;
    let table = |length: usize| cx.grammar.common.element(cx.slice(start, start + length));
    let two = cx.char(start + 1).filter(char::is_ascii_lowercase).and_then(|_| table(2));
    let (symbol, end) = match two {
        Some(symbol) => (symbol, start + 2),
        None => (table(1)?, start + 1),
    };
    if mass.is_some_and(|mass| mass == 0 || (mass == 1 && symbol != "H") || (mass < LIGHTEST_IODINE && symbol == "I")) {
        return None;
    }
    let (count, end, lowered) = count(cx, end);
    form.elements += 1;
    form.small |= symbol.len() > 1;
    form.isotope |= mass.is_some();
    form.counted |= count.is_some();
    form.lowered |= lowered;
    form.end = end;
    Some(ChemicalPart::Element { symbol, count, mass })
}

/// `¹⁴` of `¹⁴C`, of Unicode or as the document raised it.
fn mass(cx: &Cx<'_>, at: usize) -> Option<(u16, usize)> {
    let of_unicode = |at: usize| cx.char(at).and_then(raised).filter(char::is_ascii_digit);
    let end = (at..=at + MOST_DIGITS).find(|at| of_unicode(*at).is_none())?;
    if end > at {
        let digits: String = (at..end).filter_map(of_unicode).collect();
        return digits.parse().ok().map(|mass| (mass, end));
    }
    let marked = cx.raised_to(at)?;
    let (digits, end) = cx.digits_at(at).filter(|(_, end)| *end == marked)?;
    digits.parse().ok().map(|mass| (mass, end))
}

/// How many: lowered digits, or digits; where they end, and whether they are lowered.
fn count(cx: &Cx<'_>, at: usize) -> (Option<ChemicalCount>, usize, bool) {
    if let Some((digits, end)) = cx.lowered_digits(at)
        && let Ok(number) = digits.parse()
    {
        return (Some(ChemicalCount::Number(number)), end, true);
    }
    if let Some(end) = cx.lowered_to(at).filter(|end| *end == at + 1)
        && let Some(letter) = cx.char(at).filter(char::is_ascii_lowercase)
    {
        return (Some(ChemicalCount::Letter(letter)), end, true);
    }
    if cx.raised_to(at).is_some() {
        return (None, at, false);
    }
    let digits = cx.digits_at(at).filter(|(digits, _)| digits.len() <= MOST_DIGITS && !digits.starts_with('0'));
    match digits.and_then(|(digits, end)| digits.parse().ok().map(|number| (number, end))) {
        Some((number, end)) => (Some(ChemicalCount::Number(number)), end, false),
        None => (None, at, false),
    }
}

/// `(OH)2`. Round brackets without a number are those of a sentence.
fn group(cx: &Cx<'_>, depth: usize, form: &mut Form) -> Option<ChemicalPart> {
    let closing = match cx.char(form.end)? {
        '(' => ')',
        '[' => ']',
        _ => return None,
    };
    if depth == DEEPEST {
        return None;
    }
    let mut inner = Form { end: form.end + 1, ..*form };
    let parts = parts(cx, depth + 1, &mut inner).filter(|_| cx.char(inner.end) == Some(closing))?;
    let (count, end, lowered) = count(cx, inner.end + 1);
    if count.is_none() && closing == ')' {
        return None;
    }
    let counted = count.is_some();
    *form = Form {
        end,
        grouped: inner.grouped || counted,
        counted: inner.counted || counted,
        lowered: inner.lowered || lowered,
        ..inner
    };
    Some(ChemicalPart::Group { parts, count })
}

/// A dot between parts, with the number behind it: `·5`.
fn dotted(cx: &Cx<'_>, at: usize) -> Option<(Option<u16>, usize)> {
    if !matches!(cx.char(at), Some('·' | '•' | '⋅')) {
        return None;
    }
    let digits = cx.digits_at(at + 1).filter(|(digits, _)| digits.len() <= MOST_DIGITS);
    let (times, start) = match digits {
        Some((digits, end)) => (Some(digits.parse().ok()?), end),
        None => (None, at + 1),
    };
    cx.char(start).filter(char::is_ascii_uppercase).map(|_| (times, start))
}

/// A charge: `⁺`, `²⁻`, raised by Unicode or the document, or the sign of an ion of the table.
fn charge(cx: &Cx<'_>, start: usize, at: usize) -> Option<((bool, u8), usize)> {
    let plain = |at: usize| cx.char(at).and_then(raised);
    let end = (at..=at + MOST_DIGITS).find(|at| plain(*at).is_none())?;
    if end > at {
        let written: String = (at..end).filter_map(plain).collect();
        return signed(&written).map(|charge| (charge, end));
    }
    if let Some(end) = cx.raised_to(at) {
        return signed(cx.slice(at, end)).map(|charge| (charge, end));
    }
    let sign = cx.char(at).filter(|c| matches!(c, '+' | '-' | '−'))?;
    let name = format!("{}{}", cx.slice(start, at), if sign == '+' { '+' } else { '-' });
    cx.grammar.common.has("formulas", &name).then_some(((sign == '+', 1), at + 1))
}

/// A number and a sign behind it; a sign before a number is that of an exponent.
fn signed(written: &str) -> Option<(bool, u8)> {
    let digits = written.strip_suffix(['+', '-', '−', '–'])?;
    let number = if digits.is_empty() { 1 } else { digits.parse().ok()? };
    Some((written.ends_with('+'), number))
}
