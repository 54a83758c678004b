//! A replica set of three, for what a set of one cannot show: another primary, a majority that is
//! away, and a rollback.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::launch::{self, Mode, SET};
use super::server::MongoServer;
use super::wire::{self, Document};
use crate::daemon::StartError;
use crate::proxy::{Fault, Proxy};

const MEMBERS: usize = 3;
/// How long the set may take to have a primary: an election, and its rounds.
const ELECTED: Duration = Duration::from_secs(60);
/// How long a primary that stepped down does not stand for election, in seconds.
const STEPPED_DOWN: i32 = 10;

/// Three mongods on loopback that are one replica set, their data in temporary folders. Killed when
/// dropped.
///
/// Each is known to the others and to clients by a [`Proxy`] in front of it, and can be cut off.
#[derive(Debug)]
pub struct MongoSet {
    members: Vec<MongoServer>,
    proxies: Vec<Proxy>,
}

impl MongoSet {
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
        let members = (0..MEMBERS).map(|_| MongoServer::member(Mode::default())).collect::<Result<Vec<_>, _>>()?;
        let proxies = members.iter().map(|member| Proxy::start(member.address())).collect();
        let mut set = Self { members, proxies };
        let initiate = Document::default().document("replSetInitiate", &launch::set_of(&set.addresses()));
        wire::call(set.members[0].address(), initiate)
            .map_err(|error| StartError(format!("the replica set was not made: {error}")))?;
        for member in &mut set.members {
            member.take_part()?;
        }
        set.await_primary(None)?;
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

    /// The connection string of one member alone, past its proxy: for what is to be seen or written
    /// there whatever the others know.
    ///
    /// # Panics
    ///
    /// When there is none of that number: there are three.
    #[must_use]
    pub fn uri_of(&self, at: usize) -> String {
        self.members[at].uri()
    }

    /// Where a member listens, past its proxy.
    ///
    /// # Panics
    ///
    /// When there is none of that number: there are three.
    #[must_use]
    pub fn address(&self, at: usize) -> SocketAddr {
        self.members[at].address()
    }

    /// The number of the member that is the primary. Waits for an election.
    ///
    /// # Panics
    ///
    /// When no member becomes the primary within a minute.
    #[must_use]
    pub fn primary(&self) -> usize {
        self.await_primary(None).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Waits until another member is the primary than that of this number.
    ///
    /// # Panics
    ///
    /// When none becomes it within a minute.
    pub fn primary_after(&self, old: usize) -> usize {
        self.await_primary(Some(old)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// SIGKILL: what a crash looks like.
    ///
    /// # Panics
    ///
    /// When there is none of that number.
    pub fn kill(&mut self, at: usize) {
        self.members[at].kill9();
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    ///
    /// # Panics
    ///
    /// When there is none of that number.
    pub fn stop(&mut self, at: usize) {
        self.members[at].suspend();
    }

    /// SIGCONT: it goes on after [`Self::stop`].
    ///
    /// # Panics
    ///
    /// When there is none of that number.
    pub fn resume(&mut self, at: usize) {
        self.members[at].resume();
    }

    /// Starts a member again on the same port and data, and waits until it takes part in the set,
    /// which a rollback comes before.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_node(&mut self, at: usize) {
        self.members[at].restart();
    }

    /// Lets the primary step down in good order, and gives the next one.
    ///
    /// # Panics
    ///
    /// When it refuses, or no other becomes the primary within a minute.
    pub fn step_down(&self) -> usize {
        let old = self.primary();
        let command = Document::default().number("replSetStepDown", STEPPED_DOWN);
        if let Err(error) = wire::call(self.members[old].address(), command) {
            panic!("the primary did not step down: {error}");
        }
        self.primary_after(old)
    }

    /// Nobody reaches this member any more, neither clients nor the others; its connections are
    /// closed. Its own calls to the others still pass: all are of one address, so a proxy cannot
    /// tell whose they are. A primary steps down when it hears so of the next one. [`Self::stop`]
    /// of the others parts a member from everybody.
    ///
    /// # Panics
    ///
    /// When there is none of that number.
    pub fn cut(&self, at: usize) {
        self.proxies[at].set(Fault::Cut);
    }

    /// It is reached again after [`Self::cut`].
    ///
    /// # Panics
    ///
    /// When there is none of that number.
    pub fn mend(&self, at: usize) {
        self.proxies[at].set(Fault::None);
    }

    /// Forces a rollback: the primary is cut off and the others stand still, `write` is given the
    /// connection string of the primary, which alone has what it writes with a concern of one; then
    /// it dies, the others go on without it, and it comes back as a follower of what it never saw.
    /// Gives its number.
    ///
    /// # Panics
    ///
    /// When the set does not come up again.
    pub fn force_rollback(&mut self, write: impl FnOnce(&str)) -> usize {
        let old = self.primary();
        let others: Vec<usize> = (0..MEMBERS).filter(|at| *at != old).collect();
        // Cut off first: what it sends lies in the connections of those that stand still, and they
        // would read it when they go on.
        self.cut(old);
        others.iter().for_each(|at| self.stop(*at));
        write(&self.uri_of(old));
        self.kill(old);
        others.iter().for_each(|at| self.resume(*at));
        let new = self.primary_after(old);
        self.mend(old);
        // The next one has written of its own, its election at least, when it is the primary.
        self.start_node(old);
        assert_ne!(new, old);
        old
    }

    fn await_primary(&self, other_than: Option<usize>) -> Result<usize, StartError> {
        // A former primary that was suspended still says that it leads: the later election counts.
        let elected = |member: &MongoServer| {
            let hello = wire::hello(member.address()).ok()?;
            hello.is("isWritablePrimary").then(|| hello.id("electionId"))?
        };
        let deadline = Instant::now() + ELECTED;
        loop {
            let leaders = self.members.iter().enumerate().filter_map(|(at, member)| Some((elected(member)?, at)));
            if let Some((_, at)) = leaders.max()
                && Some(at) != other_than
            {
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

    /// Where the members are reached: their proxies.
    fn addresses(&self) -> Vec<SocketAddr> {
        self.proxies.iter().map(Proxy::address).collect()
    }
}
