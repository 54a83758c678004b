//! Chemical formulas, powers and Greek letters.

use super::count::{joined, plain};
use super::number;
use crate::speakable::span::{Chemical, ChemicalCount, ChemicalPart, Exponent, Value};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// The name of an element, by which its isotopes are said; its letters where it has none.
fn element(symbol: &str, verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    scene.grammar.get("elements", symbol).map_or_else(|| verbaliser.spell(symbol), str::to_owned)
}

fn count(of: ChemicalCount, verbaliser: &dyn Verbaliser) -> String {
    match of {
        ChemicalCount::Number(n) => number::cardinal(u128::from(n)),
        ChemicalCount::Letter(letter) => verbaliser.letter(letter),
    }
}

/// "zweimal" behind a bracket.
fn times(of: ChemicalCount, verbaliser: &dyn Verbaliser) -> String {
    match of {
        ChemicalCount::Number(1) => "einmal".to_owned(),
        ChemicalCount::Number(n) => format!("{}mal", number::cardinal(u128::from(n))),
        ChemicalCount::Letter(letter) => format!("{} mal", verbaliser.letter(letter)),
    }
}

fn parts(of: &[ChemicalPart], verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let words = of.iter().map(|part| match part {
        ChemicalPart::Element { symbol, count: number, mass } => {
            let mut words = match mass {
                Some(mass) => {
                    format!("{} {}", element(symbol, verbaliser, scene), number::cardinal(u128::from(*mass)))
                }
                None => verbaliser.spell(symbol),
            };
            if let Some(number) = number {
                words = format!("{words} {}", count(*number, verbaliser));
            }
            words
        }
        ChemicalPart::Group { parts: inner, count: number } => {
            let inner = parts(inner, verbaliser, scene);
            match number {
                Some(number) => format!("{inner} {}", times(*number, verbaliser)),
                None => inner,
            }
        }
        ChemicalPart::Times(n) => format!("mal {}", number::cardinal(u128::from(*n))),
    });
    joined(words, " ")
}

/// "zwei H zwei O", "S O vier zwei minus", "Kohlenstoff vierzehn".
pub(super) fn chemical(chemical: &Chemical, verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let mut words = parts(&chemical.parts, verbaliser, scene);
    if let Some(coefficient) = &chemical.coefficient {
        words = format!("{} {words}", plain(coefficient));
    }
    if let Some((positive, charges)) = chemical.charge {
        let sign = if positive { "plus" } else { "minus" };
        words = match charges {
            0 | 1 => format!("{words} {sign}"),
            _ => format!("{words} {} {sign}", number::cardinal(u128::from(charges))),
        };
    }
    words
}

/// "delta t": Greek letters by their names, runs of other letters as they are.
pub(super) fn greek(letters: &[char], scene: &Scene<'_>) -> String {
    let mut words = String::new();
    let mut name_before = false;
    for letter in letters {
        let small = letter.to_lowercase().next().unwrap_or(*letter);
        let name = scene.grammar.get("greek", small.encode_utf8(&mut [0; 4]));
        if !words.is_empty() && (name_before || name.is_some()) {
            words.push(' ');
        }
        match name {
            Some(name) => words.push_str(name),
            None => words.push(*letter),
        }
        name_before = name.is_some();
    }
    words
}

/// "x hoch zwei", "zehn hoch minus neun"; without a base "hoch zwei".
pub(super) fn power(
    base: Option<&Value>,
    exponent: &Exponent,
    verbaliser: &dyn Verbaliser,
    scene: &Scene<'_>,
) -> String {
    let exponent = match exponent {
        Exponent::Number(n) => plain(n),
        Exponent::Letter(letter) => letter.to_string(),
        Exponent::Expression(values) => joined(values.iter().map(|value| verbaliser.words(value, scene)), " "),
    };
    let base = base
        .map(|base| if let Value::Letter(letter) = base { letter.to_string() } else { verbaliser.words(base, scene) });
    match base {
        Some(base) => format!("{base} hoch {exponent}"),
        None => format!("hoch {exponent}"),
    }
}
