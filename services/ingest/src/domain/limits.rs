//! What ingest accepts.

use lectern_core::{Failure, Kind, Reason};

/// Sizes that a source may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceLimits {
    /// Bytes of an uploaded source.
    pub upload_bytes: u64,
    /// Bytes of a source in one message.
    pub inline_bytes: u64,
}

/// Bytes of one chunk.
pub const CHUNK_BYTES: usize = 1024 * 1024;

impl SourceLimits {
    /// Checks the size of an upload.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED` with the limit.
    pub fn upload(&self, bytes: u64) -> Result<(), Failure> {
        over(bytes, self.upload_bytes, "an upload", "split the document")
    }

    /// Checks the size of an inline source.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED` with the limit.
    pub fn inline(&self, bytes: u64) -> Result<(), Failure> {
        over(bytes, self.inline_bytes, "a source in one message", "use UploadDocument")
    }
}

/// Checks the size of a chunk.
///
/// # Errors
/// `LIMIT_EXCEEDED` with the limit.
pub fn chunk(bytes: usize) -> Result<(), Failure> {
    if bytes <= CHUNK_BYTES { Ok(()) } else { Err(large_chunk()) }
}

/// A chunk is larger than may be.
#[must_use]
pub fn large_chunk() -> Failure {
    let message = format!("a chunk may have at most {CHUNK_BYTES} bytes; send smaller ones");
    Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).at("chunk.data")
}

fn over(bytes: u64, limit: u64, what: &str, instead: &str) -> Result<(), Failure> {
    if bytes <= limit {
        return Ok(());
    }
    let message = format!("{what} may have at most {limit} bytes, not {bytes}; {instead}");
    Err(Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message))
}
