//! What there is, page by page.

use lectern_client::Upload;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::{Document, ListNarrationsRequest, Narration, NarrationEstimate, Voice, Writer};

use crate::server::{DOCUMENT, End, Fake, NARRATION, State, noise, unavailable};

fn document(name: &str, sha256: &str) -> Document {
    Document { name: name.to_owned(), sha256: sha256.to_owned(), ..Document::default() }
}

fn names(documents: &[Document]) -> Vec<&str> {
    documents.iter().map(|document| document.name.as_str()).collect()
}

#[tokio::test]
async fn a_source_is_found_by_its_digest_on_every_page() {
    let source = Upload::bytes("tides.md", noise(1_000));
    let (size, digest) = source.digest().await.unwrap();
    assert_eq!(size, 1_000);
    let (sha256, other) = (digest.to_string(), "0".repeat(64));
    let documents =
        vec![document("documents/c", &sha256), document("documents/b", &other), document("documents/a", &sha256)];
    let ends = [End::Early, End::With(unavailable())].into();
    let fake = Fake::start(State { documents, ends, ..State::default() }).await;
    let found = fake.client().find_document(&sha256).await.unwrap();
    assert_eq!(names(&found), ["documents/c", "documents/a"]);
    let (first, second) = ("documents 1000 from \"\"", "documents 1000 from \"1\"");
    assert_eq!(fake.asked(), [first, second, second], "a page that broke is asked for again, and no other");
    assert_eq!(fake.client().find_document(&"1".repeat(64)).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_page_is_of_the_size_and_from_the_token_that_are_asked_for() {
    let documents = vec![document("documents/b", ""), document("documents/a", "")];
    let fake = Fake::start(State { documents, ..State::default() }).await;
    let first = fake.client().list_documents(1, "").await.unwrap();
    let last = fake.client().list_documents(1, &first.next_page_token).await.unwrap();
    assert_eq!((names(&first.documents), names(&last.documents)), (vec!["documents/b"], vec!["documents/a"]));
    assert_eq!(last.next_page_token, "");
    assert_eq!(fake.client().get_document(DOCUMENT).await.unwrap().name, DOCUMENT);

    let request = ListNarrationsRequest { document: DOCUMENT.to_owned(), ..ListNarrationsRequest::default() };
    let narrations = fake.client().list_narrations(request).await.unwrap().narrations;
    assert_eq!(narrations[0].name, NARRATION);
    let asked = fake.asked();
    let expected =
        ["documents 1 from \"\"", "documents 1 from \"1\"", "get documents/tides", "narrations of documents/tides"];
    assert_eq!(asked, expected);
    assert_eq!(fake.client().narrations_of(DOCUMENT).await, Ok(narrations));
}

#[tokio::test]
async fn all_voices_come_in_their_order_or_the_failure_does() {
    let voice = |name: &str| Voice { name: name.to_owned(), ..Voice::default() };
    let voices = vec![voice("engines/local/voices/heart"), voice("engines/local/voices/bella")];
    let fake = Fake::start(State { voices: voices.clone(), ..State::default() }).await;
    assert_eq!(fake.client().voices().await, Ok(voices));
    let refused = Failure::new(Kind::Unauthenticated, Reason::KeyInvalid, "no key was sent");
    fake.state().ends.extend([End::Early, End::With(refused.clone())]);
    assert_eq!(fake.client().voices().await, Err(refused));
}

#[tokio::test]
async fn all_writers_come_in_their_order_and_are_asked_if_they_are_to_be() {
    let writer = |name: &str| Writer { name: name.to_owned(), ..Writer::default() };
    let writers = vec![writer("extractive"), writer("gemini")];
    let fake = Fake::start(State { writers: writers.clone(), ..State::default() }).await;
    assert_eq!(fake.client().writers(true).await, Ok(writers));
    assert_eq!(fake.asked(), ["writers from \"\", ready true", "writers from \"1\", ready true"]);
}

#[tokio::test]
async fn an_estimate_is_asked_for_again_where_its_answer_was_lost() {
    let estimate = NarrationEstimate { writer: "gemini".to_owned(), ..NarrationEstimate::default() };
    let fake = Fake::start(State { estimate: Some(estimate.clone()), ..State::default() }).await;
    let away = Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "it was replaced");
    fake.state().ends.push_back(End::With(away));
    assert_eq!(fake.client().estimate(Narration::default()).await, Ok(estimate));
    assert_eq!(fake.asked(), ["estimate", "estimate"]);
}
