//! The noun: a narration, its states and its transitions; and what decides which of its steps go first. Pure: no runtime, no driver, no wire
//! format.

pub mod bits;
pub mod key;
pub mod lane;
pub mod narration;
pub mod pause;
pub mod slots;

pub use bits::Bits;
pub use key::Key;
pub use lane::Lane;
pub use narration::{Artifact, Narration, Outcome, Phase, Pins, StepFailure, Transition, Wish};
pub use pause::{Pause, Paused};
pub use slots::{Slots, Turn};
