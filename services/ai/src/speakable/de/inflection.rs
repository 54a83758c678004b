//! Gender, case and the endings that follow from them: what a number before a noun agrees with, and
//! what the words before it ask for.

use crate::speakable::grammar::Grammar;
use crate::speakable::span::Value;
use crate::speakable::verbalise::{Case, Gender, Scene};

/// Prepositions behind which an amount stands in the dative.
const WITH_DATIVE: [&str; 20] = [
    "ab",
    "an",
    "aus",
    "außer",
    "bei",
    "binnen",
    "gegenüber",
    "hinter",
    "in",
    "mit",
    "nach",
    "neben",
    "seit",
    "unter",
    "von",
    "vor",
    "zu",
    "zufolge",
    "zwischen",
    "samt",
];

/// Prepositions behind which an amount stands in the accusative.
const WITH_ACCUSATIVE: [&str; 10] = ["auf", "bis", "durch", "für", "gegen", "je", "ohne", "pro", "um", "über"];

/// Prepositions behind which an amount stands in the genitive.
const WITH_GENITIVE: [&str; 6] = ["außerhalb", "innerhalb", "statt", "trotz", "wegen", "während"];

/// Words that join two ordinals, of which the second is declined as the first.
const JOINTS: [&str; 4] = ["und", "oder", "bis", "sowie"];

/// The stems of words that are declined as the definite article.
const AS_DEFINITE: [&str; 5] = ["dies", "jed", "jen", "welch", "manch"];

/// Endings of articles.
const ENDINGS: [&str; 5] = ["e", "em", "en", "er", "es"];

/// Words that are declined as the indefinite article, without an ending.
const AS_INDEFINITE: [&str; 8] = ["ein", "kein", "mein", "dein", "sein", "ihr", "unser", "euer"];

/// Words that hold a preposition and an article in the dative.
const DATIVE_ARTICLES: [&str; 8] = ["am", "im", "vom", "zum", "zur", "beim", "unterm", "hinterm"];

/// Words that hold a preposition and a neuter article in the accusative.
const ACCUSATIVE_ARTICLES: [&str; 6] = ["ins", "ans", "aufs", "durchs", "fürs", "ums"];

/// Letters of the longest ending in the table of genders, and of the shortest noun that may be the
/// last part of another one.
const LONGEST_ENDING: usize = 6;
const SHORTEST_NOUN: usize = 4;

fn of_letter(letter: &str) -> Option<Gender> {
    match letter {
        "m" => Some(Gender::Masculine),
        "f" => Some(Gender::Feminine),
        "n" => Some(Gender::Neuter),
        _ => None,
    }
}

/// The gender that a table writes as a letter; masculine where it is none.
pub(super) fn gender(letter: &str) -> Gender {
    of_letter(letter).unwrap_or_default()
}

/// The gender of a noun: by the table, by its last part where that is in the table (`Hauptseite`),
/// or by its ending; none for what is no noun.
pub(super) fn gender_of(noun: &str, grammar: &Grammar) -> Option<Gender> {
    if !noun.starts_with(char::is_uppercase) {
        return None;
    }
    let known = |key: &str| grammar.get("genders", key).and_then(of_letter);
    if let Some(gender) = known(noun) {
        return Some(gender);
    }
    let edges = noun.char_indices().map(|(at, _)| at).skip(2);
    let parts = edges.filter_map(|at| noun.get(at..)).filter(|part| part.chars().count() >= SHORTEST_NOUN);
    if let Some(gender) = parts.map(capitalised).find_map(|part| known(&part)) {
        return Some(gender);
    }
    let letters = noun.chars().count();
    let endings = noun.char_indices().map(|(at, _)| at).skip(letters.saturating_sub(LONGEST_ENDING).max(1));
    endings.filter_map(|at| noun.get(at..)).find_map(|ending| known(&format!("-{ending}")))
}

