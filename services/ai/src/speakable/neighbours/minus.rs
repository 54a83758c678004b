//! A hyphen or dash between two terms of a calculation is a minus.

use super::is_operand;
use crate::speakable::span::{Span, Symbol, Value};
use crate::speakable::verbalise::Scene;

/// How many spans away another operator is looked for.
const NEAR: isize = 4;

/// A minus, for a hyphen or dash with a space on both sides between two terms, of which one is no
/// plain amount, or near which another operator stands.
pub(super) fn settle(scene: &Scene<'_>) -> Option<Value> {
    if !matches!(scene.written(), "-" | "–" | "−") {
        return None;
    }
    let (left, right) = (scene.neighbour(-1)?, scene.neighbour(1)?);
    let spaced = [scene.char_before(), scene.char_behind()].iter().all(|c| c.is_some_and(char::is_whitespace));
    if !spaced || !is_operand(left) || !is_operand(right) {
        return None;
    }
    let certain = is_expression(left) || is_expression(right) || near_operator(scene);
    certain.then_some(Value::Symbol(Symbol::MINUS))
}

/// Whether it is a term that stands in calculations alone.
fn is_expression(span: &Span) -> bool {
    matches!(span.value, Value::Power { .. } | Value::Greek(_) | Value::Applied(_) | Value::Terms(_))
}

/// Whether another operator stands near.
fn near_operator(scene: &Scene<'_>) -> bool {
    let operator = |span: &Span| {
        matches!(
            span.value,
            Value::Symbol(Symbol::EQUALS | Symbol::PLUS | Symbol::MINUS | Symbol::TIMES | Symbol::DIVIDED_BY)
        )
    };
    (-NEAR..=NEAR).any(|offset| offset != 0 && scene.neighbour(offset).is_some_and(operator))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settled, span};
    use super::*;
    use crate::speakable::span::Number;

    #[test]
    fn a_spaced_hyphen_is_a_minus_where_something_is_calculated() {
        for (text, wanted) in [("5 - 3 = 2", true), ("5 - 3 days", false), ("5-3 = 2", false)] {
            let mut parts = vec![
                span(text, "5", Value::Cardinal(Number::of(5))),
                span(text, "-", Value::Pause(',')),
                span(text, "3", Value::Cardinal(Number::of(3))),
            ];
            if text.contains('=') {
                parts.push(span(text, "=", Value::Symbol(Symbol::EQUALS)));
            }
            let spans = settled(text, parts);
            let minus = spans.iter().any(|span| span.value == Value::Symbol(Symbol::MINUS));
            assert_eq!(minus, wanted, "{text}");
        }
    }
}
