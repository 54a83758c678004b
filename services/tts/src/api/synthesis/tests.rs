use std::fmt::Write as _;

use futures::StreamExt as _;
use lectern_core::lexicon::Entry;
use lectern_core::{Clock, SystemClock};
use lectern_proto::tts::v1::speech_service_server::SpeechService as _;
use lectern_rpc::failure;
use lectern_runtime::Secret;
use lectern_testkit::models::{Gemini, GeminiSpeech, GeminiSpeechOptions, SpeechCall};

use super::*;
use crate::api::tests::{by, over_all};
use crate::app::remote;
use crate::config::GeminiConfig;
use crate::engine::SpeechEngine;
use crate::engine::gemini::GeminiTts;
use crate::engine::tone::{HIGH_VOICE, ToneEngine, VOICE};
use crate::testing::{a_voice, on_a_core};

const KORE: &str = "engines/gemini/voices/Kore";
const PUCK: &str = "engines/gemini/voices/Puck";
const LEDA: &str = "engines/gemini/voices/Leda";
/// The bytes that the built-in rows let a request of Gemini have.
const BYTES: usize = 900;
/// The tone's samples of a millisecond.
const A_MILLISECOND: usize = 24;

/// What a call was answered with.
#[derive(Debug, PartialEq)]
struct Heard {
    sample_rate: i32,
    samples: Vec<i16>,
}

async fn heard(speech: &Speech, request: tts::SynthesizeRequest) -> Result<Heard, Failure> {
    let answers = speech.synthesize(by("acme", request)).await.map_err(|status| failure(&status))?;
    let (mut answers, mut bytes, mut sample_rate) = (answers.into_inner(), Vec::new(), 0);
    while let Some(answer) = answers.next().await {
        match answer.map_err(|status| failure(&status))?.part.unwrap() {
            Answer::Format(format) => sample_rate = format.sample_rate_hertz,
            Answer::Audio(audio) => bytes.extend_from_slice(&audio),
        }
    }
    let samples = bytes.as_chunks::<2>().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect();
    Ok(Heard { sample_rate, samples })
}

fn alone(voice: &str, text: &str) -> tts::SynthesizeRequest {
    tts::SynthesizeRequest { voice: voice.to_owned(), text: text.to_owned(), ..Default::default() }
}

fn in_turns(turns: &[(&str, &str)]) -> tts::SynthesizeRequest {
    let turn = |(voice, text): &(&str, &str)| tts::Turn { voice: (*voice).to_owned(), text: (*text).to_owned() };
    tts::SynthesizeRequest { turns: turns.iter().map(turn).collect(), ..Default::default() }
}

fn tones(engine: &Arc<ToneEngine>) -> Speech {
    over_all(vec![on_a_core(engine)])
}

/// Gemini at a fake, which takes so many bytes at once and costs so much, in millionths of a US
/// dollar for a million tokens.
fn gemini(fake: &GeminiSpeech, max_bytes: usize, price: u64) -> Arc<dyn SpeechEngine> {
    let mut rows = format!(
        "[[models]]\nid = 'gemini-3.8-flash-tts'\ndialect = 'metadata'\ninput = 8192\noutput = 16384\nper_second = 25\n\
         sample_rate = 24000\nlanguages = ['en-US']\nsource = 'a test'\nmax_bytes = {max_bytes}\n"
    );
    write!(rows, "[[models.prices]]\ninput = {price}\ncached = {price}\noutput = {price}\nsource = 'a test'\n")
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let rows_file = folder.path().join("rows.toml");
    std::fs::write(&rows_file, rows).unwrap();
    let key = Secret::new(Gemini::KEY);
    let config = GeminiConfig { url: fake.url(), key, rows_file, ..GeminiConfig::default() };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Arc::new(GeminiTts::connect("gemini", &config, &remote(&clock).unwrap()).unwrap())
}

fn voices(calls: &[SpeechCall]) -> Vec<Vec<&str>> {
    calls.iter().map(|call| call.voices.iter().map(String::as_str).collect()).collect()
}

/// Who says what in a call of Gemini, as it is told.
fn told(call: &SpeechCall) -> Vec<(&str, &str)> {
    let parts = call.body["contents"][0]["parts"].as_array().unwrap();
    let told = parts.iter().map(|part| (part["speechMetadata"]["speaker"].as_str(), part["text"].as_str()));
    told.map(|(speaker, text)| (speaker.unwrap_or_default(), text.unwrap_or_default())).collect()
}

