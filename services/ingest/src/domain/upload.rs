//! An upload: a source that arrives in parts, over as many streams as it takes.

use std::time::Duration;

use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Failure, Kind, Reason, Timestamp};
use serde::{Deserialize, Serialize};

/// The layout of the record that this code writes.
pub const SCHEMA: u32 = 1;

/// An upload that is not continued for this long is dropped.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// An upload's parts are this large, but for the last of each stream and those of slow lines.
pub const PART_SIZE: usize = 4 * 1024 * 1024;

/// More parts than this do not fit its record. No upload of up to 500 MiB gets there, however slow
/// its line is and however often it breaks: see [`JOINED`].
pub const PART_LIMIT: usize = 1_000;

/// What is stored next becomes one part with the last one where both together have at most this
/// many bytes. So any two neighbours have more, 1,000 parts are 500 pairs, and these have more than
/// 500 MiB: nearly twice the 256 MiB that an upload may have unless the operator allows more.
/// Larger would only cost: of a line that brings 64 KiB at a time, each byte is stored 8.5 times on
/// average.
pub const JOINED: u64 = 1024 * 1024;

/// The field of a request that declares the size.
const SIZE: &str = "start.size_bytes";

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
    /// The language that the caller says it is in; none to find it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// All bytes of the source, as its caller declared them; 0 where he did not, and in records of
    /// older versions.
    #[serde(default)]
    pub size: u64,
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

    /// The size that a stream keeps to which declares `declared` bytes, 0 for unknown: what was
    /// declared when the upload was opened stays.
    ///
    /// # Errors
    /// `INVALID_FIELD` where another size was declared then, or more than that is safe already.
    pub fn size_declared(&self, declared: u64) -> Result<u64, Failure> {
        let (known, safe) = (self.size, self.committed());
        if known != 0 && declared != 0 && known != declared {
            let message = format!(
                "the upload was opened for {known} bytes, not {declared}; send the same size_bytes on each stream, or start \
                 another upload"
            );
            return Err(Failure::invalid(SIZE, message));
        }
        let size = known.max(declared);
        if size != 0 && safe > size {
            let message = format!(
                "the upload has {safe} bytes already, more than the {size} of size_bytes; correct it, or start another \
                 upload"
            );
            return Err(Failure::invalid(SIZE, message));
        }
        Ok(size)
    }

    /// The last part, where `more` bytes after it are to become one part with it.
    #[must_use]
    pub fn joinable(&self, more: u64) -> Option<Part> {
        self.parts.last().copied().filter(|last| last.size.saturating_add(more) <= JOINED)
    }

    /// Puts `joined`, which is durable, in the place of `last`, whose bytes it begins with.
    ///
    /// # Errors
    /// `OFFSET_MISMATCH` when another stream was faster.
    pub fn join(&mut self, last: Part, joined: Part, now: Timestamp) -> Result<(), Failure> {
        let committed = self.committed();
        match self.parts.last_mut() {
            Some(known) if *known == last => *known = joined,
            Some(_) | None => return Err(offset_mismatch(committed, last.offset + last.size)),
        }
        self.due_at = Some(now.plus(LIFETIME));
        Ok(())
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

/// Checks a chunk that ends at `end` against the declared size, 0 for unknown.
///
/// # Errors
/// `INVALID_FIELD` for one that goes past it.
pub fn within(size: u64, end: u64) -> Result<(), Failure> {
    if size == 0 || end <= size {
        return Ok(());
    }
    let message = format!(
        "the chunk ends at {end}, past the {size} bytes of size_bytes; ask QueryUpload and send what is missing, or start \
         another upload"
    );
    Err(Failure::invalid(SIZE, message))
}

/// Checks what came by the end against the declared size, 0 for unknown.
///
/// # Errors
/// `INVALID_FIELD` where it is not that many bytes.
pub fn complete(size: u64, came: u64) -> Result<(), Failure> {
    if size == 0 || came == size {
        return Ok(());
    }
    let message = format!(
        "{came} bytes came of the {size} of size_bytes; what came is kept: ask QueryUpload, send what is missing and finish \
         again"
    );
    Err(Failure::invalid(SIZE, message))
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

    fn upload(size: u64) -> Upload {
        Upload {
            id: "u".to_owned(),
            tenant: "acme".parse().expect("an id"),
            upload_id: "u".to_owned(),
            display_name: String::new(),
            file_name: String::new(),
            language: None,
            size,
            parts: Vec::new(),
            document: None,
            created: Timestamp(0),
            due_at: None,
        }
    }

    #[test]
    fn what_was_declared_at_the_opening_is_kept_to() {
        for (known, declared, expected) in
            [(0, 0, Some(0)), (0, 9, Some(9)), (9, 0, Some(9)), (9, 9, Some(9)), (9, 8, None)]
        {
            assert_eq!(upload(known).size_declared(declared).ok(), expected, "{known} {declared}");
        }
        let mut begun = upload(0);
        begun.append(Part { offset: 0, size: 10, token: 0 }, Timestamp(0)).expect("the first");
        let refused = begun.size_declared(9).expect_err("more is there");
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("start.size_bytes")));
        for (size, end, fits, whole) in
            [(0, 5, true, true), (5, 5, true, true), (5, 4, true, false), (5, 6, false, false)]
        {
            assert_eq!((within(size, end).is_ok(), complete(size, end).is_ok()), (fits, whole), "{end} of {size}");
        }
    }

    #[test]
    fn a_record_of_an_older_version_declares_no_size() {
        let mut record = serde_json::to_value(upload(7)).expect("JSON");
        record.as_object_mut().expect("an object").remove("size").expect("it was there");
        assert_eq!(serde_json::from_value::<Upload>(record).expect("an older record").size, 0);
    }

    #[test]
    fn parts_follow_each_other_without_gaps() {
        let mut upload = upload(0);
        let part = |offset, size| Part { offset, size, token: 0 };
        upload.append(part(0, 10), Timestamp(0)).expect("first");
        let refused = upload.append(part(4, 10), Timestamp(0)).expect_err("a gap backwards");
        assert_eq!(refused.reason, Reason::OffsetMismatch);
        upload.append(part(10, 1), Timestamp(0)).expect("second");
        assert_eq!(upload.committed(), 11);
    }

    #[test]
    fn only_the_last_part_is_joined_and_only_by_whoever_knows_it() {
        let mut upload = upload(0);
        let part = |offset, size, token| Part { offset, size, token };
        assert_eq!(upload.joinable(1), None, "there is none");
        upload.append(part(0, JOINED, 1), Timestamp(0)).expect("first");
        assert_eq!(upload.joinable(1), None, "it is large");
        upload.append(part(JOINED, 10, 2), Timestamp(0)).expect("second");
        assert_eq!(upload.joinable(JOINED - 10), Some(part(JOINED, 10, 2)));
        assert_eq!(upload.joinable(JOINED - 9), None);
        upload.join(part(JOINED, 10, 2), part(JOINED, 15, 3), Timestamp(0)).expect("the last");
        assert_eq!((upload.parts.len(), upload.committed()), (2, JOINED + 15));
        let late = upload.join(part(JOINED, 10, 2), part(JOINED, 12, 4), Timestamp(0)).expect_err("it is gone");
        assert_eq!(late.reason, Reason::OffsetMismatch);
        assert_eq!(upload.committed(), JOINED + 15);
    }

    #[test]
    fn no_way_of_sending_breaks_an_upload_into_too_many_parts() {
        let whole = 500 << 20;
        for sizes in [
            &[16 << 10][..],
            &[64 << 10],
            &[512 << 10],
            &[(512 << 10) + 1],
            &[JOINED],
            &[JOINED, 1],
            &[1, JOINED],
            &[1, 1, JOINED],
            &[PART_SIZE as u64, 1],
        ] {
            let mut upload = upload(0);
            for size in sizes.iter().copied().cycle() {
                let offset = upload.committed();
                if offset + size > whole {
                    break;
                }
                match upload.joinable(size) {
                    Some(last) => {
                        let joined = Part { offset: last.offset, size: last.size + size, token: 0 };
                        upload.join(last, joined, Timestamp(0)).expect("joined");
                    }
                    None => upload.append(Part { offset, size, token: 0 }, Timestamp(0)).expect("few parts"),
                }
            }
            assert!(upload.committed() > whole - 2 * PART_SIZE as u64, "{sizes:?}");
            assert!(upload.parts.windows(2).all(|pair| pair[0].size + pair[1].size > JOINED), "{sizes:?}");
        }
    }
}
