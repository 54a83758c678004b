use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn only_an_answer_about_the_end_is_replaced() {
    let ended = Failure::new(Kind::Aborted, Reason::OffsetMismatch, "the stream ended before finish");
    let empty = Failure::invalid("part", "the first message of an upload must be start");
    assert!(says_unfinished(&ended) && says_unfinished(&empty));
    for decided in [
        Failure::new(Kind::FailedPrecondition, Reason::OffsetMismatch, "begin elsewhere").at("chunk.offset"),
        Failure::new(Kind::InvalidArgument, Reason::ChecksumMismatch, "send it again").at("chunk.crc32c"),
        Failure::new(Kind::DeadlineExceeded, Reason::DeadlinePassed, "the stream brought nothing"),
    ] {
        assert!(!says_unfinished(&decided), "{decided}");
    }
}

#[test]
fn a_document_with_narrations_is_erased_by_force_alone() {
    let document = "d1".parse().expect("an id");
    for (narrations, force) in [(0, false), (0, true), (3, true)] {
        assert_eq!(may_erase(&document, narrations, force), Ok(()), "{narrations} {force}");
    }
    let refused = may_erase(&document, 3, false).expect_err("there are narrations of it");
    assert_eq!((refused.kind, refused.reason), (Kind::FailedPrecondition, Reason::WrongState));
    assert_eq!(refused.resource.as_deref(), Some("documents/d1"));
}

#[test]
fn what_is_not_there_as_it_was_seen_is_not_deleted() {
    let document: DocumentId = "d1".parse().expect("an id");
    let request = |etag: &str, allow_missing| api::DeleteDocumentRequest {
        name: "documents/d1".to_owned(),
        etag: etag.to_owned(),
        allow_missing,
        force: true,
        all_revisions: false,
    };
    let first_revision = "documents/d0".to_owned();
    let there = || {
        let first_revision = first_revision.clone();
        Ok(api::Document { etag: "3".to_owned(), first_revision, ..api::Document::default() })
    };
    let scope: ScopeId = "d0".parse().expect("an id");
    for etag in ["", "3"] {
        let of_it = found(&document, &request(etag, false), there());
        let expected = Found::Document { etag: "3".to_owned(), scope: scope.clone() };
        assert_eq!(of_it, Ok(expected), "the one that was read");
    }
    for allow_missing in [false, true] {
        let refused = found(&document, &request("2", allow_missing), there()).expect_err("another etag");
        assert_eq!((refused.kind, refused.reason), (Kind::Aborted, Reason::EtagMismatch));
        let erased = Failure::new(Kind::NotFound, Reason::DocumentErased, "it was erased");
        assert_eq!(found(&document, &request("2", allow_missing), Err(erased)), Ok(Found::Tombstone));
        let away = Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "ingest is away");
        assert_eq!(found(&document, &request("", allow_missing), Err(away.clone())), Err(away));
    }
    let unknown = Failure::not_found("documents/d1");
    assert_eq!(found(&document, &request("2", true), Err(unknown.clone())), Ok(Found::Nothing));
    assert_eq!(found(&document, &request("2", false), Err(unknown.clone())), Err(unknown));
}

#[tokio::test]
async fn what_was_ordered_while_an_erasure_was_written_down_keeps_its_document() {
    let document: DocumentId = "d1".parse().expect("an id");
    // The narrations that there are, before it is written down and after.
    for (force, before, after, written, refused) in
        [(false, 0, 0, true, false), (false, 1, 1, false, true), (false, 0, 1, true, true), (true, 1, 2, true, false)]
    {
        let written_down = AtomicBool::new(false);
        let count = || ready(Ok(if written_down.load(Ordering::SeqCst) { after } else { before }));
        let write_down = |narrations: u64| {
            assert_eq!(narrations, before);
            written_down.store(true, Ordering::SeqCst);
            ready(Ok(()))
        };
        let announced = announced(&document, force, count, write_down).await;
        let told = announced.err().map(|failure| failure.reason);
        assert_eq!(told, refused.then_some(Reason::WrongState), "{force} {before} {after}");
        assert_eq!(written_down.load(Ordering::SeqCst), written, "{force} {before} {after}");
    }
}

#[test]
fn a_scope_is_called_like_the_first_of_its_documents() {
    assert_eq!(scope_of("documents/d0"), Ok("d0".parse().expect("an id")));
    for unsaid in ["", "d0", "uploads/d0"] {
        assert!(scope_of(unsaid).is_err(), "{unsaid}");
    }
    assert_ne!(detail(true, 2), detail(false, 2));
}

#[test]
fn a_receipt_tells_of_the_narrations_that_were_cleared() {
    let source = api::ErasedItems { kind: Item::SourceObject.into(), first_sweep_count: 1, second_sweep_count: 0 };
    let of_ingest = api::Erasure { items: vec![source], ..api::Erasure::default() };
    let narrations = api::ErasedItems { kind: Item::NarrationRecord.into(), first_sweep_count: 4, ..source };
    assert_eq!(with_narrations(of_ingest.clone(), 4).items, [source, narrations]);
    assert_eq!(with_narrations(of_ingest.clone(), 0), of_ingest);
}
