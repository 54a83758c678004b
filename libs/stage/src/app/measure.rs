//! What a process exports of its database and of its worker.

use std::collections::BTreeSet;
use std::sync::Arc;

use lectern_runtime::{HealthState, Metrics};
use lectern_store::Store;
use lectern_work::{DeliveryOutcome, Handler, Worker};

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
pub(super) fn measure_worker<H: Handler>(service: &'static str, worker: &Worker<H>) {
    let metrics = Metrics::new("lectern.queue");
    let stats = worker.stats();
    metrics.observe("lectern.worker.running", "1", "Deliveries at work.", &[("service", service)], move || {
        Some(stats.running() as f64)
    });
    for outcome in DeliveryOutcome::ALL {
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
