//! The protos: how they are written, and from the release of v1 on, that no change breaks callers.
//!
//! `proto/STATUS` says which of the two holds. Nothing rests on git: a clone without history, and a
//! tree that is not in git at all, are checked alike.

use std::fs;
use std::io;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::passes;
use crate::{repo, tools};

const STATUS: &str = "proto/STATUS";
/// The descriptor set of the release, which later versions are compared with: what
/// `buf build proto -o proto/lectern.v1.binpb` writes of the commit that is released.
const RELEASED: &str = "proto/lectern.v1.binpb";
const OPEN: &str = "open";
const CLOSED: &str = "released";

/// How far the public API is from its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Nobody depends on it: anything may change.
    Open,
    /// Fields are added, never reshaped or reused.
    Released,
}

/// What is done about changes that would break callers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Breaking {
    /// Nothing.
    Skip,
    /// The protos are compared with the descriptor set of the release.
    Compare,
    /// The check fails for this reason.
    Fail(String),
}

/// Lints the protos and checks their layout; compares them with the release where there was one.
pub fn check() -> Result<bool> {
    let text = fs::read_to_string(repo::path(STATUS)).with_context(|| format!("{STATUS} cannot be read"))?;
    let released = match fs::metadata(repo::path(RELEASED)) {
        Ok(found) => found.is_file(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error).context(RELEASED),
    };
    let breaking = decide(status(&text)?, released);
    let buf = tools::ensure("buf")?;
    let run = |arguments: &[&str]| passes(Command::new(&buf).current_dir(repo::root()).args(arguments));
    let lint = run(&["lint"])?;
    // `third_party` stays as it was published.
    let format = run(&["format", "-d", "--exit-code", "proto"])?;
    let compatible = match breaking {
        Breaking::Skip => {
            eprintln!("lectern.v1 is open ({STATUS}): its protos are linted, and compared with nothing");
            true
        }
        // Of `proto` alone, as the set of the release is: what `third_party` changes is not ours.
        Breaking::Compare => run(&["breaking", "proto", "--exclude-imports", "--against", RELEASED])?,
        Breaking::Fail(why) => {
            eprintln!("{why}");
            false
        }
    };
    Ok(lint && format && compatible)
}

/// The status that the file's first line says.
fn status(text: &str) -> Result<Status> {
    match text.lines().next().unwrap_or_default().trim() {
        OPEN => Ok(Status::Open),
        CLOSED => Ok(Status::Released),
        other => bail!("{STATUS} begins with {other:?}; its first line is `{OPEN}` or `{CLOSED}`"),
    }
}

/// What follows from the status, and from whether the descriptor set of the release is there.
fn decide(status: Status, released: bool) -> Breaking {
    match (status, released) {
        (Status::Open, _) => Breaking::Skip,
        (Status::Released, true) => Breaking::Compare,
        (Status::Released, false) => Breaking::Fail(format!(
            "{STATUS} says that lectern.v1 is released, and {RELEASED} is missing, so nothing says what callers depend \
             on; take it from the commit of the release"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_whether_the_api_is_open() {
        assert_eq!(status("open\n# what it means\n").unwrap(), Status::Open);
        assert_eq!(status("released").unwrap(), Status::Released);
        for wrong in ["", "\nopen", "Open", "# open", "open soon"] {
            assert!(status(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn nothing_is_compared_before_the_release_and_everything_after_it() {
        assert_eq!(decide(Status::Open, false), Breaking::Skip);
        assert_eq!(decide(Status::Open, true), Breaking::Skip);
        assert_eq!(decide(Status::Released, true), Breaking::Compare);
    }

    #[test]
    fn a_release_without_its_descriptor_set_fails() {
        let Breaking::Fail(why) = decide(Status::Released, false) else { panic!("it must fail") };
        assert!(why.contains(RELEASED), "{why}");
    }

    #[test]
    fn the_status_of_this_tree_is_one() {
        status(&fs::read_to_string(repo::path(STATUS)).unwrap()).unwrap();
    }
}
