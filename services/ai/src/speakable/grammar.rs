//! The tables of one language, as recognisers need them, beside those that no language owns.
//!
//! Files lie under `data/<language>` and `data/common`. A line is `key = value`, `#` and a space
//! begin a comment, a value may hold several parts split by ` | `. Keys are case-sensitive unless
//! it says "in small letters". What each file holds:
//!
//! | file | key = value |
//! | --- | --- |
//! | `settings` | `decimal = .`; `groups = , \| '` (signs between groups of three; `space` for white space); `date = month` or `day` (what stands first in digits); `ordinal_stop = yes` (`3.` may be an ordinal); `adjective = yes` (a unit before a noun is in the singular); `numeral_before_noun = yes` (`II Congreso` is an ordinal) |
//! | `months` | name or abbreviation without its stop = number; `Jan = 1 \| short` where a stop may follow |
//! | `weekdays` | the same, Monday is 1 |
//! | `eras` | `BC = before_christ`; ids are those of [`Era`] in small letters with `_`; `AD = after_christ \| first` where it may stand before the year; keys with their stops and single spaces |
//! | `clock` | words and signs of times: `a.m. = before`, `p.m. = after`, `Uhr = clock`, `h = clock`, `UTC = zone` |
//! | `scales` | `million = 6`; the power of ten; `bn = 9 \| money` where only money has it; `M = 6 \| money \| glued` where it must touch the number; keys with a stop where it has one |
//! | `ordinals` | endings of ordinals: `th =`, `re = f`, `º = m`; the value becomes `Ordinal::form` |
//! | `labels` | label in small letters without its stop = how it is said, in small letters (in the case of letters that the language writes it in) `\| strong` (a lone I behind it is a number) `\| parts` (its point counts parts: `2.10` is "two point ten") `\| pages` (small Roman numerals) `\| short` (an abbreviation: a label before a number only) `\| many` |
//! | `books` | name or abbreviation without its stop = how it is said `\| numbered` |
//! | `streets` | `St = Street`; `Straße`, ... where they stand behind a name |
//! | `sides` | `NE = north east` |
//! | `regions` | `OR = Oregon` |
//! | `titles` | titles before a name of a person |
//! | `rulers` | names behind which a Roman numeral is an ordinal |
//! | `abbreviations` | without the last stop = how it is said ` \| ` its use ([`AbbreviationUse`](super::span::AbbreviationUse)) |
//! | `bare` | abbreviations that are also written without a stop = as above |
//! | `words` | names that are not said as they are written |
//! | `spoken_acronyms`, `spelt_acronyms`, `shouted` | acronyms said as words (a value says how), spelt ones, short words in small letters that are lowered from capitals |
//! | `starters` | words in small letters that often begin a sentence and are no names |
//! | `unit_symbols` | symbols that only this language has, in the format of common `units`: `Mo = mega byte` |
//! | `money_words` | `Rs = INR`, `kr = SEK`: words before or behind an amount; with their stop where they have one; `p = GBP \| minor` where it is the minor unit |
//! | `centuries` | `c = century \| bare`: the noun behind the number of a century, shortened; `bare` where its stop may be missing |
//! | `decades` | endings behind the digits of a decade: `s`, `er` |
//! | `following` | `f = one`, `ff = many`: and the next part, or the next ones |
//! | `compounds` | shortened ends of words: `str = straße` |
//! | `named_numbers`, `serials` | numbers that are said digit by digit (`911`), words behind which one is (`ISBN`) |
//! | `contexts` | `name = word \| word ...`: sets of words in small letters that judge what stands beside them, asked by [`Grammar::context`]; `starts` are those that a reading may begin with |
//! | `elisions` | heads of words before an apostrophe, behind which a name or a number is read by itself |
//! | `emoji` | a character, or a sequence = its short name |
//!
//! Said by the verbaliser alone, by ids of common tables: `units` (`metre = metre \| metres`, in
//! the format of the language's verbaliser), `prefixes`, `currencies` (`EUR = euro \| euros \| cent
//! \| cents`), `signs` (`at_most = is at most`), `greek` (`α = alpha`), `keys`, `formula`.
//!
//! Common: `units` (`m = metre \| prefix`; `\| doubtful` where it is rather a word behind a space,
//! `\| magnitude` where it is rather a magnitude or a name when it touches the number; a prefixed
//! symbol of its own is `KB = kilo byte`), `prefixes` (`k = kilo`), `currencies` (`EUR = 2`, the
//! digits of the minor unit), `money_signs` (`$ = USD`, `US$ = USD \| country`), `elements`
//! (`H`), `signs` (`≤ = at_most`, `<= = at_most`, the longest first), `greek` (letters), `keys`
//! (`Ctrl = control`), `tlds` (`com = word`, `de`), `files` (endings of names of files), `html`
//! (names of elements), `formulas` (chemical formulas without a digit), `names` (`id = spelt`: what
//! a word of programs and networks is).

