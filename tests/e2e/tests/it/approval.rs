//! A script that waits for a person: held, read, changed in one sentence, approved, and heard.

use lectern_e2e::{Client, Profile, of, refusal, spoken};
use lectern_proto::v1::erased_items::Kind;
use lectern_proto::v1::{self as api, narration::State};
use tonic::{Code, Status};

on_both_profiles!(
    a_script_is_held_changed_in_one_sentence_approved_and_heard,
    who_changes_what_another_has_changed_reads_it_again,
    a_retry_keeps_what_was_changed_and_waits_again,
    a_revision_is_changed_as_the_script_before_it_was,
);

/// A document of which no sentence is said twice.
const SALT: &str = "# Salt\n\nSalt is an old good. It is dear in some places.\n\n## The sea\n\nThe sea has much of \
                    it. Nobody owns the sea.\n";
/// The sentence that is changed.
const DEAR: &str = "It is dear in some places.";
/// What is said in its place.
const CHEAP: &str = "It is cheap in 4 places.";

/// Orders a narration whose script is held, and waits until it is written.
async fn held(client: &Client, document: &api::Document) -> api::Narration {
    let name = client.order(api::Narration { hold_script: true, ..of(document) }).await.expect("accepted").name;
    let waits = client.watch(&name, |narration| narration.state() == State::AwaitingApproval).await;
    assert_eq!(waits.state(), State::AwaitingApproval, "{waits:?}");
    waits
}

async fn etag(client: &Client, name: &str) -> String {
    let request = api::GetScriptRequest { name: name.to_owned(), ..api::GetScriptRequest::default() };
    client.narrations().get_script(request).await.expect("a script").into_inner().etag
}

async fn update(
    client: &Client,
    name: &str,
    etag: &str,
    edits: &[(i32, i32, &str)],
) -> Result<api::UpdateScriptResponse, Status> {
    let edit = |(section, utterance, text): &(i32, i32, &str)| api::ScriptEdit {
        section: *section,
        utterance: *utterance,
        text: (*text).to_owned(),
    };
    let edits = edits.iter().map(edit).collect();
    let request =
        api::UpdateScriptRequest { name: name.to_owned(), edits, etag: etag.to_owned(), edits_of: String::new() };
    client.narrations().update_script(request).await.map(tonic::Response::into_inner)
}

async fn approve(client: &Client, name: &str, etag: &str) -> Result<api::Narration, Status> {
    let request = api::ApproveScriptRequest { name: name.to_owned(), etag: etag.to_owned() };
    let answer = client.narrations().approve_script(request).await?.into_inner();
    Ok(answer.narration.expect("the narration"))
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let refused = refusal(&answer.expect_err("it is refused"));
    (refused.code, refused.reason)
}

