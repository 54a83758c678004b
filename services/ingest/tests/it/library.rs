//! What becomes of documents and uploads once they are erased.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_blob::memory::MemoryBlob;
use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Clock, Digest, Failure, Kind, OsRandom, Reason, SystemClock};
use lectern_ingest::domain::{Document, Limits, Upload};
use lectern_ingest::extract::child::{Limits as ChildLimits, Sandbox};
use lectern_ingest::library::{Arrival, Library, Reader, Uploads};
use lectern_store::memory::MemoryStore;
use lectern_store::{Collection, Store, Versioned};

const TEXT: &[u8] = b"The sea rises twice a day.";

struct Ingest {
    library: Library,
    uploads: Uploads,
    blob: MemoryBlob,
    tenant: TenantId,
}

impl Ingest {
    async fn open() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let documents: Collection<Document> = Collection::new(Arc::clone(&store));
        documents.ensure().await.expect("a collection");
        let records: Collection<Upload> = Collection::new(store);
        records.ensure().await.expect("a collection");
        let blob = MemoryBlob::new(Arc::clone(&clock));
        let library = Library::new(
            documents,
            Reader::new(Sandbox::new(env!("CARGO_BIN_EXE_lectern-ingest"), ChildLimits::default()), None, 2),
            Arc::new(blob.clone()),
            Arc::clone(&clock),
            Arc::new(OsRandom),
            b"thirty-two bytes that protect none".as_slice().into(),
            Limits { upload_bytes: 1 << 20, inline_bytes: 1 << 20 },
        );
        let idle = Duration::from_secs(60);
        let uploads = Uploads::new(records, library.clone(), Arc::new(blob.clone()), clock, Arc::new(OsRandom), idle);
        Self { library, uploads, blob, tenant: "acme".parse().expect("an id") }
    }

    /// Hands the text in by a request whose id is always the same.
    async fn create(&self) -> Result<Versioned<Document>, Failure> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("source");
        std::fs::write(&file, TEXT).expect("written");
        let arrival = Arrival {
            tenant: self.tenant.clone(),
            id: Some(DocumentId::of(&Digest::of(b"request"))),
            request: Digest::of(TEXT),
            display_name: String::new(),
            file_name: "tide.txt".to_owned(),
            language: None,
            sha256: Digest::of(TEXT),
            size: TEXT.len() as u64,
        };
        self.library.accept(arrival, &file).await
    }

    /// Uploads the text under an id that is always the same.
    async fn upload(&self) -> Result<Versioned<Document>, Failure> {
        let size = TEXT.len() as u64;
        let mut receiving = self.uploads.open(&self.tenant, "tide", "", "tide.txt", "", size).await?;
        receiving.chunk(0, &Bytes::from_static(TEXT), crc32c::crc32c(TEXT)).await?;
        receiving.finish(Digest::of(TEXT)).await
    }

    async fn erase(&self, id: &DocumentId, etag: &str) -> Result<(), Failure> {
        self.library.erase(&self.tenant, id, etag).await
    }
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
    let others = ingest.library.erase(&stranger, &id, "").await.expect_err("another tenant's");
    assert_eq!(told(&others), (Kind::NotFound, Reason::ResourceNotFound));
    assert_eq!(ingest.blob.count(), 2, "nothing of it was touched");

    ingest.erase(&id, &etag).await.expect("erased");
    assert_eq!(ingest.blob.count(), 0);
    for etag in ["", &etag, "999"] {
        let again = ingest.erase(&id, etag).await.expect_err("it is gone");
        assert_eq!(told(&again), (Kind::NotFound, Reason::DocumentErased), "{etag}");
    }
}

#[tokio::test]
async fn an_id_whose_document_was_erased_makes_no_other() {
    let ingest = Ingest::open().await;
    let document = ingest.create().await.expect("accepted").record;
    assert_eq!(ingest.create().await.expect("the same answer").record.id, document.id);
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
    let record = ingest.uploads.query(&ingest.tenant, "tide").await.expect("an upload");
    ingest.uploads.drop_upload(&record).await.expect("dropped");
    let spent = ingest.upload().await.expect_err("erased");
    assert_eq!(told(&spent), (Kind::FailedPrecondition, Reason::DocumentErased));
    assert_eq!((ingest.blob.count(), ingest.uploads.held()), (0, 0));
}
