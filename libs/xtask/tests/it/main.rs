//! The contributor's tool as it is used, on the programs that were built with it.

#![allow(clippy::expect_used, reason = "helpers of tests fail like tests")]

mod dist;
mod stack;

use std::process::Output;

/// Everything that a program said.
fn text(output: &Output) -> String {
    [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat()
}
