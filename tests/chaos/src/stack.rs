//! The processes of a group: two gateways, the stages and their replicas, over NATS, MongoDB and
//! the fake of Google Cloud Storage. Servers are one or three of a kind, as the group needs them.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use lectern_e2e::{Client, Link};
use lectern_proto::v1::{CreateKeyRequest, Key};
use lectern_rpc::{ClientConfig, Outbound, channel};
use lectern_runtime::Secret;
use lectern_testkit::gcs::{Gcs, GcsOptions};
use lectern_testkit::{MongoServer, NatsServer, Process, Program, Proxy};

use crate::load::Caller;
use crate::run::SERVICES;
use crate::servers::{Mongo, MongoThree, Nats, NatsThree};

/// The gateways; the first is also where services look for one.
pub const GATEWAYS: [&str; 2] = ["gateway", "gateway-2"];
/// 32 bytes and more, as services demand.
const SECRET: &str = "chaos runs share this secret, which protects nothing";
const ADMIN_KEY: &str = "chaos-admin-key-of-20-bytes";
/// The database whose name each service adds its own to.
const DATABASE: &str = "chaos";

/// How many servers of a kind there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Servers {
    /// One.
    One,
    /// A cluster of three, with everything on all of them.
    Three,
}

/// How a stack is to be started.
#[derive(Debug)]
pub struct Setup {
    folder: PathBuf,
    env: Vec<(Option<&'static str>, String, String)>,
    proxies: Vec<(&'static str, Link)>,
    replicas: Vec<(&'static str, &'static str)>,
    nats: Servers,
    mongo: Servers,
}

impl Setup {
    /// The usual stack, with everything that it keeps in `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let setup = Self {
            folder: folder.to_owned(),
            env: Vec::new(),
            proxies: Vec::new(),
            replicas: Vec::new(),
            nats: Servers::One,
            mongo: Servers::One,
        };
        setup
            .everywhere("LECTERN_TELEMETRY__LOG_FORMAT", "json")
            .everywhere("LECTERN_TELEMETRY__LOG_FILTER", "info")
            .replica(GATEWAYS[1], GATEWAYS[0])
    }

