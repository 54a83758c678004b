//! The PDFs that tests read but the repository does not ship: taken from pinned Debian packages,
//! verified, and kept in the cache as `<package>/<name>.pdf`. The lists are those of the tests and
//! of `extract-bench`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Error, Result, bail};
use lectern_testkit::env::cache_dir;
use lectern_testkit::pdfs::{self, Pdf};

use crate::process::{self, remove_dir};
use crate::pypi;

/// The folder of all that is fetched.
pub fn folder() -> Result<PathBuf> {
    let corpus = cache_dir().join("corpus");
    fs::create_dir_all(&corpus).with_context(|| corpus.display().to_string())?;
    Ok(corpus)
}

/// Fetches what is missing of the tests' list and returns the folder.
pub fn prepare() -> Result<PathBuf> {
    let corpus = folder()?;
    fetch_all(&pdfs::listed(pdfs::TESTS).map_err(Error::msg)?, &corpus)?;
    Ok(corpus)
}

/// Fetches what is missing; a package of which several files are missing, once.
pub fn fetch_all(entries: &[Pdf], corpus: &Path) -> Result<()> {
    let mut missing = Vec::new();
    for entry in entries {
        let file = entry.file(corpus);
        if !file.exists() || pypi::sha256(&file)? != entry.sha256 {
            missing.push(entry);
        }
    }
    while let Some(first) = missing.first().copied() {
        let of_first = |entry: &&Pdf| entry.package == first.package && entry.version == first.version;
        let (together, others): (Vec<&Pdf>, Vec<&Pdf>) = missing.iter().copied().partition(of_first);
        fetch(&together, corpus).with_context(|| format!("{} {}", first.package, first.version))?;
        missing = others;
    }
    Ok(())
}

/// Fetches one package and keeps these files of it.
fn fetch(entries: &[&Pdf], corpus: &Path) -> Result<()> {
    let Some(package) = entries.first() else { return Ok(()) };
    if !process::on_path("apt-get") || !process::on_path("dpkg-deb") {
        bail!("the corpus comes from Debian packages: run this on Debian or in a Debian container");
    }
    let dir = corpus.join(&package.package);
    fs::create_dir_all(&dir)?;
    let scratch = dir.join(".partial");
    remove_dir(&scratch)?;
    fs::create_dir(&scratch)?;
    eprintln!("fetching {} {} (Debian)", package.package, package.version);
    let pinned = format!("{}={}", package.package, package.version);
    process::download_debian(&[pinned.as_str()], &scratch).with_context(|| remedy(package))?;
    let tree = scratch.join("tree");
    process::unpack_debian(&scratch, &tree)?;
    entries.iter().try_for_each(|entry| keep(entry, &tree, &entry.file(corpus)))?;
    remove_dir(&scratch)
}

/// Puts one file of an unpacked package where it is kept, once its digest is the pinned one.
fn keep(entry: &Pdf, tree: &Path, file: &Path) -> Result<()> {
    // Debian's tools compress documentation over a size; the list may name the file with or without
    // that.
    let plain = tree.join(entry.path.trim_start_matches('/'));
    let packed = PathBuf::from(format!("{}.gz", plain.display()));
    let source = if plain.exists() { plain } else { packed };
    if !source.exists() {
        bail!("{} is not in the package", entry.path);
    }
    let pdf = tree.join("file.pdf");
    if source.extension().is_some_and(|extension| extension == "gz") {
        fs::write(&pdf, process::output(Command::new("gzip").arg("-dc").arg(&source))?.stdout)?;
    } else {
        fs::copy(&source, &pdf)?;
    }
    let found = pypi::sha256(&pdf)?;
    if found != entry.sha256 {
        bail!("{} has SHA-256 {found}, expected {}", entry.path, entry.sha256);
    }
    fs::rename(&pdf, file).with_context(|| file.display().to_string())
}

fn remedy(entry: &Pdf) -> String {
    let candidate = process::output(Command::new("apt-cache").args(["policy", &entry.package]))
        .ok()
        .and_then(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().find_map(|line| line.trim().strip_prefix("Candidate: ").map(str::to_owned))
        })
        .unwrap_or_else(|| "none".to_owned());
    format!(
        "this version cannot be downloaded (apt's candidate is {candidate}): run `apt-get update` as root, check the network, or pin \
         the candidate, with its digest, in the list of tests/fixtures/pdf that names it, after comparing the file"
    )
}
