//! Values that are not shown.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// What stands in the place of a secret.
pub const REDACTED: &str = "***";

/// A secret text of the configuration. It is wiped from memory when dropped, and shown and
/// serialised as `***`; an empty one as nothing. A default secret is empty.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    fn shown(&self) -> &'static str {
        if self.is_empty() { "" } else { REDACTED }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What does not fit is quoted, unless the visitor is shown it.
        deserializer.deserialize_any(Text).map(Secret::new)
    }
}

/// Reads a text. What is none is not quoted in the error: it may be the secret, without the quotes.
struct Text;

impl Text {
    fn refuse<E: de::Error, T>() -> Result<T, E> {
        Err(E::custom("a secret is a text; put it in quotes"))
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<String, E> {
        Self::refuse()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<String, E> {
        Self::refuse()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<String, E> {
        Self::refuse()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<String, E> {
        Self::refuse()
    }
}

/// The value without nulls, which TOML has none of, and without credentials in URLs.
pub(super) fn shown(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            map.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key, shown(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(shown).collect(),
        Value::String(text) => Value::String(without_credentials(&text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// Replaces what stands before the `@` of every URL's authority (RFC 3986 section 3.2.1).
fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let authority = after.find(['/', '?', '#', ' ']).unwrap_or(after.len());
        // A password with an unescaped '/' or '?' would end the authority early: then look on to
        // the last '@'.
        let at =
            after[..authority].rfind('@').or_else(|| after.find("://").is_none().then(|| after.rfind('@')).flatten());
        rest = match at {
            Some(at) => {
                shown.push_str(REDACTED);
                &after[at..]
            }
            None => after,
        };
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_their_credentials() {
        for (text, expected) in [
            ("mongodb://user:pass@host:1/db?x=y", "mongodb://***@host:1/db?x=y"),
            ("mongodb://a:b@h1,h2/db", "mongodb://***@h1,h2/db"),
            ("nats://token@host", "nats://***@host"),
            ("nats://a:b@h1,nats://c:d@h2", "nats://***@h1,nats://***@h2"),
            ("nats://u:p/w@host", "nats://***@host"),
            ("https://host/path", "https://host/path"),
            ("file:some/path", "file:some/path"),
            ("someone@example.org", "someone@example.org"),
        ] {
            assert_eq!(without_credentials(text), expected);
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
        assert_eq!(secret.expose(), "hunter2");
    }
}
