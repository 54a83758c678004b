//! One part of the stack as a process: nats-server, mongod, or a replica of one of our services.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use lectern_testkit::{MongoServer, NatsServer, Process, Program, StartError};

/// Where a service listens; what it is set to stays the same over restarts.
pub const LISTEN: &str = "LECTERN_SERVER__LISTEN";

/// How a part is started.
#[derive(Debug, Clone)]
pub enum Spec {
    /// nats-server with JetStream; port 0 takes a free one.
    Nats { data: PathBuf, log: PathBuf, port: u16 },
    /// mongod as a replica set of one; port 0 takes a free one.
    Mongo { data: PathBuf, log: PathBuf, port: u16 },
    /// One of our services.
    Service { program: Program, log: PathBuf },
}

impl Spec {
    /// Starts it and waits until it is ready; for a service that is when it listens. Blocks for up
    /// to two minutes.
    pub fn start(&self) -> Result<Running, StartError> {
        Ok(match self {
            Self::Nats { data, log, port } => Running::Nats(NatsServer::open(data, log, *port)?),
            Self::Mongo { data, log, port } => Running::Mongo(MongoServer::open(data, log, *port)?),
            Self::Service { program, log } => Running::Service(program.clone().log(log).try_start()?),
        })
    }

    /// From now on it starts on this address.
    pub fn fix(&mut self, address: SocketAddr) {
        match self {
            Self::Nats { port, .. } | Self::Mongo { port, .. } => *port = address.port(),
            Self::Service { program, .. } => *program = program.clone().env(LISTEN, address.to_string()),
        }
    }

    /// What it writes, of earlier starts too.
    pub fn log(&self) -> &Path {
        match self {
            Self::Nats { log, .. } | Self::Mongo { log, .. } | Self::Service { log, .. } => log,
        }
    }
}

/// A part that runs. Killed when dropped.
#[derive(Debug)]
pub enum Running {
    Nats(NatsServer),
    Mongo(MongoServer),
    Service(Process),
}

impl Running {
    pub fn id(&self) -> u32 {
        match self {
            Self::Nats(server) => server.id(),
            Self::Mongo(server) => server.id(),
            Self::Service(process) => process.id(),
        }
    }

    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Nats(server) => server.address(),
            Self::Mongo(server) => server.address(),
            Self::Service(process) => process.address(),
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Nats(server) => server.url(),
            Self::Mongo(server) => server.uri(),
            Self::Service(process) => process.url(),
        }
    }

    /// How it ended; none while it runs.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        match self {
            Self::Nats(server) => server.exited(),
            Self::Mongo(server) => server.exited(),
            Self::Service(process) => process.exited(),
        }
    }

    /// SIGTERM, without waiting.
    pub fn terminate(&mut self) {
        match self {
            Self::Nats(server) => server.terminate(),
            Self::Mongo(server) => server.terminate(),
            Self::Service(process) => process.terminate(),
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        match self {
            Self::Nats(server) => server.kill9(),
            Self::Mongo(server) => server.kill9(),
            Self::Service(process) => process.kill9(),
        }
    }

    /// SIGTERM, and SIGKILL after a time: `limit` for a service, the test kit's own for a server.
    /// Whether it ended by itself.
    pub fn stop(&mut self, limit: Duration) -> bool {
        match self {
            Self::Nats(server) => server.stop(),
            Self::Mongo(server) => server.stop(),
            Self::Service(process) => return process.stop(limit).is_some(),
        }
        true
    }
}

/// When a process was started, in the kernel's own ticks: with its id it names one process for
/// good, while an id alone is used again. None when there is no such process, or it has ended and
/// was not waited for.
pub fn birth(pid: u32) -> Option<u64> {
    born_in(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of `/proc/PID/stat` (proc(5)). The second field is a name in parentheses, which may
/// hold anything; the third is the state, `Z` of one that ended.
fn born_in(stat: &str) -> Option<u64> {
    const BETWEEN: usize = 22 - 3 - 1;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if ["Z", "X"].contains(&state) {
        return None;
    }
    fields.nth(BETWEEN)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_named_by_its_id_and_its_birth() {
        let stat = "7 (a) b) c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 2 3 4 5\n";
        assert_eq!(born_in(stat), Some(4711));
        assert_eq!(born_in(&stat.replace(") S ", ") Z ")), None);
        assert_eq!(born_in("7 (a) S 1"), None);
        let own = std::process::id();
        assert!(birth(own).is_some());
        assert_eq!(birth(own), birth(own));
        assert_eq!(birth(u32::MAX), None);
    }
}
