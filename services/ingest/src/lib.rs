//! Owns documents: turns a source into blocks.

pub mod api;
pub mod app;
pub mod clean;
pub mod config;
pub mod domain;
pub mod extract;
pub mod library;
mod store;
mod work;
