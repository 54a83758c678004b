//! What a narration costs, beside the floor and the old way: builds, and runs `tests/load` against servers of its own.

use std::process::ExitCode;

use anyhow::Result;

use crate::{process, repo, tools};

/// Runs `lectern-load` with `args`.
pub fn run(args: &[String]) -> Result<ExitCode> {
    tools::debian()?;
    tools::ensure("nats-server")?;
    tools::ensure("secantusd")?;
    // With all programs, as the tests build them: alone, its dependencies would have other features and be built again.
    process::run(process::cargo().args(["build", "--workspace", "--bins", "--profile", "ci"]))?;
    let mut load = std::process::Command::new(repo::bin_dir().join("lectern-load"));
    let status = process::run_interruptible(load.args(args))?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
