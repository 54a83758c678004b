//! A program that listens, such as whisper.cpp: it is given a WAV, and prints what it heard.
//!
//! Each call is a process of its own ([`crate::engine::process`]). It has the speech as a WAV of
//! 16 bits on one channel at 16 kHz, which is what such programs take: on its standard input, or,
//! where an argument has `{wav}` in it, in a temporary file of its user alone, whose path stands
//! there. That file is deleted when the call ends, and who reads from it may begin a moment before
//! its limits are lowered. `{language}` in an argument becomes the language. What it prints on
//! standard output is the text.

use std::io::Write as _;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::speakers::same_language;
use lectern_core::{Failure, Kind, Reason};
use tempfile::NamedTempFile;

use super::Transcriber;
use crate::audio::resample::resample;
use crate::blocking::blocking;
use crate::config::TranscriptionConfig;
use crate::engine::process::{Program, ProgramLimits};
use crate::engine::wav::to_wav;

/// What stands for the path of the speech in an argument.
const WAV: &str = "{wav}";
/// What stands for the language in an argument.
const LANGUAGE: &str = "{language}";

/// What is missing where the program is, or where it says that it failed.
const PACKAGE: &str = "what transcription.program names, or mend transcription.arguments";
/// What helps where it goes past a limit.
const ADVICE: &str = "raise transcription.timeout, or give it a smaller model";

/// Samples a second of what it is given.
const SAMPLE_RATE: u32 = 16_000;
/// Its address space: the larger models of today, and libraries that reserve more than they use.
const MEMORY: u64 = 16 << 30;
/// Processors that it may have busy for as long as it may last.
const PROCESSORS: u64 = 4;
/// The most that it may print: some ten thousand words.
const MOST_PRINTED: u64 = 64 << 10;
/// Files that it may have open: those of a program with many libraries.
const OPEN_FILES: u64 = 256;
/// The language that it is tried in where the settings name none.
const TRIED_IN: &str = "en";

/// The program of the settings.
#[derive(Debug)]
pub struct ProgramTranscriber {
    program: Program,
    arguments: Vec<String>,
    languages: Vec<String>,
}

impl ProgramTranscriber {
    /// The program of these settings; none where they name none.
    #[must_use]
    pub fn new(settings: &TranscriptionConfig) -> Option<Self> {
        if !settings.is_on() {
            return None;
        }
        let program = Program::new(&settings.program, PACKAGE).advising(ADVICE).under(limits(settings.timeout));
        let (arguments, languages) = (settings.arguments.clone(), settings.languages.clone());
        Some(Self { program, arguments, languages })
    }

    /// Whether it could listen now: it is given a second of silence, of which it may say anything.
    ///
    /// # Errors
    /// What keeps it from listening.
    pub async fn ready(&self) -> Result<(), Failure> {
        let language = self.languages.first().map_or(TRIED_IN, String::as_str);
        let silence = vec![0.0; SAMPLE_RATE as usize];
        self.printed(&silence, SAMPLE_RATE, language).await.map(drop)
    }

    /// How it is told a language: as the settings name it, or else by its tag; none where it does
    /// not understand it, and for what is no tag and might be taken for an option.
    fn told<'a>(&'a self, language: &'a str) -> Option<&'a str> {
        if !is_tag(language) {
            return None;
        }
        if self.languages.is_empty() {
            return Some(language);
        }
        self.languages.iter().find(|known| same_language(known, language)).map(String::as_str)
    }

