//! What a process would leave behind if it ended at once: temporary files and folders, which are
//! removed before it does.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, mpsc};
use std::time::Duration;

use parking_lot::Mutex;

/// How often what is left is tried again.
const TRIES: u32 = 50;
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Those of the process as a whole.
static OF_PROCESS: LazyLock<Leftovers> = LazyLock::new(Leftovers::default);

/// Paths that are registered. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leftovers(Arc<Mutex<Paths>>);

#[derive(Debug, Default)]
struct Paths {
    registered: BTreeMap<u64, PathBuf>,
    next: u64,
}

/// A path that is registered for as long as this lives. Dropping it removes no file.
#[derive(Debug)]
#[must_use = "the path is registered for as long as this lives"]
pub struct Registered {
    leftovers: Leftovers,
    number: u64,
}

/// Registers a file, or a folder with all that is in it, that is removed when a second signal ends
/// the process at once: as well as can be done in 2 s, and whether it is there by then or not. It
/// is registered until what this returns is dropped, which removes nothing itself.
pub fn remove_at_once(path: impl Into<PathBuf>) -> Registered {
    OF_PROCESS.register(path.into())
}

/// Those of the process as a whole, which [`remove_at_once`] registers.
pub(crate) fn of_process() -> &'static Leftovers {
    &OF_PROCESS
}

impl Leftovers {
    /// Registers a path.
    fn register(&self, path: PathBuf) -> Registered {
        let mut paths = self.0.lock();
        let number = paths.next;
        paths.next += 1;
        paths.registered.insert(number, path);
        Registered { leftovers: self.clone(), number }
    }

    /// Removes what is registered, as well as can be done `within` so much time: folders with all
    /// that is in them, also while others still write there. Returns what is left.
    pub(crate) fn remove(&self, within: Duration) -> Vec<PathBuf> {
        let paths: Vec<PathBuf> = self.0.lock().registered.values().cloned().collect();
        if paths.is_empty() {
            return paths;
        }
        let (ended, end) = mpsc::channel();
        let removing = paths.clone();
        // On a thread of its own: a folder may be large, or its file system may hang.
        let thread = std::thread::Builder::new().name("leftovers".to_owned());
        let begun = thread.spawn(move || ended.send(remove_all(removing)));
        match begun {
            Ok(_) => end.recv_timeout(within).unwrap_or(paths),
            Err(_) => paths,
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.leftovers.0.lock().registered.remove(&self.number);
    }
}

/// Removes the paths and gives back those that are there still.
fn remove_all(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut left = paths.clone();
    for _ in 0..TRIES {
        for path in &left {
            // Whether it is gone is looked at below, where what is made anew meanwhile is seen too.
            let _ = remove(path);
        }
        left = paths.iter().filter(|path| is_there(path)).cloned().collect();
        if left.is_empty() {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    left
}

fn remove(path: &Path) -> io::Result<()> {
    // A link is removed, not what it leads to.
    if std::fs::symlink_metadata(path)?.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
}

fn is_there(path: &Path) -> bool {
    !std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn what_is_registered_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["whole/of/it", "beside"] {
            std::fs::create_dir_all(at(name)).unwrap();
            std::fs::write(at(name).join("file"), "x").unwrap();
        }
        for name in ["file", "kept"] {
            std::fs::write(at(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(at("beside"), at("link")).unwrap();
        let leftovers = Leftovers::default();
        let registered = ["whole", "file", "link", "never made"].map(|name| leftovers.register(at(name)));
        drop(leftovers.register(at("kept")));
        assert_eq!(leftovers.clone().remove(LONG), Vec::<PathBuf>::new());
        for (name, expected) in
            [("whole", false), ("file", false), ("link", false), ("beside/file", true), ("kept", true)]
        {
            assert_eq!(is_there(&at(name)), expected, "{name}");
        }
        drop(registered);
        assert!(leftovers.0.lock().registered.is_empty());
    }

    #[test]
    fn a_folder_that_is_still_written_to_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("busy");
        let (leftovers, stop) = (Leftovers::default(), Arc::new(AtomicBool::new(false)));
        std::fs::create_dir_all(&path).unwrap();
        let _registered = leftovers.register(path.clone());
        let writer = std::thread::spawn({
            let (path, stop) = (path.clone(), Arc::clone(&stop));
            move || {
                for n in 0_u64.. {
                    // It fails once the folder is gone, as it does in a process that works on.
                    if std::fs::write(path.join(n.to_string()), "x").is_err() || stop.load(Ordering::SeqCst) {
                        return;
                    }
                    std::thread::sleep(Duration::from_micros(300));
                }
            }
        });
        let left = leftovers.remove(LONG);
        stop.store(true, Ordering::SeqCst);
        writer.join().unwrap();
        assert_eq!(left, Vec::<PathBuf>::new());
        assert!(!is_there(&path));
    }
}
