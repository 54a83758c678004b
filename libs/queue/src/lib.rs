//! The queue: the port that carries commands, events, hints and dead letters between the services,
//! and its two adapters.
//!
//! Messages carry news, never truth: the database says what is wanted and what was done, so every
//! message may be lost, repeated, delayed or reordered without harm. Read [`port`] for the
//! contract, [`topology`] for the streams and consumers; what becomes of a delivered command is the
//! business of `lectern-work`. No other crate may depend on `async-nats`.

pub mod dead_letter;
pub mod error;
mod jetstream;
mod layer;
pub mod memory;
mod options;
mod permissions;
pub mod port;
mod processed;
pub mod subject;
pub mod topology;
mod traced;

use std::sync::Arc;

use lectern_core::{Failure, Finding, SystemClock};

use traced::Traced;

pub use dead_letter::{DeadLetter, DeadLetterPage};
pub use error::QueueError;
pub use jetstream::LEAST_SERVER;
pub use layer::Layer;
pub use memory::{FaultCounts, Faults, MemoryQueue};
pub use options::{ConnectOptions, Identity, Placement, Tls};
pub use permissions::{Permissions, permissions};
pub use port::{Acknowledge, Delivery, EventDelivery, Hints, Message, Published, Queue, hear, until};
pub use processed::Processed;

/// Connects to the queue that `url` names: `nats://[user:password@]host:port[,host:port...]` (or
/// `tls://`), or `memory:`.
///
/// With NATS it waits up to [`ConnectOptions::connect_within`] for a server, then creates and
/// verifies streams and consumers; an identity that may not create them only verifies what it uses,
/// and waits as long for whoever makes them. With `memory:` every call makes a queue of its own;
/// services of one process share one by sharing the `Arc`. Messages of both are told of by spans
/// and metrics: connect after telemetry was installed.
///
/// # Errors
/// `InvalidArgument` when the URL names no adapter or a setting is wrong, `Unavailable` when no
/// server answers in time or a stream is missing that this identity may not make,
/// `FailedPrecondition` when the server refuses the credentials or a permission, is older than
/// [`LEAST_SERVER`], or has a stream or consumer with settings that cannot be changed to what is
/// needed.
pub async fn connect(url: &str, options: ConnectOptions) -> Result<Arc<dyn Queue>, Failure> {
    let prefix = options.prefix.clone();
    let queue: Arc<dyn Queue> = if url == "memory:" {
        Arc::new(MemoryQueue::new(options).with_clock(Arc::new(SystemClock)))
    } else if is_nats(url) {
        Arc::new(jetstream::JetStream::connect(url, options).await?)
    } else {
        return Err(unknown(url));
    };
    Ok(Arc::new(Traced::over(queue, &prefix)))
}

/// Makes the streams and consumers that the identity of `options` uses, reads all of them back, and
/// tells what there is, one line each, such as `stream WORK_TTS: copies 3, messages 0`. It can be
/// repeated: what is there already is verified, and raised where it is less than is needed. What
/// [`connect`] makes at each start is the same, but for the consumer of the gateways' events.
///
/// # Errors
/// Those of [`connect`]; `InvalidArgument` for `memory:`, whose streams live in each process.
pub async fn make_topology(url: &str, options: ConnectOptions) -> Result<Vec<String>, Failure> {
    if url == "memory:" {
        let message = "a queue in memory has no streams to make; name a NATS server, nats://host:port";
        return Err(Failure::invalid("queue.url", message));
    }
    if !is_nats(url) {
        return Err(unknown(url));
    }
    Ok(jetstream::JetStream::connect(url, options).await?.make_topology().await?)
}

/// Looks at the queue that `url` names as the identity of `options` would use it: whether it
/// answers, has the streams and consumers as they should be and room in them, and lets this
/// identity do what it needs and no more. Nothing is made or changed.
pub async fn examine(url: &str, options: ConnectOptions) -> Vec<Finding> {
    const CHECK: &str = "queue";
    if url == "memory:" {
        let advice = "name a NATS server in queue.url, unless this is an embedded instance";
        return vec![Finding::warning(CHECK, "memory: reaches no other process", advice)];
    }
    if !is_nats(url) {
        return vec![Finding::broken(CHECK, unknown(url).message, "mend queue.url")];
    }
    let deadline = tokio::time::Instant::now() + options.connect_within;
    match jetstream::JetStream::open(url, options, deadline).await {
        Ok(queue) => queue.examine().await,
        Err(failure) => {
            let advice = "bring nats-server back, or mend queue.url, queue.credentials and queue.tls";
            vec![Finding::broken(CHECK, failure.message, advice)]
        }
    }
}

fn is_nats(url: &str) -> bool {
    url.starts_with("nats://") || url.starts_with("tls://")
}

fn unknown(url: &str) -> Failure {
    let scheme = url.split(':').next().unwrap_or_default();
    Failure::invalid(
        "queue.url",
        format!("no queue is known for {scheme:?}; give nats://host:port, tls://host:port or memory:"),
    )
}
