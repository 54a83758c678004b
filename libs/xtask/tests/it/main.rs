//! The contributor's tool as it is used, on the programs that were built with it.

#![allow(clippy::expect_used, reason = "helpers of tests fail like tests")]

mod dist;
mod stack;
