//! Written text to spoken words, with a map from every spoken word to the characters it reads.
//!
//! Order of work: marks that the document gave (code, formulas, raised text) are protected first;
//! then the tokens are read from left to right by the language's rules; then whatever is left is
//! reduced to the alphabet of the voice: Latin letters, apostrophes and hyphens inside words,
//! single spaces, and `. , ? ! ; :`. Digits and symbols never reach a voice.
//!
//! A language is a folder of rules here (`en`) and a folder of tables under `data`. Nothing here
//! knows blocks or documents.

mod assemble;
pub(crate) mod en;
mod language;
mod sentence;
mod table;
mod text;

use lectern_core::ScriptPin;
use lectern_core::content::Range;
use lectern_core::content::script::Mapping;

pub(crate) use language::Breath;
pub use language::Language;
pub use sentence::{PASSED_OVER, sentences};

/// The rules of each language with their version, which grows whenever the same text may be spoken
/// in other words.
pub const RULES: [(&str, u32); 1] = [("speech-en", 6)];

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
    match language {
        Language::English => en::speak(text, marks, emoji),
    }
}

/// Whether a character can be said at all in this language: a letter or digit that no rule reads
/// must be listed as left out.
#[must_use]
pub fn can_say(c: char, language: Language) -> bool {
    match language {
        Language::English => text::latin(c) || en::symbol::greek(c).is_some() || text::plain(c).is_some(),
    }
}

/// Whether a text is nothing but numbers and dates, as stand along the axis of a chart: nobody
/// wants them read.
#[must_use]
pub fn is_scale(text: &str, language: Language) -> bool {
    match language {
        Language::English => en::calendar::is_scale(text),
    }
}

/// The words of a formula in LaTeX; none where a part of it has no words.
#[must_use]
pub fn formula(latex: &str, language: Language) -> Option<String> {
    match language {
        Language::English => en::latex::read(latex),
    }
}

/// The words of a list item's printed number or letter (`3.`, `(a)`).
#[must_use]
pub fn ordinal_label(label: &str, language: Language) -> String {
    let core: String = label.chars().filter(|c| c.is_alphanumeric() || *c == '.').collect();
    let core = core.trim_matches('.');
    let mut chars = core.chars();
    match (chars.next(), chars.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => letter.to_ascii_uppercase().to_string(),
        _ => match language {
            Language::English => en::roman::value(core).filter(|_| core.len() > 1).map_or_else(
                || speak(core, &[], language, Emoji::Dropped).text,
                |value| en::number::cardinal(u128::from(value)),
            ),
        },
    }
}

/// Parts of a displayed formula that can each be said in at most `limit` spoken characters, cut at
/// its relations and line breaks. Empty where a part has no words or is too long.
#[must_use]
pub fn formula_parts(latex: &str, limit: usize, language: Language) -> Vec<Range> {
    match language {
        Language::English => en::latex::parts(latex, limit),
    }
}
