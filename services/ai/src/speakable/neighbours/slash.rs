//! What a slash means that no recogniser read: per, over, or a break between two words.

use super::{is_operand, is_term};
use crate::speakable::span::{Span, Symbol, Value};
use crate::speakable::verbalise::Scene;

/// Letters that are rather a variable before a slash and a number than a name.
const VARIABLES: [&str; 6] = ["k", "m", "n", "x", "y", "z"];

/// What is said for a slash by itself.
pub(super) fn settle(scene: &Scene<'_>) -> Option<Value> {
    if scene.written() != "/" {
        return None;
    }
    let (left, right) = (scene.neighbour(-1)?, scene.neighbour(1)?);
    let word = scene.neighbour_written(1)?;
    let glued = scene.span().is_some_and(|slash| left.end == slash.start && slash.end == right.start);
    if glued && is_amount(left) {
        let letter = is_letter(right);
        let noun = !letter && matches!(right.value, Value::Word | Value::Unit(_) | Value::Abbreviation(_));
        if noun || (letter && scene.grammar.unit(word).is_some()) {
            return Some(Value::Symbol(Symbol::PER));
        }
        // `1/n`, and not `3/X`, the number of a flat.
        let divides = (letter && word.chars().all(char::is_lowercase))
            || matches!(right.value, Value::Cardinal(_) | Value::Measure(_));
        return divides.then_some(Value::Symbol(Symbol::OVER));
    }
    // `n/2`, and neither `f/2.8`, an aperture, nor `w/2`.
    let variable = is_letter(left) && scene.neighbour_written(-1).is_some_and(|letter| VARIABLES.contains(&letter));
    if glued && variable && matches!(right.value, Value::Cardinal(_)) {
        return Some(Value::Symbol(Symbol::OVER));
    }
    let maths = is_maths(left) || is_maths(right) || near_operator(scene);
    (is_operand(left) && is_operand(right) && maths).then_some(Value::Symbol(Symbol::OVER))
}

/// Whether it is a letter by itself.
fn is_letter(span: &Span) -> bool {
    matches!(span.value, Value::Word | Value::Letter(_)) && span.end - span.start == 1
}

/// Whether it is so many of something, of which there may be so many per something else.
fn is_amount(span: &Span) -> bool {
    matches!(
        span.value,
        Value::Measure(_) | Value::Money(_) | Value::Cardinal(_) | Value::Compound(_) | Value::Chemical(_)
    )
}

/// Whether it is a term that prose has none of.
fn is_maths(span: &Span) -> bool {
    matches!(span.value, Value::Power { .. } | Value::Greek(_) | Value::Applied(_))
}

/// Whether an operator stands beside one of the operands.
fn near_operator(scene: &Scene<'_>) -> bool {
    let operator = |span: &Span| {
        matches!(span.value, Value::Symbol(Symbol::EQUALS | Symbol::PLUS | Symbol::MINUS | Symbol::TIMES))
    };
    let term = |offset| scene.neighbour(offset).is_some_and(|span| is_term(&span.value) || is_operand(span));
    [(-1, -2), (1, 2)].iter().any(|(beside, behind)| term(*beside) && scene.neighbour(*behind).is_some_and(operator))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settled, span};
    use super::*;
    use crate::speakable::span::{Amount, Currency, Exponent, Money, Number};

    #[test]
    fn behind_an_amount_a_slash_is_per_and_between_terms_it_divides() {
        let money = Value::Money(Box::new(Money {
            amount: Amount::Number(Number::of(5)),
            currency: Currency { code: "EUR", of_country: false },
            minor: None,
            per: Vec::new(),
            adjective: false,
        }));
        let square =
            Value::Power { base: Some(Box::new(Value::Letter('x'))), exponent: Exponent::Number(Number::of(2)) };
        for (text, first, written, wanted) in [
            ("5 €/person", Some(&money), "5 €", Some(Symbol::PER)),
            ("x²/y", Some(&square), "x²", Some(Symbol::OVER)),
            ("and/or", None, "and", None),
            ("1/n", Some(&Value::Cardinal(Number::of(1))), "1", Some(Symbol::OVER)),
            ("3/X", Some(&Value::Cardinal(Number::of(3))), "3", None),
        ] {
            let mut parts: Vec<Span> = first.map(|value| span(text, written, value.clone())).into_iter().collect();
            parts.push(span(text, "/", Value::Silent));
            let value = wanted.map_or(Value::Silent, Value::Symbol);
            assert!(settled(text, parts).iter().any(|span| span.value == value), "{text}");
        }
    }
}
