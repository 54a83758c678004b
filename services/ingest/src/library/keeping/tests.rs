//! What is left of two calls that make one document, and of one that comes too late.

use std::time::Duration;

use lectern_blob::memory::{Fault, Op};
use lectern_core::id::DocumentId;
use tokio::time::{Instant, sleep};

use super::*;
use crate::library::testing::{Parts, acme, parts};
use crate::library::{Erase, Via};

/// Longer than both sweeps of an erasure take.
const SLOW: Duration = Duration::from_secs(100);

fn id() -> DocumentId {
    DocumentId::of(&Digest::of(b"request"))
}

/// A source that was read, under an id that is always the same.
async fn readable(library: &Library, source: &str, request: &str) -> Readable {
    let room = library.usage().reserve(&acme(), source.len() as u64, None, None).await.expect("no share");
    let arrival = Arrival {
        tenant: acme(),
        id: Some(id()),
        request: Digest::of(request.as_bytes()),
        display_name: String::new(),
        file_name: "tide.txt".to_owned(),
        language: None,
        revises: None,
        sha256: Digest::of(source.as_bytes()),
        size: source.len() as u64,
        via: Via::Upload,
        share: None,
        upload: None,
    };
    let scope = id().as_str().parse().expect("an id");
    Readable { arrival, id: id(), scope, content: content(), stored: source.len() as u64, room }
}

fn content() -> Content {
    let json = r#"{"schema": 1, "language": "en", "media_type": "text/plain", "blocks": [], "extractor": "e/1"}"#;
    serde_json::from_str(json).expect("content")
}

async fn keep(library: &Library, source: &str, request: &str) -> Result<Versioned<Document>, Failure> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("source");
    std::fs::write(&file, source).expect("written");
    library.keep(readable(library, source, request).await, &file).await
}

/// Erases the document, and sweeps it twice.
async fn erase(parts: &Parts) {
    let tombstone = parts.library.erase(&acme(), &id(), Erase::default()).await.expect("erased").expect("a tombstone");
    parts.clock.advance(Duration::from_secs(60));
    parts.library.sweep_again(&tombstone).await.expect("swept");
    assert_eq!((due(parts).await, parts.blob.count()), (None, 0));
}

async fn due(parts: &Parts) -> Option<lectern_core::Timestamp> {
    parts.library.erasure(&acme(), &id()).await.expect("erased").due_at
}

