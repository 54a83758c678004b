//! A server of one's own that speaks MongoDB's wire protocol.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::Signal;

use crate::daemon::{Daemon, StartError, TempDir, ensure_dir, temp_dir};
use crate::nats::installed;

const MARKER: &str = "listening on ";
const READY: Duration = Duration::from_secs(60);

/// A private MongoDB-wire server on loopback, its data in a folder. Killed when dropped.
///
/// It syncs every commit: without that it loses acknowledged writes on SIGKILL, which a real MongoDB with `j: true` does not.
#[derive(Debug)]
pub struct MongoServer {
    daemon: Daemon,
    address: SocketAddr,
    data: PathBuf,
    log: PathBuf,
    apart: bool,
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
        let started = temp_dir().and_then(|temp| {
            let log = temp.path().join("secantusd.log");
            let data = temp.path().join("data");
            let (daemon, address) = launch(&data, &log, 0, false)?;
            Ok(Self { daemon, address, data, log, apart: false, _temp: Some(temp) })
        });
        started.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one with its data and log in the places given; port 0 takes a free one. It is in a process group of its own: Ctrl-C
    /// does not reach it, and whoever started it stops it when those that use it have stopped.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn open(data: &Path, log: &Path, port: u16) -> Result<Self, StartError> {
        let (daemon, address) = launch(data, log, port, true)?;
        Ok(Self { daemon, address, data: data.to_owned(), log: log.to_owned(), apart: true, _temp: None })
    }

    /// The connection string. Direct, so that a client that comes through a [`crate::Proxy`] stays with it.
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

    /// Kills it if it still runs and starts it again on the same port and data.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&mut self) {
        self.daemon.kill();
        match launch(&self.data, &self.log, self.address.port(), self.apart) {
            Ok((daemon, _)) => self.daemon = daemon,
            Err(error) => panic!("{error}"),
        }
    }
}

fn launch(data: &Path, log: &Path, port: u16, apart: bool) -> Result<(Daemon, SocketAddr), StartError> {
    let program = installed("secantusd")?;
    ensure_dir(data)?;
    let mut command = Command::new(program);
    command
        .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--sync-on-commit"])
        .args(["--log-file-max", "16MB", "--cache-size", "256M", "--storage-path"])
        .arg(data)
        // It looks for a configuration file in the folder it is started in.
        .current_dir(data);
    if apart {
        command.process_group(0);
    }
    let mut daemon = Daemon::start("secantusd", &mut command, log)?;
    let address = daemon.wait_for_address(MARKER, READY)?;
    Ok((daemon, address))
}
