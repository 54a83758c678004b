//! Revisions that are put while the scope is erased, and what becomes of those that are there.

use std::sync::Arc;
use std::time::Duration;

use lectern_blob::Objects;
use lectern_blob::memory::{Fault, Op as BlobOp};
use tokio::time::sleep;

use super::*;
use crate::domain::document::CONFIRMED_WITHIN;
use crate::library::testing::{Parts, acme, parts};
use crate::library::{Arrival, Erase, Readable, Stored, Via};

/// Longer than both sweeps of an erasure take.
const SLOW: Duration = Duration::from_secs(100);
const ALL: Erase<'static> = Erase { etag: "", allow_missing: false, all_revisions: true };

fn id(name: &str) -> DocumentId {
    name.parse().expect("an id")
}

fn content() -> Content {
    let json = r#"{"schema": 1, "language": "en", "media_type": "text/plain", "blocks": [], "extractor": "e/1"}"#;
    serde_json::from_str(json).expect("content")
}

/// Hands in a source that was read, as the document `name`.
async fn keep(
    library: &Library,
    name: &str,
    source: &str,
    revises: Option<&str>,
) -> Result<Versioned<Document>, Failure> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("source");
    std::fs::write(&file, source).expect("written");
    let (sha256, size) = (Digest::of(source.as_bytes()), source.len() as u64);
    let revises = revises.map(id);
    let (scope, stored) = match &revises {
        Some(revised) => {
            let scope = library.revised(&acme(), revised).await?.scope;
            let stored = library.added(&acme(), &scope, &sha256, size).await?;
            (scope, stored)
        }
        None => (name.parse().expect("an id"), size),
    };
    let room = library.usage().reserve(&acme(), stored, None, None).await?;
    let arrival = Arrival {
        tenant: acme(),
        id: Some(id(name)),
        request: sha256,
        display_name: String::new(),
        file_name: "tide.txt".to_owned(),
        language: None,
        revises,
        sha256,
        size,
        via: Via::Upload,
        share: None,
        upload: None,
    };
    library.keep(Readable { arrival, id: id(name), scope, content: content(), stored, room }, &file).await
}

/// One document and two revisions of it, one after the other.
async fn chain(library: &Library) {
    keep(library, "first", "The sea.", None).await.expect("accepted");
    keep(library, "second", "The sea rises.", Some("first")).await.expect("accepted");
    keep(library, "third", "The sea rises twice.", Some("second")).await.expect("accepted");
}

fn told(failure: &Failure) -> (Kind, Reason) {
    (failure.kind, failure.reason)
}

async fn stored(parts: &Parts) -> Stored {
    parts.clock.advance(Duration::from_secs(3_600));
    parts.library.usage().of(&acme()).await.expect("counted")
}

#[tokio::test]
async fn a_chain_of_revisions_lies_in_one_scope_and_each_source_counts_once() {
    let parts = parts().await;
    let library = &parts.library;
    chain(library).await;
    for (name, revises) in [("first", None), ("second", Some("first")), ("third", Some("second"))] {
        let document = library.get(&acme(), &id(name)).await.expect("it is there").record;
        assert_eq!((document.scope.as_str(), document.revises), ("first", revises.map(id)), "{name}");
        assert_eq!(document.due_at, None, "{name} is confirmed");
    }
    assert_eq!(stored(&parts).await, Stored { documents: 3, bytes: 8 + 14 + 20 });
    let back = keep(library, "fourth", "The sea.", Some("third")).await.expect("accepted").record;
    assert_eq!((back.size, back.stored), (8, 0), "the source lies there already");
    assert_eq!(stored(&parts).await, Stored { documents: 4, bytes: 8 + 14 + 20 });
    assert_eq!(parts.blob.count(), 6, "three sources, each with its content");
}

