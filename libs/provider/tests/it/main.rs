//! Calls over real sockets of loopback, and, where time matters, over pipes in virtual time.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod calls;
mod google;
mod limits;
mod server;
mod spans;
mod streams;
