//! One entry of a lexicon: what is written, and how that is said.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::{ipa, pattern};
use crate::Failure;
use crate::speakers::primary;

/// The most characters of what is written.
const LONGEST_WRITTEN: usize = 100;
/// The most characters of a respelling, and of IPA.
const LONGEST_SAID: usize = 200;
/// The most characters of IPA as it is given, with the brackets and spaces around it, before it is
/// brought into the form that it is kept in.
const LONGEST_GIVEN: usize = 2 * LONGEST_SAID;
/// What an entry takes in a record beside its texts, in bytes: the names of its fields.
const FRAME: usize = 64;
/// Signs of a respelling beside letters: what words hold.
const WORD_SIGNS: [char; 4] = [' ', '\'', '-', '.'];

/// How a word, a phrase or what has a pattern is said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// What is written.
    pub written: Written,
    /// Its sounds in the International Phonetic Alphabet, for voices that take them; may be empty
    /// where there is a respelling.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ipa: String,
    /// Another spelling, for voices that take no sounds, and for all where there are none; may be
    /// empty where there are sounds. The `*` of a pattern's respelling is what its first `*` stands
    /// for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub respelling: String,
    /// The language of the texts that it applies to, a BCP 47 tag; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// Whether capital letters are told from small ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub match_case: bool,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// Whole words, as they stand.
    Text(String),
    /// Whole words, in which a `*` is any run of letters and digits of one word, also none.
    Pattern(String),
}

impl Entry {
    /// An entry for words that are said with these sounds, in any language and case.
    #[must_use]
    pub fn sounds(text: &str, ipa: &str) -> Self {
        Self {
            written: Written::Text(text.to_owned()),
            ipa: ipa.to_owned(),
            respelling: String::new(),
            language: String::new(),
            match_case: false,
        }
    }

    /// An entry for words that are said as these are spelt, in any language and case.
    #[must_use]
    pub fn spelt(text: &str, respelling: &str) -> Self {
        Self { ipa: String::new(), respelling: respelling.to_owned(), ..Self::sounds(text, "") }
    }

    /// Whether it applies to texts in this language, a BCP 47 tag: `en` applies to `en-GB` and
    /// `en-GB` to `en`, but not to `en-US`. Where the language is not known every entry does.
    #[must_use]
    pub fn applies_to(&self, language: &str) -> bool {
        let (own, other) = (self.language.as_str(), language);
        let unknown = own.is_empty() || other.is_empty() || other == "und";
        let general = |tag: &str| !tag.contains(['-', '_']);
        unknown
            || (primary(own) == primary(other) && (general(own) || general(other)))
            || own.replace('_', "-").eq_ignore_ascii_case(&other.replace('_', "-"))
    }

    /// The bytes that it takes in a record.
    #[must_use]
    pub const fn weight(&self) -> usize {
        let written = match &self.written {
            Written::Text(text) | Written::Pattern(text) => text.len(),
        };
        FRAME + written + self.ipa.len() + self.respelling.len() + self.language.len()
    }

    /// The entry in the form that it is kept in: composed (NFC), with single spaces.
    ///
    /// # Errors
    /// `INVALID_FIELD` under `field` where it says nothing, or what no voice could say.
    pub fn checked(self, field: &str) -> Result<Self, Failure> {
        let written = match self.written {
            Written::Text(text) => Written::Text(written(&format!("{field}.text"), &text)?),
            Written::Pattern(text) => {
                let field = format!("{field}.pattern");
                let text = written(&field, &text)?;
                pattern::check(&field, &text)?;
                Written::Pattern(text)
            }
        };
        let stars = matches!(&written, Written::Pattern(_));
        let ipa = sounds(&format!("{field}.ipa"), &self.ipa, stars)?;
        let respelling = respelling(&format!("{field}.respelling"), &self.respelling, stars)?;
        if ipa.is_empty() && respelling.is_empty() {
            let message = format!("{field} does not say how it is said; give it an `ipa` or a `respelling`");
            return Err(Failure::invalid(field, message));
        }
        Ok(Self { written, ipa, respelling, ..self })
    }
}

/// A text composed and with single spaces.
fn folded(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ").replace('\u{2019}', "'")
}

fn short(field: &str, text: &str, most: usize) -> Result<(), Failure> {
    crate::text::check(field, text, most)
}

fn written(field: &str, text: &str) -> Result<String, Failure> {
    let text = folded(text);
    short(field, &text, LONGEST_WRITTEN)?;
    if text.chars().any(char::is_alphanumeric) {
        Ok(text)
    } else {
        Err(Failure::invalid(field, format!("{field} has no letter and no digit; write the words that are meant")))
    }
}

fn sounds(field: &str, text: &str, pattern: bool) -> Result<String, Failure> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    // No more of it is looked at than decides.
    if text.chars().nth(LONGEST_GIVEN).is_some() || text.chars().any(char::is_control) {
        short(field, text, LONGEST_SAID)?;
    }
    if pattern {
        let message = format!("{field} cannot say what a `*` stands for; give the pattern a respelling");
        return Err(Failure::invalid(field, message));
    }
    // What is kept is what is counted: it is checked again wherever it goes.
    let text = ipa::checked(field, text)?;
    short(field, &text, LONGEST_SAID)?;
    Ok(text)
}

fn respelling(field: &str, text: &str, pattern: bool) -> Result<String, Failure> {
    let text = folded(text);
    if text.is_empty() {
        return Ok(text);
    }
    short(field, &text, LONGEST_SAID)?;
    let fits = |c: char| c.is_alphabetic() || WORD_SIGNS.contains(&c) || (pattern && c == '*') || is_mark(c);
    if let Some(wrong) = text.chars().find(|c| !fits(*c)) {
        let message = format!("{field} has {wrong:?}; write it in words, of letters, apostrophes and hyphens");
        return Err(Failure::invalid(field, message));
    }
    if text.matches('*').count() > 1 {
        return Err(Failure::invalid(field, format!("{field} has more than one `*`; it stands for the first alone")));
    }
    if text.chars().any(char::is_alphabetic) {
        Ok(text)
    } else {
        Err(Failure::invalid(field, format!("{field} has no letter; write how it is said")))
    }
}

/// Whether a character is a sign over or under the letter before it.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_that_are_accepted_are_accepted_again_in_the_form_that_is_kept() {
        let checked = |ipa: &str| Entry::sounds("bon", ipa).checked("e");
        // Each of these is kept as a letter and a sign over it.
        for fits in ["õ".repeat(100), format!("/{}/", "a".repeat(200)), format!(" {} ", "õ".repeat(100))] {
            let kept = checked(&fits).expect("it fits");
            assert_eq!(kept.ipa.chars().count(), LONGEST_SAID);
            assert_eq!(kept.clone().checked("e"), Ok(kept));
        }
        for long in ["õ".repeat(101), "a".repeat(201), " a".repeat(300), "a".repeat(100_000)] {
            assert_eq!(checked(&long).expect_err("too long").field.as_deref(), Some("e.ipa"));
        }
        assert_eq!(checked("bo\nn").expect_err("a line end").field.as_deref(), Some("e.ipa"));
    }
}
