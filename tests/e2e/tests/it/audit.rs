//! What was done, by whom and to what, is on record.

use std::time::Duration;

use futures::TryStreamExt as _;
use lectern_e2e::{Instance, Profile, of, refusal};
use lectern_proto::v1::audit_record::Action;
use lectern_proto::v1::dead_letter_selection::Selection;
use lectern_proto::v1::{self as api, narration::State};
use tonic::{Code, Status};

use crate::operators::pause_of;
use crate::tenants;

on_both_profiles!(every_action_leaves_its_record, what_becomes_of_dead_letters_is_on_record);

/// Records are in the order of their times, which have milliseconds.
const APART: Duration = Duration::from_millis(5);

type Filter = api::AuditRecordFilter;

async fn page(
    instance: &Instance,
    page_size: i32,
    page_token: String,
    filter: Filter,
) -> Result<api::ListAuditRecordsResponse, Status> {
    let request = api::ListAuditRecordsRequest { page_size, page_token, filter: Some(filter) };
    instance.admin().admin().list_audit_records(request).await.map(tonic::Response::into_inner)
}

/// All records that meet the filter, the newest first, in pages of this size.
async fn records(instance: &Instance, filter: Filter, page_size: i32) -> Vec<api::AuditRecord> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = page(instance, page_size, page_token, filter.clone()).await.expect("a page");
        assert!(page_size == 0 || page.audit_records.len() <= page_size as usize);
        all.extend(page.audit_records);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// Who an administrator is here.
fn administrator(profile: Profile) -> &'static str {
    match profile {
        Profile::Stack => "admin",
        Profile::Embedded => "open",
    }
}

/// Action, target and tenant of each, the oldest first.
fn told(records: &[api::AuditRecord]) -> Vec<(Action, String, String)> {
    records.iter().rev().map(|record| (record.action(), record.target.clone(), record.tenant.clone())).collect()
}

async fn every_action_leaves_its_record(profile: Profile) {
    let instance = profile.setup().start().await;
    let (mut keys, mut admin) = (instance.admin().keys(), instance.admin().admin());
    let client = instance.client();
    let document = client.markdown("# On record\n\nWhat is done is written down.").await;
    let narration = client.narrate(of(&document)).await.name;
    let before = records(&instance, Filter::default(), 0).await;

    let globex = "tenants/globex".to_owned();
    let limits = api::TenantLimits { burst_request_count: Some(7), ..api::TenantLimits::default() };
    tenants::create(&instance, "globex", limits).await.expect("a tenant");
    tokio::time::sleep(APART).await;
    let name = globex.clone();
    let tenant = api::Tenant { name: name.clone(), display_name: "Globex".to_owned(), ..api::Tenant::default() };
    let update = api::UpdateTenantRequest { tenant: Some(tenant), update_mask: None };
    instance.admin().tenants().update_tenant(update).await.expect("changed");
    tokio::time::sleep(APART).await;
    let key = instance.new_key(api::Key { tenant: globex.clone(), ..api::Key::default() }).await.key.expect("a key");
    tokio::time::sleep(APART).await;
    keys.revoke_key(api::RevokeKeyRequest { name: key.name.clone() }).await.expect("revoked");
    tokio::time::sleep(APART).await;
    instance.admin().tenants().suspend_tenant(api::SuspendTenantRequest { name }).await.expect("suspended");
    tokio::time::sleep(APART).await;
    let name = globex.clone();
    instance.admin().tenants().resume_tenant(api::ResumeTenantRequest { name }).await.expect("resumed");
    tokio::time::sleep(APART).await;
    let pause = admin.create_pause(pause_of("engines/tone", "a leak")).await.expect("paused").into_inner();
    let pause = pause.pause.expect("a pause").name;
    tokio::time::sleep(APART).await;
    let resume = api::DeletePauseRequest { name: pause.clone(), ..Default::default() };
    admin.delete_pause(resume).await.expect("resumed");
    tokio::time::sleep(APART).await;
    let delete = api::DeleteNarrationRequest { name: narration.clone(), ..Default::default() };
    client.narrations().delete_narration(delete).await.expect("deleted");
    tokio::time::sleep(APART).await;
    let delete = api::DeleteDocumentRequest { name: document.name.clone(), force: true, ..Default::default() };
    client.documents().delete_document(delete).await.expect("erased");

    let all = records(&instance, Filter::default(), 0).await;
    let new = &all[..all.len() - before.len()];
    assert_eq!(all[new.len()..], before, "the newest first, and records stay");
    let own = format!("tenants/{}", instance.tenant_id());
    let expected = [
        (Action::TenantCreated, globex.clone(), globex.clone()),
        (Action::TenantUpdated, globex.clone(), globex.clone()),
        (Action::KeyCreated, key.name.clone(), globex.clone()),
        (Action::KeyRevoked, key.name.clone(), globex.clone()),
        (Action::TenantSuspended, globex.clone(), globex.clone()),
        (Action::TenantResumed, globex.clone(), globex.clone()),
        (Action::PauseCreated, pause.clone(), String::new()),
        (Action::PauseDeleted, pause.clone(), String::new()),
        (Action::NarrationDeleted, narration.clone(), own.clone()),
        (Action::DocumentDeleted, document.name.clone(), own.clone()),
    ];
    assert_eq!(told(new), expected);
    assert!(new.iter().all(|record| record.create_time.is_some() && record.name.starts_with("auditRecords/")));
    let (of_tenant, of_administrator) = new.split_at(2);
    assert!(of_administrator.iter().all(|record| record.actor == administrator(profile)), "{of_administrator:?}");
    let key_or_open = |actor: &str| match profile {
        Profile::Stack => actor.starts_with("keys/"),
        Profile::Embedded => actor == "open",
    };
    assert!(of_tenant.iter().all(|record| key_or_open(&record.actor)), "{of_tenant:?}");
    let paused = new.iter().find(|record| record.action() == Action::PauseCreated).expect("the pause");
    assert!(paused.detail.contains("a leak"), "an operator's note is on record: {paused:?}");

    // By filter, and page by page.
    let tenant = Filter { tenant: globex.clone(), ..Filter::default() };
    for page_size in [1, 4, 0] {
        assert_eq!(records(&instance, Filter::default(), page_size).await, all, "pages of {page_size}");
        assert_eq!(told(&records(&instance, tenant.clone(), page_size).await), expected[..6], "pages of {page_size}");
    }
    let target = Filter { target: key.name.clone(), ..Filter::default() };
    assert_eq!(told(&records(&instance, target.clone(), 0).await), expected[2..4]);
    let both = Filter { action: Action::KeyRevoked.into(), ..target };
    assert_eq!(told(&records(&instance, both, 0).await), expected[3..4], "all conditions must hold");
    let actor =
        Filter { actor: of_tenant[0].actor.clone(), action: Action::DocumentDeleted.into(), ..Filter::default() };
    assert_eq!(told(&records(&instance, actor, 0).await), expected[9..]);
    let nobody = Filter { actor: "keys/nobody".to_owned(), ..Filter::default() };
    assert!(records(&instance, nobody, 0).await.is_empty());
    let token = page(&instance, 1, String::new(), tenant).await.expect("a page").next_page_token;
    let other = page(&instance, 1, token, Filter::default()).await.expect_err("a token of another filter");
    let other = refusal(&other);
    assert_eq!((other.code, other.reason.as_str()), (Code::InvalidArgument, "PAGE_TOKEN_INVALID"));
}

