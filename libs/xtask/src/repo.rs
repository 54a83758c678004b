//! Where things are in the repository.

use std::path::{Path, PathBuf};

/// The repository's root. The tool is run from its checkout, never installed.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// A path relative to the root.
pub fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    lectern_testkit::env::value("CARGO_TARGET_DIR").map_or_else(|| path("target"), |dir| root().join(dir))
}

/// Where the programs built with the `ci` profile lie.
pub fn bin_dir() -> PathBuf {
    target().join("ci")
}
