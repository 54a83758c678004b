//! Between two measures a times sign, or the letter x, parts sides: `10 cm × 15 cm`.

use crate::speakable::span::{Span, Symbol, Value};
use crate::speakable::verbalise::Scene;

/// "By", for what stands between two measures.
pub(super) fn settle(scene: &Scene<'_>) -> Option<Value> {
    if !matches!(scene.written(), "×" | "x") {
        return None;
    }
    let measure = |span: &Span| matches!(span.value, Value::Measure(_) | Value::Compound(_));
    let sides = scene.neighbour(-1).is_some_and(measure) && scene.neighbour(1).is_some_and(measure);
    sides.then_some(Value::Symbol(Symbol::BY))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settled, span};
    use super::*;
    use crate::speakable::span::{Amount, Measure, Number, Unit};

    #[test]
    fn between_measures_it_is_by() {
        let measure = |number| {
            let amount = Amount::Number(Number::of(number));
            Value::Measure(Box::new(Measure { amount, unit: Unit::default(), adjective: false }))
        };
        for (text, sign, wanted) in
            [("10 cm × 15 cm", "×", true), ("10 cm x 15 cm", "x", true), ("10 cm x", "x", false)]
        {
            let mut parts = vec![span(text, "10 cm", measure(10)), span(text, sign, Value::Letter('x'))];
            if text.contains("15") {
                parts.push(span(text, "15 cm", measure(15)));
            }
            let spans = settled(text, parts);
            assert_eq!(spans.iter().any(|span| span.value == Value::Symbol(Symbol::BY)), wanted, "{text}");
        }
    }
}
