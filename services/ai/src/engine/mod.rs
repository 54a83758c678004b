//! Engines that decide what to say. The extractive one needs no model, no key and no network.

pub mod extractive;
