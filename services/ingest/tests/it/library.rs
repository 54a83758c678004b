//! What becomes of documents and uploads once they are erased, and what is told of it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_blob::memory::{Fault, MemoryBlob, Op};
use lectern_blob::{Blob as _, ObjectPath};
use lectern_core::clock::ManualClock;
use lectern_core::id::{DocumentId, TenantId};
use lectern_core::keys::ObjectKind;
use lectern_core::{Clock, Digest, Failure, Kind, OsRandom, Reason, Timestamp};
use lectern_ingest::domain::erasure::Counts;
use lectern_ingest::domain::{Document, Receipt, SourceLimits, Upload};
use lectern_ingest::extract::child::{Sandbox, SandboxLimits};
use lectern_ingest::library::{Arrival, Erase, Library, Opening, Reader, Stored, Uploads, Via};
use lectern_store::memory::MemoryStore;
use lectern_store::{Collection, Store, Versioned, memory};

const TEXT: &[u8] = b"The sea rises twice a day.";
const TEXT_BYTES: u64 = TEXT.len() as u64;

struct Ingest {
    library: Library,
    uploads: Uploads,
    blob: MemoryBlob,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    tenant: TenantId,
    share: Option<u64>,
}

impl Ingest {
    async fn open() -> Self {
        let manual = Arc::new(ManualClock::at(Timestamp(1_000)));
        let clock = Arc::clone(&manual) as Arc<dyn Clock>;
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let documents: Collection<Document> = Collection::new(Arc::clone(&store) as Arc<dyn Store>);
        documents.ensure().await.expect("a collection");
        let records: Collection<Upload> = Collection::new(Arc::clone(&store) as Arc<dyn Store>);
        records.ensure().await.expect("a collection");
        let blob = MemoryBlob::new(Arc::clone(&clock));
        let library = Library::new(
            documents,
            Reader::new(Sandbox::new(env!("CARGO_BIN_EXE_lectern-ingest"), SandboxLimits::default()), None, 2),
            Arc::new(blob.clone()),
            Arc::clone(&clock),
            Arc::new(OsRandom),
            b"thirty-two bytes that protect none".as_slice().into(),
            SourceLimits { upload_bytes: 1 << 20, inline_bytes: 1 << 20 },
        );
        let idle = Duration::from_secs(60);
        let uploads = Uploads::new(records, library.clone(), Arc::new(blob.clone()), clock, Arc::new(OsRandom), idle);
        Self { library, uploads, blob, clock: manual, store, tenant: "acme".parse().expect("an id"), share: None }
    }

    /// Hands the text in by a request whose id is always the same.
    async fn create(&self) -> Result<Versioned<Document>, Failure> {
        self.create_by(b"request").await
    }

    async fn create_by(&self, request: &[u8]) -> Result<Versioned<Document>, Failure> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("source");
        std::fs::write(&file, TEXT).expect("written");
        let arrival = Arrival {
            tenant: self.tenant.clone(),
            id: Some(DocumentId::of(&Digest::of(request))),
            request: Digest::of(TEXT),
            display_name: String::new(),
            file_name: "tide.txt".to_owned(),
            language: None,
            revises: None,
            sha256: Digest::of(TEXT),
            size: TEXT.len() as u64,
            via: Via::Upload,
            share: self.share,
            upload: None,
        };
        self.library.accept(arrival, &file).await
    }

    /// Uploads the text under an id that is always the same.
    async fn upload(&self) -> Result<Versioned<Document>, Failure> {
        self.upload_of(Some(TEXT.len() as u64)).await
    }

    fn opening(&self, size: Option<u64>) -> Opening<'_> {
        Opening {
            tenant: &self.tenant,
            name: "uploads/tide",
            display_name: "",
            file_name: "tide.txt",
            language: "",
            revises: "",
            size,
            share: self.share,
        }
    }

    /// The same with another word on its size.
    async fn upload_of(&self, size: Option<u64>) -> Result<Versioned<Document>, Failure> {
        let mut receiving = self.uploads.open(self.opening(size)).await?;
        receiving.chunk(0, &Bytes::from_static(TEXT), crc32c::crc32c(TEXT)).await?;
        receiving.finish(Digest::of(TEXT)).await
    }

    async fn erase(&self, id: &DocumentId, etag: &str) -> Result<Option<Document>, Failure> {
        self.library.erase(&self.tenant, id, Erase { etag, ..Erase::default() }).await
    }

    /// Puts objects of a document, as a step does.
    async fn put(&self, document: &Document, names: &[&str]) {
        for name in names {
            let path = ObjectPath::new(format!("{}/{}/{name}", document.tenant, document.scope)).expect("a path");
            self.blob.put(&path, Bytes::from_static(b"x")).await.expect("put");
        }
    }

    /// The tombstone of a document as it is stored, and its receipt.
    async fn tombstone(&self, id: &DocumentId) -> (Document, Receipt) {
        let document = self.library.erasure(&self.tenant, id).await.expect("erased");
        let receipt = document.receipt.clone().expect("a receipt");
        (document, receipt)
    }
}

