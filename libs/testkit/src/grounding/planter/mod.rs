//! Errors made from true utterances by rule: a number changed, a date swapped, a quotation
//! invented, a name swapped. Pure: equal facts and an equal seed give equal errors.

mod date;
mod draw;
mod name;
mod number;
mod plant;
mod quotation;
mod text;

pub use plant::{Kind, Planted, SEED, plant};
