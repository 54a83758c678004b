//! Two values with a dash between them are a range; a number before one takes its unit, its
//! currency or its era.

use crate::speakable::grammar::Grammar;
use crate::speakable::span::{Amount, Bound, Cost, Date, DateForm, Money, Number, Range, Span, Time, Value, Year};
use crate::speakable::text::Text;

/// Joins values to ranges, from left to right.
pub(super) fn join(text: &Text, cover: Vec<Span>, grammar: &'static Grammar) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::with_capacity(cover.len());
    for span in cover {
        spans.push(span);
        let joined = match spans.as_slice() {
            [.., before, from, joint, to] => range(text, grammar, Some(before), [from, joint, to]),
            [from, joint, to] => range(text, grammar, None, [from, joint, to]),
            _ => None,
        };
        if let Some(value) = joined {
            replace(&mut spans, 3, value);
        } else if let Some(value) = about(spans.as_slice()) {
            replace(&mut spans, 2, value);
        }
    }
    spans
}

/// One span in the place of the last ones.
fn replace(spans: &mut Vec<Span>, count: usize, value: Value) {
    let replaced = spans.split_off(spans.len().saturating_sub(count));
    if let (Some(first), Some(last)) = (replaced.first(), replaced.last()) {
        spans.push(Span { start: first.start, end: last.end, value, cost: Cost::FAIR });
    }
}

/// How two values stand apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// A hyphen or dash that touches both.
    Glued,
    /// A dash with a space on both sides.
    Dash,
    /// A hyphen with a space on both sides, which may be a pause or a minus as well.
    Hyphen,
}

/// The joint between two values; none where what stands between is no dash, or where a row of
/// dashes makes it no range (`1-2-3`).
fn joint(text: &Text, before: Option<&Span>, [from, joint, to]: [&Span; 3]) -> Option<Joint> {
    let dash = |c: Option<&char>| matches!(c, Some('-' | '–' | '—' | '~'));
    let sign = text.chars.get(joint.start).copied().filter(|c| joint.end - joint.start == 1 && dash(Some(c)))?;
    let row = before.is_some_and(|before| before.end == from.start && dash(text.chars.get(before.start)))
        || (dash(text.chars.get(to.end)) && text.chars.get(to.end + 1).is_some_and(char::is_ascii_digit));
    if row {
        return None;
    }
    match (sign, joint.start - from.end, to.start - joint.end) {
        (_, 0, 0) => Some(Joint::Glued),
        ('–', 1, 1) => Some(Joint::Dash),
        ('-', 1, 1) => Some(Joint::Hyphen),
        _ => None,
    }
}

/// The range that three spans make.
fn range(text: &Text, grammar: &'static Grammar, before: Option<&Span>, spans: [&Span; 3]) -> Option<Value> {
    let joint = joint(text, before, spans)?;
    let [from, _, to] = spans;
    if joint == Joint::Hyphen && matches!(from.value, Value::Cardinal(_)) && matches!(to.value, Value::Cardinal(_)) {
        return None;
    }
    let letters = joint == Joint::Glued && text.chars.get(spans[1].start) == Some(&'–');
    pair(&from.value, &to.value, grammar).or_else(|| {
        let single = |span: &Span| match (span.end - span.start, text.chars.get(span.start)) {
            (1, Some(letter)) if letter.is_uppercase() => Some(Value::Letter(*letter)),
            _ => None,
        };
        letters.then(|| Some(both(single(from)?, single(to)?))).flatten()
    })
}

/// From one value to another.
fn both(from: Value, to: Value) -> Value {
    Value::Range(Box::new(Range { from, to }))
}

