//! What the pages show to lines in reading order: without running heads, by columns; and the tables
//! among the lines.

mod bands;
mod columns;
mod dropcaps;
pub mod furniture;
pub mod lines;
pub mod metrics;
pub mod piece;
pub mod region;
pub mod regions;
pub mod repeated;
pub mod tables;
mod tagged;
mod watermarks;
