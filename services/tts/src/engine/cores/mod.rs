//! The process's cores, and who may compute on one: local synthesis takes all of them and no more,
//! whoever asks for it, and the earliest section first, so that a recording can be listened to
//! while its later sections are still made.
//!
//! | file | what |
//! | --- | --- |
//! | `semaphore.rs` | [`Cores`]: as many permits as there are cores, the lowest rank first |
//! | `compute.rs` | [`Compute`], which blocks; [`OnCores`] and [`WithCore`], which wait for a core |
//!
//! [`OnCores`] has an engine that computes in this process behind the port, [`WithCore`] one whose
//! calls are programs beside it. What asks a server takes no core.

mod compute;
mod semaphore;

pub use compute::{Compute, OnCores, WithCore};
pub use semaphore::{Core, Cores};
