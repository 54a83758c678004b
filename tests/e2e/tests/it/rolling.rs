//! Two replicas of every service, stopped and started again one after the other while callers read
//! and order, as an upgrade does it: no call fails, every narration succeeds, nothing is done
//! twice, and each process ends by itself. Every replica answers calls before the next one is
//! stopped. To every second one somebody has a connection open on which nothing is said.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lectern_client::{Client, ClientConfig, Upload};
use lectern_e2e::{Instance, PATIENCE, Profile, of};
use lectern_proto::v1::admin_service_client::AdminServiceClient;
use lectern_proto::v1::narration::State;
use lectern_proto::v1::narration_service_client::NarrationServiceClient;
use lectern_proto::v1::quota_service_client::QuotaServiceClient;
use lectern_proto::v1::voice_service_client::VoiceServiceClient;
use lectern_proto::v1::{self as api, GetQuotaRequest, GetServicesRequest, ListNarrationsRequest, ListVoicesRequest};
use lectern_proto::work::v1::step::State as StepState;
use lectern_runtime::Secret;
use serde_json::Value;
use tokio::net::TcpStream;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// The second replica of each service.
const REPLICAS: [(&str, &str); 4] =
    [("ingest-2", "ingest"), ("ai-2", "ai"), ("tts-2", "tts"), ("gateway-2", "gateway")];
/// In which order they are restarted, and whether somebody silent is connected.
const ORDER: [(&str, bool); 8] = [
    ("ingest", false),
    ("ingest-2", true),
    ("ai", false),
    ("ai-2", true),
    ("tts", false),
    ("tts-2", true),
    ("gateway", false),
    ("gateway-2", true),
];
/// How long the work in hand may go on when a process ends: far longer than anything here takes.
const DRAIN: &str = "30m";
/// How long a process may take to end: its time as a lame duck, and as long as its work takes on a
/// busy machine. What waits for a connection on which nothing is said takes the whole drain.
const GRACE: Duration = Duration::from_secs(300);
/// Who reads at once, and how long each pauses between two calls.
const READERS: usize = 3;
const PAUSE: Duration = Duration::from_millis(30);
/// Who orders at once.
const NARRATORS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_loses_no_call_and_no_work() {
    Box::pin(rolling_restart()).await;
}

async fn rolling_restart() {
    let setup = Profile::Stack.setup().everywhere("LECTERN_SERVER__LAME_DUCK", "1s").balanced();
    let setup = setup.everywhere("LECTERN_SERVER__DRAIN", DRAIN).everywhere("LECTERN_SERVER__LIMITS__BURST", "10000");
    let setup = REPLICAS.into_iter().fold(setup, |setup, (name, service)| setup.replica(name, service));
    let mut instance = setup.start().await;
    let key = Secret::new(instance.key(instance.tenant_id()).await);
    let url = format!("http://{},{}", instance.address("gateway"), instance.address("gateway-2"));
    let client = Client::connect(&ClientConfig::to(url.as_str()), Some(key)).expect("a client");
    let admin_key = Secret::new(instance.admin_key());
    let admin = Client::connect(&ClientConfig::to(url), Some(admin_key)).expect("a client");

    let over = Arc::new(AtomicBool::new(false));
    let read = || tokio::spawn(read(client.clone(), admin.clone(), Arc::clone(&over)));
    let readers: Vec<_> = (0..READERS).map(|_| read()).collect();
    let narrators: Vec<_> =
        (0..NARRATORS).map(|who| tokio::spawn(narrate(client.clone(), who, Arc::clone(&over)))).collect();
    all_answer(&instance).await;
    for (name, connected) in ORDER {
        let silent = if connected {
            Some(TcpStream::connect(instance.address(name)).await.expect("a connection"))
        } else {
            None
        };
        let process = instance.process(name);
        let ended = tokio::task::block_in_place(|| {
            let ended = process.stop(GRACE);
            process.restart();
            ended
        });
        let ended = ended.unwrap_or_else(|| panic!("{name} had not ended after {GRACE:?}"));
        assert!(ended.success(), "{name} ended with {ended}");
        drop(silent);
        serves(&instance, name).await;
        all_answer(&instance).await;
    }
    over.store(true, Ordering::SeqCst);

    let mut calls = 0;
    for reader in readers {
        calls += reader.await.expect("no call fails");
    }
    let mut narrated = Vec::new();
    for narrator in narrators {
        narrated.extend(narrator.await.expect("every narration succeeds"));
    }
    println!("{calls} calls were answered and {} narrations recorded", narrated.len());
    assert!(calls > ORDER.len() && narrated.len() >= NARRATORS);
    for narration in &narrated {
        done_once(&instance, narration).await;
    }
    spoken_once(&instance);
}

