//! A collector of other hands, rotel: it takes traces and metrics by OTLP over gRPC, prints all of
//! what it received, and sends it nowhere.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lectern_testkit::Daemon;

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

/// A running collector. Killed when dropped.
pub struct Collector {
    daemon: Daemon,
    address: SocketAddr,
}

impl Collector {
    /// Starts it on a free port of loopback, with its log in `folder`.
    pub fn start(program: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let address = free_address()?;
        let mut command = Command::new(program);
        command
            .args(ARGUMENTS)
            .args(["--otlp-grpc-endpoint", &address.to_string()])
            // Nobody calls it by HTTP, so any port will do.
            .args(["--otlp-http-endpoint", "127.0.0.1:0"])
            .env_clear()
            .current_dir(folder);
        let mut daemon = Daemon::start("the collector", &mut command, &folder.join("collector.log"))?;
        daemon.wait_for(START, |_| TcpStream::connect_timeout(&address, START).ok())?;
        Ok(Self { daemon, address })
    }

    /// Where it takes exports, as the settings want it.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it, once whoever exports has ended; all that it received, as it prints it.
    pub fn stop(&mut self) -> Result<String> {
        match self.daemon.stop(END) {
            Some(status) if status.success() => Ok(self.daemon.log_text()),
            Some(status) => bail!("the collector ended with {status}:\n{}", self.daemon.log_text()),
            None => bail!("the collector has not ended {} s after SIGTERM", END.as_secs()),
        }
    }
}

/// It takes a port of its own choice, but does not say which: one is chosen for it, and let go of.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a free port of loopback")?;
    listener.local_addr().context("a free port of loopback")
}
