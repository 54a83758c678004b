//! Owns recordings: turns sections into audio and its timeline.
//!
//! The craft, without queue or server: [`engine`] speaks a text, [`speaking`] sees to it that what
//! was spoken may be heard, at the level that [`levels`] knows; [`audio`] makes it fit to hear,
//! joins and encodes it, [`timeline`] says when what is heard, and [`outputs`] makes of that what
//! is read: a page, a book, words.

pub mod api;
pub mod app;
pub mod audio;
mod blocking;
pub mod config;
pub mod engine;
pub mod examine;
pub mod levels;
pub mod outputs;
pub mod payments;
mod pieces;
pub mod speaking;
pub mod timeline;
mod unused;
pub mod voices;
mod work;

#[cfg(test)]
mod testing;
