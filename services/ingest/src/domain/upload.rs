//! An upload: a source that arrives in parts, over as many streams as it takes.

use std::time::Duration;

use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Failure, Kind, Reason, Timestamp};
use serde::{Deserialize, Serialize};

/// The layout of the record that this code writes.
pub const SCHEMA: u32 = 1;

/// An upload that is not continued for this long is dropped.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// An upload's parts are this large, but for the last of each stream.
pub const PART_SIZE: usize = 4 * 1024 * 1024;

/// More parts than this do not fit its record; streams that break after a few bytes again and again
/// could get there.
pub const PART_LIMIT: usize = 1_000;

/// A source on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The record's id: it follows from tenant and upload id.
    pub id: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// The caller's id for it.
    pub upload_id: String,
    /// A name for people.
    pub display_name: String,
    /// The file's name.
    pub file_name: String,
    /// What is safe, in order, without gaps.
    pub parts: Vec<Part>,
    /// The document, once it is finished.
    pub document: Option<DocumentId>,
    /// When it was opened.
    pub created: Timestamp,
    /// When it is dropped.
    pub due_at: Option<Timestamp>,
}

/// A part of an upload: one temporary object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Where it stands in the source.
    pub offset: u64,
    /// Its bytes.
    pub size: u64,
    /// Tells apart two objects that two streams put at one offset.
    pub token: u64,
}

impl Upload {
    /// Bytes that are safe.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.offset + part.size)
    }

    /// Adds a part that is durable.
    ///
    /// # Errors
    /// `OFFSET_MISMATCH` when another stream was faster, `LIMIT_EXCEEDED` when there are too many.
    pub fn append(&mut self, part: Part, now: Timestamp) -> Result<(), Failure> {
        if part.offset != self.committed() {
            return Err(offset_mismatch(self.committed(), part.offset));
        }
        if self.parts.len() >= PART_LIMIT {
            return Err(Failure::new(
                Kind::ResourceExhausted,
                Reason::LimitExceeded,
                format!("the upload was broken into more than {PART_LIMIT} parts; start another with a new upload id"),
            ));
        }
        self.parts.push(part);
        self.due_at = Some(now.plus(LIFETIME));
        Ok(())
    }
}

/// The chunk does not continue where the last one ended.
#[must_use]
pub fn offset_mismatch(expected: u64, got: u64) -> Failure {
    Failure::new(
        Kind::FailedPrecondition,
        Reason::OffsetMismatch,
        format!("the next chunk must begin at {expected}, not at {got}; ask QueryUpload and go on from there"),
    )
    .at("chunk.offset")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_gaps() {
        let mut upload = Upload {
            id: "u".to_owned(),
            tenant: "acme".parse().expect("an id"),
            upload_id: "u".to_owned(),
            display_name: String::new(),
            file_name: String::new(),
            parts: Vec::new(),
            document: None,
            created: Timestamp(0),
            due_at: None,
        };
        let part = |offset, size| Part { offset, size, token: 0 };
        upload.append(part(0, 10), Timestamp(0)).expect("first");
        let refused = upload.append(part(4, 10), Timestamp(0)).expect_err("a gap backwards");
        assert_eq!(refused.reason, Reason::OffsetMismatch);
        upload.append(part(10, 1), Timestamp(0)).expect("second");
        assert_eq!(upload.committed(), 11);
    }
}
