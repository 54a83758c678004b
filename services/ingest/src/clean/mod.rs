//! What every format needs before its words become blocks: safe normalisation of characters
//! ([`unicode`]), words that a line break divided ([`hyphens`]), words of running heads
//! ([`running`]) and the language of a text ([`language`]).
//!
//! Nothing here knows a file format, and nothing here drops a word.

pub mod hyphens;
pub mod language;
pub mod running;
pub mod unicode;

pub use language::language;
pub use unicode::{normalise, single_spaced};

/// The months by their English names.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