#[tokio::test(start_paused = true)]
async fn what_is_put_after_both_sweeps_of_an_erasure_is_swept_again() {
    let parts = parts().await;
    parts.blob.inject(Op::Put, Fault::Slow(SLOW));
    let meanwhile = async {
        sleep(Duration::from_secs(1)).await;
        keep(&parts.library, "The sea.", "request").await.expect("accepted");
        erase(&parts).await;
    };
    let (late, ()) = tokio::join!(keep(&parts.library, "The sea.", "request"), meanwhile);
    let late = late.expect_err("it is erased");
    assert_eq!((late.kind, late.reason), (Kind::FailedPrecondition, Reason::DocumentErased));
    assert_eq!((parts.blob.count(), due(&parts).await), (0, None));

    // Whoever comes later puts nothing.
    parts.blob.inject(Op::Put, Fault::Fail);
    let late = keep(&parts.library, "The sea.", "request").await.expect_err("it is erased");
    assert_eq!(late.reason, Reason::DocumentErased);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_sweep_is_left_to_the_reconciler() {
    let parts = parts().await;
    parts.blob.inject(Op::Put, Fault::Slow(SLOW));
    let meanwhile = async {
        sleep(Duration::from_secs(1)).await;
        keep(&parts.library, "The sea.", "request").await.expect("accepted");
        erase(&parts).await;
        parts.blob.inject(Op::Delete, Fault::Fail);
    };
    let (late, ()) = tokio::join!(keep(&parts.library, "The sea.", "request"), meanwhile);
    assert_eq!(late.expect_err("storage fails").reason, Reason::BlobUnavailable);
    assert_eq!(parts.blob.count(), 2);
    assert!(due(&parts).await.is_some(), "it is due again");
    let tombstone = parts.library.erasure(&acme(), &id()).await.expect("erased");
    parts.library.sweep_again(&tombstone).await.expect("swept");
    assert_eq!((parts.blob.count(), due(&parts).await), (0, None));
}

#[tokio::test(start_paused = true)]
async fn what_was_put_is_swept_also_where_the_call_was_dropped_or_failed() {
    for fault in [Fault::Slow(SLOW), Fault::FailAfter] {
        let parts = parts().await;
        // The second put of the late call: its source is there by then.
        parts.blob.inject(Op::Put, Fault::Slow(SLOW));
        let meanwhile = async {
            sleep(Duration::from_secs(1)).await;
            keep(&parts.library, "The sea.", "request").await.expect("accepted");
            erase(&parts).await;
            parts.blob.inject(Op::Put, fault);
        };
        let dropped = timeout(SLOW + Duration::from_secs(1), keep(&parts.library, "The sea.", "request"));
        let (late, ()) = tokio::join!(dropped, meanwhile);
        assert!(!matches!(late, Ok(Ok(_))), "{fault:?}");
        sleep(2 * SLOW).await;
        assert_eq!((parts.blob.count(), due(&parts).await), (0, None), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_slower_one_deletes_nothing_more_once_a_revision_has_joined() {
    let parts = parts().await;
    parts.blob.inject(Op::Put, Fault::Slow(SLOW));
    let meanwhile = async {
        sleep(Duration::from_secs(1)).await;
        let first = keep(&parts.library, "The sea.", "request").await.expect("accepted");
        parts.blob.inject(Op::Delete, Fault::Slow(SLOW));
        // The slower one deletes its source by now.
        sleep(SLOW + SLOW / 2).await;
        parts.library.join(&acme(), &first.record.scope).await.expect("joined");
    };
    let (slower, ()) = tokio::join!(keep(&parts.library, "The lake.", "another"), meanwhile);
    assert_eq!(slower.expect_err("it is another's").reason, Reason::RequestIdReused);
    assert_eq!(parts.blob.count(), 3, "the document's two, and the content of the other source");
}

#[tokio::test(start_paused = true)]
async fn the_slower_of_two_other_sources_under_one_request_leaves_nothing() {
    for (source, request, reason) in [
        ("The lake.", "another", Some(Reason::RequestIdReused)),
        // The same request, whose URL gave other bytes.
        ("The lake.", "request", None),
        // The same source by another request: its objects are the document's.
        ("The sea.", "another", Some(Reason::RequestIdReused)),
    ] {
        let parts = parts().await;
        parts.blob.inject(Op::Put, Fault::Slow(SLOW));
        let meanwhile = async {
            sleep(Duration::from_secs(1)).await;
            keep(&parts.library, "The sea.", "request").await.expect("accepted")
        };
        let (slower, document) = tokio::join!(keep(&parts.library, source, request), meanwhile);
        assert_eq!(slower.as_ref().err().map(|failure| failure.reason), reason, "{source} {request}");
        let document = document.record;
        let objects = Objects::new(Arc::new(parts.blob.clone()), &document.tenant, &document.scope);
        let key = parts.library.secret(&acme()).content(&document.sha256, parts.library.pin());
        for path in [objects.folder().source(&document.sha256), objects.folder().content(&key)] {
            assert!(objects.exists(&path).await.expect("storage"), "{source} {request}");
        }
        assert_eq!(parts.blob.count(), 2, "{source} {request}");
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_is_put_after_an_erasure_is_swept_and_none_is_put_once_it_is_known() {
    let parts = parts().await;
    let document = keep(&parts.library, "The sea.", "request").await.expect("accepted").record;
    let objects = Objects::new(Arc::new(parts.blob.clone()), &document.tenant, &document.scope);
    let put = async || {
        let path = objects.folder().content(&Digest::of(b"newer"));
        parts.library.put_content(&document, objects.clone(), path, content()).await
    };
    put().await.expect("put");
    parts.blob.inject(Op::Put, Fault::Slow(SLOW));
    let meanwhile = async {
        sleep(Duration::from_secs(1)).await;
        erase(&parts).await;
    };
    let (late, ()) = tokio::join!(put(), meanwhile);
    assert_eq!(late.expect_err("it is erased").reason, Reason::DocumentErased);
    assert_eq!((parts.blob.count(), due(&parts).await), (0, None));
    parts.blob.inject(Op::Put, Fault::Fail);
    assert_eq!(put().await.expect_err("it is erased").reason, Reason::DocumentErased);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_storage_does_not_take_in_time_is_refused_before_its_upload_may_be_cancelled() {
    let parts = parts().await;
    parts.blob.inject(Op::Put, Fault::Slow(2 * KEEPING));
    let started = Instant::now();
    let refused = keep(&parts.library, "The sea.", "request").await.expect_err("too slow");
    assert_eq!((refused.kind, refused.reason), (Kind::Unavailable, Reason::BlobUnavailable));
    assert!(refused.message.contains("again"), "{refused}");
    assert_eq!(started.elapsed().as_secs(), KEEPING.as_secs());
    keep(&parts.library, "The sea.", "request").await.expect("it may be tried again");
}
