//! Whole plans and sections, with a model in memory whose answers are written by the authors of the
//! fakes, or are what a test says.

mod checked;
mod estimates;
pub(super) mod fixture;
mod kept;
mod lengths;
mod outcomes;
mod paid;
mod styles;
