//! The system, running for one test, and who calls it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lectern_blob::{Blob, ConnectOptions};
use lectern_core::SystemClock;
use lectern_proto::v1::{CreateKeyRequest, CreateKeyResponse, Key};
use lectern_rpc::{ClientConfig, Outbound, ServiceCredential, channel};
use lectern_runtime::Secret;
use lectern_testkit::gcs::Gcs;
use lectern_testkit::{Process, Proxy};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::secured::Secured;
use crate::servers::{Mongo, Nats};
use crate::setup::{ADMIN_KEY, Link, Profile, SECRET};
use crate::steps::StepReader;

pub(crate) fn client(process: &Process, with: Outbound, secured: Option<&Secured>) -> Client {
    let config = match secured {
        Some(secured) => {
            ClientConfig { tls: secured.callers(), ..ClientConfig::to(format!("https://{}", process.address())) }
        }
        None => ClientConfig::to(process.url()),
    };
    Client::new(channel(&config).expect("a URL"), with)
}

/// How long a process may take to end.
const STOPS_WITHIN: Duration = Duration::from_secs(60);

/// The system, running. Everything is ended when it is dropped.
#[derive(Debug)]
pub struct Instance {
    pub(crate) profile: Profile,
    // Dropped in this order: the processes before their servers, the folder last.
    pub(crate) processes: BTreeMap<&'static str, Process>,
    pub(crate) tenant: &'static str,
    pub(crate) client: Client,
    pub(crate) admin: Client,
    pub(crate) proxies: BTreeMap<(&'static str, Link), Proxy>,
    pub(crate) databases: Option<String>,
    pub(crate) mongo: Option<Mongo>,
    pub(crate) nats: Option<Nats>,
    pub(crate) gcs: Option<Gcs>,
    pub(crate) objects: PathBuf,
    pub(crate) secured: Option<Secured>,
    pub(crate) _dir: Option<TempDir>,
}

impl Instance {
    /// A caller of the public API; in the stack, with a key of the tenant `acme`.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// A caller with the admin key.
    #[must_use]
    pub fn admin(&self) -> Client {
        self.admin.clone()
    }

    /// The tenant that [`Self::client`] is.
    #[must_use]
    pub const fn tenant_id(&self) -> &'static str {
        self.tenant
    }

    /// How it runs.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// A caller with a new key of `tenant`.
    ///
    /// # Panics
    ///
    /// When the key cannot be made.
    pub async fn tenant(&self, tenant: &str) -> Client {
        self.with_key(&self.key(tenant).await)
    }

    /// A new key of `tenant`; [`Self::with_key`] opens a connection with it, each time another.
    ///
    /// # Panics
    ///
    /// When the key cannot be made.
    pub async fn key(&self, tenant: &str) -> String {
        self.new_key(Key { tenant: format!("tenants/{tenant}"), ..Key::default() }).await.secret
    }

    /// Such a key, and its secret.
    ///
    /// # Panics
    ///
    /// When the key cannot be made.
    pub async fn new_key(&self, key: Key) -> CreateKeyResponse {
        let key = Key { display_name: "end to end".to_owned(), ..key };
        let request = CreateKeyRequest { key: Some(key), ..CreateKeyRequest::default() };
        self.admin.keys().create_key(request).await.expect("a key").into_inner()
    }

