//! What is stored is written here where it lies, or recorded by the stage itself (`recorded`).

mod recorded;

use futures::stream;
use lectern_blob::memory::{Fault, MemoryBlob, Op};
use lectern_core::content::script::Role as Place;
use lectern_core::keys::Secrets;
use lectern_core::{Reason, SystemClock};
use lectern_proto::tts::v1::speech_service_client::SpeechServiceClient;
use lectern_proto::tts::v1::speech_service_server::SpeechServiceServer;
use lectern_proto::work::v1 as work;
use lectern_rpc::{Caller, Role, TenantLimits, failure};
use tonic::Request;

use super::*;
use crate::timeline::fixture::utterance;
use crate::voices::Voices;
use crate::work::segments::Segments;

const VOICE: &str = "engines/tone/voices/sine";

struct World {
    speech: Speech,
    blob: MemoryBlob,
}

fn of() -> tts::StoredSpeechOf {
    let delivery = crate::testing::spoken_by(&[crate::testing::a_voice(VOICE)]);
    tts::StoredSpeechOf { scope: "book".to_owned(), delivery: Some(delivery), lexicon: None }
}

/// The same, changed.
fn but(change: fn(&mut work::Delivery)) -> tts::StoredSpeechOf {
    let mut of = of();
    of.delivery.iter_mut().for_each(change);
    of
}

/// The voice of the first speaker.
fn first(delivery: &mut work::Delivery) -> &mut work::PinnedVoice {
    delivery.speakers[0].voice.as_mut().unwrap()
}

fn message(part: Part) -> tts::CountStoredSpeechRequest {
    tts::CountStoredSpeechRequest { part: Some(part) }
}

/// What a call sends about these texts, some in a message; nothing is told of them.
fn messages(of: tts::StoredSpeechOf, texts: &[String]) -> Vec<tts::CountStoredSpeechRequest> {
    let texts = texts.chunks(700).map(|spoken| texts_of(spoken.to_vec(), Vec::new()));
    std::iter::once(Part::Of(of)).chain(texts).map(message).collect()
}

fn texts_of(spoken: Vec<String>, inputs: Vec<work::SpeechInputs>) -> Part {
    Part::Texts(tts::StoredSpeechTexts { spoken, inputs })
}

fn numbered(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|n| format!("Sentence {n}.")).collect()
}

impl World {
    fn new() -> Self {
        let blob = MemoryBlob::new(Arc::new(SystemClock));
        let (voices, secrets) = (Voices::new(Vec::new()), Secrets::one(b"a secret"));
        let segments = Segments::new(crate::testing::speaker(), 1);
        let speech = Speech::new(voices, segments, Arc::new(blob.clone()), secrets, Arc::new(SystemClock));
        Self { speech, blob }
    }

    /// Puts the speech of these texts.
    async fn spoken(&self, tenant: &str, of: tts::StoredSpeechOf, texts: &[String]) {
        self.put(tenant, of, texts, |keys| keys.asked).await;
    }

    /// Puts the speech of these texts under one of their keys.
    async fn put(&self, tenant: &str, of: tts::StoredSpeechOf, texts: &[String], key: fn(SegmentKeys) -> Digest) {
        let spoken = Spoken::read(&self.speech, &tenant.parse().unwrap(), Some(Part::Of(of))).unwrap();
        for text in texts {
            let keys = spoken.names.of(&utterance(0, Place::Body, true, text)).unwrap();
            spoken.objects.write(&spoken.objects.folder().segment(&key(keys)), "speech").await.unwrap();
        }
    }

    async fn count(&self, of: tts::StoredSpeechOf, texts: &[String], window: usize) -> Result<(i32, i32), Failure> {
        let messages = stream::iter(messages(of, texts).into_iter().map(Ok));
        let counted = count_by(&self.speech, &"acme".parse().unwrap(), messages, window).await;
        let counted = counted?;
        Ok((counted.utterance_count, counted.stored_utterance_count))
    }
}

