//! A dialogue of ten minutes by voices of two providers, one of which is 18 dB louder than the
//! other and has another rate: both are heard equally loud, in turn, and captions name them.

mod script;

use std::collections::BTreeMap;
use std::ops::Range;

use lectern_core::Digest;
use lectern_core::content::timeline::{Recording, Track};
use lectern_core::id::{NarrationId, StepId};
use lectern_proto::convert;
use lectern_proto::v1::OutputFormat;
use lectern_proto::work::v1::command::Work;
use lectern_proto::work::v1::{AssembleRecording, Delivery, PinnedSpeaker, PinnedVoice, RecordSection};
use lectern_store::Collection;
use lectern_testkit::models::{
    GoogleSpeech, GoogleSpeechOptions, OpenAiSpeech, OpenAiSpeechOptions, SpeechLedger, SpeechPersonality,
};
use lectern_tts::audio::join::Meter;
use lectern_tts::audio::{TARGET_LUFS, TOLERANCE_LU};
use lectern_tts::config::EngineConfig;
use lectern_tts::engine::{Voice, voice_id, wav};
use lectern_tts::levels::VoiceLevel;
use serde_json::Value;

use crate::service::Service;
use crate::world::{Settings as _, World, of_personality};

/// Who speaks for Ann: a server of one's own, 16,000 samples a second, as loud as can be.
const OWN: (&str, &str, f64) = ("own", "anna", 0.8);
/// Who speaks for Bo, at 24,000 samples a second.
const CLOUD: (&str, &str, f64) = ("cloud", "en-US-Wavenet-C", 0.1);
const RATE: u32 = 16_000;
const NARRATION: &str = "n1";

/// A turn in the recording.
struct Turn {
    /// Whose it is.
    speaker: usize,
    /// Its samples, and those of the silence before it.
    heard: Range<usize>,
    pause: Range<usize>,
}

/// What became of the dialogue.
struct Recorded {
    service: Service,
    key: Digest,
    recording: Recording,
    turns: Vec<Turn>,
    samples: Vec<i16>,
}

/// The voice of the name that an engine of these settings has, as the engine of another name has
/// it.
async fn voice((engine, short, _): (&str, &str, f64), settings: &EngineConfig) -> Voice {
    let voices = World::new(settings.clone()).await.engine.voices();
    let found = voices.into_iter().find(|voice| voice.short() == short).unwrap();
    Voice { id: voice_id(engine, short), ..found }
}

fn speaker(voice: &Voice) -> PinnedSpeaker {
    let voice = PinnedVoice {
        voice: voice.id.clone(),
        version: voice.version.clone(),
        sample_rate_hertz: i32::try_from(voice.recording_rate()).unwrap(),
    };
    PinnedSpeaker { voice: Some(voice), ..PinnedSpeaker::default() }
}

fn step(kind: &str, index: usize) -> StepId {
    format!("{NARRATION}/1/{kind}/{index}").parse().unwrap()
}

