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
        Self(
            lines
                .map(|line| line.split_once(" = ").map_or((line, ""), |(key, value)| (key.trim(), value.trim())))
                .collect(),
        )
    }

    /// The value of `key`; empty for a bare key.
    pub(crate) fn get(&self, key: &str) -> Option<&'static str> {
        self.0.get(key).copied()
    }

    /// Whether there is such a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_keys_with_values_and_comments_are_left_out() {
        let table = Table::parse("# comment\nkm = kilometre | kilometres\nNASA\n\n");
        assert_eq!(table.get("km"), Some("kilometre | kilometres"));
        assert_eq!(table.get("NASA"), Some(""));
        assert!(!table.has("comment"));
    }
}
