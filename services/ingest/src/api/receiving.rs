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
        let Some(message) = next(receiving, messages, heard, deadline).await? else {
            return Err(Failure::new(
                Kind::Aborted,
                Reason::OffsetMismatch,
                "the stream ended before finish; ask QueryUpload and go on from there",
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
/// is stored when it is due. A message counts when it is whole, which is all that can be seen here:
/// a line must carry a chunk of its sender's within [`Receiving::idle`].
async fn next<S>(
    receiving: &mut Receiving,
    messages: &mut S,
    heard: Instant,
    deadline: Option<Deadline>,
) -> Result<Option<UploadDocumentRequest>, Failure>
where
    S: Stream<Item = Result<UploadDocumentRequest, Status>> + Unpin,
{
    let silence = heard + receiving.idle();
    let left = deadline.map(Deadline::remaining);
    let end = left.map_or(silence, |left| silence.min(Instant::now() + left));
    while Instant::now() < end {
        let until = receiving.due(heard).map_or(end, |due| due.min(end));
        if let Ok(message) = timeout_at(until, messages.next()).await {
            return message.transpose().map_err(|status| unreadable(&status));
        }
        if until < end {
            receiving.flush().await?;
        }
    }
    Err(ended(receiving.idle(), deadline))
}

/// Why no more is waited for: the call's deadline has passed, or nothing came for `idle`.
fn ended(idle: Duration, deadline: Option<Deadline>) -> Failure {
    let message = if deadline.is_some_and(|deadline| deadline.remaining().is_zero()) {
        "the deadline of the call passed; what came before is kept: ask QueryUpload and go on from there, with a longer \
         deadline"
            .to_owned()
    } else {
        format!(
            "no whole message with bytes came for {} s; what came before is kept: ask QueryUpload and go on from there, \
             and send smaller chunks if this line needs longer than that for one",
            idle.as_secs_f64()
        )
    };
    Failure::new(Kind::DeadlineExceeded, Reason::DeadlinePassed, message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use futures::channel::mpsc;
    use futures::{FutureExt as _, SinkExt as _};
    use lectern_blob::memory::MemoryBlob;
    use lectern_core::clock::ManualClock;
    use lectern_core::id::TenantId;
    use lectern_core::{Clock, OsRandom, Timestamp};
    use lectern_proto::v1::{UploadChunk, UploadFinish};
    use lectern_store::Collection;
    use lectern_store::memory::MemoryStore;

    use super::*;
    use crate::domain::limits::CHUNK_BYTES;
    use crate::domain::{Document, Limits, Upload};
    use crate::extract::child::{self, Sandbox};
    use crate::library::{Library, Reader, Uploads};

    const IDLE: Duration = Duration::from_secs(60);

    fn acme() -> TenantId {
        "acme".parse().expect("an id")
    }

    async fn uploads() -> Uploads {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(0)));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let blob = Arc::new(MemoryBlob::new(Arc::clone(&clock)));
        let documents: Collection<Document> = Collection::new(store.clone());
        documents.ensure().await.expect("a collection");
        let records: Collection<Upload> = Collection::new(store);
        records.ensure().await.expect("a collection");
        let library = Library::new(
            documents,
            // Nothing is read here.
            Reader::new(Sandbox::new("/nonexistent/program", child::Limits::default()), None, 2),
            blob.clone(),
            Arc::clone(&clock),
            Arc::new(OsRandom),
            b"thirty-two bytes that protect none".as_slice().into(),
            Limits { upload_bytes: 8 << 20, inline_bytes: 1 << 20 },
        );
        Uploads::new(records, library, blob, clock, Arc::new(OsRandom), IDLE)
    }

    async fn open(uploads: &Uploads, size: u64) -> Receiving {
        uploads.open(&acme(), "tide", "", "tide.txt", "", size).await.expect("opened")
    }

    async fn safe(uploads: &Uploads) -> u64 {
        uploads.query(&acme(), "tide").await.expect("an upload").committed()
    }

    fn chunk(offset: i64, data: impl Into<Bytes>) -> Part {
        let data = data.into();
        Part::Chunk(UploadChunk { offset, crc32c: crc32c::crc32c(&data), data })
    }

    fn sent(part: Part) -> Result<UploadDocumentRequest, Status> {
        Ok(UploadDocumentRequest { part: Some(part) })
    }

    fn finish() -> Part {
        Part::Finish(UploadFinish { sha256: Digest::of(b"").to_string() })
    }

    /// How a stream ends that brings this and no more.
    async fn brought(receiving: &mut Receiving, parts: Vec<Part>) -> Failure {
        rest(receiving, &mut futures::stream::iter(parts.into_iter().map(sent)), None).await.expect_err("no finish")
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_pauses_holds_nothing_and_one_that_stays_silent_is_ended() {
        let uploads = uploads().await;
        let mut receiving = open(&uploads, 0).await;
        let (mut sender, mut messages) = mpsc::unbounded();
        sender.send(sent(chunk(0, "The sea"))).await.expect("open");
        let started = Instant::now();
        let mut reading = Box::pin(rest(&mut receiving, &mut messages, None));
        assert!(reading.as_mut().now_or_never().is_none());
        assert!(uploads.held() > 0 && safe(&uploads).await == 0);
        assert!(timeout(Duration::from_secs(6), reading.as_mut()).await.is_err(), "it may still go on");
        assert_eq!((uploads.held(), safe(&uploads).await), (0, 7));
        // A chunk without bytes is no sign of life.
        sender.send(sent(chunk(7, ""))).await.expect("open");
        let ended = reading.await.expect_err("nothing comes");
        assert_eq!((ended.kind, ended.reason), (Kind::DeadlineExceeded, Reason::DeadlinePassed));
        assert!(ended.message.contains("QueryUpload") && ended.message.contains("smaller chunks"), "{ended}");
        assert_eq!(started.elapsed().as_secs(), IDLE.as_secs());
        drop(sender);

        let (_sender, mut nothing) = mpsc::unbounded();
        let ended = start(&mut nothing, IDLE, None).await.expect_err("not even start");
        assert_eq!(ended.reason, Reason::DeadlinePassed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_at_the_deadline_of_its_call_and_keeps_what_came() {
        let uploads = uploads().await;
        let mut receiving = open(&uploads, 0).await;
        let (mut sender, mut messages) = mpsc::unbounded();
        let deadline = Some(Deadline::after(Duration::from_secs(10)));
        let started = Instant::now();
        let sending = async {
            for offset in 0..5 {
                sender.send(sent(chunk(offset, "x"))).await.expect("open");
                tokio::time::sleep(Duration::from_secs(4)).await;
            }
        };
        let receive = async {
            let ended = rest(&mut receiving, &mut messages, deadline).await.expect_err("its deadline passed");
            (ended, started.elapsed())
        };
        let ((ended, after), ()) = tokio::join!(receive, sending);
        assert_eq!((ended.kind, ended.reason), (Kind::DeadlineExceeded, Reason::DeadlinePassed));
        assert!(ended.message.contains("deadline of the call"), "{ended}");
        assert_eq!(after.as_secs(), 10);
        // The first three came in time.
        receiving.flush().await.expect("stored");
        assert_eq!(safe(&uploads).await, 3);

        let (_sender, mut nothing) = mpsc::unbounded();
        let soon = Some(Deadline::after(Duration::from_secs(1)));
        let started = Instant::now();
        let ended = start(&mut nothing, IDLE, soon).await.expect_err("not even start");
        assert!(ended.message.contains("deadline of the call"), "{ended}");
        assert_eq!(started.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_line_leaves_few_parts() {
        let uploads = uploads().await;
        let mut receiving = open(&uploads, 0).await;
        let (mut sender, mut messages) = mpsc::unbounded();
        let whole: Bytes = (0_u32..640 << 10).flat_map(u32::to_le_bytes).collect::<Vec<u8>>().into();
        let sending = async {
            let mut offset = 0;
            for piece in whole.chunks(64 << 10) {
                sender.send(sent(chunk(offset, piece.to_vec()))).await.expect("open");
                offset += 64 << 10;
                // Each chunk is stored before the next comes.
                tokio::time::sleep(Duration::from_secs(6)).await;
            }
            sender.send(sent(finish())).await.expect("open");
        };
        let (finished, ()) = tokio::join!(rest(&mut receiving, &mut messages, None), sending);
        finished.expect("it finished");
        let sizes: Vec<u64> =
            uploads.query(&acme(), "tide").await.expect("an upload").parts.iter().map(|part| part.size).collect();
        assert_eq!(sizes, [1 << 20, 1 << 20, 512 << 10]);
        let other = receiving.finish(Digest::of(b"another")).await.expect_err("another digest");
        assert!(other.message.contains(&Digest::of(&whole).to_string()), "the bytes are as they were sent: {other}");
    }

    #[tokio::test]
    async fn a_stream_whose_last_part_another_one_joined_is_told_to_go_on_from_there() {
        let uploads = uploads().await;
        let mut first = open(&uploads, 0).await;
        brought(&mut first, vec![chunk(0, "The")]).await;
        first.flush().await.expect("stored");
        let (mut second, third) = (open(&uploads, 0).await, open(&uploads, 0).await);
        brought(&mut first, vec![chunk(3, " sea")]).await;
        first.flush().await.expect("joined");
        brought(&mut second, vec![chunk(3, " lake")]).await;
        let late = second.flush().await.expect_err("the first was faster");
        assert_eq!((late.kind, late.reason), (Kind::Aborted, Reason::OffsetMismatch));
        let late = third.finish(Digest::of(b"The")).await.expect_err("the first was faster");
        assert_eq!((late.kind, late.reason), (Kind::Aborted, Reason::OffsetMismatch));
        assert_eq!(safe(&uploads).await, 7, "nothing is lost");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_goes_on_in_time_is_not_ended() {
        let uploads = uploads().await;
        let mut receiving = open(&uploads, 0).await;
        let (mut sender, mut messages) = mpsc::unbounded();
        let sending = async {
            for offset in 0..5 {
                tokio::time::sleep(IDLE - Duration::from_secs(1)).await;
                sender.send(sent(chunk(offset, "x"))).await.expect("open");
            }
            sender.send(sent(finish())).await.expect("open");
        };
        let (digest, ()) = tokio::join!(rest(&mut receiving, &mut messages, None), sending);
        assert_eq!(digest.expect("it finished"), Digest::of(b""));
    }

    #[tokio::test]
    async fn a_part_gives_its_memory_back_when_it_is_stored() {
        let uploads = uploads().await;
        let mut receiving = open(&uploads, 0).await;
        let megabyte = Bytes::from(vec![b'a'; CHUNK_BYTES]);
        let parts = (0..5).map(|at| chunk(at * (1 << 20), megabyte.clone())).collect();
        brought(&mut receiving, parts).await;
        assert_eq!((safe(&uploads).await, uploads.held()), (4 << 20, 1 << 20));
        receiving.flush().await.expect("stored");
        assert_eq!((safe(&uploads).await, uploads.held()), (5 << 20, 0));
    }

    #[tokio::test]
    async fn a_chunk_that_is_too_large_is_told_so_wherever_it_stands() {
        let uploads = uploads().await;
        let mut receiving = open(&uploads, 0).await;
        let large = brought(&mut receiving, vec![chunk(77, vec![0; CHUNK_BYTES + 1])]).await;
        assert_eq!((large.kind, large.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
        assert!(large.message.contains("1048576"), "{large}");
        let elsewhere = brought(&mut receiving, vec![chunk(77, "x")]).await;
        assert_eq!(elsewhere.reason, Reason::OffsetMismatch);
    }

    #[tokio::test]
    async fn the_declared_size_is_kept_to_and_a_short_upload_may_go_on() {
        let uploads = uploads().await;
        let mut receiving = open(&uploads, 10).await;
        brought(&mut receiving, vec![chunk(0, "The sea")]).await;
        let short = receiving.finish(Digest::of(b"The sea")).await.expect_err("three bytes are missing");
        assert_eq!((short.kind, short.reason), (Kind::InvalidArgument, Reason::InvalidField));
        assert_eq!(short.field.as_deref(), Some("start.size_bytes"));
        assert_eq!(safe(&uploads).await, 7, "it may go on");
        let other = uploads.open(&acme(), "tide", "", "tide.txt", "", 11).await.expect_err("another size");
        assert_eq!(other.field.as_deref(), Some("start.size_bytes"));
        // Also where this stream does not say how long it will be.
        let mut receiving = open(&uploads, 0).await;
        let past = brought(&mut receiving, vec![chunk(7, "rises")]).await;
        assert_eq!((past.reason, past.field.as_deref()), (Reason::InvalidField, Some("start.size_bytes")));
        let ended = brought(&mut receiving, vec![chunk(7, "ris")]).await;
        assert_eq!(ended.reason, Reason::OffsetMismatch, "it fits, and the stream ended");
        receiving.flush().await.expect("stored");
        assert_eq!(safe(&uploads).await, 10);
    }

    #[tokio::test]
    async fn names_are_checked_before_anything_is_received() {
        let uploads = uploads().await;
        let long = "x".repeat(4 << 20);
        for (display_name, file_name, field) in
            [("", &*long, "start.file_name"), ("a\nb", "", "start.display_name"), (&*long, "", "start.display_name")]
        {
            let refused = uploads.open(&acme(), "tide", display_name, file_name, "", 0).await.expect_err(field);
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
        }
    }
}
