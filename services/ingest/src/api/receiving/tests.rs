//! Streams of uploads, in virtual time where they wait.

use std::sync::Arc;

use bytes::Bytes;
use futures::channel::mpsc;
use futures::{FutureExt as _, SinkExt as _};
use lectern_blob::memory::{Fault, MemoryBlob, Op};
use lectern_blob::{Blob as _, ObjectPath};
use lectern_core::clock::ManualClock;
use lectern_core::id::TenantId;
use lectern_core::{Clock, OsRandom, Timestamp};
use lectern_proto::v1::{UploadChunk, UploadFinish};
use lectern_store::memory::MemoryStore;
use lectern_store::{Change, Collection, Revision, Versioned};

use super::*;
use crate::domain::limits::CHUNK_BYTES;
use crate::domain::{Document, SourceLimits, Upload};
use crate::extract::child::{self, Sandbox};
use crate::library::{Library, Opening, Reader, Uploads};

const IDLE: Duration = Duration::from_secs(60);

fn acme() -> TenantId {
    "acme".parse().expect("an id")
}

async fn uploads() -> Uploads {
    stored().await.0
}

/// Uploads, and what they are stored in.
async fn stored() -> (Uploads, MemoryBlob) {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(0)));
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let blob = MemoryBlob::new(Arc::clone(&clock));
    let documents: Collection<Document> = Collection::new(store.clone());
    documents.ensure().await.expect("a collection");
    let records: Collection<Upload> = Collection::new(store);
    records.ensure().await.expect("a collection");
    let library = Library::new(
        documents,
        // Nothing is read here.
        Reader::new(Sandbox::new("/nonexistent/program", child::SandboxLimits::default()), None, 2),
        Arc::new(blob.clone()),
        Arc::clone(&clock),
        Arc::new(OsRandom),
        b"thirty-two bytes that protect none".as_slice().into(),
        SourceLimits { upload_bytes: 8 << 20, inline_bytes: 1 << 20 },
    );
    let uploads = Uploads::new(records, library, Arc::new(blob.clone()), clock, Arc::new(OsRandom), IDLE);
    (uploads, blob)
}

fn opening(tenant: &TenantId, size: Option<u64>) -> Opening<'_> {
    let (name, file_name) = ("uploads/tide", "tide.txt");
    Opening { tenant, name, display_name: "", file_name, language: "", revises: "", size, share: None }
}

async fn open(uploads: &Uploads, size: Option<u64>) -> Receiving {
    uploads.open(opening(&acme(), size)).await.expect("opened")
}