mod common;
mod load;

use std::collections::{HashMap, HashSet};

use super::span::{AbbreviationUse, Era};
use super::table::Table;
pub(crate) use common::{Common, UnitSymbol};
pub(crate) use load::Source;

/// Letters of the shortest abbreviation of a month.
const SHORTEST_MONTH: usize = 3;

/// The order of a date in digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateOrder {
    /// Month, day, year.
    MonthFirst,
    /// Day, month, year.
    DayFirst,
}

/// How a month or a weekday is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its number, from 1.
    pub(crate) number: u8,
    /// An abbreviation, behind which a stop may stand.
    pub(crate) short: bool,
}

/// What a word or sign at a time of day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockWord {
    /// `a.m.`
    Before,
    /// `p.m.`
    After,
    /// `Uhr`, `h`, `heures`.
    Clock,
    /// `UTC`, `CET`.
    Zone,
}

/// The name of a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScaleWord {
    /// The power.
    pub(crate) power: u8,
    /// Only amounts of money have it.
    pub(crate) money: bool,
    /// It touches the number.
    pub(crate) glued: bool,
}

/// The label of a part of a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LabelWord {
    /// How it is said.
    pub(crate) said: &'static str,
    /// A lone I behind it is a number.
    pub(crate) strong: bool,
    /// The point of its number counts parts.
    pub(crate) parts: bool,
    /// Its numbers may be small Roman ones.
    pub(crate) pages: bool,
    /// It is a label before a number only.
    pub(crate) short: bool,
    /// It leads several.
    pub(crate) many: bool,
}

/// An abbreviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AbbreviationWord {
    /// How it is said.
    pub(crate) said: &'static str,
    /// How it stands.
    pub(crate) used: AbbreviationUse,
}

/// The tables of one language.
#[derive(Debug)]
pub(crate) struct Grammar {
    /// What no language owns.
    pub(crate) common: &'static Common,
    /// The sign before the decimals.
    pub(crate) decimal: char,
    /// Signs between groups of three digits; a space stands for white space.
    pub(crate) groups: Vec<char>,
    /// The order of dates in digits.
    pub(crate) date_order: DateOrder,
    /// Whether digits with a stop may be an ordinal number.
    pub(crate) ordinal_stop: bool,
    /// Whether a unit before a noun is in the singular.
    pub(crate) adjective: bool,
    months: HashMap<&'static str, Named>,
    weekdays: HashMap<&'static str, Named>,
    eras: HashMap<&'static str, (Era, bool)>,
    clock: HashMap<&'static str, ClockWord>,
    scales: HashMap<&'static str, ScaleWord>,
    labels: HashMap<&'static str, LabelWord>,
    abbreviations: HashMap<&'static str, AbbreviationWord>,
    bare: HashMap<&'static str, AbbreviationWord>,
    units: HashMap<&'static str, UnitSymbol>,
    contexts: HashMap<&'static str, HashSet<&'static str>>,
    tables: HashMap<&'static str, Table>,
    /// Words that some entry begins with.
    beginnings: HashSet<&'static str>,
}

impl Grammar {
    /// The month that a word names.
    pub(crate) fn month(&self, word: &str) -> Option<Named> {
        self.months.get(word).copied()
    }

    /// The weekday that a word names.
    pub(crate) fn weekday(&self, word: &str) -> Option<Named> {
        self.weekdays.get(word).copied()
    }

    /// The era that `written` names, with its stops, and whether it may stand before the year.
    pub(crate) fn era(&self, written: &str) -> Option<(Era, bool)> {
        self.eras.get(written).copied()
    }

    /// What `written` is at a time of day.
    pub(crate) fn clock(&self, written: &str) -> Option<ClockWord> {
        self.clock.get(written).copied()
    }

    /// The power of ten that `written` names.
    pub(crate) fn scale(&self, written: &str) -> Option<ScaleWord> {
        self.scales.get(written).copied()
    }