#[tokio::test]
async fn turns_of_two_voices_of_gemini_are_one_request() {
    let fake = GeminiSpeech::start(GeminiSpeechOptions::default());
    let speech = over_all(vec![gemini(&fake, BYTES, 0)]);
    let entry = convert::lexicon_entry_to_wire(&Entry::spelt("SQL", "sequel"));
    let turns = [(KORE, "Is it far to SQL?"), (PUCK, "No.  SQL is just past the mill."), (KORE, "Then we walk.")];
    let request =
        tts::SynthesizeRequest { pronunciations: vec![entry], language_code: "en".to_owned(), ..in_turns(&turns) };
    let heard = heard(&speech, request).await.unwrap();
    assert!(heard.sample_rate == 24_000 && !heard.samples.is_empty());
    let calls = fake.ledger().spoken();
    assert_eq!(voices(&calls), [["Kore", "Puck"]]);
    // Each says its own, as the call has it and the lexicon spells it.
    let expected = [
        ("Speaker1", "Is it far to sequel?"),
        ("Speaker2", "No. sequel is just past the mill."),
        ("Speaker1", "Then we walk."),
    ];
    assert_eq!(told(&calls[0]), expected);
}

#[tokio::test]
async fn a_request_of_two_voices_has_no_more_bytes_than_their_engine_takes() {
    let fake = GeminiSpeech::start(GeminiSpeechOptions::default());
    let turns = [
        (KORE, "Is it far from here?"),
        (PUCK, "No, it is not far."),
        (KORE, "Then we walk there."),
        (PUCK, "Yes, let us walk."),
    ];
    let of = |from: usize| turns[from..from + 2].iter().map(|(_, text)| text.len()).sum::<usize>() + 1;
    let most = of(0).max(of(2));
    assert!(most < of(0) + 1 + turns[2].1.len(), "three are too many");
    let both = heard(&over_all(vec![gemini(&fake, most, 0)]), in_turns(&turns)).await.unwrap();
    let calls = fake.ledger().spoken();
    let said: Vec<&str> = calls.iter().map(|call| call.said.as_str()).collect();
    assert_eq!(said, ["Is it far from here? No, it is not far.", "Then we walk there. Yes, let us walk."]);
    let pause = TURN as usize * A_MILLISECOND;
    assert!(both.samples.windows(pause).any(|samples| samples.iter().all(|sample| *sample == 0)));
    // Where not even two fit, each is a request of its own.
    let most = turns.iter().map(|(_, text)| text.len()).max().unwrap();
    heard(&over_all(vec![gemini(&fake, most, 0)]), in_turns(&turns)).await.unwrap();
    assert_eq!(voices(&fake.ledger().spoken()[2..]), [["Kore"], ["Puck"], ["Kore"], ["Puck"]]);
}

#[tokio::test]
async fn three_voices_of_gemini_speak_two_at_a_time() {
    let fake = GeminiSpeech::start(GeminiSpeechOptions::default());
    let speech = over_all(vec![gemini(&fake, BYTES, 0)]);
    let turns = [(KORE, "Is it far?"), (PUCK, "No, it is not."), (PUCK, "It is near."), (LEDA, "Then we walk.")];
    heard(&speech, in_turns(&turns)).await.unwrap();
    let calls = fake.ledger().spoken();
    assert_eq!(voices(&calls), [vec!["Kore", "Puck"], vec!["Leda"]]);
    assert_eq!(told(&calls[0])[1..], [("Speaker2", "No, it is not."), ("Speaker2", "It is near.")]);
    // One voice in all turns speaks sentence by sentence, as a text of it is spoken.
    heard(&speech, in_turns(&[(KORE, "Is it far? No."), (KORE, "It is near.")])).await.unwrap();
    assert_eq!(fake.ledger().said()[2..], ["Is it far?", "No.", "It is near."]);
}

#[tokio::test]
async fn voices_that_speak_alone_speak_in_turn_with_the_pauses_of_a_recording() {
    let engine = Arc::new(ToneEngine::new());
    let speech = tones(&engine);
    let samples = async |request| heard(&speech, request).await.unwrap().samples;
    let silence = |millis: u32| vec![0_i16; millis as usize * A_MILLISECOND];
    let turns = [(VOICE, "Is it far?"), (HIGH_VOICE, "No. It is near."), (HIGH_VOICE, "Very near."), ("", "Well.")];
    let mut expected = samples(alone(VOICE, "Is it far?")).await;
    // Between two who talk 450 ms, between sentences of one 300.
    for (millis, voice, text) in [
        (450, HIGH_VOICE, "No."),
        (300, HIGH_VOICE, "It is near."),
        (300, HIGH_VOICE, "Very near."),
        (450, VOICE, "Well."),
    ] {
        expected.extend(silence(millis));
        expected.extend(samples(alone(voice, text)).await);
    }
    let before = engine.calls();
    assert_eq!(samples(in_turns(&turns)).await, expected);
    assert_eq!(engine.calls() - before, 5, "a request for each sentence of each turn");
}

