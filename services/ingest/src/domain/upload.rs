//! An upload: a source that arrives in parts, over as many streams as it takes.

use std::time::Duration;

use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Failure, Kind, Reason, Timestamp};
use serde::{Deserialize, Serialize};

/// The layout of the record that this code writes.
pub const SCHEMA: u32 = 3;

/// An upload that is not continued for this long is dropped.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What came of an upload that was dropped is deleted once more after this long, for the part that
/// a stream was just putting; then its record goes.
pub const LAST_SWEEP: Duration = Duration::from_secs(60);

/// While an upload that was read becomes a document, nobody cancels it: for no longer than this,
/// since the process may have died. Its source is put within [`KEEPING`], or the call has failed.
pub const FINISHING: Duration = Duration::from_secs(5 * 60);

/// A source and its record are put within this time, or the call fails: a minute before
/// [`FINISHING`] ends, so that whoever is still putting is never taken for dead.
pub const KEEPING: Duration = Duration::from_secs(4 * 60);

/// Streams that may make a document of one upload at the same time, as callers do who have lost an
/// answer: few, since each stands in the record.
pub const FINISHERS: usize = 8;

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
    /// Tells apart this upload and one that is opened under its id when it was dropped.
    pub serial: u64,
    /// Whose it is.
    pub tenant: TenantId,
    /// The caller's id for it.
    pub upload_id: String,
    /// A name for people.
    pub display_name: String,
    /// The file's name.
    pub file_name: String,
    /// The language that the caller says it is in; none to find it out.
    pub language: Option<String>,
    /// The document that it revises; none where it revises none.
    pub revises: Option<DocumentId>,
    /// All bytes of the source, as its caller declared them or as they were when it was finished;
    /// none before.
    pub size: Option<u64>,
    /// What is safe, in order, without gaps.
    pub parts: Vec<Part>,
    /// Who is just making a document of it: while anybody is, nobody cancels it.
    pub finishing: Vec<Finishing>,
    /// Whether it was cancelled or dropped: it is there for nobody, and the record stays until what
    /// came is deleted for the last time.
    pub dropped: bool,
    /// The document, once it is finished.
    pub document: Option<DocumentId>,
    /// When it was opened.
    pub created: Timestamp,
    /// When it is dropped.
    pub due_at: Option<Timestamp>,
}