/// The captions of a recording, in one line.
async fn captions(client: &Client, narration: &api::Narration) -> String {
    let text = String::from_utf8(client.download(narration, "captions.vtt").await).expect("text");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where a sentence stands in a script.
fn place(script: &[api::ScriptSection], sentence: &str) -> (i32, i32) {
    let said = script.iter().flat_map(|section| section.utterances.iter().map(move |said| (section.index, said)));
    let found = said.into_iter().find(|(_, said)| said.original == sentence);
    found.map(|(section, said)| (section, said.id)).unwrap_or_else(|| panic!("no {sentence:?} in {script:?}"))
}

async fn a_script_is_held_changed_in_one_sentence_approved_and_heard(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(SALT).await;
    // All that is said of it is spoken once.
    client.narrate(of(&document)).await;
    let before = spoken(&instance.speech_log()).len();
    assert!(before > 3, "{before} segments");

    let waits = held(&client, &document).await;
    let name = waits.name.clone();
    let counts = waits.progress.expect("progress");
    assert_eq!(counts.section_count, Some(counts.written_section_count));
    assert_eq!((counts.recorded_section_count, waits.deadline_time, waits.hold_script), (0, None, true));
    let was = client.script(&name).await;
    let (section, utterance) = place(&was, DEAR);
    let read = etag(&client, &name).await;

    let updated = update(&client, &name, &read, &[(section, utterance, CHEAP)]).await.expect("changed");
    assert_eq!(updated.changed_sentence_count, 1);
    assert_ne!(updated.etag, read);
    assert_eq!(updated.narration.expect("the narration").state(), State::AwaitingApproval);
    assert_eq!(etag(&client, &name).await, updated.etag);
    let is = client.script(&name).await;
    assert_eq!(place(&is, CHEAP), (section, utterance));
    for (was, is) in was.iter().zip(&is).flat_map(|(was, is)| was.utterances.iter().zip(&is.utterances)) {
        if was.original == DEAR {
            assert_eq!((is.spoken.as_str(), is.before.as_str()), ("It is cheap in four places.", DEAR));
            assert!(is.edited && is.added && is.sources == was.sources, "{is:?}");
        } else {
            assert_eq!(is, was);
        }
    }
    assert_eq!(spoken(&instance.speech_log()).len(), before, "nothing is spoken before it is approved");

    let approved = approve(&client, &name, &updated.etag).await.expect("approved");
    assert!(approved.deadline_time.is_some(), "{approved:?}");
    let finished = client.finished(&name).await;
    let counts = finished.progress.expect("progress");
    assert_eq!(counts.utterance_count - counts.reused_utterance_count, 1, "{counts:?}");
    assert_eq!(spoken(&instance.speech_log()).len(), before + 1, "one segment more than there would be");
    let captions = captions(&client, &finished).await;
    assert!(captions.contains("cheap in 4 places") && !captions.contains("dear"), "{captions}");
    let manifest: serde_json::Value =
        serde_json::from_slice(&client.download(&finished, "manifest.json").await).expect("JSON");
    assert_eq!((&manifest["edited"][0]["before"], &manifest["edited"][0]["says"]), (&DEAR.into(), &CHEAP.into()));
    assert_eq!(manifest["edited"].as_array().map(Vec::len), Some(1));
    let request = api::GetManifestRequest { name: name.clone(), ..api::GetManifestRequest::default() };
    let shown = client.narrations().get_manifest(request).await.expect("a manifest").into_inner();
    assert_eq!(shown.edited_sentence_count, 1);
    assert_eq!(client.script(&name).await, is, "what was read is what is heard");

    // What is heard is changed no more; the call that approved it can be repeated.
    let late = update(&client, &name, &updated.etag, &[(section, utterance, DEAR)]).await;
    assert_eq!(refused(late), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));
    assert_eq!(approve(&client, &name, &updated.etag).await.expect("it was approved"), finished);
    assert_eq!(refused(approve(&client, &name, &read).await), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));

    let edits = instance.objects_of(&document.name).iter().filter(|object| object.contains("/edits/")).count();
    let delete = api::DeleteDocumentRequest { name: document.name.clone(), force: true, ..Default::default() };
    let erasure = client.documents().delete_document(delete).await.expect("erased").into_inner().erasure;
    let items = erasure.expect("a receipt").items;
    let erased = items.iter().find(|items| items.kind() == Kind::EditsObject).map(|items| items.first_sweep_count);
    assert_eq!((edits, erased), (1, Some(1)), "{items:?}");
}