#[tokio::test]
async fn all_turns_are_at_the_rate_of_the_first_voice() {
    let at = |id: &str, sample_rate| Voice { sample_rate, ..a_voice(id) };
    let voices = [at("engines/low/voices/a", 16_000), at("engines/high/voices/b", 24_000)];
    let speech = over_all(voices.map(|voice| on_a_core(&Arc::new(ToneEngine::speaking_as(voice)))).to_vec());
    let text = "It is said twice.";
    let one = heard(&speech, alone("engines/low/voices/a", text)).await.unwrap();
    let both =
        heard(&speech, in_turns(&[("engines/low/voices/a", text), ("engines/high/voices/b", text)])).await.unwrap();
    assert_eq!((one.sample_rate, both.sample_rate), (16_000, 16_000));
    let expected = 2 * one.samples.len() + TURN as usize * 16;
    // Where silence is cut off at the ends may differ by moments of 10 ms.
    assert!(both.samples.len().abs_diff(expected) <= 2 * 160, "{} {expected}", both.samples.len());
}

#[tokio::test]
async fn a_call_that_cannot_be_names_its_field_and_speaks_nothing() {
    let engine = Arc::new(ToneEngine::new());
    let speech = tones(&engine);
    let fine = || in_turns(&[(VOICE, "Is it far?"), (HIGH_VOICE, "No.")]);
    let second = |voice: &str, text: &str| in_turns(&[(VOICE, "Is it far?"), (voice, text)]);
    let (many, long) = (vec![(VOICE, "No."); 51], "word ".repeat(501));
    let long = long.as_str();
    for (request, reason, field) in [
        (tts::SynthesizeRequest { text: "No.".to_owned(), ..fine() }, Reason::InvalidField, "text"),
        (tts::SynthesizeRequest { voice: VOICE.to_owned(), ..fine() }, Reason::InvalidField, "voice"),
        (in_turns(&many), Reason::InvalidField, "turns"),
        (in_turns(&[(VOICE, long), (HIGH_VOICE, long)]), Reason::LimitExceeded, "turns"),
        (alone(VOICE, &long.repeat(2)), Reason::LimitExceeded, "text"),
        (second(HIGH_VOICE, " … "), Reason::InvalidField, "turns[1].text"),
        (alone(VOICE, " … "), Reason::InvalidField, "text"),
        (second("engines/tone/voices/none", "No."), Reason::VoiceUnknown, "turns[1].voice"),
        (tts::SynthesizeRequest { speed: Some(3.0), ..fine() }, Reason::InvalidField, "speed"),
        (
            tts::SynthesizeRequest { language_code: "de".to_owned(), ..fine() },
            Reason::LanguageUnsupported,
            "turns[0].voice",
        ),
        (
            tts::SynthesizeRequest { language_code: "de".to_owned(), ..in_turns(&[("", "No.")]) },
            Reason::LanguageUnsupported,
            "language_code",
        ),
    ] {
        let refused = heard(&speech, request).await.unwrap_err();
        assert_eq!((refused.reason, refused.field.as_deref()), (reason, Some(field)), "{refused}");
    }
    assert_eq!(engine.calls(), 0);
    assert!(heard(&speech, in_turns(&many[..MOST_TURNS])).await.is_ok());
}

#[tokio::test]
async fn a_voice_that_costs_money_is_refused_before_anybody_speaks() {
    let fake = GeminiSpeech::start(GeminiSpeechOptions::default());
    let engine = Arc::new(ToneEngine::new());
    let speech = over_all(vec![on_a_core(&engine), gemini(&fake, BYTES, 1)]);
    for (request, field) in [
        (alone(KORE, "Is it far?"), "voice"),
        (in_turns(&[(VOICE, "Is it far?"), (KORE, "No.")]), "turns[1].voice"),
        (in_turns(&[(KORE, "Is it far?"), (PUCK, "No.")]), "turns[0].voice"),
    ] {
        let refused = heard(&speech, request).await.unwrap_err();
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::FeatureUnavailable, Some(field)), "{refused}");
    }
    assert_eq!((engine.calls(), fake.ledger().calls().len()), (0, 0));
}
