//! Owns documents: turns a source into blocks.
