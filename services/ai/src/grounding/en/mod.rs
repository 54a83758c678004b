//! What is English in the check.

mod bounds;
mod counting;
mod data;
mod dates;
mod derived;
mod naming;
mod numerals;
mod opposites;
mod rules;
mod spelled;
mod units;
mod words;

pub(super) use rules::RULES;
