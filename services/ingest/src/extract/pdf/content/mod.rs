//! The file to what its pages show: runs of text with their place, rules, links.

pub mod about;
mod accents;
mod annotations;
mod boxes;
mod cmap;
mod encoding;
pub mod file;
pub mod font;
pub mod interpreter;
mod layers;
pub mod legibility;
mod lexer;
mod marks;
mod matrix;
pub mod outline;
mod overstruck;
pub mod page;
pub mod pages;
mod painting;
mod roles;
pub mod runs;
mod showing;
pub mod spacing;
mod standard;
pub mod structure;
