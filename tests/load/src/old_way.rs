//! The way that was replaced. There, FastAPI put tasks on a queue, and Celery workers ran each
//! under `asyncio.run`: a new event loop, and because an async client cannot cross loops, a new
//! Motor client with new connections. Here, in Rust: threads that take a task with a broker
//! connection that lasts (as Celery's does), make a runtime and a database client for it, write
//! what Lectern writes at the least, and drop both. The door keeps its one client and looks a key
//! up, as FastAPI's did; what HTTP itself costs there is left out, in its favour.
//!
//! A new client signs in anew. The key that SCRAM-SHA-256 derives from a password by 15,000 rounds
//! of PBKDF2 (RFC 5802, section 3; 15,000 is MongoDB's default) is kept by PyMongo with the client,
//! so that each of those clients derived it again (`pymongo/auth_shared.py`: the cache is a part of
//! the client's credential). The Rust driver keeps it for the whole process; what it would have
//! cost is therefore done beside it.

use std::collections::HashMap;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use futures::StreamExt as _;
use lectern_core::OsRandom;
use lectern_core::id::{NarrationId, Service, StepId, StepKind};
use lectern_queue::{ConnectOptions, Queue};
use lectern_store::Store;
use serde_json::json;
use tokio::runtime::Handle;

use crate::pipeline::{self, NARRATIONS, STEPS};
use crate::report::{Report, cpu};
use crate::{PASSWORD, Servers};

/// Orders under way at once.
const CLIENTS: usize = 32;
/// MongoDB's default for SCRAM-SHA-256 (`scramSHA256IterationCount`).
const ROUNDS: NonZeroU32 = NonZeroU32::new(15_000).unwrap();
/// Errors that are printed, of all that there are.
const PRINTED: usize = 3;
const KEYS: &str = "keys";

struct Shared {
    queue: Arc<dyn Queue>,
    database: String,
    runtime: Handle,
    stop: AtomicBool,
    begun: Mutex<HashMap<NarrationId, Instant>>,
    latencies: Mutex<Vec<Duration>>,
    writes: AtomicU64,
    messages: AtomicU64,
    finished: AtomicUsize,
    errors: AtomicUsize,
}

/// Queues so many narrations at once and waits until they are finished.
pub async fn measure(servers: &Servers, narrations: usize, permits: usize, most: Duration) -> Result<Report> {
    let database = servers.database(&format!("old{narrations}"));
    let options = ConnectOptions::with_prefix(format!("old{narrations}"));
    let queue = lectern_queue::connect(&servers.nats.url(), options).await.map_err(|f| anyhow!("{f}"))?;
    let door = open(&database).await?;
    door.ensure(&NARRATIONS).await?;
    door.ensure(&STEPS).await?;
    door.insert(KEYS, "key", &json!({ "tenant": "load", "hash": "x".repeat(64) })).await?;
    let shared = Arc::new(Shared {
        queue,
        database,
        runtime: Handle::current(),
        stop: AtomicBool::new(false),
        begun: Mutex::default(),
        latencies: Mutex::default(),
        writes: AtomicU64::new(0),
        messages: AtomicU64::new(0),
        finished: AtomicUsize::new(0),
        errors: AtomicUsize::new(0),
    });
    let (connections, cpu_before, begin) = (servers.proxy.accepted(), cpu(), Instant::now());
    let mut threads = Vec::new();
    for service in Service::ALL {
        for _ in 0..permits {
            let shared = Arc::clone(&shared);
            threads.push(std::thread::spawn(move || work(&shared, service)));
        }
    }
    let ordered = futures::stream::iter(0..narrations).map(|_| accept(&shared, &door)).buffer_unordered(CLIENTS);
    ordered.collect::<Vec<_>>().await.into_iter().collect::<Result<()>>()?;
    while shared.finished.load(Ordering::Relaxed) < narrations && begin.elapsed() < most {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let took = begin.elapsed();
    let errors = shared.errors.load(Ordering::Relaxed);
    if errors > PRINTED {
        eprintln!("old way: {errors} tasks failed and were done again");
    }
    shared.stop.store(true, Ordering::Relaxed);
    let cpu = cpu().saturating_sub(cpu_before);
    tokio::task::spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join()))).await?;
    let latencies = shared.latencies.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Report {
        finished: latencies.len(),
        took,
        latencies,
        connections: servers.proxy.accepted() - connections,
        cpu,
        writes: shared.writes.load(Ordering::Relaxed),
        reads: u64::try_from(narrations)?,
        messages: shared.messages.load(Ordering::Relaxed),
        // A client of its own has nobody to wait for; what it waits for is its connection.
        waited: Duration::ZERO,
        cut: shared.finished.load(Ordering::Relaxed) < narrations,
        detail: Vec::new(),
    })
}

