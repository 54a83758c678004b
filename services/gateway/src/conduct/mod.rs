//! Conducting: the only place that knows the order of the stages. [`fold`] takes what happened into a narration, [`wanted`] says what
//! should happen next; both are pure. [`dispatch`] connects them to the queue and the store.

pub mod dispatch;
pub mod fold;
pub mod wanted;
pub mod wire;

pub use dispatch::Conductor;
pub use fold::fold;
pub use wanted::wanted;
