//! Amounts of units, percentages, and units without an amount. Symbols are case-sensitive: mA is
//! not MA, Mb is not MB.

mod compound;
mod percent;
mod unit;

use super::number::{Counting, Written, number, power_of_ten, written};
use super::{Candidates, Cx, fraction, maths};
use crate::speakable::span::{Amount, Cost, Measure, Number, Per, Sign, Symbol, Unit, Value};
use crate::speakable::text::TokenKind;
use unit::Found;
pub(super) use unit::per;

/// Letters that are units behind a hyphen by themselves: `12-V battery`.
const HYPHENED: [&str; 5] = ["V", "W", "m", "g", "h"];
/// So many of a thing there are so many of another in: `cases/100,000`.
const MANY: u128 = 100;
/// Characters before a sign of inches among which it is looked for whether the sign closes a
/// quotation.
const QUOTED: usize = 256;

/// An amount, and what of its form tells about a unit behind it.
struct Quantity {
    amount: Amount,
    end: usize,
    /// It has decimals: what is doubtful behind a whole number is a unit then.
    decimals: bool,
    /// The value of its last number.
    value: Option<u128>,
}

impl Quantity {
    fn of(amount: Amount, end: usize) -> Self {
        let last = amount.last();
        let decimals = last.is_some_and(|number| number.fraction.is_some());
        let value = last.filter(|number| number.is_whole()).and_then(Number::value);
        Self { amount, end, decimals, value }
    }
}

/// Amounts with their units, and units by themselves.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.token().kind == TokenKind::Word {
        alone(cx, out);
        return;
    }
    if cx.char(cx.at) == Some('/') {
        rate(cx, out);
        return;
    }
    if cx.glued_before() {
        return;
    }
    compound::propose(cx, out);
    for quantity in quantities(cx) {
        percent::propose(cx, &quantity, out);
        measure(cx, quantity, out);
    }
}

/// The amounts that begin at this place.
fn quantities(cx: &Cx<'_>) -> Vec<Quantity> {
    let mut found = Vec::new();
    let plain = number(cx, cx.at, Counting::Things);
    if let Some(first) = &plain {
        let (amount, end) = match tolerance(cx, first) {
            Some((second, end)) => (Amount::Tolerance(Box::new((first.number.clone(), second))), end),
            None => (Amount::Number(first.number.clone()), first.end),
        };
        found.push(Quantity::of(amount, end));
    }
    if let Some((number, end)) = power_of_ten(cx, cx.at) {
        found.push(Quantity::of(Amount::Number(number), end));
    }
    if let Some((factors, _, end)) = maths::product(cx, cx.at) {
        found.push(Quantity::of(Amount::Product(factors), end));
    }
    if let Some((fraction, end)) = fraction::fraction(cx, cx.at) {
        found.push(Quantity::of(Amount::Fraction(fraction), end));
    }
    found
}

/// `5.0 ± 0.2`
fn tolerance(cx: &Cx<'_>, first: &Written) -> Option<(Number, usize)> {
    let start = cx.skip_space(first.end)?;
    let second = number(cx, start, Counting::Things)?;
    let off = second.number.sign == Sign::PlusMinus && second.number.bound.is_none();
    off.then_some((Number { sign: Sign::None, ..second.number }, second.end))
}

/// An amount and the unit behind it.
fn measure(cx: &Cx<'_>, quantity: Quantity, out: &mut Candidates) {
    let at = quantity.end;
    let hyphen = cx.char(at) == Some('-') && cx.char(at + 1).is_some_and(|c| c.is_alphabetic() || c == '°');
    let Some(start) = (if hyphen { Some(at + 1) } else { cx.skip_space(at) }) else { return };
    let Some(found) = unit::unit(cx, start) else { return };
    let cost =
        if hyphen { hyphened(cx, &found, start).then_some(Cost::SURE) } else { believed(cx, &quantity, &found, start) };
    let Some(cost) = cost else { return };
    let Found { unit, end, .. } = found;
    let measure = Measure { amount: quantity.amount, unit, adjective: hyphen };
    out.propose(end, Value::Measure(Box::new(measure)), cost);
}

/// Whether the symbol behind a hyphen is a unit: `5-km run`, and neither `3-D` nor `5-in-10`.
fn hyphened(cx: &Cx<'_>, found: &Found, start: usize) -> bool {
    let symbol = cx.slice(start, found.symbol_end);
    let sure = !found.symbol.doubtful && !found.symbol.magnitude;
    let goes_on = cx.char(found.end) == Some('-') && cx.glued_at(found.end + 1);
    sure && !goes_on && (symbol.chars().count() > 1 || HYPHENED.contains(&symbol))
}

/// How sure it is that the symbol behind an amount is a unit; none where it is rather none.
fn believed(cx: &Cx<'_>, quantity: &Quantity, found: &Found, start: usize) -> Option<Cost> {
    let symbol = cx.slice(start, found.symbol_end);
    let single = symbol.chars().count() == 1;
    let glued = start == quantity.end;
    if !found.lone {
        return Some(Cost::SURE);
    }
    if single && cx.label_before().is_some_and(|word| cx.grammar.label(word).is_some()) {
        return None;
    }
    if symbol == "\"" || symbol == "'" {
        return (glued && symbol == "\"" && !closes_quotation(cx, start)).then_some(Cost::SURE);
    }
    if single && (is_part_of_name(cx, found.end) || is_article(cx, symbol, found.end)) {
        return None;
    }
    if found.symbol.magnitude && glued {
        return None;
    }
    if cx.grammar.context("unit_words", symbol) && !glued {
        let length = cx.before_context("after_length", found.end);
        let noun = cx.grammar.context("unit_verbs", symbol) && !is_before_verb(cx, found.end);
        return (length || noun).then_some(Cost::LIKELY);
    }
    if found.symbol.doubtful && !glued {
        return quantity.decimals.then_some(Cost::LIKELY);
    }
    Some(Cost::SURE)
}

