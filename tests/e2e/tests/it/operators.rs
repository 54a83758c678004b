//! What operators do with work: dead letters are found and replayed, and what is paused waits.

use std::collections::BTreeSet;

use futures::TryStreamExt as _;
use lectern_e2e::{Authorized, Profile, of, refusal};
use lectern_proto::convert;
use lectern_proto::v1::admin_service_client::AdminServiceClient;
use lectern_proto::v1::dead_letter_selection::Selection;
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

/// A request to pause this target.
pub(crate) fn pause_of(target: &str, note: &str) -> api::CreatePauseRequest {
    let pause = api::Pause { target: target.to_owned(), note: note.to_owned(), ..api::Pause::default() };
    api::CreatePauseRequest { pause: Some(pause) }
}

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
    let info = convert::error_info(&failure);
    assert!(info.as_ref().is_some_and(|info| info.metadata.contains_key("step")), "a step failed: {info:?}");
    assert_eq!(letter.failure.as_ref().and_then(convert::error_info), info);
    assert_eq!((letter.narration.as_str(), letter.stage()), (name.as_str(), api::StageName::Tts));
    assert_eq!((&letter.tenant, letter.crash_count), (&format!("tenants/{}", instance.tenant_id()), 0));
    assert_eq!(letter.trace_id.len(), 32, "it belongs to a trace");
    assert!(letter.command_text.contains("RecordSection"), "{}", letter.command_text);

    let calls = || std::fs::read_to_string(&ledger).expect("a ledger").lines().count();
    let before = calls();
    follow(serde_json::json!([]));
    let selection = api::DeadLetterSelection { selection: Some(Selection::Filter(filter)) };
    let request = api::ReplayDeadLettersRequest { selection: Some(selection), letters_per_second: Some(100.0) };
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
    let create = pause_of("services/tts", "maintenance");
    let pause = admin.create_pause(create).await.expect("paused").into_inner().pause.expect("a pause");
    assert_eq!((pause.name.as_str(), pause.target.as_str()), ("pauses/services.tts", "services/tts"));
    // Pausing what is paused changes nothing, not its note either.
    let again = admin.create_pause(pause_of("services/tts", "again")).await.expect("paused").into_inner();
    assert_eq!(again.pause, Some(pause.clone()));
    let get = api::GetPauseRequest { name: pause.name.clone() };
    assert_eq!(admin.get_pause(get.clone()).await.expect("it").into_inner().pause, Some(pause.clone()));
    // Every replica knows within two seconds.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let document = client.markdown(TEXT).await;
    let name = client.order(of(&document)).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.written_section_count > 0)).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let waiting = client.narration(&name).await.expect("a narration");
    assert_eq!(waiting.progress.map(|p| p.recorded_section_count), Some(0), "nothing is recorded: {waiting:?}");
    let backlog = admin.get_backlog(api::GetBacklogRequest {}).await.expect("a backlog").into_inner();
    let tts = backlog.stages.iter().find(|stage| stage.stage() == api::StageName::Tts).expect("tts");
    assert_eq!((tts.narration_count, tts.granted_step_count), (1, 0), "{backlog:?}");
    let request = api::ListNarrationStatusesRequest::default();
    let statuses = admin.list_narration_statuses(request).await.expect("listed").into_inner().narration_statuses;
    let [status] = &statuses[..] else { panic!("{statuses:?}") };
    assert_eq!((status.name.as_str(), status.wait_reason()), (name.as_str(), api::WaitReason::Paused));
    let pauses = admin.list_pauses(api::ListPausesRequest::default()).await.expect("pauses").into_inner().pauses;
    assert_eq!(pauses, std::slice::from_ref(&pause));

    let resume = api::DeletePauseRequest { name: pause.name, ..Default::default() };
    admin.delete_pause(resume.clone()).await.expect("resumed");
    let gone = [
        admin.get_pause(get).await.expect_err("it is ended"),
        admin.delete_pause(resume.clone()).await.expect_err("it is ended"),
    ];
    for refused in gone.iter().map(refusal) {
        assert_eq!((refused.code, refused.reason.as_str()), (Code::NotFound, "RESOURCE_NOT_FOUND"));
    }
    admin.delete_pause(api::DeletePauseRequest { allow_missing: true, ..resume }).await.expect("a success");
    assert_eq!(client.finished(&name).await.state(), State::Succeeded);
    every_stage_is_looked_at(&mut admin, &name).await;
    let wrong = pause_of("services/gateway", "");
    assert_eq!(admin.create_pause(wrong).await.expect_err("no stage").code(), Code::InvalidArgument);
}

