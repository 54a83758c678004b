//! The queue: the port that carries commands, events, hints and dead letters between the services,
//! and its two adapters.
//!
//! Messages carry news, never truth: the database says what is wanted and what was done, so every
//! message may be lost, repeated, delayed or reordered without harm. Read [`port`] for the
//! contract, [`topology`] for the streams and consumers; what becomes of a delivered command is the
//! business of `lectern-work`. No other crate may depend on `async-nats`.

pub mod error;
mod jetstream;
mod layer;
pub mod letter;
pub mod memory;
mod options;
mod permissions;
pub mod port;
pub mod subject;
pub mod topology;

use std::sync::Arc;

use lectern_core::{Failure, SystemClock};

pub use error::QueueError;
pub use jetstream::LEAST_SERVER;
pub use layer::Layer;
pub use letter::{DeadLetter, LetterPage};
pub use memory::{FaultCounts, Faults, MemoryQueue};
pub use options::{ConnectOptions, Identity, Placement, Tls};
pub use permissions::{Permissions, permissions};
pub use port::{Acknowledge, Delivery, EventDelivery, Hints, Message, Published, Queue, hear, until};

/// Connects to the queue that `url` names: `nats://[user:password@]host:port[,host:port...]` (or
/// `tls://`), or `memory:`.
///
/// With NATS it waits up to [`ConnectOptions::connect_within`] for a server, then creates and
/// verifies streams and consumers; an identity that may not create them only verifies what it uses,
/// and waits as long for whoever makes them. With `memory:` every call makes a queue of its own;
/// services of one process share one by sharing the `Arc`.
///
/// # Errors
/// `InvalidArgument` when the URL names no adapter or a setting is wrong, `Unavailable` when no
/// server answers in time or a stream is missing that this identity may not make,
/// `FailedPrecondition` when the server refuses the credentials or a permission, is older than
/// [`LEAST_SERVER`], or has a stream or consumer with settings that cannot be changed to what is
/// needed.
pub async fn connect(url: &str, options: ConnectOptions) -> Result<Arc<dyn Queue>, Failure> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryQueue::new(options).with_clock(Arc::new(SystemClock))));
    }
    if url.starts_with("nats://") || url.starts_with("tls://") {
        return Ok(Arc::new(jetstream::JetStream::connect(url, options).await?));
    }
    let scheme = url.split(':').next().unwrap_or_default();
    Err(Failure::invalid(
        "queue.url",
        format!("no queue is known for {scheme:?}; give nats://host:port, tls://host:port or memory:"),
    ))
}
