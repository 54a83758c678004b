//! `values.yaml` as its writer sees it: every line with a value, and what the comment above says of
//! it. The file keeps to one form, so that no reader of YAML is needed to keep its order and
//! comments: block maps, two spaces a level, and each value on one line.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// A key of values.yaml.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The keys on the way to it, its own last.
    pub path: Vec<String>,
    /// What the comment above says; empty for none.
    pub words: String,
    /// The value as it is written; none for a map of others.
    pub value: Option<String>,
}

impl Entry {
    /// The key with those above it, dotted.
    pub fn key(&self) -> String {
        self.path.join(".")
    }
}

/// Reads the entries in their order.
pub fn entries(text: &str) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let wrong = |what: &str| format!("values.yaml line {}: {what}", number + 1);
        let content = line.trim_start();
        if content.is_empty() {
            words.clear();
        } else if let Some(comment) = content.strip_prefix('#') {
            words.push(comment.trim());
        } else {
            let indent = line.len() - content.len();
            let (key, value) = content.split_once(':').with_context(|| wrong("write `key: value`"))?;
            if indent % 2 != 0 || indent / 2 > path.len() || key.contains(['"', ' ', '-']) {
                bail!(wrong("write two spaces a level, and a key without quotes"));
            }
            path.truncate(indent / 2);
            path.push(key.to_owned());
            let value = value.trim();
            let value = (!value.is_empty()).then(|| value.to_owned());
            entries.push(Entry { path: path.clone(), words: words.join(" "), value });
            words.clear();
        }
    }
    Ok(entries)
}

/// A map of maps with `value` at the end of `path`.
pub fn nested<'a>(path: impl DoubleEndedIterator<Item = &'a str>, value: Value) -> Value {
    path.rev().fold(value, |value, key| Value::Object(Map::from_iter([(key.to_owned(), value)])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_have_their_path_words_and_value() {
        let text = "# Of the file.\n\n# What it is\n# for\nimage:\n  # The tag\n  tag: \"\"\n  list: [1]\nother: {}\n";
        let found: Vec<(String, String, Option<String>)> =
            entries(text).unwrap().into_iter().map(|e| (e.key(), e.words, e.value)).collect();
        let expected = [
            ("image", "What it is for", None),
            ("image.tag", "The tag", Some("\"\"")),
            ("image.list", "", Some("[1]")),
            ("other", "", Some("{}")),
        ];
        assert_eq!(
            found,
            expected.map(|(key, words, value)| (String::from(key), String::from(words), value.map(String::from)))
        );
        for wrong in ["a:\n   b: 1", "a", "\"a\": 1"] {
            assert!(entries(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_stands_at_the_end_of_its_path() {
        assert_eq!(nested(["a", "b"].into_iter(), json!(1)), json!({"a": {"b": 1}}));
    }
}
