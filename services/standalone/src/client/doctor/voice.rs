//! The files of the voice.

use std::path::Path;

use lectern_core::Finding;

use crate::voice_dir;

/// Whether the weights of the local voice are whole.
pub(super) fn whole(folder: &Path) -> Finding {
    const CHECK: &str = "voice";
    match lectern_voice::problem(folder) {
        Ok(None) => Finding::ok(CHECK, format!("the files in {} are whole", folder.display())),
        Ok(Some(problem)) => {
            let advice = "run `lectern voice fetch`, or name a folder that has a whole one in voice_dir";
            let found = if folder.is_dir() { problem } else { voice_dir::missing(folder) };
            Finding::broken(CHECK, found, advice)
        }
        Err(error) => {
            Finding::broken(CHECK, format!("{}: {error}", folder.display()), "let the service's user read the files")
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Verdict;

    use super::*;

    #[test]
    fn a_voice_that_is_not_there_or_not_whole_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(whole(&folder.path().join("none")).verdict, Verdict::Broken);
        std::fs::write(folder.path().join("hibari.onnx"), "no weights").unwrap();
        let finding = whole(folder.path());
        assert_eq!(finding.verdict, Verdict::Broken);
        assert!(finding.advice.contains("lectern voice fetch"), "{finding:?}");
    }
}