    /// A caller of the public API with this key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Client {
        self.with_key_at("gateway", key)
    }

    /// Such a caller of the replica of the gateway that has this name.
    ///
    /// # Panics
    ///
    /// When the instance has no such process.
    #[must_use]
    pub fn with_key_at(&self, gateway: &str, key: &str) -> Client {
        self.caller(gateway, Outbound::with_key(Secret::new(key)))
    }

    /// A caller without any credential.
    #[must_use]
    pub fn nobody(&self) -> Client {
        self.caller("gateway", Outbound::anonymous())
    }

    /// A service of the stack as the gateway calls it: with a service credential for
    /// [`Self::tenant_id`].
    ///
    /// # Panics
    ///
    /// When the instance has no such process.
    #[must_use]
    pub fn internal(&self, service: &str) -> Client {
        let credential = ServiceCredential::new(Secret::new(SECRET), Arc::new(SystemClock)).expect("a credential");
        let tenant = self.tenant.parse().expect("a tenant");
        self.caller(service, Outbound::as_service("gateway", Arc::new(credential), tenant))
    }

    /// The port of a process, without a credential.
    ///
    /// # Panics
    ///
    /// When the instance has no such process.
    #[must_use]
    pub fn port(&self, service: &str) -> Client {
        self.caller(service, Outbound::anonymous())
    }

    fn caller(&self, process: &str, with: Outbound) -> Client {
        client(&self.processes[process], with, self.secured.as_ref())
    }

    /// Where a process listens.
    ///
    /// # Panics
    ///
    /// When the instance has no such process.
    #[must_use]
    pub fn address(&self, service: &str) -> SocketAddr {
        self.processes[service].address()
    }

    /// A process; the embedded instance has only `gateway`.
    ///
    /// # Panics
    ///
    /// When the instance has no such process.
    pub fn process(&mut self, service: &str) -> &mut Process {
        self.processes.get_mut(service).expect("a process of this profile")
    }

    /// Ends every process well: then all that it had to tell is told.
    ///
    /// # Panics
    ///
    /// When one takes longer than a minute, or ends in a failure.
    pub fn stop(&mut self) {
        for (service, process) in &mut self.processes {
            let ended = process.stop(STOPS_WITHIN);
            assert!(ended.is_some_and(|status| status.success()), "{service} ended with {ended:?}");
        }
    }

    /// Its NATS servers.
    ///
    /// # Panics
    ///
    /// When the instance has none.
    pub fn nats(&mut self) -> &mut Nats {
        self.nats.as_mut().expect("a stack")
    }

    /// Its own MongoDB.
    ///
    /// # Panics
    ///
    /// When [`crate::Setup::own_mongo`] did not ask for one.
    pub fn mongo(&mut self) -> &mut Mongo {
        self.mongo.as_mut().expect("a database of its own")
    }

    /// The URL of a service's database, past its proxy.
    ///
    /// # Panics
    ///
    /// When the instance is not a stack.
    #[must_use]
    pub fn database(&self, service: &str) -> String {
        let (base, options) = self.databases.as_deref().and_then(|url| url.split_once('?')).expect("a stack");
        format!("{base}_{service}?{options}")
    }

    /// The name of a service's database.
    ///
    /// # Panics
    ///
    /// When the instance is not a stack.
    #[must_use]
    pub fn database_name(&self, service: &str) -> String {
        let url = self.database(service);
        let base = url.split_once('?').map_or(url.as_str(), |(base, _)| base);
        base.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The admin key of the stack.
    #[must_use]
    pub const fn admin_key(&self) -> &'static str {
        ADMIN_KEY
    }

    /// The installation's secret.
    #[must_use]
    pub const fn secret(&self) -> &'static str {
        SECRET
    }

    /// The names of its processes.
    #[must_use]
    pub fn services(&self) -> Vec<&'static str> {
        self.processes.keys().copied().collect()
    }

    /// The proxy that [`crate::Setup::proxied`] asked for.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[must_use]
    pub fn proxy(&self, service: &'static str, link: Link) -> &Proxy {
        self.proxies.get(&(service, link)).expect("a proxy that was asked for")
    }

    /// Reads the step records of a service of the stack, past its proxy.
    pub async fn steps(&self, service: &str) -> StepReader {
        StepReader::open(&self.database(service)).await
    }

    /// The storage that holds the objects, past the services.
    ///
    /// # Panics
    ///
    /// When it cannot be opened.
    pub async fn storage(&self) -> Arc<dyn Blob> {
        let (url, options) = match &self.gcs {
            Some(gcs) => (gcs.url(), ConnectOptions { endpoint: gcs.endpoint(), ..ConnectOptions::default() }),
            None => (format!("file:{}", self.objects.display()), ConnectOptions::default()),
        };
        lectern_blob::connect(&url, &options, Arc::new(SystemClock)).await.expect("the objects")
    }

    /// The fake of Google Cloud Storage that the stack keeps its objects in.
    ///
    /// # Panics
    ///
    /// When it runs embedded, with a directory.
    #[must_use]
    pub fn gcs(&self) -> &Gcs {
        self.gcs.as_ref().expect("the stack's object storage")
    }

    /// Every object's path, sorted; what is still being written is left out.
    #[must_use]
    pub fn object_names(&self) -> Vec<String> {
        if let Some(gcs) = &self.gcs {
            let ours = |name: String| name.strip_prefix("objects/").map(str::to_owned);
            return gcs.names().into_iter().filter_map(ours).collect();
        }
        let mut found = Vec::new();
        walk(&self.objects.join("objects"), "", &mut found);
        found.sort();
        found
    }

    /// The objects of a document's scope.
    #[must_use]
    pub fn objects_of(&self, document: &str) -> Vec<String> {
        let scope = format!("{}/{}/", self.tenant, document.trim_start_matches("documents/"));
        self.object_names().into_iter().filter(|name| name.starts_with(&scope)).collect()
    }

    /// What a process has logged, of earlier starts too.
    ///
    /// # Panics
    ///
    /// When the instance has no such process, or its log cannot be read.
    #[must_use]
    pub fn whole_log(&self, service: &str) -> String {
        std::fs::read_to_string(self.processes[service].log_path()).expect("a log")
    }

    /// The address in a line of a process's log that has these words.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn logged_address(&self, service: &str, words: &str) -> SocketAddr {
        let log = self.whole_log(service);
        let lines = log.lines().filter(|line| line.contains(words));
        let mut lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let address = lines.find_map(|line| line["addr"].as_str()?.parse().ok());
        address.unwrap_or_else(|| panic!("{service} says no address with {words:?}"))
    }

    /// What the process that speaks has logged, of earlier starts too.
    ///
    /// # Panics
    ///
    /// When its log cannot be read.
    #[must_use]
    pub fn speech_log(&self) -> String {
        self.whole_log(if self.processes.contains_key("tts") { "tts" } else { "gateway" })
    }
}

/// The directory adapter puts a folder of its own, `~` and two digits, before every file name.
fn walk(folder: &Path, path: &str, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        if !entry.path().is_dir() {
            found.push(path);
        } else if name.starts_with('~') {
            walk(&entry.path(), path.strip_suffix(&format!("/{name}")).unwrap_or_default(), found);
        } else {
            walk(&entry.path(), &path, found);
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for process in self.processes.values() {
            let log = process.log();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains("segment spoken")).collect();
            eprintln!(
                "--- the end of the log of {}\n{}",
                process.name(),
                lines[lines.len().saturating_sub(40)..].join("\n")
            );
        }
    }
}

/// A file of `tests/fixtures`.
///
/// # Panics
///
/// When it cannot be read.
#[must_use]
pub fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
