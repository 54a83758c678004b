//! What stands for the base image where no registry is reached: the same few of Debian's packages
//! that `distroless/cc` is made of, under the same name and with the same user, so that the
//! Dockerfile is built as it is.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::engine::Engine;
use crate::process;

/// As the Dockerfile names it.
const NAME: &str = "gcr.io/distroless/cc-debian12:nonroot";
const PACKAGES: [&str; 4] = ["libc6", "libgcc-s1", "tzdata", "ca-certificates"];
/// What no program reads.
const LEFT_OUT: [&str; 2] = ["usr/share/man", "usr/share/lintian"];
/// The user that everything runs as.
pub const USER: u32 = 65532;
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
const PASSWD: &str = "\
root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
";
const GROUP: &str = "\
root:x:0:
nobody:x:65534:
nonroot:x:65532:
";
const DOCKERFILE: &str = "\
FROM scratch AS base
COPY root/ /
ENV PATH=/usr/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /home/nonroot
";

/// Makes it.
pub fn make(engine: &Engine) -> Result<()> {
    let folder = engine.empty_folder("base")?;
    let root = folder.join("root");
    process::apt(&[&["download", "-q"][..], &PACKAGES].concat(), Some(&folder))
        .context("the base image is made of Debian's packages, which could not be fetched")?;
    for package in files(&folder, "deb")? {
        process::output(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(&root))?;
    }
    for folder in LEFT_OUT {
        process::remove_dir(&root.join(folder))?;
    }
    // What the scripts of the packages would do.
    write(&root, CERTIFICATES, &certificates(&root)?)?;
    write(&root, "etc/passwd", PASSWD.as_bytes())?;
    write(&root, "etc/group", GROUP.as_bytes())?;
    for (name, mode, owner) in [("tmp", 0o1777, 0), ("home/nonroot", 0o700, USER)] {
        let path = root.join(name);
        fs::create_dir_all(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        chown(&path, Some(owner), Some(owner)).with_context(|| path.display().to_string())?;
    }
    let dockerfile = folder.join("Dockerfile");
    fs::write(&dockerfile, DOCKERFILE)?;
    engine.build(&dockerfile, &folder, "base", NAME, &[])?;
    process::remove_dir(&folder)
}

/// The authorities of all certificates, one file after the other.
fn certificates(root: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for file in files(&root.join("usr/share/ca-certificates/mozilla"), "crt")? {
        all.extend(fs::read(&file)?);
    }
    Ok(all)
}

/// The files of a folder with this ending, sorted.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut found = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    found.sort();
    Ok(found)
}

fn write(root: &Path, name: &str, content: &[u8]) -> Result<()> {
    let path = root.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, content).with_context(|| path.display().to_string())
}
