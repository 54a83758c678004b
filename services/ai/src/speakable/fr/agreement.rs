//! What a number agrees with: the gender of the noun behind it, "de" between "million" and a noun,
//! and "de" and "que" before "un".

use super::French;
use super::counting::number_words;
use super::function_words;
use super::number::Agreement;
use crate::speakable::grammar::Grammar;
use crate::speakable::span::{Amount, Number, Value};
use crate::speakable::verbalise::{Gender, Scene, Verbaliser};

/// Words that begin with an h before which nothing is elided, by how they begin (Académie
/// française, Dictionnaire: h aspiré).
const ASPIRATED: [&str; 30] = [
    "hache",
    "haie",
    "haine",
    "hall",
    "halt",
    "hameau",
    "handicap",
    "hangar",
    "hao",
    "hareng",
    "haricot",
    "hasard",
    "haut",
    "havre",
    "heurt",
    "hibou",
    "hockey",
    "holland",
    "homard",
    "hongro",
    "honte",
    "hors",
    "hryvnia",
    "huguenot",
    "huit",
    "hurl",
    "hutte",
    "héros",
    "hérisson",
    "hêtre",
];

/// Words that lose their vowel before "un" and "une", and what is left of them.
const BEFORE_ONE: [(&str, &str); 4] = [("de", "d'"), ("De", "D'"), ("que", "qu'"), ("Que", "Qu'")];

/// Whether "de" and "le" lose their vowel before these words. Numerals that begin with a vowel but
/// for "un" do not elide ("de onze"), nor does a y ("de yens").
fn elides(words: &str) -> bool {
    let small = words.to_lowercase();
    if small.starts_with("onz") || small.starts_with("oui") {
        return false;
    }
    match small.chars().next() {
        Some('h') => !ASPIRATED.iter().any(|beginning| small.starts_with(beginning)),
        Some(first) => "aàâæeéèêëiîïoôöœuùûü".contains(first),
        None => false,
    }
}

/// "de" before words: "de litres", "d'euros".
pub(super) fn of(words: &str) -> String {
    if elides(words) { format!("d'{words}") } else { format!("de {words}") }
}

/// What is said for "de" or "que" before an amount of which "un" or "une" is heard first: "d'un
/// kilomètre", "d'une heure trente". A "un" that counts nothing is a number like others, and
/// nothing is elided before it: "de un à trois", "de un pour cinquante" (OQLF, « Élision avec un
/// nombre écrit en lettres »).
pub(super) fn before_one(written: &str, scene: &Scene<'_>) -> Option<&'static str> {
    let (_, head) = BEFORE_ONE.iter().find(|(word, _)| *word == written)?;
    let next = scene.neighbour(1).filter(|_| scene.char_behind() == Some(' '))?;
    begins_with_one(&next.value, scene).then_some(*head)
}

/// Whether an amount is said with "un" or "une" first, and counts something.
fn begins_with_one(value: &Value, scene: &Scene<'_>) -> bool {
    let amount = if let Value::Cardinal(number) = value {
        let words = number_words(number, Agreement::Masculine);
        return words.starts_with("un ") || (words == "un" && counts_noun(scene));
    } else if let Value::Measure(measure) = value {
        Some(&measure.amount)
    } else if let Value::Money(money) = value {
        Some(&money.amount)
    } else if let Value::Percent(percent) = value {
        Some(&percent.amount)
    } else {
        None
    };
    let single = amount.is_some_and(|amount| matches!(amount, Amount::Number(_) | Amount::Fraction(_)));
    if !single && !matches!(value, Value::Fraction(_) | Value::Duration(_) | Value::Time(_)) {
        return false;
    }
    let words = French.words(value, scene);
    words.starts_with("un ") || words.starts_with("une ")
}

/// Whether a noun stands behind the number that is next: a word that is none of those that every
/// text has.
fn counts_noun(scene: &Scene<'_>) -> bool {
    let word = scene.neighbour(2).filter(|span| matches!(span.value, Value::Word));
    word.and_then(|_| scene.neighbour_written(2)).is_some_and(|word| {
        word.starts_with(char::is_lowercase)
            && !scene.in_context("no_noun", word)
            && !function_words::FUNCTION_WORDS.is_common(word)
    })
}

/// Whether the name of things, in any number, is feminine.
pub(super) fn feminine(grammar: &Grammar, noun: &str) -> bool {
    let small = noun.to_lowercase();
    let noun = function_words::without_elision(&small);
    let singular = noun.strip_suffix(['s', 'x']).unwrap_or(noun);
    let listed = grammar.get("nouns", noun).or_else(|| grammar.get("nouns", singular));
    listed.map_or_else(|| ends_feminine(grammar, singular), |gender| gender == "f")
}

fn ends_feminine(grammar: &Grammar, noun: &str) -> bool {
    let mut endings = noun.char_indices().skip(1).filter_map(|(at, _)| noun.get(at..));
    !function_words::FUNCTION_WORDS.is_common(noun) && endings.any(|ending| grammar.has("endings", ending))
}

/// What a number by itself agrees with, where it stands: an ordinal that is written as a cardinal
/// ("les années 80") varies in nothing; else "un" takes the gender of the noun behind it.
pub(super) fn of_scene(number: &Number, scene: &Scene<'_>) -> Agreement {
    if let Some(gender) = scene.agreement.and_then(|agreement| agreement.gender) {
        return Agreement::gender(gender == Gender::Feminine);
    }
    let numbered = |word: &str| {
        let small = word.to_lowercase();
        scene.grammar.context("numbered", function_words::without_elision(&small))
    };
    if scene.previous_word().is_some_and(numbered) {
        return Agreement::Rank;
    }
    let one = number.is_whole() && number.whole.ends_with('1');
    Agreement::gender(one && scene.next_word().is_some_and(|noun| feminine(scene.grammar, noun)))
}

/// The things that a number ending in "million" counts, where their name stands behind it: a word
/// in the plural that is not one of those that every text has.
pub(super) fn counted<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let plural = |word: &&str| {
        word.ends_with(['s', 'x']) && word.starts_with(char::is_lowercase) && !word.contains(['\'', '\u{2019}'])
    };
    scene.next_word().filter(plural).filter(|word| !function_words::FUNCTION_WORDS.is_common(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::fr::grammar;

    #[test]
    fn de_is_elided_before_vowels() {
        for (words, with) in [
            ("euros", "d'euros"),
            ("habitants", "d'habitants"),
            ("un pour cent", "d'un pour cent"),
            ("onze", "de onze"),
            ("huit", "de huit"),
            ("yens", "de yens"),
            ("litres", "de litres"),
        ] {
            assert_eq!(of(words), with);
        }
    }

    #[test]
    fn nouns_have_a_gender_by_the_table_or_by_their_ending() {
        for noun in ["pages", "nations", "voitures", "personnes", "femmes", "voix", "fois", "sociétés"] {
            assert!(feminine(grammar(), noun), "{noun}");
        }
        for noun in ["jours", "chats", "musées", "côtés", "an", "mois", "cette", "elle", "dans", ""] {
            assert!(!feminine(grammar(), noun), "{noun}");
        }
    }
}
