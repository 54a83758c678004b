//! The settings of who listens to what was spoken.

use std::path::PathBuf;
use std::time::Duration;

use lectern_core::Failure;
use lectern_runtime::config::duration;
use serde::{Deserialize, Serialize};

use crate::engine::transcription::is_tag;

/// The shortest time that a program may have.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(100);

/// A program that writes down what it hears, which is compared with what was to be said. Nobody
/// listens where no program is named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TranscriptionConfig {
    /// The program, by its path or by its name in a folder of the system; empty for none.
    pub program: PathBuf,
    /// Its arguments. `{wav}` becomes the path of the speech, which is on its standard input
    /// without, and `{language}` the language. No shell reads them.
    pub arguments: Vec<String>,
    /// The languages that it understands, BCP 47 tags, as `{language}` names them to it; none for
    /// all. A segment in another language is not listened to.
    pub languages: Vec<String>,
    /// The share of words that may be heard otherwise, over 0 and up to 1. A small model mishears
    /// some of ten; what is to be found is another text, a style that was spoken aloud, a half that
    /// is missing.
    pub most_word_error: f64,
    /// The fewest words of a segment that is listened to, at least 1: of fewer, one that is
    /// misheard is a large share.
    pub least_words: usize,
    /// From the start of the program to its end, for one segment.
    #[serde(with = "duration")]
    pub timeout: Duration,
}

impl Default for TranscriptionConfig {
    fn default() -> Self {
        Self {
            program: PathBuf::new(),
            arguments: Vec::new(),
            languages: Vec::new(),
            most_word_error: 0.5,
            least_words: 4,
            timeout: Duration::from_secs(60),
        }
    }
}

impl TranscriptionConfig {
    /// Whether anybody listens.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.program.as_os_str().is_empty()
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if !self.is_on() && !self.arguments.is_empty() {
            let message = "these are arguments of no program; name it, or leave them out";
            return Err(Failure::invalid("transcription.program", message));
        }
        if self.languages.iter().any(|language| !is_tag(language)) {
            let message = "a language is a BCP 47 tag, such as en or de-DE; give such ones";
            return Err(Failure::invalid("transcription.languages", message));
        }
        if !(self.most_word_error > 0.0 && self.most_word_error <= 1.0) {
            let message = "it is a share of words, over 0 and up to 1; choose one, such as 0.5";
            return Err(Failure::invalid("transcription.most_word_error", message));
        }
        if self.least_words == 0 {
            return Err(Failure::invalid(
                "transcription.least_words",
                "a segment has a word at least; choose 1 or more",
            ));
        }
        if self.timeout < SHORTEST_TIMEOUT {
            let message = "no program listens within so short a time; give it 100ms or more, such as 60s";
            return Err(Failure::invalid("transcription.timeout", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lectern_runtime::config::Loader;
    use lectern_stage::config::Settings as _;

    use super::*;
    use crate::config::Config;

    fn load(variables: &[(&str, &str)]) -> Config {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(&Loader::with_environment("LECTERN", variables)).unwrap()
    }

    #[test]
    fn nobody_listens_unless_a_program_is_named() {
        let config = load(&[]);
        assert_eq!((config.check(), config.transcription.is_on()), (Ok(()), false));
        let config = load(&[
            ("LECTERN_TRANSCRIPTION__PROGRAM", "/opt/whisper/whisper-cli"),
            ("LECTERN_TRANSCRIPTION__ARGUMENTS", "-m,/opt/whisper/base.bin,-l,{language},-nt,-np,-f,{wav}"),
            ("LECTERN_TRANSCRIPTION__LANGUAGES", "en,de"),
            ("LECTERN_TRANSCRIPTION__MOST_WORD_ERROR", "0.4"),
            ("LECTERN_TRANSCRIPTION__TIMEOUT", "2m"),
        ]);
        assert_eq!((config.check(), config.transcription.is_on()), (Ok(()), true));
        let expected = TranscriptionConfig {
            program: "/opt/whisper/whisper-cli".into(),
            arguments: ["-m", "/opt/whisper/base.bin", "-l", "{language}", "-nt", "-np", "-f", "{wav}"]
                .map(str::to_owned)
                .into(),
            languages: vec!["en".to_owned(), "de".to_owned()],
            most_word_error: 0.4,
            least_words: 4,
            timeout: Duration::from_secs(120),
        };
        assert_eq!(config.transcription, expected);
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused_by_their_key() {
        let program = ("LECTERN_TRANSCRIPTION__PROGRAM", "whisper-cli");
        for (variables, key) in [
            (&[("LECTERN_TRANSCRIPTION__ARGUMENTS", "{wav}")][..], "program"),
            (&[program, ("LECTERN_TRANSCRIPTION__LANGUAGES", "en,-x")], "languages"),
            (&[program, ("LECTERN_TRANSCRIPTION__MOST_WORD_ERROR", "0")], "most_word_error"),
            (&[program, ("LECTERN_TRANSCRIPTION__MOST_WORD_ERROR", "50")], "most_word_error"),
            (&[program, ("LECTERN_TRANSCRIPTION__MOST_WORD_ERROR", "NaN")], "most_word_error"),
            (&[program, ("LECTERN_TRANSCRIPTION__LEAST_WORDS", "0")], "least_words"),
            (&[program, ("LECTERN_TRANSCRIPTION__TIMEOUT", "0s")], "timeout"),
        ] {
            let refused = load(variables).check().unwrap_err();
            assert_eq!(refused.field, Some(format!("transcription.{key}")), "{refused}");
        }
    }
}
