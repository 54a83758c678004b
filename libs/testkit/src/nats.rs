//! A NATS server of one's own, with JetStream.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::Signal;

use crate::daemon::{Daemon, StartError, TempDir, ensure_dir, ensure_program, temp_dir, write_file};
use crate::pins;

const MARKER: &str = "Listening for client connections on ";
const READY: Duration = Duration::from_secs(30);
/// How long a call of the JetStream API may take.
const ANSWER: Duration = Duration::from_secs(10);

/// A private nats-server on loopback, its streams in a folder. Killed when dropped.
#[derive(Debug)]
pub struct NatsServer {
    daemon: Daemon,
    address: SocketAddr,
    launch: Launch,
    _temp: Option<TempDir>,
}

impl NatsServer {
    /// Starts one on a free port with its data in a temporary folder.
    ///
    /// # Panics
    ///
    /// When it is not installed or does not start, saying what to run.
    #[must_use]
    pub fn start() -> Self {
        Self::temporary(None).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts one as [`Self::start`] does, with a configuration of its own: users and their
    /// permissions, TLS. JetStream and where it listens are added.
    ///
    /// # Panics
    ///
    /// When it is not installed, does not take the configuration or does not start.
    #[must_use]
    pub fn with_config(config: &str) -> Self {
        Self::temporary(Some(config)).unwrap_or_else(|error| panic!("{error}"))
    }

    fn temporary(config: Option<&str>) -> Result<Self, StartError> {
        let temp = temp_dir()?;
        let launch = Launch::in_folder(temp.path(), config)?;
        let (daemon, address) = launch.start(0)?;
        Ok(Self { daemon, address, launch, _temp: Some(temp) })
    }

    /// Starts one with its data and log in the places given; port 0 takes a free one. It is in a
    /// process group of its own: Ctrl-C does not reach it, and whoever started it stops it when
    /// those that use it have stopped.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub fn open(data: &Path, log: &Path, port: u16) -> Result<Self, StartError> {
        let launch = Launch { data: data.to_owned(), log: log.to_owned(), config: None, apart: true };
        let (daemon, address) = launch.start(port)?;
        Ok(Self { daemon, address, launch, _temp: None })
    }

    /// `nats://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
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

    /// Calls the JetStream API (`STREAM.DELETE.EVENTS`), as [`jetstream`] does.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached or does not answer within 10 s.
    pub fn jetstream(&self, call: &str, body: &str) -> io::Result<String> {
        jetstream(self.address, call, body)
    }

    /// SIGKILL: what a crash looks like.
    pub fn kill9(&mut self) {
        self.daemon.kill();
    }

    /// SIGTERM without waiting.
    pub fn terminate(&mut self) {
        self.daemon.signal(Signal::TERM);
    }

    /// SIGTERM; killed after 10 s.
    pub fn stop(&mut self) {
        self.daemon.stop(Duration::from_secs(10));
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn suspend(&mut self) {
        self.daemon.suspend();
    }

    /// SIGCONT: goes on after [`Self::suspend`].
    pub fn resume(&mut self) {
        self.daemon.signal(Signal::CONT);
    }

    /// Gives it another configuration, which it takes while it runs; for servers of
    /// [`Self::with_config`].
    ///
    /// # Panics
    ///
    /// When it has no file of configuration, or the file cannot be written.
    pub fn reload(&mut self, config: &str) {
        let Some(file) = &self.launch.config else { panic!("this server has no file of configuration") };
        if let Err(error) = write_file(file, config) {
            panic!("{error}");
        }
        self.daemon.signal(Signal::HUP);
    }

    /// Kills it if it still runs and starts it again on the same port and data.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&mut self) {
        self.daemon.kill();
        match self.launch.start(self.address.port()) {
            Ok((daemon, _)) => self.daemon = daemon,
            Err(error) => panic!("{error}"),
        }
    }

    /// Kills it, deletes all its streams and starts it empty on the same port: a lost volume.
    ///
    /// # Panics
    ///
    /// When its data cannot be deleted or it does not start.
    pub fn restart_empty(&mut self) {
        self.daemon.kill();
        if let Err(error) = std::fs::remove_dir_all(&self.launch.data) {
            panic!("{}: {error}", self.launch.data.display());
        }
        self.restart();
    }
}

/// Calls the JetStream API (`STREAM.DELETE.EVENTS`) of a server past every client library, and
/// returns the answer's JSON.
///
/// # Errors
///
/// When the server cannot be reached or does not answer within 10 s.
pub fn jetstream(server: SocketAddr, call: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(ANSWER))?;
    let size = body.len();
    // Not verbose: what comes back is the greeting, and the message.
    let lines =
        format!("CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\nPUB $JS.API.{call} answer {size}\r\n{body}\r\n");
    stream.write_all(lines.as_bytes())?;
    let (mut text, mut bytes) = (String::new(), [0; 16 * 1024]);
    loop {
        if let Some(message) = text.find("MSG answer ").and_then(|at| text[at..].split_once("\r\n"))
            && let Some((message, _)) = message.1.split_once("\r\n")
        {
            return Ok(message.to_owned());
        }
        let read = stream.read(&mut bytes)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
}

/// How a server is started, each time anew.
#[derive(Debug)]
pub struct Launch {
    /// Where its streams are.
    pub data: PathBuf,
    /// What it writes.
    pub log: PathBuf,
    /// Its configuration, in place of none.
    pub config: Option<PathBuf>,
    /// Whether it is in a process group of its own.
    pub apart: bool,
}

impl Launch {
    /// With data, log and, where given, configuration in `folder`.
    pub fn in_folder(folder: &Path, config: Option<&str>) -> Result<Self, StartError> {
        let file = folder.join("nats-server.conf");
        if let Some(config) = config {
            write_file(&file, config)?;
        }
        let (data, log) = (folder.join("data"), folder.join("nats-server.log"));
        Ok(Self { data, log, config: config.map(|_| file), apart: false })
    }

    /// Starts it; port 0 takes a free one. Returns where it listens.
    pub fn start(&self, port: u16) -> Result<(Daemon, SocketAddr), StartError> {
        let program = installed("nats-server")?;
        ensure_dir(&self.data)?;
        let port = if port == 0 { "-1".to_owned() } else { port.to_string() };
        let mut command = Command::new(program);
        command.args(["--jetstream", "--addr", "127.0.0.1", "--port", &port, "--store_dir"]).arg(&self.data);
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        if self.apart {
            command.process_group(0);
        }
        let mut daemon = Daemon::start("nats-server", &mut command, &self.log)?;
        let address = daemon.wait_for_address(MARKER, READY)?;
        Ok((daemon, address))
    }
}

/// The program of a pinned tool.
pub fn installed(name: &str) -> Result<PathBuf, StartError> {
    let pin = pins::find(name).ok_or_else(|| StartError(format!("{name} is not in libs/testkit/tools.toml")))?;
    let program = pin.program();
    ensure_program(&program, &format!("run `cargo xtask tools {name}`"))?;
    Ok(program)
}
