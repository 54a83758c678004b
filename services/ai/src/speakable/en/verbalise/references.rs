//! Parts of works, verses, Roman numerals and versions, in English.

use super::super::{English, number};
use super::numbers::together;
use crate::speakable::span::{Locator, Piece, Reference, Roman, RomanUse, Verse};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// The first number of a part that is said in pairs, as years are: "page ten sixty-six" is none.
const FIRST_IN_PAIRS: u32 = 1_100;
/// The last one of four digits.
const LAST_IN_PAIRS: u32 = 9_999;

/// "Figure three A", "pages twelve to fifteen", "Equation, three".
pub(super) fn reference(reference: &Reference, scene: &Scene<'_>) -> String {
    let label = if reference.label.capital { capital(reference.label.said) } else { reference.label.said.to_owned() };
    let numbers: Vec<String> = reference.numbers.iter().map(|number| locator(number, scene)).collect();
    format!("{label}{} {}", if reference.bracketed { "," } else { "" }, numbers.join(", "))
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// "four", "two point ten", "three A", "B two", "twelve to fifteen", "ten and following".
pub(super) fn locator(written: &Locator, scene: &Scene<'_>) -> String {
    match written {
        Locator::Parts(numbers) => parts(numbers),
        Locator::Lettered(numbers, letter) => format!("{} {}", parts(numbers), English.spell(&letter.to_string())),
        Locator::Letter(letter, numbers) => {
            let point = scene.written().contains(&format!("{letter}."));
            together([English.spell(&letter.to_string()).as_str(), if point { "point" } else { "" }, &parts(numbers)])
        }
        Locator::Roman(value) => number::cardinal(u128::from(*value)),
        Locator::Between(pair) => format!("{} to {}", locator(&pair.0, scene), locator(&pair.1, scene)),
        Locator::Following(first, _) => format!("{} and following", locator(first, scene)),
    }
}

/// Numbers with "point" between them; one of four digits by itself in pairs.
fn parts(numbers: &[u32]) -> String {
    if let [one @ FIRST_IN_PAIRS..=LAST_IN_PAIRS] = numbers {
        return number::year(u128::from(*one));
    }
    numbers.iter().map(|number| number::cardinal(u128::from(*number))).collect::<Vec<_>>().join(" point ")
}

/// "John three, sixteen", "First Corinthians thirteen, four to seven".
pub(super) fn verse(verse: &Verse) -> String {
    let book = verse.book.map(|book| {
        let which = book.number.map(|number| capital(&number::ordinal(u128::from(number)))).unwrap_or_default();
        together([which.as_str(), book.said])
    });
    let chapter = number::cardinal(u128::from(verse.chapter));
    let head = together([book.as_deref().unwrap_or_default(), &chapter]);
    let verses = verse.verses.iter().map(|(first, last)| {
        let first = number::cardinal(u128::from(*first));
        last.map(|last| format!("{first} to {}", number::cardinal(u128::from(last)))).unwrap_or(first)
    });
    std::iter::once(head).chain(verses).collect::<Vec<_>>().join(", ")
}

/// "two", "the fourteenth", "nineteenth".
pub(super) fn roman(roman: &Roman) -> String {
    let value = u128::from(roman.value);
    let words = match roman.used {
        RomanUse::Number => number::cardinal(value),
        RomanUse::Ruler => format!("the {}", number::ordinal(value)),
        RomanUse::Ordinal => number::ordinal(value),
    };
    if roman.possessive { words + "'s" } else { words }
}

/// "version one point two point three", "one two seven dot zero dot zero dot one".
pub(super) fn version(named: bool, machine: bool, parts: &[Piece], scene: &Scene<'_>) -> String {
    let parts: Vec<String> = parts.iter().map(|part| English.pieces(std::slice::from_ref(part), scene)).collect();
    let words = parts.join(if machine { " dot " } else { " point " });
    if named { format!("version {words}") } else { words }
}
