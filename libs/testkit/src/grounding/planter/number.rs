//! Numbers: a digit, one more or less, another magnitude, another number of the passage, another
//! number in words, another unit.

use std::ops::Range;

use super::date;
use super::draw::Draw;
use super::plant::{Place, Rule};
use super::text::{figures, replaced, words};

pub(super) const RULES: &[Rule] = &[
    Rule { name: "a digit", apply: digit },
    Rule { name: "one more or less", apply: by_one },
    Rule { name: "magnitude", apply: magnitude },
    Rule { name: "another number of the passage", apply: another },
    Rule { name: "a number in words", apply: in_words },
    Rule { name: "unit", apply: unit },
];

/// Words after which a number is not meant to the last digit.
const ROUGHLY: [&str; 13] = [
    "about",
    "some",
    "roughly",
    "over",
    "than",
    "nearly",
    "around",
    "approximately",
    "just",
    "under",
    "almost",
    "to",
    "of",
];

/// Words of magnitude, each with another.
const SCALES: [(&str, &str); 4] =
    [("thousand", "million"), ("million", "billion"), ("billion", "million"), ("trillion", "billion")];

/// Numbers in words, in order.
const COUNTING: [&str; 19] = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];

/// Units, each with another that measures the same sort of thing.
const UNITS: [(&str, &str); 18] = [
    ("minutes", "hours"),
    ("hours", "minutes"),
    ("seconds", "minutes"),
    ("days", "weeks"),
    ("kilometres", "miles"),
    ("kilometers", "miles"),
    ("acres", "hectares"),
    ("bytes", "kilobytes"),
    ("kilobytes", "megabytes"),
    ("megabytes", "gigabytes"),
    ("terabytes", "gigabytes"),
    ("kibibytes", "mebibytes"),
    ("KiB", "MiB"),
    ("MiB", "KiB"),
    ("MB", "GB"),
    ("GB", "MB"),
    ("TB", "GB"),
    ("day", "week"),
];

/// The figures of an utterance that belong to no date.
fn numbers(text: &str) -> Vec<(Range<usize>, &str)> {
    let dates = date::places(text);
    let mut found = figures(text);
    found.retain(|(range, _)| !dates.iter().any(|date| date.start <= range.start && range.end <= date.end));
    found
}

fn bare(figure: &str) -> String {
    figure.replace(',', "")
}

/// Whether the passage has this number.
fn known(place: &Place<'_>, figure: &str) -> bool {
    figures(&place.fact.passage).iter().any(|(_, other)| bare(other) == bare(figure))
}

/// Whether the words before say that it is not exact.
fn rough(text: &str, range: &Range<usize>) -> bool {
    let before = text.get(..range.start).unwrap_or_default();
    words(before).last().is_some_and(|(_, word)| ROUGHLY.contains(&word.to_lowercase().as_str()))
}

fn digit(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let numbers = numbers(place.truth);
    let (range, figure) = draw.pick(&numbers)?;
    let digits: Vec<(usize, char)> = figure.char_indices().filter(|(_, char)| char.is_ascii_digit()).collect();
    // The last digits of a rough number say nothing.
    let choice = if rough(place.truth, range) { digits.get(..1)? } else { &digits };
    let (at, old) = draw.pick(choice)?;
    let other = (old.to_digit(10)? + 1 + u32::try_from(draw.below(8)).ok()?) % 10;
    let other = if *at == 0 && other == 0 { 1 + old.to_digit(10)? % 9 } else { other };
    let changed = replaced(figure, &(*at..*at + 1), &other.to_string())?;
    (!known(place, &changed)).then(|| replaced(place.truth, range, &changed)).flatten()
}

