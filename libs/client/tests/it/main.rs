//! The client against a server in this process, over loopback, that breaks calls on purpose.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod calls;
mod downloads;
mod listens;
mod lists;
mod server;
mod uploads;
mod watches;