/// Records and assembles the dialogue by these engines, and these voices of theirs.
async fn recorded(engines: BTreeMap<String, EngineConfig>, voices: &[Voice]) -> Recorded {
    let service = Service::start(OWN.0, engines).await;
    let (objects, secret) = (&service.objects, &service.secret);
    let (content, plan) = (Digest::of(b"content"), Digest::of(b"plan"));
    let folder = objects.folder();
    objects.write_json(&folder.content(&content), &script::content()).await.unwrap();
    objects.write_json(&folder.plan(&plan), &script::plan(content)).await.unwrap();

    let speakers = voices.iter().map(speaker).collect();
    let delivery = Delivery { speed: 1.0, speakers, ..Delivery::default() };
    let (first, spoken) = convert::speakers(&delivery).unwrap().canonical(100);
    let (mut steps, mut tracks) = (Vec::new(), Vec::new());
    for index in 0..script::SECTIONS {
        let section = secret.section(&plan, index as u32);
        objects.write_json(&folder.section(&section), &script::section(index)).await.unwrap();
        let track = secret.track(&section, &first, &spoken);
        let record = RecordSection {
            section_key: section.to_string(),
            index: index as i32,
            delivery: Some(delivery.clone()),
            track_key: track.to_string(),
            ..RecordSection::default()
        };
        steps.push((step("record", index), Work::RecordSection(record)));
        tracks.push(track);
    }
    service.done(steps).await;
    let key = secret.recording(&plan, &first, &spoken, "wav");
    let assemble = AssembleRecording {
        content_key: content.to_string(),
        plan_key: plan.to_string(),
        section_count: script::SECTIONS as i32,
        delivery: Some(delivery),
        formats: vec![OutputFormat::Wav.into()],
        recording_key: key.to_string(),
        ..AssembleRecording::default()
    };
    service.done(vec![(step("assemble", 0), Work::AssembleRecording(assemble))]).await;

    let (mut turns, mut offset) = (Vec::new(), 0_u64);
    for track in tracks {
        let track: Track = objects.read_json(&folder.track(&track)).await.unwrap();
        for segment in &track.segments {
            let start = (offset + segment.start) as usize;
            turns.push(Turn {
                speaker: script::speaker(turns.len()),
                heard: start..start + segment.samples as usize,
                pause: start - segment.pause as usize..start,
            });
        }
        offset += track.samples;
    }
    let recording: Recording = serde_json::from_slice(&file(&service, &key, "recording.json").await).unwrap();
    let (rate, samples) = wav::wav(&file(&service, &key, "audio.wav").await).unwrap();
    assert_eq!((rate, recording.sample_rate), (RATE, RATE), "that of the first speaker's voice");
    let samples = samples.into_iter().map(|sample| (sample * 32_768.0) as i16).collect();
    Recorded { service, key, recording, turns, samples }
}

/// A file of the recording.
async fn file(service: &Service, key: &Digest, name: &str) -> Vec<u8> {
    let narration: NarrationId = NARRATION.parse().unwrap();
    let path = service.objects.folder().artifact(&narration, 1, key, name);
    service.objects.read(&path).await.unwrap().to_vec()
}

impl Recorded {
    /// What all of a speaker's turns together measure, or as many of them as are wanted.
    fn loudness(&self, speaker: usize, most: usize) -> f64 {
        let mut meter = Meter::new(RATE).unwrap();
        for turn in self.turns.iter().filter(|turn| turn.speaker == speaker).take(most) {
            meter.write(&self.samples[turn.heard.clone()]).unwrap();
        }
        meter.finish().unwrap().loudness.unwrap()
    }

    /// The pitch of a turn's first word, in hertz: of a third of a second within it.
    fn pitch(&self, turn: &Turn) -> f64 {
        let within = |hundredths: usize| turn.heard.start + hundredths * RATE as usize / 100;
        let sound = &self.samples[within(10)..within(43)];
        let crossed = sound.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
        crossed as f64 / 2.0 / 0.33
    }
}

/// Who says what by the captions, one utterance after the other.
fn captioned(vtt: &str) -> Vec<(String, String)> {
    let mut said: Vec<(String, String, String)> = Vec::new();
    for cue in vtt.split("\n\n").filter(|block| block.contains(" --> ")) {
        let lines: Vec<&str> = cue.lines().collect();
        let (utterance, _) = lines[0].rsplit_once(".added[").unwrap();
        let (name, text) = lines[2..].join(" ").strip_prefix("<v ").unwrap().split_once('>').map(owned).unwrap();
        let text = text.replace("<c.added>", "").replace("</c>", "");
        match said.last_mut().filter(|(last, ..)| last == utterance) {
            Some((_, who, before)) => {
                assert_eq!(*who, name, "each cue of a turn names who talks");
                *before = format!("{before} {text}");
            }
            None => said.push((utterance.to_owned(), name, text)),
        }
    }
    said.into_iter().map(|(_, name, text)| (name, text)).collect()
}

fn owned((one, other): (&str, &str)) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

/// Who says what by `script.json`, each later than the one before.
fn told(script: &Value) -> Vec<(String, String)> {
    let sections = script["sections"].as_array().unwrap();
    let all: Vec<&Value> = sections.iter().flat_map(|section| section["utterances"].as_array().unwrap()).collect();
    let times: Vec<u64> =
        all.iter().flat_map(|one| [&one["start_ms"], &one["end_ms"]]).map(|ms| ms.as_u64().unwrap()).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.into_iter().map(|one| (text(&one["speaker"]), text(&one["spoken"]))).collect()
}

