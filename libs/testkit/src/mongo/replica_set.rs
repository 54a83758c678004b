//! A replica set of three, for what a set of one cannot show: another primary, and a majority that
//! is away.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::launch::{self, Mode, SET};
use super::server::MongoServer;
use super::wire::{self, Document};
use crate::daemon::StartError;

const MEMBERS: usize = 3;
/// How long the set may take to have a primary: an election, and its rounds.
const ELECTED: Duration = Duration::from_secs(60);

/// Three mongods on loopback that are one replica set, their data in temporary folders. Killed when
/// dropped.
#[derive(Debug)]
pub struct MongoReplicaSet {
    members: Vec<MongoServer>,
}

impl MongoReplicaSet {
    /// Starts three on free ports and waits until one is the primary and the others follow it.
    ///
    /// # Panics
    ///
    /// When mongod is not installed or the set does not come up, saying what to run.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_start() -> Result<Self, StartError> {
        let mode = Mode { apart: false, signed_in: false };
        let members: Result<Vec<_>, _> = (0..MEMBERS).map(|_| MongoServer::member(mode)).collect();
        let mut set = Self { members: members? };
        let initiate = Document::default().document("replSetInitiate", &launch::set_of(&set.addresses()));
        wire::call(set.members[0].address(), initiate)
            .map_err(|error| StartError(format!("the replica set was not made: {error}")))?;
        for member in &mut set.members {
            member.take_part()?;
        }
        set.await_primary()?;
        Ok(set)
    }

    /// The connection string, which names all members: a client finds the primary, and the next
    /// one.
    #[must_use]
    pub fn uri(&self) -> String {
        self.uri_with_database("")
    }

    /// The connection string for a database.
    #[must_use]
    pub fn uri_with_database(&self, database: &str) -> String {
        let hosts: Vec<String> = self.addresses().iter().map(ToString::to_string).collect();
        format!("mongodb://{}/{database}?replicaSet={SET}", hosts.join(","))
    }

    /// A member, to be killed, suspended or restarted; a restart waits until it takes part again.
    ///
    /// # Panics
    ///
    /// When there is none of that number: there are three.
    pub fn member(&mut self, at: usize) -> &mut MongoServer {
        &mut self.members[at]
    }

    /// The number of the member that is the primary. Waits for an election.
    ///
    /// # Panics
    ///
    /// When no member becomes the primary within a minute.
    #[must_use]
    pub fn primary(&self) -> usize {
        self.await_primary().unwrap_or_else(|error| panic!("{error}"))
    }

    fn await_primary(&self) -> Result<usize, StartError> {
        // A former primary that was suspended still says that it leads: the later election counts.
        let elected = |member: &MongoServer| {
            let hello = wire::hello(member.address()).ok()?;
            hello.is("isWritablePrimary").then(|| hello.id("electionId"))?
        };
        let deadline = Instant::now() + ELECTED;
        loop {
            let leaders = self.members.iter().enumerate().filter_map(|(at, member)| Some((elected(member)?, at)));
            if let Some((_, at)) = leaders.max() {
                return Ok(at);
            }
            if Instant::now() >= deadline {
                return Err(StartError(format!(
                    "the replica set had no primary after {} s; the log of its first member:\n{}",
                    ELECTED.as_secs(),
                    self.members[0].log()
                )));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.members.iter().map(MongoServer::address).collect()
    }
}
