//! Tables that no language owns.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::span::{Currency, Prefix, Symbol, UnitId};
use super::super::table::Table;

/// The first character of Greek.
const FIRST_GREEK: char = '\u{370}';
/// The sign of the prefix, which stands apart from Greek.
const MICRO: char = '\u{B5}';

/// A symbol of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnitSymbol {
    /// The unit.
    pub(crate) unit: UnitId,
    /// The prefix that the symbol has of its own: `KB`.
    pub(crate) prefix: Option<Prefix>,
    /// Prefixes may stand before it.
    pub(crate) prefixable: bool,
    /// It is rather a word or a letter behind a space.
    pub(crate) doubtful: bool,
    /// It is rather a magnitude or a name when it touches the number.
    pub(crate) magnitude: bool,
}

impl UnitSymbol {
    /// Reads a line's value: `kilo byte | doubtful`, `metre | prefix`.
    pub(super) fn parse(value: &'static str) -> Self {
        let mut parts = value.split(" | ");
        let id = parts.next().unwrap_or_default();
        let flags: Vec<&str> = parts.collect();
        let (prefix, unit) = id.split_once(' ').map_or((None, id), |(prefix, unit)| (Some(Prefix(prefix)), unit));
        Self {
            unit: UnitId(unit),
            prefix,
            prefixable: flags.contains(&"prefix"),
            doubtful: flags.contains(&"doubtful"),
            magnitude: flags.contains(&"magnitude"),
        }
    }
}

/// Tables that no language owns.
#[derive(Debug)]
pub(crate) struct Common {
    units: HashMap<&'static str, UnitSymbol>,
    prefixes: HashMap<&'static str, Prefix>,
    currencies: HashMap<&'static str, u8>,
    money_signs: HashMap<&'static str, Currency>,
    signs: HashMap<&'static str, Symbol>,
    /// Characters that signs begin with, each with the length of the longest.
    sign_starts: HashMap<char, usize>,
    tables: HashMap<&'static str, Table>,
}

/// Files of `data/common` beside those that are read into types.
const TABLES: [(&str, &str); 8] = [
    ("elements", include_str!("../../../data/common/elements.txt")),
    ("formulas", include_str!("../../../data/common/formulas.txt")),
    ("greek", include_str!("../../../data/common/greek.txt")),
    ("keys", include_str!("../../../data/common/keys.txt")),
    ("tlds", include_str!("../../../data/common/tlds.txt")),
    ("files", include_str!("../../../data/common/files.txt")),
    ("names", include_str!("../../../data/common/names.txt")),
    ("html", include_str!("../../../data/common/html.txt")),
];

static COMMON: LazyLock<Common> = LazyLock::new(|| {
    let units = Table::parse(include_str!("../../../data/common/units.txt"));
    let prefixes = Table::parse(include_str!("../../../data/common/prefixes.txt"));
    let currencies = Table::parse(include_str!("../../../data/common/currencies.txt"));
    let money_signs = Table::parse(include_str!("../../../data/common/money_signs.txt"));
    let signs = Table::parse(include_str!("../../../data/common/signs.txt"));
    let mut sign_starts: HashMap<char, usize> = HashMap::new();
    for sign in signs.entries().filter_map(|(sign, _)| sign.chars().next().map(|first| (first, sign.chars().count()))) {
        let longest = sign_starts.entry(sign.0).or_default();
        *longest = (*longest).max(sign.1);
    }
    Common {
        units: units.entries().map(|(symbol, value)| (symbol, UnitSymbol::parse(value))).collect(),
        prefixes: prefixes.entries().map(|(symbol, id)| (symbol, Prefix(id))).collect(),
        currencies: currencies.entries().map(|(code, digits)| (code, digits.parse().unwrap_or(2))).collect(),
        money_signs: money_signs.entries().map(|(sign, value)| (sign, currency(value))).collect(),
        signs: signs.entries().map(|(sign, id)| (sign, Symbol(id))).collect(),
        sign_starts,
        tables: TABLES.iter().map(|(name, file)| (*name, Table::parse(file))).collect(),
    }
});

