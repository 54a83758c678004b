//! The settings that all services share. Every key has a default that suits a process on a
//! developer's machine; `--print-config` shows them.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::keys::Secrets;
use lectern_core::{Clock, Failure, Kind, Reason};
use lectern_rpc::{ClientConfig, ClientTls, ServerConfig, ServiceCredential};
use lectern_runtime::{ByteSize, Secret, TelemetryConfig};
use serde::{Deserialize, Serialize};

/// Settings of every service process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Common {
    /// Where and how gRPC is served.
    pub server: ServerConfig,
    /// Certificates for calls to other services.
    pub client: Client,
    /// The installation's secret, the same for all its services: credentials between services are
    /// made from it, and tokens are sealed under it. At least 32 bytes. docs/runbook.md says how it
    /// is changed.
    pub secret: Secret,
    /// The other secret while the secret is changed: what was made from it is taken too. At least
    /// 32 bytes; empty for none.
    pub secret_previous: Secret,
    /// The secret that the names of objects follow from, the same for all services. It is never
    /// changed: another one finds no object. At least 32 bytes; empty for the same as `secret`,
    /// which holds until that is changed for the first time.
    pub object_secret: Secret,
    /// The service's own database.
    pub store: Store,
    /// The queue that all services share.
    pub queue: Queue,
    /// The object storage that all services share.
    pub blob: Blob,
    /// The gateway, as other services reach it.
    pub gateway: Url,
    /// Ingest, as other services reach it.
    pub ingest: Url,
    /// ai, as other services reach it.
    pub ai: Url,
    /// tts, as other services reach it.
    pub tts: Url,
    /// Steps that run at once; 0 means one for each core.
    pub permits: usize,
    /// How long records of what is over are kept.
    pub retention: Retention,
    /// Logs, traces and metrics.
    pub telemetry: TelemetryConfig,
}

/// How other services are called.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// Whom to trust at `https` URLs, and what to show to servers that demand a certificate.
    pub tls: ClientTls,
}

/// A service's database.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// `mongodb://host/database`, `mongodb+srv://name/database`, `sqlite:PATH` or `memory:`. The
    /// service's name is added to the database's.
    pub url: String,
    /// The user who signs in, where the URL names none; it is found in the database `authSource`
    /// of the URL, else in the service's own.
    pub username: String,
    /// The user's password.
    pub password: Secret,
    /// A file with the password in place of `password`, read at the start; empty for none.
    pub password_file: String,
    /// TLS to the database.
    pub tls: StoreTls,
    /// Most connections of the pool, 1 to 1,000.
    pub pool: u32,
    /// Connections that the pool keeps open.
    pub pool_min: u32,
    /// Processes of all services and replicas that share the deployment: at the start their pools
    /// are compared with what it takes. 0 where it is not known.
    pub processes: u32,
    /// How long a connection may take to be made.
    #[serde(with = "lectern_runtime::config::duration")]
    pub connect_within: Duration,
    /// How long to look for a server that may be written to, as during an election.
    #[serde(with = "lectern_runtime::config::duration")]
    pub select_within: Duration,
    /// How long one operation may take.
    #[serde(with = "lectern_runtime::config::duration")]
    pub operation_within: Duration,
}

/// Files for TLS to the database, all PEM, read at the start; empty for none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreTls {
    /// The authorities that may have signed the server's certificate, in place of the public ones.
    pub ca: String,
    /// The client's certificate with its chain, and its key, in one file.
    pub certificate: String,
}

/// The queue. The limits are those of streams on the server: the same for all services, because
/// each verifies them at its start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// `nats://host:port` or `memory:`.
    pub url: String,
    /// The most commands that may wait or be in flight in one service's stream. A stream that takes
    /// more already is left so.
    pub max_waiting: u32,
    /// The most bytes of each stream, which the server sets aside at once. A stream that takes more
    /// already is left so.
    pub max_stream_bytes: ByteSize,
    /// Copies that a cluster keeps of each stream: 1, 3 or 5. A stream that has more already is
    /// left so.
    pub replicas: u8,
    /// Where the cluster keeps new streams.
    pub placement: QueuePlacement,
    /// The JetStream domain of the streams; empty for that of the server itself.
    pub domain: String,
    /// A file with the credentials of this service: a JWT and its seed, or the seed of an nkey
    /// alone. Read again at each connection; empty for none.
    pub credentials: String,
    /// TLS to the server.
    pub tls: QueueTls,
    /// What subjects of answers begin with; empty for `_INBOX_` and the service's name.
    pub inbox_prefix: String,
}

