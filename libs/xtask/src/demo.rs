//! Shows the main job: a document in, a narrated recording out, with the embedded defaults. The
//! data are kept among what cargo builds, so that a second run finds what the first has spoken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use lectern_testkit::env;

use crate::process::remove_dir;
use crate::{programs, repo, voice};

const DOCUMENT: &str = "tests/fixtures/pdf/demo.pdf";
/// Where the narration is put where nothing is said.
const OUT: &str = "lectern-out/demo";

/// What is narrated, and where it is put.
#[derive(Args)]
pub struct Options {
    /// The document; by default a PDF that the repository ships.
    file: Option<PathBuf>,
    /// Where the narration is put; `lectern-out/demo` where nothing is said.
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Forgets what earlier runs have spoken.
    #[arg(long)]
    fresh: bool,
    /// Runs the program as it was built last, by `cargo xtask test` say.
    #[arg(long)]
    no_build: bool,
    /// More arguments of `lectern narrate`, after `--`.
    #[arg(last = true)]
    args: Vec<String>,
}

/// Builds `lectern`, unless told not to, and narrates the document.
pub fn run(options: &Options) -> Result<ExitCode> {
    let voice = voice::prepare()?;
    if !options.no_build {
        programs::build_some(&["lectern"])?;
    }
    let kept = Kept::at(&repo::target().join("demo"));
    if options.fresh {
        remove_dir(&kept.data)?;
    }
    let out = options.out.clone().unwrap_or_else(|| PathBuf::from(OUT));
    let mut narrate = Command::new(repo::bin_dir().join("lectern"));
    narrate.arg("narrate").arg(options.file.clone().unwrap_or_else(|| repo::path(DOCUMENT)));
    narrate.arg("--data").arg(&kept.data).arg("-o").arg(&out);
    // What the demo made itself it may make anew; a folder that somebody named, or filled, it may
    // not.
    if options.out.is_none() && kept.owns(&out) {
        narrate.arg("--force");
    }
    narrate
        .args(&options.args)
        .env(env::VOICE_DIR, voice)
        // The tool's own variable: programs refuse those that they do not know.
        .env_remove(env::TOOLS_DIR);
    let before = out.exists();
    let code = programs::run(&mut narrate)?;
    if options.out.is_none() && !before && out.exists() {
        kept.own(&out)?;
    }
    Ok(code)
}

/// What the demo keeps between runs.
struct Kept {
    /// The data of its instance.
    data: PathBuf,
    /// The name of the folder that it made for its recordings.
    folder: PathBuf,
}

impl Kept {
    fn at(dir: &Path) -> Self {
        Self { data: dir.join("data"), folder: dir.join("folder") }
    }

    /// Whether an earlier run made the folder.
    fn owns(&self, out: &Path) -> bool {
        let noted = fs::read_to_string(&self.folder).unwrap_or_default();
        out.canonicalize().is_ok_and(|out| out == Path::new(&noted))
    }

    /// Notes that this run made the folder.
    fn own(&self, out: &Path) -> Result<()> {
        let shown = || self.folder.display().to_string();
        fs::create_dir_all(self.folder.parent().with_context(shown)?).with_context(shown)?;
        fs::write(&self.folder, out.canonicalize()?.display().to_string()).with_context(shown)
    }
}

#[cfg(test)]
mod tests {
    use lectern_testkit::temp_dir;

    use super::*;

    #[test]
    fn only_a_folder_that_the_demo_made_is_its_own() {
        let dir = temp_dir().unwrap();
        let kept = Kept::at(&dir.path().join("demo"));
        let (mine, other) = (dir.path().join("mine"), dir.path().join("other"));
        assert!(!kept.owns(&mine), "it is not there");
        fs::create_dir(&mine).unwrap();
        fs::create_dir(&other).unwrap();
        assert!(!kept.owns(&mine), "somebody else made it");
        kept.own(&mine).unwrap();
        assert!(kept.owns(&mine) && !kept.owns(&other));
    }
}
