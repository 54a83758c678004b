//! Owns narrations: the public API, and the conductor of the stages.
