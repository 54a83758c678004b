//! Faults on real processes under load: builds the programs once, prepares the servers, and runs `tests/chaos`.

use std::process::{Command, ExitCode};

use anyhow::Result;
use lectern_testkit::env;

use crate::process::{self, run_interruptible};
use crate::{repo, tools};

/// Says that the programs are built already, by `cargo xtask test` say.
const NO_BUILD: &str = "--no-build";

/// Runs the chaos program with `args`: groups and options.
pub fn run(args: &[String]) -> Result<ExitCode> {
    tools::ensure("nats-server")?;
    tools::ensure("secantusd")?;
    if !args.iter().any(|arg| arg == NO_BUILD) {
        let programs = ["build", "--quiet", "--workspace", "--bins", "--profile", "ci"];
        process::run(process::cargo().args(programs))?;
    }
    // A file-size limit is an error to the services and not their end: what ignores the signal passes that on to what it starts.
    let mut chaos = Command::new("sh");
    chaos
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(repo::bin_dir().join("lectern-chaos"))
        .args(args.iter().filter(|arg| *arg != NO_BUILD))
        .env(env::BIN_DIR, repo::bin_dir());
    let status = run_interruptible(&mut chaos)?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
