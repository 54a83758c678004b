//! What a service process needs before it does its work: configuration, telemetry, health, an
//! orderly end, and the function that puts them together.
//!
//! This is the only crate that reads the environment. It knows nothing of gRPC: `lectern-rpc`
//! serves the health that is gathered here.

pub mod bootstrap;
pub mod config;
pub mod health;
mod leftovers;
pub mod places;
pub mod shares;
pub mod shutdown;
pub mod telemetry;

pub use bootstrap::{Context, run, run_with};
pub use config::{ByteSize, Secret, load, print, print_both};
pub use health::{Check, HealthState};
pub use leftovers::{Registered, remove_at_once};
pub use shares::{Room, Share, Shares};
pub use shutdown::{Drain, Shutdown};
pub use telemetry::{Metrics, TelemetryConfig, current_trace_id, current_traceparent, names, set_parent};
