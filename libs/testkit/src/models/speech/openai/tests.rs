//! What a server of each kind refuses, takes and does in silence, so that a client that is wrong
//! does not pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::models::raw::{Raw, ask, post};
use crate::models::speech::SpeechFault;

const PATH: &str = "/v1/audio/speech";
const KEY: &str = "authorization: Bearer sk-key-for-tests\r\n";

fn fake(personality: SpeechPersonality) -> OpenAiSpeech {
    OpenAiSpeech::start(OpenAiSpeechOptions::of(personality))
}

fn body(model: &str, voice: &str) -> Value {
    json!({"model": model, "input": "Two words of 1984.", "voice": voice, "response_format": "wav"})
}

fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

fn send(server: &OpenAiSpeech, body: &Value) -> Raw {
    post(server.address(), PATH, KEY, body)
}

fn refused(server: &OpenAiSpeech, cases: &[(Value, u16)]) {
    for (body, status) in cases {
        let answer = send(server, body);
        let shown: String = body.to_string().chars().take(200).collect();
        assert_eq!(answer.status, *status, "{shown}");
        assert!(*status == 200 || answer.json().is_object());
    }
    let right = cases.iter().filter(|(_, status)| *status == 200).count();
    assert_eq!(server.ledger().billed_calls(), right, "what is refused costs nothing");
}

#[test]
fn openai_refuses_what_it_does_not_know() {
    let server = fake(SpeechPersonality::OpenAi);
    let mini = body("gpt-4o-mini-tts", "coral");
    let older = body("tts-1", "coral");
    refused(
        &server,
        &[
            (mini.clone(), 200),
            (older.clone(), 200),
            (with(&mini, "instructions", json!("calm")), 200),
            (with(&mini, "stream_format", json!("sse")), 200),
            (with(&mini, "input", json!("ä".repeat(4_096))), 200),
            (with(&mini, "input", json!("a".repeat(4_097))), 400),
            (with(&mini, "stream", json!(false)), 400),
            (with(&mini, "word_timestamps", json!(true)), 400),
            (with(&mini, "speed", json!(0)), 400),
            (with(&mini, "speed", json!("fast")), 400),
            (with(&mini, "voice", json!("af_heart")), 400),
            (with(&mini, "voice", json!({"id": "voice_1"})), 501),
            (with(&mini, "response_format", json!("vorbis")), 400),
            (with(&mini, "response_format", json!("mp3")), 501),
            (with(&mini, "response_format", Value::Null), 501),
            (with(&mini, "input", json!("")), 400),
            (with(&mini, "input", json!(["a"])), 400),
            (with(&older, "stream_format", json!("sse")), 400),
            (with(&older, "instructions", json!("calm")), 501),
            (with(&older, "voice", json!("marin")), 400),
            (with(&mini, "model", json!("tts-9")), 404),
            (with(&mini, "model", Value::Null), 400),
        ],
    );
    assert_eq!(send(&server, &with(&mini, "top_k", json!(1))).json()["error"]["code"], "unknown_parameter");
    assert_eq!(post(server.address(), PATH, "", &mini).status, 401);
    assert_eq!(post(server.address(), "/dev/captioned_speech", KEY, &mini).status, 404);
    assert_eq!(ask(server.address(), "GET /v1/models", KEY, b"").json()["data"][0]["id"], "gpt-4o-mini-tts");
}

#[test]
fn the_others_have_habits_of_their_own() {
    let kokoro = fake(SpeechPersonality::Kokoro);
    let heart = body("kokoro", "af_heart");
    refused(
        &kokoro,
        &[
            (heart.clone(), 200),
            (with(&heart, "stream", json!(false)), 200),
            (with(&heart, "instructions", json!("calm")), 200),
            (with(&heart, "model", json!("speaks")), 400),
            (with(&heart, "voice", json!("coral")), 400),
            (with(&heart, "voice", json!("af_heart(2)+af_bella")), 501),
            (with(&heart, "speed", json!(9)), 422),
            (with(&heart, "input", json!("")), 422),
            (with(&heart, "stream", json!("no")), 422),
        ],
    );
    assert_eq!(kokoro.ignored(), ["instructions"]);
    assert_eq!(kokoro.ledger().calls()[2].style, "", "it has no manner");
    let detail = send(&kokoro, &with(&heart, "model", json!("speaks"))).json()["detail"].clone();
    assert_eq!((&detail["error"], &detail["type"]), (&json!("invalid_model"), &json!("invalid_request_error")));
    assert!(send(&kokoro, &with(&heart, "speed", json!(9))).json()["detail"].is_array());

    let local = fake(SpeechPersonality::LocalAi);
    let anna = body("speaks", "anna");
    refused(
        &local,
        &[
            (with(&anna, "response_format", Value::Null), 200),
            (with(&anna, "speed", json!(0)), 400),
            (with(&anna, "model", json!("none")), 404),
            (with(&anna, "voice", json!("nobody")), 400),
        ],
    );
    let omni = fake(SpeechPersonality::VllmOmni);
    refused(&omni, &[(anna.clone(), 200), (with(&anna, "word_timestamps", json!(true)), 400)]);
    assert_eq!(post(local.address(), PATH, "", &anna).status, 200, "it demands no key");
    let keyed =
        OpenAiSpeechOptions { key: Some("k".to_owned()), ..OpenAiSpeechOptions::of(SpeechPersonality::LocalAi) };
    assert_eq!(send(&OpenAiSpeech::start(keyed), &anna).status, 401);
}

