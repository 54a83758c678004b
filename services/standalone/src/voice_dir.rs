//! Where the local voice is: the folder that is named, else the first that is there of those that
//! are looked in.

use std::path::{Path, PathBuf};

use lectern_core::{Failure, Reason};
use lectern_runtime::places;

/// The name of the folder, wherever it is.
const NAME: &str = "voice";

/// The folders that are looked in, in this order: `named` alone where it is not empty; else `voice`
/// beside the folder of the program and in it, as an archive has it, and the cache, where
/// `lectern voice fetch` puts it.
#[must_use]
pub fn candidates(named: &Path) -> Vec<PathBuf> {
    if !named.as_os_str().is_empty() {
        return vec![named.to_owned()];
    }
    // A program that does not know its file has nothing beside it.
    let program = std::env::current_exe().ok();
    let folder = program.as_deref().and_then(Path::parent);
    let beside = folder.and_then(Path::parent).map(|above| above.join(NAME));
    [beside, folder.map(|folder| folder.join(NAME)), Some(cached())].into_iter().flatten().collect()
}

/// The folder that `lectern voice fetch` puts the voice in.
#[must_use]
pub fn cached() -> PathBuf {
    places::cache_dir().join(NAME)
}

/// The folder that is used: the first candidate that has a file of the voice, else the last. Other
/// folders are called so, too.
#[must_use]
pub fn chosen(named: &Path) -> PathBuf {
    let candidates = candidates(named);
    let has_some = |folder: &&PathBuf| lectern_voice::FILES.iter().any(|file| folder.join(file.name).is_file());
    let there = candidates.iter().find(has_some).or(candidates.last());
    there.cloned().unwrap_or_else(cached)
}

/// A failure for a voice that is not installed here, with what to do about it: every other stays as
/// it is. A voice that is there and damaged is told as it was found.
#[must_use]
pub fn explain(mut failure: Failure, used: &Path) -> Failure {
    if failure.reason == Reason::VoiceNotInstalled {
        failure.message =
            if used.is_dir() { format!("{}; `lectern voice fetch` mends it", failure.message) } else { missing(used) };
    }
    failure
}

/// What to do where no voice is installed, in a sentence.
#[must_use]
pub fn missing(used: &Path) -> String {
    // What is used is the last that was looked in, or the one that was named.
    let mut looked_in = candidates(Path::new(""));
    if !looked_in.iter().any(|folder| folder == used) {
        looked_in = vec![used.to_owned()];
    }
    let looked_in = looked_in.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
    format!(
        "no voice is installed; run `lectern voice fetch`, or name a folder that has one with LECTERN_VOICE_DIR \
         (looked in {looked_in})"
    )
}

#[cfg(test)]
mod tests {
    use lectern_core::Kind;

    use super::*;

    #[test]
    fn a_folder_that_is_named_is_the_only_one() {
        assert_eq!(candidates(Path::new("/srv/voice")), [PathBuf::from("/srv/voice")]);
        assert_eq!(chosen(Path::new("/srv/voice")), PathBuf::from("/srv/voice"));
        let all = candidates(Path::new(""));
        assert_eq!(all.last(), Some(&cached()));
        assert_eq!(all.len(), 3, "{all:?}");
    }

    #[test]
    fn a_missing_voice_tells_where_it_was_looked_for_and_a_damaged_one_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let failure = || Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, "acoustics is cut short");
        let damaged = explain(failure(), folder.path());
        assert_eq!(damaged.message, "acoustics is cut short; `lectern voice fetch` mends it");

        let nowhere = folder.path().join("nowhere");
        let missing = explain(failure(), &nowhere).message;
        for part in ["`lectern voice fetch`", "LECTERN_VOICE_DIR", nowhere.to_str().unwrap()] {
            assert!(missing.contains(part), "{missing}");
        }
        let cached = cached();
        for candidate in candidates(Path::new("")) {
            assert!(super::missing(&cached).contains(candidate.to_str().unwrap()), "{}", candidate.display());
        }
        assert_eq!(explain(Failure::internal("x"), &nowhere), Failure::internal("x"));
    }
}
