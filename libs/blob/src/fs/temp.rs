//! Files that are being written, in a folder that belongs to one process by a lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use lectern_core::{OsRandom, Random};

use super::trailer::Trailer;

const LOCK: &str = "lock";

/// This process's folder under `tmp/`.
#[derive(Debug)]
pub(super) struct TempFolder {
    folder: PathBuf,
    next: AtomicU64,
    /// Held as long as the process may write here; the system lets go of it when the process dies.
    _lock: File,
}

impl TempFolder {
    /// Makes a folder under `tmp` and removes those whose owners are gone.
    pub(super) fn open(tmp: &Path) -> io::Result<Self> {
        fs::create_dir_all(tmp)?;
        // Nobody may see a folder between its creation and its lock.
        let gate = lock_file(&tmp.join(LOCK))?;
        gate.lock()?;
        sweep(tmp)?;
        let folder = tmp.join(format!("{:016x}", OsRandom.next()));
        fs::create_dir(&folder)?;
        let lock = lock_file(&folder.join(LOCK))?;
        lock.lock()?;
        Ok(Self { folder, next: AtomicU64::new(0), _lock: lock })
    }

    /// A new empty file, removed when the value is dropped.
    pub(super) fn create(&self) -> io::Result<TempFile> {
        let path = self.folder.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(TempFile { file, path })
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::debug!(%error, "temporary folder of object storage stays until the next start");
        }
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

fn sweep(tmp: &Path) -> io::Result<()> {
    for entry in fs::read_dir(tmp)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let stale = match lock_file(&entry.path().join(LOCK))?.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        if stale {
            fs::remove_dir_all(entry.path())?;
            tracing::info!(folder = %entry.path().display(), "removed what a dead process left half written");
        }
    }
    Ok(())
}

/// A file that has no name among the objects yet.
#[derive(Debug)]
pub(super) struct TempFile {
    file: File,
    path: PathBuf,
}

impl TempFile {
    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the trailer and waits for the disk.
    pub(super) fn finish(&mut self, trailer: Trailer) -> io::Result<()> {
        self.file.write_all(&trailer.encode())?;
        self.file.sync_all()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "temporary file of object storage stays until the next start");
        }
    }
}
