//! Units as they are written: products (`kW·h`), powers (`m²`), what they are per (`L/100 km`,
//! `W/(m·K)`, `m s⁻¹`), and what is measured (`g CO₂/kWh`).

use super::super::number::written;
use super::super::{Cx, chemistry};
use crate::speakable::grammar::UnitSymbol;
use crate::speakable::span::{Per, Unit, UnitFactor, Value};

/// Letters of the longest symbol.
const LONGEST_SYMBOL: usize = 12;
/// Factors and divisors that are looked at.
const MOST_FACTORS: usize = 8;

/// Units whose power may be written as a digit behind them: `m2`, `m/s2`.
const POWERED: [&str; 6] = ["metre", "second", "inch", "foot", "yard", "mile"];

/// A unit, and how sure it is that it is one.
#[derive(Debug, Clone)]
pub(in crate::speakable::recognise) struct Found {
    /// The unit.
    pub(in crate::speakable::recognise) unit: Unit,
    /// Where it ends.
    pub(in crate::speakable::recognise) end: usize,
    /// Its first symbol.
    pub(super) symbol: UnitSymbol,
    /// Where its first symbol ends.
    pub(super) symbol_end: usize,
    /// It is a symbol alone: no power, no product, no divisor.
    pub(super) lone: bool,
}

/// A symbol with its power, which is negative in `s⁻¹`.
struct Factor {
    factor: UnitFactor,
    negative: bool,
    end: usize,
    symbol: UnitSymbol,
    symbol_end: usize,
}

/// The unit that begins at `at`.
pub(in crate::speakable::recognise) fn unit(cx: &Cx<'_>, at: usize) -> Option<Found> {
    let first = factor(cx, at)?;
    let (symbol, symbol_end) = (first.symbol, first.symbol_end);
    let mut lone = first.factor.power == 1 && !first.negative;
    let mut end = first.end;
    let mut unit = Unit::default();
    push(&mut unit, first);
    for _ in 0..MOST_FACTORS {
        if let Some(next) = next_factor(cx, end) {
            end = next.end;
            lone = false;
            push(&mut unit, next);
            continue;
        }
        if let Some((of, after)) = substance(cx, end).filter(|_| unit.under.is_empty())
            && let Some(last) = unit.over.last_mut().filter(|last| last.of.is_none())
        {
            last.of = Some(Box::new(of));
            end = after;
            continue;
        }
        let Some((per, after)) = per(cx, end) else { break };
        unit.under.push(per);
        (end, lone) = (after, false);
    }
    (!cx.glued_at(end)).then_some(Found { unit, end, symbol, symbol_end, lone })
}

fn push(unit: &mut Unit, factor: Factor) {
    if factor.negative {
        unit.under.push(Per::Unit(factor.factor));
    } else {
        unit.over.push(factor.factor);
    }
}

/// The factor behind a dot, or behind a space where its power is negative.
fn next_factor(cx: &Cx<'_>, at: usize) -> Option<Factor> {
    match cx.char(at)? {
        '·' | '⋅' | '∙' => factor(cx, at + 1),
        ' ' => factor(cx, at + 1).filter(|factor| factor.negative),
        _ => None,
    }
}

/// What is measured, where its formula stands between the unit and a slash.
fn substance(cx: &Cx<'_>, at: usize) -> Option<(Value, usize)> {
    let (formula, end) = chemistry::formula(cx, at + 1).filter(|_| cx.char(at) == Some(' '))?;
    (cx.char(end) == Some('/')).then_some((Value::Chemical(formula), end))
}

/// The symbol at `at`, and its power.
fn factor(cx: &Cx<'_>, at: usize) -> Option<Factor> {
    let (word, _) = cx.letters_at(at).unwrap_or_default();
    for (context, power) in [("square", 2), ("cubic", 3)] {
        if cx.grammar.context(context, word) {
            let stop = at + word.chars().count();
            let start = cx.skip_space(stop + usize::from(cx.char(stop) == Some('.')))?;
            let inner = factor(cx, start).filter(|inner| start > stop && inner.factor.power == 1)?;
            return Some(Factor { factor: UnitFactor { power, ..inner.factor }, ..inner });
        }
    }
    let (symbol, symbol_end) = symbol(cx, at)?;
    let (power, end) = match power(cx, symbol_end) {
        // `MP3` is a name.
        (_, end) if is_bare_power(cx, symbol_end, end) && !POWERED.contains(&symbol.unit.0) => (1, symbol_end),
        power => power,
    };
    let factor =
        UnitFactor { unit: symbol.unit, prefix: symbol.prefix, power: power.unsigned_abs(), count: None, of: None };
    Some(Factor { factor, negative: power < 0, end: stop(cx, symbol_end, end, word), symbol, symbol_end })
}

/// Whether a power is a digit that nothing raises.
fn is_bare_power(cx: &Cx<'_>, at: usize, end: usize) -> bool {
    end == at + 1 && cx.digit(at) && cx.raised_to(at).is_none()
}

/// Behind the stop of a symbol that is an abbreviation of the language (`5 ft. wide`), unless the
/// stop may end a sentence.
fn stop(cx: &Cx<'_>, symbol_end: usize, end: usize, word: &str) -> usize {
    if end > symbol_end || cx.char(end) != Some('.') || !cx.grammar.context("stopped_units", word) {
        return end;
    }
    let next = cx.skip_spaces(end + 1);
    // `6 ft. 2 in.`, and not `5 ft. 3 people`.
    let smaller = || {
        cx.digits_at(next).and_then(|(_, end)| cx.next_word(end)).is_some_and(|word| cx.grammar.unit(word).is_some())
    };
    let goes_on = |c: char| c.is_lowercase() || matches!(c, '(' | '/' | '×') || smaller();
    let inside = next > end + 1 && cx.char(next).is_some_and(goes_on);
    end + usize::from(inside || matches!(cx.char(end + 1), Some(',' | ';' | ':' | ')' | '-' | '/')))
}

