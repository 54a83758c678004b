//! What a slash means that no recogniser read: per, over, or a break between two words.

use super::{is_operand, is_term};
use crate::speakable::span::{Span, Symbol, Value};
use crate::speakable::verbalise::Scene;

/// What is said for a slash by itself.
pub(super) fn settle(scene: &Scene<'_>) -> Option<Value> {
    if scene.written() != "/" {
        return None;
    }
    let (left, right) = (scene.neighbour(-1)?, scene.neighbour(1)?);
    let word = scene.neighbour_written(1)?;
    let glued = scene.span().is_some_and(|slash| left.end == slash.start && slash.end == right.start);
    if glued && is_amount(left) {
        let noun = matches!(right.value, Value::Word | Value::Unit(_) | Value::Abbreviation(_));
        let unit = matches!(right.value, Value::Letter(_)) && scene.grammar.unit(word).is_some();
        if noun || unit {
            return Some(Value::Symbol(Symbol::PER));
        }
        return matches!(right.value, Value::Cardinal(_) | Value::Measure(_)).then_some(Value::Symbol(Symbol::OVER));
    }
    let maths = is_maths(left) || is_maths(right) || near_operator(scene);
    (is_operand(left) && is_operand(right) && maths).then_some(Value::Symbol(Symbol::OVER))
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
        ] {
            let mut parts: Vec<Span> = first.map(|value| span(text, written, value.clone())).into_iter().collect();
            parts.push(span(text, "/", Value::Silent));
            let value = wanted.map_or(Value::Silent, Value::Symbol);
            assert!(settled(text, parts).iter().any(|span| span.value == value), "{text}");
        }
    }
}
