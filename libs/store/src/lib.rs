//! The store: the port behind which every service keeps its records, its adapters, and the two
//! mechanisms built on records alone: [`steps`] (claim, lease, fence) and the [`reconcile`]r.
//!
//! A service owns one database. Truth lives in small records, each changed by compare-and-swap on
//! its revision; what grows is an object in `lectern-blob`. No other crate may depend on `mongodb`.
//!
//! | URL | adapter |
//! | --- | --- |
//! | `mongodb://[user:password@]host[:port][,...]/DATABASE[?options]` | [`mongo::MongoStore`]: one pooled client |
//! | `sqlite:PATH` | [`sqlite::SqliteStore`]: a file, which one process has to itself |
//! | `memory:` | [`memory::MemoryStore`]: for tests, with injected faults |

pub mod collection;
mod error;
pub mod memory;
pub mod mongo;
mod port;
pub mod query;
pub mod reconcile;
pub mod sqlite;
pub mod steps;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, SystemClock};

pub use collection::{Change, Collection, Page, Record, Updated, Versioned};
pub use error::StoreError;
pub use port::{CollectionSpec, ID, Index, MAX_RECORD_BYTES, Revision, Store, Stored};
pub use query::{Condition, Cursor, Direction, MAX_LIMIT, Op, Query};
pub use reconcile::{Due, Reconciler, ReconcilerOptions};
pub use steps::{Claim, Ending, Extended, Lease, LeaseError, Steps, StepsOptions};

/// How to connect.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Most connections of the pool to one database server, 1 to 1,000. The driver's monitors come
    /// on top.
    pub max_pool_size: u32,
    /// How long to look for a server, and to wait for one connection.
    pub connect_within: Duration,
    /// How long one operation may take.
    pub operation_within: Duration,
    /// The name shown in the database's logs.
    pub application: String,
    /// The clock of adapters that have none of their own.
    pub clock: Arc<dyn Clock>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            max_pool_size: 10,
            connect_within: Duration::from_secs(10),
            operation_within: Duration::from_secs(10),
            application: "lectern".to_owned(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Opens the database that `url` names and waits until it answers.
///
/// # Errors
/// `InvalidArgument` when the URL names no adapter or lacks a part, `Unavailable` when no server
/// answers in time, `FailedPrecondition` with `STORE_UNAVAILABLE` when another process has the
/// file, and with `INVALID_FIELD` when it is no database of ours.
pub async fn connect(url: &str, options: ConnectOptions) -> Result<Arc<dyn Store>, Failure> {
    match url.split_once(':') {
        Some(("mongodb", _)) => Ok(Arc::new(mongo::MongoStore::open(url, options).await?)),
        Some(("sqlite", path)) if !path.is_empty() => {
            Ok(Arc::new(sqlite::SqliteStore::open(Path::new(path), options.clock).await?))
        }
        Some(("memory", "")) => Ok(Arc::new(memory::MemoryStore::new(options.clock))),
        // The URL may hold a password: show the scheme alone.
        scheme => Err(Failure::invalid(
            "store.url",
            format!(
                "no store is known for {:?}; give mongodb://host:port/database, sqlite:PATH or memory:",
                scheme.map_or("", |(scheme, _)| scheme)
            ),
        )),
    }
}

/// How far the machine's clock is from the database's, the half of the round trip taken into
/// account. Leases allow for [`StepsOptions::skew`]; a replica that is more than 2 s off is not
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