async fn what_becomes_of_dead_letters_is_on_record(profile: Profile) {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script.json");
    let follow = |rules: serde_json::Value| {
        let text = serde_json::json!({ "ledger": folder.path().join("ledger.jsonl"), "rules": rules });
        std::fs::write(&script, text.to_string()).expect("a script");
    };
    follow(serde_json::json!([{ "text": "mumble", "does": "fail" }]));
    let setup = profile.setup().env("tts", "LECTERN_ENGINE", "scripted");
    let instance = setup.env("tts", "LECTERN_SCRIPT", &script.display().to_string()).start().await;
    let (client, mut admin) = (instance.client(), instance.admin().admin());
    let mut letters = Vec::new();
    for text in ["A first mumble of thunder.", "A second mumble of thunder."] {
        let name = client.order(of(&client.markdown(text).await)).await.expect("accepted").name;
        let failed = client.watch(&name, |_| false).await;
        assert_eq!(failed.state(), State::Failed);
        let filter = Some(api::DeadLetterFilter { narration: name, ..api::DeadLetterFilter::default() });
        let request = api::ListDeadLettersRequest { filter, ..api::ListDeadLettersRequest::default() };
        let found = admin.list_dead_letters(request).await.expect("a list").into_inner().dead_letters;
        let [letter] = &found[..] else { panic!("one letter: {found:?}") };
        letters.push(letter.name.clone());
    }

    follow(serde_json::json!([]));
    let selection = |name: &String| {
        let names = api::DeadLetterNames { names: vec![name.clone()] };
        Some(api::DeadLetterSelection { selection: Some(Selection::Names(names)) })
    };
    let replay = api::ReplayDeadLettersRequest { selection: selection(&letters[0]), letters_per_second: None };
    let replayed = admin.replay_dead_letters(replay).await.expect("a stream").into_inner();
    assert_eq!(replayed.try_collect::<Vec<_>>().await.expect("replayed").len(), 1);
    tokio::time::sleep(APART).await;
    let discard = api::DiscardDeadLettersRequest { selection: selection(&letters[1]) };
    let discarded = admin.discard_dead_letters(discard).await.expect("a stream").into_inner();
    assert_eq!(discarded.try_collect::<Vec<_>>().await.expect("discarded").len(), 1);

    let tenant = format!("tenants/{}", instance.tenant_id());
    for (letter, action) in [(&letters[0], Action::DeadLetterReplayed), (&letters[1], Action::DeadLetterDiscarded)] {
        let of_letter = Filter { target: letter.clone(), ..Filter::default() };
        let found = records(&instance, of_letter, 0).await;
        assert_eq!(told(&found), [(action, letter.clone(), tenant.clone())]);
        assert_eq!(found[0].actor, administrator(profile));
    }
}
