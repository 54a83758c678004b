//! Settings in force beside their defaults, for whoever looks at a process from outside.

use std::collections::{BTreeMap, BTreeSet};

use lectern_core::Failure;
use toml::{Table, Value};

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key, dotted: `store.url`.
    pub key: String,
    /// Its value as TOML has it; empty where it has none.
    pub value: String,
    /// Its default as TOML has it; empty where it has none.
    pub default: String,
}

impl Setting {
    /// Whether it differs from its default.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.value != self.default
    }
}

/// The settings of a configuration that was printed, by key, beside those of the defaults that were
/// printed in the same way.
///
/// # Errors
/// `INTERNAL` for a text that is not TOML.
pub fn settings(in_force: &str, defaults: &str) -> Result<Vec<Setting>, Failure> {
    let (in_force, defaults) = (leaves(in_force)?, leaves(defaults)?);
    let keys: BTreeSet<&String> = in_force.keys().chain(defaults.keys()).collect();
    let of = |leaves: &BTreeMap<String, String>, key: &String| leaves.get(key).cloned().unwrap_or_default();
    let setting = |key: &String| Setting { key: key.clone(), value: of(&in_force, key), default: of(&defaults, key) };
    Ok(keys.into_iter().map(setting).collect())
}

/// Every value of a text, by its dotted key.
fn leaves(text: &str) -> Result<BTreeMap<String, String>, Failure> {
    let table = text
        .parse::<Table>()
        .map_err(|error| Failure::internal(format!("the printed configuration is not TOML: {}", error.message())))?;
    let mut leaves = BTreeMap::new();
    collect("", &table, &mut leaves);
    Ok(leaves)
}

fn collect(under: &str, table: &Table, leaves: &mut BTreeMap<String, String>) {
    for (name, value) in table {
        let key = if under.is_empty() { name.clone() } else { format!("{under}.{name}") };
        match value {
            Value::Table(table) => collect(&key, table, leaves),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => {
                leaves.insert(key, value.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_stands_beside_its_default() {
        let found = settings("permits = 3\n[store]\nurl = \"memory:\"\n", "permits = 0\n[store]\nurl = \"memory:\"\n");
        let found = found.unwrap();
        let told: Vec<_> = found.iter().map(|s| (s.key.as_str(), s.value.as_str(), s.changed())).collect();
        assert_eq!(told, [("permits", "3", true), ("store.url", "\"memory:\"", false)]);
    }

    #[test]
    fn a_setting_without_a_value_on_one_side_differs() {
        let found = settings("[a]\nb = [1, 2]\n", "c = true\n").unwrap();
        let told: Vec<_> = found.iter().map(|s| (s.key.as_str(), s.value.as_str(), s.default.as_str())).collect();
        assert_eq!(told, [("a.b", "[1, 2]", ""), ("c", "", "true")]);
        assert!(found.iter().all(Setting::changed));
        assert!(settings("not toml", "").is_err());
    }
}
