use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use lectern_blob::memory::MemoryBlob;
use lectern_core::keys::Secrets;
use lectern_core::{Reason, SystemClock};
use lectern_proto::tts::v1::read_track_response::Part;
use lectern_proto::tts::v1::{self as tts, speech_service_server::SpeechService as _};
use lectern_proto::work::v1::RecordSection;
use lectern_proto::work::v1::command::Work;
use lectern_rpc::{Answers, Caller, Role, TenantLimits, failure};
use lectern_stage::{Job, Perform as _};
use tonic::Request;

use super::*;
use crate::api::Speech;
use crate::engine::Compute as _;
use crate::engine::tone::ToneEngine;
use crate::testing::{cashier, on_a_core, speaker, spoken_by};
use crate::timeline::fixture;
use crate::voices::Voices;
use crate::work::Recordings;
use crate::work::segments::SegmentKeys;

const SECRET: &[u8] = b"a secret";
/// What is said in the section.
const TEXTS: [&str; 4] = ["A heading", "It is said once.", "Then something else is said.", "It is said once."];

/// A written section, a process that records it, and one that is asked for it.
struct World {
    engine: Arc<ToneEngine>,
    stage: Recordings,
    speech: Speech,
    job: Job,
    command: RecordSection,
    section: Section,
}

impl World {
    /// `shared` where one process does both.
    async fn new(shared: bool) -> Self {
        let engine = Arc::new(ToneEngine::new().with_delay(Duration::from_millis(30)));
        let blob = Arc::new(MemoryBlob::new(Arc::new(SystemClock)));
        let voices = Voices::new(vec![on_a_core(&engine)]);
        let segments = Segments::new(speaker(), 1);
        let here = if shared { segments.clone() } else { Segments::new(speaker(), 1) };
        let secrets = Secrets::one(SECRET);
        let stage = Recordings::new(voices.clone(), segments, secrets.names(), cashier());
        let speech = Speech::new(voices, here, Arc::clone(&blob) as _, secrets, Arc::new(SystemClock));
        let tenant = "acme".parse().unwrap();
        let objects = Objects::new(blob, &tenant, &"book".parse().unwrap());
        let section = fixture::section(0, &TEXTS);
        let (section_key, track_key) = (Digest::of(b"a section"), Digest::of(b"a track"));
        objects.write_json(&objects.folder().section(&section_key), &section).await.unwrap();
        let command = RecordSection {
            section_key: section_key.to_string(),
            track_key: track_key.to_string(),
            delivery: Some(spoken_by(&engine.voices()[..1])),
            ..RecordSection::default()
        };
        let job = Job {
            step: "0af1/1/record/0".parse().unwrap(),
            tenant,
            objects,
            cancel: Default::default(),
            progress: Default::default(),
            payment: Default::default(),
        };
        Self { engine, stage, speech, job, command, section }
    }

    async fn record(&self) {
        self.stage.perform(&self.job, Work::RecordSection(self.command.clone())).await.unwrap();
    }

    async fn ask(&self, first_sample: i64) -> Answers<ReadTrackResponse> {
        self.call(first_sample, Some(self.command.clone())).await
    }

    /// The section as it is read once it is recorded.
    async fn recorded(&self) -> Vec<Part> {
        all(self.call(0, None).await).await.unwrap()
    }

    async fn call(&self, first_sample: i64, recording: Option<RecordSection>) -> Answers<ReadTrackResponse> {
        let (scope, track_key) = ("book".to_owned(), self.command.track_key.clone());
        let mut request = Request::new(tts::ReadTrackRequest { scope, track_key, first_sample, recording });
        let (tenant, limits) = (self.job.tenant.clone(), TenantLimits::default());
        let caller = Caller { tenant, role: Role::Service, key_id: "gateway".to_owned(), limits };
        request.extensions_mut().insert(caller);
        self.speech.read_track(request).await.unwrap().into_inner()
    }

