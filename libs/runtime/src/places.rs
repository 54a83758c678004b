//! Where a program of a person keeps its files: the folders of the XDG Base Directory
//! Specification, version 0.8.
//!
//! A service of an installation is told its folders by its configuration, and asks nothing here.

use std::ffi::OsString;
use std::path::PathBuf;

/// The name of our folder in each of the others.
const NAME: &str = "lectern";

/// Where data lies that are kept: `$XDG_DATA_HOME/lectern`, else `~/.local/share/lectern`.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one crate that reads the environment")]
pub fn data_dir() -> PathBuf {
    folder(std::env::var_os("XDG_DATA_HOME"), std::env::home_dir(), ".local/share")
}

/// Where data lies that can be fetched again: `$XDG_CACHE_HOME/lectern`, else `~/.cache/lectern`.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the one crate that reads the environment")]
pub fn cache_dir() -> PathBuf {
    folder(std::env::var_os("XDG_CACHE_HOME"), std::env::home_dir(), ".cache")
}

/// Our folder in the one that a variable names, else in `below` of the home. A relative path in the
/// variable is invalid, and ignored, as the specification says. Who has no home, as in a bare
/// container, has it in the working directory.
fn folder(variable: Option<OsString>, home: Option<PathBuf>, below: &str) -> PathBuf {
    let named = variable.map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || home.filter(|home| home.is_absolute()).map(|home| home.join(below));
    named.or_else(home).unwrap_or_else(|| PathBuf::from(below)).join(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_goes_before_the_home_unless_it_is_none_or_relative() {
        let home = || Some(PathBuf::from("/u/ada"));
        for (variable, home, expected) in [
            (Some("/mnt/data"), home(), "/mnt/data/lectern"),
            (None, home(), "/u/ada/.local/share/lectern"),
            (Some(""), home(), "/u/ada/.local/share/lectern"),
            (Some("data"), home(), "/u/ada/.local/share/lectern"),
            (None, None, ".local/share/lectern"),
            (None, Some(PathBuf::new()), ".local/share/lectern"),
        ] {
            let found = folder(variable.map(OsString::from), home, ".local/share");
            assert_eq!(found, PathBuf::from(expected), "{variable:?}");
        }
    }

    #[test]
    fn data_and_cache_are_apart() {
        assert_ne!(data_dir(), cache_dir());
    }
}