/// Whether a word in small letters follows that may be a participle: `el 5 ha llegado`, and not `5
/// ha de bosque`.
fn is_before_verb(cx: &Cx<'_>, end: usize) -> bool {
    let apart = cx.char(end).is_some_and(char::is_whitespace);
    let verb = |word: &str| word.starts_with(char::is_lowercase) && !cx.in_context("no_noun", word);
    apart && cx.next_word(end).is_some_and(verb)
}

/// Whether a letter that ends at `end` begins or is a name: `5 T-shirts`, `79 A.D.`, `2 A levels`.
fn is_part_of_name(cx: &Cx<'_>, end: usize) -> bool {
    let next = cx.char(end);
    (matches!(next, Some('-' | '.' | '\'')) && cx.char(end + 1).is_some_and(char::is_alphabetic))
        || cx.before_context("after_letter", end)
}

/// Whether a capital is rather an article that begins a sentence: `in 1999 A new age`, and not `5 A
/// of it` or `a 5 A fuse`.
fn is_article(cx: &Cx<'_>, symbol: &str, end: usize) -> bool {
    let noun = |word: &str| word.starts_with(char::is_lowercase) && !cx.in_context("no_noun", word);
    cx.in_context("articles", symbol) && !cx.after_context("articles") && cx.next_word(end).is_some_and(noun)
}

/// Whether the sign of inches at `at` closes a quotation that was opened before.
fn closes_quotation(cx: &Cx<'_>, at: usize) -> bool {
    let start = at.saturating_sub(QUOTED);
    let marks = (start..at).filter(|at| cx.char(*at) == Some('"'));
    marks.filter(|at| at.checked_sub(1).is_none_or(|before| !cx.digit(before))).count() % 2 == 1
}

/// A unit without an amount, where its form tells that it is one (`km/h`, `cm³`, `kWh`), or where
/// it stands in brackets or behind a word that leads to one.
fn alone(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() || matches!(cx.before(), Some('/' | '-' | '.' | '\'' | '@' | '_' | '\\')) {
        return;
    }
    let Some(found) = unit::unit(cx, cx.at) else { return };
    let next = cx.char(found.end);
    let joined = matches!(next, Some('/' | '-' | '_' | '.' | '\'')) && cx.glued_at(found.end + 1);
    if joined || (!found.lone && matches!(next, Some('/' | '_' | '(' | '='))) {
        return;
    }
    let symbol = cx.slice(cx.at, found.symbol_end);
    let bracketed = matches!(cx.before(), Some('(' | '[')) && matches!(cx.char(found.end), Some(')' | ']' | ','));
    let long = symbol.chars().count() > 1;
    let form = if found.lone { mixes_cases(symbol) } else { long || has_form(&found.unit) };
    let named = cx.grammar.context("unit_words", symbol) || cx.grammar.context("unit_names", symbol);
    let led = found.lone && long && !found.symbol.doubtful && !named && (bracketed || cx.after_context("unit_leads"));
    if form || led {
        out.propose(found.end, Value::Unit(found.unit), Cost::LIKELY);
    }
}

/// Whether small letters stand before a capital, as in `kWh` and `dB`.
fn mixes_cases(symbol: &str) -> bool {
    symbol.starts_with(char::is_lowercase) && symbol.contains(char::is_uppercase)
}

/// Whether a compound of single letters tells by its form that it is a unit: `m/s`, `W/m²`, `m³`,
/// and neither `A/B` nor `N/A`.
fn has_form(unit: &Unit) -> bool {
    let small = unit.over.iter().all(|factor| matches!(factor.unit.0, "metre" | "gram"));
    let powered =
        unit.under.iter().any(|per| matches!(per, Per::Unit(factor) if factor.power > 1 || factor.count.is_some()));
    small || powered
}

/// `tokens/s`, `CO₂/kWh`: a slash and a unit behind what is measured.
fn rate(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(before) = cx.back().next() else { return };
    let word = cx.slice(before.start, before.end);
    let plural = before.kind == TokenKind::Word && word.chars().count() > 2 && word.ends_with('s');
    let Some((per, end)) = per(cx, cx.at).filter(|(_, end)| !cx.glued_at(*end)) else {
        // `12 cases/100,000`: so many of so many.
        let many = || written(cx, cx.at + 1).and_then(|found| found.number.value()).is_some_and(|value| value >= MANY);
        if plural && many() {
            out.propose(cx.at + 1, Value::Symbol(Symbol::PER), Cost::LIKELY);
        }
        return;
    };
    let behind = cx.slice(cx.at + 1, end);
    let formula = cx.before().is_some_and(|c| c.is_numeric() || c == ')') && mixes_cases(behind);
    let sign = cx.before().is_some_and(|c| cx.grammar.common.money_char(c).is_some());
    if plural || formula || sign {
        out.propose(end, Value::Unit(Unit { over: Vec::new(), under: vec![per] }), Cost::LIKELY);
    }
}
