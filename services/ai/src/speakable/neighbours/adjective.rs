//! A measure or an amount of money before a noun says of which kind that is: "a ten-megabyte
//! file", "a five million dollar deal".

use crate::speakable::span::{Measure, Money, Value};
use crate::speakable::verbalise::Scene;

/// The same value before its noun.
pub(super) fn settle(scene: &Scene<'_>) -> Option<Value> {
    let value = &scene.span()?.value;
    if let Value::Measure(measure) = value {
        let adjective = before_noun(scene) && (is_determined(scene, &DETERMINERS) || is_measured(scene));
        return adjective.then(|| Value::Measure(Box::new(Measure { adjective: true, ..(**measure).clone() })));
    }
    if let Value::Money(money) = value {
        let adjective = before_noun(scene) && is_determined(scene, &ARTICLES);
        return adjective.then(|| Value::Money(Box::new(Money { adjective: true, ..(**money).clone() })));
    }
    None
}

/// Sets of words of which one leads to a measure that says of which kind a noun is.
const DETERMINERS: [&str; 3] = ["articles", "articles_definite", "determiners"];
/// The same of money, which is rather counted behind others: "the five million dollars".
const ARTICLES: [&str; 1] = ["articles"];

/// Whether a word in small letters that may be a noun follows across a space.
fn before_noun(scene: &Scene<'_>) -> bool {
    let noun = |word: &str| {
        word.chars().count() > 1 && word.chars().all(char::is_lowercase) && !scene.in_context("no_noun", word)
    };
    scene.grammar.adjective
        && scene.char_behind().is_some_and(char::is_whitespace)
        && scene.next_word().is_some_and(noun)
}

/// Whether a word of one of the sets leads to the amount, perhaps with another one between: "a
/// small 40 cm gap".
fn is_determined(scene: &Scene<'_>, sets: &[&str]) -> bool {
    let determiner = |word: &str| sets.iter().any(|set| scene.in_context(set, word));
    let adjective = |word: &str| word.chars().all(char::is_lowercase) && !scene.in_context("no_noun", word);
    scene.word(-1).is_some_and(determiner)
        || (scene.word(-1).is_some_and(adjective) && scene.word(-2).is_some_and(determiner))
}

/// Whether the noun is one of those that are always measured so: "at five second intervals".
fn is_measured(scene: &Scene<'_>) -> bool {
    scene.next_word().is_some_and(|word| scene.in_context("measured_nouns", word))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settled, span};
    use super::*;
    use crate::speakable::span::{Amount, Number, Unit};

    #[test]
    fn a_measure_between_an_article_and_a_noun_is_an_adjective() {
        for (text, wanted) in
            [("a 5 km run", true), ("a 5 km of it", false), ("some 5 km run", false), ("a 5 km, run", false)]
        {
            let measure = Measure { amount: Amount::Number(Number::of(5)), unit: Unit::default(), adjective: false };
            let spans = settled(text, vec![span(text, "5 km", Value::Measure(Box::new(measure)))]);
            let adjective = spans.iter().any(|span| matches!(&span.value, Value::Measure(m) if m.adjective));
            assert_eq!(adjective, wanted, "{text}");
        }
    }
}