/// What was counted; kinds of which there was nothing left out.
fn counts(counts: &Counts) -> Vec<(ObjectKind, u64)> {
    counts.iter().map(|(kind, count)| (*kind, *count)).filter(|(_, count)| *count > 0).collect()
}

fn told(failure: &Failure) -> (Kind, Reason) {
    (failure.kind, failure.reason)
}

#[tokio::test]
async fn what_is_gone_is_not_found_however_it_is_deleted() {
    let ingest = Ingest::open().await;
    let document = ingest.create().await.expect("accepted");
    let (id, etag) = (document.record.id.clone(), document.revision.0.to_string());
    let stale = ingest.erase(&id, "999").await.expect_err("another etag");
    assert_eq!(told(&stale), (Kind::Aborted, Reason::EtagMismatch));
    let unknown = ingest.erase(&DocumentId::of(&Digest::of(b"unknown")), &etag).await.expect_err("unknown");
    assert_eq!(told(&unknown), (Kind::NotFound, Reason::ResourceNotFound));
    let stranger = "globex".parse().expect("an id");
    let others = ingest.library.erase(&stranger, &id, Erase::default()).await.expect_err("another tenant's");
    assert_eq!(told(&others), (Kind::NotFound, Reason::ResourceNotFound));
    assert_eq!(ingest.blob.count(), 2, "nothing of it was touched");

    ingest.erase(&id, &etag).await.expect("erased");
    assert_eq!(ingest.blob.count(), 0);
    let allowing = Erase { allow_missing: true, ..Erase::default() };
    for etag in ["", &etag, "999"] {
        let again = ingest.erase(&id, etag).await.expect_err("it is gone");
        assert_eq!(told(&again), (Kind::NotFound, Reason::DocumentErased), "{etag}");
        let again = ingest.library.erase(&ingest.tenant, &id, Erase { etag, ..allowing }).await.expect("allowed");
        assert_eq!(again.expect("a tombstone").id, id);
    }
    let unknown = DocumentId::of(&Digest::of(b"unknown"));
    let missing = ingest.library.erase(&ingest.tenant, &unknown, allowing).await.expect("allowed");
    assert_eq!(missing, None);
}

#[tokio::test]
async fn an_id_whose_document_was_erased_makes_no_other() {
    let ingest = Ingest::open().await;
    let document = ingest.create().await.expect("accepted").record;
    assert_eq!(ingest.create().await.expect("the same answer").record.id, document.id);
    let received = [Via::Upload, Via::Import].map(|via| ingest.library.received(via));
    assert_eq!(received, [TEXT.len() as u64, 0], "what was there already does not count");
    ingest.erase(&document.id, "").await.expect("erased");
    let spent = ingest.create().await.expect_err("erased");
    assert_eq!(told(&spent), (Kind::FailedPrecondition, Reason::DocumentErased));
    assert!(spent.message.contains("new id"), "{spent}");

    let document = ingest.upload().await.expect("accepted").record;
    assert_eq!(ingest.upload().await.expect("the same answer").record.id, document.id);
    ingest.erase(&document.id, "").await.expect("erased");
    let spent = ingest.upload().await.expect_err("erased");
    assert_eq!(told(&spent), (Kind::FailedPrecondition, Reason::DocumentErased));
    // Also when the upload's record is forgotten, a day later.
    let id = ingest.uploads.get(&ingest.tenant, "uploads/tide").await.expect("an upload").id;
    let record = ingest.uploads.uploads().get(&id).await.expect("the store").expect("a record");
    ingest.uploads.forget(record).await.expect("forgotten");
    assert_eq!(ingest.uploads.uploads().get(&id).await.expect("the store"), None);
    let spent = ingest.upload().await.expect_err("erased");
    assert_eq!(told(&spent), (Kind::FailedPrecondition, Reason::DocumentErased));
    assert_eq!((ingest.blob.count(), ingest.uploads.held()), (0, 0));
}

