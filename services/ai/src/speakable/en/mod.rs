//! English: its tables, who says its values, and what a script says of a document in it.

mod citation;
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
pub(crate) struct English;

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::load(Source {
        recognised: &[
            ("months", include_str!("../../../data/en/months.txt")),
            ("weekdays", include_str!("../../../data/en/weekdays.txt")),
            ("eras", include_str!("../../../data/en/eras.txt")),
            ("clock", include_str!("../../../data/en/clock.txt")),
            ("scales", include_str!("../../../data/en/scales.txt")),
            ("ordinals", include_str!("../../../data/en/ordinals.txt")),
            ("labels", include_str!("../../../data/en/labels.txt")),
            ("books", include_str!("../../../data/en/books.txt")),
            ("streets", include_str!("../../../data/en/streets.txt")),
            ("sides", include_str!("../../../data/en/sides.txt")),
            ("regions", include_str!("../../../data/en/regions.txt")),
            ("rulers", include_str!("../../../data/en/rulers.txt")),
            ("abbreviations", include_str!("../../../data/en/abbreviations.txt")),
            ("bare", include_str!("../../../data/en/bare.txt")),
            ("words", include_str!("../../../data/en/words.txt")),
            ("spoken_acronyms", include_str!("../../../data/en/spoken_acronyms.txt")),
            ("spelt_acronyms", include_str!("../../../data/en/spelt_acronyms.txt")),
            ("money_words", include_str!("../../../data/en/money_words.txt")),
            ("following", include_str!("../../../data/en/following.txt")),
            ("decades", include_str!("../../../data/en/decades.txt")),
            ("named_numbers", include_str!("../../../data/en/named_numbers.txt")),
            ("serials", include_str!("../../../data/en/serials.txt")),
            ("emoji", include_str!("../../../data/en/emoji.txt")),
        ],
        said: &[
            ("settings", include_str!("../../../data/en/settings.txt")),
            ("contexts", include_str!("../../../data/en/contexts.txt")),
            ("starters", include_str!("../../../data/en/starters.txt")),
            ("shouted", include_str!("../../../data/en/shouted.txt")),
            ("durations", include_str!("../../../data/en/durations.txt")),
            ("units", include_str!("../../../data/en/units.txt")),
            ("prefixes", include_str!("../../../data/en/prefixes.txt")),
            ("currencies", include_str!("../../../data/en/currencies.txt")),
            ("elements", include_str!("../../../data/en/elements.txt")),
            ("signs", include_str!("../../../data/en/signs.txt")),
            ("greek", include_str!("../../../data/en/greek.txt")),
            ("keys", include_str!("../../../data/en/keys.txt")),
            ("phones", include_str!("../../../data/en/phones.txt")),
            ("alternatives", include_str!("../../../data/en/alternatives.txt")),
            ("formula", include_str!("../../../data/en/formula.txt")),
        ],
    })
});

impl Rules for English {
    fn grammar(&self) -> &'static Grammar {
        &GRAMMAR
    }

    fn verbaliser(&self) -> &'static dyn Verbaliser {
        &Self
    }

    fn author_year(&self, chars: &[char], at: usize) -> Option<usize> {
        citation::author_year(chars, at)
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

    #[test]
    fn every_unit_prefix_and_sign_has_its_words() {
        for (table, file) in [
            ("units", include_str!("../../../data/common/units.txt")),
            ("prefixes", include_str!("../../../data/common/prefixes.txt")),
            ("signs", include_str!("../../../data/common/signs.txt")),
        ] {
            for (_, value) in Table::parse(file).entries() {
                let id = value.split(" | ").next().and_then(|id| id.split(' ').next_back()).unwrap();
                assert!(English.grammar().get(table, id).is_some_and(|words| !words.is_empty()), "{id} of {table}");
            }
        }
    }

    #[test]
    fn every_currency_and_element_that_has_a_name_is_known() {
        let codes = Table::parse(include_str!("../../../data/en/currencies.txt"));
        for (code, names) in codes.entries() {
            assert!(English.grammar().common.minor_digits(code).is_some(), "{code}");
            assert!(names.split(" | ").count() >= 4, "{code}");
        }
        for (symbol, _) in Table::parse(include_str!("../../../data/en/elements.txt")).entries() {
            assert!(English.grammar().common.element(symbol).is_some(), "{symbol}");
        }
    }
}
