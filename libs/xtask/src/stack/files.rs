//! What a stack keeps in its folder beside the data: the lock, secrets, and what runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use super::part::birth;
use crate::{process, repo};

/// The folder that is used where none is named, in the repository.
const DEFAULT: &str = ".lectern-stack";
/// Held by the process of `stack up`, whose id it has.
const LOCK: &str = "lock";
/// What runs: for a next `up` after this one was killed, and for `status`.
const STATE: &str = "stack.json";
/// How long a process that a killed stack left may take to end.
const LEFT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

/// What runs, as `status` gets and prints it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// The process of `stack up`.
    pub pid: u32,
    /// Whether everything has run once, and the key is there.
    pub ready: bool,
    /// The folder of everything.
    pub data: PathBuf,
    /// The file that has the API key.
    pub key_file: PathBuf,
    /// The file that has the installation's admin key.
    pub admin_key_file: PathBuf,
    pub parts: Vec<PartLine>,
}

/// One part of a [`Snapshot`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartLine {
    /// `nats-server`, `mongod`, `gateway`, `ingest`, `ai`, `tts`, and `tts-2` for a further
    /// replica.
    pub name: String,
    /// `running`, `starting`, `stopping`, `waiting` or `given up`, and why it waits.
    pub state: String,
    /// Its process, while it runs.
    pub pid: Option<u32>,
    /// When that was started ([`birth`]).
    pub birth: Option<u64>,
    /// Its address, once it is known; it stays the same.
    pub url: Option<String>,
    /// How often it was started.
    pub starts: u32,
    pub log: PathBuf,
}

impl PartLine {
    pub fn runs(&self) -> bool {
        self.state == "running"
    }
}

impl Snapshot {
    /// The part of this name.
    pub fn part(&self, name: &str) -> Option<&PartLine> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// The address of a part, `HOST:PORT`.
    pub fn address(&self, name: &str) -> Option<&str> {
        let url = self.part(name)?.url.as_deref()?;
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        rest.split(['/', '?']).next()
    }
}

/// The folder that is used where none is named.
pub fn default_dir() -> PathBuf {
    repo::path(DEFAULT)
}

/// How a command for this folder is typed.
pub fn typed(command: &str, dir: &Path) -> String {
    if dir == default_dir() {
        format!("cargo xtask stack {command}")
    } else {
        format!("cargo xtask stack {command} --data {}", dir.display())
    }
}

/// The lock of the folder, with this process's id in it; fails when another process has it.
pub fn lock(dir: &Path) -> Result<File> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let path = dir.join(LOCK);
    let shown = || path.display().to_string();
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).with_context(shown)?;
    // Who only looks whether it is held holds it for a moment.
    for _ in 0..10 {
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                write!(file, "{}", std::process::id())?;
                return Ok(file);
            }
            Err(TryLockError::WouldBlock) => thread::sleep(POLL),
            Err(TryLockError::Error(error)) => return Err(error).with_context(shown),
        }
    }
    bail!(
        "a stack works on {} already (process {}): look at it with `{}`, stop it with `{}`, or name another folder with \
         --data and other ports with --port",
        dir.display(),
        holder(dir).map_or_else(|| "unknown".to_owned(), |pid| pid.to_string()),
        typed("status", dir),
        typed("down", dir)
    );
}

/// The process of the stack that works on the folder; none when nothing does.
pub fn holder(dir: &Path) -> Option<u32> {
    let path = dir.join(LOCK);
    let file = File::open(&path).ok()?;
    match file.try_lock_shared() {
        Ok(()) => None,
        // It is written right after the lock was taken.
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {
            let read = || fs::read_to_string(&path).ok()?.trim().parse().ok();
            read().or_else(|| {
                thread::sleep(POLL);
                read()
            })
        }
    }
}

/// Deletes everything in the folder but the lock.
pub fn empty(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            process::remove_dir(&path)?;
        } else if path != dir.join(LOCK) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// A random secret; made once, kept with the data that depends on it.
pub fn secret(file: &Path) -> Result<String> {
    if !file.exists() {
        let mut bytes = [0_u8; 32];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        keep(file, &hex)?;
    }
    Ok(fs::read_to_string(file).with_context(|| file.display().to_string())?.trim().to_owned())
}

/// Writes a file that its owner alone may read: whole or not at all.
pub fn keep(file: &Path, text: &str) -> Result<()> {
    let shown = || file.display().to_string();
    let partial = file.with_extension("partial");
    let mut open = OpenOptions::new();
    let mut written = open.create(true).truncate(true).write(true).mode(0o600).open(&partial).with_context(shown)?;
    // One that was there keeps its mode.
    written.set_permissions(fs::Permissions::from_mode(0o600)).with_context(shown)?;
    written.write_all(text.as_bytes()).with_context(shown)?;
    fs::rename(&partial, file).with_context(shown)
}

/// Notes what runs.
pub fn note(snapshot: &Snapshot) -> Result<()> {
    keep(&snapshot.data.join(STATE), &serde_json::to_string_pretty(snapshot)?)
}

