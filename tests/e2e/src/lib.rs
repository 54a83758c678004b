//! For tests only: starts the system as its callers find it, in one process or in four, and calls
//! its public API.
//!
//! A test asks a [`Profile`] for a [`Setup`], starts it and gets an [`Instance`], whose [`Client`]
//! has the generated clients and the few things that every test does: hand in a source, order,
//! watch to the end, download and verify. What a helper finds wrong it panics about, with what it
//! saw; the logs of the processes follow.

#![allow(
    clippy::expect_used,
    clippy::result_large_err,
    reason = "helpers of tests fail like tests, and a call's error is the status that it got"
)]

mod client;
mod instance;
pub mod media;
mod messages;
pub mod models;
mod secured;
mod servers;
mod setup;
mod steps;

pub use client::{Authorized, Client};
pub use instance::{Instance, fixture};
pub use messages::{Refusal, artifact, chapters, document_id, join, narration_id, of, reason, refusal, upload};
pub use models::PaidModel;
pub use servers::{MEMBERS, Mongo, Nats, Servers};
pub use setup::{Link, Profile, Setup};
pub use steps::{StepReader, spoken};

/// How long anything may take before a test gives up: generous, because nothing here measures time.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(150);
