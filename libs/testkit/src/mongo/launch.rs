//! Starting one mongod, and waiting until it serves as what it is: a replica set of one, or one
//! member of several.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::wire::{self, CallError, Document};
use crate::daemon::{Daemon, StartError, ensure_dir};
use crate::nats::installed;

/// The name of every replica set here.
pub const SET: &str = "lectern";
/// What mongod logs, as JSON, once its port is bound, followed by the port.
const MARKER: &str = "\"msg\":\"Waiting for connections\",\"attr\":{\"port\":";
/// How long a server may take to listen, and then to be writable: it replays its journal first.
const READY: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// mongod's exit status when its port is taken (`EXIT_NET_ERROR`).
const PORT_TAKEN: i32 = 48;
/// The server's code for a replica set that was initiated before.
const ALREADY_INITIALIZED: i64 = 23;
/// Space for its cache; the smallest it takes is 0.25 GB, its default half of the machine.
const CACHE_GB: &str = "0.25";
/// The log of operations, which a lone server hardly needs; by default a twentieth of the disk.
const OPLOG_MB: &str = "64";

/// How a server runs.
#[derive(Debug, Clone, Default)]
pub struct Mode {
    /// In a process group of its own.
    pub apart: bool,
    /// It answers only who has signed in.
    pub signed_in: bool,
    /// It takes `configureFailPoint`, by which it can be made to stand still at a place.
    pub fail_points: bool,
    /// It can be reached by TLS.
    pub tls: Option<MongoTls>,
    /// It is of no replica set, as services cannot work with.
    pub of_no_set: bool,
}

/// Files in PEM for a server that can be reached by TLS, and plainly too.
#[derive(Debug, Clone)]
pub struct MongoTls {
    /// The authorities of clients' certificates.
    pub ca: PathBuf,
    /// The server's certificate and its key, in one file.
    pub certificate: PathBuf,
}

