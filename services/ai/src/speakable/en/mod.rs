//! English: its tables, who says its values, and what a script says of a document in it.

mod citation;
mod function_words;
mod number;
mod verbalise;
mod wording;

use std::sync::LazyLock;

use crate::speakable::function_words::FunctionWords;
use crate::speakable::grammar::{Grammar, Source};
use crate::speakable::language::Rules;
use crate::speakable::verbalise::Verbaliser;
use crate::speakable::wording::Wording;

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
            ("centuries", include_str!("../../../data/en/centuries.txt")),
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

    fn wording(&self) -> &'static Wording {
        &wording::WORDING
    }

    fn function_words(&self) -> &'static FunctionWords {
        &function_words::FUNCTION_WORDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::table::Table;

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
