//! What is told of a tenant, and what is refused.

use lectern_core::Digest;
use lectern_core::clock::ManualClock;
use lectern_store::memory::MemoryStore;

use super::*;

fn acme() -> TenantId {
    "acme".parse().expect("an id")
}

fn document(id: &str, tenant: &str, size: u64) -> Document {
    Document {
        id: id.parse().expect("an id"),
        tenant: tenant.parse().expect("an id"),
        scope: id.parse().expect("an id"),
        revises: None,
        joined: 0,
        request: Digest::of(b"request"),
        display_name: String::new(),
        file_name: String::new(),
        title: String::new(),
        media_type: String::new(),
        size,
        stored: size,
        sha256: Digest::of(b"source"),
        pages: None,
        words: 0,
        language: String::new(),
        language_set: false,
        outline: Vec::new(),
        warnings: Vec::new(),
        created: Timestamp(1),
        erased: None,
        receipt: None,
        due_at: None,
    }
}

/// Erases a document that is counted, as far as the usage is told.
fn erase(usage: &Usage, id: &str, bytes: u64) {
    usage.erasing(&acme(), &id.parse().expect("an id"), bytes).erased();
}

fn upload(id: &str, bytes: u64) -> Upload {
    Upload {
        id: id.to_owned(),
        serial: 7,
        tenant: acme(),
        upload_id: id.to_owned(),
        display_name: String::new(),
        file_name: String::new(),
        language: None,
        revises: None,
        size: None,
        parts: vec![crate::domain::Part { offset: 0, size: bytes, token: 0 }],
        finishing: Vec::new(),
        dropped: false,
        document: None,
        created: Timestamp(1),
        due_at: None,
    }
}

struct Counting {
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    documents: Collection<Document>,
    usage: Usage,
}

async fn counting() -> Counting {
    let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let documents: Collection<Document> = Collection::new(Arc::clone(&store) as Arc<dyn lectern_store::Store>);
    documents.ensure().await.expect("a collection");
    let usage = Usage::new(documents.clone(), Arc::clone(&clock) as Arc<dyn Clock>);
    Counting { clock, store, documents, usage }
}

#[tokio::test]
async fn a_tenants_documents_are_counted_at_intervals_and_what_came_since_is_added() {
    let Counting { clock, store, documents, usage } = counting().await;
    // More than a page, an erased one, and one of somebody else.
    for i in 0..=u64::from(PAGE) {
        documents.insert(&document(&format!("d{i}"), "acme", 10)).await.expect("inserted");
    }
    let erased = Document { erased: Some(Timestamp(2)), ..document("e", "acme", 10) };
    documents.insert(&erased).await.expect("inserted");
    documents.insert(&document("o", "other", 10)).await.expect("inserted");
    let counted = Stored { documents: 201, bytes: 2_010 };
    assert_eq!(usage.of(&acme()).await, Ok(counted));

    let calls = store.calls();
    usage.reserve(&acme(), 5, None, None).await.expect("no share").accepted();
    erase(&usage, "d0", 10);
    erase(&usage, "d0", 10);
    assert_eq!(usage.of(&acme()).await, Ok(Stored { documents: 201, bytes: 2_005 }), "it is taken off once");
    assert_eq!(store.calls(), calls, "nothing is counted again within a minute");
    clock.advance(COUNTED_FOR);
    // The record of the one that is being erased is still as it was, and counted.
    let stored = Stored { documents: 200, bytes: 2_000 };
    assert_eq!(usage.of(&acme()).await, Ok(stored), "only what is stored, and what is being erased is not");
}

#[tokio::test]
async fn many_at_once_count_once_and_a_larger_tenant_is_counted_less_often() {
    let Counting { store, usage, .. } = counting().await;
    let calls = store.calls();
    let tenant = acme();
    let (one, two) = tokio::join!(usage.of(&tenant), usage.of(&tenant));
    assert_eq!((one, two), (Ok(Stored::default()), Ok(Stored::default())));
    assert_eq!(store.calls(), calls + 1);
    let at = Some(Timestamp(0));
    let large = Known { at, counted: Stored { documents: 50_000, bytes: 0 }, ..Known::default() };
    assert!(large.holds(Timestamp(159_999)) && !large.holds(Timestamp(160_000)));
}

