//! What the fake refuses, so that a client that is wrong does not pass, and what it speaks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::models::raw::{Raw, ask, post};
use crate::models::speech::SpeechFault;

const BETA: &str = "/v1beta1/text:synthesize";
const V1: &str = "/v1/text:synthesize";
const KEY: &str = "x-goog-api-key: AQ.key-for-tests\r\n";
const BEARER: &str = "authorization: Bearer bearer-for-tests\r\n";

fn fake() -> GoogleSpeech {
    GoogleSpeech::start(GoogleSpeechOptions::default())
}

fn body(voice: &str, input: Value) -> Value {
    let locale = voice.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
    json!({
        "input": input,
        "voice": {"languageCode": locale, "name": voice},
        "audioConfig": {"audioEncoding": "LINEAR16"},
    })
}

fn text(voice: &str) -> Value {
    body(voice, json!({"text": "Two words."}))
}

fn ssml(voice: &str, within: &str) -> Value {
    body(voice, json!({"ssml": format!("<speak>{within}</speak>")}))
}

/// A body with one more name in one of its messages, or in itself where that is empty.
fn and(body: Value, message: &str, name: &str, value: Value) -> Value {
    let mut body = body;
    if message.is_empty() {
        body[name] = value;
    } else {
        body[message][name] = value;
    }
    body
}

fn audio(answer: &Raw) -> Vec<u8> {
    STANDARD.decode(answer.json()["audioContent"].as_str().unwrap_or_default()).expect("base64")
}

const CHIRP: &str = "en-US-Chirp3-HD-Kore";
const WAVENET: &str = "de-DE-Wavenet-B";

#[test]
fn what_a_family_does_not_take_is_refused() {
    let google = fake();
    let said = json!({"phrase": "Two", "phoneticEncoding": "PHONETIC_ENCODING_IPA", "pronunciation": "tuː"});
    let pronounced = |one: &Value| json!({"text": "Two.", "customPronunciations": {"pronunciations": [one]}});
    let marks = json!(["SSML_MARK"]);
    let cases = [
        (BETA, text(CHIRP), 200),
        (V1, text(WAVENET), 200),
        (BETA, body(CHIRP, pronounced(&said)), 200),
        (BETA, and(text(CHIRP), "audioConfig", "speakingRate", json!(1.5)), 200),
        (BETA, ssml(WAVENET, "<mark name=\"a\"/>One <emphasis level=\"strong\">&amp; two</emphasis>."), 200),
        (BETA, ssml("en-US-Neural2-C", "<prosody pitch=\"-1st\">One</prosody>"), 200),
        (BETA, and(ssml(WAVENET, "<mark name=\"a\"/>One"), "", "enableTimePointing", marks.clone()), 200),
        (BETA, ssml(CHIRP, "<phoneme alphabet=\"ipa\" ph=\"tuː\">Two</phoneme>"), 200),
        // Unknown names, at every depth, and those of one version.
        (BETA, and(text(CHIRP), "", "style", json!("calm")), 400),
        (BETA, and(text(CHIRP), "input", "words", json!("One.")), 400),
        (BETA, and(text(CHIRP), "voice", "voice", json!(CHIRP)), 400),
        (BETA, and(text(CHIRP), "audioConfig", "rate", json!(1)), 400),
        (BETA, and(text(CHIRP), "audioConfig", "sample_rate_hertz", json!(24_000)), 400),
        (BETA, body(CHIRP, pronounced(&json!({"phrase": "Two", "ipa": "tuː"}))), 400),
        (V1, and(ssml(WAVENET, "<mark name=\"a\"/>One"), "", "enableTimePointing", marks), 400),
        // Values.
        (BETA, and(text(CHIRP), "audioConfig", "audioEncoding", json!("WAV")), 400),
        (BETA, and(text(CHIRP), "audioConfig", "audioEncoding", json!("MP3")), 501),
        (BETA, and(text(CHIRP), "audioConfig", "speakingRate", json!(2.5)), 400),
        (BETA, and(text(CHIRP), "audioConfig", "sampleRateHertz", json!(96_000)), 400),
        (BETA, and(text(WAVENET), "audioConfig", "pitch", json!(21)), 400),
        (BETA, and(text(CHIRP), "voice", "languageCode", json!("en-GB")), 400),
        (BETA, and(text(CHIRP), "voice", "languageCode", json!("")), 400),
        (BETA, and(text(CHIRP), "voice", "name", json!("en-US-Chirp3-HD-Nobody")), 400),
        (BETA, and(text(CHIRP), "voice", "modelName", json!("gemini-2.5-flash-tts")), 501),
        // What the family does not take.
        (BETA, and(text(CHIRP), "audioConfig", "pitch", json!(1)), 400),
        (BETA, body(WAVENET, pronounced(&said)), 400),
        (BETA, ssml(CHIRP, "<mark name=\"a\"/>One"), 400),
        (BETA, ssml("en-US-Journey-F", "One"), 400),
        (BETA, and(text("en-US-Journey-F"), "audioConfig", "speakingRate", json!(1.5)), 400),
        (BETA, ssml("en-US-Studio-O", "<mark name=\"a\"/>One"), 400),
        (BETA, ssml("en-US-Neural2-C", "<emphasis level=\"strong\">One</emphasis>"), 400),
        // What is no SSML.
        (BETA, ssml(WAVENET, "One <emphasis>two"), 400),
        (BETA, ssml(WAVENET, "One & two"), 400),
        (BETA, ssml(WAVENET, "<emphasis style=\"x\">two</emphasis>"), 400),
        (BETA, ssml(WAVENET, "<mark/>two"), 400),
        (BETA, ssml(WAVENET, "<phoneme ph=\"x\">two</phoneme>"), 400),
        (BETA, ssml(WAVENET, "<audio src=\"x\"/>two"), 501),
        (BETA, body(WAVENET, json!({"ssml": "One."})), 400),
        // Texts.
        (BETA, body(CHIRP, json!({})), 400),
        (BETA, body(CHIRP, json!({"text": "One.", "ssml": "<speak>One.</speak>"})), 400),
        (BETA, body(CHIRP, json!({"text": " "})), 400),
        (BETA, body(CHIRP, json!({"text": "One.", "markup": "[pause] One."})), 501),
        (BETA, body(CHIRP, json!({"text": "word ".repeat(1_000)})), 200),
        (BETA, body(CHIRP, json!({"text": "word ".repeat(999) + "wörd "})), 400),
        (BETA, body("en-US-Neural2-C", json!({"text": "word ".repeat(121)})), 400),
        (BETA, body("en-US-Neural2-C", json!({"text": "word, and a word. ".repeat(121)})), 200),
        // Paths.
        ("/v1/text:synthesizeLongAudio", text(CHIRP), 501),
        ("/v2/text:synthesize", text(CHIRP), 501),
    ];
    let right = cases.iter().filter(|(_, _, status)| *status == 200).count();
    for (path, body, status) in cases {
        let answer = post(google.address(), path, KEY, &body);
        let shown: String = body.to_string().chars().take(300).collect();
        assert_eq!(answer.status, status, "{path} {shown}: {}", answer.text().chars().take(300).collect::<String>());
    }
    assert_eq!(google.ledger().billed_calls(), right, "what is refused costs nothing");
}