/// The range from one value to another; none where they make none.
fn pair(from: &Value, to: &Value, grammar: &'static Grammar) -> Option<Value> {
    match (from, to) {
        (Value::Cardinal(from), Value::Cardinal(to)) => numbers(from, to),
        (Value::Cardinal(number), to) => before_value(number, to),
        (Value::Year(year), Value::Cardinal(to)) if year.era.is_none() || year.era_first => {
            Some(both(from.clone(), last_year(to)?))
        }
        (Value::Ordinal(ordinal), Value::Date(date)) if grammar.ordinal_stop => days(ordinal.number, date),
        (Value::Money(money), Value::Cardinal(to)) if money.minor.is_none() && money.per.is_empty() => {
            let amount = between(&money.amount, to)?;
            Some(Value::Money(Box::new(Money { amount, ..(**money).clone() })))
        }
        (Value::Percent(first), Value::Percent(last)) if first.part == last.part => {
            let (Amount::Number(_), Amount::Number(to)) = (&first.amount, &last.amount) else { return None };
            let mut percent = (**first).clone();
            (percent.amount, percent.twice) = (between(&first.amount, to)?, true);
            Some(Value::Percent(Box::new(percent)))
        }
        _ if like(from, to) => Some(both(from.clone(), to.clone())),
        _ => None,
    }
}

/// Whether two values are of one kind of which there are ranges.
fn like(from: &Value, to: &Value) -> bool {
    matches!(
        (from, to),
        (Value::Time(_), Value::Time(_))
            | (Value::Date(_), Value::Date(_))
            | (Value::Year(_), Value::Year(_))
            | (Value::Decade(_), Value::Decade(_))
            | (Value::Century { .. }, Value::Century { .. })
            | (Value::Ordinal(_), Value::Ordinal(_) | Value::Century { .. })
            | (Value::Roman(_), Value::Roman(_))
            | (Value::Roman(_), Value::Century { .. })
            | (Value::Fraction(_), Value::Fraction(_))
            | (Value::Locator(_), Value::Locator(_))
            | (Value::Measure(_), Value::Measure(_))
            | (Value::Money(_), Value::Money(_))
            | (Value::Duration(_), Value::Duration(_))
            | (Value::Angle(_), Value::Angle(_))
    )
}

/// Whether a number may be the first of a range that is written by it alone.
fn begins(number: &Number) -> bool {
    number.exponent.is_none()
}

fn numbers(from: &Number, to: &Number) -> Option<Value> {
    (begins(from) && to.bound.is_none()).then(|| both(Value::Cardinal(from.clone()), Value::Cardinal(to.clone())))
}

/// The last year of a range: `20` of `2019–20`.
fn last_year(number: &Number) -> Option<Value> {
    let short = number.is_plain() && number.whole.len() == 2;
    let value = number.whole.parse().ok().filter(|_| short || number.four().is_some())?;
    Some(Value::Year(Year { short, ..Year::of(value) }))
}

/// A number before a value takes what the value has.
fn before_value(number: &Number, to: &Value) -> Option<Value> {
    if !begins(number) {
        return None;
    }
    let first = || Amount::Number(number.clone());
    let with = |amount: &Amount| match amount {
        Amount::Number(last) => between(&first(), last),
        Amount::Fraction(_) | Amount::Between(_) | Amount::Product(_) | Amount::Tolerance(_) => None,
    };
    if let Value::Measure(measure) = to {
        let mut measure = (**measure).clone();
        measure.amount = with(&measure.amount)?;
        return Some(Value::Measure(Box::new(measure)));
    }
    if let Value::Percent(percent) = to {
        let mut percent = (**percent).clone();
        percent.amount = with(&percent.amount)?;
        return Some(Value::Percent(Box::new(percent)));
    }
    if let Value::Money(money) = to {
        let mut money = (**money).clone();
        money.amount = with(&money.amount).filter(|_| money.minor.is_none())?;
        return Some(Value::Money(Box::new(money)));
    }
    if let Value::Year(year) = to {
        let from = number.value().and_then(|value| u32::try_from(value).ok()).filter(|_| number.is_plain())?;
        return Some(both(Value::Year(Year::of(from)), Value::Year(*year)));
    }
    if let Value::Time(time) = to {
        let hour = number.value().and_then(|value| u8::try_from(value).ok()).filter(|hour| *hour <= 24)?;
        let from = Time { hour, minute: None, second: None, fraction: None, meridiem: None, clock: false, zone: None };
        return number.is_plain().then(|| both(Value::Time(Box::new(from)), Value::Time(time.clone())));
    }
    if let Value::Date(date) = to {
        return number.value().filter(|_| number.is_plain()).and_then(|day| days(day, date));
    }
    None
}

