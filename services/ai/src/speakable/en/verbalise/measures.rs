//! Amounts of units, percentages and angles, in English.

use super::super::{English, number};
use super::numbers::{self, together};
use crate::speakable::span::{
    Amount, Angle, Compass, Compound, Measure, Number, Part, Per, Percent, Unit, UnitFactor, UnitId, Value,
};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// Units whose squares and cubes are areas and volumes: "square metres". Of others the power stands
/// behind: "seconds squared".
const LENGTHS: [&str; 8] = ["metre", "inch", "foot", "yard", "mile", "nautical_mile", "pixel", "thousandth_of_an_inch"];

/// "five kilograms", "five kilometre" before a noun.
pub(super) fn measure(measure: &Measure, scene: &Scene<'_>) -> String {
    let many = !(measure.adjective || numbers::is_one(&measure.amount));
    together([numbers::amount(&measure.amount).as_str(), &unit(&measure.unit, many, scene)])
}

/// A unit without an amount: in the plural, or before a noun in the singular ("the kilowatt hour
/// price").
pub(super) fn unit_alone(written: &Unit, scene: &Scene<'_>) -> String {
    let noun = scene.next_word().is_some_and(|word| {
        word.chars().count() > 1 && word.chars().all(char::is_lowercase) && !scene.in_context("no_noun", word)
    });
    unit(written, !(noun && written.under.is_empty()), scene)
}

/// A unit in the singular or the plural, and what it is per.
fn unit(unit: &Unit, many: bool, scene: &Scene<'_>) -> String {
    let last = unit.over.len().saturating_sub(1);
    let over = unit.over.iter().enumerate().map(|(at, part)| factor(part, many && at == last, scene));
    let under = unit.under.iter().map(|part| per(part, scene));
    let words: Vec<String> = over.chain(under).collect();
    together(words.iter().map(String::as_str))
}

/// "per second", "per one hundred kilometres", "per month".
pub(super) fn per(part: &Per, scene: &Scene<'_>) -> String {
    match part {
        Per::Unit(unit) => {
            let many = unit.count.as_ref().is_some_and(|count| !count.is_one());
            let count = unit.count.as_ref().map(numbers::cardinal).unwrap_or_default();
            together(["per", &count, &factor(unit, many, scene)])
        }
        Per::Noun(noun) => format!("per {noun}"),
    }
}

/// One unit with its prefix and power, and what of it is measured.
fn factor(factor: &UnitFactor, many: bool, scene: &Scene<'_>) -> String {
    let name = prefixed(factor, many, scene);
    let length = LENGTHS.contains(&factor.unit.0);
    let words = match (factor.power, length) {
        (0 | 1, _) => name,
        (2, true) => format!("square {name}"),
        (3, true) => format!("cubic {name}"),
        (2, false) => format!("{name} squared"),
        (3, false) => format!("{name} cubed"),
        (power, _) => format!("{name} to the power of {}", number::cardinal(u128::from(power))),
    };
    match factor.of.as_deref() {
        Some(Value::Unit(rest)) => together([words.as_str(), &unit(rest, false, scene)]),
        Some(of) => together([words.as_str(), &English.words(of, scene)]),
        None => words,
    }
}

/// The name of a unit with its prefix before it: "kilometres", "megohms".
fn prefixed(factor: &UnitFactor, many: bool, scene: &Scene<'_>) -> String {
    let name = name(factor.unit, many, scene);
    let Some(prefix) = factor.prefix else { return name };
    let prefix = scene.grammar.get("prefixes", prefix.0).unwrap_or(prefix.0);
    let prefix = if prefix == "mega" && name.starts_with('o') { "meg" } else { prefix };
    format!("{prefix}{name}")
}

/// The name of a unit by its id.
fn name(unit: UnitId, many: bool, scene: &Scene<'_>) -> String {
    let Some(names) = scene.grammar.get("units", unit.0) else { return unit.0.replace('_', " ") };
    let (one, several) = names.split_once(" | ").unwrap_or((names, names));
    if many { several } else { one }.to_owned()
}

/// "five foot eleven", "six feet two inches".
pub(super) fn compound(compound: &Compound, scene: &Scene<'_>) -> String {
    let last = compound.parts.len().saturating_sub(1);
    let parts = compound.parts.iter().enumerate().map(|(at, (count, unit))| {
        let count_words = numbers::cardinal(count);
        if compound.terse && at == last {
            return count_words;
        }
        format!("{count_words} {}", name(*unit, !(compound.terse || count.is_one()), scene))
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// "forty-five percent", "twelve percent to fifteen percent", "twelve basis points".
pub(super) fn percent(percent: &Percent) -> String {
    let (one, many) = match percent.part {
        Part::Hundred => ("percent", "percent"),
        Part::Thousand => ("per mille", "per mille"),
        Part::TenThousand => ("per ten thousand", "per ten thousand"),
        Part::Points => ("percentage point", "percentage points"),
        Part::BasisPoints => ("basis point", "basis points"),
    };
    if let Amount::Between(pair) = &percent.amount
        && percent.twice
    {
        return format!("{} {many} to {} {many}", numbers::cardinal(&pair.0), numbers::cardinal(&pair.1));
    }
    let name = if numbers::is_one(&percent.amount) { one } else { many };
    format!("{} {name}", numbers::amount(&percent.amount))
}

/// "forty-eight degrees fifty-one minutes twenty-four seconds north".
pub(super) fn angle(angle: &Angle) -> String {
    let part = |number: Option<&Number>, one: &str, many: &str| {
        let name = |number: &Number| if number.is_one() { one.to_owned() } else { many.to_owned() };
        number.map(|number| format!("{} {}", numbers::cardinal(number), name(number))).unwrap_or_default()
    };
    let compass = match angle.compass {
        Some(Compass::North) => "north",
        Some(Compass::East) => "east",
        Some(Compass::South) => "south",
        Some(Compass::West) => "west",
        None => "",
    };
    together([
        part(Some(&angle.degrees), "degree", "degrees").as_str(),
        &part(angle.minutes.as_ref(), "minute", "minutes"),
        &part(angle.seconds.as_ref(), "second", "seconds"),
        compass,
    ])
}
