//! `kill -9` of a stage in the middle of a step: begun, and nothing written. The queue delivers the
//! command again, which counts as a crash, and the recording is the same, sample for sample, at the
//! cost of what was not yet stored.
//!
//! A proxy between the service and its database makes this certain rather than likely: every write
//! waits a little, and once the command is in the queue, nothing passes any more until the process
//! is dead. A process that is killed under a lease is for the chaos runs.

use std::collections::BTreeSet;
use std::time::Duration;

use lectern_core::Digest;
use lectern_core::id::{StepId, StepKind};
use lectern_e2e::{Client, Instance, Link, PATIENCE, Profile, Servers, chapters, media, narration_id, of, spoken};
use lectern_proto::v1 as api;
use lectern_proto::work::v1::step::State as StepState;
use lectern_testkit::Fault;

/// Each write of the service that will be killed takes this long at least.
const SLOW: Duration = Duration::from_millis(150);
/// How long a step is let work without its database: long enough to do everything else.
const AT_WORK: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn ingest_killed_while_it_extracts() {
    Box::pin(killed_at(StepKind::Extract, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ai_killed_while_it_plans() {
    Box::pin(killed_at(StepKind::Plan, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ai_killed_while_it_writes() {
    Box::pin(killed_at(StepKind::Write, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tts_killed_while_it_records() {
    Box::pin(killed_at(StepKind::Record, 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tts_killed_while_it_assembles() {
    Box::pin(killed_at(StepKind::Assemble, 0)).await;
}

async fn killed_at(kind: StepKind, index: u32) {
    let service = kind.service().as_str();
    let mut instance = Profile::Stack.setup().own_mongo(Servers::One).proxied(service, Link::Store).start().await;
    let client = instance.client();
    let records = instance.steps(service).await;

    let text = chapters(4, 150);
    let order = |document| api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(document) };
    let twin = client.markdown(&text).await;
    let undisturbed = pcm(&client, &client.narrate(order(&twin)).await).await;
    let document = client.markdown(&text).await;
    let calls_before = spoken(&instance.speech_log()).len();

    instance.proxy(service, Link::Store).set(Fault::Delay(SLOW));
    let name = client.order(order(&document)).await.expect("accepted").name;
    let step = StepId { narration: narration_id(&name), run: 1, kind, index };
    freeze_when_queued(&mut instance, &step).await;
    tokio::time::sleep(AT_WORK).await;
    instance.process(service).kill9();
    let proxy = instance.proxy(service, Link::Store);
    // What was on its way when the process died is lost with it.
    proxy.set(Fault::Cut);
    assert_eq!(records.get(&step).await, None, "nothing was written of it");
    let stored = segments(&instance, &document);
    let calls_until_kill = spoken(&instance.speech_log()).len();
    proxy.set(Fault::None);
    tokio::time::sleep(Duration::from_secs(2)).await;
    instance.process(service).restart();

    let finished = client.finished(&name).await;
    assert_eq!(pcm(&client, &finished).await, undisturbed, "the recording is the same, sample for sample");
    let record = instance.internal(service).step(&step.to_string()).await;
    assert_eq!((record.state(), record.crash_count), (StepState::Done, 1), "{record:?}");
    assert!(record.fence > 0, "what crashed once is claimed before it is begun again: {record:?}");

    let calls = spoken(&instance.speech_log());
    let (before, after) = calls.split_at(calls_until_kill);
    for key in after {
        assert!(!stored.contains(key), "{key} was stored when {service} was killed, and is spoken again");
    }
    // Of what the killed process had not stored, nothing was spoken more than once again.
    let mut again = BTreeSet::new();
    assert!(after.iter().all(|key| again.insert(key)), "{after:?}");
    let known = segments(&instance, &document);
    let own: BTreeSet<_> = before[calls_before..].iter().chain(after).collect();
    assert_eq!(own.len(), known.len(), "every segment of the document was spoken for it");
}

/// Waits until the step's command is in the queue, and then lets nothing pass to the database of
/// its service. The end of the step, which takes [`SLOW`] at least, has not arrived by then.
async fn freeze_when_queued(instance: &mut Instance, step: &StepId) {
    let service = step.kind.service().as_str();
    let call = format!("STREAM.MSG.GET.WORK_{}", service.to_uppercase());
    let subject = format!("work.{service}.{}", step.to_string().replace('/', "."));
    let body = serde_json::json!({ "last_by_subj": subject }).to_string();
    let queued = async {
        loop {
            let answer = tokio::task::block_in_place(|| instance.nats().jetstream(&call, &body)).expect("an answer");
            let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
            if answer["message"].is_object() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, queued).await.expect("the step is published");
    instance.proxy(service, Link::Store).set(Fault::HalfOpen);
}

/// The keys of a document's segments that are stored.
fn segments(instance: &Instance, document: &api::Document) -> BTreeSet<String> {
    let names = instance.objects_of(&document.name);
    names.iter().filter_map(|name| Some(name.split_once("/segment/")?.1.to_owned())).collect()
}

async fn pcm(client: &Client, narration: &api::Narration) -> Digest {
    let (_, samples) = media::wav(&client.download(narration, "audio.wav").await);
    assert!(!samples.is_empty());
    Digest::of(&media::bytes_of(&samples))
}
