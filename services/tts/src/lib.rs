//! Owns recordings: turns sections into audio and its timeline.
//!
//! The craft, plain functions without queue, store or server: [`engine`] speaks a segment,
//! [`audio`] makes it fit to hear, joins and encodes it, [`timeline`] says when what is heard.

pub mod api;
pub mod app;
pub mod audio;
pub mod config;
pub mod engine;
mod pieces;
pub mod timeline;
mod unused;
pub mod voices;
mod work;

#[cfg(test)]
mod testing;