    /// What it prints about speech.
    async fn printed(&self, samples: &[f32], sample_rate: u32, language: &str) -> Result<String, Failure> {
        let (samples, by_file) = (samples.to_vec(), self.arguments.iter().any(|argument| argument.contains(WAV)));
        let (input, file) = blocking(move || {
            let wav = to_wav(SAMPLE_RATE, &resample(&samples, sample_rate, SAMPLE_RATE));
            if by_file { Ok((Vec::new(), Some(in_a_file(&wav)?))) } else { Ok((wav, None)) }
        })
        .await?;
        let path = match &file {
            Some(file) => {
                file.path().to_str().ok_or_else(|| out_of_order("the folder of temporary files is no text"))?
            }
            None => "",
        };
        let arguments: Vec<String> =
            self.arguments.iter().map(|argument| argument.replace(LANGUAGE, language).replace(WAV, path)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let printed = self.program.run(&arguments, &input).await.map_err(|failure| out_of_order(failure.message))?;
        let text = String::from_utf8(printed).ok().filter(|text| is_text(text));
        text.ok_or_else(|| out_of_order(format!("what {} prints is no text", self.program.path().display())))
    }
}

#[async_trait]
impl Transcriber for ProgramTranscriber {
    fn understands(&self, language: &str) -> bool {
        self.told(language).is_some()
    }

