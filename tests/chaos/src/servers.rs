//! The servers of a stack, one or three of a kind, and what is done to them. Everything that a
//! cluster can do is here in one place.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use lectern_testkit::{MongoServer, MongoSet, NatsCluster, NatsClusterOptions, NatsServer, jetstream};
use serde_json::Value;

/// Servers of a cluster.
pub const MEMBERS: usize = 3;
/// For how long a primary that is alone takes writes that are rolled back afterwards.
const ALONE: Duration = Duration::from_secs(4);

/// The queue.
#[derive(Debug)]
pub enum Nats {
    /// One server.
    One(NatsServer),
    /// A cluster.
    Three(NatsThree),
}

impl Nats {
    /// What services are configured with.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::One(server) => server.url(),
            Self::Three(three) => three.cluster.url(),
        }
    }

    /// Where the first server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::One(server) => server.address(),
            Self::Three(three) => three.nodes[0],
        }
    }

    /// Calls the JetStream API of a server that answers, past every client library.
    ///
    /// # Errors
    ///
    /// When none does.
    pub fn jetstream(&self, call: &str, body: &str) -> io::Result<String> {
        match self {
            Self::One(server) => server.jetstream(call, body),
            Self::Three(three) => {
                let mut answers = three.nodes.iter().map(|node| jetstream(*node, call, body));
                answers.find(Result::is_ok).unwrap_or_else(|| Err(io::ErrorKind::NotConnected.into()))
            }
        }
    }

    /// The only server.
    ///
    /// # Panics
    ///
    /// When there are three.
    pub fn one(&mut self) -> &mut NatsServer {
        match self {
            Self::One(server) => server,
            Self::Three(_) => panic!("this group has a cluster"),
        }
    }

    /// The cluster.
    ///
    /// # Panics
    ///
    /// When there is only one server.
    pub fn three(&mut self) -> &mut NatsThree {
        match self {
            Self::Three(three) => three,
            Self::One(_) => panic!("this group has one server"),
        }
    }
}

/// Three nats-servers as one cluster.
#[derive(Debug)]
pub struct NatsThree {
    cluster: NatsCluster,
    nodes: Vec<SocketAddr>,
}

impl NatsThree {
    /// Starts them on this folder and waits until they are one.
    ///
    /// # Panics
    ///
    /// When they are not, or their URL is none.
    #[must_use]
    pub fn start(data: &Path) -> Self {
        let options = NatsClusterOptions { data: Some(data.to_owned()), ..NatsClusterOptions::default() };
        let cluster = NatsCluster::start(options);
        let url = cluster.url();
        let node = |node: &str| node.trim_start_matches("nats://").parse().expect("an address");
        let nodes = url.split(',').map(node).collect();
        Self { cluster, nodes }
    }

    /// The number of the node that leads a stream; none while nobody does.
    #[must_use]
    pub fn leader(&self, stream: &str) -> Option<usize> {
        let call = format!("STREAM.INFO.{stream}");
        let answer = self.nodes.iter().find_map(|node| jetstream(*node, &call, "").ok())?;
        let answer: Value = serde_json::from_str(&answer).ok()?;
        let leader = answer["cluster"]["leader"].as_str()?;
        (0..MEMBERS).find(|node| leader == format!("n{node}"))
    }

    /// How many copies a stream has.
    #[must_use]
    pub fn replicas(&self, stream: &str) -> Option<u64> {
        let call = format!("STREAM.INFO.{stream}");
        let answer = self.nodes.iter().find_map(|node| jetstream(*node, &call, "").ok())?;
        serde_json::from_str::<Value>(&answer).ok()?["config"]["num_replicas"].as_u64()
    }

    /// The process of a node; another after a restart.
    pub fn id(&mut self, node: usize) -> u32 {
        self.cluster.node(node).pid()
    }

    /// SIGKILL.
    pub fn kill(&mut self, node: usize) {
        self.cluster.node(node).kill();
    }

    /// Starts a node again on what it kept.
    pub fn start_node(&mut self, node: usize) {
        self.cluster.node(node).start();
    }

    /// SIGSTOP, or SIGCONT.
    pub fn suspend(&mut self, node: usize, suspend: bool) {
        let node = self.cluster.node(node);
        if suspend { node.stop() } else { node.start() }
    }

    /// Parts a node from the two others, or lets them meet again.
    pub fn cut(&mut self, node: usize, cut: bool) {
        if cut {
            self.cluster.cut(node);
        } else {
            self.cluster.mend(node);
        }
    }
}

/// The database.
#[derive(Debug)]
pub enum Mongo {
    /// A replica set of one.
    One(Box<MongoServer>),
    /// A replica set of three.
    Three(Box<MongoThree>),
}

impl Mongo {
    /// The connection string of a database, by way of a proxy if one is given.
    #[must_use]
    pub fn url(&self, proxy: Option<SocketAddr>, database: &str) -> String {
        match self {
            Self::One(server) => {
                let host = proxy.unwrap_or_else(|| server.address());
                format!("mongodb://{host}/{database}?directConnection=true")
            }
            Self::Three(three) => three.url(database),
        }
    }

    /// Where the only server listens.
    ///
    /// # Panics
    ///
    /// When there are three: a proxy before one of them would be passed by.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::One(server) => server.address(),
            Self::Three(_) => panic!("a proxy to the store needs a single server"),
        }
    }

    /// The replica set of three.
    ///
    /// # Panics
    ///
    /// When there is only one server.
    pub fn three(&mut self) -> &mut MongoThree {
        match self {
            Self::Three(three) => three,
            Self::One(_) => panic!("this group has one server"),
        }
    }
}

/// A replica set of three.
#[derive(Debug)]
pub struct MongoThree(MongoSet);

impl MongoThree {
    /// Starts them and waits for a primary.
    #[must_use]
    pub fn start() -> Self {
        Self(MongoSet::start())
    }

    fn url(&self, database: &str) -> String {
        self.0.uri_with_database(database)
    }

    /// The number of the primary. Waits for an election.
    #[must_use]
    pub fn primary(&self) -> usize {
        self.0.primary()
    }

    /// The number of the next primary, when another one was it before.
    #[must_use]
    pub fn primary_after(&self, before: usize) -> usize {
        self.0.primary_after(before)
    }

    /// SIGKILL.
    pub fn kill(&mut self, member: usize) {
        self.0.kill(member);
    }

    /// Starts a member again on what it kept.
    pub fn start_member(&mut self, member: usize) {
        self.0.start_node(member);
    }

    /// SIGSTOP, or SIGCONT.
    pub fn suspend(&mut self, member: usize, suspend: bool) {
        if suspend {
            self.0.stop(member);
        } else {
            self.0.resume(member);
        }
    }

    /// Has the primary give up its place; the number of the next one.
    pub fn step_down(&self) -> usize {
        self.0.step_down()
    }

    /// Leaves the primary alone for a while with what its clients write, which nobody acknowledges,
    /// and brings it back as a follower of those that never saw it: what it took alone is rolled
    /// back. Its number.
    pub fn roll_back(&mut self) -> usize {
        self.0.force_rollback(|_| std::thread::sleep(ALONE))
    }

    /// Cuts a member off from the others and from clients, or lets it be reached again.
    pub fn cut(&self, member: usize, cut: bool) {
        if cut {
            self.0.cut(member);
        } else {
            self.0.mend(member);
        }
    }
}
