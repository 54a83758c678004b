//! The noun: a narration, its states and its transitions. Pure: no runtime, no driver, no wire format.

pub mod bits;
pub mod key;
pub mod narration;

pub use bits::Bits;
pub use key::Key;
pub use narration::{Artifact, Narration, Outcome, Phase, Pins, StepFailure, Transition, Wish};
