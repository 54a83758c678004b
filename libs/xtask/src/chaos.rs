//! Faults on real processes under load: builds the programs once, prepares the servers, and runs
//! `tests/chaos`.

use std::process::{Command, ExitCode};

use anyhow::Result;
use lectern_testkit::env;

use crate::{programs, repo, tools};

/// Runs the chaos program with `args`: groups and options.
pub fn run(args: &[String]) -> Result<ExitCode> {
    tools::ensure("nats-server")?;
    tools::ensure("mongod")?;
    if args.iter().any(|arg| arg == "upgrade") && !args.iter().any(|arg| arg == programs::NO_BUILD) {
        programs::build_with_other_pins()?;
    }
    programs::build(args)?;
    // A file-size limit is an error to the services and not their end: what ignores the signal
    // passes that on to what it starts.
    let mut chaos = Command::new("sh");
    chaos
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(repo::bin_dir().join("lectern-chaos"))
        .args(programs::own(args))
        .env(env::BIN_DIR, repo::bin_dir());
    programs::run(&mut chaos)
}
