//! Sources on this machine's disk while they are read: files that are gone when they are dropped,
//! and when a second signal ends the process at once.

use std::io::Write as _;
use std::path::Path;

use lectern_core::Failure;
use lectern_runtime::Registered;
use lectern_stage::work::no_room;
use tempfile::NamedTempFile;

/// A temporary file.
#[derive(Debug)]
pub struct Scratch {
    file: NamedTempFile,
    _at_once: Registered,
}

impl Scratch {
    /// An empty file.
    ///
    /// # Errors
    /// As [`no_room`], where the system has no place for it.
    pub fn new() -> Result<Self, Failure> {
        let file = NamedTempFile::new().map_err(|e| no_room(&e))?;
        let at_once = lectern_runtime::remove_at_once(file.path());
        Ok(Self { file, _at_once: at_once })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// As [`no_room`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|e| no_room(&e))
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }
}
