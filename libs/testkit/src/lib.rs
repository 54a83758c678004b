//! For tests only: starts and stops real servers and our own processes, and puts faults between
//! them.
//!
//! Everything here is plain blocking code without a runtime: starting a server takes some 100 ms (a
//! MongoDB 1 to 2 s), and a test that cannot spare its thread for that long calls it from
//! `spawn_blocking`. What is started is ended, by its process id, when its value is dropped.
//! Functions that tests call panic with what to run when a server or a binary is missing; nothing
//! is skipped.

#![allow(
    clippy::disallowed_methods,
    reason = "tests and the contributor's tool wait for real processes and read their own environment"
)]

mod daemon;
pub mod env;
mod mongo;
mod nats;
pub mod pdfs;
pub mod pins;
mod process;
mod proxy;
mod shared;

pub use daemon::{StartError, TempDir, temp_dir};
pub use mongo::{Find, MongoReader, MongoReplicaSet, MongoServer};
pub use nats::{NatsServer, jetstream};
pub use process::{Process, Program};
pub use proxy::{Fault, Proxy};
pub use shared::TestServers;
