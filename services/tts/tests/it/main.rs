//! The engines of others against strict fakes of their providers: what each fault becomes, what is
//! sent in each dialect, who we are there, and who pays; and the whole service on two of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod credentials;
mod dialogue;
mod faults;
mod payment;
mod requests;
mod service;
mod world;
