//! A cluster of three NATS servers of one's own, with JetStream, whose nodes can be killed, stopped
//! and cut off from each other.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::daemon::{Daemon, StartError, TempDir, ensure_dir, temp_dir};
use crate::nats::Launch;
use crate::proxy::{Fault, Proxy};

/// How many servers there are.
const NODES: usize = 3;
/// How long they may take to choose a leader.
const LEADER: Duration = Duration::from_secs(60);
/// What the server writes that leads all of them.
const LEADS: &str = "Self is new JetStream cluster metadata leader";
/// What the others write.
const FOLLOWS: &str = "JetStream cluster new metadata leader:";

/// How a cluster is set up.
#[derive(Debug, Clone, Default)]
pub struct NatsClusterOptions {
    /// Where the nodes keep their data and logs; none for a temporary folder.
    pub data: Option<PathBuf>,
    /// Configuration of every node beside what the cluster needs: users, permissions, TLS.
    pub config: String,
}

/// Three nats-servers on loopback, `n0`, `n1` and `n2`, of the cluster `lectern`. Killed when
/// dropped.
///
/// Each node reaches each other one through a proxy of its own, so that a cut parts servers and
/// leaves their clients connected: what a partition of a network looks like.
#[derive(Debug)]
pub struct NatsCluster {
    nodes: Vec<NatsNode>,
    /// From which node, to which, and what is between.
    links: Vec<(usize, usize, Proxy)>,
    _temp: Option<TempDir>,
}

/// One server of a cluster.
#[derive(Debug)]
pub struct NatsNode {
    daemon: Daemon,
    address: SocketAddr,
    launch: Launch,
}

impl NatsCluster {
    /// Starts one and waits until it has a leader.
    ///
    /// # Panics
    ///
    /// When nats-server is not installed, does not take the configuration or chooses no leader in
    /// time, saying what to run.
    #[must_use]
    pub fn start(options: NatsClusterOptions) -> Self {
        Self::launch(options).unwrap_or_else(|error| panic!("{error}"))
    }

    fn launch(options: NatsClusterOptions) -> Result<Self, StartError> {
        let (folder, temp) = match options.data {
            Some(folder) => (folder, None),
            None => {
                let temp = temp_dir()?;
                (temp.path().to_owned(), Some(temp))
            }
        };
        let routes = free_addresses()?;
        let mut links = Vec::new();
        for from in 0..NODES {
            for (to, route) in routes.iter().enumerate().filter(|(to, _)| *to != from) {
                links.push((from, to, Proxy::start(*route)));
            }
        }
        let mut nodes = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            let home = folder.join(format!("n{index}"));
            ensure_dir(&home)?;
            let others: Vec<String> = links
                .iter()
                .filter(|(from, _, _)| *from == index)
                .map(|(_, _, proxy)| format!("\"nats://{}\"", proxy.address()))
                .collect();
            let launch = Launch::in_folder(&home, Some(&config(index, *route, &others, &options.config)))?;
            let (daemon, address) = launch.start(0)?;
            nodes.push(NatsNode { daemon, address, launch });
        }
        let cluster = Self { nodes, links, _temp: temp };
        cluster.wait_for_leader()?;
        Ok(cluster)
    }

    fn wait_for_leader(&self) -> Result<(), StartError> {
        let deadline = Instant::now() + LEADER;
        while self.leader().is_none() {
            if Instant::now() >= deadline {
                let trouble = |node: &NatsNode| node.daemon.trouble("knows no leader").to_string();
                return Err(StartError(self.nodes.iter().map(trouble).collect::<Vec<_>>().join("\n")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The node that leads all of them, by its own log: one that is alone may believe it still.
    fn leader(&self) -> Option<usize> {
        self.nodes.iter().position(|node| {
            let log = node.daemon.log_text();
            let last = log.lines().rev().find(|line| line.contains(LEADS) || line.contains(FOLLOWS));
            last.is_some_and(|line| line.contains(LEADS))
        })
    }

    /// The URLs of all nodes, with commas between.
    #[must_use]
    pub fn url(&self) -> String {
        self.nodes.iter().map(|node| format!("nats://{}", node.address)).collect::<Vec<_>>().join(",")
    }

    /// A node, `0`, `1` or `2`; its server's name is `n` and the number.
    pub fn node(&mut self, index: usize) -> &mut NatsNode {
        &mut self.nodes[index]
    }

    /// The node whose server has that name.
    ///
    /// # Panics
    ///
    /// When it is not a name of this cluster.
    #[must_use]
    pub fn index_of(&self, name: &str) -> usize {
        match (0..NODES).find(|index| name == format!("n{index}")) {
            Some(index) => index,
            None => panic!("{name} is no node of the cluster"),
        }
    }

    /// Cuts a node off from the others: connections stay open and no byte passes. Its clients stay
    /// connected to it.
    pub fn cut(&self, index: usize) {
        self.set(index, Fault::HalfOpen);
    }

    /// Ends [`Self::cut`].
    pub fn mend(&self, index: usize) {
        self.set(index, Fault::None);
    }

    fn set(&self, index: usize, fault: Fault) {
        for (_, _, proxy) in self.links.iter().filter(|(from, to, _)| *from == index || *to == index) {
            proxy.set(fault);
        }
    }
}

impl NatsNode {
    /// `nats://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.id()
    }

    /// SIGKILL: what a crash looks like. Its data stays.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn stop(&mut self) {
        self.daemon.suspend();
    }

    /// Goes on after [`Self::stop`]; starts again on the same port and data after [`Self::kill`].
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start(&mut self) {
        if self.daemon.exited().is_none() {
            self.daemon.signal(Signal::CONT);
            return;
        }
        match self.launch.start(self.address.port()) {
            Ok((daemon, _)) => self.daemon = daemon,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A node's configuration. What it tells others of its address leads nowhere: they would reach it
/// past the proxies.
fn config(index: usize, route: SocketAddr, others: &[String], more: &str) -> String {
    format!(
        "server_name: n{index}\n\
         cluster {{\n  name: lectern\n  listen: \"{route}\"\n  advertise: \"127.0.0.1:1\"\n  no_advertise: true\n  \
         routes: [{}]\n}}\n{more}\n",
        others.join(", ")
    )
}

/// Addresses that were free a moment ago: a node must know those of the others before they run.
fn free_addresses() -> Result<Vec<SocketAddr>, StartError> {
    let bound: Result<Vec<_>, _> = (0..NODES).map(|_| TcpListener::bind("127.0.0.1:0")).collect();
    let listeners = bound.map_err(|error| StartError(format!("no port for a node: {error}")))?;
    let addresses: Result<Vec<_>, _> = listeners.iter().map(TcpListener::local_addr).collect();
    addresses.map_err(|error| StartError(format!("no port for a node: {error}")))
}
