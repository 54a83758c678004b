//! One extractor per format: each turns the bytes of a source into blocks.

pub mod pdf;