    /// Puts the speech of an utterance, as another process would.
    async fn put(&self, utterance: usize) {
        self.put_under(self.keys(utterance).asked, utterance).await;
    }

    /// Where the speech of an utterance lies.
    fn keys(&self, utterance: usize) -> SegmentKeys {
        let names = SpokenKeys::new(Secrets::one(SECRET).of(&self.job.tenant), &self.command, Arc::default()).unwrap();
        names.of(&self.section.utterances[utterance]).unwrap()
    }

    async fn lose(&self, utterance: usize) {
        let lost = self.job.objects.folder().segment(&self.keys(utterance).asked);
        assert!(self.job.objects.blob().delete(&lost.parse().unwrap()).await.unwrap());
    }

    async fn put_under(&self, key: Digest, utterance: usize) {
        let samples = vec![i16::try_from(utterance).unwrap() + 1; 4_000];
        let segment =
            crate::audio::segment::SegmentObject::new(24_000, samples, Vec::new(), crate::engine::Usage::default());
        let path = self.job.objects.folder().segment(&key);
        self.job.objects.write(&path, segment.encode().unwrap()).await.unwrap();
    }
}

/// All that comes, or the failure that ends it.
async fn all(answers: Answers<ReadTrackResponse>) -> Result<Vec<Part>, Failure> {
    let answers: Vec<_> = answers.collect().await;
    let part = |answer: ReadTrackResponse| answer.part.unwrap();
    answers.into_iter().map(|answer| answer.map(part).map_err(|status| failure(&status))).collect()
}

/// What is next; none where nothing comes for a while.
async fn next(answers: &mut Answers<ReadTrackResponse>) -> Option<Part> {
    let next = tokio::time::timeout(Duration::from_millis(400), answers.next()).await.ok()?;
    next.expect("it goes on").expect("no failure").part
}

fn samples(parts: &[Part]) -> Vec<u8> {
    let audio = parts.iter().filter_map(|part| if let Part::Audio(audio) = part { Some(audio) } else { None });
    audio.flat_map(|audio| audio.to_vec()).collect()
}

/// It is also what proves that order, pauses and gain are those of the recording.
#[tokio::test]
async fn what_is_heard_while_it_is_recorded_is_the_section() {
    for shared in [true, false] {
        let world = World::new(shared).await;
        let heard = async { all(world.ask(0).await).await.unwrap() };
        let (heard, ()) = tokio::join!(heard, world.record());
        assert_eq!(world.engine.calls(), 3, "whoever listens has nothing spoken");
        let read = world.recorded().await;
        assert!(heard == read, "{} messages and {}", heard.len(), read.len());
        let Some(Part::SectionEnd(end)) = read.last() else { panic!("no end") };
        assert_eq!(samples(&read).len(), usize::try_from(end.sample_count).unwrap() * 2);
        assert_eq!(world.engine.calls(), 3);
    }
}

