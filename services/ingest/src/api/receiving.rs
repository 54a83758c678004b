//! The stream of an upload, message by message. A stream that brings no whole message is not waited
//! for without end: what it brought is stored after a pause, and it ends after a longer one, or at
//! the deadline of its call.

use std::time::Duration;

use futures::{Stream, StreamExt as _};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::v1::{UploadDocumentRequest, UploadStart, upload_document_request::Part};
use lectern_rpc::{Deadline, unreadable};
use tokio::time::{Instant, timeout, timeout_at};
use tonic::Status;

use crate::library::Receiving;

/// The first message of a stream, which must open the upload.
///
/// # Errors
/// `INVALID_FIELD` for another message or none, `DEADLINE_PASSED` where none comes within `idle` or
/// before `deadline`.
pub(super) async fn start<S>(
    messages: &mut S,
    idle: Duration,
    deadline: Option<Deadline>,
) -> Result<UploadStart, Failure>
where
    S: Stream<Item = Result<UploadDocumentRequest, Status>> + Unpin,
{
    let wait = deadline.map_or(idle, |deadline| deadline.remaining().min(idle));
    let first = timeout(wait, messages.next()).await.map_err(|_| ended(idle, deadline))?;
    match first.transpose().map_err(|status| unreadable(&status))?.and_then(|message| message.part) {
        Some(Part::Start(start)) => Ok(start),
        Some(Part::Chunk(_) | Part::Finish(_)) | None => {
            Err(Failure::invalid("part", "the first message of an upload must be start"))
        }
    }
}

/// The messages after the first, up to `finish`, whose digest is returned.
///
/// # Errors
/// What [`Receiving::chunk`] answers; `OFFSET_MISMATCH` where the stream ends before `finish`,
/// `DEADLINE_PASSED` where no whole message with bytes comes for too long, or `deadline` passes.
pub(super) async fn rest<S>(
    receiving: &mut Receiving,
    messages: &mut S,
    deadline: Option<Deadline>,
) -> Result<Digest, Failure>
where
    S: Stream<Item = Result<UploadDocumentRequest, Status>> + Unpin,
{
    let mut heard = Instant::now();
    loop {
        let Some(message) = next(receiving, messages, &mut heard, deadline).await? else {
            return Err(Failure::new(
                Kind::Aborted,
                Reason::OffsetMismatch,
                "the stream ended before finish; ask GetUpload and go on from there",
            ));
        };
        match message.part {
            Some(Part::Chunk(chunk)) => {
                let offset = u64::try_from(chunk.offset)
                    .map_err(|_| Failure::invalid("chunk.offset", "offset must not be negative"))?;
                receiving.chunk(offset, &chunk.data, chunk.crc32c).await?;
                // Chunks without bytes keep no stream open.
                if !chunk.data.is_empty() {
                    heard = Instant::now();
                }
            }
            Some(Part::Finish(finish)) => {
                return finish.sha256.parse().map_err(|e| Failure::invalid("finish.sha256", format!("sha256: {e}")));
            }
            Some(Part::Start(_)) => return Err(Failure::invalid("part", "start may only be the first message")),
            None => return Err(Failure::invalid("part", "the message has none of start, chunk and finish; send one")),
        }
    }
}

/// The next message of a stream whose last bytes came at `heard`; none at its end. What is buffered
/// is stored when it is due, and the time that this takes is not the sender's: `heard` moves by it.
/// A message counts when it is whole, which is all that can be seen here: a line must carry a chunk
/// of its sender's within [`Receiving::idle`].
async fn next<S>(
    receiving: &mut Receiving,
    messages: &mut S,
    heard: &mut Instant,
    deadline: Option<Deadline>,
) -> Result<Option<UploadDocumentRequest>, Failure>
where
    S: Stream<Item = Result<UploadDocumentRequest, Status>> + Unpin,
{
    let last = deadline.map(|deadline| Instant::now() + deadline.remaining());
    loop {
        let silence = *heard + receiving.idle();
        let end = last.map_or(silence, |last| silence.min(last));
        if Instant::now() >= end {
            return Err(ended(receiving.idle(), deadline));
        }
        let until = receiving.due(*heard).map_or(end, |due| due.min(end));
        if let Ok(message) = timeout_at(until, messages.next()).await {
            return message.transpose().map_err(|status| unreadable(&status));
        }
        if until < end {
            let began = Instant::now();
            receiving.flush().await?;
            *heard += began.elapsed();
        }
    }
}

/// Why no more is waited for: the call's deadline has passed, or nothing came for `idle`.
fn ended(idle: Duration, deadline: Option<Deadline>) -> Failure {
    let message = if deadline.is_some_and(|deadline| deadline.remaining().is_zero()) {
        "the deadline of the call passed; what came before is kept: ask GetUpload and go on from there, with a longer \
         deadline"
            .to_owned()
    } else {
        format!(
            "no whole message with bytes came for {} s; what came before is kept: ask GetUpload and go on from there, \
             and send smaller chunks if this line needs longer than that for one",
            idle.as_secs_f64()
        )
    };
    Failure::new(Kind::DeadlineExceeded, Reason::DeadlinePassed, message)
}

#[cfg(test)]
mod tests;