/// Where a cluster keeps new streams.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueuePlacement {
    /// The cluster's name; empty for the one that is connected to.
    pub cluster: String,
    /// Tags that every server with a copy must have.
    pub tags: Vec<String>,
}

/// Files for TLS to the queue, all PEM, read again at each connection; empty for none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueTls {
    /// The authorities that may have signed the server's certificate, in place of the system's.
    pub ca: String,
    /// The client's certificate and what leads to its authority; goes with `key`.
    pub certificate: String,
    /// The key of `certificate`.
    pub key: String,
}

/// How long records of what is over are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// From the end of what a record is about to its deletion; at least one day.
    #[serde(with = "lectern_runtime::config::duration")]
    pub after: Duration,
}

/// The least retention: messages, calls and clocks are never as late.
const LEAST_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Object storage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Blob {
    /// `gs://BUCKET/FOLDER`, `file:PATH` or `memory:`.
    pub url: String,
    /// Of `gs:`: the address of an emulator, which nobody identifies themselves to; empty for
    /// Google's own.
    pub endpoint: String,
    /// Of `gs:`: the key of Cloud KMS that encrypts new objects
    /// (`projects/P/locations/L/keyRings/R/cryptoKeys/K`); empty for the bucket's default.
    pub kms_key: String,
}

/// One URL.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Url {
    /// The URL.
    pub url: String,
}

impl Default for Store {
    fn default() -> Self {
        let lectern_store::ConnectOptions {
            max_pool_size,
            min_pool_size,
            processes,
            connect_within,
            select_within,
            operation_within,
            ..
        } = lectern_store::ConnectOptions::default();
        Self {
            url: "mongodb://127.0.0.1:27017/lectern".to_owned(),
            username: String::new(),
            password: Secret::default(),
            password_file: String::new(),
            tls: StoreTls::default(),
            pool: max_pool_size,
            pool_min: min_pool_size,
            processes,
            connect_within,
            select_within,
            operation_within,
        }
    }
}

