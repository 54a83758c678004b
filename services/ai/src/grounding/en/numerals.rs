//! Quantities of English text: digits and words, with signs, magnitudes, fractions and units.

use super::data::Data;
use super::spelled;
use super::units;
use crate::grounding::date::Date;
use crate::grounding::number::{Form, Hedge, Quantity, Unit, step};
use crate::grounding::text::{Kind, Text};

/// The longest phrase of the table of hedges, in words.
const LONGEST_HEDGE: usize = 4;

/// A number without its surroundings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Core {
    /// The value.
    pub value: f64,
    /// What one more in the last place would be.
    pub step: f64,
    /// The form.
    pub form: Form,
    /// One past its last token.
    pub next: usize,
    /// Whether it says nothing by itself.
    pub weak: bool,
}

/// The quantities of `text` that are no part of `dates`.
pub(super) fn read(text: &Text, dates: &[Date]) -> Vec<Quantity> {
    let mut found: Vec<Quantity> = Vec::new();
    let mut dates = dates.iter().peekable();
    let mut place = 0;
    while place < text.tokens.len() {
        while dates.next_if(|date| date.last <= place).is_some() {}
        if let Some(date) = dates.peek().filter(|date| date.first <= place) {
            place = date.last.max(place + 1);
            continue;
        }
        match quantity(text, place).or_else(|| roman(text, place)) {
            Some(quantity) => {
                place = quantity.last.max(place + 1);
                found.push(quantity);
            }
            None => place += 1,
        }
    }
    shorten(text, &mut found);
    share(text, &mut found);
    found
}

/// The most that two digits behind a year may be and be a month: 2001-12.
const LAST_MONTH: f64 = 12.0;

/// Reads the second year of "1943-44", of which two digits are written.
fn shorten(text: &Text, found: &mut [Quantity]) {
    for at in 1..found.len() {
        let (before, after) = found.split_at_mut(at);
        let (Some(one), Some(other)) = (before.last(), after.first_mut()) else { continue };
        let plain = |one: &Quantity, digits: usize| {
            let token = text.token(one.at).filter(|token| token.kind == Kind::Number);
            one.last == one.at + 1 && one.unit.is_none() && token.is_some_and(|token| token.end - token.start == digits)
        };
        let dash = text.token(one.last).is_some_and(|token| matches!(token.kind, Kind::Mark('-' | '\u{2013}')));
        let glued = dash && other.first == one.last + 1 && text.is_glued(one.last) && text.is_glued(other.first);
        let later = other.value > (one.value % 100.0).max(LAST_MONTH);
        if glued && later && one.year && plain(one, 4) && plain(other, 2) {
            other.value += one.value - one.value % 100.0;
            other.year = true;
        }
    }
}

/// The word of magnitude behind a number as what it multiplies with: 1,000 for "500 thousand"; 1
/// where there is none.
fn magnitude(text: &Text, quantity: &Quantity) -> f64 {
    let words = (quantity.at + 1..quantity.last).map(|at| text.word(at));
    words.filter_map(|word| Data::get().numeral("times", word)).fold(1.0, |scale, times| scale * times)
}

/// A Roman numeral behind a word with a capital: Louis XIV, World War II. It is weak: a claim that
/// has one is checked for the name.
fn roman(text: &Text, place: usize) -> Option<Quantity> {
    let token = text.token(place)?;
    let capitals = token.kind == Kind::Word && text.chars.get(token.start..token.end)?.iter().all(|c| c.is_uppercase());
    let behind = place.checked_sub(1).and_then(|before| text.token(before)).is_some_and(|before| before.capital);
    let value = spelled::roman(&token.text).filter(|_| capitals && behind)?;
    Some(Quantity {
        first: place,
        last: place + 1,
        at: place,
        value,
        step: 1.0,
        form: Form::Ordinal,
        unit: None,
        hedge: Hedge::None,
        year: false,
        weak: true,
        words: false,
    })
}