#[tokio::test]
async fn what_does_not_fit_the_share_is_refused_also_while_others_are_in_hand() {
    let Counting { store, documents, usage, .. } = counting().await;
    documents.insert(&document("d", "acme", 60)).await.expect("inserted");
    let calls = store.calls();
    drop(usage.reserve(&acme(), u64::MAX, None, None).await.expect("no share"));
    assert_eq!(store.calls(), calls, "nobody is counted who has no share");
    let first = usage.reserve(&acme(), 30, Some(100), None).await.expect("it fits");
    let refused = usage.reserve(&acme(), 30, Some(100), None).await.expect_err("the first is in hand");
    assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
    assert_eq!(refused.resource.as_deref(), Some("tenants/acme"));
    for told in ["100 bytes", "90 are used", "delete documents", "administrator"] {
        assert!(refused.message.contains(told), "{told}: {refused}");
    }
    assert!(is_full(&refused) && !is_full(&crate::domain::limits::large_chunk()));
    usage.reserve(&acme(), 30, Some(120), None).await.expect("another share").accepted();
    drop(first);
    usage.reserve(&acme(), 10, Some(100), None).await.expect("the first was refused for something else");
    usage.reserve(&acme(), 11, Some(100), None).await.expect_err("that has come");
    erase(&usage, "d", 60);
    usage.reserve(&acme(), 70, Some(100), None).await.expect("there is room again");
}

#[tokio::test]
async fn what_is_erased_during_a_count_is_taken_off_where_the_count_saw_it_and_only_then() {
    let Counting { documents, usage, .. } = counting().await;
    for id in ["seen", "gone", "kept", "doubt"] {
        documents.insert(&document(id, "acme", 10)).await.expect("inserted");
    }
    assert_eq!(usage.of(&acme()).await, Ok(Stored { documents: 4, bytes: 40 }));
    let of = |id: &str| usage.erasing(&acme(), &id.parse().expect("an id"), 10);
    let stored = || usage.with(&acme(), |known| known.stored().documents);
    // One is gone before the count looks, by a call that says so late; one goes when it has looked.
    let (before, twice) = (of("gone"), of("gone"));
    let gone = Document { erased: Some(Timestamp(2)), ..document("gone", "acme", 10) };
    let known = documents.get("gone").await.expect("the store").expect("a document");
    documents.replace(&gone, known.revision).await.expect("erased");
    let counted = usage.count(&acme()).await.expect("counted");
    assert_eq!(counted.stored.documents, 3);
    erase(&usage, "seen", 10);
    usage.with(&acme(), |known| known.recounted(counted, Stored::default(), Timestamp(2_000)));
    before.erased();
    twice.erased();
    assert_eq!(stored(), 2, "the one that it saw is taken off, and the other one was not in it");

    // One whose erasure fails stays, also where another call tries at the same time.
    let (doubt, kept) = (of("doubt"), of("doubt"));
    drop(doubt);
    assert_eq!(stored(), 2);
    kept.erased();
    assert_eq!(stored(), 1);
    drop(of("kept"));
    assert_eq!(stored(), 1);
}

#[tokio::test]
async fn what_came_of_unfinished_uploads_counts_against_the_share_and_is_no_document() {
    let Counting { clock, store, documents, usage } = counting().await;
    let uploads: Collection<Upload> = documents.beside();
    uploads.ensure().await.expect("a collection");
    for upload in [
        upload("one", 30),
        Upload { dropped: true, ..upload("dropped", 1_000) },
        Upload { document: Some("d".parse().expect("an id")), size: Some(1_000), ..upload("finished", 1_000) },
        Upload { tenant: "other".parse().expect("an id"), ..upload("another", 1_000) },
    ] {
        uploads.insert(&upload).await.expect("inserted");
    }
    drop(usage.reserve(&acme(), 1_000, None, None).await.expect("no share"));
    assert_eq!(store.calls(), 4, "nobody's uploads are counted who has no share");
    drop(usage.reserve(&acme(), 70, Some(100), None).await.expect("it fits"));
    let refused = usage.reserve(&acme(), 71, Some(100), None).await.expect_err("an upload has 30");
    assert!(is_full(&refused) && refused.message.contains("cancel uploads"), "{refused}");
    assert_eq!(usage.of(&acme()).await, Ok(Stored::default()), "that is no document");
    let calls = store.calls();
    usage.uploaded(&acme(), "one", 40);
    usage.reserve(&acme(), 61, Some(100), None).await.expect_err("it has 40 now");
    // The upload becomes a document: its bytes are not counted twice, before or after.
    let becoming = usage.reserve(&acme(), 100, Some(100), Some("one")).await.expect("they are its own");
    usage.reserve(&acme(), 1, Some(100), None).await.expect_err("the document takes all");
    drop(usage.reserve(&acme(), 1, Some(101), None).await.expect("and no more than that"));
    becoming.accepted();
    usage.reserve(&acme(), 1, Some(100), None).await.expect_err("the document has all");
    drop(usage.reserve(&acme(), 1, Some(101), None).await.expect("and no more than that"));
    assert_eq!(store.calls(), calls, "nothing is counted again within a minute");
    clock.advance(COUNTED_FOR);
    usage.reserve(&acme(), 70, Some(100), None).await.expect("only what is stored");
}