#[tokio::test]
async fn a_segment_is_heard_as_soon_as_it_is_there() {
    let world = World::new(false).await;
    let mut answers = world.ask(0).await;
    assert_eq!(next(&mut answers).await, None, "nothing is spoken yet");
    world.put(0).await;
    assert!(matches!(next(&mut answers).await, Some(Part::Format(_))));
    assert!(matches!(next(&mut answers).await, Some(Part::SectionStart(_))));
    assert!(matches!(next(&mut answers).await, Some(Part::Audio(pause)) if pause.iter().all(|byte| *byte == 0)));
    assert!(matches!(next(&mut answers).await, Some(Part::Audio(said)) if said.len() == 8_000));
    world.put(2).await;
    assert_eq!(next(&mut answers).await, None, "the second sentence comes before the third");
    world.put(1).await;
    let mut heard = 0;
    while let Some(part) = next(&mut answers).await {
        assert!(matches!(part, Part::Audio(_)), "{part:?} before the section is recorded");
        heard += 1;
    }
    assert_eq!(heard, 6, "the fourth says what the second did");
    world.record().await;
    assert!(matches!(next(&mut answers).await, Some(Part::SectionEnd(_))));
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn who_was_cut_off_goes_on_with_the_sample_that_he_has() {
    let world = World::new(true).await;
    world.record().await;
    let whole = samples(&all(world.ask(0).await).await.unwrap());
    let path = world.job.objects.folder().track(&world.command.track_key.parse().unwrap());
    let length = whole.len() / 2;
    for first in [0, 1, 4_800, 30_000, length - 1, length] {
        assert!(world.job.objects.blob().delete(&path.parse().unwrap()).await.unwrap());
        let rest = async { all(world.ask(first as i64).await).await.unwrap() };
        let (rest, ()) = tokio::join!(rest, world.record());
        assert!(matches!(&rest[1], Part::SectionStart(start) if start.first_sample == first as i64));
        assert!(samples(&rest) == whole[first * 2..], "from {first}");
    }
    assert!(world.job.objects.blob().delete(&path.parse().unwrap()).await.unwrap());
    let past = async { all(world.ask(length as i64 + 1).await).await.unwrap_err() };
    let (past, ()) = tokio::join!(past, world.record());
    assert_eq!((past.kind, past.field.as_deref()), (Kind::OutOfRange, Some("first_sample")));
}

#[tokio::test]
async fn a_section_that_is_another_one_by_its_end_is_begun_again() {
    let world = World::new(false).await;
    for utterance in 0..3 {
        world.put(utterance).await;
    }
    let mut answers = world.ask(0).await;
    while next(&mut answers).await.is_some() {}
    // A segment was lost, and is spoken anew.
    world.lose(1).await;
    world.record().await;
    let refused = failure(&answers.next().await.expect("an end").expect_err("another section"));
    assert_eq!((refused.kind, refused.reason), (Kind::Aborted, Reason::EtagMismatch));
    assert!(refused.message.contains("begin"), "{refused}");
    assert!(all(world.ask(0).await).await.is_ok());
}

#[tokio::test]
async fn what_was_lost_of_a_recorded_section_is_waited_for_until_a_retry_speaks_it() {
    let world = World::new(false).await;
    world.record().await;
    let before = world.recorded().await;
    world.lose(1).await;
    let mut answers = world.ask(0).await;
    let mut heard = Vec::new();
    while let Some(part) = next(&mut answers).await {
        heard.push(part);
    }
    assert!(samples(&heard).len() < samples(&before).len(), "it waits for the first sentence");
    world.record().await;
    heard.extend(all(answers).await.unwrap());
    assert!(heard == before, "{} messages and {}", heard.len(), before.len());
}

#[tokio::test]
async fn what_another_voice_spoke_for_a_whole_track_stays_what_is_heard() {
    let mut world = World::new(false).await;
    let other = spoken_by(&world.engine.voices()[1..2]).speakers.remove(0).voice;
    world.command.delivery.as_mut().unwrap().speakers[0].other_voices.extend(other);
    for utterance in [0, 1] {
        world.put(utterance).await;
    }
    world.put_under(world.keys(2).other.expect("another voice may"), 2).await;
    world.record().await;
    assert_eq!(world.engine.calls(), 0, "all of it was spoken already");
    let before = world.recorded().await;
    // Another narration of the document had the voice that was asked for speak it.
    world.put(2).await;
    assert!(all(world.ask(0).await).await.unwrap() == before);
}

#[tokio::test]
async fn a_process_that_ends_sends_its_listeners_away() {
    let world = World::new(true).await;
    let mut answers = world.ask(0).await;
    assert_eq!(next(&mut answers).await, None);
    world.speech.end();
    let refused = failure(&answers.next().await.expect("an end").expect_err("it ends"));
    assert_eq!(refused.reason, Reason::ShuttingDown);
}
