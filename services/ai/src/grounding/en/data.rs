//! The tables of the check, read once; each is a file under `data/en/grounding`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::units::Measure;
use crate::grounding::number::Hedge;

/// All tables.
#[derive(Debug)]
pub(super) struct Data {
    /// Common words, as `words.txt` says.
    pub words: HashSet<&'static str>,
    /// Words that say nothing of what a sentence is about.
    pub stop: HashSet<&'static str>,
    /// Words behind which a full stop ends no sentence.
    pub abbreviations: HashSet<&'static str>,
    /// Words with a capital that name nothing.
    pub always: HashSet<&'static str>,
    /// What a part of a document is called.
    pub parts: HashSet<&'static str>,
    /// Titles before names.
    pub titles: HashSet<&'static str>,
    /// Nouns by which a speaker counts.
    pub counted: HashSet<&'static str>,
    /// Words of a value below zero.
    pub down: HashSet<&'static str>,
    /// Words that negate.
    pub negators: HashSet<&'static str>,
    /// The forms of a name, by each of them.
    pub same_names: HashMap<&'static str, Vec<&'static str>>,
    /// The whole first names of each short one.
    pub short_names: HashMap<&'static str, Vec<&'static str>>,
    /// Numerals: the sort and the value.
    pub numerals: HashMap<(&'static str, &'static str), f64>,
    /// Words of the calendar: the sort and the number.
    pub calendar: HashMap<(&'static str, &'static str), u8>,
    /// Numerals that often count nothing, and nouns that make them count: the sort and the word.
    pub discourse: HashSet<(&'static str, &'static str)>,
    /// Phrases before a number, with hyphens for spaces.
    pub hedges: HashMap<&'static str, Hedge>,
    /// Units by name or symbol.
    pub units: HashMap<&'static str, Measure>,
    /// Measures that share a word.
    pub same_units: HashMap<&'static str, Vec<&'static str>>,
    /// Opposites: for each word the number of its line, and whether it stands before the bar.
    pub opposites: HashMap<&'static str, (usize, bool)>,
}

macro_rules! table {
    ($name:literal) => {
        include_str!(concat!("../../../data/en/grounding/", $name))
    };
}

static DATA: LazyLock<Data> = LazyLock::new(|| Data {
    words: words(table!("words.txt")),
    stop: words(table!("stop.txt")),
    abbreviations: words(table!("abbreviations.txt")),
    always: words(table!("always.txt")),
    parts: words(table!("parts.txt")),
    titles: words(table!("titles.txt")),
    counted: words(table!("counted.txt")),
    down: words(table!("down.txt")),
    negators: words(table!("negators.txt")),
    same_names: same_names(table!("same_names.txt")),
    short_names: lists(table!("short_names.txt")),
    numerals: sorted(table!("numerals.txt")).filter_map(|(sort, n, w)| Some(((sort, w), n.parse().ok()?))).collect(),
    calendar: sorted(table!("calendar.txt")).filter_map(|(sort, n, w)| Some(((sort, w), n.parse().ok()?))).collect(),
    discourse: pairs(table!("discourse.txt")).collect(),
    hedges: pairs(table!("hedges.txt")).filter_map(|(side, phrase)| Some((phrase, hedge(side)?))).collect(),
    units: units(table!("units.txt")),
    same_units: lists(table!("same_units.txt")),
    opposites: opposites(table!("opposites.txt")),
});

impl Data {
    /// The tables.
    pub fn get() -> &'static Self {
        &DATA
    }

    /// The value of a numeral of this sort.
    pub fn numeral(&self, sort: &'static str, word: &str) -> Option<f64> {
        self.numerals.get(&(sort, word)).copied()
    }

    /// The number of a word of the calendar.
    pub fn calendar(&self, sort: &'static str, word: &str) -> Option<u8> {
        self.calendar.get(&(sort, word)).copied()
    }

    /// Whether the word is in the list of this sort in `discourse.txt`.
    pub fn discourse(&self, sort: &'static str, word: &str) -> bool {
        self.discourse.contains(&(sort, word))
    }
}

/// The lines of a file that are neither empty nor comments.
fn lines(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "))
}

fn words(file: &'static str) -> HashSet<&'static str> {
    lines(file).flat_map(str::split_whitespace).collect()
}

/// Lines `key = word word`: the words of each key.
fn lists(file: &'static str) -> HashMap<&'static str, Vec<&'static str>> {
    let halves = lines(file).filter_map(|line| line.split_once(" = "));
    halves.map(|(key, values)| (key, values.split_whitespace().collect())).collect()
}

/// Lines `key = word word`: a pair for each word.
fn pairs(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let halves = lines(file).filter_map(|line| line.split_once(" = "));
    halves.flat_map(|(key, values)| values.split_whitespace().map(move |value| (key, value)))
}

/// Lines `sort number = word word`.
fn sorted(file: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    pairs(file).filter_map(|(key, word)| key.split_once(' ').map(|(sort, number)| (sort, number, word)))
}

fn same_names(file: &'static str) -> HashMap<&'static str, Vec<&'static str>> {
    let mut names: HashMap<&'static str, Vec<&'static str>> = HashMap::new();
    for line in lines(file) {
        for word in line.split_whitespace() {
            names.entry(word).or_default().extend(line.split_whitespace());
        }
    }
    names
}

fn hedge(side: &str) -> Option<Hedge> {
    match side {
        "about" => Some(Hedge::About),
        "over" => Some(Hedge::Over),
        "under" => Some(Hedge::Under),
        _ => None,
    }
}

fn units(file: &'static str) -> HashMap<&'static str, Measure> {
    let units = sorted(file).filter_map(|(measure, factor, word)| {
        let factor = factor.parse().ok()?;
        Some((word, Measure { measure, factor }))
    });
    units.collect()
}

fn opposites(file: &'static str) -> HashMap<&'static str, (usize, bool)> {
    let mut sides = HashMap::new();
    for (at, line) in lines(file).enumerate() {
        let (one, other) = line.split_once('|').unwrap_or((line, ""));
        sides.extend(one.split_whitespace().map(|word| (word, (at, true))));
        sides.extend(other.split_whitespace().map(|word| (word, (at, false))));
    }
    sides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_whole() {
        let data = Data::get();
        assert!(data.words.len() > 15_000);
        assert_eq!(data.numeral("unit", "twelve"), Some(12.0));
        assert_eq!(data.calendar("month", "march"), Some(3));
        assert_eq!(data.hedges.get("more-than"), Some(&Hedge::Over));
        assert_eq!(data.opposites.get("fewer").map(|side| side.1), Some(false));
        assert!(data.units.contains_key("kilometres"));
        assert!(data.short_names.get("ed").is_some_and(|names| names.contains(&"edward")));
        assert!(data.same_names.get("france").is_some_and(|names| names.contains(&"french")));
    }
}
