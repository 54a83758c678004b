//! Everything that is checked without running: format, lints, dependencies, protos, import rules,
//! links, the width of prose, blocks of commands, tests that pages name, and pages that are made
//! from the code.

mod blocks;
mod imports;
mod links;
mod prose;
mod proto;
mod traces;

use std::fs;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::process::{self, run_interruptible};
use crate::{docs, repo, tools};

/// Prints what is wrong and says whether nothing was.
type Check = fn() -> Result<bool>;

const CHECKS: [(&str, Check); 10] = [
    ("fmt", fmt),
    ("imports", imports::check),
    ("links", links::check),
    ("prose", prose::check),
    ("blocks", blocks::check),
    ("traces", traces::check),
    ("docs", docs::check),
    ("proto", proto::check),
    ("deny", deny),
    ("clippy", clippy),
];

/// Runs the checks named, or all of them: every one runs to its end, the cheap ones first, and the
/// failed ones are listed at the end.
pub fn run(only: &[String]) -> Result<ExitCode> {
    if let Some(unknown) = only.iter().find(|name| !CHECKS.iter().any(|(known, _)| known == name)) {
        bail!("no check is named {unknown}; there are: {}", CHECKS.map(|(name, _)| name).join(", "));
    }
    let mut failed = Vec::new();
    for (name, check) in CHECKS.iter().filter(|(name, _)| only.is_empty() || only.iter().any(|chosen| chosen == name)) {
        let start = Instant::now();
        let passed = check()?;
        eprintln!("check {name}: {} ({:.1} s)", if passed { "ok" } else { "FAILED" }, start.elapsed().as_secs_f64());
        if !passed {
            failed.push(*name);
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("failed: {}; run one alone with `cargo xtask check NAME`", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// The files of these patterns that git knows or would add, and their texts. Fixtures are input for
/// tests, whatever is wrong in them included; their README is documentation.
pub fn written(patterns: &[&str]) -> Result<Vec<(String, String)>> {
    let mut list = Command::new("git");
    list.current_dir(repo::root()).args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let files = String::from_utf8(process::output(list.args(patterns))?.stdout)?;
    let written = |file: &&str| !file.is_empty() && (!file.contains("/fixtures/") || file.ends_with("README.md"));
    // One that cannot be read was listed by git and deleted since.
    let read = |file: &str| Some((file.to_owned(), fs::read_to_string(repo::path(file)).ok()?));
    Ok(files.split('\0').filter(written).filter_map(read).collect())
}

fn passes(command: &mut Command) -> Result<bool> {
    Ok(run_interruptible(command)?.success())
}

fn fmt() -> Result<bool> {
    passes(process::cargo().args(["fmt", "--all", "--check"]))
}

/// With the profile of the tests, whose build scripts, procedural macros and C libraries it then
/// shares.
fn clippy() -> Result<bool> {
    let mut command = process::cargo();
    command.args(["clippy", "--workspace", "--all-targets", "--profile", "ci", "--quiet", "--", "-D", "warnings"]);
    passes(&mut command)
}

/// Advisories need a database that is fetched from the network; they are checked where the
/// contributor asks for them.
fn deny() -> Result<bool> {
    let mut command = Command::new(tools::ensure("cargo-deny")?);
    command.current_dir(repo::root()).args(["--log-level", "error", "check", "bans", "licenses", "sources"]);
    passes(&mut command)
}
