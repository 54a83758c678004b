//! What a number agrees with: the noun behind it, whose gender its ending tells, or the table of
//! nouns whose ending does not.

use crate::speakable::es::number::Standing;
use crate::speakable::grammar::Grammar;
use crate::speakable::span::Number;
use crate::speakable::verbalise::{Agreement, Gender, Scene};

/// Endings of feminine nouns, of one and of several.
const FEMININE_ENDINGS: [&str; 22] = [
    "a", "as", "ción", "ciones", "sión", "siones", "xión", "xiones", "stión", "stiones", "dad", "dades", "tad",
    "tades", "tud", "tudes", "umbre", "umbres", "triz", "trices", "itis", "osis",
];

/// Words behind which a number stands for a noun itself: "el 21".
const SINGULAR_ARTICLES: [&str; 5] = ["el", "la", "lo", "del", "al"];

/// How many words behind a number are looked at for its noun.
const MOST_WORDS: isize = 3;

/// The agreement with a noun that follows.
pub(super) const fn with_noun(gender: Gender) -> Agreement {
    Agreement { gender: Some(gender), case: None, before_noun: true }
}

/// The agreement of a number that counts nothing.
pub(super) const ALONE: Agreement = Agreement { gender: None, case: None, before_noun: false };

/// How a number stands that agrees.
pub(super) const fn standing_of(agreement: Agreement) -> Standing {
    match (agreement.gender, agreement.before_noun) {
        (Some(Gender::Feminine), _) => Standing::Feminine,
        (_, true) => Standing::Masculine,
        (_, false) => Standing::Alone,
    }
}

/// How a number stands: as the scene says, or before the noun that follows in the text.
pub(super) fn standing(number: &Number, scene: &Scene<'_>) -> Standing {
    let counted = || counted(number.is_one(), scene).map_or(ALONE, with_noun);
    standing_of(scene.agreement.unwrap_or_else(counted))
}

/// The gender of the noun behind the span that it counts; none where none follows.
pub(super) fn counted(one: bool, scene: &Scene<'_>) -> Option<Gender> {
    let apart = scene.char_behind().is_some_and(char::is_whitespace);
    if !apart || scene.previous_word().is_some_and(|word| takes_number(word, scene.grammar)) {
        return None;
    }
    for offset in 1..=MOST_WORDS {
        let word = scene.word(offset)?;
        let small = word.chars().all(|c| c.is_lowercase() || c == '\'');
        if !small || scene.grammar.has("starters", word) || !(one || word.ends_with('s')) {
            return None;
        }
        if let Some(gender) = gender(word, scene.grammar) {
            return Some(gender);
        }
    }
    None
}

/// Whether a number behind the word is no count of what follows: "la página 21", "el 21".
fn takes_number(word: &str, grammar: &Grammar) -> bool {
    let word = word.to_lowercase();
    SINGULAR_ARTICLES.contains(&word.as_str()) || grammar.label(&word).is_some()
}

/// The gender of a noun; none for a word that goes with nouns of either.
pub(super) fn gender(noun: &str, grammar: &Grammar) -> Option<Gender> {
    let noun = noun.to_lowercase();
    let plural = noun.strip_suffix('s').map(str::to_owned);
    let longer = noun.strip_suffix("es").map(str::to_owned);
    let softened = noun.strip_suffix("ces").map(|stem| format!("{stem}z"));
    let forms = [Some(noun.clone()), plural, longer, softened];
    let listed = forms.iter().flatten().find_map(|form| grammar.get("genders", form));
    match listed {
        Some("m") => Some(Gender::Masculine),
        Some("f") => Some(Gender::Feminine),
        Some(_) => None,
        None if FEMININE_ENDINGS.iter().any(|ending| noun.ends_with(ending)) => Some(Gender::Feminine),
        None => Some(Gender::Masculine),
    }
}

/// Endings of nouns that stand for several.
const PLURAL_ENDINGS: [&str; 3] = ["as", "es", "os"];

/// Whether a noun stands for several.
pub(super) fn is_plural(noun: &str) -> bool {
    PLURAL_ENDINGS.iter().any(|ending| noun.ends_with(ending))
}
