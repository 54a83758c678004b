//! What a caller may do with an order: watch, cancel, retry, list, delete, and send it twice.

use futures::StreamExt as _;
use lectern_e2e::{PATIENCE, Profile, chapters, narration_id, of, reason, refusal, spoken};
use lectern_proto::v1::watch_narration_response::News;
use lectern_proto::v1::{self as api, create_document_request::Source, narration::State};
use tonic::Code;

use crate::operators::pause_of;

on_both_profiles!(
    a_cancelled_narration_stops_and_goes_on_when_it_is_retried,
    orders_are_accepted_once_listed_by_filter_and_deleted_with_their_files,
    equal_sentences_are_spoken_once,
    sections_past_the_end_are_out_of_range,
    a_resume_token_that_was_made_up_does_not_wait_for_ever,
    what_is_queued_is_not_listed_as_being_read,
    a_caller_says_which_language_a_text_is_in,
);

/// The narration that a watcher is told of.
fn told(news: News) -> api::Narration {
    match news {
        News::Narration(narration) => narration,
        News::Checkpoint(_) => panic!("nothing new"),
    }
}

async fn a_cancelled_narration_stops_and_goes_on_when_it_is_retried(profile: Profile) {
    let instance = profile.setup().everywhere("LECTERN_PERMITS", "1").start().await;
    let client = instance.client();
    let document = client.markdown(&chapters(24, 90)).await;
    let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) };
    let name = client.order(order).await.expect("accepted").name;
    let request = api::WatchNarrationRequest { name: name.clone(), resume_token: String::new() };
    let mut states = client.narrations().watch_narration(request).await.expect("a stream").into_inner();
    let first_token = states.message().await.expect("a message").expect("a state").resume_token;
    drop(states);
    let running =
        client.watch(&name, |narration| narration.progress.is_some_and(|p| p.recorded_section_count > 0)).await;
    assert_eq!(running.state(), State::Narrating, "{running:?}");

    let cancel = api::CancelNarrationRequest { name: name.clone(), etag: String::new() };
    let cancelled = client.narrations().cancel_narration(cancel.clone()).await.expect("cancelled").into_inner();
    let cancelled = cancelled.narration.expect("it");
    assert_eq!(cancelled.state(), State::Cancelled, "{cancelled:?}");
    let failure = cancelled.failure.clone().expect("why");
    assert_eq!((reason(Some(&failure)).as_str(), failure.code), ("CANCELLED", Code::Cancelled as i32));
    let again = client.narrations().cancel_narration(cancel).await.expect("cancelling again changes nothing");
    assert_eq!(again.into_inner().narration.expect("it").state(), State::Cancelled);
    assert_eq!(client.watch(&name, |_| false).await.state(), State::Cancelled, "a watch ends");
    let listen = api::ListenNarrationRequest { name: name.clone(), first_section: 23, ..Default::default() };
    let listened = client.narrations().listen_narration(listen).await.expect("a stream").into_inner().next().await;
    let refused = listened.expect("an answer").expect_err("the last section was not recorded");
    assert_eq!(refusal(&refused).reason, "CANCELLED");
    // That code is what a listener gets who cancels the call itself.
    assert_ne!(refused.code(), Code::Cancelled, "{refused:?}");

    // What was made is not made again.
    let before = spoken(&instance.speech_log());
    let retry = api::RetryNarrationRequest { name: name.clone(), ..api::RetryNarrationRequest::default() };
    let retried = client.narrations().retry_narration(retry.clone()).await.expect("retried").into_inner();
    assert_eq!(retried.narration.expect("it").run, 2);
    let finished = client.finished(&name).await;
    let progress = finished.progress.expect("progress");
    assert_eq!((finished.run, progress.section_count, progress.recorded_section_count), (2, Some(24), 24));
    let all = spoken(&instance.speech_log());
    let mut keys = all.clone();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all.len(), "no segment is spoken twice");
    assert!(!before.is_empty() && before.len() < all.len(), "{} of {} before the retry", before.len(), all.len());
    let refused = client.narrations().retry_narration(retry).await.expect_err("it succeeded");
    assert_eq!((refused.code(), refusal(&refused).reason.as_str()), (Code::FailedPrecondition, "WRONG_STATE"));

    // A watcher with the last token hears nothing that it knows; with an older one, the newest.
    let watch = |token: &str| {
        let request = api::WatchNarrationRequest { name: name.clone(), resume_token: token.to_owned() };
        let mut narrations = client.narrations();
        async move {
            let news = narrations.watch_narration(request).await.expect("a stream").into_inner();
            tokio::time::timeout(PATIENCE, news.map(|m| m.expect("a message")).collect::<Vec<_>>())
                .await
                .expect("it ends")
        }
    };
    let all = watch("").await;
    let last = all.last().expect("the present state");
    assert_eq!(all.len(), 1, "a terminal narration has one state");
    assert!(watch(&last.resume_token).await.is_empty());
    assert_eq!(last.news.clone().map(told).map(|n| n.etag), Some(finished.etag));
    let older = watch(&first_token).await;
    assert_eq!(older, all, "the newest state");
}

