//! The objects on disk, read and damaged past every service: the directory adapter puts a folder of
//! its own, `~` and two digits, before every file name, and 16 bytes of its own after every object.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

const TRAILER: usize = 16;

/// The folder of objects of an instance.
#[derive(Debug, Clone)]
pub struct Objects {
    root: PathBuf,
}

impl Objects {
    /// Under the folder that services are given.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { root: folder.join("objects") }
    }

    /// Where an object lies.
    #[must_use]
    pub fn file(&self, object: &str) -> PathBuf {
        let (folder, name) = object.rsplit_once('/').unwrap_or(("", object));
        self.root.join(folder).join(format!("~{:02x}", crc32c::crc32c(name.as_bytes()) & 0xff)).join(name)
    }

    /// Every object's name under a prefix that ends with a folder.
    #[must_use]
    pub fn under(&self, prefix: &str) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.root.join(prefix), prefix.trim_end_matches('/'), &mut found);
        found.sort();
        found
    }

    /// An object's bytes.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn read(&self, object: &str) -> io::Result<Vec<u8>> {
        let mut bytes = fs::read(self.file(object))?;
        bytes.truncate(bytes.len().saturating_sub(TRAILER));
        Ok(bytes)
    }

    /// When the object was given its name, in milliseconds since 1970: the last change of its
    /// links, which is that or the removal of the name it was written under, just after.
    #[must_use]
    pub fn stored_at(&self, object: &str) -> Option<u64> {
        let metadata = fs::metadata(self.file(object)).ok()?;
        u64::try_from(metadata.ctime() * 1_000 + metadata.ctime_nsec() / 1_000_000).ok()
    }

    /// Cuts an object's file in half.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn truncate(&self, object: &str) -> io::Result<()> {
        let file = fs::OpenOptions::new().write(true).open(self.file(object))?;
        file.set_len(file.metadata()?.len() / 2)
    }

    /// Deletes an object's file, as the runbook says for one that is damaged; whether it was there.
    #[must_use]
    pub fn delete(&self, object: &str) -> bool {
        fs::remove_file(self.file(object)).is_ok()
    }
}

fn walk(folder: &Path, path: &str, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let inside = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        if !entry.path().is_dir() {
            found.push(inside);
        } else {
            walk(&entry.path(), if name.starts_with('~') { path } else { &inside }, found);
        }
    }
}
