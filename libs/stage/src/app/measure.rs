//! What a process exports of its database and of its worker: the parts keep count, and know
//! nothing of who asks.

use std::collections::BTreeSet;
use std::sync::Arc;

use lectern_runtime::names::db;
use lectern_runtime::{HealthState, Metrics};
use lectern_store::{PoolStats, Store};
use lectern_work::{DeliveryOutcome, Handler, Worker};

use crate::Lookups;

/// Exports what the service's database costs, and what its pool of connections does.
#[allow(clippy::cast_precision_loss, reason = "there are fewer than 2^53 connections")]
pub fn measure_store(service: &'static str, store: &Arc<dyn Store>) {
    let metrics = Metrics::new("lectern.store");
    if let Some(pool) = store.pool() {
        type Level = fn(&PoolStats) -> u64;
        let name: (&'static str, &str) = (db::POOL, service);
        let states: [(&str, Level); 2] = [("idle", PoolStats::idle), ("used", PoolStats::used)];
        for (state, level) in states {
            let pool = Arc::clone(&pool);
            metrics.observe(
                db::POOL_COUNT,
                "{connection}",
                "Connections of the pools to the service's database, by state.",
                &[name, (db::POOL_STATE, state)],
                move || Some(level(&pool) as f64),
            );
        }
        let levels: [(&'static str, &'static str, &'static str, Level); 2] = [
            (
                db::POOL_MAX,
                "{connection}",
                "Most connections of the pool to one server of the service's database.",
                PoolStats::most,
            ),
            (
                db::POOL_PENDING,
                "{request}",
                "Operations that wait for a connection to the service's database.",
                PoolStats::pending,
            ),
        ];
        for (metric, unit, description, level) in levels {
            let pool = Arc::clone(&pool);
            metrics.observe(metric, unit, description, &[name], move || Some(level(&pool) as f64));
        }
        let waits = metrics.histogram(
            db::POOL_WAIT,
            "s",
            "How long operations waited for a connection to the service's database.",
            &db::SECONDS,
        );
        pool.tell_waits(move |wait| waits.record(wait.as_secs_f64(), &[name]));
    }
    // Held until the last export, when the process has ended its work.
    let store = Arc::clone(store);
    metrics.observe_count(
        "lectern.store.connections_opened",
        "{connection}",
        "Connections opened to the service's database since the start.",
        &[("service", service)],
        move || Some(store.connections_opened()),
    );
}

/// Exports how often a cache had what was looked for.
pub fn measure_cache(cache: &'static str, lookups: &Arc<Lookups>) {
    type Count = fn(&Lookups) -> u64;
    let results: [(&str, Count); 2] = [("hit", Lookups::hits), ("miss", Lookups::misses)];
    for (result, count) in results {
        let lookups = Arc::clone(lookups);
        Metrics::new("lectern.cache").observe_count(
            "lectern.cache.lookups",
            "{lookup}",
            "Lookups in caches, by result.",
            &[("cache", cache), ("result", result)],
            move || Some(count(&lookups)),
        );
    }
}

/// Exports what the worker does: how much it may, deliveries at work, and those that ended, by
/// outcome; what came again, what was lost, and what is among the dead letters.
#[allow(clippy::cast_precision_loss, reason = "there are fewer than 2^53 deliveries at work")]
pub(super) fn measure_worker<H: Handler>(service: &'static str, worker: &Worker<H>) {
    let metrics = Metrics::new("lectern.queue");
    let stats = worker.stats();
    metrics.observe(
        "lectern.worker.running",
        "{delivery}",
        "Deliveries at work.",
        &[("service", service)],
        move || Some(stats.running() as f64),
    );
    let permits = worker.permits() as f64;
    metrics.observe(
        "lectern.permits",
        "{step}",
        "Steps that the process does at once at most.",
        &[("service", service)],
        move || Some(permits),
    );
    let stats = worker.stats();
    metrics.observe_count(
        "lectern.queue.redeliveries",
        "{message}",
        "Deliveries of commands that were delivered before.",
        &[("service", service)],
        move || Some(stats.redelivered()),
    );
    let stats = worker.stats();
    metrics.observe_count(
        "lectern.step.leases_lost",
        "{lease}",
        "Leases that were lost before their step was let go.",
        &[("service", service)],
        move || Some(stats.leases_lost()),
    );
    let letters = metrics.counter("lectern.dead_letters", "{message}", "Dead letters that were stored, by reason.");
    worker.stats().tell_dead_letters(move |reason| {
        letters.add(1, &[("service", service), ("reason", reason.as_str())]);
    });
    for outcome in DeliveryOutcome::ALL {
        let stats = worker.stats();
        metrics.observe_count(
            "lectern.worker.ended",
            "{delivery}",
            "Deliveries that ended, by outcome.",
            &[("service", service), ("outcome", outcome.as_str())],
            move || Some(stats.ended(outcome)),
        );
    }
}

/// Exports which engines are out of order, as a gauge and as health of `engine/{name}`. The process
/// as a whole serves on: what it is asked for besides does not need the engine, and its commands
/// wait.
pub(super) fn watch_engines<H: Handler>(service: &'static str, worker: &Worker<H>, health: &HealthState) {
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
                        "{breaker}",
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