/// Gives the first number of a range the unit of the last one: "3 to 5 metres".
fn share(text: &Text, found: &mut [Quantity]) {
    for at in (1..found.len()).rev() {
        let (before, after) = found.split_at_mut(at);
        let (Some(one), Some(other)) = (before.last_mut(), after.first()) else { continue };
        let between = one.last..other.first;
        let joins = between.len() <= 2
            && between.clone().all(|at| {
                matches!(text.word(at), "to" | "and" | "or" | "by")
                    || text.token(at).is_some_and(|t| matches!(t.kind, Kind::Mark('-' | '\u{2013}' | ',' | '/' | '×')))
            });
        // "In 1998, 46 percent": a year before a comma counts nothing.
        let dates = one.year && one.value > 1000.0 && (other.year || text.is_mark(one.last, ','));
        if joins && one.unit.is_none() && one.form == Form::Cardinal && !dates {
            one.unit = other.unit;
        }
        // "400 to 500 thousand" begins at 400,000.
        let between = text.word_before(one.first) == "between" && text.word(one.last) == "and";
        let ranges = between || matches!(text.word(one.last), "to" | "or");
        let range = joins && ranges && one.form == Form::Cardinal;
        let scale = if range && magnitude(text, one) <= 1.0 { magnitude(text, other) } else { 1.0 };
        if scale > 1.0 && one.value > 0.0 && one.value * scale < other.value {
            one.value *= scale;
            one.step *= scale;
        }
    }
}

fn quantity(text: &Text, place: usize) -> Option<Quantity> {
    let data = Data::get();
    let token = text.token(place)?;
    let mut at = place;
    let (mut sign, mut currency) = (1.0, None);
    match token.kind {
        Kind::Mark(mark @ ('-' | '+' | '\u{2013}')) if !token.glued || behind_bracket(text, place) => {
            if !text.is_glued(place + 1) {
                return None;
            }
            sign = if mark == '+' { 1.0 } else { -1.0 };
            at += 1;
        }
        Kind::Word if matches!(token.text.as_str(), "minus" | "negative") => {
            sign = -1.0;
            at += 1;
        }
        Kind::Mark(_) | Kind::Word | Kind::Number | Kind::Code => {}
    }
    if let Some(Kind::Mark(mark)) = text.token(at).map(|token| token.kind) {
        currency = units::currency(mark);
        at += usize::from(currency.is_some());
    }
    let digits = text.token(at).is_some_and(|token| token.kind == Kind::Number);
    let read = || if digits { digits_at(text, at, currency.is_some()) } else { spelled::at(text, at) };
    let mut core = version(text, at).or_else(read)?;
    let (unit, mut last) = unit_of(text, &core, digits, currency);
    // "Five degrees below zero".
    if text.word(last) == "below" && text.word(last + 1) == "zero" {
        sign = -1.0;
        last += 2;
    }
    // "An hour and a half".
    if unit.is_some() && text.word(last) == "and" && text.word(last + 1) == "a" {
        let more = match text.word(last + 2) {
            "half" => 0.5,
            "quarter" => 0.25,
            _ => 0.0,
        };
        if more > 0.0 {
            core.value += more;
            core.weak = false;
            last += 3;
        }
    }
    core.value *= sign;
    let plain = digits && core.form == Form::Cardinal && core.next == at + 1;
    let year = unit.is_none() && core.form == Form::Cardinal && year(text, at, plain, core.value);
    let (hedge, last) = hedge(text, place, last);
    let weak = core.weak && (unit.is_none() || data.stop.contains(text.word(at)));
    Some(Quantity {
        first: place,
        last,
        at,
        value: core.value,
        step: core.step,
        form: core.form,
        unit,
        hedge,
        year,
        weak,
        words: !digits,
    })
}

/// A version that is a number behind a letter: `v5.17`.
fn version(text: &Text, at: usize) -> Option<Core> {
    let token = text.token(at).filter(|token| token.kind == Kind::Code)?;
    let digits = token.text.strip_prefix('v').filter(|digits| digits.starts_with(|c: char| c.is_ascii_digit()))?;
    let value = digits.parse().ok()?;
    Some(Core { value, step: step(digits), form: Form::Cardinal, next: at + 1, weak: false })
}

fn behind_bracket(text: &Text, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.token(at));
    before.is_none_or(|token| matches!(token.kind, Kind::Mark('(' | '[' | '"' | '/' | '=' | '$' | '€' | '£')))
}

