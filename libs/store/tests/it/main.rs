//! The contract suite, held against every adapter, and what is particular to each.

mod contract;
mod memory;
mod mongo;
mod sqlite;
