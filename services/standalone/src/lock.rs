//! Who works on a folder of data: one process at a time, and everybody can ask which.
//!
//! The file `lock` is locked for as long as that process lives, whatever ends it. What stands in
//! `instance.json` beside it is for the others: whom they wait for, or where they find him.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lectern_core::Failure;
use lectern_runtime::Context;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::client::out::Out;
use crate::private::{self, FILE, unusable};

const LOCK: &str = "lock";
const INSTANCE: &str = "instance.json";
/// How often a lock is tried again that another process holds.
const AGAIN: Duration = Duration::from_millis(100);

/// The right to work on a folder of data; given back when it is dropped, or the process ends.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    holder: Holder,
    /// Locked while it is open.
    _file: File,
}

/// The process that works on a folder of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// What it is: `lectern up`.
    pub name: String,
    /// Where its public API is, once it is there.
    pub address: Option<SocketAddr>,
    /// Whether it is there for others, until it is stopped: `lectern up` is.
    pub serves: bool,
}

/// Whether a folder could be taken.
#[derive(Debug)]
pub enum Taken {
    /// It is ours now.
    Ours(Lock),
    /// Another process has it; none where it has only just taken it, or is about to end.
    By(Option<Holder>),
}

impl Lock {
    /// Takes the folder, which is made where it is missing, as the process that is called `name`
    /// and that `serves` others or not.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE` when the folder or a file in it cannot be made.
    pub fn take(folder: &Path, name: &str, serves: bool) -> Result<Taken, Failure> {
        private::folder(folder)?;
        let path = folder.join(LOCK);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(FILE).open(&path);
        let file = opened.map_err(|error| unusable(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Taken::By(holder(folder))),
            Err(TryLockError::Error(error)) => return Err(unusable(&path, &error)),
        }
        let holder = Holder { pid: std::process::id(), name: name.to_owned(), address: None, serves };
        let lock = Self { folder: folder.to_owned(), holder, _file: file };
        lock.tell()?;
        Ok(Taken::Ours(lock))
    }

    /// Tells the others where the API is.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE` when that cannot be written.
    pub fn listens(&mut self, address: SocketAddr) -> Result<(), Failure> {
        self.holder.address = Some(address);
        self.tell()
    }

    /// Writes who holds it: the whole at once, so that nobody reads half of it.
    fn tell(&self) -> Result<(), Failure> {
        let path = self.folder.join(INSTANCE);
        let beside = self.folder.join(format!(".{INSTANCE}"));
        let text = serde_json::to_vec(&self.holder)
            .map_err(|error| Failure::internal(format!("{INSTANCE} cannot be written as JSON: {error}")))?;
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(FILE)
            .open(&beside)
            .and_then(|mut file| file.write_all(&text))
            .and_then(|()| std::fs::rename(&beside, &path));
        written.map_err(|error| unusable(&path, &error))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays is known by its process, which is gone.
        drop(std::fs::remove_file(self.folder.join(INSTANCE)));
    }
}

impl Holder {
    /// Says who works on `folder`, for whoever waits.
    #[must_use]
    pub fn sentence(&self, folder: &Path) -> String {
        format!("{} (process {}) works on {}", self.name, self.pid, folder.display())
    }
}

/// Waits a moment before `folder` is tried again, and says once for whose end: whether that is
/// `told`. Returns whether it is to be tried again, and not where the command is interrupted.
pub async fn wait(holder: Option<&Holder>, folder: &Path, told: &mut bool, context: &Context, out: &Out) -> bool {
    if let Some(holder) = holder.filter(|holder| !holder.serves && !std::mem::replace(told, true)) {
        out.say(&format!("{}; waiting for its end", holder.sentence(folder)));
    }
    tokio::select! {
        () = context.shutdown.wait() => false,
        () = tokio::time::sleep(AGAIN) => true,
    }
}

/// Where the instance is that serves the data in `folder`, where there is one. Nothing is made.
#[must_use]
pub fn serving(folder: &Path) -> Option<SocketAddr> {
    holder(folder).filter(|holder| holder.serves).and_then(|holder| holder.address)
}

/// Who holds the folder, where it says so and lives.
fn holder(folder: &Path) -> Option<Holder> {
    let text = std::fs::read(folder.join(INSTANCE)).ok()?;
    let holder: Holder = serde_json::from_slice(&text).ok()?;
    let pid = i32::try_from(holder.pid).ok().and_then(Pid::from_raw)?;
    test_kill_process(pid).is_ok().then_some(holder)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn taken(folder: &Path) -> Taken {
        Lock::take(folder, "lectern up", true).unwrap()
    }

    #[test]
    fn one_process_works_on_a_folder_and_the_others_know_which() {
        let folder = tempfile::tempdir().unwrap();
        let Taken::Ours(mut lock) = taken(folder.path()) else { panic!("nobody else has it") };
        let address = SocketAddr::from(([127, 0, 0, 1], 7400));
        lock.listens(address).unwrap();
        let Taken::By(Some(holder)) = taken(folder.path()) else { panic!("it is taken") };
        assert_eq!((holder.pid, holder.address, holder.serves), (std::process::id(), Some(address), true));
        assert_eq!(serving(folder.path()), Some(address));
        let said = holder.sentence(Path::new("/d"));
        assert_eq!(said, format!("lectern up (process {}) works on /d", std::process::id()));
        for file in [LOCK, INSTANCE] {
            let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, FILE, "{file}");
        }
        drop(lock);
        assert!(!folder.path().join(INSTANCE).exists());
        assert_eq!(serving(folder.path()), None);
        assert!(matches!(taken(folder.path()), Taken::Ours(_)));
    }

    #[test]
    fn what_a_process_left_that_is_gone_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let Taken::Ours(lock) = taken(folder.path()) else { panic!("nobody else has it") };
        // No process has the largest number.
        let gone = Holder { pid: i32::MAX.unsigned_abs(), ..lock.holder.clone() };
        std::fs::write(folder.path().join(INSTANCE), serde_json::to_vec(&gone).unwrap()).unwrap();
        assert!(matches!(taken(folder.path()), Taken::By(None)));
        std::fs::write(folder.path().join(INSTANCE), "{").unwrap();
        assert!(matches!(taken(folder.path()), Taken::By(None)));
    }
}