fn unit_of(text: &Text, core: &Core, digits: bool, currency: Option<Unit>) -> (Option<Unit>, usize) {
    if currency.is_some() || core.form == Form::Ordinal {
        return (currency, core.next);
    }
    let mut from = core.next;
    // "A third of a mile", "half a mile".
    if core.form == Form::Part {
        from += usize::from(text.word(from) == "of");
        from += usize::from(matches!(text.word(from), "a" | "an"));
    }
    match units::at(text, from, digits) {
        Some((unit, next)) => (Some(unit), next),
        None => (None, core.next),
    }
}

/// Whether a number looks like a year: four digits without groups, or words in pairs.
fn year(text: &Text, at: usize, plain: bool, value: f64) -> bool {
    let likely = (1000.0..2200.0).contains(&value) && value.fract() == 0.0;
    let written = text.token(at).map_or(0, |token| token.end - token.start);
    likely && (!plain || written == 4)
}

/// A number in digits.
fn digits_at(text: &Text, at: usize, money: bool) -> Option<Core> {
    let digits = &text.token(at)?.text;
    let mut core =
        Core { value: digits.parse().ok()?, step: step(digits), form: Form::Cardinal, next: at + 1, weak: false };
    let glued = |at: usize| text.token(at).filter(|token| token.glued);
    if let Some(ending) = glued(at + 1) {
        match ending.kind {
            Kind::Word if matches!(ending.text.as_str(), "st" | "nd" | "rd" | "th") => {
                return Some(Core { form: Form::Ordinal, next: at + 2, ..core });
            }
            Kind::Word => {
                let scale = match (text.slice(ending.start, ending.end).as_str(), money) {
                    ("k", _) | ("K", true) => Some(1e3),
                    ("K", false) if !warm(text) => Some(1e3),
                    ("M" | "mn" | "mln", _) | ("m", true) => Some(1e6),
                    ("bn" | "bln", _) | ("B" | "b", true) => Some(1e9),
                    ("tn", _) | ("T", true) => Some(1e12),
                    _ => None,
                };
                if let Some(scale) = scale {
                    return Some(Core { value: core.value * scale, step: core.step * scale, next: at + 2, ..core });
                }
            }
            Kind::Mark('/') => {
                let below =
                    glued(at + 2).filter(|token| token.kind == Kind::Number).and_then(|t| t.text.parse::<f64>().ok());
                let third = glued(at + 3).is_some_and(|token| token.kind == Kind::Mark('/'));
                if let Some(below) = below.filter(|below| !third && *below > core.value && *below <= 100.0) {
                    return Some(Core { value: core.value / below, form: Form::Part, next: at + 3, ..core });
                }
            }
            Kind::Mark(mark) => {
                if let Some(part) = spelled::vulgar(mark) {
                    return Some(Core { value: core.value + part, next: at + 2, step: 0.25, ..core });
                }
            }
            Kind::Number | Kind::Code => {}
        }
    }
    power(text, &mut core);
    if let Some(scale) = Data::get().numeral("counter", text.word(core.next)) {
        return Some(Core { value: core.value * scale, step: core.step * scale, next: core.next + 1, ..core });
    }
    spelled::magnitudes(text, &mut core);
    Some(core)
}

/// Whether a text speaks of temperatures, so that a K behind a number may be kelvin.
fn warm(text: &Text) -> bool {
    let data = Data::get();
    text.tokens.iter().any(|token| token.kind == Kind::Mark('°') || data.discourse("warm", &token.text))
}

/// The power of ten behind a number: `× 10^6`, `× 10⁶`; of a number itself: `2^32`.
fn power(text: &Text, core: &mut Core) {
    let times = text
        .token(core.next)
        .is_some_and(|token| matches!(token.kind, Kind::Mark('×' | '·' | '*')) || token.text == "x");
    let ten = text.token(core.next + 1).is_some_and(|token| token.kind == Kind::Number && token.text == "10");
    let from = if times && ten { core.next + 2 } else { core.next };
    let base = if times && ten { 10.0 } else { core.value };
    let Some((exponent, next)) = exponent(text, from) else { return };
    let scale = base.powi(exponent);
    let (value, step) = if times && ten { (core.value * scale, core.step * scale) } else { (scale, 1.0) };
    if value.is_finite() {
        (core.value, core.step, core.next) = (value, step, next);
    }
}

