//! Labels with their numbers, verses and Roman numerals.

use super::count::joined;
use super::inflection::{article, capitalised, case_after, ordinal_ending, weak};
use super::number;
use crate::speakable::span::{Locator, Reference, Roman, RomanUse, Verse};
use crate::speakable::verbalise::{Case, Gender, Scene};

/// How many words before a ruler's name may be part of it ("König Ludwig XIV.").
const LONGEST_NAME: isize = 5;

/// Parts of laws, behind which `S.` is a sentence and no page: `Abs. 2 S. 1` (Bundesministerium der
/// Justiz, Handbuch der Rechtsförmlichkeit).
const PARTS_OF_LAWS: [&str; 3] = ["Absatz", "Artikel", "Paragraf"];
const SHORT_SENTENCE: &str = "S.";
const SENTENCE: &str = "Satz";

fn parts(numbers: &[u32]) -> String {
    joined(numbers.iter().map(|n| number::cardinal(u128::from(*n))), " Punkt ")
}

/// "zwei Punkt zehn", "drei A", "zwölf bis fünfzehn", "sieben folgende".
pub(super) fn locator(of: &Locator) -> String {
    match of {
        Locator::Parts(numbers) => parts(numbers),
        Locator::Lettered(numbers, letter) => format!("{} {}", parts(numbers), letter.to_uppercase()),
        Locator::Letter(letter, numbers) if numbers.is_empty() => letter.to_uppercase().to_string(),
        Locator::Letter(letter, numbers) => format!("{} {}", letter.to_uppercase(), parts(numbers)),
        Locator::Roman(value) => number::cardinal(u128::from(*value)),
        Locator::Between(ends) => format!("{} bis {}", locator(&ends.0), locator(&ends.1)),
        Locator::Following(first, _) => format!("{} folgende", locator(first)),
    }
}

/// "Abbildung drei A", "Seite zwölf bis fünfzehn"; in a law "Absatz zwei Satz eins".
pub(super) fn reference(reference: &Reference, scene: &Scene<'_>) -> String {
    let numbers = joined(reference.numbers.iter().map(locator), ", ");
    format!("{} {numbers}", sentence_of_law(scene).unwrap_or(reference.label.said))
}

/// "Satz", where `S.` stands right behind the number of a part of a law: `Abs. 2`, or `Absatz 2` in
/// full.
pub(super) fn sentence_of_law(scene: &Scene<'_>) -> Option<&'static str> {
    scene.written().starts_with(SHORT_SENTENCE).then_some(())?;
    let before = scene.before().trim_end();
    let label = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let word = label.trim_end().trim_end_matches('.').rsplit(char::is_whitespace).next().unwrap_or_default();
    let label = (label.len() < before.len()).then(|| scene.grammar.label(word)).flatten()?;
    PARTS_OF_LAWS.contains(&label.said).then_some(SENTENCE)
}

/// "erster Korinther dreizehn, vier bis sieben".
pub(super) fn verse(verse: &Verse) -> String {
    let n = |n: u32| number::cardinal(u128::from(n));
    let verses = verse.verses.iter().map(|(first, last)| match last {
        Some(last) => format!("{} bis {}", n(*first), n(*last)),
        None => n(*first),
    });
    let verses = joined(verses, ", ");
    let chapter = n(verse.chapter);
    let place = if verses.is_empty() { chapter } else { format!("{chapter}, {verses}") };
    let Some(book) = verse.book else { return place };
    match book.number {
        Some(number) => format!("{}er {} {place}", number::ordinal_stem(u128::from(number)), book.said),
        None => format!("{} {place}", book.said),
    }
}

/// "vier", "der Vierzehnte" behind a name, "zwanzigsten" before a noun.
pub(super) fn roman(roman: &Roman, scene: &Scene<'_>) -> String {
    let value = u128::from(roman.value);
    match roman.used {
        RomanUse::Number => number::cardinal(value),
        RomanUse::Ordinal => format!("{}{}", number::ordinal_stem(value), ordinal_ending(scene)),
        RomanUse::Ruler => {
            let (gender, case) = ruler(scene);
            let name = format!("{}{}", number::ordinal_stem(value), weak(gender, case));
            format!("{} {}", article(gender, case), capitalised(&name))
        }
    }
}

/// Gender and case of the name of a ruler: by the table, and by the preposition before the name
/// and its titles.
fn ruler(scene: &Scene<'_>) -> (Gender, Case) {
    let entry = scene.previous_word().and_then(|name| scene.grammar.get("rulers", name)).unwrap_or_default();
    let gender = if entry.starts_with('f') { Gender::Feminine } else { Gender::Masculine };
    if entry.ends_with("genitive") {
        return (gender, Case::Genitive);
    }
    let before = (2..=LONGEST_NAME).map_while(|back| scene.word(-back));
    let mut cases = before.map(|word| (word.starts_with(char::is_uppercase), case_after(&word.to_lowercase())));
    let case = cases.find(|(capital, case)| !capital || *case != Case::Nominative);
    (gender, case.map_or(Case::Nominative, |(_, case)| case))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_parts_are_said_part_by_part() {
        let pages = Locator::Between(Box::new((Locator::Parts(vec![12]), Locator::Parts(vec![15]))));
        for (of, said) in [
            (Locator::Parts(vec![2, 10]), "zwei Punkt zehn"),
            (Locator::Lettered(vec![3], 'a'), "drei A"),
            (Locator::Roman(4), "vier"),
            (pages, "zwölf bis fünfzehn"),
        ] {
            assert_eq!(locator(&of), said);
        }
    }
}
