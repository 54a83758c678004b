//! `cargo xtask docs`: the pages that are made from the code, and the commands of all pages, run.

mod descriptor;
pub mod fences;
mod reference;
mod run;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;

use crate::process::output;
use crate::{repo, tools};

/// The folder of the API reference. Everything in it is made.
const API: &str = "docs/reference/api";
const WRITE: &str = "run `cargo xtask docs --write`";

/// What to do with the pages.
#[derive(Args)]
pub struct Options {
    /// Writes the pages that are made from the protos, instead of comparing them.
    #[arg(long)]
    write: bool,
    /// Runs the commands of all pages that can be run here, against an embedded instance and a
    /// stack of its own, with the programs as they were built last.
    #[arg(long)]
    run: bool,
    /// With `--run`: only the blocks of this page.
    #[arg(long, requires = "run", value_name = "FILE")]
    page: Option<String>,
}

/// Compares the pages, writes them, or runs their commands.
pub fn run(options: &Options) -> Result<ExitCode> {
    if options.run {
        return run::run(options.page.as_deref());
    }
    if options.write {
        write(&made()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(if check()? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the API reference is what the protos say.
pub fn check() -> Result<bool> {
    let made = made()?;
    let found = pages(&repo::path(API))?;
    let differ = differences(&made, &found);
    for name in &differ {
        eprintln!("{API}/{name} is not what the protos say: {WRITE}");
    }
    Ok(differ.is_empty())
}

/// The pages as they should be: their names, and their texts.
fn made() -> Result<BTreeMap<String, String>> {
    let buf = tools::ensure("buf")?;
    let mut build = Command::new(buf);
    build.current_dir(repo::root()).args(["build", "--output", "-#format=json"]);
    reference::pages(&output(&mut build)?.stdout)
}

/// The pages as they are.
fn pages(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    for entry in entries {
        let path = entry?.path();
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        found.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text);
    }
    Ok(found)
}

/// The names of the pages that are missing, out of date, or made from nothing.
fn differences(made: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<String> =
        made.iter().filter(|(name, text)| found.get(*name) != Some(text)).map(|(name, _)| name.clone()).collect();
    names.extend(found.keys().filter(|name| !made.contains_key(*name)).cloned());
    names
}

fn write(made: &BTreeMap<String, String>) -> Result<()> {
    let folder = repo::path(API);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for name in pages(&folder)?.keys().filter(|name| !made.contains_key(*name)) {
        fs::remove_file(folder.join(name)).with_context(|| name.clone())?;
    }
    for (name, text) in made {
        fs::write(folder.join(name), text).with_context(|| name.clone())?;
    }
    eprintln!("{API}: {} pages", made.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages_of(pages: &[(&str, &str)]) -> BTreeMap<String, String> {
        pages.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_page_that_is_missing_changed_or_made_from_nothing_is_named() {
        let made = pages_of(&[("a.md", "a"), ("b.md", "b"), ("c.md", "c")]);
        let found = pages_of(&[("a.md", "a"), ("b.md", "another"), ("d.md", "d")]);
        assert_eq!(differences(&made, &found), ["b.md", "c.md", "d.md"]);
        assert!(differences(&made, &made).is_empty());
    }
}
