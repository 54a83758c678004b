use lectern_blob::memory::MemoryBlob;
use lectern_core::content::timeline::{SCHEMA, SegmentRef};
use lectern_core::keys::Secrets;
use lectern_core::{Reason, SystemClock};
use lectern_proto::tts::v1::speech_service_client::SpeechServiceClient;
use lectern_proto::tts::v1::speech_service_server::SpeechServiceServer;
use lectern_rpc::auth::{Caller, Role};
use lectern_rpc::{TenantLimits, failure};
use tokio::sync::mpsc;
use tonic::{Request, Streaming};

use super::*;
use crate::api::Speech;
use crate::voices::Voices;
use crate::work::segments::Segments;

struct World {
    blob: Arc<MemoryBlob>,
    objects: Objects,
}

fn key(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn message(part: Part) -> tts::PruneSpeechRequest {
    tts::PruneSpeechRequest { part: Some(part) }
}

/// What is sent until something is marked.
fn opening(scope: &str, used: &[Digest]) -> Vec<tts::PruneSpeechRequest> {
    // Many are sent in many messages.
    let used = used.iter().map(|key| {
        let keys = vec![key.0.to_vec().into()];
        message(Part::InUse(tts::TracksInUse { keys }))
    });
    let mut messages = vec![message(Part::Scope(scope.to_owned()))];
    messages.extend(used);
    messages.push(message(Part::Listed(tts::TracksListed {})));
    messages
}

fn delete() -> tts::PruneSpeechRequest {
    message(Part::Delete(tts::DeleteUnusedSpeech {}))
}

fn swept(deleted_object_count: i64) -> Answered {
    Answered::Swept(tts::SpeechSwept { deleted_object_count, left: false })
}

const MARKED: Answered = Answered::Marked(tts::UnusedSpeechMarked {});

impl World {
    fn new() -> Self {
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let objects = Objects::new(Arc::clone(&blob) as _, &"acme".parse().unwrap(), &"d1".parse().unwrap());
        Self { blob, objects }
    }

    /// Puts a track of these segments, and the segments.
    async fn track(&self, name: &str, segments: &[&str]) -> Digest {
        let segment = |name: &&str| SegmentRef {
            key: key(name),
            utterance: 0,
            pause: 0,
            start: 0,
            samples: 1,
            words: Vec::new(),
        };
        let track = Track {
            schema: SCHEMA,
            index: 0,
            title: name.to_owned(),
            level: 1,
            sample_rate: 24_000,
            samples: 1,
            segments: segments.iter().map(segment).collect(),
        };
        for segment in &track.segments {
            self.objects.write(&self.objects.folder().segment(&segment.key), "spoken").await.unwrap();
        }
        self.objects.write_json(&self.objects.folder().track(&key(name)), &track).await.unwrap();
        key(name)
    }

    async fn has_track(&self, name: &str) -> bool {
        self.objects.exists(&self.objects.folder().track(&key(name))).await.unwrap()
    }

    async fn has_segment(&self, name: &str) -> bool {
        self.objects.exists(&self.objects.folder().segment(&key(name))).await.unwrap()
    }

    async fn begin<S>(&self, role: Role, messages: S) -> Result<Streaming<tts::PruneSpeechResponse>, Status>
    where
        S: Stream<Item = tts::PruneSpeechRequest> + Send + 'static,
    {
        let blob = Arc::clone(&self.blob) as _;
        let speech = Speech::new(Voices::new(Vec::new()), Segments::new(1), blob, Secrets::one(b"a secret"));
        let mut client = SpeechServiceClient::new(SpeechServiceServer::new(speech));
        let mut request = Request::new(messages);
        let (tenant, limits) = ("acme".parse().unwrap(), TenantLimits::default());
        request.extensions_mut().insert(Caller { tenant, role, key_id: "k".to_owned(), limits });
        Ok(client.prune_speech(request).await?.into_inner())
    }

    async fn call(&self, role: Role, messages: Vec<tts::PruneSpeechRequest>) -> Result<Vec<Answered>, Status> {
        let mut answers = self.begin(role, futures::stream::iter(messages)).await?;
        let mut parts = Vec::new();
        while let Some(answer) = answers.message().await? {
            parts.extend(answer.part);
        }
        Ok(parts)
    }

    /// A call in which nothing was ordered meanwhile.
    async fn prune(&self, used: &[Digest]) -> Vec<Answered> {
        let mut messages = opening("d1", used);
        messages.push(delete());
        self.call(Role::Service, messages).await.unwrap()
    }
}

#[tokio::test]
async fn segments_that_two_narrations_share_stay_and_those_of_the_deleted_one_go() {
    let world = World::new();
    let kept = [
        world.track("kept", &["shared", "its own"]).await,
        // It was ordered, and never recorded.
        key("not made"),
        world.track("kept too", &["another"]).await,
    ];
    world.track("gone", &["shared", "gone", "gone too"]).await;
    let folder = world.objects.folder();
    let narration = "n1".parse().unwrap();
    let others = [
        folder.artifact(&narration, 1, &key("gone"), "audio.opus"),
        folder.section(&key("gone")),
        folder.plan(&key("gone")),
        folder.content(&key("gone")),
        folder.source(&key("gone")),
        "acme/d2/track/".to_owned() + &key("gone").to_string() + ".json",
        "acme/d2/segment/".to_owned() + &key("gone").to_string(),
    ];
    for path in &others {
        world.objects.write(path, "x").await.unwrap();
    }
    assert_eq!(world.prune(&kept).await, [MARKED, swept(3)]);
    for (name, there) in [("shared", true), ("its own", true), ("another", true), ("gone", false), ("gone too", false)]
    {
        assert_eq!(world.has_segment(name).await, there, "{name}");
    }
    for (name, there) in [("kept", true), ("kept too", true), ("gone", false)] {
        assert_eq!(world.has_track(name).await, there, "{name}");
    }
    for path in &others {
        assert_eq!(world.objects.exists(path).await, Ok(true), "{path}");
    }
    assert_eq!(world.prune(&kept).await, [swept(0)], "twice is once");
    assert_eq!(world.prune(&[]).await, [MARKED, swept(5)], "the last narration is gone");
}

#[tokio::test]
async fn a_narration_that_is_ordered_between_the_looks_keeps_what_it_may_have_found() {
    let world = World::new();
    world.track("gone", &["found"]).await;
    // The gateway found that something was ordered, and confirms nothing.
    let left = Answered::Swept(tts::SpeechSwept { deleted_object_count: 0, left: true });
    assert_eq!(world.call(Role::Service, opening("d1", &[])).await.unwrap(), [MARKED, left]);
    assert!(world.has_track("gone").await && world.has_segment("found").await);
    assert_eq!(world.blob.count(), 2, "no mark is left");
}

#[tokio::test(start_paused = true)]
async fn steps_wait_from_the_mark_to_the_end_of_the_deletion() {
    let world = World::new();
    world.track("gone", &["found"]).await;
    let (to, mut asks) = mpsc::channel(8);
    let asks = futures::stream::poll_fn(move |context| asks.poll_recv(context));
    for message in opening("d1", &[]) {
        to.send(message).await.unwrap();
    }
    let mut answers = world.begin(Role::Service, asks).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().part, Some(MARKED));
    let objects = world.objects.clone();
    let step = tokio::spawn(async move { lectern_stage::prune::wait(&objects).await });
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert!(!step.is_finished() && world.has_segment("found").await);
    to.send(delete()).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().part, Some(swept(2)));
    step.await.unwrap().unwrap();
    assert!(!world.has_segment("found").await, "it is spoken anew");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_dies_between_the_looks_leaves_no_mark() {
    let world = World::new();
    world.track("gone", &["found"]).await;
    let (to, mut asks) = mpsc::channel(8);
    let asks = futures::stream::poll_fn(move |context| asks.poll_recv(context));
    for message in opening("d1", &[]) {
        to.send(message).await.unwrap();
    }
    let mut answers = world.begin(Role::Service, asks).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().part, Some(MARKED));
    assert_eq!(world.blob.count(), 3);
    drop((answers, to));
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(world.blob.count(), 2);
}

