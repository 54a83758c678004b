//! The guide to backups, followed on four processes with real servers: databases and objects are
//! copied while the services run, everything is wiped, and what was copied is put back.
//!
//! `mongodump` is not among the tools: [`MongoDump`] writes the same files and reads them. The copy
//! of the gateway's database is the oldest, those of the stages know more than it, and the copy of
//! the objects is the newest. Meanwhile one narration ends, one is cancelled, and one holds a lease
//! in the copy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use lectern_blob::{ObjectPath, Prefix, Put};
use lectern_e2e::{Client, Instance, PATIENCE, Profile, Servers, chapters, of, refusal, spoken};
use lectern_proto::v1::{self as api, narration::State};
use lectern_testkit::{MongoDump, MongoReader};
use serde_json::{Map, Value};
use tonic::{Code, Status};

use crate::operators::pause_of;

/// The databases, in the order of the guide.
const SERVICES: [&str; 4] = ["gateway", "ingest", "ai", "tts"];
/// Who is held up when the gateway's database is copied: speech, and everything of a tenant.
const PAUSED: [&str; 2] = ["services/tts", "tenants/globex"];
/// While the script says so, the sentence with this word takes longer than the test.
const HANGS: &str = "whispers";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_backed_up_while_it_ran_is_all_there_again_and_goes_on() {
    Box::pin(rehearsed()).await;
}

/// What there was when the backup was made, and what became of it later.
struct Known {
    finished: api::Narration,
    /// Finished; its document is erased after the backup.
    unwanted: api::Narration,
    /// Not yet spoken in the gateway's copy, finished in those of the stages.
    held: api::Narration,
    /// Of another tenant: not begun in the gateway's copy, at work in that of tts.
    at_work: String,
    /// Not yet spoken in the gateway's copy, cancelled in those of the stages.
    cancelled: String,
    /// Ordered after the databases were copied, as far as it came.
    late: api::Narration,
    /// The keys of what was spoken before the objects were copied.
    spoken: Vec<String>,
}

/// A copy of everything.
struct Backup {
    databases: PathBuf,
    objects: BTreeMap<ObjectPath, Bytes>,
}

async fn rehearsed() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script.json");
    let hang = serde_json::json!([{ "text": HANGS, "does": "sleep", "ms": 600_000 }]);
    follow(&script, &hang);
    let setup = Profile::Stack.setup().own_mongo(Servers::One).env("tts", "LECTERN_ENGINE", "scripted");
    let mut instance = setup.env("tts", "LECTERN_SCRIPT", &script.display().to_string()).start().await;
    let (acme, globex) = (instance.client(), instance.tenant("globex").await);
    let revoked = instance.new_key(api::Key { tenant: "tenants/acme".to_owned(), ..api::Key::default() }).await;

    let mut backup = Backup { databases: folder.path().join("dump"), objects: BTreeMap::new() };
    let known = Box::pin(backed_up(&mut instance, &globex, &mut backup)).await;

    // What happens now is in no copy.
    let late_key = instance.key("acme").await;
    let revoke = api::RevokeKeyRequest { name: revoked.key.expect("a key").name };
    instance.admin().keys().revoke_key(revoke).await.expect("revoked");
    erase(&acme, &known.unwanted).await;
    wiped(&mut instance).await;
    follow(&script, &serde_json::json!([]));
    restored(&mut instance, &backup).await;

    Box::pin(is_as_it_was(&instance, &known)).await;
    Box::pin(goes_on(&instance, &globex, &known)).await;
    let again = spoken(&instance.process("tts").log());
    assert!(!again.is_empty(), "the sentence that hung is spoken");
    assert!(again.iter().all(|key| !known.spoken.contains(key)), "{again:?}, of {:?}", known.spoken);
    Box::pin(late_things_are_gone(&instance, &known, &late_key)).await;
    // So are the changes that took something away, as the guide says: they are made again.
    assert_eq!(instance.with_key(&revoked.secret).list_narrations().await.len(), 4, "the key is good again");
    erase(&acme, &known.unwanted).await;
    let new = acme.markdown("# Rain\n\nAt last it rained, and nobody had an umbrella.").await;
    acme.download(&acme.narrate(of(&new)).await, "audio.opus").await;
}