/// `USD | country`.
fn currency(value: &'static str) -> Currency {
    let (code, flag) = value.split_once(" | ").unwrap_or((value, ""));
    Currency { code, of_country: flag == "country" }
}

impl Common {
    /// The tables.
    pub(crate) fn get() -> &'static Self {
        &COMMON
    }

    /// The unit of a symbol, without a prefix before it.
    pub(crate) fn unit(&self, symbol: &str) -> Option<UnitSymbol> {
        self.units.get(symbol).copied()
    }

    /// The prefix of a symbol.
    pub(crate) fn prefix(&self, symbol: &str) -> Option<Prefix> {
        self.prefixes.get(symbol).copied()
    }

    /// The unit of a symbol, and its prefix.
    pub(crate) fn prefixed_unit(&self, symbol: &str) -> Option<UnitSymbol> {
        self.prefixed(symbol, |symbol| self.unit(symbol))
    }

    /// The unit of a symbol, and its prefix, where `unit` knows the symbols: the whole symbol
    /// first, then a prefix of two letters, then one of one.
    pub(super) fn prefixed(&self, symbol: &str, unit: impl Fn(&str) -> Option<UnitSymbol>) -> Option<UnitSymbol> {
        if let Some(unit) = unit(symbol) {
            return Some(unit);
        }
        [2, 1].into_iter().find_map(|length| {
            let (split, _) = symbol.char_indices().nth(length)?;
            let (prefix, base) = symbol.split_at(split);
            let prefix = self.prefix(prefix)?;
            let unit = unit(base).filter(|unit| unit.prefixable)?;
            Some(UnitSymbol { prefix: Some(prefix), doubtful: false, magnitude: false, ..unit })
        })
    }

    /// The digits of the minor unit of a currency, by its code of ISO 4217; none where it is no
    /// code.
    pub(crate) fn minor_digits(&self, code: &str) -> Option<u8> {
        self.currencies.get(code).copied()
    }

    /// The currency of a code of ISO 4217.
    pub(crate) fn currency(&self, code: &str) -> Option<Currency> {
        self.currencies.get_key_value(code).map(|(code, _)| Currency { code, of_country: true })
    }

    /// The currency of a sign: `€`, `US$`.
    pub(crate) fn money_sign(&self, sign: &str) -> Option<Currency> {
        self.money_signs.get(sign).copied()
    }

    /// The currency of a sign of one character.
    pub(crate) fn money_char(&self, sign: char) -> Option<Currency> {
        self.money_sign(sign.encode_utf8(&mut [0; 4]))
    }

    /// The sign that `written` is.
    pub(crate) fn sign(&self, written: &str) -> Option<Symbol> {
        self.signs.get(written).copied()
    }

    /// The length of the longest sign that begins with a character; zero where none does.
    pub(crate) fn longest_sign(&self, first: char) -> usize {
        self.sign_starts.get(&first).copied().unwrap_or_default()
    }

    /// The symbol of a chemical element.
    pub(crate) fn element(&self, symbol: &str) -> Option<&'static str> {
        self.tables.get("elements").and_then(|table| table.key(symbol))
    }

    /// Whether it is a Greek letter, in any case.
    pub(crate) fn greek(&self, c: char) -> bool {
        if c < FIRST_GREEK {
            return c == MICRO;
        }
        let small = c.to_lowercase().next().unwrap_or(c);
        self.has("greek", small.encode_utf8(&mut [0; 4]))
    }

    /// The value of `key` in a table that is not read into types.
    pub(crate) fn value(&self, table: &str, key: &str) -> Option<&'static str> {
        self.tables.get(table).and_then(|table| table.get(key))
    }

    /// Whether a table has `key`.
    pub(crate) fn has(&self, table: &str, key: &str) -> bool {
        self.value(table, key).is_some()
    }
}