/// A word with a capital.
pub(super) fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A word that begins with a small letter.
pub(super) fn lowered(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// The case that a preposition, in small letters, asks for; the nominative behind any other word.
pub(super) fn case_after(word: &str) -> Case {
    if WITH_DATIVE.contains(&word) {
        Case::Dative
    } else if WITH_ACCUSATIVE.contains(&word) {
        Case::Accusative
    } else if WITH_GENITIVE.contains(&word) {
        Case::Genitive
    } else {
        Case::Nominative
    }
}

/// The case of an amount by the word before it.
pub(super) fn case_of(scene: &Scene<'_>) -> Case {
    scene.previous_word().map_or(Case::Nominative, |word| case_after(&word.to_lowercase()))
}

/// The indefinite article, which is the number one before a noun.
pub(super) const fn one(gender: Gender, case: Case) -> &'static str {
    match (gender, case) {
        (Gender::Masculine | Gender::Neuter, Case::Nominative) | (Gender::Neuter, Case::Accusative) => "ein",
        (Gender::Masculine, Case::Accusative) => "einen",
        (Gender::Masculine | Gender::Neuter, Case::Genitive) => "eines",
        (Gender::Masculine | Gender::Neuter, Case::Dative) => "einem",
        (Gender::Feminine, Case::Nominative | Case::Accusative) => "eine",
        (Gender::Feminine, Case::Genitive | Case::Dative) => "einer",
    }
}

/// The definite article.
pub(super) const fn article(gender: Gender, case: Case) -> &'static str {
    match (gender, case) {
        (Gender::Masculine, Case::Nominative) | (Gender::Feminine, Case::Genitive | Case::Dative) => "der",
        (Gender::Feminine, Case::Nominative | Case::Accusative) => "die",
        (Gender::Neuter, Case::Nominative | Case::Accusative) => "das",
        (Gender::Masculine, Case::Accusative) => "den",
        (Gender::Masculine | Gender::Neuter, Case::Genitive) => "des",
        (Gender::Masculine | Gender::Neuter, Case::Dative) => "dem",
    }
}

/// The ending of an adjective behind the definite article.
pub(super) const fn weak(gender: Gender, case: Case) -> &'static str {
    match (gender, case) {
        (_, Case::Nominative) | (Gender::Feminine | Gender::Neuter, Case::Accusative) => "e",
        (Gender::Masculine, Case::Accusative) | (_, Case::Genitive | Case::Dative) => "en",
    }
}

/// The ending of an adjective behind the indefinite article.
pub(super) const fn mixed(gender: Gender, case: Case) -> &'static str {
    match (gender, case) {
        (Gender::Masculine, Case::Nominative) => "er",
        (Gender::Feminine, Case::Nominative | Case::Accusative) => "e",
        (Gender::Neuter, Case::Nominative | Case::Accusative) => "es",
        (Gender::Masculine, Case::Accusative) | (_, Case::Genitive | Case::Dative) => "en",
    }
}

/// The ending of an adjective without an article.
pub(super) const fn strong(gender: Gender, case: Case) -> &'static str {
    match (gender, case) {
        (Gender::Masculine, Case::Nominative) | (Gender::Feminine, Case::Genitive | Case::Dative) => "er",
        (Gender::Feminine, Case::Nominative | Case::Accusative) => "e",
        (Gender::Neuter, Case::Nominative | Case::Accusative) => "es",
        (Gender::Masculine, Case::Accusative) | (Gender::Masculine | Gender::Neuter, Case::Genitive) => "en",
        (Gender::Masculine | Gender::Neuter, Case::Dative) => "em",
    }
}

/// The noun that an ordinal stands before: behind it, behind an adjective in small letters, behind
/// another ordinal that is joined to it, or as an abbreviation.
fn noun<'a>(scene: &Scene<'a>) -> Option<&'a str> {
    let next = scene.neighbour(1)?;
    if let Value::Abbreviation(abbreviation) = &next.value {
        return Some(abbreviation.said);
    }
    let word = scene.next_word()?;
    if word.starts_with(char::is_uppercase) {
        return Some(word);
    }
    if JOINTS.contains(&word) && scene.neighbour(2).is_some_and(|span| matches!(span.value, Value::Ordinal(_))) {
        return scene.neighbour_written(3);
    }
    scene.word(2).filter(|word| word.starts_with(char::is_uppercase))
}

