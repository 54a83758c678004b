//! Labels with their numbers, verses, and Roman numerals in Spanish.

use super::agree;
use super::calendar::in_row;
use super::numbers::join;
use crate::speakable::es::number::{self, OrdinalForm, Standing};
use crate::speakable::span::{Book, Locator, Reference, Roman, RomanUse, Value, Verse};
use crate::speakable::verbalise::{Gender, Scene};

/// Labels whose numbers are said as those of rulers are: "siglo quinto", "siglo once".
const CENTURIES: [&str; 2] = ["siglo", "siglos"];

/// Words between the numerals of several centuries: "siglos XVI y XVII".
const JOINTS: [&str; 4] = ["y", "e", "o", "a"];

fn cardinal(n: u32) -> String {
    number::cardinal(u128::from(n), Standing::Alone)
}

/// "figura tres A", "páginas doce a quince".
pub(super) fn reference(reference: &Reference) -> String {
    let label = if reference.label.capital { capital(reference.label.said) } else { reference.label.said.to_owned() };
    let century = CENTURIES.contains(&reference.label.said);
    let say = |number: &Locator| locate(number, century);
    if reference.bracketed {
        let numbers = reference.numbers.iter().map(say).collect::<Vec<_>>().join(", ");
        return format!("{label}, {numbers}");
    }
    let numbers = reference.numbers.iter().map(say).collect::<Vec<_>>().join(" ");
    join(&[label, numbers])
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "dos punto diez", "tres A", "doce a quince", "doce y siguientes".
pub(super) fn locator(locator: &Locator) -> String {
    locate(locator, false)
}

fn locate(locator: &Locator, century: bool) -> String {
    match locator {
        Locator::Parts(parts) => parts_words(parts),
        Locator::Lettered(parts, letter) => format!("{} {}", parts_words(parts), letter.to_uppercase()),
        Locator::Letter(letter, parts) if parts.is_empty() => letter.to_uppercase().to_string(),
        Locator::Letter(letter, parts) => format!("{} punto {}", letter.to_uppercase(), parts_words(parts)),
        Locator::Roman(value) if century => in_row(*value, OrdinalForm::Masculine),
        Locator::Roman(value) => cardinal(*value),
        Locator::Between(pair) => format!("{} a {}", locate(&pair.0, century), locate(&pair.1, century)),
        Locator::Following(first, several) => {
            format!("{} y {}", locate(first, century), if *several { "siguientes" } else { "siguiente" })
        }
    }
}

fn parts_words(parts: &[u32]) -> String {
    parts.iter().map(|part| cardinal(*part)).collect::<Vec<_>>().join(" punto ")
}

/// "Juan tres, dieciséis"; "primera de Corintios trece, cuatro a siete".
pub(super) fn verse(verse: &Verse, scene: &Scene<'_>) -> String {
    let book = verse.book.map_or_else(String::new, |book| book_words(book, scene));
    let verses = verse.verses.iter().map(|(first, last)| match last {
        Some(last) => format!("{} a {}", cardinal(*first), cardinal(*last)),
        None => cardinal(*first),
    });
    let mut parts = vec![join(&[book, cardinal(verse.chapter)])];
    parts.extend(verses);
    parts.join(", ")
}

fn book_words(book: Book, scene: &Scene<'_>) -> String {
    let form = if scene.grammar.has("letters", book.said) { OrdinalForm::Feminine } else { OrdinalForm::Masculine };
    match book.number {
        Some(number) => format!("{} de {}", number::ordinal(u128::from(number), form), book.said),
        None => book.said.to_owned(),
    }
}

/// "segundo" behind a ruler, "cuartas" before a noun, "cuatro" behind a label.
pub(super) fn roman(roman: &Roman, scene: &Scene<'_>) -> String {
    let value = u128::from(roman.value);
    let before = scene.previous_word();
    match roman.used {
        RomanUse::Ruler => {
            let form = match before.and_then(|name| agree::gender(name, scene.grammar)) {
                Some(Gender::Feminine) => OrdinalForm::Feminine,
                Some(Gender::Masculine | Gender::Neuter) | None => OrdinalForm::Masculine,
            };
            in_row(roman.value, form)
        }
        RomanUse::Number if of_century(scene) => in_row(roman.value, OrdinalForm::Masculine),
        RomanUse::Ordinal | RomanUse::Number => match scene.next_word() {
            Some(noun) if roman.used == RomanUse::Ordinal || orders(noun, before, scene) => {
                number::ordinal(value, form_before(noun, scene))
            }
            _ => cardinal(roman.value),
        },
    }
}

/// Whether the word "siglo", or another numeral behind it and a joint, stands before.
fn of_century(scene: &Scene<'_>) -> bool {
    let is_century = |word: &str| CENTURIES.contains(&word.to_lowercase().as_str());
    let Some(before) = scene.previous_word() else { return false };
    if !JOINTS.contains(&before) {
        return is_century(before);
    }
    match scene.neighbour(-2).map(|span| &span.value) {
        Some(Value::Reference(first)) => CENTURIES.contains(&first.label.said),
        Some(first) => matches!(first, Value::Roman(_)) && scene.neighbour_written(-3).is_some_and(is_century),
        None => false,
    }
}

/// Whether a numeral orders the noun behind it: "II Guerra Mundial", and not "fase II" or a title.
fn orders(noun: &str, before: Option<&str>, scene: &Scene<'_>) -> bool {
    let free = before.is_none_or(|word| word.chars().all(char::is_lowercase) && scene.grammar.label(word).is_none());
    free && noun.starts_with(char::is_uppercase)
}

/// The form of an ordinal before a noun: "primer Congreso", "cuartas Jornadas".
fn form_before(noun: &str, scene: &Scene<'_>) -> OrdinalForm {
    let feminine = agree::gender(noun, scene.grammar) == Some(Gender::Feminine);
    match (feminine, agree::is_plural(noun)) {
        (true, false) => OrdinalForm::Feminine,
        (true, true) => OrdinalForm::Feminines,
        (false, true) => OrdinalForm::Masculines,
        (false, false) => OrdinalForm::Short,
    }
}
