//! Chemical formulas, powers and Greek letters in Spanish.

use super::numbers::{join, with_signs};
use crate::speakable::es::Spanish;
use crate::speakable::es::number::{self, Standing};
use crate::speakable::span::{Chemical, ChemicalCount, ChemicalPart, Exponent, Number, Value};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// Small letters that are words of Spanish: as names of quantities they are said by their names.
const LETTERS_THAT_ARE_WORDS: [char; 5] = ['a', 'e', 'o', 'u', 'y'];

/// "dos H dos O", "carbono catorce", "S O cuatro dos menos".
pub(super) fn chemical(chemical: &Chemical, scene: &Scene<'_>) -> String {
    let coefficient =
        chemical.coefficient.as_ref().map_or_else(String::new, |count| with_signs(count, Standing::Alone, scene));
    let charge = chemical.charge.map_or_else(String::new, |(positive, count)| {
        let sign = if positive { "más" } else { "menos" };
        let count = if count > 1 { small(u16::from(count)) } else { String::new() };
        join(&[count, sign.to_owned()])
    });
    join(&[coefficient, parts(&chemical.parts, scene), charge])
}

fn small(n: u16) -> String {
    number::cardinal(u128::from(n), Standing::Alone)
}

fn parts(parts: &[ChemicalPart], scene: &Scene<'_>) -> String {
    parts.iter().map(|each| part(each, scene)).collect::<Vec<_>>().join(" ")
}

fn part(part: &ChemicalPart, scene: &Scene<'_>) -> String {
    match part {
        ChemicalPart::Element { symbol, count, mass: None } => join(&[Spanish.spell(symbol), count_words(*count)]),
        ChemicalPart::Element { symbol, count, mass: Some(mass) } => {
            let name = scene.grammar.get("elements", symbol).map_or_else(|| Spanish.spell(symbol), str::to_owned);
            join(&[name, small(*mass), count_words(*count)])
        }
        ChemicalPart::Group { parts: inner, count: None } => parts(inner, scene),
        ChemicalPart::Group { parts: inner, count } => {
            format!("{}, {} veces,", parts(inner, scene), count_words(*count))
        }
        ChemicalPart::Times(count) => small(*count),
    }
}

fn count_words(count: Option<ChemicalCount>) -> String {
    match count {
        None => String::new(),
        Some(ChemicalCount::Number(count)) => small(count),
        Some(ChemicalCount::Letter(letter)) => Spanish.letter(letter),
    }
}

/// "alfa"; Latin letters among Greek ones stay as they are: "delta t".
pub(super) fn greek(letters: &[char], scene: &Scene<'_>) -> String {
    let mut words = String::new();
    let mut in_latin = false;
    for letter in letters {
        let small = letter.to_lowercase().next().unwrap_or(*letter);
        let name = scene.grammar.get("greek", small.encode_utf8(&mut [0; 4]));
        let goes_on = in_latin && name.is_none();
        if !goes_on && !words.is_empty() {
            words.push(' ');
        }
        match name {
            Some(name) => words.push_str(name),
            None => words.push(*letter),
        }
        in_latin = name.is_none();
    }
    words
}

/// "x al cuadrado", "diez elevado a seis"; without a base "al cuadrado".
pub(super) fn power(base: Option<&Value>, exponent: &Exponent, scene: &Scene<'_>) -> String {
    let base = base.map_or_else(String::new, |base| {
        if let Value::Letter(letter) = base { variable(*letter) } else { Spanish.words(base, scene) }
    });
    join(&[base, exponent_words(exponent, scene)])
}

fn exponent_words(exponent: &Exponent, scene: &Scene<'_>) -> String {
    match exponent {
        Exponent::Number(number) if is_plain(number, "2") => "al cuadrado".to_owned(),
        Exponent::Number(number) if is_plain(number, "3") => "al cubo".to_owned(),
        Exponent::Number(number) => format!("elevado a {}", with_signs(number, Standing::Alone, scene)),
        Exponent::Letter(letter) => format!("elevado a {}", variable(*letter)),
        Exponent::Expression(values) => {
            let words = values.iter().map(|value| Spanish.words(value, scene)).collect::<Vec<_>>();
            format!("elevado a {}", words.join(" "))
        }
    }
}

fn is_plain(number: &Number, digits: &str) -> bool {
    number.is_plain() && number.whole == digits
}

/// The name of a quantity: the letter, in capitals where it would be a word.
fn variable(letter: char) -> String {
    if LETTERS_THAT_ARE_WORDS.contains(&letter) { letter.to_uppercase().to_string() } else { letter.to_string() }
}

/// "f de".
pub(super) fn applied(function: char) -> String {
    format!("{} de", variable(function))
}
