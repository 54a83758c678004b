//! What the words of a line say by themselves, wherever they stand: a heading's number, an item's
//! marker, an entry of a table of contents. Every phase may ask.

pub mod contents;
pub mod front;
pub mod markers;
pub mod numbering;
pub mod sentence;
