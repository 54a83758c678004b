//! Numbers in words: "two hundred and five", "three point two billion", "nineteen sixty-seven", "a
//! third", "twenty-first".

use super::data::Data;
use super::numerals::Core;
use crate::grounding::number::{Form, step};
use crate::grounding::text::{Kind, Text};

/// The value of a fraction of one character.
pub(super) const fn vulgar(mark: char) -> Option<f64> {
    Some(match mark {
        '½' => 0.5,
        '⅓' => 1.0 / 3.0,
        '⅔' => 2.0 / 3.0,
        '¼' => 0.25,
        '¾' => 0.75,
        '⅕' => 0.2,
        '⅛' => 0.125,
        _ => return None,
    })
}

/// The number in words that begins at `at`.
pub(super) fn at(text: &Text, at: usize) -> Option<Core> {
    if let Some(Kind::Mark(mark)) = text.token(at).map(|token| token.kind) {
        return vulgar(mark).map(|value| Core { value, step: 0.25, form: Form::Part, next: at + 1, weak: false });
    }
    let word = text.word(at);
    if word.is_empty() {
        return None;
    }
    let data = Data::get();
    if let Some(value) = data.numeral("multiple", word) {
        return Some(Core { value, step: 1.0, form: Form::Multiple, next: at + 1, weak: false });
    }
    if word == "half" {
        return Some(half(text, at));
    }
    // "A quarter-century", "a quarter mile".
    let unit = || super::units::at(text, at + 1, false).is_some();
    if word == "quarter" && text.word_before(at) != "to" && unit() {
        return Some(Core { value: 0.25, step: 0.25, form: Form::Part, next: at + 1, weak: false });
    }
    if matches!(word, "a" | "an") {
        return article(text, at);
    }
    if let Some(value) = data.numeral("ordinal", word) {
        return Some(ordinal(text, at, value));
    }
    let mut core = cardinal(text, at)?;
    point(text, &mut core);
    magnitudes(text, &mut core);
    fraction(text, &mut core);
    Some(core)
}

/// "Half", "half a million". Alone it is a fact only before what it is a half of.
fn half(text: &Text, at: usize) -> Core {
    let of = matches!(text.word(at + 1), "of" | "the" | "a" | "an");
    let mut core = Core { value: 0.5, step: 0.25, form: Form::Part, next: at + 1, weak: !of };
    if matches!(text.word(at + 1), "a" | "an") && scale(text.word(at + 2)).is_some() {
        core.next = at + 2;
        core.form = Form::Cardinal;
        magnitudes(text, &mut core);
    }
    core
}

/// "A hundred", "a third of"; "a metre" is one of it.
fn article(text: &Text, at: usize) -> Option<Core> {
    let data = Data::get();
    let word = text.word(at + 1);
    let mut core = Core { value: 1.0, step: 1.0, form: Form::Cardinal, next: at + 1, weak: true };
    if scale(word).is_some() {
        core.weak = false;
        magnitudes(text, &mut core);
        tail(text, &mut core);
        return Some(core);
    }
    if let Some(part) = data.numeral("part", word).filter(|_| is_part(text, at + 1)) {
        return Some(Core { value: 1.0 / part, form: Form::Part, next: at + 2, weak: false, ..core });
    }
    super::units::at(text, at + 1, false).map(|_| core)
}

/// Whether the word, which may be an ordinal, is rather a part: "a third of", "by a third.".
fn is_part(text: &Text, at: usize) -> bool {
    let word = text.word(at);
    if matches!(word, "half" | "quarter") {
        return !matches!(text.word(at + 1), "to" | "past" | "hour");
    }
    if word == "second" {
        return false;
    }
    let after = text.token(at + 1);
    let ends = after.is_none_or(|token| matches!(token.kind, Kind::Mark(mark) if mark != '-'));
    ends || matches!(
        text.word(at + 1),
        "of" | "as" | "more" | "less" | "larger" | "smaller" | "higher" | "lower" | "to" | "and"
    )
}

