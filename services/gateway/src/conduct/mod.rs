//! Conducting: the only place that knows the order of the stages. [`fold`] takes what happened into
//! a narration, [`wanted`] says what should happen next; both are pure. [`conductor`] connects them
//! to events and callers, [`dispatch`] decides which of all that is wanted is published, and when.

pub mod conductor;
pub mod dispatch;
pub mod fold;
pub mod moment;
mod narration_cache;
mod outbox;
pub mod pauses;
pub mod prune;
pub mod supervise;
pub mod wanted;
pub mod wire;
pub mod workers;

pub use conductor::Conductor;
pub use dispatch::{DispatchOptions, Dispatcher};
pub use fold::{charge, fold};
pub use moment::{Moment, Wait};
pub use wanted::wanted;
