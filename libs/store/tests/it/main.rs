//! The contract suite, held against every adapter, and what is particular to each.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

mod contract;
mod memory;
mod mongo;
mod sqlite;
