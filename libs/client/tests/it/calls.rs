//! Short calls and previews that are disturbed.

use std::time::Duration;

use lectern_client::{Client, ClientConfig, Retry, Upload};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::narration::State as Stage;
use lectern_proto::v1::preview_document_response::Part;
use lectern_proto::v1::{
    DeleteDocumentRequest, DeleteNarrationRequest, Narration, PreviewBlock, PreviewSummary, StoredSpeech,
};
use lectern_rpc::{Deadline, deadline};

use crate::server::{DOCUMENT, End, Fake, NARRATION, State, artifact, broken, noise, unavailable};

async fn with_ends(ends: impl IntoIterator<Item = End>) -> Fake {
    Fake::start(State { ends: ends.into_iter().collect(), ..State::default() }).await
}

#[tokio::test]
async fn a_call_is_repeated_under_one_request_id_and_the_callers_key() {
    let fake = with_ends([End::With(unavailable()), End::With(unavailable())]).await;
    let accepted = fake.client().order(Narration::default()).await.unwrap();
    assert_eq!(accepted.name, NARRATION);
    let asked = fake.asked();
    assert!(asked.len() == 3 && asked.iter().all(|order| *order == asked[0]), "{asked:?}");
    assert!(asked[0].starts_with("order client-") && asked[0].ends_with(" by Bearer lk_tides"), "{asked:?}");

    fake.state().ends.push_back(End::With(unavailable()));
    assert_eq!(fake.client().import("https://docs.example.com/tides.pdf").await.unwrap().name, DOCUMENT);
    let asked = fake.asked();
    assert!(asked[3].starts_with("create client-") && asked[3] == asked[4], "{asked:?}");
}

