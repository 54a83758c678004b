//! The environment that `cargo xtask` and the tests agree on: names of variables and places of
//! files.

use std::env;
use std::path::PathBuf;

/// URL of the NATS server that tests share (`nats://127.0.0.1:4222`).
pub const NATS: &str = "LECTERN_TEST_NATS";
/// URI of the MongoDB that tests share; set by a contributor, it takes the place of the server that
/// `cargo xtask test` starts.
pub const MONGODB: &str = "MONGODB_URI";
/// Folder of the built service binaries.
pub const BIN_DIR: &str = "LECTERN_BIN_DIR";
/// Folder of the local voice's weights.
pub const VOICE_DIR: &str = "LECTERN_VOICE_DIR";
/// Folder of the PDFs taken from Debian packages: `<package>/<name>.pdf`.
pub const PDF_CORPUS: &str = "LECTERN_PDF_CORPUS";
/// Folder of the installed tools, in place of the one in the cache.
pub const TOOLS_DIR: &str = "LECTERN_TOOLS_DIR";

/// The variable's value; none when unset or empty.
#[must_use]
pub fn value(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable's value.
///
/// # Panics
///
/// When it is unset or empty, saying which command sets it.
#[must_use]
pub fn required(name: &str) -> String {
    match value(name) {
        Some(value) => value,
        None => panic!(
            "{name} is not set: run these tests with `cargo xtask test [-p CRATE] [FILTER]`, which prepares what they need"
        ),
    }
}

/// What Lectern's tooling keeps between runs: `$XDG_CACHE_HOME/lectern`, or `~/.cache/lectern`.
#[must_use]
pub fn cache_dir() -> PathBuf {
    let base = match (value("XDG_CACHE_HOME"), value("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => PathBuf::from(home).join(".cache"),
        (None, None) => env::temp_dir(),
    };
    base.join("lectern")
}

/// Where tools are installed: `LECTERN_TOOLS_DIR`, or `tools` in the cache.
#[must_use]
pub fn tools_dir() -> PathBuf {
    value(TOOLS_DIR).map_or_else(|| cache_dir().join("tools"), PathBuf::from)
}
