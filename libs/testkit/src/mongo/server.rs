//! One mongod as a replica set of one, or as a member of a larger set.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::Signal;

use super::launch::{self, Mode, MongoTls, create_user, launch};
use super::wire::{self, Document};
use crate::daemon::{Daemon, StartError, TempDir, ensure_dir, temp_dir};

/// A private MongoDB on loopback, its data in a folder: a replica set of one, so that majorities,
/// the journal and retried writes are what they are in production. Killed when dropped.
#[derive(Debug)]
pub struct MongoServer {
    daemon: Daemon,
    address: SocketAddr,
    data: PathBuf,
    log: PathBuf,
    mode: Mode,
    alone: bool,
    _temp: Option<TempDir>,
}

impl MongoServer {
    /// Starts one on a free port with its data in a temporary folder.
    ///
    /// # Panics
    ///
    /// When it is not installed or does not start, saying what to run.
    #[must_use]
    pub fn start() -> Self {
        Self::alone(Mode::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one that can be made to stand still at a place of its own code
    /// (`configureFailPoint`).
    ///
    /// # Panics
    ///
    /// When it is not installed or does not start, saying what to run.
    #[must_use]
    pub fn start_with_fail_points() -> Self {
        let mode = Mode { fail_points: true, ..Mode::default() };
        Self::alone(mode).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one that answers only who has signed in (SCRAM-SHA-256), and makes `user`, who may do
    /// everything: `mongodb://USER:PASSWORD@HOST:PORT/NAME?authSource=admin&directConnection=true`.
    ///
    /// # Panics
    ///
    /// When it is not installed, does not start, or refuses the user.
    #[must_use]
    pub fn start_with_user(user: &str, password: &str) -> Self {
        let mode = Mode { signed_in: true, ..Mode::default() };
        Self::with_first_user(mode, user, password)
    }

    /// The same, which can be reached by TLS too. Its name is `localhost`, if its certificate says
    /// so.
    ///
    /// # Panics
    ///
    /// When it is not installed, does not start, or refuses the user.
    #[must_use]
    pub fn start_with_tls(tls: MongoTls, user: &str, password: &str) -> Self {
        let mode = Mode { signed_in: true, tls: Some(tls), ..Mode::default() };
        Self::with_first_user(mode, user, password)
    }

    /// Starts one that is of no replica set, as an operator may have left it.
    ///
    /// # Panics
    ///
    /// When it is not installed or does not start, saying what to run.
    #[must_use]
    pub fn start_of_no_set() -> Self {
        let mode = Mode { of_no_set: true, ..Mode::default() };
        Self::member(mode).unwrap_or_else(|error| panic!("{error}"))
    }

    fn with_first_user(mode: Mode, user: &str, password: &str) -> Self {
        let server = Self::alone(mode).unwrap_or_else(|error| panic!("{error}"));
        if let Err(error) = create_user(server.address, user, password) {
            panic!("the first user was not made: {error}");
        }
        server
    }

    fn alone(mode: Mode) -> Result<Self, StartError> {
        let mut server = Self { alone: true, ..Self::member(mode)? };
        server.take_part()?;
        Ok(server)
    }

    /// Starts one that waits to be made a member of a set, its data in a temporary folder.
    pub(super) fn member(mode: Mode) -> Result<Self, StartError> {
        let temp = temp_dir()?;
        let (log, data) = (temp.path().join("mongod.log"), temp.path().join("data"));
        let (daemon, address) = launch(&data, &log, 0, &mode)?;
        Ok(Self { daemon, address, data, log, mode, alone: false, _temp: Some(temp) })
    }

    /// Waits until it takes part in its set; alone in it, it makes the set and takes writes.
    pub(super) fn take_part(&mut self) -> Result<(), StartError> {
        if self.alone {
            launch::lead_alone(&mut self.daemon, self.address)
        } else {
            launch::take_part(&mut self.daemon, self.address)
        }
    }

    /// Starts one with its data and log in the places given; port 0 takes a free one. It is in a
    /// process group of its own: Ctrl-C does not reach it, and whoever started it stops it when
    /// those that use it have stopped.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn open(data: &Path, log: &Path, port: u16) -> Result<Self, StartError> {
        let mode = Mode { apart: true, ..Mode::default() };
        let (daemon, address) = launch(data, log, port, &mode)?;
        let (data, log) = (data.to_owned(), log.to_owned());
        let mut server = Self { daemon, address, data, log, mode, alone: true, _temp: None };
        server.take_part()?;
        Ok(server)
    }

    /// The connection string. Direct, so that a client that comes through a [`crate::Proxy`] stays
    /// with it.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.address)
    }

    /// The connection string for a database: `mongodb://HOST:PORT/NAME?directConnection=true`.
    #[must_use]
    pub fn uri_with_database(&self, database: &str) -> String {
        format!("mongodb://{}/{database}?directConnection=true", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.daemon.id()
    }

    /// How it ended; none while it runs.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.daemon.exited()
    }

    /// Its log since the last start.
    #[must_use]
    pub fn log(&self) -> String {
        self.daemon.log_text()
    }

    /// SIGKILL: what a crash looks like.
    pub fn kill9(&mut self) {
        self.daemon.kill();
    }

    /// SIGTERM without waiting.
    pub fn terminate(&mut self) {
        self.daemon.signal(Signal::TERM);
    }

    /// SIGTERM; killed after 20 s.
    pub fn stop(&mut self) {
        self.daemon.stop(Duration::from_secs(20));
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn suspend(&mut self) {
        self.daemon.suspend();
    }

    /// SIGCONT: goes on after [`Self::suspend`].
    pub fn resume(&mut self) {
        self.daemon.signal(Signal::CONT);
    }

    /// Kills it if it still runs, starts it again on the same port and data, and waits until it
    /// takes part in its set again.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&mut self) {
        self.daemon.kill();
        if let Err(error) = self.start_again() {
            panic!("{error}");
        }
    }

    /// Copies its files as they are at one moment, while it runs: it takes no writes meanwhile.
    ///
    /// # Panics
    ///
    /// When it refuses that, or the files cannot be copied.
    pub fn copy_files(&self, to: &Path) {
        let locked = wire::call(self.address, Document::default().number("fsync", 1).yes("lock"));
        let copied = locked.map(|_| copy_folder(&self.data, to));
        let unlocked = wire::call(self.address, Document::default().number("fsyncUnlock", 1));
        match (copied, unlocked) {
            (Ok(Ok(())), Ok(_)) => {}
            (Err(error), _) | (Ok(_), Err(error)) => panic!("it does not hold still: {error}"),
            (Ok(Err(error)), Ok(_)) => panic!("{error}"),
        }
    }

    /// Kills it and starts it again on the same port, with a copy of these files in place of its
    /// own.
    ///
    /// # Panics
    ///
    /// When the files cannot be copied, or it does not start with them.
    pub fn restart_with_files(&mut self, from: &Path) {
        self.daemon.kill();
        if let Err(error) = std::fs::remove_dir_all(&self.data) {
            panic!("{}: {error}", self.data.display());
        }
        if let Err(error) = copy_folder(from, &self.data) {
            panic!("{error}");
        }
        self.restart();
    }

    fn start_again(&mut self) -> Result<(), StartError> {
        (self.daemon, _) = launch(&self.data, &self.log, self.address.port(), &self.mode)?;
        self.take_part()
    }
}

/// Copies a folder with everything in it, as `cp -a` does.
fn copy_folder(from: &Path, to: &Path) -> Result<(), StartError> {
    ensure_dir(to)?;
    let failed = |why: String| StartError(format!("cp -a {} {}: {why}", from.display(), to.display()));
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).output();
    let copied = copied.map_err(|error| failed(error.to_string()))?;
    if !copied.status.success() {
        return Err(failed(String::from_utf8_lossy(&copied.stderr).into_owned()));
    }
    Ok(())
}
