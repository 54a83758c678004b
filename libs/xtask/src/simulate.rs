//! The simulation of coordination under faults: builds it with the `ci` profile and runs many seeds, then the mutants.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::process::{self, run_interruptible};
use crate::repo;

/// Runs the simulator with `args`.
pub fn run(args: &[String]) -> Result<ExitCode> {
    process::run(process::cargo().args(["build", "--quiet", "--profile", "ci", "-p", "lectern-simulation"]))?;
    let status = run_interruptible(Command::new(repo::bin_dir().join("lectern-simulate")).args(args))?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
