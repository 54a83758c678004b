//! How the system is started for one test: the embedded binary, or four services with servers of
//! their own.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use lectern_rpc::Outbound;
use lectern_runtime::Secret;
use lectern_testkit::gcs::{Gcs, GcsOptions};
use lectern_testkit::{
    MongoServer, MongoSet, NatsCluster, NatsClusterOptions, NatsServer, Program, Proxy, TestServers,
};
use tempfile::TempDir;

use crate::instance::{Instance, client};
use crate::secured::Secured;
use crate::servers::{Mongo, Nats, Servers};

const SERVICES: [&str; 4] = ["gateway", "ingest", "ai", "tts"];
/// 32 bytes and more, as services demand; the same in every run, so that equal inputs get equal
/// keys.
pub(crate) const SECRET: &str = "end-to-end tests share this secret, which protects nothing";
pub(crate) const ADMIN_KEY: &str = "end-to-end-admin-key";

/// How the system is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// One `lectern up` on loopback: SQLite, a queue in the process, a directory, no key.
    Embedded,
    /// Four service processes with NATS, MongoDB and the fake of Google Cloud Storage; every caller
    /// has a key.
    Stack,
}

/// Which connection of a service a [`Proxy`] stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// To MongoDB.
    Store,
    /// To NATS.
    Queue,
}

