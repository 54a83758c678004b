//! Parts of works, verses and Roman numerals in French.

use super::agreement::feminine;
use super::number::{self, Agreement};
use crate::speakable::span::{Locator, Reference, Roman, RomanUse, Value, Verse};
use crate::speakable::verbalise::Scene;

/// The plural of the name of a part. One that ends in s has none of its own.
fn plural(noun: &str) -> String {
    if noun.ends_with(['s', 'x', 'z']) {
        noun.to_owned()
    } else if noun.ends_with("eau") {
        format!("{noun}x")
    } else {
        format!("{noun}s")
    }
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "page sept", "Pages douze à quinze": the label of several is in the plural, also where the
/// abbreviation has none (`p. 12-15`, Lexique des règles typographiques, « Abréviations »).
pub(super) fn reference(reference: &Reference) -> String {
    let several = reference.numbers.len() > 1 || matches!(reference.numbers.as_slice(), [Locator::Between(_)]);
    let label = reference.label.said;
    let label = if several { plural(label) } else { label.to_owned() };
    let label = if reference.label.capital { capitalised(&label) } else { label };
    let numbers = reference.numbers.iter().map(locator).collect::<Vec<_>>().join(", ");
    let pause = if reference.bracketed { "," } else { "" };
    format!("{label}{pause} {numbers}")
}

fn rank(number: u32) -> String {
    number::cardinal(u128::from(number), Agreement::Rank)
}

fn parts(parts: &[u32]) -> String {
    parts.iter().map(|part| rank(*part)).collect::<Vec<_>>().join(" point ")
}

/// "deux point dix", "trois A", "douze à quinze".
pub(super) fn locator(locator: &Locator) -> String {
    match locator {
        Locator::Parts(numbers) => parts(numbers),
        Locator::Lettered(numbers, letter) => format!("{} {}", parts(numbers), letter.to_uppercase()),
        Locator::Letter(letter, numbers) if numbers.is_empty() => letter.to_uppercase().to_string(),
        Locator::Letter(letter, numbers) => format!("{} point {}", letter.to_uppercase(), parts(numbers)),
        Locator::Roman(value) => rank(*value),
        Locator::Between(pair) => format!("{} à {}", self::locator(&pair.0), self::locator(&pair.1)),
        Locator::Following(first, many) => {
            format!("{} et {}", self::locator(first), if *many { "suivantes" } else { "suivante" })
        }
    }
}

/// What abbreviations for the articles or pages that follow are read as.
const FOLLOWING: &str = "suivants";
/// What the abbreviation is read as elsewhere that "et" makes one of them: `p. 12 et s.`
const CENTURY: &str = "siècle";

/// "suivantes" behind the number of a page, "suivants" behind that of an article; none for what is
/// no abbreviation for what follows.
pub(super) fn following(said: &str, scene: &Scene<'_>) -> Option<&'static str> {
    let led = scene.previous_word() == Some("et");
    let number = scene.neighbour(-2).filter(|span| led && !matches!(span.value, Value::Word));
    if said != FOLLOWING && (said != CENTURY || number.is_none()) {
        return None;
    }
    let label = number.and_then(|span| {
        if let Value::Reference(reference) = &span.value {
            Some(reference.label.said)
        } else {
            scene.neighbour_written(-3)
        }
    });
    Some(if label.is_some_and(|label| feminine(scene.grammar, label)) { "suivantes" } else { FOLLOWING })
}

/// "Jean chapitre trois, verset seize", "première lettre aux Corinthiens chapitre treize".
pub(super) fn verse(verse: &Verse) -> String {
    let mut words = String::new();
    if let Some(book) = verse.book {
        if let Some(which) = book.number {
            let letter = book.said.starts_with("lettre");
            words = number::ordinal(u128::from(which), letter, false) + " ";
        }
        words = words + book.said + " ";
    }
    words = format!("{words}chapitre {}", rank(verse.chapter));
    let several = verse.verses.len() > 1 || verse.verses.iter().any(|(_, last)| last.is_some());
    let verses = verse.verses.iter().map(|(first, last)| match last {
        Some(last) => format!("{} à {}", rank(*first), rank(*last)),
        None => rank(*first),
    });
    let verses = verses.collect::<Vec<_>>().join(", ");
    match (verses.is_empty(), several) {
        (true, _) => words,
        (false, false) => format!("{words}, verset {verses}"),
        (false, true) => format!("{words}, versets {verses}"),
    }
}

/// "quatorze", "premier": a ruler has a cardinal but for the first one (Grevisse, Le Bon Usage).
pub(super) fn roman(roman: &Roman, scene: &Scene<'_>) -> String {
    let value = u128::from(roman.value);
    let written = scene.written();
    let noun = match roman.used {
        RomanUse::Number => return number::cardinal(value, Agreement::Rank),
        RomanUse::Ruler => scene.previous_word().map(|name| scene.grammar.get("rulers", name) == Some("f")),
        RomanUse::Ordinal => scene.next_word().map(|noun| feminine(scene.grammar, noun)),
    };
    let feminine = written.ends_with("re") || noun == Some(true);
    if roman.used == RomanUse::Ruler && roman.value > 1 {
        return number::cardinal(value, Agreement::Rank);
    }
    number::ordinal(value, feminine, false)
}