fn ordinal(text: &Text, at: usize, value: f64) -> Core {
    let word = text.word(at);
    let data = Data::get();
    let unit = word == "second" && matches!(text.word_before(at), "per" | "a" | "each" | "every" | "one");
    let turn =
        data.discourse("turn", word) && text.token(at).is_some_and(|token| token.opens || text.is_mark(at + 1, ','));
    let never = data.discourse("never", word) && !data.discourse("fact", text.word(at + 1));
    Core { value, step: 1.0, form: Form::Ordinal, next: at + 1, weak: unit || turn || never }
}

/// The value of a word that multiplies what is before it.
fn scale(word: &str) -> Option<f64> {
    Data::get().numeral("times", word)
}

/// A whole number in words below a thousand thousand, and pairs that are years.
fn cardinal(text: &Text, at: usize) -> Option<Core> {
    let data = Data::get();
    let first = below_hundred(text, at)?;
    let (value, next) = first;
    // "Nineteen sixty-seven", "twenty twenty-six".
    let pair = below_hundred(text, next).filter(|(rest, _)| *rest >= 10.0 && (10.0..=21.0).contains(&value));
    if let Some((rest, next)) = pair {
        return Some(Core { value: value * 100.0 + rest, step: 1.0, form: Form::Cardinal, next, weak: false });
    }
    let weak = data.discourse("never", text.word(at)) && next == at + 1;
    // A compound may end in an ordinal: "twenty-first".
    let last_at = text.past_hyphen(next);
    let compound = value >= 20.0 && value % 10.0 == 0.0 && last_at > next;
    let last = data.numeral("ordinal", text.word(last_at)).filter(|last| compound && *last < 10.0);
    if let Some(last) = last {
        let value = value + last;
        return Some(Core { value, step: 1.0, form: Form::Ordinal, next: last_at + 1, weak: false });
    }
    Some(Core { value, step: step(&format!("{value}")), form: Form::Cardinal, next, weak })
}

/// A number from zero to ninety-nine, and the place behind it.
fn below_hundred(text: &Text, at: usize) -> Option<(f64, usize)> {
    let data = Data::get();
    if let Some(value) = data.numeral("unit", text.word(at)) {
        return Some((value, at + 1));
    }
    let tens = data.numeral("tens", text.word(at))?;
    let unit_at = text.past_hyphen(at + 1);
    let unit = data.numeral("unit", text.word(unit_at)).filter(|unit| (1.0..10.0).contains(unit));
    Some(unit.map_or((tens, at + 1), |unit| (tens + unit, unit_at + 1)))
}

/// "Point two five" behind a number.
fn point(text: &Text, core: &mut Core) {
    if text.word(core.next) != "point" {
        return;
    }
    let digit = |at: usize| Data::get().numeral("unit", text.word(at)).filter(|digit| *digit < 10.0);
    let (mut place, mut at) = (1.0, core.next + 1);
    while let Some(digit) = digit(at) {
        place /= 10.0;
        core.value += digit * place;
        at += 1;
    }
    if at > core.next + 1 {
        (core.step, core.next, core.weak) = (place, at, false);
        // What was added tenth by tenth is rounded to what is said.
        core.value = (core.value / place).round() * place;
    }
}

/// "Hundred", "thousand", "million" and what follows them: "two million three hundred thousand and
/// five".
pub(super) fn magnitudes(text: &Text, core: &mut Core) {
    let mut scaled = false;
    while let Some(times) = scale(text.word(text.past_hyphen(core.next))) {
        core.value *= times;
        core.step *= times;
        core.next = text.past_hyphen(core.next) + 1;
        core.weak = false;
        scaled = true;
        if !(core.value.is_finite() && core.step.is_finite()) {
            core.value = f64::MAX;
            core.step = 1.0;
            return;
        }
    }
    if scaled {
        tail(text, core);
    }
}