/// The symbol of a unit at `at`, and its end.
fn symbol(cx: &Cx<'_>, at: usize) -> Option<(UnitSymbol, usize)> {
    let known = |end: usize| cx.grammar.unit(cx.slice(at, end)).map(|symbol| (symbol, end));
    match cx.char(at)? {
        '°' => {
            let letter = at + 1 + usize::from(cx.char(at + 1) == Some(' '));
            let scale = cx.letters_at(letter).filter(|(word, end)| word.len() == 1 && !cx.glued_at(*end));
            let named = scale.and_then(|(word, end)| {
                cx.grammar.unit(&format!("°{word}")).filter(|_| word.is_ascii()).map(|symbol| (symbol, end))
            });
            named.or_else(|| known(at + 1))
        }
        '"' | '\'' | '′' | '″' | '℃' | '℉' => known(at + 1),
        first if first.is_alphabetic() => {
            let (word, end) = cx.letters_at(at).filter(|(_, end)| end - at <= LONGEST_SYMBOL)?;
            if cx.char(end) == Some('\'') && cx.glued_at(end + 1) {
                return None;
            }
            two_words(cx, at, end).or_else(|| cx.grammar.unit(word).map(|symbol| (symbol, end)))
        }
        _ => None,
    }
}

/// `fl oz`, `fl. oz`
fn two_words(cx: &Cx<'_>, at: usize, end: usize) -> Option<(UnitSymbol, usize)> {
    let second = match (cx.char(end), cx.char(end + 1)) {
        (Some('.'), Some(' ')) => end + 2,
        (Some('.' | ' '), _) => end + 1,
        _ => return None,
    };
    let (_, end) = cx.letters_at(second).filter(|(_, end)| end - at <= LONGEST_SYMBOL)?;
    cx.grammar.common.unit(cx.slice(at, end)).map(|symbol| (symbol, end))
}

/// A power behind a symbol: `²`, `^3`, `⁻¹`, `^-1`, or a digit that the document raised or that
/// nothing follows (`m2`).
fn power(cx: &Cx<'_>, at: usize) -> (i8, usize) {
    let minus = |at: usize| matches!(cx.char(at), Some('⁻' | '-' | '−'));
    let caret = usize::from(cx.char(at) == Some('^'));
    let negative = usize::from((caret == 1 || cx.char(at) == Some('⁻')) && minus(at + caret));
    let start = at + caret + negative;
    let sign = if negative == 1 { -1 } else { 1 };
    match cx.char(start) {
        Some('¹') if negative == 1 => (sign, start + 1),
        Some('²') => (2 * sign, start + 1),
        Some('³') => (3 * sign, start + 1),
        Some('1') if negative == 1 && !cx.glued_at(start + 1) => (sign, start + 1),
        Some(digit @ ('2' | '3')) => {
            let raised = caret == 1 || cx.raised_to(start) == Some(start + 1);
            let power = if digit == '2' { 2 } else { 3 };
            let decimals = cx.char(start + 1) == Some('.') && cx.digit(start + 2);
            let alone = !decimals && !cx.glued_at(start + 1);
            if raised || alone { (power * sign, start + 1) } else { (1, at) }
        }
        _ => (1, at),
    }
}

/// What a unit, an amount or a plural is per: what stands behind the slash at `at`.
pub(in crate::speakable::recognise) fn per(cx: &Cx<'_>, at: usize) -> Option<(Per, usize)> {
    if cx.char(at) != Some('/') {
        return None;
    }
    let start = at + 1;
    if cx.char(start) == Some('(') {
        return bracketed(cx, start + 1);
    }
    if let Some(found) = written(cx, start).filter(|found| !found.foreign) {
        let inner = factor(cx, cx.skip_space(found.end)?).filter(|inner| !inner.negative && !cx.glued_at(inner.end))?;
        // `24 h/24 au`: a word follows the number.
        let spaced = cx.char(found.end).is_some_and(char::is_whitespace);
        if spaced && cx.next_word(found.end).is_some_and(|word| cx.grammar.context("unit_words", word)) {
            return None;
        }
        return Some((Per::Unit(UnitFactor { count: Some(found.number), ..inner.factor }), inner.end));
    }
    if let Some((word, end)) = cx.word_at(start).filter(|(word, _)| cx.grammar.context("per", word)) {
        return Some((Per::Noun(word.to_owned()), end));
    }
    let inner = factor(cx, start).filter(|inner| !inner.negative && !cx.glued_at(inner.end))?;
    Some((Per::Unit(inner.factor), inner.end))
}

/// `(m·K)`: the rest of the product stands with its first factor.
fn bracketed(cx: &Cx<'_>, at: usize) -> Option<(Per, usize)> {
    let first = factor(cx, at)?;
    let mut end = first.end;
    let mut rest = Unit::default();
    while let Some(next) = next_factor(cx, end).filter(|_| rest.over.len() < MOST_FACTORS) {
        end = next.end;
        push(&mut rest, next);
    }
    if cx.char(end) != Some(')') {
        return None;
    }
    let of = (!rest.over.is_empty() || !rest.under.is_empty()).then(|| Box::new(Value::Unit(rest)));
    Some((Per::Unit(UnitFactor { of, ..first.factor }), end + 1))
}

/// Whether a symbol is that of a unit by its id, without a prefix.
pub(super) fn is(symbol: UnitSymbol, id: &str) -> bool {
    symbol.unit.0 == id && symbol.prefix.is_none()
}
