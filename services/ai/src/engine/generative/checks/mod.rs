//! What is looked at of every sentence before it is taken, one file for each sort of fault.
//!
//! A sentence is speech, whole, not what an instruction in the document wanted said, grounded in
//! the blocks that it names or the model's own without a fact, and not said before.

mod hostile;
mod repeated;
mod sentence;
mod speech;
mod words;

pub(super) use hostile::Hostile;
pub(super) use sentence::{Checker, Fault, Said};
pub(super) use speech::fault as speech_fault;
