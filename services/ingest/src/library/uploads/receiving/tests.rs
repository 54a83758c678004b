//! Streams of one upload that finish at once, and one whose upload was dropped meanwhile.

use lectern_core::Timestamp;

use super::*;
use crate::domain::upload::FINISHING;
use crate::library::Opening;
use crate::library::testing::{acme, parts};

const NAME: &str = "uploads/tide";

async fn open(uploads: &Uploads, share: Option<u64>) -> Receiving {
    let tenant = acme();
    let (name, file_name) = (NAME, "tide.txt");
    let opening =
        Opening { tenant: &tenant, name, display_name: "", file_name, language: "", revises: "", size: None, share };
    uploads.open(opening).await.expect("opened")
}

async fn send(receiving: &mut Receiving, offset: u64, text: &'static str) -> Result<(), Failure> {
    let data = Bytes::from_static(text.as_bytes());
    receiving.chunk(offset, &data, crc32c::crc32c(&data)).await?;
    receiving.flush().await
}

async fn document(uploads: &Uploads) -> Document {
    let upload = uploads.get(&acme(), NAME).await.expect("an upload");
    let id = uploads.becomes(&upload);
    Document {
        scope: id.as_str().parse().expect("an id"),
        revises: None,
        joined: 0,
        id,
        tenant: acme(),
        request: Digest::of(b"The sea"),
        display_name: String::new(),
        file_name: String::new(),
        title: String::new(),
        media_type: String::new(),
        size: 7,
        stored: 7,
        sha256: Digest::of(b"The sea"),
        pages: None,
        words: 2,
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

#[tokio::test]
async fn one_that_fails_to_finish_neither_drops_the_upload_of_another_one_nor_lets_it_be_cancelled() {
    let parts = parts().await;
    let uploads = &parts.uploads;
    let mut good = open(uploads, None).await;
    let stale = open(uploads, None).await;
    send(&mut good, 0, "The sea").await.expect("stored");
    good.begin_finishing(1).await.expect("it makes a document");
    let wrong = stale.finish(Digest::of(b"The lake")).await.expect_err("another digest");
    assert_eq!(wrong.reason, Reason::ChecksumMismatch);
    assert_eq!(uploads.get(&acme(), NAME).await.expect("an upload").committed(), 7);
    assert_eq!(parts.blob.count(), 1, "its part is there");

    let other = open(uploads, None).await;
    other.begin_finishing(2).await.expect("it makes a document, too");
    good.end_finishing(1).await.expect("it failed");
    let refused = uploads.cancel(&acme(), NAME, false).await.expect_err("the other one goes on");
    assert_eq!(refused.reason, Reason::WrongState);
    other.end_finishing(2).await.expect("it failed, too");
    let wrong = other.finish(Digest::of(b"The lake")).await.expect_err("another digest");
    assert_eq!(wrong.reason, Reason::ChecksumMismatch);
    uploads.get(&acme(), NAME).await.expect_err("now it is dropped");
    assert_eq!(parts.blob.count(), 0);
}

#[tokio::test]
async fn an_upload_that_was_dropped_while_it_became_a_document_is_finished_all_the_same() {
    let parts = parts().await;
    let uploads = &parts.uploads;
    let mut receiving = open(uploads, None).await;
    send(&mut receiving, 0, "The sea").await.expect("stored");
    receiving.begin_finishing(1).await.expect("it makes a document");
    let document = document(uploads).await;
    parts.clock.advance(FINISHING);
    uploads.cancel(&acme(), NAME, false).await.expect("nobody believes it any more");
    receiving.tell(&document).await.expect("told");
    let finished = uploads.get(&acme(), NAME).await.expect("an upload");
    assert_eq!((finished.document.as_ref(), finished.committed()), (Some(&document.id), 7));

    // Another one that was opened under its id since is left alone.
    let record = uploads.uploads().get(&finished.id).await.expect("the store").expect("a record");
    uploads.forget(record).await.expect("forgotten");
    let mut next = open(uploads, None).await;
    send(&mut next, 0, "The lake").await.expect("stored");
    receiving.tell(&document).await.expect("told");
    let known = uploads.get(&acme(), NAME).await.expect("an upload");
    assert_eq!((known.document, known.parts.len(), parts.blob.count()), (None, 1, 1));
}

#[tokio::test]
async fn a_cancel_that_comes_too_late_takes_nothing_from_the_next_upload_of_the_same_id() {
    let parts = parts().await;
    let (uploads, tenant) = (&parts.uploads, acme());
    send(&mut open(uploads, Some(10)).await, 0, "The sea").await.expect("stored");
    let mut late = std::pin::pin!(uploads.cancel(&tenant, NAME, false));
    let calls = parts.store.calls();
    // It has read the upload, and is about to read it once more and drop it.
    while parts.store.calls() < calls + 2 {
        assert!(futures::poll!(late.as_mut()).is_pending(), "it drops nothing yet");
    }
    uploads.cancel(&tenant, NAME, false).await.expect("another one was faster");
    send(&mut open(uploads, Some(10)).await, 0, "The lake").await.expect("it fits");
    late.await.expect("what it was to drop is dropped");
    let next = uploads.get(&tenant, NAME).await.expect("the next upload");
    assert_eq!((next.committed(), parts.blob.count()), (8, 1));
    let (name, size, share) = ("uploads/another", Some(3), Some(10));
    let opening =
        Opening { tenant: &tenant, name, display_name: "", file_name: "", language: "", revises: "", size, share };
    assert!(is_full(&uploads.open(opening).await.expect_err("2 bytes are left")), "8 bytes are counted still");
}

#[tokio::test]
async fn parts_of_unfinished_uploads_count_against_the_share() {
    let parts = parts().await;
    let uploads = &parts.uploads;
    let mut receiving = open(uploads, Some(10)).await;
    send(&mut receiving, 0, "The sea").await.expect("it fits");
    let full = send(&mut receiving, 7, " rises").await.expect_err("13 bytes of 10");
    assert!(is_full(&full), "{full}");
    let known = uploads.get(&acme(), NAME).await.expect("an upload");
    assert_eq!((known.committed(), parts.blob.count()), (7, 1), "what came before is kept");
    let tenant = acme();
    let opening = Opening {
        tenant: &tenant,
        name: "uploads/another",
        display_name: "",
        file_name: "",
        language: "",
        revises: "",
        size: Some(4),
        share: Some(10),
    };
    assert!(is_full(&uploads.open(opening).await.expect_err("3 bytes are left")));
    // It goes on itself, and what it has is not counted twice.
    send(&mut open(uploads, Some(10)).await, 7, "ris").await.expect("it fits");
    uploads.cancel(&acme(), NAME, false).await.expect("cancelled");
    uploads.open(opening).await.expect("there is room again");
    // Without a share nothing is counted.
    send(&mut open(uploads, None).await, 0, "The sea rises twice a day").await.expect("no share");
}
