//! The servers of a stack, one or three of a kind.

use std::io;
use std::net::SocketAddr;

use lectern_testkit::{MongoServer, MongoSet, NatsCluster, NatsServer, jetstream};

/// Servers of a cluster.
pub const MEMBERS: usize = 3;

/// How many servers of a kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Servers {
    /// One.
    One,
    /// A cluster of [`MEMBERS`], with everything on all of them.
    Three,
}

/// The queue.
#[derive(Debug)]
pub enum Nats {
    /// One server.
    One(Box<NatsServer>),
    /// A cluster.
    Three(Box<NatsCluster>),
}

impl Nats {
    /// What services are configured with.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::One(server) => server.url(),
            Self::Three(cluster) => cluster.url(),
        }
    }

    /// Where the servers listen, in the order of their numbers.
    fn addresses(&self) -> Vec<SocketAddr> {
        let url = self.url();
        url.split(',').map(|url| url.trim_start_matches("nats://").parse().expect("an address")).collect()
    }

    /// Where the only server listens.
    ///
    /// # Panics
    ///
    /// When there are three: a proxy before one of them would be passed by.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::One(server) => server.address(),
            Self::Three(_) => panic!("a proxy to the queue needs a single server"),
        }
    }

    /// Calls the JetStream API of a server that answers, past every client library.
    ///
    /// # Errors
    ///
    /// When none does; the error is that of the last.
    pub fn jetstream(&self, call: &str, body: &str) -> io::Result<String> {
        self.jetstream_past(None, call, body)
    }

    /// The same, and never asks the node `past`: one that is cut off from the others takes itself
    /// for the leader of its streams for some ten seconds more.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn jetstream_past(&self, past: Option<usize>, call: &str, body: &str) -> io::Result<String> {
        let mut answer = Err(io::ErrorKind::NotConnected.into());
        for (_, server) in self.addresses().into_iter().enumerate().filter(|(node, _)| Some(*node) != past) {
            answer = jetstream(server, call, body);
            if answer.is_ok() {
                break;
            }
        }
        answer
    }

    /// The only server.
    ///
    /// # Panics
    ///
    /// When there are three.
    pub fn one(&mut self) -> &mut NatsServer {
        match self {
            Self::One(server) => server,
            Self::Three(_) => panic!("this stack has a cluster"),
        }
    }

    /// The cluster.
    ///
    /// # Panics
    ///
    /// When there is only one server.
    pub fn three(&mut self) -> &mut NatsCluster {
        match self {
            Self::Three(cluster) => cluster,
            Self::One(_) => panic!("this stack has one server"),
        }
    }
}

/// The database.
#[derive(Debug)]
pub enum Mongo {
    /// A replica set of one.
    One(Box<MongoServer>),
    /// A replica set of three.
    Three(Box<MongoSet>),
}

impl Mongo {
    /// The connection string of a database, by way of a proxy if one is given.
    pub(crate) fn url(&self, proxy: Option<SocketAddr>, database: &str) -> String {
        match self {
            Self::One(server) => {
                let host = proxy.unwrap_or_else(|| server.address());
                format!("mongodb://{host}/{database}?directConnection=true")
            }
            Self::Three(set) => set.uri_with_database(database),
        }
    }

    /// Where the only server listens.
    ///
    /// # Panics
    ///
    /// When there are three: a proxy before one of them would be passed by.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::One(server) => server.address(),
            Self::Three(_) => panic!("a proxy to the store needs a single server"),
        }
    }

    /// The only server.
    ///
    /// # Panics
    ///
    /// When there are three.
    pub fn one(&mut self) -> &mut MongoServer {
        match self {
            Self::One(server) => server,
            Self::Three(_) => panic!("this stack has a replica set of three"),
        }
    }

    /// The replica set of three.
    ///
    /// # Panics
    ///
    /// When there is only one server.
    pub fn three(&mut self) -> &mut MongoSet {
        match self {
            Self::Three(set) => set,
            Self::One(_) => panic!("this stack has one server"),
        }
    }
}
