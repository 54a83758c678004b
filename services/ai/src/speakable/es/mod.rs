//! Spanish: its tables, who says its values, and what a script says of a document in it.

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

    fn wording(&self) -> &'static Wording {
        &wording::WORDING
    }

    fn function_words(&self) -> &'static FunctionWords {
        &function_words::FUNCTION_WORDS
    }
}
