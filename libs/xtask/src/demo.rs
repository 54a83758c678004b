//! Shows the main job: a document in, a narrated recording out, with the embedded defaults.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;
use lectern_testkit::env;

use crate::process::{self, run_interruptible};
use crate::{repo, voice};

const DOCUMENT: &str = "tests/fixtures/pdf/demo.pdf";

/// Builds `lectern`, if told to, and narrates the document into `out`.
pub fn run(file: Option<PathBuf>, out: &Path, build: bool, args: &[String]) -> Result<ExitCode> {
    let voice = voice::prepare()?;
    if build {
        process::run(process::cargo().args(["build", "--quiet", "--profile", "ci", "-p", "lectern"]))?;
    }
    let mut narrate = Command::new(repo::bin_dir().join("lectern"));
    narrate
        .arg("narrate")
        .arg(file.unwrap_or_else(|| repo::path(DOCUMENT)))
        .arg("-o")
        .arg(out)
        .args(args)
        .env(env::VOICE_DIR, voice)
        // The tool's own variable: programs refuse those that they do not know.
        .env_remove(env::TOOLS_DIR);
    let status = run_interruptible(&mut narrate)?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}
