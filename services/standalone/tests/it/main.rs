//! The `lectern` binary as a person has it: in a home of its own, with and without a terminal.
//! Output, files and exit status are looked at; the generator of tones speaks.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod again;
mod approval;
mod data;
mod folders;
mod interrupts;
mod manage;
mod manage_delete;
mod manage_files;
mod manage_play;
mod ops;
mod output;
mod restore;
mod selection;
mod several;
mod smoke;
mod statuses;
mod support;
mod terminal;
mod up;
mod voice;
mod writers;
