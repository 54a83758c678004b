//! Reading the tables of a language.

use std::collections::{HashMap, HashSet};

use super::super::span::{AbbreviationUse, Era};
use super::super::table::Table;
use super::{AbbreviationWord, ClockWord, Common, DateOrder, Grammar, LabelWord, Named, ScaleWord, UnitSymbol};

/// The files of a language: the name of a table, and what it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    /// Tables whose keys stand in texts.
    pub(crate) recognised: &'static [(&'static str, &'static str)],
    /// Tables whose keys are ids, that verbalisers alone use, and sets of words that nothing begins
    /// with.
    pub(crate) said: &'static [(&'static str, &'static str)],
}

/// Parts of a value.
fn flags(value: &'static str) -> (&'static str, Vec<&'static str>) {
    let mut parts = value.split(" | ");
    (parts.next().unwrap_or_default(), parts.collect())
}

fn named(value: &'static str) -> Option<Named> {
    let (number, flags) = flags(value);
    Some(Named { number: number.parse().ok()?, short: flags.contains(&"short") })
}

fn era(value: &'static str) -> Option<(Era, bool)> {
    let (id, flags) = flags(value);
    let era = match id {
        "before_christ" => Era::BeforeChrist,
        "before_common" => Era::BeforeCommon,
        "after_christ" => Era::AfterChrist,
        "common" => Era::Common,
        "hijri" => Era::Hijri,
        "before_present" => Era::BeforePresent,
        _ => return None,
    };
    Some((era, flags.contains(&"first")))
}

fn clock(value: &'static str) -> Option<ClockWord> {
    Some(match value {
        "before" => ClockWord::Before,
        "after" => ClockWord::After,
        "clock" => ClockWord::Clock,
        "zone" => ClockWord::Zone,
        _ => return None,
    })
}

fn scale(value: &'static str) -> Option<ScaleWord> {
    let (power, flags) = flags(value);
    Some(ScaleWord { power: power.parse().ok()?, money: flags.contains(&"money"), glued: flags.contains(&"glued") })
}

fn label(value: &'static str) -> Option<LabelWord> {
    let (said, flags) = flags(value);
    Some(LabelWord {
        said,
        strong: flags.contains(&"strong"),
        parts: flags.contains(&"parts"),
        pages: flags.contains(&"pages"),
        short: flags.contains(&"short"),
        many: flags.contains(&"many"),
    })
}

fn abbreviation(value: &'static str) -> Option<AbbreviationWord> {
    let (said, used) = value.rsplit_once(" | ")?;
    let used = match used {
        "title" => AbbreviationUse::Title,
        "number" => AbbreviationUse::Number,
        "year" => AbbreviationUse::Year,
        "month" => AbbreviationUse::Month,
        "day" => AbbreviationUse::Day,
        "name" => AbbreviationUse::Name,
        "open" => AbbreviationUse::Open,
        "end" => AbbreviationUse::End,
        _ => return None,
    };
    Some(AbbreviationWord { said, used })
}

/// A table with its values read.
fn typed<T>(
    tables: &HashMap<&'static str, Table>,
    name: &str,
    read: fn(&'static str) -> Option<T>,
) -> HashMap<&'static str, T> {
    let entries = tables.get(name).into_iter().flat_map(Table::entries);
    entries.filter_map(|(key, value)| read(value).map(|value| (key, value))).collect()
}

/// The first word of a key.
fn beginning(key: &'static str) -> Option<&'static str> {
    let end = key.find(|c: char| !(c.is_alphabetic() || c == '\'')).unwrap_or(key.len());
    key.get(..end).filter(|word| !word.is_empty())
}

impl Grammar {
    /// Reads the tables of a language.
    pub(crate) fn load(source: Source) -> Self {
        let common = Common::get();
        let files = source.recognised.iter().chain(source.said);
        let tables: HashMap<&'static str, Table> = files.map(|(name, file)| (*name, Table::parse(file))).collect();
        let recognised = source.recognised.iter().filter_map(|(name, _)| tables.get(name));
        let mut beginnings: HashSet<&'static str> =
            recognised.flat_map(Table::entries).filter_map(|(key, _)| beginning(key)).collect();
        let starts = tables.get("contexts").and_then(|table| table.get("starts")).unwrap_or_default();
        beginnings.extend(starts.split(" | ").filter(|word| !word.is_empty()));
        let setting = |key: &str| tables.get("settings").and_then(|table| table.get(key)).unwrap_or_default();
        let groups = setting("groups").split(" | ").filter_map(|sign| match sign {
            "space" => Some(' '),
            _ => sign.chars().next(),
        });
        let contexts = tables.get("contexts").into_iter().flat_map(Table::entries);
        Self {
            common,
            decimal: setting("decimal").chars().next().unwrap_or('.'),
            groups: groups.collect(),
            date_order: if setting("date") == "month" { DateOrder::MonthFirst } else { DateOrder::DayFirst },
            ordinal_stop: setting("ordinal_stop") == "yes",
            adjective: setting("adjective") == "yes",
            months: typed(&tables, "months", named),
            weekdays: typed(&tables, "weekdays", named),
            eras: typed(&tables, "eras", era),
            clock: typed(&tables, "clock", clock),
            scales: typed(&tables, "scales", scale),
            labels: typed(&tables, "labels", label),
            abbreviations: typed(&tables, "abbreviations", abbreviation),
            bare: typed(&tables, "bare", abbreviation),
            units: typed(&tables, "unit_symbols", |value| Some(UnitSymbol::parse(value))),
            contexts: contexts.map(|(name, words)| (name, words.split(" | ").collect())).collect(),
            beginnings,
            tables,
        }
    }
}
