//! A server of one's own that speaks MongoDB's wire protocol.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
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
    signed_in: bool,
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
        Self::start_temporary(false).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one that answers only who has signed in (SCRAM-SHA-256), and makes `user`, who may do everything:
    /// `mongodb://USER:PASSWORD@HOST:PORT/NAME?authSource=admin&directConnection=true`.
    ///
    /// # Panics
    ///
    /// When it is not installed, does not start, or refuses the user.
    #[must_use]
    pub fn start_with_user(user: &str, password: &str) -> Self {
        let server = Self::start_temporary(true).unwrap_or_else(|error| panic!("{error}"));
        if let Err(error) = create_user(server.address, user, password) {
            panic!("the first user was not made: {error}");
        }
        server
    }

    fn start_temporary(signed_in: bool) -> Result<Self, StartError> {
        let temp = temp_dir()?;
        let (log, data) = (temp.path().join("secantusd.log"), temp.path().join("data"));
        let (daemon, address) = launch(&data, &log, 0, Mode { apart: false, signed_in })?;
        Ok(Self { daemon, address, data, log, apart: false, signed_in, _temp: Some(temp) })
    }

    /// Starts one with its data and log in the places given; port 0 takes a free one. It is in a process group of its own: Ctrl-C
    /// does not reach it, and whoever started it stops it when those that use it have stopped.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn open(data: &Path, log: &Path, port: u16) -> Result<Self, StartError> {
        let (daemon, address) = launch(data, log, port, Mode { apart: true, signed_in: false })?;
        let (data, log) = (data.to_owned(), log.to_owned());
        Ok(Self { daemon, address, data, log, apart: true, signed_in: false, _temp: None })
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
        let mode = Mode { apart: self.apart, signed_in: self.signed_in };
        match launch(&self.data, &self.log, self.address.port(), mode) {
            Ok((daemon, _)) => self.daemon = daemon,
            Err(error) => panic!("{error}"),
        }
    }
}

/// How a server runs.
#[derive(Debug, Clone, Copy)]
struct Mode {
    /// In a process group of its own.
    apart: bool,
    /// It answers only who has signed in.
    signed_in: bool,
}

fn launch(data: &Path, log: &Path, port: u16, mode: Mode) -> Result<(Daemon, SocketAddr), StartError> {
    let program = installed("secantusd")?;
    ensure_dir(data)?;
    let mut command = Command::new(program);
    command
        .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--sync-on-commit"])
        .args(["--log-file-max", "16MB", "--cache-size", "256M", "--storage-path"])
        .arg(data)
        // It looks for a configuration file in the folder it is started in.
        .current_dir(data);
    if mode.signed_in {
        command.arg("--auth");
    }
    if mode.apart {
        command.process_group(0);
    }
    let mut daemon = Daemon::start("secantusd", &mut command, log)?;
    let address = daemon.wait_for_address(MARKER, READY)?;
    Ok((daemon, address))
}

/// Makes the first user of a server, which a client on the same machine may do without signing in. One command in MongoDB's wire
/// protocol (`OP_MSG`, opcode 2013: a document in BSON), so that this crate needs no driver.
fn create_user(server: SocketAddr, user: &str, password: &str) -> io::Result<()> {
    let roles = document(&[string("0", "root")]);
    let command = document(&[
        string("createUser", user),
        string("pwd", password),
        element(0x04, "roles", &roles),
        string("$db", "admin"),
    ]);
    let mut message = Vec::new();
    for word in [size(21 + command.len()), 1, 0, 2013, 0] {
        message.extend_from_slice(&word.to_le_bytes());
    }
    message.push(0);
    message.extend_from_slice(&command);
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(READY))?;
    stream.write_all(&message)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; usize::try_from(i32::from_le_bytes(length)).unwrap_or(0).saturating_sub(4)];
    stream.read_exact(&mut reply)?;
    let ok = element(0x01, "ok", &1.0_f64.to_le_bytes());
    if reply.windows(ok.len()).any(|window| window == ok) {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&reply).into_owned()))
}

/// A BSON document of these elements.
fn document(elements: &[Vec<u8>]) -> Vec<u8> {
    let elements = elements.concat();
    [&size(elements.len() + 5).to_le_bytes(), elements.as_slice(), &[0]].concat()
}

fn string(name: &str, value: &str) -> Vec<u8> {
    element(0x02, name, &[&size(value.len() + 1).to_le_bytes(), value.as_bytes(), &[0]].concat())
}

fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
    [&[kind], name.as_bytes(), &[0], value].concat()
}

fn size(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}
