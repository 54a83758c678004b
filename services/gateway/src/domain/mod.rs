//! The noun: a narration, its states and its transitions; what decides which of its steps go first;
//! and whose it is. Pure: no runtime, no driver, no wire format.

pub mod bill;
pub mod bits;
mod demand;
pub mod edits;
pub mod engine;
pub mod key;
pub mod lexicon;
pub mod narration;
pub mod outcome;
pub mod ownership;
pub mod pause;
pub mod phase;
pub mod ready;
pub mod request;
mod rotation;
pub mod runs;
pub mod scheduler;
pub mod shares;
pub mod state;
pub mod tally;
pub mod tenant;
pub mod texts;
pub mod turn;
mod views;

pub use bill::Bill;
pub use bits::Bits;
pub use demand::{Demand, Demands};
pub use edits::ScriptEdits;
pub use engine::EngineName;
pub use key::Key;
pub use lectern_core::Lane;
pub use lexicon::LexiconRecord;
pub use narration::{Narration, Specification, Transition};
pub use outcome::{Artifact, StepFailure, StepOutcome};
pub use ownership::{GatewayId, Ownership};
pub use pause::{Pause, Paused};
pub use phase::Phase;
pub use ready::{Ready, Waiting};
pub use request::{
    Labels, NarrationRequest, OrderedLexicon, OrderedSpeaker, Pins, UsedLexicon, Words, other_languages, style, talking,
};
pub use rotation::Rotation;
pub use runs::{Earlier, Repin, Repinned, Versions};
pub use scheduler::Scheduler;
pub use shares::Due;
pub use state::{Outline, State};
pub use tally::Tally;
pub use tenant::{TenantLimits, TenantRecord, TenantState};
pub use texts::Texts;
pub use turn::{Shard, Turn};
