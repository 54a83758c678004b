//! The names of OpenTelemetry's semantic conventions that spans and metrics of ours have, one
//! module a convention, since some of them still move. Nobody spells one anywhere else.
//!
//! They are those of the conventions as of 2026-08-20 (1.44.0 and what was merged after it), and
//! written down here because the crate of constants is two versions behind.

pub mod db;
pub mod gen_ai;
pub mod http;
pub mod messaging;
pub mod resource;
pub mod rpc;
pub mod span;
