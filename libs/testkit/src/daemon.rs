//! One child process: started with its output in a log file, waited for, signalled and ended by its
//! id.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

const POLL: Duration = Duration::from_millis(10);

/// Why a process could not be started, with what to do about it.
#[derive(Debug)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// A running, stopped or ended child process. Killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    child: Child,
    log: PathBuf,
    /// Bytes in the log when this process was started; an earlier process of the same name wrote
    /// them.
    log_start: u64,
    ended: Option<ExitStatus>,
}

impl Daemon {
    /// Starts `command` with both outputs appended to `log`.
    ///
    /// # Errors
    ///
    /// When the log cannot be opened or the program cannot be run.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self, StartError> {
        let failed = |what: &Path, error: io::Error| StartError(format!("{name}: {}: {error}", what.display()));
        let file = OpenOptions::new().create(true).append(true).open(log).map_err(|error| failed(log, error))?;
        let log_start = file.metadata().map_err(|error| failed(log, error))?.len();
        let twin = file.try_clone().map_err(|error| failed(log, error))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(twin)
            .spawn()
            .map_err(|error| failed(Path::new(command.get_program()), error))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned(), log_start, ended: None })
    }

    /// Waits until a line of the log says `marker` followed by an address, and returns the address.
    ///
    /// # Errors
    ///
    /// When the process ends first or `limit` passes; the message ends with the tail of the log.
    pub fn wait_for_address(&mut self, marker: &str, limit: Duration) -> Result<SocketAddr, StartError> {
        self.wait_for(limit, |log| address_after(log, marker))
    }

    /// Waits until `found` sees what it looks for in the log, and returns it.
    ///
    /// # Errors
    ///
    /// When the process ends first or `limit` passes; the message ends with the tail of the log.
    pub fn wait_for<T>(&mut self, limit: Duration, found: impl Fn(&str) -> Option<T>) -> Result<T, StartError> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(value) = found(&self.log_text()) {
                return Ok(value);
            }
            if let Some(status) = self.exited() {
                return Err(self.trouble(&format!("ended before it was ready ({status})")));
            }
            if Instant::now() >= deadline {
                return Err(self.trouble(&format!("was not ready after {} s", limit.as_secs())));
            }
            thread::sleep(POLL);
        }
    }

    /// An error that says what happened to the process and ends with the tail of its log.
    pub fn trouble(&self, what: &str) -> StartError {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        StartError(format!("{} {what}; the end of {}:\n{tail}", self.name, self.log.display()))
    }

    /// What this process has written so far.
    pub fn log_text(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        let start = usize::try_from(self.log_start).unwrap_or(0).min(bytes.len());
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }

    /// The log file.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; none while it runs.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// The process id, while the process has not been waited for and the id is therefore its own.
    fn pid(&mut self) -> Option<Pid> {
        if self.exited().is_some() {
            return None;
        }
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// Sends a signal, if the process still runs.
    pub fn signal(&mut self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // An error can only mean that it just ended.
            let _ = kill_process(pid, signal);
        }
    }

    /// Stops the process (SIGSTOP) and waits until all its threads have stopped, which the signal
    /// alone does not promise.
    ///
    /// # Panics
    ///
    /// When it has not stopped after 10 s.
    pub fn suspend(&mut self) {
        let Some(pid) = self.pid() else { return };
        let _ = kill_process(pid, Signal::STOP);
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG) {
                Ok(None) if self.exited().is_none() => {}
                Ok(_) | Err(_) => return,
            }
            assert!(Instant::now() < deadline, "{} did not stop on SIGSTOP", self.name);
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills it (SIGKILL) and waits for its end.
    pub fn kill(&mut self) {
        if self.exited().is_none() {
            let _ = self.child.kill();
            self.ended = self.child.wait().ok();
        }
    }

    /// Asks it to stop (SIGTERM) and waits; after `limit` it is killed. Returns how it ended by
    /// itself, none if it had to be killed.
    pub fn stop(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.signal(Signal::CONT);
        self.signal(Signal::TERM);
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if let Some(status) = self.exited() {
                return Some(status);
            }
            thread::sleep(POLL);
        }
        self.kill();
        None
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The address that follows the last `marker` whose address is written out in full.
fn address_after(log: &str, marker: &str) -> Option<SocketAddr> {
    log.split_inclusive('\n').rev().find_map(|line| {
        let rest = &line[line.find(marker)? + marker.len()..];
        // A line without its end may be half written, and so may its port.
        let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']')))?;
        rest[..end].parse().ok()
    })
}

