//! The files of the local voice and the digests that they must have.

use std::path::{Path, PathBuf};

use lectern_core::{Digest, Failure, Finding, Kind, Reason};

/// Every file, with the SHA-256 of the release that this code was written for (`hibari-tts` 0.2.1).
const ACOUSTICS: (&str, &str) = ("hibari.onnx", "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8");
const UNKNOWN_WORDS: (&str, &str) = ("oov.onnx", "d3cfd8122c5f172a98c8de38268bf1213ee09f2c2ae4df6e055fc6532590fe76");
const UNKNOWN_WORDS_ALPHABET: (&str, &str) =
    ("oov.json", "b462e6e5dbdf0e7346c732385d0dd844f612f1770871441c56932bff4ca75d8c");
const VOCABULARY: (&str, &str) = ("vocab.json", "70abefbe8a1c8865e43e0a43bbdc25b91a33e4aa053479d443ccf23e20a59e5d");

/// The first eight digits of the acoustic model's digest, for the voice's version.
pub(super) fn short_digest() -> &'static str {
    ACOUSTICS.1.get(..8).unwrap_or(ACOUSTICS.1)
}

/// The folder that holds the voice's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceDir(PathBuf);

/// The files' contents, checked.
pub(super) struct Files {
    /// Phonemes to spectra, ONNX.
    pub acoustics: Vec<u8>,
    /// Spelling of unknown words to phonemes, ONNX.
    pub unknown_words: Vec<u8>,
    /// The letters and phonemes of that network, JSON.
    pub unknown_words_alphabet: Vec<u8>,
    /// Phonemes to ids, JSON.
    pub vocabulary: Vec<u8>,
}

impl VoiceDir {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether the files are whole: what `doctor` says of them.
    #[must_use]
    pub fn examine(&self) -> Finding {
        const CHECK: &str = "voice";
        match self.read() {
            Ok(_) => Finding::ok(CHECK, format!("the files in {} are whole", self.0.display())),
            Err(failure) => {
                let advice = "run `lectern voice fetch`, or name a folder that has a whole one in voice_dir";
                Finding::broken(CHECK, failure.message, advice)
            }
        }
    }

    /// Reads every file and compares its digest.
    pub(super) fn read(&self) -> Result<Files, Failure> {
        Ok(Files {
            acoustics: self.file(ACOUSTICS)?,
            unknown_words: self.file(UNKNOWN_WORDS)?,
            unknown_words_alphabet: self.file(UNKNOWN_WORDS_ALPHABET)?,
            vocabulary: self.file(VOCABULARY)?,
        })
    }

    fn file(&self, (name, expected): (&str, &str)) -> Result<Vec<u8>, Failure> {
        let path = self.0.join(name);
        let missing = |why: String| {
            Failure::new(
                Kind::FailedPrecondition,
                Reason::VoiceNotInstalled,
                format!(
                    "the local voice's file {} {why}; run `lectern voice fetch`, or name a folder that has it with \
                     LECTERN_VOICE_DIR",
                    path.display()
                ),
            )
        };
        let bytes = std::fs::read(&path).map_err(|error| missing(format!("cannot be read ({error})")))?;
        let found = Digest::of(&bytes).to_string();
        if found == expected {
            Ok(bytes)
        } else {
            Err(missing(format!("is damaged or of another release (SHA-256 {found}, expected {expected})")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_damaged_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let voice = VoiceDir::new(dir.path());
        let failure = voice.read().err().unwrap();
        assert_eq!(failure.reason, Reason::VoiceNotInstalled);
        assert!(failure.message.contains("hibari.onnx"), "{failure}");

        std::fs::write(dir.path().join("hibari.onnx"), b"not a network").unwrap();
        let failure = voice.read().err().unwrap();
        assert_eq!(failure.reason, Reason::VoiceNotInstalled);
        assert!(failure.message.contains("damaged"), "{failure}");
        let finding = voice.examine();
        assert_eq!(finding.verdict, lectern_core::Verdict::Broken);
        assert!(finding.found.contains("damaged") && finding.advice.contains("lectern voice fetch"), "{finding:?}");
    }
}
