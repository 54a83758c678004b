//! Tables as data files: a line is `key = value`, `#` begins a comment line, values may hold
//! several parts split by ` | `.

use std::collections::HashMap;

/// A parsed table. A line without `=` is a key with an empty value.
#[derive(Debug, Default)]
pub(crate) struct Table(HashMap<&'static str, &'static str>);

impl Table {
    /// Reads a data file.
    pub(crate) fn parse(file: &'static str) -> Self {
        let lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "));
        Self(lines.map(entry).collect())
    }

    /// The value of `key`; empty for a bare key.
    pub(crate) fn get(&self, key: &str) -> Option<&'static str> {
        self.0.get(key).copied()
    }

    /// Whether there is such a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The key as the file has it.
    pub(crate) fn key(&self, key: &str) -> Option<&'static str> {
        self.0.get_key_value(key).map(|(key, _)| *key)
    }

    /// All keys with their values, in no order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().map(|(key, value)| (*key, *value))
    }
}

/// The key and the value of a line. A key may itself hold an equals sign (`<= = at_most`), but no
/// ` = `.
fn entry(line: &'static str) -> (&'static str, &'static str) {
    match line.split_once(" = ") {
        Some((key, value)) => (key.trim(), value.trim()),
        None => (line.strip_suffix(" =").unwrap_or(line), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_keys_with_values_and_comments_are_left_out() {
        let table = Table::parse("# comment\nkm = kilometre | kilometres\nNASA\nth =\n<= = at_most\n= = equals\n\n");
        assert_eq!(table.get("km"), Some("kilometre | kilometres"));
        assert_eq!(table.get("NASA"), Some(""));
        assert_eq!(table.get("th"), Some(""));
        assert_eq!(table.get("<="), Some("at_most"));
        assert_eq!(table.get("="), Some("equals"));
        assert_eq!(table.key("NASA"), Some("NASA"));
        assert!(!table.has("comment"));
        assert_eq!(table.entries().count(), 5);
    }
}
