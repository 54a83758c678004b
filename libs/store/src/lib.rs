//! The store: the port behind which every service keeps its records, its adapters, and the
//! [`reconcile`]r, which is built on records alone.
//!
//! A service owns one database. Truth lives in small records, each changed by compare-and-swap on
//! its revision; what grows is an object in `lectern-blob`. No other crate may depend on `mongodb`.
//!
//! | URL | adapter |
//! | --- | --- |
//! | `mongodb://[user:password@]host[:port][,...]/DATABASE[?options]` | [`mongo::MongoStore`]: one pooled client |
//! | `mongodb+srv://[user:password@]NAME/DATABASE[?options]` | the same; DNS knows the servers, and TLS is on |
//! | `sqlite:PATH` | [`sqlite::SqliteStore`]: a file, which one process has to itself |
//! | `memory:` | [`memory::MemoryStore`]: for tests, with injected faults |

pub mod collection;
mod describe;
mod error;
mod examine;
mod gather;
mod layer;
pub mod memory;
pub mod migrations;
pub mod mongo;
mod pool;
mod port;
pub mod query;
pub mod reconcile;
mod record;
pub mod sqlite;
mod traced;
mod url;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, SystemClock};

use traced::{System, Traced};

pub use collection::{Change, Collection, Page, Record, Updated, Versioned};
pub use describe::describe;
pub use error::StoreError;
pub use examine::examine;
pub use gather::Gathering;
pub use layer::Layer;
pub use pool::PoolStats;
pub use port::{CollectionSpec, Converted, Index, Store};
pub use query::{Condition, Cursor, Direction, MAX_LIMIT, Op, Query};
pub use reconcile::{Due, Reconciler, ReconcilerOptions};
pub use record::{ID, MAX_RECORD_BYTES, Revision, Stored};
pub use url::{Adapter, StoreUrl};
pub use write::{MAX_WRITE_BYTES, MAX_WRITES, Write};

/// How to connect. Only a MongoDB has more than the clock to be told.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Most connections of the pool to one database server, 1 to 1,000. The driver's monitors come
    /// on top.
    pub max_pool_size: u32,
    /// Connections that the pool keeps open, 0 to `max_pool_size`.
    pub min_pool_size: u32,
    /// Processes of all services and replicas that share the deployment, to compare their pools
    /// with what it allows; 0 where that is not known.
    pub processes: u32,
    /// How long one connection may take to be made, with TLS and signing in.
    pub connect_within: Duration,
    /// How long to look for a server that may be written to.
    pub select_within: Duration,
    /// How long one operation may take, over which it is given up; a majority must have a write
    /// within it too. It does not bound the building of an index.
    pub operation_within: Duration,
    /// Who signs in, where the URL does not say it.
    pub credentials: Option<Credentials>,
    /// Certificates, if TLS is wanted.
    pub tls: Option<TlsFiles>,
    /// The name shown in the database's logs.
    pub application: String,
    /// The clock of adapters that have none of their own.
    pub clock: Arc<dyn Clock>,
}

impl ConnectOptions {
    /// Checks what types cannot, for the store at `url`.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the setting.
    pub fn check(&self, url: &StoreUrl) -> Result<(), Failure> {
        let refused = |setting: &'static str, message: &str| Err(Failure::invalid(setting, message));
        if !(1..=1_000).contains(&self.max_pool_size) {
            return refused("store.pool", "store.pool must be 1 to 1,000");
        }
        if self.min_pool_size > self.max_pool_size {
            return refused("store.pool_min", "store.pool_min must not be over store.pool");
        }
        if [self.connect_within, self.select_within, self.operation_within].contains(&Duration::ZERO) {
            return refused("store", "the time limits of the store must be longer than 0s");
        }
        if self.credentials.is_some() && url.has_user() {
            return refused("store.username", "the user is named by the URL and by store.username; name it once");
        }
        Ok(())
    }
}

/// Who signs in, by SCRAM.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password; not looked at where there is a file.
    pub password: String,
    /// A file with the password; the end of its last line is no part of it.
    pub password_file: Option<PathBuf>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Certificates of a connection to the database, as files in PEM. They are read when the store is
/// opened: a new certificate is taken up by the next start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFiles {
    /// The authorities that the server's certificate may be of; none for the public ones.
    pub ca: Option<PathBuf>,
    /// Our own certificate with its chain, and its key, in one file; none to show none.
    pub certificate: Option<PathBuf>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            max_pool_size: 10,
            min_pool_size: 0,
            processes: 0,
            connect_within: Duration::from_secs(10),
            select_within: Duration::from_secs(10),
            operation_within: Duration::from_secs(10),
            credentials: None,
            tls: None,
            application: "lectern".to_owned(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Opens the database that `url` names and waits until it answers. Single writes to a MongoDB are
/// [gathered](Gathering); a file commits those that wait together by itself. Operations of both are
/// told of by spans and a metric: open it after telemetry was installed.
///
/// # Errors
/// `InvalidArgument` when the URL names no adapter or lacks a part, `Unavailable` when no server
/// answers in time, `FailedPrecondition` with `STORE_UNAVAILABLE` when another process has the
/// file, and with `INVALID_FIELD` when it is no database of ours.
pub async fn connect(url: &str, options: ConnectOptions) -> Result<Arc<dyn Store>, Failure> {
    let url = StoreUrl::parse(url)?;
    match url.adapter() {
        Adapter::Mongo => {
            let store = mongo::MongoStore::open(&url, options).await?;
            Ok(Arc::new(Traced::over(Arc::new(Gathering::over(Arc::new(store))), System::Mongo)))
        }
        Adapter::Sqlite => {
            let store = sqlite::SqliteStore::open(Path::new(url.rest()), options.clock).await?;
            Ok(Arc::new(Traced::over(Arc::new(store), System::Sqlite)))
        }
        Adapter::Memory => Ok(Arc::new(memory::MemoryStore::new(options.clock))),
    }
}

/// How far the machine's clock is from the database's, the half of the round trip taken into
/// account. Leases of steps allow for a few seconds; a replica that is more than 2 s off is not
/// ready.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn clock_skew(store: &dyn Store, clock: &dyn Clock) -> Result<Duration, StoreError> {
    let before = clock.now();
    let theirs = store.now().await?;
    let round_trip = clock.now().since(before);
    let ours = before.plus(round_trip / 2);
    Ok(theirs.since(ours).max(ours.since(theirs)))
}
