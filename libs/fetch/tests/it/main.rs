//! What may be called and what may not, against a world of the tests' own: names, addresses and
//! servers in this process. Nothing here connects anywhere but to loopback, even with a guard that
//! lets everything through.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod calls;
mod limits;
mod loopback;
mod operator;
mod tricks;
mod world;
