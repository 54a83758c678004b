//! A number beside a year with an era, or at the other end of a range of years, is a year.

use crate::speakable::span::{Number, Span, Value, Year};
use crate::speakable::verbalise::Scene;

/// Years of four digits that a number beside a year is one of.
const YEARS: std::ops::RangeInclusive<u32> = 1000..=2099;

/// The year that a number is.
pub(super) fn settle(scene: &Scene<'_>) -> Option<Value> {
    let Value::Cardinal(number) = &scene.span()?.value else { return None };
    let year = u32::try_from(number.value()?).ok().filter(|_| number.is_plain())?;
    (leads_to_era(scene) || follows_year(scene, number)).then(|| Value::Year(Year::of(year)))
}

/// Whether "to" and a year with an era follow: `1493 to 1479 BC`.
fn leads_to_era(scene: &Scene<'_>) -> bool {
    let joined = scene.word(1).is_some_and(|word| scene.in_context("range", word));
    let era = |span: &Span| matches!(&span.value, Value::Year(year) if year.era.is_some());
    joined && scene.neighbour(2).is_some_and(era)
}

/// Whether a year and "to" stand before: `between 1914 and 1918`.
fn follows_year(scene: &Scene<'_>, number: &Number) -> bool {
    let joined = scene.word(-1).is_some_and(|word| scene.in_context("range", word));
    let year = scene.neighbour(-2).is_some_and(|span| matches!(span.value, Value::Year(_)));
    joined && year && number.four().is_some_and(|year| YEARS.contains(&year)) && !counts(scene)
}

/// Whether the number counts what stands behind it.
fn counts(scene: &Scene<'_>) -> bool {
    scene.next_word().is_some_and(|word| word.chars().all(char::is_lowercase) && !scene.in_context("no_noun", word))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settled, span};
    use super::*;
    use crate::speakable::span::Era;

    #[test]
    fn a_number_at_the_other_end_of_a_range_of_years_is_a_year() {
        let era = |number| Value::Year(Year { era: Some(Era::BeforeChrist), ..Year::of(number) });
        let text = "from 1493 to 1479 BC";
        let parts = vec![span(text, "1493", Value::Cardinal(Number::of(1493))), span(text, "1479 BC", era(1479))];
        assert!(settled(text, parts).iter().any(|span| span.value == Value::Year(Year::of(1493))));
        for (text, wanted) in [("1914 to 1918", true), ("1914 to 1918 pages", false), ("1914 with 1918", false)] {
            let parts = vec![
                span(text, "1914", Value::Year(Year::of(1914))),
                span(text, "1918", Value::Cardinal(Number::of(1918))),
            ];
            let settled = settled(text, parts);
            assert_eq!(settled.iter().any(|span| span.value == Value::Year(Year::of(1918))), wanted, "{text}");
        }
    }
}
