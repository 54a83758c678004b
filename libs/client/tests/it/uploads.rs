//! Uploads that are disturbed.

use std::time::Duration;

use bytes::Bytes;
use lectern_client::{Retry, Upload};
use lectern_core::{Failure, Kind, Reason};
use tokio::time::Instant;

use crate::server::{Cut, DOCUMENT, End, Fake, State, broken, noise};

/// Bytes that the client sends in one chunk.
const CHUNK: usize = 512 * 1024;

fn uploads(fake: &Fake) -> Vec<String> {
    fake.asked().into_iter().filter(|asked| asked.starts_with("upload")).collect()
}

fn refused(kind: Kind, reason: Reason) -> Failure {
    Failure::new(kind, reason, "refused on purpose")
}

async fn with_cuts(cuts: impl IntoIterator<Item = Cut>) -> Fake {
    Fake::start(State { cuts: cuts.into_iter().collect(), ..State::default() }).await
}

fn cut(after: usize, failure: Failure) -> Cut {
    Cut { after, end: End::With(failure) }
}

#[tokio::test]
async fn a_broken_upload_of_a_file_goes_on_from_what_is_safe() {
    let fake = with_cuts([broken(0), broken(1), broken(2)]).await;
    let folder = tempfile::tempdir().unwrap();
    let (path, bytes) = (folder.path().join("tides.pdf"), noise(3 * CHUNK + 77));
    std::fs::write(&path, &bytes).unwrap();

    let document = fake.client().upload(&Upload::file(&path)).await.unwrap();
    assert_eq!(document.name, DOCUMENT);
    assert!(fake.state().received == bytes, "every byte came, and once");
    let expected = [0, 0, CHUNK, 3 * CHUNK].map(|offset| format!("upload tides.pdf from {offset}"));
    assert_eq!(uploads(&fake), expected);
}

#[tokio::test]
async fn the_delay_that_a_busy_server_asks_for_is_waited_out() {
    let asked = Duration::from_millis(300);
    let busy = refused(Kind::ResourceExhausted, Reason::LimitExceeded);
    let fake = with_cuts([cut(0, busy.clone().after(asked))]).await;
    let started = Instant::now();
    fake.client().upload(&Upload::bytes("tides.md", noise(10))).await.unwrap();
    assert!(started.elapsed() >= asked, "{:?}", started.elapsed());

    let fake = with_cuts([cut(0, busy.after(Duration::from_secs(3600)))]).await;
    let failure = fake.client().upload(&Upload::bytes("tides.md", noise(10))).await.unwrap_err();
    assert_eq!(failure.retry_after, Some(Duration::from_secs(3600)), "nobody waits for an hour");
}

#[tokio::test]
async fn what_may_pass_is_repeated_and_what_may_not_is_told() {
    let damaged = refused(Kind::InvalidArgument, Reason::ChecksumMismatch);
    for (failure, streams) in [
        (damaged.clone().at("chunk.crc32c"), 2),
        (damaged.at("finish.sha256"), 1),
        (refused(Kind::FailedPrecondition, Reason::OffsetMismatch).at("chunk.offset"), 2),
        (refused(Kind::DeadlineExceeded, Reason::DeadlinePassed), 2),
        (refused(Kind::InvalidArgument, Reason::DocumentEncrypted), 1),
        (refused(Kind::ResourceExhausted, Reason::LimitExceeded), 1),
        (refused(Kind::Unauthenticated, Reason::KeyInvalid), 1),
    ] {
        let fake = with_cuts([cut(1, failure.clone())]).await;
        let answer = fake.client().upload(&Upload::bytes("tides.md", noise(CHUNK + 1))).await;
        assert_eq!(uploads(&fake).len(), streams, "{failure:?}");
        match answer {
            Ok(_) => assert_eq!(streams, 2, "{failure:?}"),
            Err(told) => assert_eq!((told.reason, streams), (failure.reason, 1)),
        }
    }
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_given_up_and_one_that_takes_little_is_not() {
    let fake = with_cuts(vec![broken(0); 10]).await;
    let failure = fake.client().upload(&Upload::bytes("tides.md", noise(10))).await.unwrap_err();
    assert_eq!((failure.kind, uploads(&fake).len()), (Kind::Unavailable, 4));

    let fake = with_cuts(vec![broken(1); 8]).await;
    fake.client().upload(&Upload::bytes("tides.md", noise(8 * CHUNK))).await.unwrap();
    assert_eq!(uploads(&fake).len(), 9);
}

#[tokio::test]
async fn an_upload_goes_on_in_another_process() {
    let fake = with_cuts([broken(1)]).await;
    let upload = Upload::bytes("tides.md", noise(2 * CHUNK)).id("tides-7");
    let once = Retry { tries: 1, ..Retry::default() };
    fake.client().with_retry(once).upload(&upload).await.unwrap_err();
    fake.client().upload(&upload).await.unwrap();
    assert_eq!(uploads(&fake)[1], format!("upload tides.md from {CHUNK}"));

    let other = Upload::bytes("other.md", noise(10)).id("tides-7");
    let failure = fake.client().upload(&other).await.unwrap_err();
    assert_eq!(failure.field.as_deref(), Some("start.upload"), "{failure}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_costs_no_call() {
    let fake = with_cuts([]).await;
    let failure = fake.client().upload(&Upload::file("/nonexistent/tides.md")).await.unwrap_err();
    assert_eq!((failure.reason, fake.asked()), (Reason::InvalidField, Vec::new()));

    fake.client().upload(&Upload::bytes("empty.md", Bytes::new())).await.unwrap();
    assert_eq!(uploads(&fake).len(), 1, "what is empty is for the server to refuse");
}