/// The two words before an ordinal, the nearer first, in small letters; before the ordinal to which
/// it is joined, where it is.
fn words_before(scene: &Scene<'_>) -> (String, String) {
    let small = |word: Option<&str>| word.map(str::to_lowercase).unwrap_or_default();
    let nearest = small(scene.previous_word());
    let joined = JOINTS.contains(&nearest.as_str())
        && scene.neighbour(-2).is_some_and(|span| matches!(span.value, Value::Ordinal(_) | Value::Date(_)));
    if joined {
        let first = small(scene.neighbour_written(-3));
        if !first.is_empty() {
            return (first, small(scene.neighbour_written(-4)));
        }
    }
    (nearest, small(scene.word(-2)))
}

/// The ending of an ordinal before a noun of the text.
pub(super) fn ordinal_ending(scene: &Scene<'_>) -> &'static str {
    let gender = noun(scene).and_then(|noun| gender_of(noun, scene.grammar));
    ordinal_ending_of(gender, scene)
}

/// The ending of an ordinal before a noun of a gender, by the words before it.
pub(super) fn ordinal_ending_of(gender: Option<Gender>, scene: &Scene<'_>) -> &'static str {
    let (word, earlier) = words_before(scene);
    if DATIVE_ARTICLES.contains(&word.as_str()) {
        return "en";
    }
    if ACCUSATIVE_ARTICLES.contains(&word.as_str()) {
        return "e";
    }
    let of = gender.unwrap_or_default();
    match word.as_str() {
        "der" => definite("er", gender, &earlier),
        "die" | "das" => "e",
        "dem" | "den" | "des" => "en",
        _ if AS_INDEFINITE.contains(&word.as_str()) => mixed(of, Case::Nominative),
        _ => {
            let ending = AS_DEFINITE.iter().find_map(|stem| word.strip_prefix(stem));
            if let Some(ending) = ending.filter(|ending| ENDINGS.contains(ending)) {
                return definite(ending, gender, &earlier);
            }
            let stems = AS_INDEFINITE.iter().find_map(|stem| word.strip_prefix(stem));
            match stems.or_else(|| word.strip_prefix("unsr")).or_else(|| word.strip_prefix("eur")) {
                Some("e") => "e",
                Some("em" | "en" | "er" | "es") => "en",
                // "ab ersten Januar": Duden has the accusative beside the dative there.
                _ if word == "ab" => strong(of, Case::Accusative),
                _ => strong(of, case_after(&word)),
            }
        }
    }
}

/// The ending behind a word that is declined as the definite article, by that word's ending and
/// the word before it.
fn definite(ending: &str, gender: Option<Gender>, earlier: &str) -> &'static str {
    match ending {
        "er" if gender == Some(Gender::Feminine) || case_after(earlier) != Case::Nominative => "en",
        "em" | "en" => "en",
        _ => "e",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_agrees_with_gender_and_case() {
        for (gender, case, said) in [
            (Gender::Masculine, Case::Nominative, "ein"),
            (Gender::Masculine, Case::Accusative, "einen"),
            (Gender::Feminine, Case::Dative, "einer"),
            (Gender::Neuter, Case::Dative, "einem"),
        ] {
            assert_eq!(one(gender, case), said);
        }
    }

    #[test]
    fn nouns_have_the_gender_of_their_last_part_or_of_their_ending() {
        let grammar = super::super::grammar();
        for (noun, gender) in [
            ("Stunde", Some(Gender::Feminine)),
            ("Hauptseite", Some(Gender::Feminine)),
            ("Halbjahrhundert", Some(Gender::Neuter)),
            ("Erfindung", Some(Gender::Feminine)),
            ("Mädchen", Some(Gender::Neuter)),
            ("Xyz", None),
            ("klein", None),
        ] {
            assert_eq!(gender_of(noun, grammar), gender, "{noun}");
        }
    }
}
