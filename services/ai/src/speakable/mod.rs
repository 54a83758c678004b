//! Written text to spoken words, with a map from every spoken word to the characters it reads.
//!
//! Order of work (`read`): the text becomes tokens (`text`); recognisers propose what each part
//! may mean, as typed spans (`recognise`, `span`); the cheapest cover is chosen (`cover`);
//! neighbours settle what one span cannot know (`neighbours`); the language says each value
//! (`verbalise`); the words are put together (`assemble`) and reduced to the alphabet of the
//! voice: Latin letters, apostrophes and hyphens inside words, single spaces, and `. , ? ! ; :`.
//! Digits and symbols never reach a voice.
//!
//! A language is a folder here (`en`) and a folder of tables under `data`, which recognisers ask
//! through a `grammar`. Nothing here knows blocks or documents.

mod assemble;
mod cover;
mod de;
mod en;
mod es;
mod formula;
mod fr;
mod function_words;
mod grammar;
mod language;
mod latex;
mod neighbours;
mod read;
mod recognise;
mod sayable;
mod sentence;
mod span;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod verbalise;
mod wording;

use lectern_core::ScriptPin;
use lectern_core::content::Range;
use lectern_core::content::script::Mapping;

use span::{Number, Value};
use text::Text;
use verbalise::Scene;

pub use formula::formula_parts;
pub(crate) use language::Breath;
pub use language::Language;
pub use sayable::{can_say, must_say};
pub use sentence::{PASSED_OVER, sentences};

/// The rules of each language with their version, which grows whenever the same text may be spoken
/// in other words: of all languages where what they share changes.
pub const RULES: [(&str, u32); 4] = [("speech-en", 8), ("speech-de", 2), ("speech-fr", 2), ("speech-es", 2)];

/// A pin to these rules beside what it pins already.
#[must_use]
pub fn with_rules(pin: ScriptPin) -> ScriptPin {
    RULES.iter().fold(pin, |pin, (name, version)| pin.with(name, version))
}

/// What a mark says about a part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// Inline code: an identifier or an expression.
    Code,
    /// A formula in LaTeX.
    Latex,
    /// Raised text.
    Raised,
    /// Lowered text.
    Lowered,
    /// The number of a heading (`2.1`), which a stop parts from its words.
    Number,
}

/// A part of a text that the document marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Where, in Unicode scalar values.
    pub range: Range,
    /// What.
    pub kind: MarkKind,
}

/// What becomes of emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Emoji {
    /// Their short name is spoken.
    #[default]
    Named,
    /// They are not spoken.
    Dropped,
}

/// Spoken words and how they map to what is written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spoken {
    /// Words and pauses. Empty where there is nothing to say.
    pub text: String,
    /// In order; every character of `text` that is not a space lies in exactly one step.
    pub map: Vec<Mapping>,
}

/// Reads `text` aloud. `marks` are sorted by start and do not overlap; a mark that reaches past the
/// end is ignored. The result does not end in a stop unless the text does: what kind of pause
/// follows is for the caller to say.
#[must_use]
pub fn speak(text: &str, marks: &[Mark], language: Language, emoji: Emoji) -> Spoken {
    read::speak(text, marks, language, emoji)
}

/// Whether a text is nothing but numbers and dates, as stand along the axis of a chart: nobody
/// wants them read.
#[must_use]
pub fn is_scale(text: &str, language: Language) -> bool {
    let grammar = language.grammar();
    let on_scale = |word: &str| {
        let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
        let exponent = letters == "e" && word.contains(char::is_numeric);
        letters.is_empty() || exponent || grammar.begins_month(&letters)
    };
    text.contains(char::is_numeric) && text.split_whitespace().all(on_scale)
}

/// The words of a formula in LaTeX; none where a part of it has no words.
#[must_use]
pub fn formula(latex: &str, language: Language) -> Option<String> {
    language.verbaliser().formula(latex)
}

/// The words of a list item's printed number or letter (`3.`, `(a)`).
#[must_use]
pub fn ordinal_label(label: &str, language: Language) -> String {
    let core: String = label.chars().filter(|c| c.is_alphanumeric() || *c == '.').collect();
    let core = core.trim_matches('.');
    let mut chars = core.chars();
    match (chars.next(), chars.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => letter.to_ascii_uppercase().to_string(),
        _ => recognise::roman_value(core).filter(|_| core.len() > 1).map_or_else(
            || speak(core, &[], language, Emoji::Dropped).text,
            |value| say(&Value::Cardinal(Number::of(u128::from(value))), language),
        ),
    }
}

/// A value in words, by itself.
fn say(value: &Value, language: Language) -> String {
    language.verbaliser().words(value, &Scene::new(&Text::new(""), &[], 0, language.grammar()))
}