#[test]
fn answers_are_files_streams_objects_and_events() {
    let kokoro = fake(SpeechPersonality::Kokoro);
    let heart = body("kokoro", "af_heart");
    let length = |wav: &[u8]| wav[40..44].to_vec();
    assert_eq!(length(&send(&kokoro, &heart).body), [0xff; 4], "it streams unless it is told not to");
    let whole = send(&kokoro, &with(&heart, "stream", json!(false))).body;
    assert_eq!(length(&whole), u32::try_from(whole.len() - 44).unwrap_or(0).to_le_bytes());
    let captioned = post(kokoro.address(), "/dev/captioned_speech", "", &with(&heart, "stream", json!(false))).json();
    assert_eq!(STANDARD.decode(captioned["audio"].as_str().expect("audio")).expect("base64"), whole);
    let words: Vec<&str> =
        captioned["timestamps"].as_array().expect("times").iter().filter_map(|word| word["word"].as_str()).collect();
    assert_eq!(words, ["Two", "words", "of", "one", "nine", "eight", "four", "."]);
    let lines = post(kokoro.address(), "/dev/captioned_speech", "", &heart).text();
    assert!(lines.ends_with("}\n"), "an object a line");

    let options = OpenAiSpeechOptions { aligner: true, ..OpenAiSpeechOptions::of(SpeechPersonality::VllmOmni) };
    let omni = OpenAiSpeech::start(options);
    let timed = with(&body("speaks", "anna"), "word_timestamps", json!(true));
    let head = send(&omni, &timed).head;
    assert!(head.contains("x-word-timestamps: [") && head.contains("\"start_ms\":20.0"), "{head}");
    assert!(send(&omni, &with(&timed, "input", json!("word ".repeat(200)))).head.contains("-omitted: too large"));
    assert_eq!(send(&omni, &with(&timed, "stream", json!(true))).status, 400);
    let events = send(&omni, &with(&body("speaks", "anna"), "stream", json!(true))).data();
    assert!(events.last().is_some_and(|event| event.contains("speech.audio.done")));

    let openai = fake(SpeechPersonality::OpenAi);
    let mut sse = with(&body("gpt-4o-mini-tts", "coral"), "stream_format", json!("sse"));
    sse["response_format"] = json!("pcm");
    let events = send(&openai, &sse).data();
    let done: Value = serde_json::from_str(events.last().expect("an event")).expect("JSON");
    let billed = openai.ledger().billed();
    assert_eq!(done["usage"]["output_tokens"], billed.output);
    assert_eq!((billed.input, billed.characters), (5, 18));
}

#[test]
fn each_fault_looks_as_the_real_one_s() {
    for personality in SpeechPersonality::ALL {
        let server = fake(personality);
        let sent = body(personality.models()[0], personality.voices()[0]);
        let struck = |fault: SpeechFault| {
            server.faults().queue(fault);
            let answer = send(&server, &sent);
            assert_eq!(server.faults().queued(), 0, "{personality:?} {fault:?}");
            answer
        };
        for (fault, status) in [
            (SpeechFault::Dead, 0),
            (SpeechFault::QuotaOfMinute, 429),
            (SpeechFault::Overloaded, 503),
            (SpeechFault::OverloadedPage, 503),
            (SpeechFault::Internal, 500),
            (SpeechFault::DeadlineExceeded, 504),
            (SpeechFault::CredentialRefused, 401),
            (SpeechFault::Denied, 403),
            (SpeechFault::VoiceWithdrawn, 400),
            (SpeechFault::LostAnswer, 0),
            (SpeechFault::ErrorBehindSuccess, 200),
        ] {
            assert_eq!(struck(fault).status, status, "{personality:?} {fault:?}");
        }
        assert!(struck(SpeechFault::ErrorBehindSuccess).json().is_object());
        assert!(struck(SpeechFault::QuotaOfMinute).head.contains("retry-after: 38"));
        assert!(struck(SpeechFault::EmptyAudio).body.is_empty());
        assert!(!struck(SpeechFault::PcmForWav).body.starts_with(b"RIFF"));
        assert!(struck(SpeechFault::Silence).body[44..].iter().all(|byte| *byte == 0));
    }
    let omni = fake(SpeechPersonality::VllmOmni);
    omni.faults().queue(SpeechFault::ErrorInStream);
    let streamed = with(&body("speaks", "anna"), "stream", json!(true));
    assert!(send(&omni, &streamed).data().last().is_some_and(|event| event.contains("discard")));
    omni.faults().queue(SpeechFault::NoEnd);
    assert!(send(&omni, &streamed).data().last().is_some_and(|event| event.contains("delta")));
}
