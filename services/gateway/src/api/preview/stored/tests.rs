//! Previews that end with a count, over a tts that counts what it hears.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lectern_core::{Kind, Reason};
use lectern_proto::work::v1::Delivery;
use lectern_rpc::failure;
use tonic::Status;

use super::*;

fn of() -> StoredSpeechOf {
    let delivery = Delivery { speed: 1.25, ..Delivery::default() };
    StoredSpeechOf { scope: "d1".to_owned(), delivery: Some(delivery), lexicon: None }
}

fn response(part: Part) -> api::PreviewDocumentResponse {
    api::PreviewDocumentResponse { part: Some(part) }
}

fn summary() -> api::PreviewDocumentResponse {
    response(Part::Summary(api::PreviewSummary { section_count: 1, ..api::PreviewSummary::default() }))
}

/// A block for which these texts would be said.
fn block(spoken: &[&str]) -> api::PreviewDocumentResponse {
    let said = |spoken: &&str| api::Utterance { spoken: (*spoken).to_owned(), ..api::Utterance::default() };
    let utterances = spoken.iter().map(said).collect();
    response(Part::Block(api::PreviewBlock { utterances, ..api::PreviewBlock::default() }))
}

/// Parts of which nothing is said beside.
fn stream(parts: Vec<api::PreviewDocumentResponse>) -> Foretold {
    Box::pin(futures::stream::iter(parts.into_iter().map(|part| Ok((part, Vec::new())))))
}

/// Counts as tts does: of what is said, that which is about salt is there already.
fn count(said: Said) -> Counted {
    Box::pin(counts(said))
}

async fn counts(mut said: Said) -> Result<CountStoredSpeechResponse, Refusal> {
    assert_eq!(said.next().await.and_then(|first| first.part), Some(Message::Of(of())), "the first message");
    let (mut all, mut stored) = (0, 0);
    while let Some(message) = said.next().await {
        let Some(Message::Texts(texts)) = message.part else { panic!("texts follow") };
        let bytes = texts.encoded_len();
        assert!(!texts.spoken.is_empty() && bytes <= 1024 * 1024, "{bytes}");
        all += i32::try_from(texts.spoken.len()).expect("few");
        stored += i32::try_from(texts.spoken.iter().filter(|text| text.contains("salt")).count()).expect("few");
    }
    Ok(CountStoredSpeechResponse { utterance_count: all, stored_utterance_count: stored })
}

fn stored(utterance_count: i32, stored_utterance_count: i32) -> api::PreviewDocumentResponse {
    response(Part::StoredSpeech(api::StoredSpeech { utterance_count, stored_utterance_count }))
}

async fn all(preview: Parts) -> Vec<Result<api::PreviewDocumentResponse, Failure>> {
    preview.map(|part| part.map_err(|refusal| failure(&Status::from(refusal)))).collect().await
}

#[tokio::test]
async fn the_count_comes_last_and_the_parts_stay_as_they_are() {
    let parts = vec![summary(), block(&["About salt.", "About the sea."]), block(&[]), block(&["More salt."])];
    let shown = all(counted(stream(parts.clone()), of(), count)).await;
    let expected: Vec<_> = parts.into_iter().chain([stored(3, 2)]).map(Ok).collect();
    assert_eq!(shown, expected);
    let nothing = all(counted(stream(vec![summary()]), of(), count)).await;
    assert_eq!(nothing, [Ok(summary()), Ok(stored(0, 0))]);
}

#[tokio::test]
async fn what_is_said_beside_the_texts_goes_on_with_each_of_them() {
    let told = |written: &str| SpeechInputs { written: written.to_owned(), ..SpeechInputs::default() };
    let large = told(&"x".repeat(BATCH));
    let parts: Foretold = Box::pin(futures::stream::iter([
        Ok((summary(), Vec::new())),
        Ok((block(&["One.", "Two."]), vec![told("1."), told("2.")])),
        Ok((block(&["Three."]), vec![large.clone()])),
        // As an ai of an earlier version sends it.
        Ok((block(&["Four."]), Vec::new())),
        Ok((block(&["Five."]), vec![told("5.")])),
    ]));
    let expected: Vec<(String, SpeechInputs)> = [
        ("One.", told("1.")),
        ("Two.", told("2.")),
        ("Three.", large),
        ("Four.", SpeechInputs::default()),
        ("Five.", told("5.")),
    ]
    .map(|(spoken, inputs)| (spoken.to_owned(), inputs))
    .into();
    let listens = move |mut said: Said| async move {
        let (mut heard, mut messages) = (Vec::new(), 0);
        while let Some(message) = said.next().await {
            let Some(Message::Texts(texts)) = message.part else { continue };
            assert!(texts.encoded_len() <= 1024 * 1024);
            assert_eq!(texts.spoken.len(), texts.inputs.len());
            heard.extend(texts.spoken.into_iter().zip(texts.inputs));
            messages += 1;
        }
        assert_eq!((heard, messages), (expected, 3), "what is beside a text is counted as its bytes are");
        Ok::<_, Refusal>(CountStoredSpeechResponse { utterance_count: 5, stored_utterance_count: 5 })
    };
    let count = move |said: Said| -> Counted { Box::pin(listens(said)) };
    assert_eq!(all(counted(parts, of(), count)).await.last(), Some(&Ok(stored(5, 5))));
}