async fn who_changes_what_another_has_changed_reads_it_again(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(SALT).await;
    let name = held(&client, &document).await.name;
    let (read, script) = (etag(&client, &name).await, client.script(&name).await);
    let (section, utterance) = place(&script, DEAR);
    let edit = [(section, utterance, CHEAP)];
    let other = [(section, utterance, "It is dear at sea.")];
    let both = tokio::join!(update(&client, &name, &read, &edit), update(&client, &name, &read, &other));
    let (won, lost) = match both {
        (Ok(won), lost) => (won, lost),
        (lost, Ok(won)) => (won, lost),
        (one, other) => panic!("neither of two editors: {one:?}, {other:?}"),
    };
    let mismatch = || (Code::Aborted, "ETAG_MISMATCH".to_owned());
    assert_eq!(refused(lost), mismatch());
    assert_eq!(refused(update(&client, &name, &read, &edit).await), mismatch());
    assert_eq!(refused(approve(&client, &name, &read).await), mismatch(), "nor is approved what nobody has read");

    // One after the other, each from what is there; a sentence may become several.
    let several = [(section, utterance, "It is cheap. It is white."), (section, 0, "Of salt.")];
    let next = update(&client, &name, &won.etag, &several).await.expect("changed");
    let script = client.script(&name).await;
    assert_eq!(place(&script, "It is white."), (section, utterance + 1));
    assert_eq!(place(&script, "Of salt."), (section, 0));

    let invalid = |code| (code, "INVALID_FIELD".to_owned());
    for (edits, code) in [
        (&[(section, 99, CHEAP)][..], Code::OutOfRange),
        (&[(99, 0, CHEAP)], Code::OutOfRange),
        (&[(section, 0, "* * *")], Code::InvalidArgument),
        (&[(section, 0, "")], Code::InvalidArgument),
        (&[(section, 0, CHEAP), (section, 0, DEAR)], Code::InvalidArgument),
        (&[], Code::InvalidArgument),
    ] {
        assert_eq!(refused(update(&client, &name, &next.etag, edits).await), invalid(code), "{edits:?}");
    }
    assert_eq!(refused(update(&client, &name, "", &edit).await), invalid(Code::InvalidArgument));
    assert_eq!(refused(approve(&client, &name, "").await), invalid(Code::InvalidArgument));
    assert_eq!(etag(&client, &name).await, next.etag, "what is refused changes nothing");
    approve(&client, &name, &next.etag).await.expect("approved");
    client.finished(&name).await;

    let plain = client.narrate(of(&document)).await.name;
    let read = etag(&client, &plain).await;
    let wrong = (Code::FailedPrecondition, "WRONG_STATE".to_owned());
    assert_eq!(refused(update(&client, &plain, &read, &edit).await), wrong, "it was not held");
    assert_eq!(refused(approve(&client, &plain, &read).await), wrong);
    let unknown = approve(&client, "narrations/none", "e1").await;
    assert_eq!(refused(unknown), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
}

async fn a_retry_keeps_what_was_changed_and_waits_again(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(SALT).await;
    let name = held(&client, &document).await.name;
    let script = client.script(&name).await;
    let (section, utterance) = place(&script, DEAR);
    let read = etag(&client, &name).await;
    let changed = update(&client, &name, &read, &[(section, utterance, CHEAP)]).await.expect("changed").etag;
    let cancel = api::CancelNarrationRequest { name: name.clone(), etag: String::new() };
    let cancelled = client.narrations().cancel_narration(cancel).await.expect("cancelled").into_inner().narration;
    assert_eq!(cancelled.expect("it").state(), State::Cancelled);
    assert_eq!(refused(approve(&client, &name, &changed).await), (Code::FailedPrecondition, "WRONG_STATE".to_owned()));

    let retry = api::RetryNarrationRequest { name: name.clone(), ..api::RetryNarrationRequest::default() };
    client.narrations().retry_narration(retry).await.expect("retried");
    let waits = client.watch(&name, |narration| narration.state() == State::AwaitingApproval).await;
    assert_eq!((waits.state(), waits.run), (State::AwaitingApproval, 2), "{waits:?}");
    assert_eq!(etag(&client, &name).await, changed, "by the same versions it is the same script");
    assert_eq!(place(&client.script(&name).await, CHEAP), (section, utterance));
    approve(&client, &name, &changed).await.expect("approved");
    let finished = client.finished(&name).await;
    let captions = captions(&client, &finished).await;
    assert!(captions.contains("cheap in 4 places"), "{captions}");
}

async fn a_revision_is_changed_as_the_script_before_it_was(profile: Profile) {
    let instance = profile.setup().start().await;
    let client = instance.client();
    let document = client.markdown(SALT).await;
    let first = held(&client, &document).await.name;
    let (section, utterance) = place(&client.script(&first).await, DEAR);
    let read = etag(&client, &first).await;
    let changed = update(&client, &first, &read, &[(section, utterance, CHEAP)]).await.expect("changed").etag;
    approve(&client, &first, &changed).await.expect("approved");
    client.finished(&first).await;
    let before = spoken(&instance.speech_log()).len();

    let request = api::CreateDocumentRequest {
        document: Some(api::Document { revises: document.name.clone(), ..Default::default() }),
        file_name: "salt.md".to_owned(),
        source: Some(api::create_document_request::Source::Text(SALT.replace("Nobody owns", "Everybody owns"))),
        ..Default::default()
    };
    let answer = client.documents().create_document(request).await.expect("accepted").into_inner();
    let revision = answer.document.expect("the document");
    let second = held(&client, &revision).await.name;
    let carry = async |name: &str, edits_of: &str| {
        let etag = etag(&client, name).await;
        let request =
            api::UpdateScriptRequest { name: name.to_owned(), edits: Vec::new(), etag, edits_of: edits_of.to_owned() };
        client.narrations().update_script(request).await.map(tonic::Response::into_inner)
    };
    let carried = carry(&second, &first).await.expect("changed alike");
    assert_eq!(carried.changed_sentence_count, 1);
    let script = client.script(&second).await;
    place(&script, CHEAP);
    place(&script, "Everybody owns the sea.");
    let again = carry(&second, &first).await.expect("nothing is left to be changed");
    assert_eq!((again.changed_sentence_count, &again.etag), (0, &carried.etag));
    approve(&client, &second, &carried.etag).await.expect("approved");
    client.finished(&second).await;
    assert_eq!(spoken(&instance.speech_log()).len(), before + 1, "what the revision changed, and no edit of before");

    let other = held(&client, &client.markdown("# Sand\n\nSand is new.").await).await.name;
    let invalid = || (Code::InvalidArgument, "INVALID_FIELD".to_owned());
    assert_eq!(refused(carry(&other, &first).await), invalid(), "of another document");
    assert_eq!(refused(carry(&other, &other).await), invalid(), "nothing was changed in it before");
}
