//! The noun: a narration, its states and its transitions; what decides which of its steps go first;
//! and whose it is. Pure: no runtime, no driver, no wire format.

pub mod bits;
pub mod key;
pub mod lane;
pub mod narration;
pub mod outcome;
pub mod pause;
pub mod ready;
pub mod runs;
pub mod slots;
pub mod tally;
pub mod tenant;
pub mod wish;

pub use bits::Bits;
pub use key::Key;
pub use lane::Lane;
pub use narration::{Narration, Phase, Transition};
pub use outcome::{Artifact, Outcome, StepFailure};
pub use pause::{Pause, Paused};
pub use ready::{Ready, Waiting};
pub use runs::{Earlier, Repin, Versions};
pub use slots::{Slots, Turn, TurnState};
pub use tally::Tally;
pub use tenant::{TenantLimits, TenantRecord, TenantState};
pub use wish::{Pins, Wish};