/// How an instance is to be started.
#[derive(Debug)]
pub struct Setup {
    profile: Profile,
    env: Vec<(Option<&'static str>, String, String)>,
    own_mongo: Option<Servers>,
    nats: Servers,
    proxies: Vec<(&'static str, Link)>,
    replicas: Vec<(&'static str, &'static str)>,
    balanced: bool,
    folder: Option<PathBuf>,
    secured: bool,
}

impl Profile {
    /// The usual instance: the tone engine in place of the voice, and the lines that say what was
    /// spoken in the log.
    #[must_use]
    pub fn setup(self) -> Setup {
        let setup = Setup {
            profile: self,
            env: Vec::new(),
            own_mongo: None,
            nats: Servers::One,
            proxies: Vec::new(),
            replicas: Vec::new(),
            balanced: false,
            folder: None,
            secured: false,
        };
        setup
            .env("tts", "LECTERN_ENGINE", "tone")
            .everywhere("LECTERN_TELEMETRY__LOG_FORMAT", "json")
            .everywhere("LECTERN_TELEMETRY__LOG_FILTER", "info,lectern_tts=debug")
    }
}

impl Setup {
    /// Sets a variable for one service; the embedded binary is all services.
    #[must_use]
    pub fn env(mut self, service: &'static str, name: &str, value: &str) -> Self {
        self.env.push((Some(service), name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a variable for all processes.
    #[must_use]
    pub fn everywhere(mut self, name: &str, value: &str) -> Self {
        self.env.push((None, name.to_owned(), value.to_owned()));
        self
    }

    /// Starts a MongoDB for this instance alone instead of taking a database of the one that tests
    /// share.
    #[must_use]
    pub const fn own_mongo(mut self, servers: Servers) -> Self {
        self.own_mongo = Some(servers);
        self
    }

    /// Starts a NATS cluster of three in place of one server; every stream has three replicas then.
    /// For [`Profile::Stack`].
    #[must_use]
    pub fn nats_cluster(mut self) -> Self {
        self.nats = Servers::Three;
        self.everywhere("LECTERN_QUEUE__REPLICAS", "3")
    }

    /// Lets nobody talk in the clear: TLS with client certificates between the services and to the
    /// queue, TLS to a database of its own, and users with permissions at both. For
    /// [`Profile::Stack`] with single servers.
    #[must_use]
    pub const fn secured(mut self) -> Self {
        self.own_mongo = Some(Servers::One);
        self.secured = true;
        self
    }

    /// Puts a proxy into a connection of a service and its replicas; [`Instance::proxy`] has it.
    /// For [`Profile::Stack`] with single servers.
    #[must_use]
    pub fn proxied(mut self, service: &'static str, link: Link) -> Self {
        self.proxies.push((service, link));
        self
    }

    /// Starts one more replica of a service under a name of its own (`tts-2`), with the service's
    /// variables and proxies. For [`Profile::Stack`].
    #[must_use]
    pub fn replica(mut self, name: &'static str, of: &'static str) -> Self {
        self.replicas.push((name, of));
        self
    }

    /// Names all replicas of a service in its URL, so that the services call all of them. For
    /// [`Profile::Stack`].
    #[must_use]
    pub const fn balanced(mut self) -> Self {
        self.balanced = true;
        self
    }

    /// Keeps data and logs of all processes, the servers included, in this folder, which stays: for
    /// whoever looks at them afterwards. For [`Profile::Stack`].
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Starts it and waits until all its processes listen.
    ///
    /// # Panics
    ///
    /// When one does not, with the end of its log.
    pub async fn start(self) -> Instance {
        match self.profile {
            Profile::Embedded => self.embedded(),
            Profile::Stack => self.stack().await,
        }
    }

    fn set(&self, service: Option<&str>, mut program: Program) -> Program {
        for (of, name, value) in &self.env {
            if service.is_none() || of.is_none() || *of == service {
                program = program.env(name, value);
            }
        }
        program
    }

    fn embedded(self) -> Instance {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let data = dir.path().join("data");
        let program = Program::new("lectern", dir.path()).arg("up").arg("--data").arg(&data);
        let process = self.set(None, program).start();
        let open = client(&process, Outbound::anonymous(), None);
        let mut processes = BTreeMap::new();
        processes.insert("gateway", process);
        Instance {
            profile: self.profile,
            processes,
            tenant: lectern_rpc::Open::TENANT,
            client: open.clone(),
            admin: open,
            proxies: BTreeMap::new(),
            databases: None,
            mongo: None,
            nats: None,
            objects: data.join("objects"),
            gcs: None,
            secured: None,
            _dir: Some(dir),
        }
    }

    async fn stack(self) -> Instance {
        let temp = self.folder.is_none().then(|| tempfile::tempdir().expect("a temporary folder"));
        let folder = temp.as_ref().map(TempDir::path).or(self.folder.as_deref()).expect("one of them").to_owned();
        let gcs = Gcs::start(GcsOptions { data: Some(folder.join("objects")), port: None }).await;
        let replicas = self.replicas.iter().map(|(name, _)| *name);
        let addresses = addresses(SERVICES.into_iter().chain(["nats", "mongo"]).chain(replicas));
        let open = |name: &str| (folder.join(name), folder.join(format!("{name}.log")), addresses[name].port());
        let secured = self.secured.then(Secured::new);
        let nats = match (self.nats, &secured) {
            (Servers::One, Some(secured)) => Nats::One(Box::new(secured.nats())),
            (Servers::One, None) if self.folder.is_some() => {
                let (data, log, port) = open("nats");
                let server = NatsServer::open(&data, &log, port);
                Nats::One(Box::new(server.unwrap_or_else(|error| panic!("{error}"))))
            }
            (Servers::One, None) => Nats::One(Box::new(NatsServer::start())),
            (Servers::Three, _) => {
                let options = NatsClusterOptions { data: Some(folder.join("nats")), ..NatsClusterOptions::default() };
                Nats::Three(Box::new(NatsCluster::start(options)))
            }
        };
        let mongo = self.own_mongo.map(|servers| match (servers, &secured) {
            (Servers::One, Some(secured)) => Mongo::One(Box::new(secured.mongo())),
            (Servers::One, None) if self.folder.is_some() => {
                let (data, log, port) = open("mongo");
                let server = MongoServer::open(&data, &log, port);
                Mongo::One(Box::new(server.unwrap_or_else(|error| panic!("{error}"))))
            }
            (Servers::One, None) => Mongo::One(Box::new(MongoServer::start())),
            (Servers::Three, _) => Mongo::Three(Box::new(MongoSet::start())),
        });
        let shared = mongo.is_none().then(TestServers::from_env);
        let database = |proxy: Option<SocketAddr>| match (&mongo, &shared) {
            (Some(Mongo::One(server)), _) if secured.is_some() => Secured::database(server, "e2e"),
            (Some(mongo), _) => mongo.url(proxy, "e2e"),
            (None, Some(shared)) => shared.mongo_uri_with_database("e2e"),
            (None, None) => unreachable!("one of them was started"),
        };
        let mut proxies = BTreeMap::new();
        for (service, link) in &self.proxies {
            let target = match link {
                Link::Store => mongo.as_ref().expect("a proxy to the store needs own_mongo()").address(),
                Link::Queue => nats.address(),
            };
            proxies.insert((*service, *link), Proxy::start(target));
        }
        let mut processes = BTreeMap::new();
        let mut all = SERVICES.map(|service| (service, service));
        // The gateway calls the stages; where it alone may make streams, they wait for it.
        if secured.is_none() {
            all.rotate_left(1);
        }
        for (name, service) in all.into_iter().chain(self.replicas.iter().copied()) {
            let proxy = |link| proxies.get(&(service, link)).map(Proxy::address);
            let queue = match (proxy(Link::Queue), &secured) {
                (Some(address), _) => format!("nats://{address}"),
                (None, Some(_)) => format!("tls://{service}:{service}@{}", nats.address()),
                (None, None) => nats.url(),
            };
            let mut program = Program::new(&format!("lectern-{service}"), &folder)
                .log(&folder.join(format!("lectern-{name}.log")))
                .env("LECTERN_SERVER__LISTEN", addresses[name].to_string())
                .env("LECTERN_STORE__URL", database(proxy(Link::Store)))
                .env("LECTERN_QUEUE__URL", queue)
                .env("LECTERN_BLOB__URL", gcs.url())
                .env("LECTERN_BLOB__ENDPOINT", gcs.endpoint())
                .env("LECTERN_SECRET", SECRET);
            let scheme = if secured.is_some() { "https" } else { "http" };
            for service in SERVICES {
                let replicas = self.replicas.iter().filter(|(_, of)| self.balanced && *of == service);
                let names = std::iter::once(service).chain(replicas.map(|(name, _)| *name));
                let hosts: Vec<String> = names.map(|name| addresses[name].to_string()).collect();
                let url = format!("{scheme}://{}", hosts.join(","));
                program = program.env(&format!("LECTERN_{}__URL", service.to_uppercase()), url);
            }
            if service == "gateway" {
                program = program.env("LECTERN_ADMIN_KEY", ADMIN_KEY);
            }
            if let Some(secured) = &secured {
                program = secured.tell(program);
            }
            processes.insert(name, self.set(Some(service), program).start());
        }
        let admin = client(&processes["gateway"], Outbound::with_key(Secret::new(ADMIN_KEY)), secured.as_ref());
        let databases = Some(database(None));
        let mut instance = Instance {
            profile: self.profile,
            processes,
            tenant: "acme",
            client: admin.clone(),
            admin,
            proxies,
            databases,
            mongo,
            nats: Some(nats),
            objects: gcs.folder().to_owned(),
            gcs: Some(gcs),
            secured,
            _dir: temp,
        };
        instance.client = instance.tenant("acme").await;
        instance
    }
}

/// Addresses for processes, below the range that connections take their ports from, so that a
/// process that is killed finds its port free when it comes back. Tests that run at once, in one
/// process or in several, are given different ones.
fn addresses(names: impl Iterator<Item = &'static str>) -> BTreeMap<&'static str, SocketAddr> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let names: Vec<&'static str> = names.collect();
    loop {
        let given = GIVEN.fetch_add(u32::try_from(names.len()).expect("a count"), Ordering::Relaxed);
        let port = 10_000 + (std::process::id() % 500 * 32 + given) % 16_000;
        let bound: Result<Vec<_>, _> = names
            .iter()
            .zip(port..)
            .map(|(name, port)| {
                let port = u16::try_from(port).expect("a port");
                let listener = TcpListener::bind(("127.0.0.1", port))?;
                Ok::<_, std::io::Error>((*name, listener.local_addr()?, listener))
            })
            .collect();
        if let Ok(bound) = bound {
            return bound.into_iter().map(|(name, address, _)| (name, address)).collect();
        }
    }
}
