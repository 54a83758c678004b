//! The file to what its pages show: runs of text with their place, rules, links.

pub mod about;
mod cmap;
mod encoding;
pub mod file;
pub mod font;
mod interpreter;
pub mod legibility;
mod lexer;
mod matrix;
pub mod outline;
pub mod page;
pub mod pages;
mod runs;
