//! Owns scripts: turns blocks into sections of utterances.
//!
//! The craft, plain functions without queue, store or server: [`compose`] decides what is said in
//! the document's own words, [`speakable`] how it is worded for a voice. [`engine`] has the port
//! behind which scripts are written, and its adapters.

pub mod api;
pub mod app;
pub mod compose;
pub mod config;
pub mod engine;
pub mod examine;
pub mod grounding;
pub mod model;
pub mod payments;
pub mod speakable;
mod unused;
mod work;