#[tokio::test]
async fn the_receipt_counts_by_kind_what_each_sweep_deleted() {
    let ingest = Ingest::open().await;
    let document = ingest.create().await.expect("accepted").record;
    let unread = ingest.library.erasure(&ingest.tenant, &document.id).await.expect_err("it is not erased");
    assert_eq!(told(&unread), (Kind::FailedPrecondition, Reason::WrongState));
    ingest.put(&document, &["plan/p.json", "segment/a", "segment/b", "recording/n/k/audio.opus", "odd/x"]).await;
    let tombstone = ingest.erase(&document.id, "").await.expect("erased").expect("a tombstone");
    let receipt = tombstone.receipt.expect("a receipt");
    let first = [
        (ObjectKind::Source, 1),
        (ObjectKind::Content, 1),
        (ObjectKind::Plan, 1),
        (ObjectKind::Segment, 2),
        (ObjectKind::Artifact, 1),
        (ObjectKind::Other, 1),
    ];
    assert_eq!((counts(&receipt.first.deleted), receipt.first.at), (first.to_vec(), Some(Timestamp(1_000))));
    assert_eq!((counts(&receipt.second.deleted), receipt.second.at), (vec![], None));

    // Whoever erases it again adds what he finds.
    ingest.put(&document, &["segment/c"]).await;
    ingest.erase(&document.id, "").await.expect_err("it is gone");
    let (_, receipt) = ingest.tombstone(&document.id).await;
    assert_eq!(receipt.first.deleted.get(&ObjectKind::Segment), Some(&3));
    assert_eq!(receipt.first.at, Some(Timestamp(1_000)), "it was complete then");

    ingest.clock.advance(Duration::from_secs(60));
    ingest.put(&document, &["track/t.json"]).await;
    let (due, _) = ingest.tombstone(&document.id).await;
    ingest.library.sweep_again(&due).await.expect("swept");
    let (swept, receipt) = ingest.tombstone(&document.id).await;
    assert_eq!(counts(&receipt.second.deleted), [(ObjectKind::Track, 1)]);
    assert_eq!((receipt.second.at, swept.due_at), (Some(Timestamp(61_000)), None));
    assert_eq!(ingest.blob.count(), 0);

    // After both, what is found is of the second.
    ingest.put(&document, &["track/u.json"]).await;
    ingest.erase(&document.id, "").await.expect_err("it is gone");
    let (_, receipt) = ingest.tombstone(&document.id).await;
    assert_eq!(counts(&receipt.second.deleted), [(ObjectKind::Track, 2)]);

    let stranger = "globex".parse().expect("an id");
    for (tenant, id) in [(&stranger, &document.id), (&ingest.tenant, &DocumentId::of(&Digest::of(b"unknown")))] {
        let unknown = ingest.library.erasure(tenant, id).await.expect_err("unknown");
        assert_eq!(told(&unknown), (Kind::NotFound, Reason::ResourceNotFound));
    }
}

#[tokio::test]
async fn a_crash_at_any_point_of_a_sweep_loses_no_count_and_counts_nothing_twice() {
    let both = [(ObjectKind::Source, 1), (ObjectKind::Content, 1)];
    // The list fails; the deletion fails, before it or after; the answer of the last write is lost.
    for fault in ["list", "delete", "deleted", "settle"] {
        let ingest = Ingest::open().await;
        let document = ingest.create().await.expect("accepted").record;
        match fault {
            "list" => ingest.blob.inject(Op::List, Fault::Fail),
            "delete" => ingest.blob.inject(Op::Delete, Fault::Fail),
            "deleted" => ingest.blob.inject(Op::Delete, Fault::FailAfter),
            // The tombstone, and what was found, are written; the rest is not.
            _ => {
                ingest.store.inject([memory::Fault::Delay(Duration::ZERO), memory::Fault::Delay(Duration::ZERO)]);
                ingest.store.inject([memory::Fault::Unavailable]);
            }
        }
        ingest.erase(&document.id, "").await.expect_err(fault);
        let (due, receipt) = ingest.tombstone(&document.id).await;
        assert_eq!((counts(&receipt.first.deleted), receipt.first.at), (vec![], None), "{fault}");

        ingest.clock.advance(Duration::from_secs(60));
        // What a step put meanwhile.
        ingest.put(&document, &["segment/a"]).await;
        ingest.library.sweep_again(&due).await.expect("swept");
        let (swept, receipt) = ingest.tombstone(&document.id).await;
        let mut expected = both.to_vec();
        expected.push((ObjectKind::Segment, 1));
        assert_eq!(counts(&receipt.first.deleted), expected, "{fault}");
        assert!(counts(&receipt.second.deleted).is_empty(), "{fault}");
        let times = (receipt.first.at, receipt.second.at, swept.due_at);
        assert_eq!(times, (Some(Timestamp(61_000)), Some(Timestamp(61_000)), None), "{fault}");
        assert_eq!(ingest.blob.count(), 0, "{fault}");
    }
}