/// What was noted last; none where nothing was.
pub fn noted(dir: &Path) -> Option<Snapshot> {
    serde_json::from_str(&fs::read_to_string(dir.join(STATE)).ok()?).ok()
}

/// Forgets what ran, once nothing does.
pub fn forget(dir: &Path) {
    let _ = fs::remove_file(dir.join(STATE));
    let _ = fs::remove_file(register());
}

/// The parts that still run of a stack that was killed itself. Only where no stack works on the
/// folder.
pub fn left(dir: &Path) -> Vec<PartLine> {
    let parts = noted(dir).map(|snapshot| snapshot.parts).unwrap_or_default();
    parts.into_iter().filter(lives).collect()
}

/// Whether the part's process lives: one of that id that was born at another time is somebody
/// else's.
fn lives(part: &PartLine) -> bool {
    part.pid.is_some_and(|pid| part.birth.is_some() && birth(pid) == part.birth)
}

/// Ends what a stack left that was killed itself, so that ports and data are free again. Only with
/// the lock held. Returns the names.
pub fn end_left(dir: &Path) -> Vec<String> {
    let left = left(dir);
    let signal = |part: &PartLine, signal: Signal| {
        let pid = part.pid.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid.filter(|_| lives(part)) {
            let _ = kill_process(pid, signal);
        }
    };
    left.iter().for_each(|part| signal(part, Signal::TERM));
    let deadline = Instant::now() + LEFT;
    while left.iter().any(lives) && Instant::now() < deadline + LEFT {
        if Instant::now() >= deadline {
            left.iter().for_each(|part| signal(part, Signal::KILL));
        }
        thread::sleep(POLL);
    }
    left.into_iter().map(|part| part.name).collect()
}

/// The file by which this process's stack is found from anywhere in the repository.
fn register() -> PathBuf {
    registers().join(std::process::id().to_string())
}

fn registers() -> PathBuf {
    repo::target().join("stacks")
}

/// Makes this process's stack known to `status` of other folders.
pub fn enlist(dir: &Path) -> Result<()> {
    fs::create_dir_all(registers())?;
    fs::write(register(), dir.display().to_string()).with_context(|| register().display().to_string())
}

/// The folders of all stacks that run, but this one.
pub fn others(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(registers()) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let other = PathBuf::from(fs::read_to_string(&path).unwrap_or_default());
        if holder(&other).is_none() {
            // Its process was killed.
            let _ = fs::remove_file(&path);
        } else if other != dir {
            found.push(other);
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use lectern_testkit::temp_dir;

    use super::*;

    fn line(name: &str, pid: u32, birth: Option<u64>) -> PartLine {
        PartLine {
            name: name.to_owned(),
            state: "running".to_owned(),
            pid: Some(pid),
            birth,
            url: Some("mongodb://127.0.0.1:4711/?directConnection=true".to_owned()),
            starts: 1,
            log: PathBuf::from("log"),
        }
    }

    #[test]
    fn a_folder_is_held_by_one_and_tells_by_whom() {
        let dir = temp_dir().unwrap();
        assert_eq!(holder(dir.path()), None);
        let held = lock(dir.path()).unwrap();
        assert_eq!(holder(dir.path()), Some(std::process::id()));
        let refused = lock(dir.path()).unwrap_err().to_string();
        let process = format!("process {}", std::process::id());
        assert!(refused.contains(&process) && refused.contains("--data"), "{refused}");
        drop(held);
        assert_eq!(holder(dir.path()), None);
    }

    #[test]
    fn secrets_are_made_once_and_are_their_owners_alone() {
        let dir = temp_dir().unwrap();
        let file = dir.path().join("secret");
        let made = secret(&file).unwrap();
        assert_eq!(made.len(), 64);
        assert_eq!(secret(&file).unwrap(), made);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_a_killed_stack_left_is_ended_and_a_stranger_with_its_id_is_not() {
        let dir = temp_dir().unwrap();
        let mut left = Command::new("sleep").arg("60").spawn().unwrap();
        let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
        let born = birth(left.id()).unwrap();
        let snapshot = Snapshot {
            pid: 1,
            ready: true,
            data: dir.path().to_owned(),
            key_file: PathBuf::new(),
            admin_key_file: PathBuf::new(),
            parts: vec![
                line("tts", left.id(), Some(born)),
                line("ai", stranger.id(), birth(stranger.id()).map(|born| born + 1)),
                line("ingest", stranger.id(), None),
            ],
        };
        assert_eq!(snapshot.address("tts"), Some("127.0.0.1:4711"));
        note(&snapshot).unwrap();
        // A child stays in the table until it was waited for.
        let waiter = thread::spawn(move || left.wait().unwrap());
        assert_eq!(end_left(dir.path()), ["tts"]);
        assert!(!waiter.join().unwrap().success());
        assert!(stranger.try_wait().unwrap().is_none());
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        forget(dir.path());
        assert!(noted(dir.path()).is_none());
    }
}
