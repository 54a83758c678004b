//! Makes the entries of directories last. An fsync of a directory covers every link made before it
//! began, so puts that wait for the same directory share one: each takes a number after its link,
//! and whoever holds the lock syncs for all numbers given out so far.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use parking_lot::{Mutex, MutexGuard};

/// Above this many remembered directories all are forgotten, which costs some extra fsyncs.
const REMEMBERED: usize = 16_384;

#[derive(Debug, Default)]
struct FlushTurn {
    taken: AtomicU64,
    done: Mutex<u64>,
}

#[derive(Debug)]
pub(super) struct Dirs {
    root: PathBuf,
    turns: Mutex<HashMap<PathBuf, Arc<FlushTurn>>>,
    /// Directories whose own entry is known to be on disk. One that was deleted and made anew is
    /// not the same: inode numbers are given out again at once, so the time of birth counts too.
    safe: Mutex<HashMap<PathBuf, (u64, SystemTime)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

impl Dirs {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, turns: Mutex::default(), safe: Mutex::default() }
    }

    /// Returns when all entries that `folder` had at the time of the call, and its own way from the
    /// root, are on disk.
    pub(super) fn sync(&self, folder: &Path) -> io::Result<()> {
        self.sync_entries(folder)?;
        let mut folder = folder;
        while folder != self.root {
            let metadata = fs::metadata(folder)?;
            // Where the file system tells no time of birth, nothing is remembered and every put
            // pays for all folders.
            let identity = metadata.created().ok().map(|born| (metadata.ino(), born));
            let Some(parent) = folder.parent() else { break };
            if identity.is_none() || locked(&self.safe).get(folder) != identity.as_ref() {
                self.sync_entries(parent)?;
                let mut safe = locked(&self.safe);
                if safe.len() >= REMEMBERED {
                    safe.clear();
                }
                safe.extend(identity.map(|identity| (folder.to_owned(), identity)));
            }
            folder = parent;
        }
        Ok(())
    }

    fn sync_entries(&self, folder: &Path) -> io::Result<()> {
        let turn = {
            let mut turns = locked(&self.turns);
            if turns.len() >= REMEMBERED {
                turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            }
            Arc::clone(turns.entry(folder.to_owned()).or_default())
        };
        let mine = turn.taken.fetch_add(1, Ordering::SeqCst) + 1;
        let mut done = locked(&turn.done);
        if *done >= mine {
            return Ok(());
        }
        let upto = turn.taken.load(Ordering::SeqCst);
        File::open(folder)?.sync_all()?;
        *done = upto;
        Ok(())
    }
}
