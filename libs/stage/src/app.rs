//! What the start of every service process has in common. Adapters are constructed by each
//! service's own `app.rs`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use futures::future::BoxFuture;
use lectern_blob::Blob;
use lectern_core::{Clock, Failure, Kind, OsRandom, Random as _, Reason};
use lectern_queue::Queue;
use lectern_queue::worker::{Handler, Outcome, Traces, Worker, WorkerOptions};
use lectern_rpc::{Authenticate, Serving, WithServices, channel};
use lectern_runtime::config::Loader;
use lectern_runtime::{Check, Context, HealthState, Metrics, TelemetryConfig, bootstrap};
use lectern_store::Store;
use lectern_store::{Steps, StepsOptions, clock_skew};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::auth::KeysOfGateway;
use crate::config::Common;

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

/// Exports what the service's database costs.
pub fn measure_store(service: &'static str, store: &Arc<dyn Store>) {
    // Held until the last export, when the process has ended its work.
    let store = Arc::clone(store);
    Metrics::new("lectern.store").observe_count(
        "lectern.store.connections_opened",
        "1",
        "Connections opened to the service's database since the start.",
        &[("service", service)],
        move || Some(store.connections_opened()),
    );
}

/// Exports what the worker does: deliveries at work, and those that ended, by outcome.
#[allow(clippy::cast_precision_loss, reason = "there are fewer than 2^53 deliveries at work")]
pub fn measure_worker<H: Handler>(service: &'static str, worker: &Worker<H>) {
    let metrics = Metrics::new("lectern.queue");
    let stats = worker.stats();
    metrics.observe("lectern.worker.running", "1", "Deliveries at work.", &[("service", service)], move || {
        Some(stats.running() as f64)
    });
    for outcome in Outcome::ALL {
        let stats = worker.stats();
        metrics.observe_count(
            "lectern.worker.ended",
            "1",
            "Deliveries that ended, by outcome.",
            &[("service", service), ("outcome", outcome.as_str())],
            move || Some(stats.ended(outcome)),
        );
    }
}

/// Exports which engines are out of order, as a gauge and as health of `engine/{name}`. The process
/// as a whole serves on: what it is asked for besides does not need the engine, and its commands
/// wait.
pub fn watch_engines<H: Handler>(service: &'static str, worker: &Worker<H>, health: &HealthState) {
    let (mut engines, health) = (worker.engines(), health.clone());
    tokio::spawn(async move {
        let metrics = Metrics::new("lectern.queue");
        let mut measured = BTreeSet::new();
        loop {
            let states = engines.borrow_and_update().clone();
            for (engine, open) in states {
                health.part(format!("engine/{engine}"), !open);
                if measured.insert(engine.clone()) {
                    let (states, name) = (engines.clone(), engine.clone());
                    metrics.observe(
                        "lectern.worker.breaker_open",
                        "1",
                        "Whether the engine's breaker is open: 1, or 0.",
                        &[("service", service), ("engine", engine.as_str())],
                        move || states.borrow().get(&name).map(|open| f64::from(u8::from(*open))),
                    );
                }
            }
            if engines.changed().await.is_err() {
                return;
            }
        }
    });
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

/// A service of Lectern. Settings come from LECTERN_* variables over the file over defaults.
#[derive(Debug, Parser)]
struct Arguments {
    /// Configuration file, TOML; keys and their defaults are shown by --print-config.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints the configuration in force, secrets left out, and exits.
    #[arg(long)]
    print_config: bool,
}

/// The `main` of a service: parses the command line, loads the configuration and runs.
pub fn main<C, W>(name: &'static str, telemetry: impl Fn(&C) -> &TelemetryConfig, work: W) -> ExitCode
where
    C: DeserializeOwned + Serialize + Default,
    W: FnOnce(C, Context) -> BoxFuture<'static, Result<(), Failure>>,
{
    let arguments = Arguments::parse();
    let config: C = match Loader::new("LECTERN").file(arguments.config).load() {
        Ok(config) => config,
        Err(failure) => return bootstrap::fail(name, &failure),
    };
    if arguments.print_config {
        return match lectern_runtime::print(&config) {
            Ok(text) => {
                #[allow(clippy::print_stdout, reason = "what the flag is for")]
                {
                    print!("{text}");
                }
                ExitCode::SUCCESS
            }
            Err(failure) => bootstrap::fail(name, &failure),
        };
    }
    let telemetry = telemetry(&config).clone();
    lectern_runtime::run(name, &telemetry, |context| work(config, context))
}

/// The steps of a stage, in its own database. Collections are made if they are not there.
///
/// # Errors
/// `STORE_UNAVAILABLE`.
pub async fn steps(adapters: &Adapters) -> Result<Steps, Failure> {
    let boot = format!("{:016x}", OsRandom.next());
    let steps = Steps::new(Arc::clone(&adapters.store), Arc::clone(&adapters.clock), StepsOptions::new(boot));
    steps.ensure().await?;
    Ok(steps)
}

/// Who may call a stage: services of the installation, and API keys, which the gateway knows.
///
/// # Errors
/// `INVALID_FIELD` for a secret or URL that cannot be used.
pub fn stage_authenticate(
    common: &Common,
    service: &'static str,
    adapters: &Adapters,
) -> Result<Arc<dyn Authenticate>, Failure> {
    let credential = common.credential(Arc::clone(&adapters.clock))?;
    let gateway = channel(&common.calls(&common.gateway.url))?;
    let keys = KeysOfGateway::new(gateway, Arc::new(credential.clone()), service, Arc::clone(&adapters.clock));
    Ok(Arc::new(WithServices::new(credential, Arc::new(keys))))
}

/// The running program's own file, to start it once more as a child.
///
/// # Errors
/// INTERNAL when the system does not tell.
pub fn this_program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|e| Failure::internal(format!("the program does not know its own file: {e}")))
}

/// How a stage's worker runs: `permits` steps at once, each step in the trace of its narration.
#[must_use]
pub fn worker_options(permits: usize, grace: Duration) -> WorkerOptions {
    let traces = Traces { set_parent: lectern_runtime::set_parent, current: lectern_runtime::current_traceparent };
    WorkerOptions { permits, grace, traces, ..WorkerOptions::default() }
}