/// A name that no other test process of this machine uses, from the process id, the time and a
/// counter.
pub fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() % 1_000_000_000_000);
    format!("t{:x}x{nanos:x}x{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A fresh empty folder, removed with everything in it when dropped.
#[derive(Debug)]
pub struct TempDir(PathBuf);

impl TempDir {
    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes a fresh empty folder among the system's temporary files.
///
/// # Errors
///
/// When it cannot be made.
pub fn temp_dir() -> Result<TempDir, StartError> {
    let path = std::env::temp_dir().join(format!("lectern-{}", fresh_name()));
    fs::create_dir_all(&path).map_err(|error| StartError(format!("{}: {error}", path.display())))?;
    Ok(TempDir(path))
}

/// Creates or empties nothing: makes sure the folder exists.
pub fn ensure_dir(path: &Path) -> Result<(), StartError> {
    fs::create_dir_all(path).map_err(|error| StartError(format!("{}: {error}", path.display())))
}

/// Writes a file, in place of what it held.
pub fn write_file(path: &Path, text: &str) -> Result<(), StartError> {
    fs::write(path, text).map_err(|error| StartError(format!("{}: {error}", path.display())))
}

/// Fails with what to run when the program is not there.
pub fn ensure_program(path: &Path, remedy: &str) -> Result<(), StartError> {
    match File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(StartError(format!("{}: {error}; {remedy}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_from_any_log_format_and_only_when_it_is_complete() {
        let listening = "listening on ";
        let cases = [
            ("listening on 127.0.0.1:4000\n", Some("127.0.0.1:4000")),
            ("{\"message\":\"listening on 127.0.0.1:4000\",\"x\":1}\n", Some("127.0.0.1:4000")),
            ("listening on [::1]:4000\n", Some("[::1]:4000")),
            ("listening on 127.0.0.1:40", None),
            ("listening on 127.0.0.1:1\nlistening on 127.0.0.1:2\n", Some("127.0.0.1:2")),
            ("starting\n", None),
        ];
        for (log, expected) in cases {
            assert_eq!(address_after(log, listening).map(|a| a.to_string()).as_deref(), expected, "{log:?}");
        }
        // As Prometheus says it.
        let marker = "msg=\"Listening on\" address=";
        let line = "ts=1 caller=x level=info component=web msg=\"Listening on\" address=127.0.0.1:46443";
        assert_eq!(address_after(line, marker), None);
        let address = SocketAddr::from(([127, 0, 0, 1], 46443));
        assert_eq!(address_after(&format!("{line}\nmore"), marker), Some(address), "its line is whole");
        assert_eq!(address_after("msg=\"Start listening for connections\" address=127.0.0.1:0\n", marker), None);
    }

    #[test]
    fn a_process_is_stopped_killed_and_its_output_kept() {
        let dir = temp_dir().expect("temp dir");
        let log = dir.path().join("log");
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo listening on 127.0.0.1:9; sleep 60"]);
        let mut daemon = Daemon::start("sh", &mut shell, &log).expect("start");
        let address = daemon.wait_for_address("listening on ", Duration::from_secs(20)).expect("ready");
        assert_eq!(address.port(), 9);
        assert!(daemon.exited().is_none());
        daemon.kill();
        assert!(daemon.exited().is_some());
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo broken; exit 3"]);
        let mut daemon = Daemon::start("sh", &mut shell, &log).expect("start");
        let error = daemon.wait_for_address("listening on ", Duration::from_secs(20)).expect_err("it ends");
        assert!(error.0.contains("broken") && error.0.contains("exit status: 3"), "{error}");
    }
}