#[test]
fn exactly_one_credential_is_taken() {
    let google = fake();
    let both = format!("{KEY}{BEARER}");
    let quota = format!("{BEARER}x-goog-user-project: lectern-test\r\n");
    let of_another = format!("{BEARER}x-goog-user-project: another\r\n");
    for (headers, status) in [
        (KEY, 200),
        (BEARER, 200),
        (quota.as_str(), 200),
        ("", 403),
        (both.as_str(), 400),
        ("x-goog-api-key: another\r\n", 400),
        ("authorization: Bearer another\r\n", 401),
        (of_another.as_str(), 403),
    ] {
        assert_eq!(post(google.address(), BETA, headers, &text(CHIRP)).status, status, "{headers}");
    }
    let list = |query: &str| ask(google.address(), &format!("GET /v1beta1/voices{query}"), KEY, b"");
    let names = |raw: &Raw| {
        let voices = raw.json()["voices"].as_array().cloned().unwrap_or_default();
        voices.iter().filter_map(|voice| voice["name"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert!(names(&list("?languageCode=en-US")).contains(&CHIRP.to_owned()));
    google.withdraw(CHIRP);
    assert!(!names(&list("?languageCode=en-US")).contains(&CHIRP.to_owned()));
    assert_eq!(post(google.address(), BETA, KEY, &text(CHIRP)).status, 400);
    assert!(names(&list("?languageCode=english")).is_empty());
    assert_eq!((list("?language=en").status, list("").status), (400, 501));
}

#[test]
fn a_wav_has_a_header_and_marks_have_their_times() {
    let google = fake();
    let wav = audio(&post(google.address(), V1, KEY, &text(WAVENET)));
    assert!(wav.starts_with(b"RIFF"));
    let headerless = and(text(WAVENET), "audioConfig", "audioEncoding", json!("PCM"));
    assert_eq!(audio(&post(google.address(), V1, KEY, &headerless)).len(), wav.len() - 44);
    let slow = and(text(WAVENET), "audioConfig", "speakingRate", json!(0.5));
    assert!(audio(&post(google.address(), V1, KEY, &slow)).len() > wav.len() * 19 / 10);

    let marked = "<mark name=\"a\"/>Two <phoneme alphabet=\"ipa\" ph=\"x\"><mark name=\"b\"/>words</phoneme>.";
    let marked = and(ssml(WAVENET, marked), "", "enableTimePointing", json!(["SSML_MARK"]));
    let answer = post(google.address(), BETA, KEY, &marked).json();
    let points: Vec<(&str, f64)> = answer["timepoints"]
        .as_array()
        .expect("times")
        .iter()
        .map(|point| (point["markName"].as_str().unwrap_or(""), point["timeSeconds"].as_f64().unwrap_or(-1.0)))
        .collect();
    assert_eq!(points.iter().map(|point| point.0).collect::<Vec<_>>(), ["a", "b"]);
    assert!((points[0].1 - 0.02).abs() < 1e-3 && (points[1].1 - 0.27).abs() < 1e-3, "{points:?}");
    let call = google.ledger().calls().pop().expect("a call");
    assert_eq!((call.said.as_str(), call.model.as_str()), ("Two words.", "Wavenet"));
    let tags = "<speak></speak><phoneme alphabet=\"ipa\" ph=\"x\"></phoneme>".len();
    assert_eq!(call.billed.characters, (tags + "Two words.".len()) as u64, "marks cost nothing");
    google.faults().queue(SpeechFault::MarksMissing);
    let missing = post(google.address(), BETA, KEY, &marked).json();
    assert_eq!(missing["timepoints"].as_array().map(Vec::len), Some(1));
    let unasked = post(google.address(), BETA, KEY, &ssml(WAVENET, "<mark name=\"a\"/>Two")).json();
    assert_eq!(unasked.get("timepoints"), None);
    let adjacent = |voice: &str| {
        let marked = ssml(voice, "<mark name=\"a\"/><mark name=\"b\"/>Two");
        let marked = and(marked, "", "enableTimePointing", json!(["SSML_MARK"]));
        post(google.address(), BETA, KEY, &marked).json()["timepoints"].as_array().map(Vec::len)
    };
    assert_eq!((adjacent(WAVENET), adjacent("en-US-Standard-C")), (Some(2), Some(1)));
}

#[test]
fn each_fault_looks_as_the_real_one_s() {
    let google = fake();
    let struck = |fault: SpeechFault| {
        google.faults().queue(fault);
        let answer = post(google.address(), BETA, KEY, &text(CHIRP));
        assert_eq!(google.faults().queued(), 0, "{fault:?}");
        answer
    };
    for (fault, status) in [
        (SpeechFault::Dead, 0),
        (SpeechFault::QuotaOfMinute, 429),
        (SpeechFault::QuotaOfCharacters, 429),
        (SpeechFault::Overloaded, 503),
        (SpeechFault::OverloadedPage, 503),
        (SpeechFault::Internal, 500),
        (SpeechFault::DeadlineExceeded, 504),
        (SpeechFault::CredentialRefused, 401),
        (SpeechFault::Denied, 403),
        (SpeechFault::VoiceWithdrawn, 400),
        (SpeechFault::LostAnswer, 0),
    ] {
        assert_eq!(struck(fault).status, status, "{fault:?}");
    }
    assert_eq!(google.ledger().billed_calls(), 1, "what was lost was spoken");
    assert!(struck(SpeechFault::QuotaOfCharacters).text().contains("texttospeech.googleapis.com/characters"));
    assert_eq!(struck(SpeechFault::EmptyAudio).json().get("audioContent"), None);
    assert!(!audio(&struck(SpeechFault::PcmForWav)).starts_with(b"RIFF"));
    assert!(audio(&struck(SpeechFault::Silence))[44..].iter().all(|byte| *byte == 0));
    let rate = audio(&struck(SpeechFault::WrongRate))[24..28].to_vec();
    assert_eq!(rate, 22_050_u32.to_le_bytes());
    assert!(serde_json::from_slice::<Value>(&struck(SpeechFault::CutAnswer).body).is_err());
    assert!(google.ledger().calls().last().is_some_and(|call| !call.delivered));
    google.faults().queue(SpeechFault::NoEnd);
    assert_eq!(post(google.address(), BETA, KEY, &text(CHIRP)).status, 200, "it has no streams");
    assert_eq!(google.faults().queued(), 1);
}