impl Default for Queue {
    fn default() -> Self {
        let lectern_queue::ConnectOptions { max_waiting, max_stream_bytes, replicas, .. } =
            lectern_queue::ConnectOptions::default();
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            max_waiting,
            max_stream_bytes: ByteSize(u64::from(max_stream_bytes)),
            replicas,
            placement: QueuePlacement::default(),
            domain: String::new(),
            credentials: String::new(),
            tls: QueueTls::default(),
            inbox_prefix: String::new(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { after: Duration::from_secs(30 * 24 * 60 * 60) }
    }
}

impl Default for Blob {
    fn default() -> Self {
        Self { url: "file:lectern-objects".to_owned(), endpoint: String::new(), kms_key: String::new() }
    }
}

impl Blob {
    /// How it is connected to.
    #[must_use]
    pub fn options(&self) -> lectern_blob::ConnectOptions {
        lectern_blob::ConnectOptions { endpoint: self.endpoint.clone(), kms_key: self.kms_key.clone() }
    }
}

impl Default for Common {
    fn default() -> Self {
        let url = |url: &str| Url { url: url.to_owned() };
        Self {
            server: ServerConfig::default(),
            client: Client::default(),
            secret: Secret::default(),
            secret_previous: Secret::default(),
            object_secret: Secret::default(),
            store: Store::default(),
            queue: Queue::default(),
            blob: Blob::default(),
            gateway: url("http://127.0.0.1:7400"),
            ingest: url("http://127.0.0.1:7401"),
            ai: url("http://127.0.0.1:7402"),
            tts: url("http://127.0.0.1:7403"),
            permits: 0,
            retention: Retention::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

impl Common {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    pub fn check(&self) -> Result<(), Failure> {
        if self.secret.expose().len() < 32 {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::InvalidField,
                "secret must have at least 32 bytes; set LECTERN_SECRET to the same random text for every service (`openssl rand -hex 32`)",
            )
            .at("secret"));
        }
        for (field, secret) in [("secret_previous", &self.secret_previous), ("object_secret", &self.object_secret)] {
            if !secret.is_empty() && secret.expose().len() < 32 {
                let message = format!("{field} must have at least 32 bytes, or be empty");
                return Err(Failure::invalid(field, message));
            }
        }
        if self.retention.after < LEAST_RETENTION {
            return Err(Failure::invalid("retention.after", "retention.after must be at least one day, 24h"));
        }
        if !self.secret_previous.is_empty() && self.object_secret.is_empty() {
            let message = "object_secret must be set before secret is changed, since the names of objects follow from \
                           it: set LECTERN_OBJECT_SECRET to the secret of until now, and leave it so";
            return Err(Failure::invalid("object_secret", message));
        }
        self.store.check()?;
        if self.queue.max_waiting == 0 || self.queue.max_stream_bytes < ByteSize::mib(1) {
            let message = "queue.max_waiting must be at least 1, and queue.max_stream_bytes at least 1MiB";
            return Err(Failure::invalid("queue", message));
        }
        self.queue_options("gateway").check()?;
        Ok(())
    }

    /// How the store is connected to.
    #[must_use]
    pub fn store_options(&self) -> lectern_store::ConnectOptions {
        let store = &self.store;
        let file = |path: &str| Some(path).filter(|path| !path.is_empty()).map(std::path::PathBuf::from);
        let tls = lectern_store::TlsFiles { ca: file(&store.tls.ca), certificate: file(&store.tls.certificate) };
        let credentials = lectern_store::Credentials {
            username: store.username.clone(),
            password: store.password.expose().to_owned(),
            password_file: file(&store.password_file),
        };
        lectern_store::ConnectOptions {
            max_pool_size: store.pool,
            min_pool_size: store.pool_min,
            processes: store.processes,
            connect_within: store.connect_within,
            select_within: store.select_within,
            operation_within: store.operation_within,
            credentials: (!store.username.is_empty()).then_some(credentials),
            tls: Some(tls).filter(|tls| *tls != lectern_store::TlsFiles::default()),
            ..lectern_store::ConnectOptions::default()
        }
    }

    /// How the queue is set up for the service of that name.
    #[must_use]
    pub fn queue_options(&self, service: &str) -> lectern_queue::ConnectOptions {
        let queue = &self.queue;
        let file = |path: &str| Some(path).filter(|path| !path.is_empty()).map(std::path::PathBuf::from);
        lectern_queue::ConnectOptions {
            identity: lectern_queue::Identity::of(service),
            max_waiting: queue.max_waiting,
            max_stream_bytes: u32::try_from(queue.max_stream_bytes.bytes()).unwrap_or(u32::MAX),
            replicas: queue.replicas,
            placement: lectern_queue::Placement {
                cluster: queue.placement.cluster.clone(),
                tags: queue.placement.tags.clone(),
            },
            domain: queue.domain.clone(),
            credentials: file(&queue.credentials),
            tls: lectern_queue::Tls {
                ca: file(&queue.tls.ca),
                certificate: file(&queue.tls.certificate),
                key: file(&queue.tls.key),
            },
            inbox_prefix: queue.inbox_prefix.clone(),
            ..lectern_queue::ConnectOptions::default()
        }
    }

    /// What names are made under, and what seals.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let names = if self.object_secret.is_empty() { &self.secret } else { &self.object_secret };
        let also = (!self.secret_previous.is_empty()).then(|| self.secret_previous.expose().as_bytes());
        Secrets::new(names.expose().as_bytes(), self.secret.expose().as_bytes(), also)
    }