#[tokio::test]
async fn what_is_stored_is_counted_utterance_by_utterance() {
    let world = World::new();
    world.spoken("acme", of(), &numbered(0..1_500)).await;
    // All that follows is somebody else's, or of other speech.
    let fast = but(|delivery| delivery.speed = 1.5);
    let newer = but(|delivery| first(delivery).version = "2".to_owned());
    world.spoken("acme", fast.clone(), &numbered(2_000..2_100)).await;
    world.spoken("acme", tts::StoredSpeechOf { scope: "other".to_owned(), ..of() }, &numbered(2_000..2_100)).await;
    world.spoken("globex", of(), &numbered(2_000..2_100)).await;

    let mut texts = numbered(1_000..2_200);
    texts.extend(numbered(1_400..1_600));
    for window in [WINDOW, 500, 40, 1] {
        assert_eq!(world.count(of(), &texts, window).await.unwrap(), (1_400, 600), "{window}");
    }
    assert_eq!(world.count(fast, &texts, WINDOW).await.unwrap(), (1_400, 100));
    assert_eq!(world.count(newer, &texts, WINDOW).await.unwrap(), (1_400, 0));
    assert_eq!(world.count(of(), &[], WINDOW).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_few_are_asked_for_and_many_are_listed() {
    let world = World::new();
    world.spoken("acme", of(), &numbered(0..100)).await;
    world.blob.inject(Op::Head, Fault::Fail);
    assert_eq!(world.count(of(), &numbered(50..150), WINDOW).await.unwrap(), (100, 50), "nothing is asked");
    assert!(world.count(of(), &numbered(50..60), WINDOW).await.is_err(), "the fault was still there");
    world.blob.inject(Op::List, Fault::Fail);
    assert_eq!(world.count(of(), &numbered(90..110), WINDOW).await.unwrap(), (20, 10), "nothing is listed");
    assert!(world.count(of(), &numbered(50..150), WINDOW).await.is_err(), "the fault was still there");
    // Far more is there than is looked for: the rest is asked for.
    world.spoken("acme", of(), &numbered(1_000..6_000)).await;
    assert_eq!(world.count(of(), &numbered(80..120), WINDOW).await.unwrap(), (40, 20));
}

#[tokio::test]
async fn what_another_voice_spoke_in_its_place_is_there_where_that_is_allowed() {
    let world = World::new();
    let allowing = but(|delivery| {
        let other = crate::testing::spoken_by(&[crate::testing::a_voice("engines/tone/voices/high")]);
        delivery.speakers[0].other_voices = other.speakers.into_iter().filter_map(|speaker| speaker.voice).collect();
    });
    let by_others = |keys: SegmentKeys| keys.other.unwrap();
    world.spoken("acme", of(), &numbered(0..60)).await;
    // Of some the asked voice has spoken too, which is nothing more.
    world.put("acme", allowing.clone(), &numbered(50..100), by_others).await;
    let (few, many) = (numbered(45..65), numbered(0..120));
    for window in [WINDOW, 40, 1] {
        assert_eq!(world.count(allowing.clone(), &few, window).await.unwrap(), (20, 20), "{window}");
        assert_eq!(world.count(allowing.clone(), &many, window).await.unwrap(), (120, 100), "{window}");
        assert_eq!(world.count(of(), &many, window).await.unwrap(), (120, 60), "{window}");
    }
}

#[test]
fn keys_that_share_a_segment_are_counted_once_each() {
    // As of one sentence with and without a mark that only whoever speaks in its place is told of.
    let [asked, plain, marked] = [&b"asked"[..], b"plain", b"marked"].map(Digest::of);
    let wanted = || {
        let mut wanted = Wanted::default();
        for other in [plain, marked, marked] {
            wanted.add(SegmentKeys { asked, other: Some(other) });
        }
        wanted
    };
    let taken = |keys: &[Digest]| {
        let mut wanted = wanted();
        let taken: Vec<usize> = keys.iter().map(|key| wanted.take(key)).collect();
        (taken, wanted.len(), wanted.left_to_others().len())
    };
    assert_eq!(taken(&[asked, marked, plain]), (vec![3, 0, 0], 0, 0));
    assert_eq!(taken(&[marked]), (vec![2], 1, 1));
    assert_eq!(taken(&[marked, asked, plain]), (vec![2, 1, 0], 0, 0));
    assert_eq!(taken(&[plain, marked, asked]), (vec![1, 2, 0], 0, 0));
    assert_eq!(taken(&[Digest::of(b"another")]), (vec![0], 1, 2));
}

#[tokio::test]
async fn a_stream_that_is_not_as_it_should_be_is_refused_by_the_field() {
    let world = World::new();
    let refused = async |messages: Vec<tts::CountStoredSpeechRequest>| {
        let messages = stream::iter(messages.into_iter().map(Ok));
        let refused = count(&world.speech, &"acme".parse().unwrap(), messages).await.unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidField, "{refused}");
        refused.field.unwrap_or_default()
    };
    let begun = |of| vec![message(Part::Of(of))];
    assert_eq!(refused(Vec::new()).await, "of");
    assert_eq!(refused(messages(of(), &numbered(0..1)).split_off(1)).await, "of");
    assert_eq!(refused([begun(of()), begun(of())].concat()).await, "texts");
    assert_eq!(refused(vec![message(Part::Of(of())), tts::CountStoredSpeechRequest { part: None }]).await, "texts");
    assert_eq!(refused(messages(of(), &["x".repeat(MESSAGE + 1)])).await, "texts");
    let told = |text: &str, inputs: &[work::SpeechInputs]| {
        let texts = texts_of(vec![text.to_owned()], inputs.to_vec());
        vec![message(Part::Of(of())), message(texts)]
    };
    let plain = work::SpeechInputs::default();
    let long = work::SpeechInputs { written: "x".repeat(MESSAGE), ..plain.clone() };
    assert_eq!(refused(told("Short.", &[long])).await, "texts");
    assert_eq!(refused(told("It is said.", &[plain.clone(), plain.clone()])).await, "texts.inputs");
    for (inputs, field) in [
        (work::SpeechInputs { speaker: 1, ..plain.clone() }, "texts.inputs[0]"),
        (work::SpeechInputs { language_code: "de".to_owned(), ..plain.clone() }, "texts.inputs[0]"),
        (work::SpeechInputs { speaker: -1, ..plain }, "texts.inputs[0].speaker"),
    ] {
        assert_eq!(refused(told("It is said.", &[inputs])).await, field);
    }
    for (of, field) in [
        (tts::StoredSpeechOf { scope: "not/a scope".to_owned(), ..of() }, "of.scope"),
        (tts::StoredSpeechOf { delivery: None, ..of() }, "of.delivery.speakers"),
        (but(|delivery| delivery.speakers.clear()), "of.delivery.speakers"),
        (but(|delivery| first(delivery).voice = "sine".to_owned()), "of.delivery.speakers[0].voice.voice"),
        (but(|delivery| first(delivery).version.clear()), "of.delivery.speakers[0].voice.version"),
        (but(|delivery| delivery.speed = 0.0), "of.delivery.speed"),
    ] {
        assert_eq!(refused(begun(of)).await, field);
    }
}

#[tokio::test]
async fn only_services_of_the_installation_may_count() {
    let world = World::new();
    world.spoken("acme", of(), &numbered(0..3)).await;
    let mut client = SpeechServiceClient::new(SpeechServiceServer::new(world.speech.clone()));
    for role in [Role::Reader, Role::Tenant, Role::Admin, Role::Service] {
        let mut request = Request::new(stream::iter(messages(of(), &numbered(1..5))));
        let (tenant, limits) = ("acme".parse().unwrap(), TenantLimits::default());
        request.extensions_mut().insert(Caller { tenant, role, key_id: "k".to_owned(), limits });
        let counted = client.count_stored_speech(request).await;
        if role == Role::Service {
            let counted = counted.unwrap().into_inner();
            assert_eq!((counted.utterance_count, counted.stored_utterance_count), (4, 2));
        } else {
            assert_eq!(failure(&counted.unwrap_err()).reason, Reason::KeyNotAllowed, "{role:?}");
        }
    }
}
