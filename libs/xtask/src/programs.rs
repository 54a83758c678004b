//! Programs of the workspace that are run by hand or in CI: the simulation, the load test, chaos.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::{process, repo, tools};

/// Says that the programs are built already, by `cargo xtask test` say.
pub const NO_BUILD: &str = "--no-build";

/// Simulates the coordination, seed by seed.
pub fn simulate(args: &[String]) -> Result<ExitCode> {
    build(args)?;
    run(Command::new(repo::bin_dir().join("lectern-simulate")).args(own(args)))
}

/// Measures what a narration costs, optimised throughout: a build of its own, some ten minutes the
/// first time.
pub fn load(args: &[String]) -> Result<ExitCode> {
    tools::debian()?;
    tools::ensure("nats-server")?;
    tools::ensure("mongod")?;
    if !args.iter().any(|arg| arg == NO_BUILD) {
        process::run(process::cargo().args(["build", "--quiet", "-p", "lectern-load", "--profile", "measure"]))?;
    }
    run(Command::new(repo::target().join("measure/lectern-load")).args(own(args)))
}

/// Builds all programs.
pub fn build(args: &[String]) -> Result<()> {
    if args.iter().any(|arg| arg == NO_BUILD) {
        return Ok(());
    }
    process::run(process::cargo().args(["build", "--quiet", "--workspace", "--bins", "--profile", "ci"]))
}

/// Builds the stages once more, with other versions of everything that narrations are pinned to,
/// into `other-pins` beside the programs. Build those anew afterwards: they were written over.
pub fn build_with_other_pins() -> Result<()> {
    const STAGES: [&str; 3] = ["ingest", "ai", "tts"];
    let mut cargo = process::cargo();
    cargo.args(["build", "--quiet", "--workspace", "--profile", "ci", "--features"]);
    cargo.arg(STAGES.map(|stage| format!("lectern-{stage}/other-pins")).join(","));
    for stage in STAGES {
        cargo.arg("--bin").arg(format!("lectern-{stage}"));
    }
    process::run(&mut cargo)?;
    let folder = repo::bin_dir().join("other-pins");
    std::fs::create_dir_all(&folder)?;
    for stage in STAGES {
        let program = format!("lectern-{stage}");
        // Cargo links its programs: a copy stays when they are written over.
        std::fs::copy(repo::bin_dir().join(&program), folder.join(&program))?;
    }
    Ok(())
}

/// Builds these programs with the `ci` profile, as the tests do: what they are made from has the
/// features that the whole workspace asks for, as it has in every other build of that profile, and
/// is built once. Of a package alone (`-p`) it would have fewer, and be built again.
pub fn build_some(names: &[&str]) -> Result<()> {
    let mut cargo = process::cargo();
    cargo.args(["build", "--workspace", "--profile", "ci"]);
    for name in names {
        cargo.args(["--bin", name]);
    }
    process::run(&mut cargo)
}

/// Builds an example with the `ci` profile, and says where it is.
pub fn build_example(name: &str) -> Result<PathBuf> {
    process::run(process::cargo().args(["build", "--workspace", "--profile", "ci", "--example", name]))?;
    Ok(repo::bin_dir().join("examples").join(name))
}

/// Builds an example of a package as programs are built that are measured, and says where it is.
/// The first time that takes some minutes, since all that it is made of is built for that alone.
pub fn build_measured_example(package: &str, name: &str) -> Result<PathBuf> {
    process::run(process::cargo().args(["build", "-p", package, "--profile", "measure", "--example", name]))?;
    Ok(repo::target().join("measure/examples").join(name))
}

/// The arguments that are the program's own.
pub fn own(args: &[String]) -> impl Iterator<Item = &String> {
    args.iter().filter(|arg| *arg != NO_BUILD)
}

/// Runs a program until it ends or is interrupted; its exit status is ours.
pub fn run(program: &mut Command) -> Result<ExitCode> {
    let status = process::run_interruptible(program)?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
