//! Owns narrations: the public API, and the conductor of the stages.
//!
//! Read it from [`conduct`], the two pure functions that say what happens next; [`domain`] is the
//! noun, [`orders`] what callers may do with it, [`api`] how they say so.

pub mod admission;
pub mod api;
pub mod app;
pub mod audit;
pub mod conduct;
pub mod config;
pub mod dead_letters;
pub mod domain;
pub mod inspect;
pub mod keys;
pub mod lexicons;
pub mod orders;
pub mod scaler;
pub mod stages;
mod store;
pub mod tenants;
#[cfg(test)]
mod testing;
pub mod upstream;
pub mod watch;