#[tokio::test]
async fn what_is_not_there_or_is_another_tenants_is_not_revised() {
    let parts = parts().await;
    let library = &parts.library;
    chain(library).await;
    let unknown = keep(library, "new", "The moon.", Some("unknown")).await.expect_err("nothing to revise");
    assert_eq!(told(&unknown), (Kind::FailedPrecondition, Reason::ResourceNotFound));
    assert_eq!(unknown.field.as_deref(), Some(FIELD));
    let stranger = "globex".parse().expect("an id");
    let others = library.revised(&stranger, &id("first")).await.expect_err("another tenant's");
    assert_eq!(told(&others), (Kind::FailedPrecondition, Reason::ResourceNotFound));
    library.erase(&acme(), &id("second"), ALL).await.expect("erased");
    let erased = keep(library, "new", "The moon.", Some("third")).await.expect_err("erased");
    assert_eq!(told(&erased), (Kind::FailedPrecondition, Reason::DocumentErased));
    assert_eq!(parts.blob.count(), 0);
}

#[tokio::test]
async fn revisions_are_erased_together_and_have_one_receipt() {
    for name in ["first", "second", "third"] {
        let parts = parts().await;
        let library = &parts.library;
        chain(library).await;
        let alone = library.erase(&acme(), &id(name), Erase::default()).await.expect_err("there are others");
        assert_eq!(told(&alone), (Kind::FailedPrecondition, Reason::WrongState), "{name}");
        assert!(alone.message.contains("all_revisions"), "{alone}");
        assert_eq!((parts.blob.count(), stored(&parts).await.documents), (6, 3), "{name}");

        let tombstone = library.erase(&acme(), &id(name), ALL).await.expect("erased").expect("a tombstone");
        assert_eq!((tombstone.id.as_str(), parts.blob.count()), (name, 0));
        let deleted = |tombstone: &Document| tombstone.receipt.as_ref().map(|receipt| receipt.first.deleted.clone());
        assert!(deleted(&tombstone).is_some_and(|deleted| deleted.values().sum::<u64>() == 6));
        assert_eq!(library.erased_together(&tombstone).await, Ok(3));
        for other in ["first", "second", "third"] {
            let gone = library.get(&acme(), &id(other)).await.expect_err("erased");
            assert_eq!(told(&gone), (Kind::NotFound, Reason::DocumentErased), "{other}");
            let receipt = library.erasure(&acme(), &id(other)).await.expect("a receipt");
            assert_eq!((receipt.id.as_str(), deleted(&receipt)), (other, deleted(&tombstone)));
            let again = library.erase(&acme(), &id(other), Erase::default()).await.expect_err("it is gone");
            assert_eq!(told(&again), (Kind::NotFound, Reason::DocumentErased), "{other}");
        }
        assert_eq!(stored(&parts).await, Stored::default());
        let first = library.documents().get("first").await.expect("the store").expect("a tombstone").record;
        library.reconcile(&first).await.expect("swept again");
        let receipt = library.erasure(&acme(), &id(name)).await.expect("a receipt").receipt.expect("a receipt");
        assert!(receipt.second.at.is_some());
        let ended = library.end_tombstones(parts.library.now()).await;
        assert_eq!(ended, Ok(3), "they end together");
    }
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_is_put_while_its_scope_is_erased_is_erased_with_it() {
    let parts = parts().await;
    let library = &parts.library;
    keep(library, "first", "The sea.", None).await.expect("accepted");
    parts.blob.inject(BlobOp::Put, Fault::Slow(SLOW));
    let meanwhile = async {
        sleep(Duration::from_secs(1)).await;
        // Nobody sees the revision yet, so the document is erased alone.
        let erased = library.erase(&acme(), &id("first"), Erase::default()).await.expect("erased");
        parts.clock.advance(Duration::from_secs(60));
        library.reconcile(&erased.expect("a tombstone")).await.expect("swept twice");
    };
    let (late, ()) = tokio::join!(keep(library, "second", "The sea rises.", Some("first")), meanwhile);
    assert_eq!(told(&late.expect_err("it is erased")), (Kind::FailedPrecondition, Reason::DocumentErased));
    assert_eq!(parts.blob.count(), 0, "what it put is swept");
    let gone = library.get(&acme(), &id("second")).await.expect_err("erased");
    assert_eq!(gone.reason, Reason::DocumentErased);
    assert_eq!(stored(&parts).await, Stored::default());
}

#[tokio::test]
async fn a_revision_whose_process_died_before_it_looked_again_is_seen_to_by_the_reconciler() {
    for erased in [false, true] {
        let parts = parts().await;
        let library = &parts.library;
        chain(library).await;
        let third = library.get(&acme(), &id("third")).await.expect("it is there").record;
        if erased {
            library.erase(&acme(), &id("first"), ALL).await.expect("erased");
        }
        let due_at = Some(library.now().plus(CONFIRMED_WITHIN));
        let unconfirmed = Document { id: id("late"), request: Digest::of(b"late"), due_at, ..third };
        library.documents().insert(&unconfirmed).await.expect("inserted");
        let seen = library.get(&acme(), &id("late")).await.err().map(|failure| failure.reason);
        assert_eq!(seen, erased.then_some(Reason::DocumentErased), "the first decides at once");

        library.reconcile(&unconfirmed).await.expect("seen to");
        let late = library.documents().get("late").await.expect("the store").expect("a record").record;
        assert_eq!((late.erased.is_some(), late.due_at), (erased, None));
        let again = library.known(Some(&id("late")), &Digest::of(b"late")).await;
        assert_eq!(again.err().map(|failure| failure.reason), erased.then_some(Reason::DocumentErased));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_source_does_not_take_that_of_a_revision_with_it() {
    let parts = parts().await;
    let library = &parts.library;
    parts.blob.inject(BlobOp::Put, Fault::Slow(SLOW));
    let meanwhile = async {
        sleep(Duration::from_secs(1)).await;
        keep(library, "first", "The sea.", None).await.expect("accepted");
        // The same bytes as those that come too late for the first one.
        keep(library, "second", "The lake.", Some("first")).await.expect("accepted").record
    };
    let (refused, second) = tokio::join!(keep(library, "first", "The lake.", None), meanwhile);
    assert_eq!(refused.expect_err("another source").reason, Reason::RequestIdReused);
    let objects = Objects::new(Arc::new(parts.blob.clone()), &acme(), &second.scope);
    assert!(objects.exists(&objects.folder().source(&second.sha256)).await.expect("storage"));
    assert_eq!(parts.blob.count(), 4);
}

#[tokio::test]
async fn whoever_erases_a_document_alone_learns_of_a_revision_that_has_just_been_put() {
    let parts = parts().await;
    let library = &parts.library;
    keep(library, "first", "The sea.", None).await.expect("accepted");
    let joined = async || library.get(&acme(), &id("first")).await.expect("it is there").record.joined;
    assert_eq!(joined().await, 0, "nobody looks for others");
    keep(library, "second", "The sea rises.", Some("first")).await.expect("accepted");
    // Once before it put anything and once when its record was there: an erasure that looked in
    // between finds another number than it saw.
    assert_eq!(joined().await, 2);
    let alone = library.erase(&acme(), &id("first"), Erase::default()).await.expect_err("there is another one");
    assert_eq!(told(&alone), (Kind::FailedPrecondition, Reason::WrongState));
}

#[tokio::test]
async fn a_document_whose_revision_was_refused_is_erased_alone() {
    let parts = parts().await;
    let library = &parts.library;
    keep(library, "first", "The sea.", None).await.expect("accepted");
    parts.blob.inject(BlobOp::Put, Fault::Fail);
    keep(library, "second", "The sea rises.", Some("first")).await.expect_err("storage fails");
    assert_eq!(library.get(&acme(), &id("first")).await.expect("it is there").record.joined, 1);
    library.erase(&acme(), &id("first"), Erase::default()).await.expect("there is no other one");
    assert_eq!(parts.blob.count(), 0);
}
