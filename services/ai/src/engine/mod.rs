//! Engines that write scripts, behind one port: [`ScriptEngine`], the mirror of the port for
//! voices. [`Extractive`] says the document's own words and needs no model, no key and no network;
//! [`Generative`] has words of its own, by a model; [`FirstOf`] is several of these in one.
//! An installation names the engines that it has as writers ([`Engines`]).

mod engines;
mod estimate;
mod extractive;
mod first_of;
pub mod generative;
mod port;

pub use engines::{DEFAULT_WRITER, Engines, Writer};
pub use estimate::{Estimate, Expected};
pub use extractive::Extractive;
pub use first_of::FirstOf;
pub use generative::Generative;
pub use port::{Answers, Capabilities, ScriptEngine, Writing};
