//! French, as it is spoken in France: its tables, and what it says for each value.

mod agreement;
mod calendar;
mod counting;
mod function_words;
mod naming;
mod number;
mod quantity;
mod reference;
mod science;
mod verbalise;
mod wording;

use std::sync::LazyLock;

use super::function_words::FunctionWords;
use super::grammar::{Grammar, Source};
use super::language::Rules;
use super::verbalise::Verbaliser;
use super::wording::Wording;

/// French.
#[derive(Debug)]
pub(crate) struct French;

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::load(Source {
        recognised: &[
            ("months", include_str!("../../../data/fr/months.txt")),
            ("weekdays", include_str!("../../../data/fr/weekdays.txt")),
            ("eras", include_str!("../../../data/fr/eras.txt")),
            ("clock", include_str!("../../../data/fr/clock.txt")),
            ("scales", include_str!("../../../data/fr/scales.txt")),
            ("ordinals", include_str!("../../../data/fr/ordinals.txt")),
            ("labels", include_str!("../../../data/fr/labels.txt")),
            ("following", include_str!("../../../data/fr/following.txt")),
            ("books", include_str!("../../../data/fr/books.txt")),
            ("titles", include_str!("../../../data/fr/titles.txt")),
            ("rulers", include_str!("../../../data/fr/rulers.txt")),
            ("abbreviations", include_str!("../../../data/fr/abbreviations.txt")),
            ("bare", include_str!("../../../data/fr/bare.txt")),
            ("words", include_str!("../../../data/fr/words.txt")),
            ("spoken_acronyms", include_str!("../../../data/fr/spoken_acronyms.txt")),
            ("spelt_acronyms", include_str!("../../../data/fr/spelt_acronyms.txt")),
            ("unit_symbols", include_str!("../../../data/fr/unit_symbols.txt")),
            ("money_words", include_str!("../../../data/fr/money_words.txt")),
            ("serials", include_str!("../../../data/fr/serials.txt")),
            ("elisions", include_str!("../../../data/fr/elisions.txt")),
            ("emoji", include_str!("../../../data/fr/emoji.txt")),
        ],
        said: &[
            ("settings", include_str!("../../../data/fr/settings.txt")),
            ("contexts", include_str!("../../../data/fr/contexts.txt")),
            ("starters", include_str!("../../../data/fr/starters.txt")),
            ("shouted", include_str!("../../../data/fr/shouted.txt")),
            ("units", include_str!("../../../data/fr/units.txt")),
            ("prefixes", include_str!("../../../data/fr/prefixes.txt")),
            ("currencies", include_str!("../../../data/fr/currencies.txt")),
            ("signs", include_str!("../../../data/fr/signs.txt")),
            ("greek", include_str!("../../../data/fr/greek.txt")),
            ("keys", include_str!("../../../data/fr/keys.txt")),
            ("formula", include_str!("../../../data/fr/formula.txt")),
            ("elements", include_str!("../../../data/fr/elements.txt")),
            ("durations", include_str!("../../../data/fr/durations.txt")),
            ("phones", include_str!("../../../data/fr/phones.txt")),
            ("nouns", include_str!("../../../data/fr/nouns.txt")),
            ("endings", include_str!("../../../data/fr/endings.txt")),
        ],
    })
});

/// The tables of French.
fn grammar() -> &'static Grammar {
    &GRAMMAR
}

impl Rules for French {
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
