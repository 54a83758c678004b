//! For tests only: the system as processes with real servers, faults in sequence under continuous
//! load, and what must hold afterwards.
//!
//! A [`groups`] module is one sequence of faults on a stack of its own. [`run::Run`] is that stack
//! under load: it begins and ends faults, starts again what fell, and measures how long the
//! narrations took to go on. [`checks`] reads databases and objects past every proxy when all has
//! ended. Every fault has to show that it was hit; one that was not fails its group, as a broken
//! invariant does.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::result_large_err,
    clippy::disallowed_methods,
    reason = "a program that tests: what it finds wrong with its own doing ends a group, and it waits for real processes"
)]

pub mod bills;
pub mod board;
pub mod checks;
pub mod groups;
pub mod ledger;
pub mod load;
pub mod logs;
pub mod model;
pub mod objects;
pub mod report;
pub mod run;
pub mod scale;
pub mod texts;
