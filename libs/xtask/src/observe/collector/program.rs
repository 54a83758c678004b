//! A collector of other hands, rotel: it takes traces and metrics by OTLP over gRPC, prints all of
//! what it received, and sends it nowhere.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process;

const ARGUMENTS: [&str; 9] = [
    "start",
    "--exporter",
    "blackhole",
    "--debug-log",
    "traces",
    "--debug-log",
    "metrics",
    "--debug-log-verbosity",
    "detailed",
];
/// How long it may take to listen, and to end after a signal.
const START: Duration = Duration::from_secs(30);
const END: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

/// A running collector. Killed when dropped.
pub struct Collector {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Collector {
    /// Starts it on a free port of loopback, with its log in `folder`.
    pub fn start(program: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let address = free_address()?;
        let log = folder.join("collector.log");
        let output = File::create(&log).with_context(|| log.display().to_string())?;
        let child = Command::new(program)
            .args(ARGUMENTS)
            .args(["--otlp-grpc-endpoint", &address.to_string()])
            // Nobody calls it by HTTP, so any port will do.
            .args(["--otlp-http-endpoint", "127.0.0.1:0"])
            .env_clear()
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| program.display().to_string())?;
        let mut started = Self { child, address, log };
        let begun = Instant::now();
        while TcpStream::connect_timeout(&address, START).is_err() {
            if started.child.try_wait()?.is_some() || begun.elapsed() > START {
                bail!("the collector does not listen:\n{}", started.said()?);
            }
            process::pause(POLL)?;
        }
        Ok(started)
    }

    /// Where it takes exports, as the settings want it.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it, once whoever exports has ended; all that it received, as it prints it.
    pub fn stop(&mut self) -> Result<String> {
        match process::end(&mut self.child, END)? {
            Some(status) if status.success() => self.said(),
            Some(status) => bail!("the collector ended with {status}:\n{}", self.said()?),
            None => bail!("the collector has not ended {} s after SIGTERM", END.as_secs()),
        }
    }

    fn said(&self) -> Result<String> {
        fs::read_to_string(&self.log).with_context(|| self.log.display().to_string())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Where it has ended already, neither does anything.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// It takes a port of its own choice, but does not say which: one is chosen for it, and let go of.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a free port of loopback")?;
    listener.local_addr().context("a free port of loopback")
}
