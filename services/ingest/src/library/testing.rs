//! A library for tests of what happens between its calls. Nothing is read in it.

use std::sync::Arc;
use std::time::Duration;

use lectern_blob::memory::MemoryBlob;
use lectern_core::clock::ManualClock;
use lectern_core::id::TenantId;
use lectern_core::{Clock, OsRandom, Timestamp};
use lectern_store::memory::MemoryStore;
use lectern_store::{Collection, Store};

use super::{Library, Reader, Uploads};
use crate::domain::{Document, SourceLimits, Upload};
use crate::extract::child::{self, Sandbox};

/// What is stored, and in what.
pub(super) struct Parts {
    pub library: Library,
    pub uploads: Uploads,
    pub blob: MemoryBlob,
    pub store: Arc<MemoryStore>,
    pub clock: Arc<ManualClock>,
}

pub(super) async fn parts() -> Parts {
    let manual = Arc::new(ManualClock::at(Timestamp(1_000)));
    let clock = Arc::clone(&manual) as Arc<dyn Clock>;
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let blob = MemoryBlob::new(Arc::clone(&clock));
    let documents: Collection<Document> = Collection::new(Arc::clone(&store) as Arc<dyn Store>);
    documents.ensure().await.expect("a collection");
    let records: Collection<Upload> = documents.beside();
    records.ensure().await.expect("a collection");
    let library = Library::new(
        documents,
        Reader::new(Sandbox::new("/nonexistent/program", child::SandboxLimits::default()), None, 2),
        Arc::new(blob.clone()),
        Arc::clone(&clock),
        Arc::new(OsRandom),
        b"thirty-two bytes that protect none".as_slice().into(),
        SourceLimits { upload_bytes: 8 << 20, inline_bytes: 1 << 20 },
    );
    let idle = Duration::from_secs(60);
    let uploads = Uploads::new(records, library.clone(), Arc::new(blob.clone()), clock, Arc::new(OsRandom), idle);
    Parts { library, uploads, blob, store, clock: manual }
}

pub(super) fn acme() -> TenantId {
    "acme".parse().expect("an id")
}
