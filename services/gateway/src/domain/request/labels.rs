//! The caller's own words on a narration, by which it is found again.

use std::collections::BTreeMap;

use lectern_core::{Failure, text};
use serde::{Deserialize, Serialize};

/// The most labels of a narration: they lie in its record, which must stay small.
const MOST: usize = 16;
/// The most characters of a key, and of a value.
const LONGEST: usize = 63;

/// The labels of a narration, or those that a list asks for. A record has them as an object, so a
/// key has no character that means something in a database, such as `.` and `$`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// No labels.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// The labels in a request's field `field`, checked.
    ///
    /// # Errors
    /// `INVALID_FIELD` for more than 16, for a key that does not begin with a lower-case letter or
    /// is not of 1 to 63 lower-case letters, digits, `-` and `_`, and for a value of more than 63
    /// characters or with a control character.
    pub fn checked(field: &str, labels: BTreeMap<String, String>) -> Result<Self, Failure> {
        if labels.len() > MOST {
            let message = format!("{field} has {} labels; send at most {MOST}", labels.len());
            return Err(Failure::invalid(field, message));
        }
        for (key, value) in &labels {
            if !is_key(key) {
                let message = format!(
                    "{field} has a key that is none; begin it with a lower-case letter, and use at most {LONGEST} \
                     lower-case letters, digits, `-` and `_`",
                );
                return Err(Failure::invalid(field, message));
            }
            let what = format!("the value of {key} in {field}");
            text::check(&what, value, LONGEST).map_err(|failure| failure.at(field))?;
        }
        Ok(Self(labels))
    }

    /// All of them, by key.
    #[must_use]
    pub const fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of `wanted` are among them.
    #[must_use]
    pub fn have(&self, wanted: &Self) -> bool {
        wanted.0.iter().all(|(key, value)| self.0.get(key) == Some(value))
    }
}

fn is_key(key: &str) -> bool {
    let letter_first = key.starts_with(|c: char| c.is_ascii_lowercase());
    letter_first
        && key.len() <= LONGEST
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn labels_are_few_and_have_keys_that_a_database_takes() {
        let (long, wide) = ("x".repeat(LONGEST), "ü".repeat(LONGEST));
        let some = [("team", "Größe 🌊"), ("a", ""), ("b-2_c", wide.as_str()), (long.as_str(), "v")];
        for fits in [&some[..], &[]] {
            let checked = Labels::checked("narration.labels", labels(fits)).expect("they fit");
            assert_eq!(checked.all(), &labels(fits));
        }
        let longer = "x".repeat(LONGEST + 1);
        let wrong: [(&str, &str); 10] = [
            ("", "v"),
            ("Team", "v"),
            ("1a", "v"),
            ("_id", "v"),
            ("a.b", "v"),
            ("a$", "v"),
            ("é", "v"),
            (longer.as_str(), "v"),
            ("a", longer.as_str()),
            ("a", "two\nlines"),
        ];
        for wrong in wrong {
            let refused = Labels::checked("narration.labels", labels(&[wrong])).expect_err(wrong.0);
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("narration.labels")));
        }
        let many = |count: usize| -> BTreeMap<_, _> { (0..count).map(|n| (format!("k{n}"), String::new())).collect() };
        assert!(Labels::checked("labels", many(MOST)).is_ok());
        assert!(Labels::checked("labels", many(MOST + 1)).is_err());
    }

    #[test]
    fn a_list_finds_what_has_all_the_labels_that_it_asks_for() {
        let of = |pairs: &[(&str, &str)]| Labels::checked("labels", labels(pairs)).expect("they fit");
        let has = of(&[("team", "press"), ("kind", "book")]);
        let found: [&[(&str, &str)]; 3] = [&[], &[("team", "press")], &[("team", "press"), ("kind", "book")]];
        for wanted in found {
            assert!(has.have(&of(wanted)), "{wanted:?}");
        }
        let not_found: [&[(&str, &str)]; 3] =
            [&[("team", "news")], &[("year", "2026")], &[("team", "press"), ("year", "2026")]];
        for wanted in not_found {
            assert!(!has.have(&of(wanted)), "{wanted:?}");
        }
    }
}
