//! `cargo xtask dist` with the programs that were built with it.

use std::fs;
use std::process::{Command, Stdio};

use lectern_testkit::temp_dir;

use crate::text;

/// The tool unpacks what it packed and runs it with an empty environment by itself; what is asked
/// here is that it did, and what is in it.
#[test]
fn one_archive_has_the_program_the_voice_licences_and_checksums() {
    let temp = temp_dir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["dist", "--no-build", "--profile", "ci", "--out"]).arg(temp.path());
    command.env("SOURCE_DATE_EPOCH", "1700000000").stdin(Stdio::null());
    let output = command.output().expect("the tool is built");
    let said = text(&output);
    assert!(output.status.success(), "{said}");

    let archive = said.lines().find(|line| line.ends_with(".tar.gz")).expect("its path").to_owned();
    let listed = Command::new("tar").args(["--utc", "-tvzf", &archive]).output().expect("tar");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for file in [
        "/bin/lectern",
        "/voice/hibari.onnx",
        "/voice/NOTICE",
        "/LICENSE",
        "/NOTICE",
        "/README.md",
        "/THIRD-PARTY-LICENSES",
        "/SHA256SUMS",
    ] {
        assert!(listed.lines().any(|line| line.ends_with(file)), "{file}: {listed}");
    }
    assert!(listed.lines().all(|line| line.contains(" 0/0 ") && line.contains("2023-11-14")), "{listed}");
    let program = listed.lines().find(|line| line.ends_with("/bin/lectern")).expect("the program");
    assert!(program.starts_with("-rwxr-xr-x"), "{program}");

    // Whoever has coreutils can check it.
    let checked = Command::new("sha256sum")
        .args(["--check", "--strict", "SHA256SUMS"])
        .current_dir(temp.path())
        .output()
        .expect("sha256sum");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));

    let unpacked = Command::new("tar").args(["-xzf", &archive, "-C"]).arg(temp.path()).status().expect("tar");
    assert!(unpacked.success());
    let folder = archive.strip_suffix(".tar.gz").expect("its name");
    let licenses = fs::read_to_string(format!("{folder}/THIRD-PARTY-LICENSES")).expect("the licences");
    for said in ["tokio 1.", "rten 0.", "Copyright (c)", "Apache License", "Mozilla Public License"] {
        assert!(licenses.contains(said), "{said}");
    }
    assert!(!licenses.contains("proptest"), "what only tests use is not in it");
}