async fn orders_are_accepted_once_listed_by_filter_and_deleted_with_their_files(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let (one, two) =
        (client.markdown("# One\n\nThe first text.").await, client.markdown("# Two\n\nThe second text.").await);
    let request = || api::CreateNarrationRequest { request_id: "order-1".to_owned(), narration: Some(of(&one)) };
    let calls = (0..4).map(|_| {
        let mut narrations = client.narrations();
        async move {
            narrations.create_narration(request()).await.expect("accepted").into_inner().narration.expect("it").name
        }
    });
    let names = futures::future::join_all(calls).await;
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    let first = client.finished(&names[0]).await;
    let later = client.narrations().create_narration(request()).await.expect("still known").into_inner();
    assert_eq!(later.narration, Some(first.clone()), "a repeated order gets the narration as it is now");
    let second = client.narrate(api::Narration { speed: Some(1.5), ..of(&one) }).await;
    let third = client.narrate(api::Narration { lane: api::Lane::Interactive.into(), ..of(&two) }).await;
    let seconds = |n: &api::Narration| n.duration.map_or(0, |d| d.seconds * 1_000 + i64::from(d.nanos / 1_000_000));
    assert!(seconds(&second) < seconds(&first), "faster is shorter");
    assert_eq!((second.speed, third.lane()), (Some(1.5), api::Lane::Interactive));

    let list = async |document: &str, state: State, page_size: i32| {
        let (mut names, mut page_token) = (Vec::new(), String::new());
        loop {
            let document = document.to_owned();
            let state = state.into();
            let request = api::ListNarrationsRequest { page_size, page_token, document, state, ..Default::default() };
            let page = client.narrations().list_narrations(request).await.expect("a page").into_inner();
            names.extend(page.narrations.into_iter().map(|narration| narration.name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return names;
            }
        }
    };
    let all = vec![third.name.clone(), second.name.clone(), first.name.clone()];
    for page_size in [1, 2, 0] {
        assert_eq!(list("", State::Unspecified, page_size).await, all, "newest first, pages of {page_size}");
    }
    assert_eq!(list(&one.name, State::Succeeded, 1).await, all[1..]);
    assert!(list(&one.name, State::Failed, 0).await.is_empty());

    // Deleting a narration takes its files, and leaves those of the other narration of the same
    // document.
    let folder = |narration: &api::Narration| format!("/recording/{}/", narration_id(&narration.name));
    let files = |folder: &str| instance.object_names().iter().filter(|name| name.contains(folder)).count();
    assert!(files(&folder(&first)) >= 6 && files(&folder(&second)) >= 6, "{:?}", instance.object_names());
    let (name, etag) = (first.name.clone(), first.etag.clone());
    let delete = api::DeleteNarrationRequest { name, etag, ..Default::default() };
    client.narrations().delete_narration(delete).await.expect("deleted");
    assert_eq!(files(&folder(&first)), 0, "{:?}", instance.object_names());
    assert!(files(&folder(&second)) >= 6);
    let gone = client.narration(&first.name).await.expect_err("deleted");
    assert_eq!((gone.code(), refusal(&gone).reason.as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
    client.download(&second, "audio.opus").await;

    // The request may be made anew: nothing of the deleted narration stands in its way.
    let anew = client.narrations().create_narration(request()).await.expect("accepted").into_inner();
    let anew = client.finished(&anew.narration.expect("it").name).await;
    assert_eq!((anew.name.as_str(), anew.state(), anew.run), (first.name.as_str(), State::Succeeded, 2), "{anew:?}");
    assert_eq!(client.download(&anew, "audio.opus").await, client.download(&anew, "audio.opus").await);
    let request = api::GetManifestRequest { name: anew.name, ..api::GetManifestRequest::default() };
    client.narrations().get_manifest(request).await.expect("a manifest");
}

async fn equal_sentences_are_spoken_once(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let text = "They said it again and again. ".repeat(8);
    let document = client.markdown(&format!("# Echo\n\n{text}")).await;
    let narration = client.narrate(of(&document)).await;
    assert_eq!(narration.state(), State::Succeeded, "{:?}", narration.failure);
    let mut keys = spoken(&instance.speech_log());
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!((keys.len(), count), (2, 2), "the heading and one sentence, once each");
}

async fn sections_past_the_end_are_out_of_range(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(&chapters(3, 20)).await;
    let name = client.narrate(of(&document)).await.name;
    let sections = i32::try_from(client.script(&name).await.len()).expect("a count");
    for first_section in [sections, i32::MAX] {
        let listen = api::ListenNarrationRequest { name: name.clone(), first_section, ..Default::default() };
        let refused = match client.narrations().listen_narration(listen).await {
            Ok(heard) => heard.into_inner().message().await.expect_err("there is no such section"),
            Err(refused) => refused,
        };
        let script = api::GetScriptRequest { name: name.clone(), first_section, ..api::GetScriptRequest::default() };
        let unread = client.narrations().get_script(script).await.expect_err("there is no such section");
        for refused in [refusal(&refused), refusal(&unread)] {
            assert_eq!((refused.code, refused.reason.as_str()), (Code::OutOfRange, "INVALID_FIELD"), "{refused:?}");
        }
    }
}

async fn a_resume_token_that_was_made_up_does_not_wait_for_ever(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown("# Waiting\n\nIt is soon over.").await;
    let name = client.order(of(&document)).await.expect("accepted").name;
    for token in [u64::MAX.to_string(), i64::MAX.to_string(), "1000000".to_owned()] {
        let request = api::WatchNarrationRequest { name: name.clone(), resume_token: token.clone() };
        let watched = Box::pin(async {
            let mut news = client.narrations().watch_narration(request).await?.into_inner();
            let mut last = None;
            while let Some(message) = news.message().await? {
                if let Some(News::Narration(narration)) = message.news {
                    last = Some(narration);
                }
            }
            Ok::<_, tonic::Status>(last)
        });
        match tokio::time::timeout(PATIENCE, watched).await.unwrap_or_else(|_| panic!("{token}: it waits for ever")) {
            Ok(last) => assert_eq!(last.map(|narration| narration.state()), Some(State::Succeeded), "{token}"),
            Err(status) => assert_eq!(refusal(&status).reason, "PAGE_TOKEN_INVALID", "{token}"),
        }
    }
}

async fn what_is_queued_is_not_listed_as_being_read(profile: Profile) {
    let instance = profile.setup().start().await;
    let (client, mut admin) = (instance.client(), instance.admin().admin());
    let pause = pause_of("services/ingest", "nothing is read");
    let pause = admin.create_pause(pause).await.expect("paused").into_inner().pause.expect("a pause");
    // Every replica knows within two seconds.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let document = client.markdown("# Queued\n\nIt waits its turn.").await;
    let queued = client.order(of(&document)).await.expect("accepted");
    assert_eq!(queued.state(), State::Queued, "{queued:?}");
    let listed = async |state: State| {
        let request = api::ListNarrationsRequest { state: state.into(), ..api::ListNarrationsRequest::default() };
        let page = client.narrations().list_narrations(request).await.expect("a page").into_inner();
        assert!(page.narrations.iter().all(|narration| narration.state() == state), "{state:?}: {page:?}");
        page.narrations.len()
    };
    assert_eq!((listed(State::Queued).await, listed(State::Extracting).await), (1, 0));
    let resume = api::DeletePauseRequest { name: pause.name, ..Default::default() };
    admin.delete_pause(resume).await.expect("resumed");
    client.finished(&queued.name).await;
    assert_eq!((listed(State::Queued).await, listed(State::Succeeded).await), (0, 1));
}

async fn a_caller_says_which_language_a_text_is_in(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let latin = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt. ".repeat(4);
    let document = client.markdown(&latin).await;
    assert_ne!(document.language_code, "en");
    let refused = client.order(of(&document)).await.expect_err("no voice speaks it");
    assert_eq!(refusal(&refused).reason, "LANGUAGE_UNSUPPORTED");
    // There are rules to speak this one, and no voice.
    let german = "Der Leuchtturm steht seit mehr als hundert Jahren auf dem Felsen vor der Küste. ".repeat(4);
    let german = client.markdown(&german).await;
    assert_eq!(german.language_code, "de");
    let refused = client.order(of(&german)).await.expect_err("no voice speaks it");
    assert_eq!(refusal(&refused).reason, "LANGUAGE_UNSUPPORTED");
    let wrong = api::Narration { language_code: "english".to_owned(), ..of(&document) };
    assert_eq!(refusal(&client.order(wrong).await.expect_err("no tag")).reason, "INVALID_FIELD");
    let said = client.narrate(api::Narration { language_code: "en".to_owned(), ..of(&document) }).await;
    assert_eq!((said.state(), said.language_code.as_str()), (State::Succeeded, "en"), "{:?}", said.failure);

    // Or says so of the document, once for all orders.
    let request = api::CreateDocumentRequest {
        source: Some(Source::Text(latin)),
        document: Some(api::Document { language_code: "en".to_owned(), ..api::Document::default() }),
        ..api::CreateDocumentRequest::default()
    };
    let document = client.documents().create_document(request).await.expect("accepted").into_inner().document;
    let document = document.expect("it");
    assert_eq!(document.language_code, "en");
    let said = client.narrate(of(&document)).await;
    assert_eq!((said.state(), said.language_code.as_str()), (State::Succeeded, "en"), "{:?}", said.failure);
}
