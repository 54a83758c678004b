//! fake-gcs-server, the emulator of Google Cloud Storage that others wrote, as a second opinion
//! beside our own fake.
//!
//! It must listen on port 80: it makes the addresses of upload sessions from the `Host` header, and
//! Google's Rust client leaves the port out of that. So it gets an address of loopback for itself.
//! It ignores `ifGenerationMatch` on resumable uploads, drops content types, checks no signature
//! and serves no gRPC.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::daemon::{Daemon, StartError, TempDir, temp_dir};
use crate::nats::installed;

/// The one bucket that it starts with.
const BUCKET: &str = "lectern-test";
const READY: Duration = Duration::from_secs(30);

/// A running fake-gcs-server. Killed when dropped.
#[derive(Debug)]
pub struct FakeGcsServer {
    daemon: Daemon,
    address: SocketAddr,
    _temp: TempDir,
}

impl FakeGcsServer {
    /// Starts one on port 80 of a loopback address that only this process uses.
    ///
    /// # Panics
    ///
    /// When it is not installed or may not listen there, saying what to do.
    #[must_use]
    pub fn start() -> Self {
        Self::open().unwrap_or_else(|error| panic!("{error}"))
    }

    fn open() -> Result<Self, StartError> {
        let temp = temp_dir()?;
        let program = installed("fake-gcs-server")?;
        let data = temp.path().join("data");
        make_bucket(&data)?;
        // 127.64.x.y, x and y from the process id: tests that run at once do not meet.
        let [.., high, low] = std::process::id().to_be_bytes();
        let address = SocketAddr::from((Ipv4Addr::new(127, 64, high, low), 80));
        let mut command = Command::new(program);
        command.args(["-scheme", "http", "-port", "80", "-backend", "filesystem", "-host"]);
        command.arg(address.ip().to_string());
        command.arg("-external-url").arg(format!("http://{}", address.ip()));
        command.arg("-filesystem-root").arg(temp.path().join("kept")).arg("-data").arg(&data);
        let mut daemon = Daemon::start("fake-gcs-server", &mut command, &temp.path().join("log"))?;
        let deadline = Instant::now() + READY;
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            if daemon.exited().is_some() {
                let what = "ended before it was ready (port 80 is for root, or for everybody after \
                            `sysctl net.ipv4.ip_unprivileged_port_start=80`)";
                return Err(daemon.trouble(what));
            }
            if Instant::now() >= deadline {
                return Err(daemon.trouble("did not listen within 30 s"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { daemon, address, _temp: temp })
    }

    /// `http://127.64.X.Y`
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address.ip())
    }

    /// The bucket that it has.
    #[must_use]
    pub const fn bucket(&self) -> &'static str {
        BUCKET
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.daemon.id()
    }
}

/// Each folder under `-data` is a bucket.
fn make_bucket(data: &Path) -> Result<(), StartError> {
    let folder = data.join(BUCKET);
    std::fs::create_dir_all(&folder).map_err(|error| StartError(format!("{}: {error}", folder.display())))
}