/// The smaller part behind a magnitude.
fn tail(text: &Text, core: &mut Core) {
    let from = core.next + usize::from(text.word(core.next) == "and");
    let digits = text.token(from).is_some_and(|token| token.kind == Kind::Number);
    let Some((value, mut next)) = (if digits { None } else { below_hundred(text, from) }) else { return };
    let mut value = value;
    let mut step = if value % 10.0 == 0.0 && value > 0.0 { 10.0 } else { 1.0 };
    while let Some(times) = scale(text.word(next)) {
        // "One hundred and thirty million": all of it is multiplied, below.
        if value * times >= core.step.max(core.value) {
            break;
        }
        value *= times;
        step = times;
        next += 1;
    }
    // "In two hundred and five hundred" are two numbers; so is "one hundred and one thousand".
    if value >= core.step || value <= 0.0 {
        return;
    }
    core.value += value;
    core.step = step;
    core.next = next;
    if scale(text.word(next)).is_some() {
        magnitudes(text, core);
    } else if step > 1.0 {
        tail(text, core);
    }
}

/// "Thirds" behind a number, and "and a half".
fn fraction(text: &Text, core: &mut Core) {
    let data = Data::get();
    let at = text.past_hyphen(core.next);
    let word = text.word(at);
    let plural = word.ends_with('s') || word == "halves";
    if let Some(part) = data.numeral("part", word).filter(|_| core.value < 100.0 && core.value.fract() == 0.0) {
        // "One third may go": behind "one" there is no third one.
        let single = core.value > 0.0 && word != "second" && !plural;
        let one = core.value <= 1.0 && (at > core.next || is_part(text, at) || single);
        if plural && core.value > 1.0 || one {
            core.value /= part;
            (core.form, core.next, core.weak, core.step) = (Form::Part, at + 1, false, 1.0 / part);
            return;
        }
    }
    let article = usize::from(matches!(text.word(core.next + 1), "a" | "one"));
    let part = text.word(core.next + 1 + article);
    if text.word(core.next) == "and" && (article == 1 || part == "half") && matches!(part, "half" | "quarter") {
        core.value += if part == "half" { 0.5 } else { 0.25 };
        (core.next, core.weak, core.step) = (core.next + 2 + article, false, 0.25);
        return;
    }
    // "Two and three quarters".
    let above = data.numeral("unit", text.word(core.next + 1)).filter(|above| (1.0..10.0).contains(above));
    let at = text.past_hyphen(core.next + 2);
    let below = data.numeral("part", text.word(at)).filter(|below| above.is_some_and(|above| above < *below));
    if let (Some(above), Some(below), "and") = (above, below, text.word(core.next)) {
        core.value += above / below;
        (core.next, core.weak, core.step) = (at + 1, false, 1.0 / below);
    }
}

/// The value of a word that is a Roman numeral of at least two letters or an ordinal.
pub(super) fn numeral(word: &str) -> Option<f64> {
    Data::get().numeral("ordinal", word).or_else(|| roman(word))
}

/// The value of a Roman numeral of at least two letters.
pub(super) fn roman(word: &str) -> Option<f64> {
    let digits: Option<Vec<u32>> = word.chars().map(roman_digit).collect();
    let digits = digits.filter(|digits| (2..=8).contains(&digits.len()))?;
    let following = digits.iter().skip(1).chain(std::iter::once(&0));
    let (mut value, mut less) = (0, 0);
    for (digit, next) in digits.iter().zip(following) {
        if digit < next { less += digit } else { value += digit }
    }
    Some(f64::from(value) - f64::from(less))
}

const fn roman_digit(c: char) -> Option<u32> {
    Some(match c {
        'i' => 1,
        'v' => 5,
        'x' => 10,
        'l' => 50,
        'c' => 100,
        _ => return None,
    })
}