#[tokio::test]
async fn a_book_is_counted_without_being_kept() {
    const BLOCKS: usize = 3_000;
    let (sent, heard) = {
        let bytes = Arc::new(AtomicUsize::new(0));
        (Arc::clone(&bytes), bytes)
    };
    let text = "salt ".repeat(200);
    let parts = Box::pin(futures::stream::iter(0..BLOCKS).map(move |_| {
        sent.fetch_add(text.len(), Ordering::SeqCst);
        Ok::<_, Refusal>((block(&[&text]), Vec::new()))
    }));
    let counts = move |mut said: Said| async move {
        let (mut all, mut bytes) = (0, 0);
        while let Some(message) = said.next().await {
            let Some(Message::Texts(texts)) = message.part else { continue };
            all += i32::try_from(texts.spoken.len()).expect("few");
            bytes += texts.spoken.iter().map(String::len).sum::<usize>();
            // A slow look in storage, during which the preview waits.
            tokio::task::yield_now().await;
            let ahead = heard.load(Ordering::SeqCst) - bytes;
            assert!(ahead <= (AHEAD + 2) * BATCH, "{ahead} bytes of the preview are kept");
        }
        Ok::<_, Refusal>(CountStoredSpeechResponse { utterance_count: all, stored_utterance_count: all })
    };
    let count = move |said: Said| -> Counted { Box::pin(counts(said)) };
    let shown = all(counted(parts, of(), count)).await;
    assert_eq!(shown.len(), BLOCKS + 1);
    let every = i32::try_from(BLOCKS).expect("few");
    assert_eq!(shown.last(), Some(&Ok(stored(every, every))));
}

#[tokio::test]
async fn what_tts_refuses_ends_the_preview_with_its_reason() {
    let long = "x".repeat(BATCH);
    let refusal = || Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, "as many calls as may be");
    // At once, and when it has heard something.
    for heard in [0, 1, 2] {
        let parts = vec![summary(), block(&[&long, &long, &long]), block(&[&long])];
        let refuses = move |mut said: Said| async move {
            for _ in 0..heard {
                said.next().await;
            }
            Err::<CountStoredSpeechResponse, Refusal>(refusal().into())
        };
        let count = move |said: Said| -> Counted { Box::pin(refuses(said)) };
        let shown = all(counted(stream(parts), of(), count)).await;
        let last = shown.last().cloned().expect("an answer").expect_err("refused");
        assert_eq!((last.kind, last.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
        assert!(shown.len() <= 3, "nothing comes behind it");
    }
}

#[tokio::test]
async fn a_preview_that_breaks_off_is_not_counted() {
    let broken = Failure::new(Kind::DataLoss, Reason::ObjectDamaged, "the content is not there");
    let parts = vec![Ok((summary(), Vec::new())), Ok((block(&["Salt."]), Vec::new())), Err(broken.into())];
    let shown = all(counted(Box::pin(futures::stream::iter(parts)), of(), count)).await;
    assert_eq!(shown.len(), 3);
    assert_eq!(shown[2].as_ref().expect_err("it broke off").reason, Reason::ObjectDamaged);
}

#[tokio::test]
async fn a_count_of_less_than_all_is_told_from_one() {
    let early = |_: Said| -> Counted { Box::pin(std::future::ready(Ok(CountStoredSpeechResponse::default()))) };
    let long = "x".repeat(BATCH);
    let shown = all(counted(stream(vec![block(&[&long, &long])]), of(), early)).await;
    assert_eq!(shown.last().cloned().expect("an answer").expect_err("refused").reason, Reason::Internal);
}
