//! What operators do with work: dead letters are found and replayed, and what is paused waits.

use futures::TryStreamExt as _;
use lectern_e2e::{Profile, of, refusal};
use lectern_proto::v1::narration::State;
use lectern_proto::v1::replay_dead_letters_response::Outcome;
use lectern_proto::v1::{self as api};
use tonic::Code;

on_both_profiles!(
    a_step_that_failed_for_good_is_replayed_from_its_dead_letter,
    what_is_paused_waits_and_goes_on,
    what_operators_cannot_mean_is_refused,
);

const TEXT: &str = "# Weather\n\nThe morning was clear and quiet.\n\nThen came a mumble of thunder from the west.\n";

async fn a_step_that_failed_for_good_is_replayed_from_its_dead_letter(profile: Profile) {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script.json");
    let ledger = folder.path().join("ledger.jsonl");
    let follow = |rules: serde_json::Value| {
        let text = serde_json::json!({ "ledger": ledger, "rules": rules });
        std::fs::write(&script, text.to_string()).expect("a script");
    };
    follow(serde_json::json!([{ "text": "mumble", "does": "fail" }]));
    let setup = profile.setup().env("tts", "LECTERN_ENGINE", "scripted");
    let instance = setup.env("tts", "LECTERN_SCRIPT", &script.display().to_string()).start().await;
    let (client, admin) = (instance.client(), instance.admin().admin());

    let document = client.markdown(TEXT).await;
    let name = client.order(of(&document)).await.expect("accepted").name;
    let failed = client.watch(&name, |narration| narration.state() >= State::Succeeded).await;
    assert_eq!(failed.state(), State::Failed);
    let failure = failed.failure.expect("a failure");

    let filter = api::DeadLetterFilter { narration: name.clone(), ..api::DeadLetterFilter::default() };
    let request =
        api::ListDeadLettersRequest { filter: Some(filter.clone()), ..api::ListDeadLettersRequest::default() };
    let letters = admin.clone().list_dead_letters(request.clone()).await.expect("a list").into_inner().dead_letters;
    let [letter] = letters.as_slice() else { panic!("one letter: {letters:?}") };
    assert_eq!(letter.failure.as_ref().map(|f| (&f.reason, &f.step)), Some((&failure.reason, &failure.step)));
    assert_eq!((letter.narration.as_str(), letter.service.as_str()), (name.as_str(), "tts"));
    assert_eq!((letter.tenant.as_str(), letter.crashes), (instance.tenant_id(), 0));
    assert_eq!(letter.trace_id.len(), 32, "it belongs to a trace");
    assert!(letter.command_text.contains("RecordSection"), "{}", letter.command_text);

    let calls = || std::fs::read_to_string(&ledger).expect("a ledger").lines().count();
    let before = calls();
    follow(serde_json::json!([]));
    let selection = api::DeadLetterSelection { filter: Some(filter), ..api::DeadLetterSelection::default() };
    let request = api::ReplayDeadLettersRequest { selection: Some(selection), rate: 100.0 };
    let replayed = admin.clone().replay_dead_letters(request).await.expect("a stream").into_inner();
    let replayed: Vec<_> = replayed.try_collect().await.expect("replayed");
    assert_eq!(replayed.iter().map(api::ReplayDeadLettersResponse::outcome).collect::<Vec<_>>(), [Outcome::Replayed]);
    let finished = client.finished(&name).await;
    assert_eq!((finished.state(), finished.run), (State::Succeeded, 2));
    assert!(calls() - before < client.script(&name).await.iter().map(|s| s.utterances.len()).sum::<usize>() + 1);
    let request = api::GetDeadLetterRequest { name: letter.name.clone() };
    let gone = admin.clone().get_dead_letter(request).await.expect_err("replayed letters are gone");
    assert_eq!(gone.code(), Code::NotFound);

    let nothing = api::ReplayDeadLettersRequest::default();
    let refused = admin.clone().replay_dead_letters(nothing).await.expect_err("nothing is chosen");
    assert_eq!(refused.code(), Code::InvalidArgument);
    if profile == Profile::Stack {
        let denied = client.admin().get_backlog(api::GetBacklogRequest {}).await.expect_err("for administrators");
        assert_eq!(denied.code(), Code::PermissionDenied);
    }
}

async fn what_is_paused_waits_and_goes_on(profile: Profile) {
    let instance = profile.setup().start().await;
    let (client, mut admin) = (instance.client(), instance.admin().admin());
    let pause = api::PauseWorkRequest { name: "services/tts".to_owned(), note: "maintenance".to_owned() };
    admin.pause_work(pause).await.expect("paused");
    // Every replica knows within two seconds.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let document = client.markdown(TEXT).await;
    let name = client.order(of(&document)).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.sections_written > 0)).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let waiting = client.narration(&name).await.expect("a narration");
    assert_eq!(waiting.progress.map(|p| p.sections_recorded), Some(0), "nothing is recorded: {waiting:?}");
    let backlog = admin.get_backlog(api::GetBacklogRequest {}).await.expect("a backlog").into_inner();
    let tts = backlog.services.iter().find(|service| service.service == "tts").expect("tts");
    assert_eq!((tts.narrations, tts.granted_steps), (1, 0), "{backlog:?}");
    let pauses = admin.list_pauses(api::ListPausesRequest {}).await.expect("pauses").into_inner().pauses;
    assert_eq!(
        pauses.iter().map(|p| (p.name.as_str(), p.note.as_str())).collect::<Vec<_>>(),
        [("services/tts", "maintenance")]
    );

    let resume = api::ResumeWorkRequest { name: "services/tts".to_owned() };
    assert!(admin.resume_work(resume.clone()).await.expect("resumed").into_inner().was_paused);
    assert!(!admin.resume_work(resume).await.expect("resumed").into_inner().was_paused);
    assert_eq!(client.finished(&name).await.state(), State::Succeeded);
    let wrong = api::PauseWorkRequest { name: "services/gateway".to_owned(), note: String::new() };
    assert_eq!(admin.pause_work(wrong).await.expect_err("no stage").code(), Code::InvalidArgument);
}

async fn what_operators_cannot_mean_is_refused(profile: Profile) {
    let instance = profile.setup().start().await;
    let invalid = |what: &str, status: &tonic::Status| {
        let refused = refusal(status);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{what}");
    };
    let all = api::DeadLetterSelection { all: true, ..api::DeadLetterSelection::default() };
    // Each would wait longer than a clock can count, or not at all.
    for rate in [1e-320, f64::MIN_POSITIVE, -1.0, f64::NAN, f64::INFINITY] {
        let request = api::ReplayDeadLettersRequest { selection: Some(all.clone()), rate };
        let refused = instance.admin().admin().replay_dead_letters(request).await.expect_err("no rate");
        invalid(&format!("a rate of {rate:e}"), &refused);
    }
    // These name nobody, and the administrator; control characters would reach lists and logs.
    for (tenant, display_name) in [("-", "ci"), ("admin", "ci"), ("acme", "ci\u{7}"), ("acme", "a\nb")] {
        let request = api::CreateKeyRequest { tenant: tenant.to_owned(), display_name: display_name.to_owned() };
        let refused = instance.admin().keys().create_key(request).await.expect_err("no such key");
        invalid(&format!("tenant {tenant:?}, name {display_name:?}"), &refused);
    }
}
