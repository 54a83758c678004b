//! German: its tables, its verbaliser and what a script says of a document by itself.

mod calendar;
mod count;
mod function_words;
mod inflection;
mod name;
pub(crate) mod number;
mod quantity;
mod reference;
mod science;
#[cfg(test)]
mod tests;
mod verbalise;
mod wording;

use std::sync::LazyLock;

use super::function_words::FunctionWords;
use super::grammar::{Grammar, Source};
use super::language::Rules;
use super::verbalise::Verbaliser;
use super::wording::Wording;

/// The language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct German;

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::load(Source {
        recognised: &[
            ("months", include_str!("../../../data/de/months.txt")),
            ("weekdays", include_str!("../../../data/de/weekdays.txt")),
            ("eras", include_str!("../../../data/de/eras.txt")),
            ("clock", include_str!("../../../data/de/clock.txt")),
            ("scales", include_str!("../../../data/de/scales.txt")),
            ("ordinals", include_str!("../../../data/de/ordinals.txt")),
            ("labels", include_str!("../../../data/de/labels.txt")),
            ("books", include_str!("../../../data/de/books.txt")),
            ("titles", include_str!("../../../data/de/titles.txt")),
            ("rulers", include_str!("../../../data/de/rulers.txt")),
            ("abbreviations", include_str!("../../../data/de/abbreviations.txt")),
            ("bare", include_str!("../../../data/de/bare.txt")),
            ("words", include_str!("../../../data/de/words.txt")),
            ("spoken_acronyms", include_str!("../../../data/de/spoken_acronyms.txt")),
            ("spelt_acronyms", include_str!("../../../data/de/spelt_acronyms.txt")),
            ("money_words", include_str!("../../../data/de/money_words.txt")),
            ("decades", include_str!("../../../data/de/decades.txt")),
            ("following", include_str!("../../../data/de/following.txt")),
            ("unit_symbols", include_str!("../../../data/de/unit_symbols.txt")),
            ("serials", include_str!("../../../data/de/serials.txt")),
            ("named_numbers", include_str!("../../../data/de/named_numbers.txt")),
            ("compounds", include_str!("../../../data/de/compounds.txt")),
            ("emoji", include_str!("../../../data/de/emoji.txt")),
        ],
        said: &[
            ("settings", include_str!("../../../data/de/settings.txt")),
            ("contexts", include_str!("../../../data/de/contexts.txt")),
            ("starters", include_str!("../../../data/de/starters.txt")),
            ("shouted", include_str!("../../../data/de/shouted.txt")),
            ("durations", include_str!("../../../data/de/durations.txt")),
            ("phones", include_str!("../../../data/de/phones.txt")),
            ("genders", include_str!("../../../data/de/genders.txt")),
            ("units", include_str!("../../../data/de/units.txt")),
            ("prefixes", include_str!("../../../data/de/prefixes.txt")),
            ("currencies", include_str!("../../../data/de/currencies.txt")),
            ("signs", include_str!("../../../data/de/signs.txt")),
            ("greek", include_str!("../../../data/de/greek.txt")),
            ("keys", include_str!("../../../data/de/keys.txt")),
            ("elements", include_str!("../../../data/de/elements.txt")),
            ("formula", include_str!("../../../data/de/formula.txt")),
        ],
    })
});

/// The tables of German.
pub(super) fn grammar() -> &'static Grammar {
    &GRAMMAR
}

impl Rules for German {
    fn grammar(&self) -> &'static Grammar {
        grammar()
    }

    fn verbaliser(&self) -> &'static dyn Verbaliser {
        &Self
    }

    fn wording(&self) -> &'static Wording {
        &wording::WORDING
    }

    fn function_words(&self) -> &'static FunctionWords {
        &function_words::FUNCTION_WORDS
    }
}
