//! The writers of models against strict fakes of their providers: whole scripts by every wire, and
//! what each fault of a provider becomes, and documents that talk to the model. And the grounding
//! check on errors that were planted by others.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod faults;
mod hostile;
mod planted;
mod scripts;
mod world;
