//! How text is spoken: the tables of cases under `tests/speech`, each case by itself and in every
//! place where it may stand, what marks change, and what holds for any text.

mod marks;
mod places;
mod properties;
mod tables;

use super::{Emoji, Language, speak};

/// What is said of a text that the document did not mark.
fn say(text: &str, language: Language) -> String {
    speak(text, &[], language, Emoji::Named).text
}