    /// Sets a variable for one service, all its replicas included.
    #[must_use]
    pub fn env(mut self, service: &'static str, name: &str, value: &str) -> Self {
        self.env.push((Some(service), name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a variable for all services.
    #[must_use]
    pub fn everywhere(mut self, name: &str, value: &str) -> Self {
        self.env.push((None, name.to_owned(), value.to_owned()));
        self
    }

    /// Puts a proxy into a connection of a service and its replicas; [`Stack::proxy`] has it. For
    /// single servers.
    #[must_use]
    pub fn proxied(mut self, service: &'static str, link: Link) -> Self {
        self.proxies.push((service, link));
        self
    }

    /// Starts one more replica of a service under a name of its own (`tts-2`).
    #[must_use]
    pub fn replica(mut self, name: &'static str, of: &'static str) -> Self {
        self.replicas.push((name, of));
        self
    }

    /// So many nats-servers; with three of them every stream has three replicas.
    #[must_use]
    pub fn nats(mut self, servers: Servers) -> Self {
        self.nats = servers;
        if servers == Servers::Three { self.everywhere("LECTERN_QUEUE__REPLICAS", "3") } else { self }
    }

    /// So many mongods.
    #[must_use]
    pub const fn mongo(mut self, servers: Servers) -> Self {
        self.mongo = servers;
        self
    }

    /// Starts it and waits until all its processes listen.
    ///
    /// # Panics
    ///
    /// When one does not, with the end of its log.
    pub async fn start(self) -> Stack {
        let replicas = self.replicas.iter().map(|(name, _)| *name);
        let addresses = addresses(SERVICES.into_iter().chain(["nats", "mongo"]).chain(replicas));
        let at = |name: &str| (self.folder.join(name), self.folder.join(format!("{name}.log")), addresses[name].port());
        let nats = match self.nats {
            Servers::One => {
                let (data, log, port) = at("nats");
                Nats::One(NatsServer::open(&data, &log, port).unwrap_or_else(|error| panic!("{error}")))
            }
            Servers::Three => Nats::Three(NatsThree::start(&self.folder.join("nats"))),
        };
        let mongo = match self.mongo {
            Servers::One => {
                let (data, log, port) = at("mongo");
                let server = MongoServer::open(&data, &log, port);
                Mongo::One(Box::new(server.unwrap_or_else(|error| panic!("{error}"))))
            }
            Servers::Three => Mongo::Three(Box::new(MongoThree::start())),
        };
        let data = Some(self.folder.join("bucket"));
        let gcs = Gcs::start(GcsOptions { data, ..GcsOptions::default() }).await;
        let mut proxies = BTreeMap::new();
        for (service, link) in &self.proxies {
            let target = match link {
                Link::Store => mongo.address(),
                Link::Queue => nats.address(),
            };
            proxies.insert((*service, *link), Proxy::start(target));
        }
        let mut stack = Stack { processes: BTreeMap::new(), keys: BTreeMap::new(), proxies, mongo, nats, gcs };
        let all = SERVICES.into_iter().rev().map(|service| (service, service));
        for (name, service) in all.chain(self.replicas.iter().copied()) {
            let process = self.program(&stack, name, service, &addresses).start();
            stack.processes.insert(name, process);
        }
        stack
    }

    fn program(
        &self,
        stack: &Stack,
        name: &str,
        service: &'static str,
        addresses: &BTreeMap<&'static str, SocketAddr>,
    ) -> Program {
        let proxy = |link| stack.proxies.get(&(service, link)).map(Proxy::address);
        let queue = proxy(Link::Queue).map_or_else(|| stack.nats.url(), |address| format!("nats://{address}"));
        let mut program = Program::new(&format!("lectern-{service}"), &self.folder)
            .log(&self.folder.join(format!("lectern-{name}.log")))
            .env("LECTERN_SERVER__LISTEN", addresses[name].to_string())
            .env("LECTERN_STORE__URL", stack.mongo.url(proxy(Link::Store), DATABASE))
            .env("LECTERN_QUEUE__URL", queue)
            .env("LECTERN_BLOB__URL", stack.gcs.url())
            .env("LECTERN_BLOB__ENDPOINT", stack.gcs.endpoint())
            .env("LECTERN_SECRET", SECRET);
        for service in SERVICES {
            let url = format!("http://{}", addresses[service]);
            program = program.env(&format!("LECTERN_{}__URL", service.to_uppercase()), url);
        }
        if service == GATEWAYS[0] {
            program = program.env("LECTERN_ADMIN_KEY", ADMIN_KEY);
        }
        for (of, name, value) in &self.env {
            if of.is_none_or(|of| of == service) {
                program = program.env(name, value);
            }
        }
        program
    }
}

/// The stack, running. Everything is ended when it is dropped.
#[derive(Debug)]
pub struct Stack {
    // Dropped in this order: the processes before their servers.
    processes: BTreeMap<&'static str, Process>,
    keys: BTreeMap<String, String>,
    proxies: BTreeMap<(&'static str, Link), Proxy>,
    /// The database.
    pub mongo: Mongo,
    /// The queue.
    pub nats: Nats,
    /// Object storage.
    pub gcs: Gcs,
}

impl Stack {
    /// A caller of all gateways with a key of `tenant`.
    ///
    /// # Panics
    ///
    /// When the key cannot be made.
    pub async fn tenant(&mut self, tenant: &str) -> Caller {
        if !self.keys.contains_key(tenant) {
            let key = Key { tenant: format!("tenants/{tenant}"), display_name: "chaos".to_owned(), ..Key::default() };
            let request = CreateKeyRequest { key: Some(key), ..CreateKeyRequest::default() };
            let admin = self.client(GATEWAYS[0], ADMIN_KEY);
            let made = admin.keys().create_key(request).await.expect("a key").into_inner();
            self.keys.insert(tenant.to_owned(), made.secret);
        }
        Caller::of(GATEWAYS.map(|gateway| self.client(gateway, &self.keys[tenant])))
    }

    fn client(&self, gateway: &str, key: &str) -> Client {
        let channel = channel(&ClientConfig::to(self.processes[gateway].url())).expect("a URL");
        Client::new(channel, Outbound::with_key(Secret::new(key)))
    }

    /// A process.
    ///
    /// # Panics
    ///
    /// When there is none of that name.
    pub fn process(&mut self, name: &str) -> &mut Process {
        self.processes.get_mut(name).expect("a process of the stack")
    }

    /// The names of its processes.
    #[must_use]
    pub fn services(&self) -> Vec<&'static str> {
        self.processes.keys().copied().collect()
    }

    /// The URL of a service's database, past its proxy.
    #[must_use]
    pub fn database(&self, service: &str) -> String {
        self.mongo.url(None, &format!("{DATABASE}_{service}"))
    }

    /// The installation's secret.
    #[must_use]
    pub const fn secret(&self) -> &'static str {
        SECRET
    }

    /// The proxy that [`Setup::proxied`] asked for.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[must_use]
    pub fn proxy(&self, service: &'static str, link: Link) -> &Proxy {
        self.proxies.get(&(service, link)).expect("a proxy that was asked for")
    }
}

/// Addresses for processes, below the range that connections take their ports from, so that a
/// process that is killed finds its port free when it comes back. Groups that run at once are given
/// different ones.
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