#[tokio::test]
async fn a_track_in_use_that_cannot_be_read_keeps_everything() {
    let world = World::new();
    world.track("gone", &["gone"]).await;
    let damaged = key("damaged");
    world.objects.write(&world.objects.folder().track(&damaged), "not a track").await.unwrap();
    let refused = world.call(Role::Service, opening("d1", &[damaged])).await.unwrap_err();
    assert_eq!(failure(&refused).reason, Reason::ObjectDamaged);
    assert!(world.has_segment("gone").await, "it might be of the damaged one");
}

#[tokio::test]
async fn what_is_asked_wrongly_or_by_somebody_else_is_refused() {
    let world = World::new();
    let refused = async |role, messages| failure(&world.call(role, messages).await.unwrap_err());
    for role in [Role::Reader, Role::Tenant, Role::Admin] {
        assert_eq!(refused(role, opening("d1", &[])).await.reason, Reason::KeyNotAllowed);
    }
    let short = message(Part::InUse(tts::TracksInUse { keys: vec!["short".into()] }));
    let begun = message(Part::Scope("d1".to_owned()));
    for (messages, field) in [
        (Vec::new(), "scope"),
        (opening("not/a scope", &[]), "scope"),
        (vec![begun.clone(), short], "in_use.keys"),
        (vec![begun.clone(), begun.clone()], "in_use"),
        (vec![begun], "in_use"),
    ] {
        assert_eq!(refused(Role::Service, messages).await.field.as_deref(), Some(field));
    }
}