async fn safe(uploads: &Uploads) -> u64 {
    uploads.get(&acme(), "uploads/tide").await.expect("an upload").committed()
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
    let mut receiving = open(&uploads, None).await;
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
    assert!(ended.message.contains("GetUpload") && ended.message.contains("smaller chunks"), "{ended}");
    assert_eq!(started.elapsed().as_secs(), IDLE.as_secs());
    drop(sender);

    let (_sender, mut nothing) = mpsc::unbounded();
    let ended = start(&mut nothing, IDLE, None).await.expect_err("not even start");
    assert_eq!(ended.reason, Reason::DeadlinePassed);
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_at_the_deadline_of_its_call_and_keeps_what_came() {
    let uploads = uploads().await;
    let mut receiving = open(&uploads, None).await;
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
    let mut receiving = open(&uploads, None).await;
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
        uploads.get(&acme(), "uploads/tide").await.expect("an upload").parts.iter().map(|part| part.size).collect();
    assert_eq!(sizes, [1 << 20, 1 << 20, 512 << 10]);
    let other = receiving.finish(Digest::of(b"another")).await.expect_err("another digest");
    assert!(other.message.contains(&Digest::of(&whole).to_string()), "the bytes are as they were sent: {other}");
}

#[tokio::test]
async fn a_stream_whose_last_part_another_one_joined_is_told_to_go_on_from_there() {
    let uploads = uploads().await;
    let mut first = open(&uploads, None).await;
    brought(&mut first, vec![chunk(0, "The")]).await;
    first.flush().await.expect("stored");
    let (mut second, third) = (open(&uploads, None).await, open(&uploads, None).await);
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
    let mut receiving = open(&uploads, None).await;
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

#[tokio::test(start_paused = true)]
async fn a_stream_is_not_ended_for_the_time_that_storing_takes() {
    let (uploads, blob) = stored().await;
    let mut receiving = open(&uploads, None).await;
    let (mut sender, mut messages) = mpsc::unbounded();
    // What pauses is stored after five seconds, and object storage takes longer than a stream may
    // be silent.
    let slow = IDLE + Duration::from_secs(30);
    blob.inject(Op::Put, Fault::Slow(slow));
    let started = Instant::now();
    let sending = async {
        sender.send(sent(chunk(0, "The sea"))).await.expect("open");
        tokio::time::sleep(Duration::from_secs(20)).await;
        sender.send(sent(chunk(7, " rises"))).await.expect("open");
    };
    let (ended, ()) = tokio::join!(rest(&mut receiving, &mut messages, None), sending);
    assert_eq!(ended.expect_err("no finish").reason, Reason::DeadlinePassed);
    assert_eq!(safe(&uploads).await, 13, "what came meanwhile is taken");
    // And then it is silent for as long as it may be.
    assert_eq!(started.elapsed().as_secs(), 5 + slow.as_secs() + IDLE.as_secs());
    drop(sender);
}

#[tokio::test]
async fn a_part_gives_its_memory_back_when_it_is_stored() {
    let uploads = uploads().await;
    let mut receiving = open(&uploads, None).await;
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
    let mut receiving = open(&uploads, None).await;
    let large = brought(&mut receiving, vec![chunk(77, vec![0; CHUNK_BYTES + 1])]).await;
    assert_eq!((large.kind, large.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
    assert!(large.message.contains("1048576"), "{large}");
    let elsewhere = brought(&mut receiving, vec![chunk(77, "x")]).await;
    assert_eq!(elsewhere.reason, Reason::OffsetMismatch);
}

#[tokio::test]
async fn the_declared_size_is_kept_to_and_a_short_upload_may_go_on() {
    let uploads = uploads().await;
    let mut receiving = open(&uploads, Some(10)).await;
    brought(&mut receiving, vec![chunk(0, "The sea")]).await;
    let short = receiving.finish(Digest::of(b"The sea")).await.expect_err("three bytes are missing");
    assert_eq!((short.kind, short.reason), (Kind::InvalidArgument, Reason::InvalidField));
    assert_eq!(short.field.as_deref(), Some("start.size_bytes"));
    assert_eq!(safe(&uploads).await, 7, "it may go on");
    let other = uploads.open(opening(&acme(), Some(11))).await.expect_err("another size");
    assert_eq!(other.field.as_deref(), Some("start.size_bytes"));
    // Also where this stream does not say how long it will be.
    let mut receiving = open(&uploads, None).await;
    let past = brought(&mut receiving, vec![chunk(7, "rises")]).await;
    assert_eq!((past.reason, past.field.as_deref()), (Reason::InvalidField, Some("start.size_bytes")));
    let ended = brought(&mut receiving, vec![chunk(7, "ris")]).await;
    assert_eq!(ended.reason, Reason::OffsetMismatch, "it fits, and the stream ended");
    receiving.flush().await.expect("stored");
    assert_eq!(safe(&uploads).await, 10);
}

#[tokio::test]
async fn what_a_stream_says_of_the_size_is_known_from_then_on() {
    let (uploads, tenant) = (uploads().await, acme());
    let size = async || uploads.get(&tenant, "uploads/tide").await.expect("an upload").size;
    open(&uploads, None).await;
    assert_eq!(size().await, None);
    open(&uploads, Some(7)).await;
    assert_eq!(size().await, Some(7));
    let other = uploads.open(opening(&tenant, Some(8))).await.expect_err("another size");
    assert_eq!(other.reason, Reason::InvalidField);
}

#[tokio::test]
async fn a_size_that_another_stream_declares_holds_for_those_that_are_open() {
    let (uploads, blob) = stored().await;
    let (mut first, mut second) = (open(&uploads, None).await, open(&uploads, None).await);
    let third = open(&uploads, None).await;
    open(&uploads, Some(8)).await;
    brought(&mut first, vec![chunk(0, "The sea rises")]).await;
    let past = first.flush().await.expect_err("past the size");
    assert_eq!((past.reason, past.field.as_deref()), (Reason::InvalidField, Some("start.size_bytes")));
    assert_eq!((safe(&uploads).await, blob.count()), (0, 0), "nothing of it is kept");
    // One that stores something knows of it from then on.
    brought(&mut second, vec![chunk(0, "The sea")]).await;
    second.flush().await.expect("it fits");
    let past = brought(&mut second, vec![chunk(7, " rises")]).await;
    assert_eq!((past.reason, past.field.as_deref()), (Reason::InvalidField, Some("start.size_bytes")));
    // And one that stores nothing more knows of it at the end.
    let short = third.finish(Digest::of(b"")).await.expect_err("all of it is missing");
    assert_eq!(short.field.as_deref(), Some("start.size_bytes"));
    assert_eq!(safe(&uploads).await, 7, "it may go on");
}

#[tokio::test]
async fn what_a_stream_of_a_replaced_upload_left_goes_with_the_next_one_and_that_keeps_its_own() {
    let (uploads, blob) = stored().await;
    open(&uploads, None).await;
    let old = uploads.get(&acme(), "uploads/tide").await.expect("an upload");
    uploads.cancel(&acme(), "uploads/tide", false).await.expect("cancelled");
    let mut new = open(&uploads, None).await;
    brought(&mut new, vec![chunk(0, "The sea")]).await;
    new.flush().await.expect("stored");
    // Whoever put it has died.
    let left = ObjectPath::new(format!("tmp-uploads/{}/{:016x}/0-0", old.id, old.serial)).expect("a path");
    blob.put(&left, Bytes::from_static(b"The lake")).await.expect("put");
    assert_eq!(blob.count(), 2);
    let record = async || uploads.uploads().get(&old.id).await.expect("the store").expect("a record");
    // The reconciler saw the old record, and is late.
    let stale = Versioned { record: Upload { dropped: true, ..old.clone() }, revision: Revision::FIRST };
    uploads.forget(stale).await.expect("safe to repeat");
    assert_eq!((safe(&uploads).await, blob.count()), (7, 1), "the one that goes on keeps its own");
    blob.put(&left, Bytes::from_static(b"The lake")).await.expect("put");
    uploads.forget(record().await).await.expect("dropped");
    assert_eq!(blob.count(), 0);
}

#[tokio::test]
async fn a_stream_of_a_cancelled_upload_ends_and_leaves_nothing() {
    let (uploads, blob) = stored().await;
    let mut receiving = open(&uploads, None).await;
    brought(&mut receiving, vec![chunk(0, "The sea")]).await;
    receiving.flush().await.expect("stored");
    brought(&mut receiving, vec![chunk(7, " rises")]).await;
    assert_eq!(blob.count(), 1);
    let stranger = "globex".parse().expect("an id");
    let unknown = uploads.cancel(&stranger, "uploads/tide", false).await.expect_err("not this tenant's");
    assert_eq!((unknown.kind, unknown.reason), (Kind::NotFound, Reason::ResourceNotFound));
    uploads.cancel(&acme(), "uploads/tide", false).await.expect("cancelled");
    assert_eq!(blob.count(), 0);

    let ended = receiving.flush().await.expect_err("it is cancelled");
    assert_eq!((ended.kind, ended.reason), (Kind::FailedPrecondition, Reason::WrongState));
    assert!(ended.message.contains("cancelled") && ended.message.contains("anew"), "{ended}");
    assert_eq!(blob.count(), 0, "what it was just putting is gone, too");
    let ended = receiving.finish(Digest::of(b"The sea")).await.expect_err("it is cancelled");
    assert_eq!(ended.reason, Reason::WrongState);
    uploads.cancel(&acme(), "uploads/tide", true).await.expect("it is gone, as is wanted");
    uploads.cancel(&stranger, "uploads/tide", true).await.expect("there is none, as is wanted");
    for gone in
        [uploads.get(&acme(), "uploads/tide").await.map(drop), uploads.cancel(&acme(), "uploads/tide", false).await]
    {
        let gone = gone.expect_err("it is gone");
        assert_eq!((gone.kind, gone.reason), (Kind::NotFound, Reason::ResourceNotFound));
        assert_eq!(gone.resource.as_deref(), Some("uploads/tide"));
    }
}

#[tokio::test]
async fn a_stream_of_a_cancelled_upload_brings_nothing_into_the_next_one_of_its_id() {
    let (uploads, blob) = stored().await;
    let mut old = open(&uploads, None).await;
    brought(&mut old, vec![chunk(0, "The lake")]).await;
    uploads.cancel(&acme(), "uploads/tide", false).await.expect("cancelled");
    let mut new = open(&uploads, None).await;
    let ended = old.flush().await.expect_err("its upload is cancelled");
    assert_eq!((ended.reason, safe(&uploads).await, blob.count()), (Reason::WrongState, 0, 0));
    brought(&mut new, vec![chunk(0, "The sea")]).await;
    new.flush().await.expect("stored");
    assert_eq!((safe(&uploads).await, blob.count()), (7, 1));
}

#[tokio::test]
async fn the_record_of_a_cancelled_upload_goes_when_it_is_due_and_takes_along_what_is_left() {
    let (uploads, blob) = stored().await;
    let mut receiving = open(&uploads, None).await;
    let id = uploads.get(&acme(), "uploads/tide").await.expect("an upload").id;
    let stored = async || uploads.uploads().get(&id).await.expect("the store");
    let begun = stored().await.expect("a record");
    // One who goes on with it at the same time wins.
    brought(&mut receiving, vec![chunk(0, "The sea")]).await;
    receiving.flush().await.expect("stored");
    uploads.forget(begun).await.expect("safe to repeat");
    assert_eq!((safe(&uploads).await, blob.count()), (7, 1));

    // Nobody drops it while it is just becoming a document.
    let becoming = uploads.uploads().update(&id, |upload: &mut Upload| {
        upload.begin_finishing(1, Timestamp(0));
        Ok(Change::Write)
    });
    becoming.await.expect("written");
    uploads.forget(stored().await.expect("a record")).await.expect("left alone");
    assert_eq!((safe(&uploads).await, blob.count()), (7, 1));
    let failed = uploads.uploads().update(&id, |upload: &mut Upload| {
        upload.end_finishing(1);
        Ok(Change::Write)
    });
    failed.await.expect("written");

    uploads.forget(stored().await.expect("a record")).await.expect("dropped");
    let dropped = stored().await.expect("still a record");
    assert_eq!((dropped.record.dropped, blob.count()), (true, 0));
    uploads.get(&acme(), "uploads/tide").await.expect_err("it is there for nobody");
    uploads.forget(dropped).await.expect("forgotten");
    assert_eq!(stored().await, None);
    brought(&mut receiving, vec![chunk(7, " rises")]).await;
    let ended = receiving.flush().await.expect_err("it was dropped");
    assert_eq!((ended.reason, blob.count()), (Reason::WrongState, 0));
}

#[tokio::test]
async fn names_are_checked_before_anything_is_received() {
    let (uploads, tenant) = (uploads().await, acme());
    let long = "x".repeat(4 << 20);
    let usual = opening(&tenant, None);
    for (opening, field) in [
        (Opening { file_name: &long, ..usual }, "start.file_name"),
        (Opening { display_name: "a\nb", ..usual }, "start.document.display_name"),
        (Opening { display_name: &long, ..usual }, "start.document.display_name"),
        (Opening { language: "english", ..usual }, "start.document.language_code"),
        (Opening { revises: "tide", ..usual }, "start.document.revises"),
        (Opening { name: "tide", ..usual }, "start.upload"),
        (Opening { name: "uploads/a b", ..usual }, "start.upload"),
        (Opening { name: "uploads/", ..usual }, "start.upload"),
    ] {
        let refused = uploads.open(opening).await.expect_err(field);
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
    }
}