/// Waits until a process says that it serves.
async fn serves(instance: &Instance, name: &str) {
    let mut health = HealthClient::new(instance.port(name).channel());
    let serving = async {
        loop {
            let answer = health.check(HealthCheckRequest::default()).await;
            if answer.is_ok_and(|answer| answer.get_ref().status == ServingStatus::Serving as i32) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, serving).await.unwrap_or_else(|_| panic!("{name} does not serve"));
}

/// Waits until every replica has answered a call from now on.
async fn all_answer(instance: &Instance) {
    let before: Vec<_> = instance.services().into_iter().map(|name| (name, answers(instance, name))).collect();
    for (name, before) in before {
        let answered = async {
            while answers(instance, name) <= before {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap_or_else(|_| panic!("{name} gets no calls"));
    }
}

/// How many calls a process has answered, by its log.
fn answers(instance: &Instance, name: &str) -> usize {
    let log = instance.whole_log(name);
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = |line: &Value| line["path"].as_str().is_some_and(|path| path.starts_with("lectern."));
    lines.filter(|line| line["message"] == "call" && line["code"] == "Ok" && ours(line)).count()
}

/// Calls what only reads, as any client does by the published service config; says how often.
async fn read(client: Client, admin: Client, over: Arc<AtomicBool>) -> usize {
    let channel = client.channel();
    let (mut narrations, mut quota) =
        (NarrationServiceClient::new(channel.clone()), QuotaServiceClient::new(channel.clone()));
    let (mut voices, mut admin) = (VoiceServiceClient::new(channel), AdminServiceClient::new(admin.channel()));
    let mut calls = 0;
    while !over.load(Ordering::SeqCst) {
        narrations.list_narrations(ListNarrationsRequest::default()).await.expect("narrations");
        // These two are answered by ingest and by tts.
        quota.get_quota(GetQuotaRequest::default()).await.expect("a quota");
        voices.list_voices(ListVoicesRequest::default()).await.expect("voices");
        // Each stage is asked, ai too.
        admin.get_services(GetServicesRequest::default()).await.expect("the services");
        calls += 4;
        tokio::time::sleep(PAUSE).await;
    }
    calls
}

/// Orders narrations, one after the other, and watches each to its end.
async fn narrate(client: Client, who: usize, over: Arc<AtomicBool>) -> Vec<api::Narration> {
    let mut narrated = Vec::new();
    while !over.load(Ordering::SeqCst) {
        let source = Upload::bytes(&format!("tides-{who}-{}.md", narrated.len()), text(who, narrated.len()));
        let document = client.upload(&source).await.expect("a document");
        let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) };
        let accepted = client.order(order).await.expect("an accepted order");
        let ended = client.watch(&accepted.name).terminal().await.expect("an end");
        assert_eq!(ended.state(), State::Succeeded, "{}: {:?}", ended.name, ended.failure);
        narrated.push(ended);
    }
    narrated
}

/// A text of which no other narration has a sentence.
fn text(who: usize, round: usize) -> String {
    let mut text = String::new();
    for chapter in 1..=3 {
        let _ = writeln!(text, "# Chapter {chapter} in the round {round} of the reader {who}\n");
        for sentence in 1..=4 {
            let _ = writeln!(
                text,
                "Reader {who} of round {round} comes to the sentence {sentence} in the chapter {chapter}.\n"
            );
        }
    }
    text
}

/// Every step of a narration was done, and none was lost on the way.
async fn done_once(instance: &Instance, narration: &api::Narration) {
    let id = narration.name.trim_start_matches("narrations/");
    let sections = narration.progress.as_ref().and_then(|progress| progress.section_count).expect("it was planned");
    assert!(sections > 0, "{narration:?}");
    let each = (0..sections).flat_map(|at| [("ai", "write", at), ("tts", "record", at)]);
    let once = [("ingest", "extract", 0), ("ai", "plan", 0), ("tts", "assemble", 0)];
    for (service, kind, at) in once.into_iter().chain(each) {
        let step = instance.internal(service).step(&format!("{id}/{}/{kind}/{at}", narration.run)).await;
        assert_eq!((step.state(), step.crash_count), (StepState::Done, 0), "{step:?}");
    }
}

/// No sentence was spoken twice, and no worker says twice that it did a step.
fn spoken_once(instance: &Instance) {
    let (mut spoken, mut done) = (BTreeMap::new(), BTreeMap::new());
    for name in instance.services() {
        for line in instance.whole_log(name).lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
            if line["message"] == "segment spoken" {
                *spoken.entry(text("key")).or_insert(0) += 1;
            } else if line["message"] == "delivery ended" && line["outcome"] == "done" {
                *done.entry(text("step")).or_insert(0) += 1;
            }
        }
    }
    for (what, times) in [("spoken", spoken), ("done", done)] {
        assert!(!times.is_empty(), "nothing was {what}");
        let again: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(again.is_empty(), "{what} more than once: {again:?}");
    }
}