#[tokio::test]
async fn a_url_that_cannot_be_reached_is_not_called_again() {
    let unreachable = Failure::new(Kind::Unavailable, Reason::UrlUnreachable, "it accepts no connection");
    let fake = with_ends([End::With(unreachable.clone())]).await;
    assert_eq!(fake.client().import("https://docs.example.com/tides.pdf").await, Err(unreachable));
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn a_call_that_is_not_answered_in_time_is_made_again() {
    let fake = with_ends([End::Never]).await;
    let retry = Retry { call_timeout: Duration::from_millis(200), ..Retry::default() };
    fake.client().with_retry(retry).narration(NARRATION).await.unwrap();
    assert_eq!(fake.asked(), ["get", "get"]);
}

#[tokio::test]
async fn the_deadline_of_the_call_that_is_handled_holds_for_the_calls_it_makes() {
    let fake = with_ends([End::Never, End::Never]).await;
    let soon = Some(Deadline::after(Duration::from_millis(200)));
    let client = fake.client();
    let answer = deadline::scope(soon, async { client.narration(NARRATION).await }).await;
    assert_eq!(answer.unwrap_err().kind, Kind::DeadlineExceeded);
    assert_eq!(fake.asked(), ["get"], "it is not made again when nobody waits any more");
}

fn erase(force: bool, allow_missing: bool) -> DeleteDocumentRequest {
    DeleteDocumentRequest { name: DOCUMENT.to_owned(), etag: String::new(), allow_missing, force, all_revisions: false }
}

#[tokio::test]
async fn an_erasure_whose_answer_was_lost_is_one_and_has_its_receipt() {
    let (deleted, read) = (format!("delete {DOCUMENT}"), format!("get {DOCUMENT}/erasure"));
    for allow_missing in [false, true] {
        let fake = with_ends([End::With(unavailable())]).await;
        let receipt = fake.client().erase(erase(false, allow_missing)).await.unwrap().unwrap();
        assert_eq!(receipt.items.len(), 1);
        assert_eq!(fake.asked(), [deleted.clone(), deleted.clone(), read.clone()]);
        assert_eq!(fake.client().erasure(DOCUMENT).await, Ok(receipt));
    }
}

#[tokio::test]
async fn what_somebody_else_erased_is_told_unless_it_may_be_missing() {
    let fake = with_ends([]).await;
    assert!(fake.client().erase(erase(false, false)).await.unwrap().is_some());
    let failure = fake.client().erase(erase(false, false)).await.unwrap_err();
    assert_eq!(failure.reason, Reason::DocumentErased);
    assert_eq!(fake.client().erase(erase(false, true)).await, Ok(None));
    assert_eq!(fake.asked().len(), 3, "no receipt of another's erasure is asked for");
}

#[tokio::test]
async fn a_document_with_narrations_is_erased_by_force_alone() {
    let fake = Fake::start(State { narrated: true, ..State::default() }).await;
    let failure = fake.client().erase(erase(false, true)).await.unwrap_err();
    assert_eq!((failure.kind, failure.reason), (Kind::FailedPrecondition, Reason::WrongState));
    assert!(!fake.state().erased);
    assert!(fake.client().erase(erase(true, false)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_preview_begins_again_after_a_break_and_its_blocks_are_whole() {
    let block = |block, text: &str, continued| {
        Part::Block(PreviewBlock { block, text: text.to_owned(), continued, ..PreviewBlock::default() })
    };
    let summary = PreviewSummary { title: "Tides".to_owned(), ..PreviewSummary::default() };
    let parts = vec![
        Part::Summary(summary.clone()),
        block(0, "The sea ", false),
        block(0, "rises.", true),
        block(1, "It falls.", false),
    ];
    let stored = Some(StoredSpeech { utterance_count: 240, stored_utterance_count: 212 });
    let cuts = [broken(2), broken(0)].into();
    let fake = Fake::start(State { preview: parts, stored, cuts, ..State::default() }).await;
    let preview = fake.client().preview(Narration::default(), false).await.unwrap();
    assert_eq!((preview.summary, preview.stored), (summary, None));
    let texts: Vec<_> = preview.blocks.iter().map(|block| block.text.as_str()).collect();
    assert_eq!(texts, ["The sea rises.", "It falls."]);
    assert_eq!(fake.asked(), ["preview"; 3]);
    fake.state().cuts.push_back(broken(4));
    let counted = fake.client().preview(Narration::default(), true).await.unwrap();
    assert_eq!((counted.stored, counted.blocks.len()), (stored, 2));
}

#[tokio::test]
async fn a_retry_whose_answer_was_lost_is_one_and_makes_no_second_run() {
    let fake = with_ends([End::With(unavailable()), End::With(unavailable())]).await;
    assert_eq!(fake.client().retry(NARRATION).await.unwrap().run, 1);
    assert_eq!(fake.asked(), ["retry"; 3], "nothing is guessed from what is read");

    fake.state().run = 7;
    assert_eq!(fake.client().retry(NARRATION).await.unwrap().run, 8, "another call is another retry");
    assert_eq!(fake.asked().len(), 4, "nothing is asked again that was answered");
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_one_and_anothers_is_told() {
    let delete = |allow_missing| DeleteNarrationRequest {
        name: NARRATION.to_owned(),
        etag: String::new(),
        allow_missing,
        force: false,
    };
    let fake = with_ends([End::With(unavailable())]).await;
    assert_eq!(fake.client().delete_narration(delete(false)).await, Ok(()));
    assert_eq!(fake.asked(), ["delete", "delete"]);
    let failure = fake.client().delete_narration(delete(false)).await.unwrap_err();
    assert_eq!(failure.reason, Reason::ResourceNotFound);
    assert_eq!(fake.client().delete_narration(delete(true)).await, Ok(()));
}

#[tokio::test]
async fn all_of_it_runs_in_a_task_of_its_own() {
    let (file, stages) = (noise(10), vec![Stage::Queued, Stage::Succeeded]);
    let state = State {
        stages,
        sections: vec![noise(10)],
        preview: vec![Part::Summary(PreviewSummary::default())],
        file: file.clone(),
        ..State::default()
    };
    let (client, folder) = (Fake::start(state).await.client(), tempfile::tempdir().unwrap());
    let path = folder.path().to_owned();
    let work = async move {
        let document = client.upload(&Upload::bytes("tides.md", noise(10))).await?;
        let order = Narration { documents: vec![document.name], ..Narration::default() };
        client.preview(order.clone(), true).await?;
        let accepted = client.order(order).await?;
        let mut listen = client.listen(&accepted.name);
        while listen.next().await?.is_some() {}
        client.watch(&accepted.name).terminal().await?;
        client.download(&artifact(&file), &path).await?;
        client.erase(erase(true, false)).await
    };
    assert!(tokio::spawn(work).await.unwrap().unwrap().is_some(), "a receipt");
}

#[tokio::test]
async fn a_url_that_is_none_is_told_before_anything_is_called() {
    let failure = Client::connect(&ClientConfig::to("tides"), None).unwrap_err();
    assert_eq!(failure.reason, Reason::InvalidField);
}
