//! Units behind a number, and units by themselves.

use super::data::Data;
use crate::grounding::number::{Quantity, Unit};
use crate::grounding::text::{Kind, Text};

/// What a word of the table measures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measure {
    /// "length".
    pub measure: &'static str,
    /// How many of the base unit.
    pub factor: f64,
}

/// Symbols that are words or names as well, so that they are units only behind digits.
const SHORT: usize = 2;

/// Words behind a unit that say per what it is, and the unit that they stand for.
const RATES: [(&str, &str); 6] = [
    ("annually", "year"),
    ("yearly", "year"),
    ("monthly", "month"),
    ("weekly", "week"),
    ("daily", "day"),
    ("hourly", "hour"),
];

/// The unit that begins at `at`, and the place behind it. `digits` says whether the number is in
/// digits.
pub(super) fn at(text: &Text, at: usize, digits: bool) -> Option<(Unit, usize)> {
    let from = text.past_hyphen(at);
    let (power, from) = match text.word(from) {
        "square" | "sq" => (2, text.past_hyphen(from + 1)),
        "cubic" | "cu" => (3, text.past_hyphen(from + 1)),
        _ => (1, from),
    };
    let (measure, raised, mut next) = single(text, from, digits)?;
    let mut unit = Unit { measure: measure.measure, factor: measure.factor, power: power.max(raised), per: None };
    unit.factor = unit.factor.powi(i32::from(unit.power));
    if let Some((below, after)) = per(text, next, digits) {
        unit.per = Some((below.measure, below.factor));
        unit.factor /= below.factor;
        next = after;
    }
    if unit.measure == "length" && unit.per.is_some_and(|per| per.0 == "time") && unit.power == 1 {
        unit.measure = "speed";
        unit.per = None;
    }
    Some((unit, next))
}

/// What is below the line: "per hour", "/h", "a day".
fn per(text: &Text, at: usize, digits: bool) -> Option<(Measure, usize)> {
    let token = text.token(at)?;
    if let Some((_, unit)) = RATES.iter().find(|(word, _)| *word == token.text) {
        return Data::get().units.get(unit).map(|measure| (*measure, at + 1));
    }
    let from = match token.kind {
        Kind::Mark('/') if token.glued => at + 1,
        Kind::Word if matches!(token.text.as_str(), "per" | "a" | "an" | "each" | "every") => at + 1,
        Kind::Mark(_) | Kind::Word | Kind::Number | Kind::Code => return None,
    };
    let (below, _, next) = single(text, from, digits)?;
    let slash = matches!(token.kind, Kind::Mark(_)) || token.text == "per";
    (slash || matches!(below.measure, "time" | "months")).then_some((below, next))
}

/// One unit, its power if it is raised, and the place behind it.
fn single(text: &Text, at: usize, digits: bool) -> Option<(Measure, u8, usize)> {
    let data = Data::get();
    let token = text.token(at)?;
    let next = text.word(at + 1);
    let named = |name: &str, end: usize| data.units.get(name).map(|measure| (*measure, 1, end));
    match token.kind {
        Kind::Mark('°') => match next {
            "c" | "celsius" => named("celsius", at + 2),
            "f" | "fahrenheit" => named("fahrenheit", at + 2),
            _ => named("degree", at + 1),
        },
        Kind::Mark(mark @ ('%' | '‰' | '℃' | '℉' | '¢' | '$' | '€' | '£' | '¥' | 'Ω')) => {
            named(mark.encode_utf8(&mut [0; 4]), at + 1)
        }
        Kind::Word => {
            match (token.text.as_str(), next) {
                ("per", "cent") => return named("percent", at + 2),
                ("percentage", "point" | "points") => return named("percentage-point", at + 2),
                ("nautical", "mile" | "miles") => return named("nmi", at + 2),
                ("light", "year" | "years") => return named("lightyear", at + 2),
                ("light", "") if matches!(text.word(at + 2), "year" | "years") => return named("lightyear", at + 3),
                ("degree" | "degrees", "celsius" | "centigrade") => return named("celsius", at + 2),
                ("degree" | "degrees", "fahrenheit") => return named("fahrenheit", at + 2),
                _ => {}
            }
            let written = text.slice(token.start, token.end);
            let short = written.chars().count() <= SHORT;
            let measure = if short {
                let measure = if digits { data.units.get(written.as_str()) } else { None };
                measure.filter(|_| !token.opens)?
            } else {
                data.units.get(written.as_str()).or_else(|| data.units.get(token.text.as_str()))?
            };
            let raised = match text.token(at + 1) {
                Some(mark) if mark.glued && mark.kind == Kind::Mark('²') => 2,
                Some(mark) if mark.glued && mark.kind == Kind::Mark('³') => 3,
                Some(_) | None => 1,
            };
            Some((*measure, raised, at + 1 + usize::from(raised > 1)))
        }
        Kind::Code => {
            let power = match token.text.chars().next_back() {
                Some('2') => 2,
                Some('3') => 3,
                Some(_) | None => return None,
            };
            let written = text.slice(token.start, token.end.saturating_sub(1));
            data.units.get(written.as_str()).map(|measure| (*measure, power, at + 1))
        }
        Kind::Number | Kind::Mark(_) => None,
    }
}

/// A unit of money before a number.
pub(super) fn currency(mark: char) -> Option<Unit> {
    let measure = Data::get().units.get(mark.encode_utf8(&mut [0; 4]) as &str)?;
    let money = matches!(mark, '$' | '€' | '£' | '¥' | '₹' | '₩');
    money.then_some(Unit { measure: measure.measure, factor: measure.factor, power: 1, per: None })
}

/// The units that a text names apart from its quantities.
pub(super) fn free(text: &Text, quantities: &[Quantity]) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut quantities = quantities.iter().peekable();
    let mut place = 0;
    while place < text.tokens.len() {
        while quantities.next_if(|quantity| quantity.last <= place).is_some() {}
        if let Some(quantity) = quantities.peek().filter(|quantity| quantity.first <= place) {
            place = quantity.last.max(place + 1);
            continue;
        }
        // A symbol by itself is one only in brackets: "Height (m)".
        let bracket = place > 0 && text.is_mark(place - 1, '(');
        let long = text.word(place).chars().count() > SHORT;
        match at(text, place, bracket) {
            Some((unit, next)) if bracket || long || !matches!(text.token(place).map(|t| t.kind), Some(Kind::Word)) => {
                units.push(unit);
                place = next.max(place + 1);
            }
            Some(_) | None => place += 1,
        }
        // "Percentage of boats": the unit is named by a noun of its own.
        if matches!(text.word(place), "percentage" | "percentages" | "proportion" | "share") {
            units.push(Unit { measure: "share", factor: 0.01, power: 1, per: None });
        }
    }
    units
}

/// Whether one word may stand for both measures.
pub(super) fn alike(one: &str, other: &str) -> bool {
    let same = &Data::get().same_units;
    let is = |a: &str, b: &str| same.get(a).is_some_and(|names| names.contains(&b));
    is(one, other) || is(other, one)
}
