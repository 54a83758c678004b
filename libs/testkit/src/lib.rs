//! For tests only: starts and stops real servers and our own processes, and puts faults between
//! them.
//!
//! Everything here but `gcs`, `kubernetes` and `models` is plain blocking code without a runtime:
//! starting a server takes some 100 ms (a MongoDB 1 to 2 s), and a test that cannot spare its
//! thread for that long calls it from `spawn_blocking`. Those three are served within the process,
//! each by a thread with a runtime of its own, and start at once. What is started is ended, by its
//! process id, when its value is dropped. Functions that tests call panic with what to run when a
//! server or a binary is missing; nothing is skipped.

#![allow(
    clippy::disallowed_methods,
    reason = "tests and the contributor's tool wait for real processes and read their own environment"
)]

#[cfg(feature = "certificates")]
pub mod certificates;
mod daemon;
pub mod env;
mod fake_gcs_server;
#[cfg(feature = "gcs")]
pub mod gcs;
pub mod grounding;
#[cfg(any(feature = "gcs", feature = "kubernetes", feature = "models"))]
mod hosted;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(feature = "models")]
pub mod models;
mod mongo;
mod nats;
mod nats_cluster;
pub mod pages;
pub mod pdfs;
pub mod pins;
mod process;
mod proxy;
mod shared;
pub mod speech;

pub use daemon::{Daemon, StartError, TempDir, temp_dir};
pub use fake_gcs_server::FakeGcsServer;
#[cfg(feature = "sign-in")]
pub use mongo::MongoSession;
pub use mongo::{Find, MongoDump, MongoReader, MongoServer, MongoSet, MongoTls};
pub use nats::{NatsServer, jetstream};
pub use nats_cluster::{NatsCluster, NatsClusterOptions, NatsNode};
pub use process::{Process, Program};
pub use proxy::{Fault, Proxy};
pub use shared::TestServers;
