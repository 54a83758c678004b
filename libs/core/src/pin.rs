//! Pins: what made a thing, with its version, as a text that keys are made of and that records and
//! commands carry. A pin is computed from what it pins, and its text is its only form: two pins are
//! equal when their texts are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Failure;

/// The most characters of a pin.
pub const LONGEST_PIN: usize = 300;

/// Why a text is not a pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a pin: expected {expected}, of at most {} visible ASCII characters", LONGEST_PIN)]
pub struct NotAPin {
    text: String,
    expected: &'static str,
}

/// Whether a character stands in a pin as itself. `+` parts a pin, `%` begins a character that is
/// written as its bytes.
const fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '@' | ',' | '=')
}

/// A text as it stands in a pin: bytes of other characters as `%` and two hexadecimal digits.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if plain(c) {
            escaped.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                escaped.push_str(&format!("%{byte:02x}"));
            }
        }
    }
    escaped
}

macro_rules! pin {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The pin as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAPin;

            fn from_str(text: &str) -> Result<Self, NotAPin> {
                let valid: fn(&str) -> bool = $valid;
                let short = text.len() <= LONGEST_PIN && text.bytes().all(|byte| byte.is_ascii_graphic());
                if short && valid(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(NotAPin { text: text.chars().take(80).collect(), expected: $expected })
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAPin;

            fn try_from(text: String) -> Result<Self, NotAPin> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(pin: $name) -> Self {
                pin.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Whether a text is a name and a version with a slash between them.
fn versioned(part: &str) -> bool {
    part.split_once('/').is_some_and(|(name, version)| !name.is_empty() && !version.is_empty())
}

pin! {
    /// What writes a script: its engine with its version, and what else decides its words, each
    /// with its own version, with `+` between them: `extractive/5+speech-en/6`,
    /// `gemini/gemini-3.8-flash+prompts/1+checks/1+speech-en/6`.
    ScriptPin, "`name/version`, or several with `+` between them", |text| text.split('+').all(versioned)
}

impl ScriptPin {
    /// The pin of an engine, without what else decides its words. In both texts other characters
    /// than letters, digits and `/._-:@,=` are written as their bytes (`%20`), so that any model's
    /// name can be the version.
    #[must_use]
    pub fn new(engine: &str, version: impl fmt::Display) -> Self {
        Self(format!("{}/{}", escaped(engine), escaped(&version.to_string())))
    }

    /// The pin with one thing more that decides the words.
    #[must_use]
    pub fn with(self, name: &str, version: impl fmt::Display) -> Self {
        Self(format!("{self}+{}/{}", escaped(name), escaped(&version.to_string())))
    }

    /// The name of the engine, or of the wire by which it speaks to its model. By which name it is
    /// known to breakers and pauses says [`engine_name`].
    #[must_use]
    pub fn engine(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

/// The name by which breakers, turns and pauses know what writes: that of the writer, as its
/// installation calls it, so that writers which speak to their models in the same way are apart.
/// Where no writer is named it is the first word of the pin.
#[must_use]
pub fn engine_name<'a>(writer: &'a str, pin: &'a str) -> &'a str {
    if writer.is_empty() { pin.split('/').next().unwrap_or_default() } else { writer }
}

pin! {
    /// What speaks: a voice with its version, `engines/local/voices/heart@0.1.0`.
    VoicePin, "`voice@version`", |text| text
        .rsplit_once('@')
        .is_some_and(|(voice, version)| !voice.is_empty() && !version.is_empty())
}

impl VoicePin {
    /// The pin of a voice; characters are written as in [`ScriptPin::new`].
    #[must_use]
    pub fn new(voice: &str, version: &str) -> Self {
        Self(format!("{}@{}", escaped(voice), escaped(version)))
    }
}

impl From<NotAPin> for Failure {
    fn from(error: NotAPin) -> Self {
        Self::internal(format!("a pin that we wrote: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_read_back_what_they_print() {
        let script = ScriptPin::new("extractive", 5).with("speech-en", 6);
        assert_eq!(script.to_string(), "extractive/5+speech-en/6");
        assert_eq!((script.engine(), script.as_str().parse()), ("extractive", Ok(script.clone())));
        assert_eq!(serde_json::to_string(&script).unwrap(), "\"extractive/5+speech-en/6\"");
        assert_eq!(serde_json::from_str::<ScriptPin>("\"extractive/5+speech-en/6\"").unwrap(), script);
        let voice = VoicePin::new("engines/local/voices/heart", "0.1.0");
        assert_eq!(voice.to_string(), "engines/local/voices/heart@0.1.0");
        assert_eq!(voice.as_str().parse(), Ok(voice));
    }

    #[test]
    fn a_name_of_a_model_stays_one_part_whatever_it_holds() {
        let pin = ScriptPin::new("openai", "Org/Model v2+x:4b%").with("prompts", 1);
        assert_eq!(pin.to_string(), "openai/Org/Model%20v2%2bx:4b%25+prompts/1");
        assert_eq!((pin.engine(), pin.as_str().parse()), ("openai", Ok(pin.clone())));
        assert_ne!(ScriptPin::new("a", "1+b/2"), ScriptPin::new("a", 1).with("b", 2));
    }

    #[test]
    fn what_writes_is_known_by_the_name_of_its_writer_where_it_has_one() {
        for (writer, expected) in [("own", "own"), ("", "openai")] {
            assert_eq!(engine_name(writer, "openai/Org/Model+prompts/1"), expected);
        }
        assert_eq!(engine_name("", ""), "");
    }

    #[test]
    fn what_is_no_pin_says_what_one_is() {
        for wrong in ["", "extractive", "extractive/", "/5", "extractive/5+", "extractive/5+rules", "a b/1", "ä/1"] {
            let error = wrong.parse::<ScriptPin>().expect_err(wrong);
            assert!(error.to_string().contains("name/version"), "{error}");
        }
        assert!(format!("a/{}", "1".repeat(LONGEST_PIN)).parse::<ScriptPin>().is_err());
        for wrong in ["", "heart", "heart@", "@1"] {
            assert!(wrong.parse::<VoicePin>().is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<ScriptPin>("\"extractive\"").is_err());
    }
}