    /// The label that a word without its stop is, in any case of letters.
    pub(crate) fn label(&self, word: &str) -> Option<LabelWord> {
        let lowered = || word.contains(char::is_uppercase).then(|| self.labels.get(word.to_lowercase().as_str()));
        self.labels.get(word).or_else(|| lowered().flatten()).copied()
    }

    /// The abbreviation that `written` is, without its last stop.
    pub(crate) fn abbreviation(&self, written: &str) -> Option<AbbreviationWord> {
        self.abbreviations.get(written).copied()
    }

    /// The abbreviation that a word without a stop is.
    pub(crate) fn bare_abbreviation(&self, word: &str) -> Option<AbbreviationWord> {
        self.bare.get(word).copied()
    }

    /// The whole word that one is which the table of `compounds` lengthens: `Hauptstr` before its
    /// stop.
    pub(crate) fn compound(&self, word: &str) -> Option<String> {
        let ends = self.tables.get("compounds")?;
        word.char_indices().skip(1).find_map(|(at, _)| {
            let (head, tail) = word.split_at(at);
            ends.get(tail).map(|whole| format!("{head}{whole}"))
        })
    }

    /// What the ending of an ordinal says of it; none where it ends none.
    pub(crate) fn ordinal_ending(&self, ending: &str) -> Option<&'static str> {
        self.get("ordinals", ending)
    }

    /// The same of an ending behind the Roman numeral of `value`, which stands behind one by the
    /// sets of `contexts`.
    pub(crate) fn numeral_ending(&self, ending: &str, value: u32) -> Option<&'static str> {
        let only = |set: &str, of: u32| !self.context(set, ending) || value == of;
        let stands = self.context("numeral_endings", ending) && only("endings_of_one", 1) && only("endings_of_two", 2);
        self.ordinal_ending(ending).filter(|_| stands)
    }

    /// Whether a word, in small letters, is of the set `name` of `contexts`.
    pub(crate) fn context(&self, name: &str, word: &str) -> bool {
        self.contexts.get(name).is_some_and(|words| words.contains(word))
    }

    /// The same of a word in any case of letters.
    pub(crate) fn in_context(&self, name: &str, word: &str) -> bool {
        let Some(words) = self.contexts.get(name) else { return false };
        words.contains(word) || (word.contains(char::is_uppercase) && words.contains(word.to_lowercase().as_str()))
    }

    /// The value of `key` in a table; empty for a bare key.
    pub(crate) fn get(&self, table: &str, key: &str) -> Option<&'static str> {
        self.tables.get(table).and_then(|table| table.get(key))
    }

    /// Whether a table has `key`.
    pub(crate) fn has(&self, table: &str, key: &str) -> bool {
        self.get(table, key).is_some()
    }

    /// Whether the head of a word before an apostrophe and the letters and digits behind it are
    /// read apart: what follows is no word in small letters, or an abbreviation.
    pub(crate) fn elides(&self, head: &str, rest: &str) -> bool {
        let Some(elisions) = self.tables.get("elisions") else { return false };
        if !elisions.has(&head.to_lowercase()) {
            return false;
        }
        let mut letters = rest.chars();
        let small = letters.next().is_some_and(char::is_lowercase) && !letters.next().is_some_and(char::is_uppercase);
        !small || self.abbreviations.contains_key(rest) || self.labels.get(rest).is_some_and(|label| label.short)
    }

    /// The unit of a symbol, and its prefix: as the language has it (`Mo`, `PS`), or as all do.
    pub(crate) fn unit(&self, symbol: &str) -> Option<UnitSymbol> {
        let own = self.common.prefixed(symbol, |symbol| self.units.get(symbol).copied());
        own.or_else(|| self.common.prefixed_unit(symbol))
    }

    /// Whether the letters are the name of a month, or the first of its letters.
    pub(crate) fn begins_month(&self, letters: &str) -> bool {
        letters.chars().count() >= SHORTEST_MONTH && self.months.keys().any(|month| month.starts_with(letters))
    }

    /// Whether an entry of a table that recognisers use begins with the word, as it is written or
    /// in small letters: if none does, a plain word is a word.
    pub(crate) fn begins_entry(&self, word: &str) -> bool {
        let lowered = || word.starts_with(char::is_uppercase) && self.beginnings.contains(word.to_lowercase().as_str());
        self.beginnings.contains(word) || lowered()
    }
}