fn by_one(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let mut numbers = numbers(place.truth);
    numbers.retain(|(range, figure)| !figure.contains('.') && !rough(place.truth, range));
    let (range, figure) = draw.pick(&numbers)?;
    let number: u64 = bare(figure).parse().ok()?;
    let changed = grouped(if draw.below(2) == 0 { number + 1 } else { number.checked_sub(1)? }, figure.contains(','));
    (!known(place, &changed)).then(|| replaced(place.truth, range, &changed)).flatten()
}

fn magnitude(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let scale = words(place.truth).into_iter().find_map(|(range, word)| {
        let (_, other) = SCALES.iter().find(|(scale, _)| *scale == word)?;
        Some((range, *other))
    });
    if let Some((range, other)) = scale {
        return replaced(place.truth, &range, other);
    }
    let mut numbers = numbers(place.truth);
    numbers.retain(|(_, figure)| !figure.contains('.'));
    let (range, figure) = draw.pick(&numbers)?;
    let number: u64 = bare(figure).parse().ok()?;
    let changed = grouped(number.checked_mul(10)?, figure.contains(',') || number >= 1_000);
    (!known(place, &changed)).then(|| replaced(place.truth, range, &changed)).flatten()
}

fn another(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let numbers = numbers(place.truth);
    let (range, figure) = draw.pick(&numbers)?;
    let said: Vec<String> = figures(place.truth).iter().map(|(_, figure)| bare(figure)).collect();
    let mut others = self::numbers(&place.fact.passage);
    // A number of the same form: a version for a version, a whole one for a whole one.
    let dots = |figure: &str| figure.matches('.').count();
    others.retain(|(_, other)| !said.contains(&bare(other)) && dots(other) == dots(figure));
    replaced(place.truth, range, draw.pick(&others)?.1)
}

fn in_words(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let mut found = Vec::new();
    for (range, word) in words(place.truth) {
        let mut start = range.start;
        for part in word.split('-') {
            let at = COUNTING.iter().position(|name| part.eq_ignore_ascii_case(name));
            found.extend(at.map(|at| (start..start + part.len(), at)));
            start += part.len() + 1;
        }
    }
    let (range, at) = draw.pick(&found)?;
    // Within nine, so that "sixty-four" does not become "sixty-eleven".
    let unit = *at < 8;
    let other = if unit { (at + 1 + draw.below(7)) % 8 } else { 8 + (at - 8 + 1 + draw.below(10)) % 11 };
    let other = COUNTING.get(other)?;
    let capital = place.truth.get(range.clone())?.starts_with(|char: char| char.is_uppercase());
    let other = if capital { super::name::capitalised(other) } else { (*other).to_owned() };
    replaced(place.truth, range, &other)
}

fn unit(place: &Place<'_>, draw: &mut Draw) -> Option<String> {
    let words = words(place.truth);
    let mut found = Vec::new();
    for pair in words.windows(2) {
        let [(_, before), (range, word)] = pair else { continue };
        let counted = before.starts_with(|char: char| char.is_ascii_digit())
            || before.split('-').any(|part| COUNTING.contains(&part) || ["thousand", "hundred"].contains(&part));
        let other = UNITS.iter().find(|(unit, _)| unit == word);
        found.extend(other.filter(|_| counted).map(|(_, other)| (range.clone(), *other)));
    }
    let (range, other) = draw.pick(&found)?;
    replaced(place.truth, range, other)
}

/// A whole number, with commas between its groups of three where `commas`.
fn grouped(number: u64, commas: bool) -> String {
    let digits = number.to_string();
    if !commas {
        return digits;
    }
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_they_were() {
        assert_eq!(grouped(13_430, true), "13,430");
        assert_eq!(grouped(640, true), "640");
        assert_eq!(grouped(640_000, false), "640000");
    }

    #[test]
    fn figures_of_dates_are_no_numbers() {
        let found: Vec<_> =
            numbers("On 22 May 2017 it took 35 percent of 1,024.").into_iter().map(|(_, n)| n).collect();
        assert_eq!(found, ["35", "1,024"]);
    }
}
