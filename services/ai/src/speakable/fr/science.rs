//! Powers, products and chemical formulas in French.

use super::French;
use super::counting::number_words;
use super::number::{self, Agreement};
use crate::speakable::grammar::Grammar;
use crate::speakable::span::{Chemical, ChemicalCount, ChemicalPart, Exponent, Number, Value};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// Numbers with words between them.
pub(super) fn joined(numbers: &[Number], joint: &str) -> String {
    numbers.iter().map(|number| number_words(number, Agreement::Masculine)).collect::<Vec<_>>().join(joint)
}

/// "x au carré", "dix puissance six".
pub(super) fn power(base: Option<&Value>, exponent: &Exponent, scene: &Scene<'_>) -> String {
    let exponent = match exponent {
        Exponent::Number(number) if number.is_plain() && number.whole == "2" => "au carré".to_owned(),
        Exponent::Number(number) if number.is_plain() && number.whole == "3" => "au cube".to_owned(),
        Exponent::Number(number) => format!("puissance {}", number_words(number, Agreement::Masculine)),
        Exponent::Letter(letter) => format!("puissance {}", quantity(*letter, scene)),
        Exponent::Expression(parts) => {
            let parts = parts.iter().map(|part| French.words(part, scene)).collect::<Vec<_>>();
            format!("puissance {}", parts.join(" "))
        }
    };
    match base {
        Some(Value::Letter(letter)) => format!("{} {exponent}", quantity(*letter, scene)),
        Some(base) => format!("{} {exponent}", French.words(base, scene)),
        None => exponent,
    }
}

/// The letter of a quantity, as it is written; one that is also a word by its name.
fn quantity(letter: char, scene: &Scene<'_>) -> String {
    let is_word = scene.grammar.context("word_letters", letter.encode_utf8(&mut [0; 4]));
    if is_word { French.letter(letter) } else { letter.to_string() }
}

/// "alpha", "delta t": Latin letters among the Greek ones are said as they are written.
pub(super) fn greek(letters: &[char], grammar: &Grammar) -> String {
    let mut words = String::new();
    for letter in letters {
        let small = letter.to_lowercase().next().unwrap_or(*letter);
        match grammar.get("greek", small.encode_utf8(&mut [0; 4])) {
            Some(name) => words.extend([" ", name, " "]),
            None => words.push(*letter),
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// "C O deux", "carbone quatorze", "S O quatre deux moins".
pub(super) fn chemical(chemical: &Chemical, scene: &Scene<'_>) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(chemical.coefficient.as_ref().map(|number| number_words(number, Agreement::Masculine)));
    parts(&chemical.parts, scene.grammar, &mut words);
    if let Some((positive, many)) = chemical.charge {
        words.extend((many > 1).then(|| number::cardinal(u128::from(many), Agreement::Masculine)));
        words.push(if positive { "plus" } else { "moins" }.to_owned());
    }
    words.join(" ")
}

fn parts(of: &[ChemicalPart], grammar: &Grammar, words: &mut Vec<String>) {
    for part in of {
        match part {
            ChemicalPart::Element { symbol, count: many, mass } => {
                let name = mass.and_then(|_| grammar.get("elements", symbol));
                words.push(name.map_or_else(|| French.spell(symbol), str::to_owned));
                words.extend(mass.map(|mass| number::cardinal(u128::from(mass), Agreement::Rank)));
                words.extend(many.map(count));
            }
            ChemicalPart::Group { parts: inside, count: many } => {
                parts(inside, grammar, words);
                words.extend(many.map(|many| format!("{} fois", count(many))));
            }
            ChemicalPart::Times(many) => {
                if let Some(last) = words.last_mut() {
                    last.push(',');
                }
                words.push(number::cardinal(u128::from(*many), Agreement::Masculine));
            }
        }
    }
}

fn count(many: ChemicalCount) -> String {
    match many {
        ChemicalCount::Number(many) => number::cardinal(u128::from(many), Agreement::Masculine),
        ChemicalCount::Letter(letter) => letter.to_string(),
    }
}
