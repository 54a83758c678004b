//! What stands for the base image where no registry is reached: the same few of Debian's packages
//! that `distroless/cc` is made of, under the same name and with the same user, so that the
//! Dockerfile is built as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result};

use super::engine::Engine;
use crate::{files, process};

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
COPY --chown=65532:65532 home/ /home/nonroot/
ENV PATH=/usr/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
WORKDIR /home/nonroot
";

/// Makes it.
pub fn make(engine: &Engine) -> Result<()> {
    let folder = engine.empty_folder("base")?;
    let root = folder.join("root");
    process::download_debian(&PACKAGES, &folder)
        .context("the base image is made of Debian's packages, which could not be fetched")?;
    process::unpack_debian(&folder, &root)?;
    for folder in LEFT_OUT {
        process::remove_dir(&root.join(folder))?;
    }
    // What the scripts of the packages would do.
    files::put(&root.join(CERTIFICATES), &certificates(&root)?)?;
    files::put(&root.join("etc/passwd"), PASSWD.as_bytes())?;
    files::put(&root.join("etc/group"), GROUP.as_bytes())?;
    let temporary = root.join("tmp");
    fs::create_dir_all(&temporary)?;
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777))?;
    // A folder without a file is not copied.
    files::put(&folder.join("home/.keep"), &[])?;
    let dockerfile = folder.join("Dockerfile");
    fs::write(&dockerfile, DOCKERFILE)?;
    engine.build(&dockerfile, &folder, "base", NAME, &[])?;
    process::remove_dir(&folder)
}

/// The authorities of all certificates, one file after the other.
fn certificates(root: &Path) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for file in files::with_extension(&root.join("usr/share/ca-certificates/mozilla"), "crt")? {
        all.extend(fs::read(&file)?);
    }
    Ok(all)
}
