//! Folders that a command makes for itself and that must not outlive it, however it ends: a second
//! signal, which ends the process at once, removes them too.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use lectern_core::{Failure, OsRandom, Random as _};
use lectern_runtime::remove_at_once;

use crate::client::words;
use crate::private::FOLDER;

/// A folder that is removed with its owner, with all that is in it.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    _registered: lectern_runtime::Registered,
}

/// For whom a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// For its owner alone.
    Owner,
    /// For everybody whom the user lets see his files.
    Everybody,
}

impl Temporary {
    /// Makes a folder for the owner alone where the system has temporary ones, whose name begins
    /// with `prefix`.
    ///
    /// # Errors
    /// Why it cannot be made, and what to do.
    pub fn of_the_system(prefix: &str) -> Result<Self, Failure> {
        Self::in_folder(&std::env::temp_dir(), prefix, For::Owner)
            .map_err(|error| words::output(format!("no temporary folder: {error}; set TMPDIR to one")))
    }

    /// Makes a folder in `parent`, which must be there, whose name begins with `prefix`.
    ///
    /// # Errors
    /// Why it cannot be made.
    pub fn in_folder(parent: &Path, prefix: &str, whom: For) -> std::io::Result<Self> {
        let path = parent.join(format!("{prefix}{:016x}", OsRandom.next()));
        // Registered first: the process may be ended between the two.
        let made = Self { _registered: remove_at_once(&path), path };
        let mode = match whom {
            For::Owner => FOLDER,
            For::Everybody => 0o777,
        };
        DirBuilder::new().mode(mode).create(&made.path)?;
        Ok(made)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may have been moved to its place. One that cannot be removed harms nobody.
        drop(std::fs::remove_dir_all(&self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_owner_unless_it_was_moved() {
        let parent = tempfile::tempdir().unwrap();
        let make = || Temporary::in_folder(parent.path(), ".part-", For::Owner).unwrap();
        let (gone, moved) = (make(), make());
        for folder in [&gone, &moved] {
            std::fs::create_dir_all(folder.path().join("inner")).unwrap();
        }
        std::fs::rename(moved.path(), parent.path().join("kept")).unwrap();
        drop((gone, moved));
        let left: Vec<_> = std::fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["kept"]);
    }
}