/// What a fake has said, in no order.
fn sorted(ledger: &SpeechLedger) -> Vec<String> {
    let plain = |said: String| said.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut said: Vec<String> = ledger.said().into_iter().map(plain).collect();
    said.sort();
    said
}

#[tokio::test]
async fn two_voices_of_unlike_loudness_are_heard_alike_for_ten_minutes() {
    let options = OpenAiSpeechOptions { rate: RATE, ..OpenAiSpeechOptions::of(SpeechPersonality::LocalAi) };
    let (own, cloud) = (OpenAiSpeech::start(options), GoogleSpeech::start(GoogleSpeechOptions::default()));
    own.set_loudness(OWN.1, OWN.2);
    cloud.set_loudness(CLOUD.1, CLOUD.2);
    let of_own = EngineConfig { sample_rate: Some(RATE), ..of_personality(&own, SpeechPersonality::LocalAi) };
    let voices = [voice(OWN, &of_own).await, voice(CLOUD, &cloud.settings()).await];
    let engines = BTreeMap::from([(OWN.0.to_owned(), of_own), (CLOUD.0.to_owned(), cloud.settings())]);
    let recorded = recorded(engines, &voices).await;
    let Recorded { service, key, recording, turns, samples } = &recorded;
    assert_eq!(samples.len() as u64, recording.samples);
    assert!(samples.len() >= 600 * RATE as usize, "{} seconds", samples.len() / RATE as usize);

    // They spoke unlike, and that was measured until it was known.
    let levels = Collection::<VoiceLevel>::new(service.store.clone());
    let mut before = Vec::new();
    for voice in &voices {
        let level = levels.get(&voice.pinned()).await.unwrap().unwrap().record;
        assert!(level.gain_db.is_some(), "five minutes are enough to fix the gain of {}", voice.id);
        before.push(level.heard.loudness().unwrap());
    }
    assert!((before[0] - before[1] - 18.0).abs() < 1.5, "{before:?}");

    // They are heard alike, as loud as promised, and from their first turn on.
    for most in [turns.len(), 1] {
        let after = [recorded.loudness(0, most), recorded.loudness(1, most)];
        assert!((after[0] - after[1]).abs() <= 1.0, "{after:?} of {most}");
        assert!(after.iter().all(|heard| (heard - TARGET_LUFS).abs() <= TOLERANCE_LU), "{after:?} of {most}");
    }
    let whole = recording.loudness.unwrap();
    assert!((whole - TARGET_LUFS).abs() <= TOLERANCE_LU, "{whole}");

    // Each says their own lines, and in turn.
    let expected = script::turns();
    assert_eq!(turns.len(), expected.len());
    for (ledger, name) in [(own.ledger(), script::NAMES[0]), (cloud.ledger(), script::NAMES[1])] {
        let mut lines: Vec<String> =
            expected.iter().filter(|(who, _)| who == name).map(|(_, line)| line.clone()).collect();
        lines.sort();
        assert_eq!(sorted(ledger), lines, "{name}");
    }
    let pitches: Vec<f64> = turns.iter().map(|turn| recorded.pitch(turn)).collect();
    assert!((pitches[0] - pitches[1]).abs() > 50.0, "their first words are unlike: {pitches:?}");
    for (turn, pitch) in turns.iter().zip(&pitches) {
        assert!((pitch - pitches[turn.speaker]).abs() < 10.0, "somebody else's turn: {pitches:?}");
        assert!(!turn.pause.is_empty() && samples[turn.pause.clone()].iter().all(|sample| *sample == 0));
    }

    // And that is what is written.
    let written = told(&serde_json::from_slice(&file(service, key, "script.json").await).unwrap());
    assert_eq!(written, expected);
    let captions = String::from_utf8(file(service, key, "captions.vtt").await).unwrap();
    assert_eq!(captioned(&captions), expected);
}