async fn open(database: &str) -> Result<Arc<dyn Store>> {
    lectern_store::connect(database, lectern_store::ConnectOptions::default()).await.map_err(|f| anyhow!("{f}"))
}

/// The door: one client, kept.
async fn accept(shared: &Shared, door: &Arc<dyn Store>) -> Result<()> {
    drop(door.get(KEYS, "key").await?);
    let id = NarrationId::random(&OsRandom);
    shared.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), Instant::now());
    door.insert(NARRATIONS.name, id.as_str(), &pipeline::narration(0)).await?;
    shared.writes.fetch_add(1, Ordering::Relaxed);
    publish(shared, &pipeline::step_id(&id, StepKind::Extract)).await
}

async fn publish(shared: &Shared, step: &StepId) -> Result<()> {
    shared.messages.fetch_add(1, Ordering::Relaxed);
    shared.queue.publish(step, pipeline::message()).await?;
    Ok(())
}

/// What a client of its own derives from the password before it signs in for the first time.
fn sign_in() {
    let mut key = [0; 32];
    ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, b"a salt of 16 byte", PASSWORD.as_bytes(), &mut key);
    black_box(key);
}

/// One worker: a task after the other, each in a world of its own.
fn work(shared: &Arc<Shared>, service: Service) {
    while !shared.stop.load(Ordering::Relaxed) {
        let pulled = shared.runtime.block_on(shared.queue.pull(service, Duration::from_millis(200)));
        let Ok(Some(delivery)) = pulled else { continue };
        let task = delivery.step.clone();
        // What asyncio.run and a new Motor client are.
        let wrote = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(anyhow::Error::from);
        let wrote = wrote.and_then(|runtime| {
            runtime.block_on(Box::pin(async {
                sign_in();
                let store = open(&shared.database).await?;
                pipeline::write(&*store, &task).await
            }))
        });
        let told = shared.runtime.block_on(async {
            wrote?;
            shared.writes.fetch_add(3, Ordering::Relaxed);
            shared.messages.fetch_add(1, Ordering::Relaxed);
            shared.queue.emit("narration", task.narration.as_str(), pipeline::message()).await?;
            if let Some(next) = pipeline::after(task.kind) {
                publish(shared, &pipeline::step_id(&task.narration, next)).await?;
            }
            delivery.ack.ack().await?;
            anyhow::Ok(())
        });
        if let Err(error) = told {
            if shared.errors.fetch_add(1, Ordering::Relaxed) < PRINTED {
                eprintln!("old way: {task}: {error:#}");
            }
            drop(shared.runtime.block_on(delivery.ack.nak(Duration::from_secs(1))));
            continue;
        }
        if pipeline::after(task.kind).is_none() {
            let begun = shared.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&task.narration);
            if let Some(begun) = begun {
                shared.latencies.lock().unwrap_or_else(PoisonError::into_inner).push(begun.elapsed());
            }
            shared.finished.fetch_add(1, Ordering::Relaxed);
        }
    }
}