/// A stream that is just making a document of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finishing {
    /// Tells apart two streams that finish at once, so that each takes back only its own word.
    pub token: u64,
    /// Until when it is believed: its process may have died.
    pub until: Timestamp,
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
        // The parts of a finished upload are gone.
        let finished = self.document.as_ref().and(self.size);
        finished.unwrap_or_else(|| self.parts.last().map_or(0, |part| part.offset + part.size))
    }

    /// Checks that this is still the upload that a stream knows by its serial number.
    ///
    /// # Errors
    /// `WRONG_STATE` where that was cancelled or dropped.
    pub fn still(&self, serial: u64) -> Result<(), Failure> {
        if self.serial == serial && !self.dropped { Ok(()) } else { Err(cancelled(&self.upload_id)) }
    }

    /// Drops it as its caller wants.
    ///
    /// # Errors
    /// `WRONG_STATE` where it is finished, or just becoming a document.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), Failure> {
        if self.document.is_some() {
            return Err(finished(&self.upload_id));
        }
        if self.is_finishing(now) {
            let message = "the upload is just becoming a document; ask GetUpload in a minute, and delete the document, or \
                           cancel again if it became none";
            return Err(wrong_state(&self.upload_id, message));
        }
        self.discard(now);
        Ok(())
    }

    /// Whether it has something in storage that is neither a document's nor dropped.
    #[must_use]
    pub const fn is_unfinished(&self) -> bool {
        self.document.is_none() && !self.dropped
    }

    /// Whether it is just becoming a document.
    #[must_use]
    pub fn is_finishing(&self, now: Timestamp) -> bool {
        self.finishing.iter().any(|finishing| now < finishing.until)
    }

    /// Notes that the stream of this token is making a document of it; whether it may. It may not
    /// where as many as may are at it.
    pub fn begin_finishing(&mut self, token: u64, now: Timestamp) -> bool {
        self.finishing.retain(|finishing| finishing.token != token && now < finishing.until);
        let may = self.finishing.len() < FINISHERS;
        if may {
            self.finishing.push(Finishing { token, until: now.plus(FINISHING) });
        }
        may
    }

    /// Takes back what the stream of this token noted; whether it was there.
    pub fn end_finishing(&mut self, token: u64) -> bool {
        let before = self.finishing.len();
        self.finishing.retain(|finishing| finishing.token != token);
        self.finishing.len() < before
    }

    /// Says which document it became, also where it was dropped meanwhile: it is a document all the
    /// same, and its caller asks for it by the name of the upload.
    pub fn finish(&mut self, document: DocumentId, size: u64, now: Timestamp) {
        self.document = Some(document);
        self.size = Some(size);
        self.finishing.clear();
        self.parts.clear();
        self.dropped = false;
        self.due_at = Some(now.plus(LIFETIME));
    }

    /// Drops it since it cannot be finished, as one stream of it found; whether that was done. It
    /// is not while another stream makes a document of it, nor when it is one.
    pub fn give_up(&mut self, now: Timestamp) -> bool {
        let may = !self.dropped && self.document.is_none() && !self.is_finishing(now);
        if may {
            self.discard(now);
        }
        may
    }

    /// Leaves of it what keeps streams that are still open from going on.
    pub fn discard(&mut self, now: Timestamp) {
        self.dropped = true;
        self.parts.clear();
        self.due_at = Some(now.plus(LAST_SWEEP));
    }

    /// The size that a stream keeps to which declares `declared` bytes: what was declared before
    /// stays.
    ///
    /// # Errors
    /// `INVALID_FIELD` where another size was declared then, or more than that is safe already.
    pub fn size_declared(&self, declared: Option<u64>) -> Result<Option<u64>, Failure> {
        let safe = self.committed();
        if let (Some(known), Some(declared)) = (self.size, declared)
            && known != declared
        {
            let message = format!(
                "the upload was opened for {known} bytes, not {declared}; send the same size_bytes on each stream, or start \
                 another upload"
            );
            return Err(Failure::invalid(SIZE, message));
        }
        let size = self.size.or(declared);
        if let Some(size) = size
            && safe > size
        {
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

/// Checks a chunk that ends at `end` against the declared size.
///
/// # Errors
/// `INVALID_FIELD` for one that goes past it.
pub fn within(size: Option<u64>, end: u64) -> Result<(), Failure> {
    let Some(size) = size.filter(|size| end > *size) else { return Ok(()) };
    let message = format!(
        "the chunk ends at {end}, past the {size} bytes of size_bytes; ask GetUpload and send what is missing, or start \
         another upload"
    );
    Err(Failure::invalid(SIZE, message))
}

/// Checks what came by the end against the declared size.
///
/// # Errors
/// `INVALID_FIELD` where it is not that many bytes.
pub fn complete(size: Option<u64>, came: u64) -> Result<(), Failure> {
    let Some(size) = size.filter(|size| came != *size) else { return Ok(()) };
    let message = format!(
        "{came} bytes came of the {size} of size_bytes; what came is kept: ask GetUpload, send what is missing and finish \
         again"
    );
    Err(Failure::invalid(SIZE, message))
}

/// The upload that a stream belongs to is not there any more.
#[must_use]
pub fn cancelled(upload_id: &str) -> Failure {
    let message =
        "the upload was cancelled or dropped, and what came of it is deleted; start it anew, from the first byte";
    wrong_state(upload_id, message)
}

/// The upload is a document by now.
#[must_use]
pub fn finished(upload_id: &str) -> Failure {
    let message = "the upload is finished and became a document; ask GetUpload for its name, and delete that instead";
    wrong_state(upload_id, message)
}

fn wrong_state(upload_id: &str, message: &str) -> Failure {
    Failure::new(Kind::FailedPrecondition, Reason::WrongState, message).about(format!("uploads/{upload_id}"))
}

/// The chunk does not continue where the last one ended.
#[must_use]
pub fn offset_mismatch(expected: u64, got: u64) -> Failure {
    Failure::new(
        Kind::FailedPrecondition,
        Reason::OffsetMismatch,
        format!("the next chunk must begin at {expected}, not at {got}; ask GetUpload and go on from there"),
    )
    .at("chunk.offset")
}

#[cfg(test)]
mod tests;