/// Narrates, and makes the copies in the order of the guide while that goes on.
async fn backed_up(instance: &mut Instance, globex: &Client, backup: &mut Backup) -> Known {
    let (acme, mut admin) = (instance.client(), instance.admin().admin());
    let finished = acme.narrate(of(&acme.markdown("# Wind\n\nIt came from the west, and it was warm.").await)).await;
    let unwanted = acme.narrate(of(&acme.markdown("# Names\n\nNobody wants these to be known.").await)).await;
    for target in PAUSED {
        admin.create_pause(pause_of(target, "for the backup")).await.expect("paused");
    }
    // Every replica knows within two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let held = acme.order(of(&acme.markdown(&chapters(3, 60)).await)).await.expect("accepted").name;
    let text = "# Snow\n\nThis is cancelled between two copies.";
    let cancelled = acme.order(of(&acme.markdown(text).await)).await.expect("accepted").name;
    for name in [&held, &cancelled] {
        acme.watch(name, is_written).await;
    }
    let text = format!("# Leaves\n\nThe morning was clear. The wind {HANGS} in the leaves. Then it is still.");
    let at_work = globex.order(of(&globex.markdown(&text).await)).await.expect("accepted").name;
    let saved = save(instance, SERVICES[0], &backup.databases);
    assert!(saved >= 10, "{saved} documents: narrations, keys, tenants, pauses, audit records, a fingerprint");

    cancel(&acme, &cancelled).await;
    stages_are_told(instance).await;
    resume(instance, PAUSED[0]).await;
    let held = acme.finished(&held).await;
    resume(instance, PAUSED[1]).await;
    let leased = async {
        loop {
            let request = api::ListLeasesRequest { stage: api::StageName::Tts.into(), ..Default::default() };
            let leases = admin.list_leases(request).await.expect("a page").into_inner().steps;
            if !leases.is_empty() {
                return leases;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let leased = tokio::time::timeout(PATIENCE, leased).await.expect("a step is at work");
    assert_eq!(leased.len(), 1, "{leased:?}");
    for service in &SERVICES[1..] {
        assert!(save(instance, service, &backup.databases) > 0, "{service}");
    }

    let spoken = spoken(&instance.speech_log());
    // Of what came after the databases, the copy of the objects has something.
    let late = acme.order(of(&acme.markdown("# Late\n\nThis comes after the backup.").await)).await.expect("accepted");
    let late = acme.watch(&late.name, is_written).await;
    backup.objects = objects(instance).await;
    Known { finished, unwanted, held, at_work, cancelled, late, spoken }
}

/// What the engine does from now on.
fn follow(script: &Path, rules: &serde_json::Value) {
    let text = serde_json::json!({ "ledger": script.with_extension("ledger"), "rules": rules });
    std::fs::write(script, text.to_string()).expect("a script");
}

/// Whether the script is written, all of it.
fn is_written(narration: &api::Narration) -> bool {
    narration.progress.is_some_and(|p| p.section_count.is_some_and(|all| p.written_section_count == all))
}

/// Copies a service's database, and says how many documents it has.
fn save(instance: &mut Instance, service: &str, folder: &Path) -> usize {
    let database = instance.database_name(service);
    let dump = MongoDump::of(instance.mongo().one().address());
    tokio::task::block_in_place(|| dump.save(&database, folder)).expect("a copy")
}

async fn resume(instance: &Instance, target: &str) {
    let name = format!("pauses/{}", target.replace('/', "."));
    let request = api::DeletePauseRequest { name, ..api::DeletePauseRequest::default() };
    instance.admin().admin().delete_pause(request).await.expect("resumed");
}

async fn cancel(client: &Client, narration: &str) {
    let request = api::CancelNarrationRequest { name: narration.to_owned(), ..Default::default() };
    client.narrations().cancel_narration(request).await.expect("cancelled");
}

/// Waits until every stage knows what is cancelled.
async fn stages_are_told(instance: &mut Instance) {
    let reader = MongoReader::at(instance.mongo().one().address());
    let untold = Map::from_iter([("cancel_pending".to_owned(), Value::Bool(true))]);
    let database = instance.database_name("gateway");
    let count = || reader.count(&database, "narrations", &untold).expect("a count");
    let told = async {
        while tokio::task::block_in_place(count) > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("the stages are told");
}

/// All objects.
async fn objects(instance: &Instance) -> BTreeMap<ObjectPath, Bytes> {
    let storage = instance.storage().await;
    let mut copied = BTreeMap::new();
    let mut last = None;
    loop {
        let names = storage.names(&Prefix::all(), last.as_ref(), 1_000).await.expect("names");
        let Some(end) = names.last() else { return copied };
        last = Some(end.clone());
        for name in names {
            // What is deleted while it is copied is in no copy.
            if let Some(object) = storage.get(&name).await.expect("an object") {
                copied.insert(name, object);
            }
        }
    }
}

/// Takes everything away, while the services are at work.
async fn wiped(instance: &mut Instance) {
    for service in SERVICES {
        instance.process(service).kill9();
    }
    let databases = SERVICES.map(|service| instance.database_name(service));
    tokio::task::block_in_place(|| {
        let dump = MongoDump::of(instance.mongo().one().address());
        databases.iter().for_each(|database| dump.drop_database(database).expect("dropped"));
        instance.nats().one().restart_empty();
    });
    instance.storage().await.delete_prefix(&Prefix::all()).await.expect("deleted");
    assert_eq!(instance.object_names(), [""; 0]);
}

/// Puts the objects and the databases back, and starts the services.
async fn restored(instance: &mut Instance, backup: &Backup) {
    let storage = instance.storage().await;
    for (name, object) in &backup.objects {
        assert_eq!(storage.put(name, object.clone()).await.expect("put"), Put::Stored, "{name}");
    }
    let databases = SERVICES.map(|service| instance.database_name(service));
    tokio::task::block_in_place(|| {
        let dump = MongoDump::of(instance.mongo().one().address());
        for database in &databases {
            assert!(dump.restore(database, &backup.databases).expect("restored") > 0, "{database}");
        }
        // The gateway calls the stages.
        SERVICES.iter().rev().for_each(|service| instance.process(service).restart());
    });
}

/// What was finished is listed and can be fetched, and what was held up is held up again.
async fn is_as_it_was(instance: &Instance, known: &Known) {
    let (acme, mut admin) = (instance.client(), instance.admin().admin());
    let mut listed: Vec<String> = acme.list_narrations().await.into_iter().map(|narration| narration.name).collect();
    listed.sort();
    let expected = [&known.finished, &known.unwanted, &known.held].map(|narration| &narration.name);
    let mut expected = [&expected[..], &[&known.cancelled]].concat();
    expected.sort();
    assert!(listed.iter().eq(expected), "{listed:?}");
    for narration in [&known.finished, &known.unwanted] {
        assert_eq!(&acme.narration(&narration.name).await.expect("it is there"), narration);
        fetch(&acme, narration).await;
    }
    let pauses = admin.list_pauses(api::ListPausesRequest::default()).await.expect("pauses").into_inner().pauses;
    let mut targets: Vec<&str> = pauses.iter().map(|pause| pause.target.as_str()).collect();
    targets.sort_unstable();
    assert_eq!(targets, ["services/tts", "tenants/globex"]);
    let held = acme.narration(&known.held.name).await.expect("it is there");
    assert_eq!(held.state(), State::Narrating, "its speech is paused, as when the copy was made: {held:?}");
}

/// Downloads every file and compares it with what the narration said of it before the restore.
async fn fetch(client: &Client, before: &api::Narration) {
    assert!(!before.artifacts.is_empty(), "{before:?}");
    for artifact in &before.artifacts {
        let file = artifact.name.rsplit('/').next().expect("a name");
        client.download(before, file).await;
    }
}

/// What was under way goes on once nothing holds it up, and ends.
async fn goes_on(instance: &Instance, globex: &Client, known: &Known) {
    for target in PAUSED {
        resume(instance, target).await;
    }
    let acme = instance.client();
    let held = acme.finished(&known.held.name).await;
    assert_eq!((held.run, &held.artifacts), (1, &known.held.artifacts), "the files that the stages knew of");
    fetch(&acme, &known.held).await;

    // That its run is over is in the copies of the stages, and not in that of the gateway: it would
    // wait for them until its time limit.
    cancel(&acme, &known.cancelled).await;
    let retry = api::RetryNarrationRequest { name: known.cancelled.clone(), ..Default::default() };
    acme.narrations().retry_narration(retry).await.expect("begun anew");
    assert_eq!(acme.finished(&known.cancelled).await.run, 2);

    let at_work = globex.finished(&known.at_work).await;
    globex.download(&at_work, "audio.opus").await;
    // Whoever had the lease in the copy is gone: it has run out, and somebody else took the step.
    let steps = steps(instance, &at_work.name).await;
    let crashed: Vec<_> = steps.iter().filter(|step| step.crash_count > 0).collect();
    let [crashed] = crashed.as_slice() else { panic!("one lease was lost: {steps:?}") };
    assert_eq!((crashed.stage(), crashed.crash_count), (api::StageName::Tts, 1), "{crashed:?}");
    assert_eq!(crashed.state(), api::step_status::State::Done, "{crashed:?}");
}

/// The steps of a narration, as operators see them.
async fn steps(instance: &Instance, narration: &str) -> Vec<api::StepStatus> {
    let (mut steps, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = api::ListStepsRequest { narration: narration.to_owned(), page_size: 100, page_token };
        let page = instance.admin().admin().list_steps(request).await.expect("a page").into_inner();
        steps.extend(page.steps);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return steps;
        }
    }
}

/// What came after the backup is gone, and said to be; only its objects are left.
async fn late_things_are_gone(instance: &Instance, known: &Known, key: &str) {
    let acme = instance.client();
    let not_found = (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned());
    let document = known.late.documents[0].clone();
    let lost = api::Document { name: document.clone(), ..api::Document::default() };
    let get = api::GetDocumentRequest { name: document.clone(), ..api::GetDocumentRequest::default() };
    let gone = [
        acme.narration(&known.late.name).await.expect_err("it is gone"),
        acme.documents().get_document(get).await.expect_err("it is gone"),
        acme.order(of(&lost)).await.expect_err("its document is gone"),
    ];
    for status in &gone {
        assert_eq!(why(status), not_found, "{status:?}");
    }
    assert!(!instance.objects_of(&document).is_empty(), "no record names them, and they do no harm");
    let stranger = instance.with_key(key).narration(&known.held.name).await.expect_err("it is no key");
    assert_eq!(why(&stranger), (Code::Unauthenticated, "KEY_INVALID".to_owned()));
}

fn why(status: &Status) -> (Code, String) {
    let refused = refusal(status);
    (refused.code, refused.reason)
}

/// Erases the document of a narration.
async fn erase(client: &Client, narration: &api::Narration) {
    let name = narration.documents[0].clone();
    let delete = api::DeleteDocumentRequest { name: name.clone(), force: true, ..Default::default() };
    client.documents().delete_document(delete).await.expect("erased");
    let get = api::GetDocumentRequest { name, ..api::GetDocumentRequest::default() };
    let gone = client.documents().get_document(get).await.expect_err("it is erased");
    assert_eq!(why(&gone), (Code::NotFound, "DOCUMENT_ERASED".to_owned()));
}