/// The gateway asks each stage for its steps, leases and health, under its own credential.
async fn every_stage_is_looked_at(admin: &mut AdminServiceClient<Authorized>, narration: &str) {
    let (mut steps, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = api::ListStepsRequest { narration: narration.to_owned(), page_size: 2, page_token };
        let page = admin.list_steps(request).await.expect("a page").into_inner();
        steps.extend(page.steps);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let stages: BTreeSet<i32> = steps.iter().map(|step| step.stage).collect();
    assert_eq!(stages.len(), 3, "{steps:?}");
    assert!(steps.iter().all(|step| step.state() == api::step_status::State::Done), "{steps:?}");
    let leases = admin.list_leases(api::ListLeasesRequest::default()).await.expect("a page").into_inner().steps;
    assert!(leases.is_empty(), "nobody is at work: {leases:?}");
    let services = admin.get_services(api::GetServicesRequest { include_settings: true }).await;
    let services = services.expect("told").into_inner().services;
    let names: Vec<&str> = services.iter().map(|service| service.service.as_str()).collect();
    assert_eq!(names, ["gateway", "ingest", "ai", "tts"]);
    assert!(services.iter().all(|service| service.failure.is_none() && service.serving), "{services:?}");
    assert!(services.iter().all(|service| !service.settings.is_empty()), "{services:?}");
    let capacity = admin.get_capacity(api::GetCapacityRequest {}).await.expect("told").into_inner();
    assert!(capacity.worker_count >= 3 && capacity.gateways.iter().any(|gateway| gateway.answers), "{capacity:?}");
}

async fn what_operators_cannot_mean_is_refused(profile: Profile) {
    let instance = profile.setup().start().await;
    let invalid = |what: &str, status: &tonic::Status| {
        let refused = refusal(status);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELD"), "{what}");
    };
    let all = api::DeadLetterSelection { selection: Some(Selection::All(true)) };
    // Neither "nothing" nor "all but not all" is a choice.
    for selection in [None, Some(Selection::All(false))] {
        let selection = Some(api::DeadLetterSelection { selection });
        let request = api::ReplayDeadLettersRequest { selection, letters_per_second: None };
        let refused = instance.admin().admin().replay_dead_letters(request).await.expect_err("nothing is chosen");
        invalid("no selection", &refused);
    }
    // Each would wait longer than a clock can count, or not at all.
    for rate in [0.0, 1e-320, f64::MIN_POSITIVE, -1.0, f64::NAN, f64::INFINITY] {
        let request = api::ReplayDeadLettersRequest { selection: Some(all.clone()), letters_per_second: Some(rate) };
        let refused = instance.admin().admin().replay_dead_letters(request).await.expect_err("no rate");
        invalid(&format!("a rate of {rate:e}"), &refused);
    }
    // These name nobody, and the administrator; control characters would reach lists and logs.
    for (tenant, display_name) in [("-", "ci"), ("admin", "ci"), ("acme", "ci\u{7}"), ("acme", "a\nb")] {
        let (tenant_name, display_name) = (format!("tenants/{tenant}"), display_name.to_owned());
        let key = api::Key { tenant: tenant_name, display_name: display_name.clone(), ..api::Key::default() };
        let request = api::CreateKeyRequest { key: Some(key), ..Default::default() };
        let refused = instance.admin().keys().create_key(request).await.expect_err("no such key");
        invalid(&format!("tenant {tenant:?}, name {display_name:?}"), &refused);
    }
}