/// Two days of one month.
fn days(first: u128, date: &Date) -> Option<Value> {
    let first = u8::try_from(first).ok().filter(|day| (1..=31).contains(day))?;
    let days = date.form == DateForm::DayFirst && date.last_day.is_none() && date.weekday.is_none();
    let last = date.day.filter(|last| days && first < *last)?;
    let both = Date { day: Some(first), last_day: Some(last), ..date.clone() };
    Some(Value::Date(Box::new(both)))
}

/// From an amount to a number.
fn between(from: &Amount, to: &Number) -> Option<Amount> {
    let Amount::Number(from) = from else { return None };
    Some(Amount::Between(Box::new((from.clone(), to.clone()))))
}

/// `20~30 s`: a tilde that touches a number from the right is no "about".
fn about(spans: &[Span]) -> Option<Value> {
    let [.., from, to] = spans else { return None };
    let Value::Cardinal(number) = &from.value else { return None };
    if from.end != to.start || !begins(number) {
        return None;
    }
    let bare = |number: &Number| (number.bound == Some(Bound::About)).then(|| Number { bound: None, ..number.clone() });
    let amount = |amount: &Amount| match amount {
        Amount::Number(last) => between(&Amount::Number(number.clone()), &bare(last)?),
        Amount::Fraction(_) | Amount::Between(_) | Amount::Product(_) | Amount::Tolerance(_) => None,
    };
    if let Value::Cardinal(last) = &to.value {
        return Some(both(from.value.clone(), Value::Cardinal(bare(last)?)));
    }
    if let Value::Measure(measure) = &to.value {
        let mut measure = (**measure).clone();
        measure.amount = amount(&measure.amount)?;
        return Some(Value::Measure(Box::new(measure)));
    }
    if let Value::Percent(percent) = &to.value {
        let mut percent = (**percent).clone();
        percent.amount = amount(&percent.amount)?;
        return Some(Value::Percent(Box::new(percent)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settled, span};
    use super::*;
    use crate::speakable::span::{Measure, Unit};

    fn time(hour: u8, minute: Option<u8>) -> Value {
        let time = Time { hour, minute, second: None, fraction: None, meridiem: None, clock: false, zone: None };
        Value::Time(Box::new(time))
    }

    #[test]
    fn values_with_a_dash_between_them_are_a_range() {
        let text = "9:00-17:30";
        let parts = vec![
            span(text, "9:00", time(9, Some(0))),
            span(text, "-", Value::Pause(',')),
            span(text, "17:30", time(17, Some(30))),
        ];
        assert_eq!(settled(text, parts)[0].value, both(time(9, Some(0)), time(17, Some(30))));
    }

    #[test]
    fn a_number_takes_the_unit_of_the_other_one() {
        let measure = |amount| Value::Measure(Box::new(Measure { amount, unit: Unit::default(), adjective: false }));
        for (text, joint) in [("5-10 km", "-"), ("5 – 10 km", "–")] {
            let parts = vec![
                span(text, "5", Value::Cardinal(Number::of(5))),
                span(text, joint, Value::Silent),
                span(text, "10 km", measure(Amount::Number(Number::of(10)))),
            ];
            let between = Amount::Between(Box::new((Number::of(5), Number::of(10))));
            assert_eq!(settled(text, parts)[0].value, measure(between), "{text}");
        }
    }

    #[test]
    fn a_row_of_numbers_and_a_spaced_hyphen_are_no_range() {
        for (text, joint) in [("1-2-3", "-"), ("1 - 2", "-")] {
            let mut parts = vec![
                span(text, "1", Value::Cardinal(Number::of(1))),
                span(text, joint, Value::Silent),
                span(text, "2", Value::Cardinal(Number::of(2))),
            ];
            if text.ends_with('3') {
                let second = Span { start: 3, end: 4, value: Value::Silent, cost: Cost::PLAIN };
                parts.extend([second, span(text, "3", Value::Cardinal(Number::of(3)))]);
            }
            let count = parts.len();
            assert_eq!(settled(text, parts).len(), count, "{text}");
        }
    }
}
