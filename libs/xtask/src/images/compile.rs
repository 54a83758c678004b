//! The whole Dockerfile, the stages that compile included. What stands for the image of Rust is
//! made here from Debian's packages and this machine's toolchain. By hand: it optimises everything.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use lectern_testkit::env;

use super::engine::Engine;
use super::{Build, IMAGES};
use crate::{process, repo};

/// As the Dockerfile names it.
const NAME: &str = "docker.io/library/rust";
/// What the image of Rust has for crates that compile C.
const INCLUDED: &str = "--include=gcc,libc6-dev,ca-certificates";
/// Of the toolchain, what compiles.
const PARTS: [&str; 3] = ["bin", "lib", "libexec"];
/// Files that say how this machine reaches registries, and where they belong in the image.
const SETTINGS: [(&str, &str); 2] =
    [("/etc/pip.conf", "etc/pip.conf"), ("/etc/ssl/certs/ca-certificates.crt", "etc/ssl/certs/ca-certificates.crt")];
/// Variables that say the same.
const VARIABLES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL"];

/// Builds every image so, and has each program say its version.
pub fn all(build: &Build<'_>) -> Result<()> {
    toolchain(build.engine)?;
    for image in &IMAGES {
        eprintln!("compiling for the image {}", image.target);
        build.build_from("compiled", image, repo::root())?;
        let mut podman = build.engine.podman();
        podman.args(["run", "--rm", "--network", "none", "--pull", "never", &image.tag(build.version), "--version"]);
        process::output(&mut podman)?;
    }
    Ok(())
}

/// The image of Rust, in the version that the Dockerfile names.
fn toolchain(engine: &Engine) -> Result<()> {
    process::ensure_debian("/usr/sbin/debootstrap", "debootstrap")?;
    let folder = engine.empty_folder("toolchain")?;
    let root = folder.join("root");
    eprintln!("making an image of Rust from Debian's packages and this toolchain");
    process::output(Command::new("debootstrap").args(["--variant=minbase", INCLUDED, "bookworm"]).arg(&root))?;
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(repo::root()))?;
    let sysroot = String::from_utf8_lossy(&sysroot.stdout).trim().to_owned();
    for part in PARTS {
        let from = Path::new(&sysroot).join(part);
        process::output(Command::new("cp").arg("--archive").arg(&from).arg(root.join("usr/local")))?;
    }
    let home = env::value("CARGO_HOME").or_else(|| env::value("HOME").map(|home| format!("{home}/.cargo")));
    let cargo = home.map(|home| (format!("{home}/config.toml"), "usr/local/cargo/config.toml".to_owned()));
    let settings = SETTINGS.map(|(from, to)| (from.to_owned(), to.to_owned()));
    for (from, to) in settings.into_iter().chain(cargo).filter(|(from, _)| Path::new(from).is_file()) {
        let to = root.join(to);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::copy(&from, &to).with_context(|| from.clone())?;
    }
    let dockerfile = folder.join("Dockerfile");
    let mut text = "FROM scratch AS toolchain\nCOPY root/ /\nENV CARGO_HOME=/usr/local/cargo\n".to_owned();
    for name in VARIABLES {
        if let Some(value) = env::value(name) {
            text.push_str(&format!("ENV {name}=\"{value}\"\n"));
        }
    }
    fs::write(&dockerfile, text)?;
    let tag = format!("{NAME}:{}-bookworm", version()?);
    engine.build(&dockerfile, &folder, "toolchain", &tag, &[])?;
    process::remove_dir(&folder)
}

/// The version of Rust that the Dockerfile compiles with.
fn version() -> Result<String> {
    let dockerfile = fs::read_to_string(repo::path(super::DOCKERFILE))?;
    let named = dockerfile.lines().find_map(|line| line.strip_prefix("ARG RUST="));
    Ok(named.context("the Dockerfile names a version of Rust")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that is older than the workspace asks for compiles nothing.
    #[test]
    fn the_dockerfile_compiles_with_the_rust_that_the_workspace_asks_for() {
        let manifest = fs::read_to_string(repo::path("Cargo.toml")).unwrap();
        let asked = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")).unwrap();
        let asked = asked.trim_end_matches('"');
        assert!(version().unwrap().starts_with(asked), "{} and {asked}", version().unwrap());
    }
}
