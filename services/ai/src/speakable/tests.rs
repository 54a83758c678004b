//! How text is spoken: the tables of cases under `tests/speech`, each case by itself and in every
//! place where it may stand, what marks change, and what holds for any text.

mod marks;
mod places;
mod properties;
mod tables;

use super::table::Table;
use super::{Emoji, Language, speak};

/// What is said of a text that the document did not mark.
fn say(text: &str, language: Language) -> String {
    speak(text, &[], language, Emoji::Named).text
}

#[test]
fn every_unit_prefix_and_sign_has_its_words_in_every_language() {
    for (table, file) in [
        ("units", include_str!("../../data/common/units.txt")),
        ("prefixes", include_str!("../../data/common/prefixes.txt")),
        ("signs", include_str!("../../data/common/signs.txt")),
    ] {
        // `id | flags`, where the last word names the entry.
        for (_, value) in Table::parse(file).entries() {
            let id = value.split(" | ").next().and_then(|id| id.split(' ').next_back()).unwrap();
            for language in Language::ALL {
                let words = language.grammar().get(table, id);
                assert!(words.is_some_and(|words| !words.is_empty()), "{id} of {table} in {language:?}");
            }
        }
    }
}