#[tokio::test]
async fn usage_is_what_is_not_erased() {
    let ingest = Ingest::open().await;
    let usage = async || ingest.library.usage().of(&ingest.tenant).await.expect("counted");
    assert_eq!(usage().await, Stored::default());
    let document = ingest.create().await.expect("accepted").record;
    ingest.create().await.expect("the same answer");
    ingest.upload().await.expect("accepted");
    assert_eq!(usage().await, Stored { documents: 2, bytes: 2 * TEXT_BYTES }, "it is added at once");
    ingest.erase(&document.id, "").await.expect("erased");
    ingest.erase(&document.id, "").await.expect_err("it is gone");
    let one = Stored { documents: 1, bytes: TEXT_BYTES };
    assert_eq!(usage().await, one, "it is taken off once");
    let another = ingest.create_by(b"another").await.expect("accepted").record;
    // Two that erase it at once: one loses the race after it has seen a document.
    let (first, second) = tokio::join!(ingest.erase(&another.id, ""), ingest.erase(&another.id, ""));
    assert!(first.is_ok() || second.is_ok());
    assert_eq!(usage().await, one, "it is taken off once");
    ingest.clock.advance(Duration::from_secs(61));
    assert_eq!(usage().await, one, "and counted anew");
}

#[tokio::test]
async fn a_source_that_does_not_fit_the_share_is_refused_and_an_upload_of_it_may_be_finished_later() {
    let mut ingest = Ingest::open().await;
    ingest.share = Some(2 * TEXT_BYTES - 1);
    let document = ingest.create().await.expect("it fits").record;
    assert_eq!(ingest.create().await.expect("the same answer").record.id, document.id, "which needs no room");
    let refused = ingest.create_by(b"another").await.expect_err("it does not fit");
    assert_eq!(told(&refused), (Kind::ResourceExhausted, Reason::LimitExceeded));
    assert_eq!((refused.resource.as_deref(), refused.retry_after), (Some("tenants/acme"), None));
    assert_eq!(ingest.blob.count(), 2, "nothing of it is kept");

    let (half, rest) = TEXT.split_at(TEXT.len() / 2);
    let mut receiving = ingest.uploads.open(ingest.opening(None)).await.expect("its size is not known");
    receiving.chunk(0, &Bytes::from_static(half), crc32c::crc32c(half)).await.expect("received");
    receiving.flush().await.expect("it fits");
    receiving.chunk(half.len() as u64, &Bytes::from_static(rest), crc32c::crc32c(rest)).await.expect("received");
    let refused = receiving.finish(Digest::of(TEXT)).await.expect_err("the rest does not fit");
    assert_eq!(told(&refused), (Kind::ResourceExhausted, Reason::LimitExceeded));
    let kept = ingest.uploads.get(&ingest.tenant, "uploads/tide").await.expect("an upload").committed();
    assert_eq!(kept, half.len() as u64, "what came before is kept");
    let opened = ingest.uploads.open(ingest.opening(Some(TEXT_BYTES))).await;
    let refused = opened.expect_err("its size is known at the beginning");
    assert_eq!(told(&refused), (Kind::ResourceExhausted, Reason::LimitExceeded));

    ingest.erase(&document.id, "").await.expect("erased");
    let mut receiving = ingest.uploads.open(ingest.opening(None)).await.expect("there is room");
    receiving.chunk(kept, &Bytes::from_static(rest), crc32c::crc32c(rest)).await.expect("received");
    let document = receiving.finish(Digest::of(TEXT)).await.expect("accepted").record;
    assert_eq!((document.size, document.file_name.as_str()), (TEXT_BYTES, "tide.txt"));
    // One that is finished already needs no room.
    ingest.share = Some(1);
    assert_eq!(ingest.upload().await.expect("the same answer").record.id, document.id);
}