fn exponent(text: &Text, from: usize) -> Option<(i32, usize)> {
    let token = text.token(from).filter(|token| token.glued)?;
    if token.kind == Kind::Mark('^') {
        let negative = text.is_mark(from + 1, '-');
        let at = from + 1 + usize::from(negative);
        let value: i32 = text.token(at).filter(|token| token.glued)?.text.parse().ok()?;
        return Some((if negative { -value } else { value }, at + 1));
    }
    let (mut value, mut sign, mut at) = (0_i32, 1, from);
    while let Some(Kind::Mark(mark)) = text.token(at).filter(|token| token.glued).map(|token| token.kind) {
        if mark == '⁻' && at == from {
            sign = -1;
        } else if let Some(digit) = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|c| c == mark) {
            value = value.checked_mul(10)?.checked_add(i32::try_from(digit).ok()?)?;
        } else {
            break;
        }
        at += 1;
    }
    // A square or a cube alone is rather that of the unit, or a note.
    (at > from && (sign < 0 || value > 3)).then_some((sign * value, at))
}

/// How the number is meant, and one past the last word that says so.
fn hedge(text: &Text, first: usize, last: usize) -> (Hedge, usize) {
    let data = Data::get();
    match (text.word(last), text.word(last + 1)) {
        ("or", "so") => return (Hedge::About, last + 2),
        ("or", "more" | "above" | "over" | "longer" | "larger" | "greater" | "higher") => {
            return (Hedge::Over, last + 2);
        }
        ("or", "less" | "fewer" | "below" | "under" | "shorter" | "smaller" | "lower") => {
            return (Hedge::Under, last + 2);
        }
        _ => {}
    }
    // An article may stand between: "nearly a third" is read with it, "about the 300" is not. So
    // may a distributive: "about every 30 days".
    let distributive = matches!(text.word_before(first), "every" | "each");
    let ends = [Some(first), first.checked_sub(1).filter(|_| distributive)];
    for end in ends.into_iter().flatten() {
        for length in (1..=LONGEST_HEDGE).rev() {
            let Some(from) = end.checked_sub(length) else { continue };
            let words: Vec<&str> = (from..end).map(|at| text.word(at)).collect();
            if let Some(hedge) = data.hedges.get(words.join("-").as_str()) {
                if reached(text, from, &words) {
                    return (Hedge::None, last);
                }
                let compares = words.iter().any(|word| *word == "than" || word.starts_with("exceed"));
                return (if compares && negated(text, from) { hedge.turned() } else { *hedge }, last);
            }
        }
    }
    if at_tilde(text, first) {
        return (Hedge::About, last);
    }
    match first.checked_sub(1).and_then(|at| text.token(at)).map(|token| token.kind) {
        Some(Kind::Mark('>' | '≥')) => (Hedge::Over, last),
        Some(Kind::Mark('<' | '≤')) => (Hedge::Under, last),
        Some(_) | None => (Hedge::None, last),
    }
}

/// Whether "up to" says where something has come: "we are now up to 300".
fn reached(text: &Text, from: usize, words: &[&str]) -> bool {
    let be = |word: &str| matches!(word, "am" | "is" | "are" | "was" | "were" | "now");
    words == ["up", "to"] && be(text.word_before(from))
}

/// How far before a comparison a word may stand that negates it, in tokens.
const NEGATED: usize = 8;

/// Whether a comparison that begins at `from` is negated in its clause: "does not allow joins of
/// more than 64" is at most 64.
fn negated(text: &Text, from: usize) -> bool {
    let data = Data::get();
    let Some(start) = text.token(from) else { return false };
    let clause = (from.saturating_sub(NEGATED)..from).rev().map_while(|at| {
        let token = text.token(at).filter(|token| token.sentence == start.sentence)?;
        match token.kind {
            Kind::Mark(',' | ';' | ':' | '(' | ')' | '\u{2013}') => None,
            Kind::Word if matches!(token.text.as_str(), "but" | "and" | "while" | "because") => None,
            Kind::Mark(_) | Kind::Word | Kind::Number | Kind::Code => Some(token),
        }
    });
    let negating =
        clause.filter(|token| data.negators.contains(token.text.as_str()) || token.text.ends_with("n't")).count();
    negating % 2 == 1
}

fn at_tilde(text: &Text, first: usize) -> bool {
    first.checked_sub(1).is_some_and(|at| matches!(text.token(at).map(|t| t.kind), Some(Kind::Mark('~' | '≈' | '±'))))
}
