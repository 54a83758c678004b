//! Spanish: its tables, who says its values, and what a script says of a document in it.

mod function_words;
mod number;
mod verbalise;
mod wording;

use std::sync::LazyLock;

use crate::speakable::Breath;
use crate::speakable::grammar::{Grammar, Source};
use crate::speakable::language::Rules;
use crate::speakable::verbalise::Verbaliser;

/// The language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spanish;

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::load(Source {
        recognised: &[
            ("months", include_str!("../../../data/es/months.txt")),
            ("weekdays", include_str!("../../../data/es/weekdays.txt")),
            ("eras", include_str!("../../../data/es/eras.txt")),
            ("clock", include_str!("../../../data/es/clock.txt")),
            ("scales", include_str!("../../../data/es/scales.txt")),
            ("ordinals", include_str!("../../../data/es/ordinals.txt")),
            ("labels", include_str!("../../../data/es/labels.txt")),
            ("books", include_str!("../../../data/es/books.txt")),
            ("titles", include_str!("../../../data/es/titles.txt")),
            ("rulers", include_str!("../../../data/es/rulers.txt")),
            ("abbreviations", include_str!("../../../data/es/abbreviations.txt")),
            ("bare", include_str!("../../../data/es/bare.txt")),
            ("words", include_str!("../../../data/es/words.txt")),
            ("spoken_acronyms", include_str!("../../../data/es/spoken_acronyms.txt")),
            ("spelt_acronyms", include_str!("../../../data/es/spelt_acronyms.txt")),
            ("money_words", include_str!("../../../data/es/money_words.txt")),
            ("following", include_str!("../../../data/es/following.txt")),
            ("serials", include_str!("../../../data/es/serials.txt")),
            ("unit_symbols", include_str!("../../../data/es/unit_symbols.txt")),
            ("emoji", include_str!("../../../data/es/emoji.txt")),
        ],
        said: &[
            ("settings", include_str!("../../../data/es/settings.txt")),
            ("contexts", include_str!("../../../data/es/contexts.txt")),
            ("starters", include_str!("../../../data/es/starters.txt")),
            ("shouted", include_str!("../../../data/es/shouted.txt")),
            ("genders", include_str!("../../../data/es/genders.txt")),
            ("letters", include_str!("../../../data/es/letters.txt")),
            ("units", include_str!("../../../data/es/units.txt")),
            ("prefixes", include_str!("../../../data/es/prefixes.txt")),
            ("currencies", include_str!("../../../data/es/currencies.txt")),
            ("signs", include_str!("../../../data/es/signs.txt")),
            ("greek", include_str!("../../../data/es/greek.txt")),
            ("keys", include_str!("../../../data/es/keys.txt")),
            ("elements", include_str!("../../../data/es/elements.txt")),
            ("formula", include_str!("../../../data/es/formula.txt")),
            ("phones", include_str!("../../../data/es/phones.txt")),
            ("durations", include_str!("../../../data/es/durations.txt")),
        ],
    })
});

impl Rules for Spanish {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn verbaliser(&self) -> &'static dyn Verbaliser {
        &Self
    }

    fn announce_code(&self, lines: usize, language: Option<&str>) -> String {
        wording::code(lines, language)
    }

    fn announce_table(&self, columns: usize, rows: usize) -> String {
        wording::table(columns, rows)
    }

    fn announce_formula(&self) -> &'static str {
        wording::FORMULA
    }

    fn note(&self) -> &'static str {
        wording::NOTE
    }

    fn picture(&self) -> &'static str {
        wording::PICTURE
    }

    fn around_a_lesson(&self) -> [&'static str; 3] {
        wording::AROUND_A_LESSON
    }

    fn cast(&self) -> [[&'static str; 3]; 2] {
        wording::CAST
    }

    fn untitled(&self) -> &'static str {
        wording::UNTITLED
    }

    fn part(&self, number: u32) -> String {
        wording::part(number)
    }

    fn part_of(&self, title: &str, number: u32) -> String {
        wording::part_of(title, number)
    }

    fn reference(&self, several: bool) -> &'static str {
        wording::reference(several)
    }

    fn is_reference(&self, word: &str) -> bool {
        wording::is_reference(word)
    }

    fn is_appendix(&self, word: &str) -> bool {
        wording::is_appendix(word)
    }

    fn is_common(&self, word: &str) -> bool {
        function_words::common(word)
    }

    fn leans(&self, word: &str) -> bool {
        function_words::leans(word)
    }

    fn stem(&self, word: String) -> String {
        function_words::stem(word)
    }

    fn breath_before(&self, word: &str) -> Breath {
        function_words::breath_before(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::table::Table;

    /// Ids of a common table whose values are `id | flags`, of which the last word names the entry.
    fn ids(file: &'static str) -> Vec<&'static str> {
        let entries = Table::parse(file);
        let ids = entries.entries().filter_map(|(_, value)| value.split(" | ").next()?.split(' ').next_back());
        ids.filter(|id| !id.is_empty()).collect()
    }

    #[test]
    fn every_unit_prefix_and_sign_has_its_words() {
        for (table, file) in [
            ("units", include_str!("../../../data/common/units.txt")),
            ("prefixes", include_str!("../../../data/common/prefixes.txt")),
            ("signs", include_str!("../../../data/common/signs.txt")),
        ] {
            for id in ids(file) {
                assert!(Spanish.grammar().get(table, id).is_some_and(|words| !words.is_empty()), "{id} of {table}");
            }
        }
    }
}