#[tokio::test]
async fn a_tombstone_ends_with_its_receipt_after_its_time_and_not_before_its_second_sweep() {
    let ingest = Ingest::open().await;
    let library = &ingest.library;
    let erased = ingest.create().await.expect("accepted").record;
    let kept = ingest.create_by(b"another").await.expect("accepted").record;
    ingest.erase(&erased.id, "").await.expect("erased");
    ingest.clock.advance(Duration::from_secs(60));
    let now = ingest.clock.now();
    assert_eq!(library.end_tombstones(now).await.expect("swept"), 0, "its second sweep is to come");
    let (tombstone, _) = ingest.tombstone(&erased.id).await;
    library.sweep_again(&tombstone).await.expect("swept");
    assert_eq!(library.end_tombstones(Timestamp(1_000)).await.expect("swept"), 0, "kept for exactly so long");
    assert_eq!(library.end_tombstones(now).await.expect("swept"), 1);
    let gone = (Kind::NotFound, Reason::ResourceNotFound);
    assert_eq!(told(&library.erasure(&ingest.tenant, &erased.id).await.expect_err("no receipt")), gone);
    assert_eq!(told(&ingest.erase(&erased.id, "").await.expect_err("no tombstone")), gone);
    assert_eq!(
        library
            .erase(&ingest.tenant, &erased.id, Erase { allow_missing: true, ..Erase::default() })
            .await
            .expect("it is missing"),
        None
    );
    let year = now.plus(Duration::from_secs(365 * 24 * 60 * 60));
    assert_eq!(library.end_tombstones(year).await.expect("swept"), 0, "what is not erased does not end");
    assert_eq!(library.get(&ingest.tenant, &kept.id).await.expect("there").record, kept);
    assert_eq!(ingest.create().await.expect("accepted anew").record.id, erased.id);
}

#[tokio::test]
async fn an_upload_that_is_finished_is_not_cancelled_and_says_what_it_became() {
    let ingest = Ingest::open().await;
    let document = ingest.upload_of(None).await.expect("accepted").record;
    let refused = ingest.uploads.cancel(&ingest.tenant, "uploads/tide", true).await.expect_err("it is finished");
    assert_eq!(told(&refused), (Kind::FailedPrecondition, Reason::WrongState));
    let upload = ingest.uploads.get(&ingest.tenant, "uploads/tide").await.expect("an upload");
    assert_eq!((upload.committed(), upload.size), (TEXT_BYTES, Some(TEXT_BYTES)));
    assert_eq!((upload.document, upload.finishing), (Some(document.id), vec![]));
    // It is dropped a day later, and its document stays.
    let record = ingest.uploads.uploads().get(&upload.id).await.expect("the store").expect("a record");
    assert_eq!(record.record.due_at, Some(Timestamp(1_000).plus(Duration::from_secs(24 * 60 * 60))));
    ingest.uploads.forget(record).await.expect("forgotten");
    let gone = ingest.uploads.get(&ingest.tenant, "uploads/tide").await.expect_err("it is dropped");
    assert_eq!(told(&gone), (Kind::NotFound, Reason::ResourceNotFound));
    assert_eq!(ingest.library.usage().of(&ingest.tenant).await.expect("counted").documents, 1);
}

#[tokio::test]
async fn an_upload_whose_document_was_made_by_one_who_died_is_not_cancelled() {
    let ingest = Ingest::open().await;
    // The upload is begun, its part stored, and it is finishing; the document is committed, and the
    // record of the upload does not say so.
    let wait = || memory::Fault::Delay(Duration::ZERO);
    ingest.store.inject([wait(), wait(), wait(), wait(), memory::Fault::Unavailable]);
    ingest.upload().await.expect_err("the store is gone");
    ingest.store.heal();
    ingest.clock.advance(Duration::from_secs(60 * 60));
    let upload = ingest.uploads.get(&ingest.tenant, "uploads/tide").await.expect("an upload");
    assert!(!upload.finishing.is_empty() && upload.document.is_none(), "{upload:?}");
    let refused = ingest.uploads.cancel(&ingest.tenant, "uploads/tide", true).await.expect_err("it is a document");
    assert_eq!(told(&refused), (Kind::FailedPrecondition, Reason::WrongState));
    let receiving = ingest.uploads.open(ingest.opening(None)).await.expect("it goes on");
    receiving.finish(Digest::of(TEXT)).await.expect("the same answer");
    assert_eq!(ingest.library.usage().of(&ingest.tenant).await.expect("counted").documents, 1);
}
