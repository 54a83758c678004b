//! `St.` and `Dr.`: behind a name and before none they are part of an address.

use crate::speakable::span::{Abbreviation, AbbreviationUse, Span, Value};
use crate::speakable::verbalise::Scene;

/// The abbreviation as that of a street.
pub(super) fn settle(scene: &Scene<'_>) -> Option<Value> {
    let Value::Abbreviation(abbreviation) = &scene.span()?.value else { return None };
    let street = abbreviation.street?;
    (behind_name(scene) && !before_name(scene)).then(|| {
        let settled =
            Abbreviation { said: street, used: AbbreviationUse::End, street: None, ending: abbreviation.ending };
        Value::Abbreviation(settled)
    })
}

/// Whether a name or an ordinal stands before.
fn behind_name(scene: &Scene<'_>) -> bool {
    let ordinal = |span: &Span| matches!(span.value, Value::Ordinal(_) | Value::Street(_));
    scene.previous_word().is_some_and(|word| word.starts_with(char::is_uppercase))
        || scene.neighbour(-1).is_some_and(ordinal)
}

/// Whether a name stands behind: a capital that begins neither a sentence nor another part of the
/// address.
fn before_name(scene: &Scene<'_>) -> bool {
    let Some(word) = scene.next_word() else { return false };
    let ends = scene.grammar.has("starters", &word.to_lowercase())
        || scene.grammar.has("sides", word)
        || scene.in_context("address", word);
    word.starts_with(char::is_uppercase) && !ends
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settled, span};
    use super::*;
    use crate::speakable::span::Ending;

    #[test]
    fn behind_a_name_and_before_none_it_is_a_street() {
        for (text, wanted) in
            [("Oak St. is", "Street"), ("in Oak St.", "Street"), ("Oak St. John", "Saint"), ("at St. John", "Saint")]
        {
            let saint = Abbreviation {
                said: "Saint",
                used: AbbreviationUse::Title,
                street: Some("Street"),
                ending: Ending::None,
            };
            let spans = settled(text, vec![span(text, "St.", Value::Abbreviation(saint))]);
            let is_wanted = |span: &Span| matches!(&span.value, Value::Abbreviation(a) if a.said == wanted);
            assert!(spans.iter().any(is_wanted), "{text}");
        }
    }
}