/// Starts a mongod with its data in a folder and waits until it listens. Port 0 takes a free one,
/// chosen by the server itself, so that nobody else can take it in between.
///
/// # Errors
///
/// When it is not installed or does not start; a port that is taken is waited for.
pub fn launch(data: &Path, log: &Path, port: u16, mode: &Mode) -> Result<(Daemon, SocketAddr), StartError> {
    let program = installed("mongod")?;
    ensure_dir(data)?;
    let key = if mode.signed_in { Some(key_file(data)?) } else { None };
    let deadline = Instant::now() + READY;
    loop {
        let mut command = Command::new(&program);
        command
            .args(["--bind_ip", "127.0.0.1", "--port", &port.to_string()])
            .args(["--wiredTigerCacheSizeGB", CACHE_GB, "--oplogSize", OPLOG_MB])
            // No socket file beside the port, no line for every connection, no samples of itself
            // twice a second.
            .args(["--nounixsocket", "--quiet", "--setParameter", "diagnosticDataCollectionEnabled=false"])
            .arg("--dbpath")
            .arg(data);
        if !mode.of_no_set {
            command.args(["--replSet", SET]);
        }
        if let Some(key) = &key {
            command.arg("--auth").arg("--keyFile").arg(key);
        }
        if mode.fail_points {
            command.args(["--setParameter", "enableTestCommands=1"]);
        }
        if let Some(MongoTls { ca, certificate }) = &mode.tls {
            // Who has no certificate may come by TLS too, and without TLS.
            command.args(["--tlsMode", "allowTLS", "--tlsAllowConnectionsWithoutCertificates"]);
            command.arg("--tlsCAFile").arg(ca).arg("--tlsCertificateKeyFile").arg(certificate);
        }
        if mode.apart {
            command.process_group(0);
        }
        let mut daemon = Daemon::start("mongod", &mut command, log)?;
        match daemon.wait_for(READY, port_in) {
            Ok(port) => return Ok((daemon, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))),
            // A connection of some client may hold a free port for a while, as the near end.
            Err(_)
                if daemon.exited().and_then(|status| status.code()) == Some(PORT_TAKEN)
                    && Instant::now() < deadline =>
            {
                thread::sleep(Duration::from_millis(100));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the server, alone in its set, is the set's primary and takes writes. New data make a
/// new set; data that were served on another port keep their set, which learns its new address.
///
/// # Errors
///
/// When it does not become the primary in time; the message says what it answered last.
pub fn lead_alone(daemon: &mut Daemon, server: SocketAddr) -> Result<(), StartError> {
    until(daemon, |last| {
        let hello = wire::hello(server)?;
        if hello.is("isWritablePrimary") {
            return Ok(true);
        }
        // Only a server that belongs to no set says so.
        if hello.is("isreplicaset") {
            *last = "it belongs to no replica set".to_owned();
            match wire::call(server, Document::default().document("replSetInitiate", &set_of(&[server]))) {
                Err(CallError::Refused { code: ALREADY_INITIALIZED, .. }) => {
                    let moved = Document::default().document("replSetReconfig", &set_of(&[server])).yes("force");
                    wire::call(server, moved)?;
                }
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    })
}

/// Waits until the server takes part in its set again, whatever its part.
///
/// # Errors
///
/// When it does not in time; the message says what it answered last.
pub fn take_part(daemon: &mut Daemon, server: SocketAddr) -> Result<(), StartError> {
    until(daemon, |_| {
        let hello = wire::hello(server)?;
        Ok(hello.is("isWritablePrimary") || hello.is("secondary"))
    })
}

/// Asks until the answer is yes, the process ends, or [`READY`] has passed.
fn until(daemon: &mut Daemon, mut ready: impl FnMut(&mut String) -> Result<bool, CallError>) -> Result<(), StartError> {
    let deadline = Instant::now() + READY;
    let mut last = "it is no primary".to_owned();
    loop {
        match ready(&mut last) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            // It may still be reading its data; what lasts is reported in the end.
            Err(error) => last = error.to_string(),
        }
        if let Some(status) = daemon.exited() {
            return Err(daemon.trouble(&format!("ended before it was ready ({status})")));
        }
        if Instant::now() >= deadline {
            return Err(daemon.trouble(&format!("was not ready after {} s ({last})", READY.as_secs())));
        }
        thread::sleep(POLL);
    }
}

/// The configuration of a set of these members.
pub fn set_of(members: &[SocketAddr]) -> Document {
    let members =
        (0..).zip(members).map(|(id, member)| Document::default().number("_id", id).text("host", &member.to_string()));
    // Its default waits 10 s before an election, which tests do not need: nothing here is far away.
    let settings = Document::default().number("electionTimeoutMillis", 3_000).number("heartbeatIntervalMillis", 500);
    Document::default()
        .text("_id", SET)
        .number("version", 1)
        .number("protocolVersion", 1)
        .array("members", members)
        .document("settings", &settings)
}

/// Makes the first user of a server, who may do everything; a client on the same machine may do
/// that without signing in.
///
/// # Errors
///
/// When the server refuses.
pub fn create_user(server: SocketAddr, user: &str, password: &str) -> Result<(), CallError> {
    let role = Document::default().text("role", "root").text("db", "admin");
    let command = Document::default().text("createUser", user).text("pwd", password).array("roles", [role]);
    wire::call(server, command).map(|_| ())
}

/// The port in a log, once it is written out in full.
fn port_in(log: &str) -> Option<u16> {
    let rest = &log[log.rfind(MARKER)? + MARKER.len()..];
    rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

/// The key by which the members of a set know each other, which mongod wants before it asks anybody
/// to sign in. It lies beside the data and is made once.
fn key_file(data: &Path) -> Result<PathBuf, StartError> {
    let path = data.with_extension("key");
    let make = || -> io::Result<()> {
        let mut bytes = [0_u8; 32];
        fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        // It refuses a key that others may read.
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?.write_all(hex.as_bytes())
    };
    if !path.exists() {
        make().map_err(|error| StartError(format!("{}: {error}", path.display())))?;
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_log_only_when_it_is_complete() {
        let listening = "{\"s\":\"I\",\"ctx\":\"listener\",\"msg\":\"Waiting for connections\",\"attr\":{\"port\":";
        let cases = [
            (format!("{listening}39829,\"ssl\":\"off\"}}}}\n"), Some(39829)),
            (format!("{listening}398"), None),
            ("{\"msg\":\"MongoDB starting\",\"attr\":{\"pid\":1,\"port\":0}}\n".to_owned(), None),
        ];
        for (log, port) in cases {
            assert_eq!(port_in(&log), port, "{log}");
        }
    }
}
