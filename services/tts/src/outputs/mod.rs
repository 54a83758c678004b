//! Files that are made of a recording's timeline and read or played by people: the page
//! [`listen`], the [`epub`], the [`cover`] of audiobooks, and the [`words`] as JSON. All of them
//! are written to where they go, piece by piece; what they say follows from the timeline alone.

pub mod cover;
pub mod epub;
mod escape;
pub mod listen;
mod markup;
mod reasons;
pub mod words;
