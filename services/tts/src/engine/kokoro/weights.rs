//! The files of Kokoro, whose digests `lectern-voice` knows.

use std::path::{Path, PathBuf};

use lectern_core::{Digest, Failure, Finding, Kind, Reason};
use lectern_voice::kokoro::{files, problem};

pub(super) const NETWORK: &str = "kokoro.onnx";
pub(super) const VOCABULARY: &str = "vocab.json";
pub(super) const UNKNOWN_WORDS: &str = "oov.onnx";
pub(super) const UNKNOWN_WORDS_ALPHABET: &str = "oov.json";

/// What is done about files that are not there.
const ADVICE: &str = "run `lectern voice fetch kokoro`, or name a folder that has a whole one in its voice_dir";

/// The first eight digits of the network's digest, for the voices' version.
pub(super) fn short_digest() -> &'static str {
    digest(NETWORK).and_then(|digest| digest.get(..8)).unwrap_or("none")
}

fn digest(name: &str) -> Option<&'static str> {
    files().find(|(file, _)| *file == name).map(|(_, digest)| digest)
}

/// The failure of files that cannot be used.
pub(super) fn unusable(what: &str) -> Failure {
    let message = format!("Kokoro cannot be used: {what}; {ADVICE}");
    Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, message)
}

/// Numbers of 32 bits, the lowest byte first.
pub(super) fn floats(bytes: &[u8]) -> Vec<f32> {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()
}

/// The folder that holds the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KokoroDir(PathBuf);

impl KokoroDir {
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
        match self.check() {
            Ok(()) => Finding::ok(CHECK, format!("the files of Kokoro in {} are whole", self.0.display())),
            Err(failure) => Finding::broken(CHECK, failure.message, ADVICE),
        }
    }

    /// Checks that the files are there and undamaged.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match problem(&self.0) {
            Ok(None) => Ok(()),
            Ok(Some(problem)) => Err(unusable(&format!("{problem} in {}", self.0.display()))),
            Err(error) => Err(unusable(&format!("{} cannot be read ({error})", self.0.display()))),
        }
    }

    /// Reads a file, and compares its digest.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let path = self.0.join(name);
        let bytes = std::fs::read(&path).map_err(|error| unusable(&format!("{}: {error}", path.display())))?;
        let (found, expected) = (Digest::of(&bytes).to_string(), digest(name).unwrap_or_default());
        if found == expected {
            Ok(bytes)
        } else {
            Err(unusable(&format!("{} has SHA-256 {found}, expected {expected}", path.display())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_damaged_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let dir = KokoroDir::new(folder.path());
        for failure in [dir.check().unwrap_err(), dir.read(NETWORK).unwrap_err()] {
            assert_eq!(failure.reason, Reason::VoiceNotInstalled);
            assert!(failure.message.contains(NETWORK) && failure.message.contains("fetch kokoro"), "{failure}");
        }
        std::fs::write(folder.path().join(NETWORK), b"not a network").unwrap();
        assert!(dir.read(NETWORK).unwrap_err().message.contains("expected 6e742170"));
        let finding = dir.examine();
        assert_eq!(finding.verdict, lectern_core::Verdict::Broken);
        assert!(finding.found.contains(NETWORK) && finding.advice.contains("fetch kokoro"), "{finding:?}");
        assert_eq!(short_digest(), "6e742170");
    }

    #[test]
    fn numbers_are_read_with_the_lowest_byte_first() {
        assert_eq!(floats(&[0, 0, 128, 63, 0, 0, 0, 192, 7]), [1.0, -2.0]);
    }
}
