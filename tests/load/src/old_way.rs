//! The way that was replaced. There, FastAPI put tasks on a queue, and Celery workers ran each
//! under `asyncio.run`: a new event loop, and because an async client cannot cross loops, a new
//! Motor client with new connections. Here, in Rust: threads that take a task with a broker
//! connection that lasts (as Celery's does), make a runtime and a database client for it, write
//! three times (the step's claim, its end, and the narration's record), and drop both. What takes
//! orders keeps its one client and looks a key up, as FastAPI's did; what HTTP itself costs there
//! is left out, in its favour. Opening our client asks the server two things more than Motor would
//! (a ping, and a look at its limits that is refused).
//!
//! A new client signs in anew. The key that SCRAM-SHA-256 derives from a password by 15,000 rounds
//! of PBKDF2 (RFC 5802, section 3; 15,000 is MongoDB's default) is kept by PyMongo with the client,
//! so that each of those clients derived it again (`pymongo/auth_shared.py`: the cache is a part of
//! the client's credential). The Rust driver keeps it for the whole process; what it would have
//! cost is therefore done beside it.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use lectern_core::id::{NarrationId, Service, StepId, StepKind};
use lectern_core::{Clock as _, OsRandom, SystemClock, Timestamp};
use lectern_queue::{Delivery, Queue};
use lectern_store::{ConnectOptions, Revision, Store, StoreError};
use parking_lot::Mutex;
use serde_json::json;
use tokio::runtime::Handle;

use crate::floor::plain;
use crate::pipeline::{self, NARRATIONS, STEPS};
use crate::round::Way;
use crate::servers::{PASSWORD, Servers};

/// MongoDB's default for SCRAM-SHA-256 (`scramSHA256IterationCount`).
const ROUNDS: NonZeroU32 = NonZeroU32::new(15_000).unwrap();
/// Errors that are printed, of all that there are.
const PRINTED: usize = 3;
/// How long one request for a task waits.
const WAIT: Duration = Duration::from_millis(200);
/// After how long a task comes again that failed.
const AGAIN: Duration = Duration::from_secs(1);
const KEYS: &str = "keys";

/// The old way, at work.
pub struct OldWay {
    shared: Arc<Shared>,
    orders: Arc<dyn Store>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Arc<dyn Queue>,
    database: String,
    options: ConnectOptions,
    runtime: Handle,
    stop: AtomicBool,
    finished: Mutex<Vec<Timestamp>>,
    errors: AtomicUsize,
}

impl OldWay {
    /// Starts `permits` workers of each service.
    pub async fn start(servers: &Servers, permits: usize) -> Result<Self> {
        let queue = lectern_queue::connect(&servers.queue(), servers.queue_options()).await;
        let queue = queue.map_err(|failure| anyhow!("{failure}"))?;
        let (database, options) = (servers.database("old"), servers.store_options());
        let orders = plain(&database, options.clone()).await?;
        orders.ensure(&NARRATIONS).await?;
        orders.ensure(&STEPS).await?;
        orders.insert(KEYS, "key", &json!({ "tenant": "load", "hash": "x".repeat(64) })).await?;
        let shared = Arc::new(Shared {
            queue,
            database,
            options,
            runtime: Handle::current(),
            stop: AtomicBool::new(false),
            finished: Mutex::default(),
            errors: AtomicUsize::new(0),
        });
        let workers = Service::ALL.into_iter().flat_map(|service| (0..permits).map(move |_| service));
        let work = |service| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.work(service))
        };
        let threads = workers.map(work).collect();
        Ok(Self { shared, orders, threads })
    }

    /// Stops the workers.
    pub async fn stop(self) -> Result<()> {
        self.shared.stop.store(true, Ordering::Relaxed);
        tokio::task::spawn_blocking(move || self.threads.into_iter().for_each(|thread| drop(thread.join()))).await?;
        let errors = self.shared.errors.load(Ordering::Relaxed);
        if errors > PRINTED {
            eprintln!("old way: {errors} tasks failed and were done again");
        }
        Ok(())
    }
}

#[async_trait]
impl Way for OldWay {
    async fn order(&self, _: usize) -> Result<()> {
        drop(self.orders.get(KEYS, "key").await?);
        let id = NarrationId::random(&OsRandom);
        self.orders.insert(NARRATIONS.name, id.as_str(), &pipeline::narration(0)).await?;
        let first = pipeline::step_id(&id, StepKind::Extract);
        self.shared.queue.publish(&first, pipeline::message(&first)).await?;
        Ok(())
    }

    async fn finished(&self, _: usize) -> Result<usize> {
        Ok(self.shared.finished.lock().len())
    }

    async fn finish_times(&self) -> Result<Vec<Timestamp>> {
        Ok(self.shared.finished.lock().clone())
    }
}

impl Shared {
    /// One worker: a task after the other, each in a world of its own.
    fn work(&self, service: Service) {
        while !self.stop.load(Ordering::Relaxed) {
            let pulled = self.runtime.block_on(self.queue.pull(service, 1, WAIT));
            for delivery in pulled.unwrap_or_default() {
                if let Err(error) = self.task(&delivery) {
                    if self.errors.fetch_add(1, Ordering::Relaxed) < PRINTED {
                        eprintln!("old way: {}: {error:#}", delivery.step);
                    }
                    drop(self.runtime.block_on(delivery.ack.nak(AGAIN)));
                }
            }
        }
    }

    fn task(&self, delivery: &Delivery) -> Result<()> {
        let step = &delivery.step;
        // What asyncio.run and a new Motor client are.
        let world = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        world.block_on(Box::pin(async {
            sign_in();
            let store = plain(&self.database, self.options.clone()).await?;
            write(&*store, step).await
        }))?;
        drop(world);
        self.runtime.block_on(async {
            self.queue.emit("narration", step.narration.as_str(), pipeline::message(step)).await?;
            match pipeline::after(step) {
                Some(next) => drop(self.queue.publish(&next, pipeline::message(&next)).await?),
                None => self.finished.lock().push(SystemClock.now()),
            }
            delivery.ack.ack().await?;
            anyhow::Ok(())
        })
    }
}

/// What a client of its own derives from the password before it signs in for the first time.
fn sign_in() {
    let mut key = [0; 32];
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, b"a salt of 16 byte", PASSWORD.as_bytes(), &mut key);
    black_box(key);
}

/// What a task writes: it claims its step, ends it, and folds it into the narration.
async fn write(store: &dyn Store, step: &StepId) -> Result<()> {
    let id = step.to_string();
    match store.insert(STEPS.name, &id, &pipeline::step("leased")).await {
        // A task that comes again after an error goes on.
        Ok(_) | Err(StoreError::Duplicate { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    unless_written(
        store.replace(STEPS.name, &id, Revision::FIRST, &pipeline::step("ended")).await.map_err(Into::into),
    )?;
    unless_written(pipeline::fold(store, step).await)
}

/// A task that comes again after an error finds what it has written.
fn unless_written<T>(written: Result<T>) -> Result<()> {
    match written {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.downcast_ref::<StoreError>(), Some(StoreError::Conflict { .. })) => Ok(()),
        Err(error) => Err(error),
    }
}