    async fn transcribe(&self, samples: &[f32], sample_rate: u32, language: &str) -> Result<String, Failure> {
        let Some(language) = self.told(language) else {
            return Err(out_of_order("who listens does not understand the language"));
        };
        let text = self.printed(samples, sample_rate, language).await?;
        // It is asked about what can be heard. One that fails without saying so prints nothing.
        if text.trim().is_empty() {
            let program = self.program.path().display();
            let message =
                format!("{program} prints nothing about speech; see that transcription.arguments have it do so");
            return Err(out_of_order(message));
        }
        Ok(text)
    }
}

/// What it may use that may last so long.
fn limits(timeout: Duration) -> ProgramLimits {
    ProgramLimits {
        memory_bytes: MEMORY,
        cpu_seconds: timeout.as_secs().saturating_add(1).saturating_mul(PROCESSORS),
        wall: timeout,
        output_bytes: MOST_PRINTED,
        open_files: OPEN_FILES,
        ..ProgramLimits::default()
    }
}

/// A file with speech, of this user alone, which is deleted when it is dropped.
fn in_a_file(wav: &[u8]) -> Result<NamedTempFile, Failure> {
    let failed = |error: std::io::Error| out_of_order(format!("speech cannot be written to a temporary file: {error}"));
    let mut file = tempfile::Builder::new().prefix("lectern-").suffix(".wav").tempfile().map_err(failed)?;
    file.write_all(wav).and_then(|()| file.flush()).map_err(failed)?;
    Ok(file)
}

/// Whether a language is a tag as BCP 47 has them, by its letters: none begins as an option does.
pub(crate) fn is_tag(language: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '-';
    language.starts_with(|c: char| c.is_ascii_alphabetic()) && language.chars().all(letters)
}

/// Whether something printed may be words: it has no signs for machines in it.
fn is_text(printed: &str) -> bool {
    !printed.chars().any(|c| c.is_control() && !c.is_whitespace())
}

/// Who listens cannot, for whatever reason: nobody waits for it and nothing is rejected, so there
/// is one.
fn out_of_order(message: impl Into<String>) -> Failure {
    Failure::new(Kind::Unavailable, Reason::EngineUnavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that listens by this script, which has the further arguments as `$1`, `$2`.
    fn shell(script: &str, further: &[&str]) -> TranscriptionConfig {
        let arguments = ["-c", script, "sh"].into_iter().chain(further.iter().copied()).map(str::to_owned);
        TranscriptionConfig {
            program: "/bin/sh".into(),
            arguments: arguments.collect(),
            timeout: Duration::from_secs(20),
            ..TranscriptionConfig::default()
        }
    }

    async fn hear(settings: &TranscriptionConfig, language: &str) -> Result<String, Failure> {
        let transcriber = ProgramTranscriber::new(settings).unwrap();
        transcriber.transcribe(&vec![0.25; 24_000], 24_000, language).await
    }

    #[tokio::test]
    async fn a_program_has_speech_on_its_input_and_prints_what_it_heard() {
        let heard = hear(&shell("wc -c", &[]), "en").await.unwrap();
        assert_eq!(heard.trim(), "32044", "a second at 16 kHz, of two bytes a sample, and a head");
        let head = hear(&shell("head -c 4", &[]), "en").await.unwrap();
        assert_eq!(head, "RIFF");
    }

    #[tokio::test]
    async fn a_program_that_takes_a_file_has_one_that_is_gone_afterwards() {
        let script = r#"head -c 4 "$1"; stat -c ' %a %s' "$1"; wc -c; echo "$1""#;
        let heard = hear(&shell(script, &["{wav}"]), "en").await.unwrap();
        let lines: Vec<&str> = heard.lines().map(str::trim).collect();
        assert_eq!(lines[..2], ["RIFF 600 32044", "0"], "its user's alone, and nothing on the input");
        assert!(lines[2].ends_with(".wav") && !std::path::Path::new(lines[2]).exists(), "{heard}");
    }

    #[tokio::test]
    async fn arguments_are_replaced_and_no_shell_reads_them() {
        let script = r#"printf '%s|' "$@""#;
        let settings = shell(script, &["--lang={language}", "$(echo injected) `id`; exit 3", "*"]);
        let heard = hear(&settings, "pt-BR").await.unwrap();
        assert_eq!(heard, "--lang=pt-BR|$(echo injected) `id`; exit 3|*|");
        let languages = vec!["de".to_owned(), "pt".to_owned()];
        let told = hear(&TranscriptionConfig { languages, ..settings }, "pt-BR").await.unwrap();
        assert!(told.starts_with("--lang=pt|"), "as the settings name it: {told}");
    }

    #[test]
    fn a_language_is_understood_by_its_first_part_and_nothing_but_a_tag_is_one() {
        let all = ProgramTranscriber::new(&shell("", &[])).unwrap();
        let languages = vec!["en".to_owned(), "de-DE".to_owned()];
        let some = ProgramTranscriber::new(&TranscriptionConfig { languages, ..shell("", &[]) }).unwrap();
        for (language, expected) in [
            ("en-GB", (Some("en-GB"), Some("en"))),
            ("de", (Some("de"), Some("de-DE"))),
            ("fi", (Some("fi"), None)),
            ("", (None, None)),
            ("-rf", (None, None)),
            ("en{wav}", (None, None)),
            ("en; ls", (None, None)),
        ] {
            assert_eq!((all.told(language), some.told(language)), expected, "{language}");
            assert_eq!(some.understands(language), expected.1.is_some(), "{language}");
        }
        assert!(ProgramTranscriber::new(&TranscriptionConfig::default()).is_none(), "nobody listens by default");
    }

    #[tokio::test]
    async fn one_that_cannot_listen_says_why_and_nothing_that_it_heard() {
        let missing = TranscriptionConfig { program: "/nowhere/whisper".into(), ..shell("", &[]) };
        let slow = TranscriptionConfig { timeout: Duration::from_millis(200), ..shell("sleep 10", &[]) };
        for (settings, why) in [
            (missing, "install what transcription.program names"),
            (slow, "raise transcription.timeout"),
            (shell("echo canary; exit 3", &[]), "status 3"),
            (shell("echo canary; kill -9 $$", &[]), "ended by the system"),
            (shell("printf 'canary \\377\\376'", &[]), "is no text"),
            (shell("printf 'canary \\001'", &[]), "is no text"),
            (shell("echo", &[]), "prints nothing"),
            (shell("yes canary", &[]), "wrote more than"),
        ] {
            let failure = hear(&settings, "en").await.unwrap_err();
            assert_eq!((failure.kind, failure.reason), (Kind::Unavailable, Reason::EngineUnavailable), "{failure}");
            assert!(failure.message.contains(why) && !failure.message.contains("canary"), "{failure}");
        }
    }

    #[tokio::test]
    async fn one_that_is_ready_may_say_nothing_of_silence() {
        let ready =
            |settings: TranscriptionConfig| async move { ProgramTranscriber::new(&settings).unwrap().ready().await };
        assert_eq!(ready(shell("cat > /dev/null", &[])).await, Ok(()));
        assert!(ready(shell("exit 1", &[])).await.is_err());
    }
}