    /// How this service proves who it is, and whom it believes.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a secret of under 32 bytes.
    pub fn credential(&self, clock: Arc<dyn Clock>) -> Result<ServiceCredential, Failure> {
        ServiceCredential::new(self.secret.clone(), clock)?.accepting(self.secret_previous.clone())
    }

    /// How the service at `url` is called.
    #[must_use]
    pub fn calls(&self, url: &str) -> ClientConfig {
        ClientConfig { tls: self.client.tls.clone(), ..ClientConfig::to(url) }
    }

    /// Steps that run at once.
    #[must_use]
    pub fn permits(&self) -> usize {
        if self.permits > 0 {
            self.permits
        } else {
            std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
        }
    }

    /// The URL of this service's own database: databases of one server are told apart by a suffix.
    #[must_use]
    pub fn store_url(&self, service: &str) -> String {
        let url = &self.store.url;
        // What cannot be read is refused where it is opened, in the same words as by `check`.
        lectern_store::StoreUrl::parse(url).map_or_else(|_| url.clone(), |url| url.of_service(service))
    }
}

impl Store {
    /// Checks what types cannot.
    fn check(&self) -> Result<(), Failure> {
        let url = lectern_store::StoreUrl::parse(&self.url)?;
        let refused = |key: &'static str, message: &str| Err(Failure::invalid(key, message));
        if !(1..=1_000).contains(&self.pool) {
            return refused("store.pool", "store.pool must be 1 to 1,000");
        }
        if self.pool_min > self.pool {
            return refused("store.pool_min", "store.pool_min must not be over store.pool");
        }
        if [self.connect_within, self.select_within, self.operation_within].contains(&Duration::ZERO) {
            return refused("store", "the time limits of the store must be longer than 0s");
        }
        if self.username.is_empty() && !(self.password.is_empty() && self.password_file.is_empty()) {
            return refused("store.username", "store.password needs store.username");
        }
        if !self.username.is_empty() && url.has_user() {
            return refused("store.username", "the user is named by the URL and by store.username; name it once");
        }
        if !self.password.is_empty() && !self.password_file.is_empty() {
            return refused("store.password_file", "give store.password or store.password_file, not both");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_a_database_of_its_own_on_one_server() {
        let url = |url: &str| {
            let store = Store { url: url.to_owned(), ..Store::default() };
            Common { store, ..Common::default() }.store_url("ai")
        };
        assert_eq!(url("mongodb://h:1/lectern"), "mongodb://h:1/lectern_ai");
        assert_eq!(url("mongodb://h:1/x?replicaSet=a"), "mongodb://h:1/x_ai?replicaSet=a");
        assert_eq!(url("mongodb://h:1"), "mongodb://h:1/lectern_ai");
        assert_eq!(url("mongodb://h:1/?a=b"), "mongodb://h:1/lectern_ai?a=b");
        assert_eq!(url("mongodb+srv://name.example/x"), "mongodb+srv://name.example/x_ai");
        assert_eq!(url("sqlite:ai.db"), "sqlite:ai.db");
    }

    #[test]
    fn a_database_that_cannot_be_opened_as_it_is_set_is_refused_before_anything_starts() {
        let with = |change: fn(&mut Store)| {
            let mut common = Common { secret: Secret::new("s".repeat(32)), ..Common::default() };
            change(&mut common.store);
            common.check().err().and_then(|failure| failure.field)
        };
        type Case = (fn(&mut Store), Option<&'static str>);
        let cases: [Case; 8] = [
            (|_| {}, None),
            (|store| store.url = "mongodb+srv://name.example/x".to_owned(), None),
            (|store| store.url = "postgres://h/d".to_owned(), Some("store.url")),
            (|store| store.pool = 0, Some("store.pool")),
            (|store| store.pool_min = 11, Some("store.pool_min")),
            (|store| store.operation_within = Duration::ZERO, Some("store")),
            (|store| store.password = Secret::new("p"), Some("store.username")),
            (
                |store| (store.url, store.username) = ("mongodb://u:p@h/d".to_owned(), "u".to_owned()),
                Some("store.username"),
            ),
        ];
        for (change, refused) in cases {
            assert_eq!(with(change).as_deref(), refused);
        }
    }

    #[test]
    fn what_is_set_of_the_database_reaches_the_store() {
        let store = Store {
            username: "ai".to_owned(),
            password_file: "/run/secrets/password".to_owned(),
            tls: StoreTls { ca: "ca.pem".to_owned(), certificate: String::new() },
            pool: 7,
            operation_within: Duration::from_secs(3),
            ..Store::default()
        };
        let options = Common { store, ..Common::default() }.store_options();
        assert_eq!((options.max_pool_size, options.operation_within), (7, Duration::from_secs(3)));
        assert_eq!(options.tls.and_then(|tls| tls.ca), Some("ca.pem".into()));
        assert_eq!(options.credentials.and_then(|c| c.password_file), Some("/run/secrets/password".into()));
        let plain = Common::default().store_options();
        assert_eq!((plain.credentials, plain.tls), (None, None));
    }

    #[test]
    fn the_queue_knows_which_service_it_is_set_up_for() {
        let common = Common {
            queue: Queue { replicas: 3, credentials: "ai.creds".to_owned(), ..Queue::default() },
            ..Common::default()
        };
        let options = common.queue_options("ai");
        assert_eq!(options.identity.name(), "ai");
        assert_eq!((options.replicas, options.inbox().as_str()), (3, "_INBOX_ai"));
        assert_eq!(options.credentials, Some("ai.creds".into()));
        assert_eq!((options.tls, options.domain), (lectern_queue::Tls::default(), String::new()));
        assert_eq!(common.queue_options("gateway").identity, lectern_queue::Identity::Gateway);
    }

    #[test]
    fn what_is_over_is_kept_for_thirty_days_and_never_for_less_than_one() {
        let common = Common { secret: Secret::new("s".repeat(32)), ..Common::default() };
        assert_eq!((common.check(), common.retention.after), (Ok(()), 30 * LEAST_RETENTION));
        for (after, refused) in [(LEAST_RETENTION, None), (LEAST_RETENTION / 2, Some("retention.after"))] {
            let checked = Common { retention: Retention { after }, ..common.clone() }.check();
            assert_eq!(checked.err().and_then(|failure| failure.field).as_deref(), refused);
        }
    }

    #[test]
    fn an_installation_without_a_secret_does_not_start() {
        assert_eq!(Common::default().check().expect_err("no secret").field.as_deref(), Some("secret"));
    }

    #[test]
    fn a_secret_is_not_changed_before_the_names_of_objects_have_one_of_their_own() {
        let secret = |text: &str| Secret::new(text.repeat(32));
        let before = Common { secret: secret("o"), ..Common::default() };
        assert_eq!(before.check(), Ok(()));
        let too_early = Common { secret_previous: secret("n"), ..before.clone() };
        assert_eq!(too_early.check().expect_err("lost").field.as_deref(), Some("object_secret"));
        let first = Common { object_secret: secret("o"), ..too_early };
        let then = Common { secret: secret("n"), secret_previous: secret("o"), ..first.clone() };
        let last = Common { secret_previous: Secret::default(), ..then.clone() };
        for step in [first, then, last] {
            assert_eq!(step.check(), Ok(()));
            assert_eq!(step.secrets().fingerprint(), before.secrets().fingerprint());
        }
        for short in ["secret_previous", "object_secret"] {
            let mut config = Common { object_secret: secret("o"), ..before.clone() };
            match short {
                "object_secret" => config.object_secret = Secret::new("short"),
                _ => config.secret_previous = Secret::new("short"),
            }
            assert_eq!(config.check().expect_err(short).field.as_deref(), Some(short));
        }
    }

    #[test]
    fn other_services_are_called_with_the_certificates_of_the_settings() {
        let mut common = Common::default();
        common.client.tls.ca = Some("ca.crt".into());
        let calls = common.calls("https://tts:7403");
        assert_eq!((calls.url.as_str(), calls.tls), ("https://tts:7403", common.client.tls));
    }
}
