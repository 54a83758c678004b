//! What the start of every service process has in common, and the shell that the three stages are
//! ([`StageApp`], as a program [`StageProgram`]). The adapters that all services have are
//! constructed here from their settings; any other is by the service's own `app.rs`.

mod command;
mod measure;
mod probe;
mod program;
mod stage;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lectern_blob::Blob;
use lectern_core::{Clock, Failure, Kind, Reason, SystemClock};
use lectern_queue::Queue;
use lectern_rpc::Serving;
use lectern_runtime::{Check, Context};
use lectern_store::{Store, clock_skew};
use tokio_util::sync::CancellationToken;

pub use self::command::{ServiceProgram, main};
pub use self::measure::{measure_cache, measure_store};
pub use self::program::StageProgram;
pub use self::stage::{StageApp, StageParts, worker_options};
use crate::Common;

/// The adapters of a process: made once, shared by every step and call.
#[derive(Debug, Clone)]
pub struct Adapters {
    /// The service's own database.
    pub store: Arc<dyn Store>,
    /// The queue that all services share.
    pub queue: Arc<dyn Queue>,
    /// The object storage that all services share.
    pub blob: Arc<dyn Blob>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

impl Adapters {
    /// Connects `service` to what its settings name.
    ///
    /// # Errors
    /// `INVALID_FIELD` for settings that cannot be used; `STORE_UNAVAILABLE`, `QUEUE_UNAVAILABLE`
    /// or `BLOB_UNAVAILABLE` where one of them does not answer in time.
    pub async fn connect(common: &Common, service: &str) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = connect_store(common, service).await?;
        let queue = lectern_queue::connect(&common.queue.url, common.queue_options(service)).await?;
        let blob = lectern_blob::connect(&common.blob.url, &common.blob.options(), Arc::clone(&clock)).await?;
        Ok(Self { store, queue, blob, clock })
    }
}

/// Connects `service` to its own database, and to nothing else.
///
/// # Errors
/// `INVALID_FIELD` for settings that cannot be used; `STORE_UNAVAILABLE`.
pub async fn connect_store(common: &Common, service: &str) -> Result<Arc<dyn Store>, Failure> {
    lectern_store::connect(&common.store_url(service), common.store_options()).await
}

/// A replica this far off the database's clock is not ready: takeovers count on it.
const SKEW: Duration = Duration::from_secs(2);

/// Lets the process serve only while store, queue and object storage answer and its clock agrees
/// with the database's.
pub fn watch_health(context: &Context, adapters: &Adapters, stop: CancellationToken) {
    let Adapters { store, queue, blob, clock } = adapters.clone();
    let database = Arc::clone(&store);
    context.health.watch(
        Check::new("store", move || {
            let store = Arc::clone(&store);
            async move { Ok(store.ping().await?) }
        }),
        stop.clone(),
    );
    context.health.watch(
        Check::new("queue", move || {
            let queue = Arc::clone(&queue);
            async move { Ok(queue.ping().await?) }
        }),
        stop.clone(),
    );
    context.health.watch(
        Check::new("blob", move || {
            let blob = Arc::clone(&blob);
            async move { Ok(blob.ping().await?) }
        }),
        stop.clone(),
    );
    let check = Check::new("clock", move || {
        let (store, clock) = (Arc::clone(&database), Arc::clone(&clock));
        async move {
            let off = clock_skew(&*store, &*clock).await?;
            if off <= SKEW {
                return Ok(());
            }
            let message = format!("the clock is {} ms off the database's; synchronise it", off.as_millis());
            Err(Failure::new(Kind::FailedPrecondition, Reason::ServiceUnavailable, message))
        }
    });
    context.health.watch(check.every(Duration::from_secs(30)), stop);
}

/// Says where the process listens, for whoever started it.
#[allow(clippy::print_stdout, reason = "the one line that a supervisor reads")]
pub fn announce(address: std::net::SocketAddr) {
    println!("listening on {address}");
}

/// Waits until the calls in flight have ended, and says how many connections the process has opened
/// to its database in all.
///
/// # Errors
/// What ended the server before it was told to stop.
pub async fn ended(serving: Serving, adapters: &Adapters) -> Result<(), Failure> {
    let ended = serving.ended().await;
    tracing::info!(connections_opened = adapters.store.connections_opened(), "the database is no longer used");
    ended
}

/// The running program's own file, to start it once more as a child.
///
/// # Errors
/// INTERNAL when the system does not tell.
pub fn this_program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|e| Failure::internal(format!("the program does not know its own file: {e}")))
}
