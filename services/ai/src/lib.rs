//! Owns scripts: turns blocks into sections of utterances.
