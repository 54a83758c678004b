//! Authors that are there already: one who copies whole sentences of the data, and so says nothing
//! that is not in it; and others who do what models do badly, each in its way.

mod copyist;
mod question;
mod sentences;
mod spoilt;
#[cfg(test)]
mod tests;

pub use copyist::Copyist;
pub use spoilt::{Spoil, Spoilt};
