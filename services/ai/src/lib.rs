//! Owns scripts: turns blocks into sections of utterances.
//!
//! The craft, plain functions without queue, store or server: [`compose`] decides what is said,
//! [`speakable`] how it is worded for a voice, [`engine`] which passages matter.

pub mod api;
pub mod app;
pub mod compose;
pub mod config;
pub mod engine;
pub mod speakable;
mod unused;
mod work;
