//! Chemical formulas, powers and factors, in English.

use super::super::{English, number};
use super::numbers::{cardinal, together};
use crate::speakable::span::{Chemical, ChemicalCount, ChemicalPart, Exponent, Sign, Value};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// "C O two", "carbon fourteen", "S O four two minus", "C A O H twice".
pub(super) fn chemical(chemical: &Chemical, scene: &Scene<'_>) -> String {
    let coefficient = chemical.coefficient.as_ref().map(cardinal).unwrap_or_default();
    let parts = parts(&chemical.parts, scene);
    let charge = chemical.charge.map(|(positive, count)| {
        let count = if count == 1 { String::new() } else { number::cardinal(u128::from(count)) };
        together([count.as_str(), if positive { "plus" } else { "minus" }])
    });
    together([coefficient.as_str(), &parts, charge.as_deref().unwrap_or_default()])
}

fn parts(parts: &[ChemicalPart], scene: &Scene<'_>) -> String {
    let mut words = String::new();
    for part in parts {
        let said = match part {
            ChemicalPart::Element { symbol, count, mass } => {
                let name = match mass {
                    Some(mass) => {
                        let name =
                            scene.grammar.get("elements", symbol).map_or_else(|| English.spell(symbol), str::to_owned);
                        format!("{name} {}", number::in_name(&mass.to_string()))
                    }
                    None => English.spell(symbol),
                };
                together([name.as_str(), &count.map(counted).unwrap_or_default()])
            }
            ChemicalPart::Group { parts: inner, count } => {
                together([self::parts(inner, scene).as_str(), &count.map(times).unwrap_or_default()])
            }
            // A dot parts what the number behind it counts.
            ChemicalPart::Times(count) => {
                words.push(',');
                number::cardinal(u128::from(*count))
            }
        };
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&said);
    }
    words
}

/// "two", "N"
fn counted(count: ChemicalCount) -> String {
    match count {
        ChemicalCount::Number(number) => number::cardinal(u128::from(number)),
        ChemicalCount::Letter(letter) => letter.to_uppercase().to_string(),
    }
}

/// "twice", "three times": how often a group is there.
fn times(count: ChemicalCount) -> String {
    match count {
        ChemicalCount::Number(1) => "once".to_owned(),
        ChemicalCount::Number(2) => "twice".to_owned(),
        ChemicalCount::Number(_) | ChemicalCount::Letter(_) => format!("{} times", counted(count)),
    }
}

/// "x squared", "ten to the power of minus three"; without a base "squared".
pub(super) fn power(base: Option<&Value>, exponent: &Exponent, scene: &Scene<'_>) -> String {
    let base = base.map(|base| term(base, scene)).unwrap_or_default();
    let power = match exponent {
        Exponent::Number(number) if number.sign == Sign::None && number.whole == "2" => "squared".to_owned(),
        Exponent::Number(number) if number.sign == Sign::None && number.whole == "3" => "cubed".to_owned(),
        Exponent::Number(number) => format!("to the power of {}", cardinal(number)),
        Exponent::Letter(letter) => format!("to the power of {}", term(&Value::Letter(*letter), scene)),
        Exponent::Expression(values) => {
            let words: Vec<String> = values.iter().map(|value| term(value, scene)).collect();
            format!("to the power of {}", words.join(" "))
        }
    };
    together([base.as_str(), &power])
}

/// A term of an expression: a letter stays as it is written, but for the one that is an article.
pub(super) fn term(value: &Value, scene: &Scene<'_>) -> String {
    if let Value::Letter(letter) = value {
        return if *letter == 'a' { "A".to_owned() } else { letter.to_string() };
    }
    English.words(value, scene)
}
