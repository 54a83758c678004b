//! Our own programs as processes: the four services, and `lectern`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::Signal;

use crate::daemon::{Daemon, StartError, ensure_program};
use crate::env;

const MARKER: &str = "listening on ";
const LISTEN: &str = "LECTERN_SERVER__LISTEN";

/// How one of our programs is started. Nothing of the test's environment reaches it but `PATH`,
/// `HOME` and what is set here.
#[derive(Debug, Clone)]
pub struct Program {
    name: String,
    path: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<String, OsString>,
    log: PathBuf,
    limit: Duration,
    apart: bool,
}

impl Program {
    /// The program `name` of `LECTERN_BIN_DIR`, its output appended to `{name}.log` in `logs`. It
    /// listens on a free port of loopback unless `LECTERN_SERVER__LISTEN` is set to something else.
    ///
    /// # Panics
    ///
    /// When `LECTERN_BIN_DIR` is not set, saying what to run.
    #[must_use]
    pub fn new(name: &str, logs: &Path) -> Self {
        Self::at(&PathBuf::from(env::required(env::BIN_DIR)).join(name), logs)
    }

    /// The program at `path`; otherwise as [`Self::new`].
    #[must_use]
    pub fn at(path: &Path, logs: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut env = BTreeMap::from([
            (LISTEN.to_owned(), OsString::from("127.0.0.1:0")),
            ("NO_COLOR".to_owned(), OsString::from("1")),
        ]);
        // Services refuse variables that they do not know; the voice is for those that speak.
        let speaks = name == "lectern" || name == "lectern-tts";
        for name in ["PATH", "HOME", "TMPDIR", env::VOICE_DIR] {
            if let Some(value) = env::value(name).filter(|_| name != env::VOICE_DIR || speaks) {
                env.insert(name.to_owned(), value.into());
            }
        }
        Self {
            log: logs.join(format!("{name}.log")),
            name,
            path: path.to_owned(),
            args: Vec::new(),
            env,
            limit: Duration::from_secs(60),
            apart: false,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// Sets several.
    #[must_use]
    pub fn envs<V: Into<OsString>>(mut self, vars: impl IntoIterator<Item = (String, V)>) -> Self {
        self.env.extend(vars.into_iter().map(|(name, value)| (name, value.into())));
        self
    }

    /// Writes its output to this file instead.
    #[must_use]
    pub fn log(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.log);
        self
    }

    /// Puts it in a process group of its own, which Ctrl-C does not reach: whoever started it stops
    /// it.
    #[must_use]
    pub const fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// The command, for programs that are not servers (`lectern narrate ...`).
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.args).env_clear().envs(&self.env);
        if self.apart {
            command.process_group(0);
        }
        command
    }

    /// Starts it and waits until it says `listening on ADDRESS`.
    ///
    /// # Panics
    ///
    /// When it is not built or does not get ready, with the end of its log.
    #[must_use]
    pub fn start(self) -> Process {
        self.try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Self::start`].
    ///
    /// # Errors
    ///
    /// When it is not built or does not get ready.
    pub fn try_start(mut self) -> Result<Process, StartError> {
        let (daemon, address) = self.launch()?;
        // A restart comes back to the same address.
        self.env.insert(LISTEN.to_owned(), address.to_string().into());
        Ok(Process { program: self, daemon, address })
    }

    fn launch(&self) -> Result<(Daemon, SocketAddr), StartError> {
        ensure_program(
            &self.path,
            "build the programs: `cargo build --workspace --bins --profile ci`, or run `cargo xtask test`",
        )?;
        let mut daemon = Daemon::start(&self.name, &mut self.command(), &self.log)?;
        let address = daemon.wait_for_address(MARKER, self.limit)?;
        Ok((daemon, address))
    }
}

/// One of our programs, running. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    program: Program,
    daemon: Daemon,
    address: SocketAddr,
}

impl Process {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://ADDRESS`, as gRPC clients want it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process id; another after a restart.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.daemon.id()
    }

    /// The program's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.program.name
    }

    /// How it ended; none while it runs.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.daemon.exited()
    }

    /// Its output since the last start.
    #[must_use]
    pub fn log(&self) -> String {
        self.daemon.log_text()
    }

    /// The file that holds its output, of earlier starts too.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        self.daemon.log_path()
    }

    /// SIGKILL: what a crash looks like.
    pub fn kill9(&mut self) {
        self.daemon.kill();
    }

    /// SIGTERM: a drain. Killed after `limit`; returns how it ended by itself, none if it had to be
    /// killed.
    pub fn stop(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.daemon.stop(limit)
    }

    /// SIGTERM without waiting.
    pub fn terminate(&mut self) {
        self.daemon.signal(Signal::TERM);
    }

    /// SIGSTOP: a process that hangs.
    pub fn suspend(&mut self) {
        self.daemon.suspend();
    }

    /// SIGCONT: goes on after [`Self::suspend`].
    pub fn resume(&mut self) {
        self.daemon.signal(Signal::CONT);
    }

    /// Has it be the program at `path`, of another build, from the next start on.
    pub fn replace_program(&mut self, path: &Path) {
        path.clone_into(&mut self.program.path);
    }

    /// Kills it if it still runs and starts it again, on the same address with the same
    /// environment.
    ///
    /// # Panics
    ///
    /// When it does not get ready.
    pub fn restart(&mut self) {
        self.daemon.kill();
        match self.program.launch() {
            Ok((daemon, _)) => self.daemon = daemon,
            Err(error) => panic!("{error}"),
        }
    }
}
