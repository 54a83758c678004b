//! What the fake refuses, so that a client that is wrong does not pass, and what it speaks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::models::raw::{Raw, ask, post};
use crate::models::speech::{SpeechBill, SpeechFault};

const NEW: &str = "/v1/models/gemini-3.8-flash-tts:generateContent";
const OLD: &str = "/v1beta/models/gemini-2.5-flash-tts:generateContent";
const KEY: &str = "x-goog-api-key: AQ.key-for-tests\r\n";
const BEARER: &str = "authorization: Bearer bearer-for-tests\r\n";

fn fake() -> GeminiSpeech {
    GeminiSpeech::start(GeminiSpeechOptions::default())
}

fn new() -> Value {
    json!({
        "contents": [{"role": "user", "parts": [{"text": "Two words."}]}],
        "generationConfig": {
            "responseModalities": ["AUDIO"], "speechConfig": {"voiceConfig": {"voice": "Kore"}},
        },
    })
}

fn old() -> Value {
    let mut body = new();
    body["contents"][0]["parts"][0]["text"] = json!("Say the following:\nTwo words.");
    body["generationConfig"]["speechConfig"]["voiceConfig"] = json!({"prebuiltVoiceConfig": {"voiceName": "Kore"}});
    body
}

/// A body with another value at a JSON pointer, which may be new.
fn with(body: Value, at: &str, value: Value) -> Value {
    let mut body = body;
    let (place, name) = at.rsplit_once('/').unwrap_or(("", at));
    let place = body.pointer_mut(place).expect("a place");
    if let Value::Array(items) = place {
        items[name.parse::<usize>().expect("an index")] = value;
    } else {
        place[name] = value;
    }
    body
}

fn two(names: &[&str]) -> Value {
    let of = |name: &&str| json!({"speaker": name, "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Puck"}}});
    json!({"multiSpeakerVoiceConfig": {"speakerVoiceConfigs": names.iter().map(of).collect::<Vec<_>>()}})
}

/// The bytes of an answer's audio, and their type.
fn audio(answer: &Raw) -> (Vec<u8>, String) {
    let part = &answer.json()["candidates"][0]["content"]["parts"][0]["inlineData"];
    let bytes = STANDARD.decode(part["data"].as_str().unwrap_or_default()).expect("base64");
    (bytes, part["mimeType"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn what_a_model_that_speaks_does_not_take_is_refused() {
    let gemini = fake();
    let config = "/generationConfig";
    let speech = "/generationConfig/speechConfig";
    let part = "/contents/0/parts/0";
    let styled = json!({"text": "Two.", "speechMetadata": {"style": "calm"}});
    let cases = [
        (NEW, new(), 200),
        (NEW, with(new(), part, styled.clone()), 200),
        (NEW, with(new(), &format!("{speech}/languageCode"), json!("cmn-CN")), 200),
        (
            NEW,
            with(new(), &format!("{speech}/voiceConfig"), json!({"prebuiltVoiceConfig": {"voiceName": "Kore"}})),
            200,
        ),
        (NEW, with(new(), &format!("{config}/seed"), json!(7)), 200),
        (OLD, old(), 200),
        (OLD, with(old(), &format!("{config}/temperature"), json!(0.5)), 200),
        // Unknown names, at every depth.
        (NEW, with(new(), "/voice", json!("Kore")), 400),
        (NEW, with(new(), &format!("{config}/speech"), json!({})), 400),
        (NEW, with(new(), &format!("{speech}/speed"), json!(1)), 400),
        (NEW, with(new(), &format!("{speech}/voiceConfig/name"), json!("Kore")), 400),
        (NEW, with(new(), &format!("{part}/style"), json!("calm")), 400),
        (NEW, with(new(), part, json!({"text": "Two.", "speechMetadata": {"manner": "calm"}})), 400),
        (OLD, with(old(), &format!("{speech}/voiceConfig/prebuiltVoiceConfig/name"), json!("Kore")), 400),
        // Fields of other models.
        (NEW, with(new(), &format!("{config}/responseModalities"), json!(["TEXT"])), 400),
        (NEW, with(new(), &format!("{config}/responseModalities"), json!(["TEXT", "AUDIO"])), 400),
        (NEW, with(new(), &format!("{config}/responseModalities"), json!([])), 400),
        (NEW, with(new(), "/systemInstruction", json!({"parts": [{"text": "Speak."}]})), 400),
        (NEW, with(new(), "/tools", json!([{"googleSearch": {}}])), 400),
        (NEW, with(new(), &format!("{config}/responseMimeType"), json!("audio/wav")), 400),
        (NEW, with(new(), &format!("{config}/thinkingConfig"), json!({"thinkingLevel": "LOW"})), 400),
        (NEW, with(new(), &format!("{config}/candidateCount"), json!(2)), 501),
        // What only one of the two dialects has.
        (NEW, with(new(), &format!("{config}/temperature"), json!(0.5)), 400),
        (NEW, with(new(), &format!("{config}/topP"), json!(0.5)), 400),
        (OLD, with(old(), part, styled), 400),
        (OLD, with(old(), &format!("{speech}/voiceConfig"), json!({"voice": "Kore"})), 400),
        // Voices.
        (NEW, with(new(), &format!("{speech}/voiceConfig/voice"), json!("Heart")), 400),
        (NEW, with(new(), &format!("{speech}/voiceConfig/voice"), json!("voice_1234")), 501),
        (NEW, with(new(), &format!("{speech}/voiceConfig"), json!({})), 400),
        (NEW, with(new(), speech, json!({})), 501),
        (NEW, with(new(), speech, two(&["A", "B", "C"])), 400),
        (NEW, with(new(), speech, two(&["A", "A"])), 400),
        (NEW, with(new(), speech, two(&["A"])), 400),
        (NEW, with(new(), speech, two(&["A", "B"])), 400),
        (OLD, with(old(), speech, two(&["A", "B"])), 200),
        (NEW, with(new(), &format!("{speech}/languageCode"), json!("German")), 400),
        // Texts.
        (NEW, with(new(), &format!("{part}/text"), json!(" ")), 400),
        (NEW, with(new(), &format!("{part}/text"), json!("word ".repeat(7_000))), 400),
        (NEW, with(new(), "/contents", json!([])), 400),
        (NEW, with(new(), part, json!({"inlineData": {"mimeType": "audio/wav", "data": ""}})), 400),
        (NEW, with(new(), &format!("{config}/maxOutputTokens"), json!(16_385)), 400),
        // Models and versions.
        ("/v1/models/gemini-3.1-flash-tts-preview:generateContent", old(), 404),
        ("/v2/models/gemini-3.8-flash-tts:generateContent", new(), 404),
        ("/v1/models/gemini-3.8-flash:generateContent", new(), 404),
        ("/v1/models/gemini-3.8-flash-tts:batchGenerateContent", new(), 501),
        ("/v1/models/gemini-3.8-flash-tts:streamGenerateContent", new(), 501),
    ];
    let right = cases.iter().filter(|(_, _, status)| *status == 200).count();
    for (path, body, status) in cases {
        let answer = post(gemini.address(), path, KEY, &body);
        let shown: String = body.to_string().chars().take(300).collect();
        assert_eq!(answer.status, status, "{path} {shown}: {}", answer.text().chars().take(300).collect::<String>());
    }
    assert_eq!(gemini.ledger().billed_calls(), right, "what is refused costs nothing");
    let both = with(with(new(), speech, two(&["A", "B"])), &format!("{speech}/voiceConfig"), json!({"voice": "Kore"}));
    assert_eq!(post(gemini.address(), NEW, KEY, &both).status, 400, "one voice or two");
}

#[test]
fn exactly_one_credential_is_taken() {
    let gemini = fake();
    let global = "/v1beta1/projects/lectern-test/locations/global/publishers/google/models/gemini-3.8-flash-tts";
    let enterprise = format!("{global}:generateContent");
    let elsewhere = enterprise.replace("lectern-test", "another");
    let both = format!("{KEY}{BEARER}");
    for (path, headers, status) in [
        (NEW, KEY, 200),
        (enterprise.as_str(), BEARER, 200),
        (NEW, "", 401),
        (NEW, "x-goog-api-key: another\r\n", 400),
        (NEW, both.as_str(), 400),
        (NEW, BEARER, 403),
        (enterprise.as_str(), KEY, 401),
        (enterprise.as_str(), "authorization: Bearer another\r\n", 401),
        (elsewhere.as_str(), BEARER, 403),
    ] {
        assert_eq!(post(gemini.address(), path, headers, &new()).status, status, "{path} {headers}");
    }
    let stored = with(new(), "/store", json!(false));
    assert_eq!(post(gemini.address(), NEW, KEY, &stored).status, 200);
    assert_eq!(post(gemini.address(), &enterprise, BEARER, &stored).status, 400, "one host knows it");
    let found = ask(gemini.address(), "GET /v1/models/gemini-3.8-flash-tts", KEY, b"");
    assert_eq!((found.status, found.json()["name"].as_str()), (200, Some("models/gemini-3.8-flash-tts")));
    assert_eq!(ask(gemini.address(), "GET /v1/models/gemini-9-tts", KEY, b"").status, 404);
    let contents = json!({"contents": new()["contents"]});
    let counted = post(gemini.address(), &format!("{global}:countTokens"), BEARER, &contents);
    assert_eq!(counted.json()["totalTokens"], 3);
    assert_eq!(gemini.ledger().billed_calls(), 3, "to look and to count is free");
}

#[test]
fn each_dialect_is_spoken_and_billed_by_the_second() {
    let gemini = fake();
    let (wav, mime) = audio(&post(gemini.address(), NEW, KEY, &new()));
    assert!(wav.starts_with(b"RIFF") && mime == "audio/wav");
    let answer = post(gemini.address(), OLD, KEY, &old());
    let (pcm, mime) = audio(&answer);
    assert_eq!((pcm.len(), mime.as_str()), (wav.len() - 44, "audio/L16;codec=pcm;rate=24000"));
    // Eight letters, two words and the lead take 0.66 s.
    let usage = answer.json()["usageMetadata"].clone();
    assert_eq!((&usage["promptTokenCount"], &usage["candidatesTokenCount"]), (&json!(8), &json!(17)));
    assert_eq!(gemini.ledger().billed(), SpeechBill { characters: 0, input: 3 + 8, output: 34 });

    let tagged = with(new(), "/contents/0/parts/0/text", json!("<sigh> Say [this] calmly: no."));
    post(gemini.address(), NEW, KEY, &tagged);
    let tagged = with(old(), "/contents/0/parts/0/text", json!("Say it calmly:\n[sigh] It is <this>."));
    post(gemini.address(), OLD, KEY, &tagged);
    let question = with(old(), "/contents/0/parts/0/text", json!("Who goes there?"));
    let answered = post(gemini.address(), OLD, KEY, &question).json();
    assert!(answered["candidates"][0]["content"]["parts"][0]["text"].is_string());
    let speakers = with(old(), "/generationConfig/speechConfig", two(&["A", "B"]));
    let lines = with(speakers, "/contents/0/parts/0/text", json!("Say it:\nA: One.\nB: Two.\nMore."));
    post(gemini.address(), OLD, KEY, &lines);
    let said = gemini.ledger().said();
    assert_eq!(said[2..], [" Say [this] calmly: no.", "It is <this>.", "One. Two. More."]);
    assert_eq!(gemini.ledger().calls()[3].style, "Say it calmly");
}

#[test]
fn streams_of_the_older_ones_break_off_and_others_do_not() {
    let gemini =
        GeminiSpeech::start(GeminiSpeechOptions { serves_shut: true, streamed: Some(2.0), ..Default::default() });
    let long = "some words of a sentence that goes on ".repeat(4);
    let finish = |model: &str, body: &Value| {
        let path = format!("/v1/models/{model}:streamGenerateContent?alt=sse");
        let data = post(gemini.address(), &path, KEY, body).data();
        let last: Value = serde_json::from_str(data.last().expect("an event")).expect("JSON");
        last["candidates"][0]["finishReason"].as_str().map(str::to_owned)
    };
    let told = with(old(), "/contents/0/parts/0/text", json!(format!("Say it:\n{long}")));
    assert_eq!(finish("gemini-3.1-flash-tts-preview", &told).as_deref(), Some("OTHER"));
    let verbatim = with(new(), "/contents/0/parts/0/text", json!(long));
    assert_eq!(finish("gemini-3.8-flash-tts", &verbatim).as_deref(), Some("STOP"));
    let unary = post(gemini.address(), "/v1/models/gemini-3.1-flash-tts-preview:generateContent", KEY, &told);
    assert_eq!(unary.json()["candidates"][0]["finishReason"], "STOP");
    let billed: Vec<u64> = gemini.ledger().calls().iter().map(|call| call.billed.output).collect();
    assert_eq!(billed[0], 50, "what came is billed");
    assert!(billed[1] > 200 && billed[2] == billed[1]);
}

#[test]
fn each_fault_looks_as_the_real_one_s() {
    let gemini = fake();
    let struck = |fault: SpeechFault, path: &str, body: &Value| {
        gemini.faults().queue(fault);
        let answer = post(gemini.address(), path, KEY, body);
        assert_eq!(gemini.faults().queued(), 0, "{fault:?}");
        answer
    };
    for (fault, status) in [
        (SpeechFault::Dead, 0),
        (SpeechFault::QuotaOfMinute, 429),
        (SpeechFault::QuotaOfDay, 429),
        (SpeechFault::SharedCapacity, 429),
        (SpeechFault::PurseEmpty, 402),
        (SpeechFault::Overloaded, 503),
        (SpeechFault::OverloadedPage, 503),
        (SpeechFault::Internal, 500),
        (SpeechFault::DeadlineExceeded, 504),
        (SpeechFault::CredentialRefused, 401),
        (SpeechFault::Denied, 403),
        (SpeechFault::VoiceWithdrawn, 400),
        (SpeechFault::LostAnswer, 0),
    ] {
        assert_eq!(struck(fault, NEW, &new()).status, status, "{fault:?}");
    }
    assert_eq!(gemini.ledger().billed_calls(), 1, "what was lost was spoken");
    for (fault, finish) in [
        (SpeechFault::EmptyAudio, "OTHER"),
        (SpeechFault::EndsWithOther, "OTHER"),
        (SpeechFault::MaxTokens, "MAX_TOKENS"),
        (SpeechFault::UnknownReason, "SOMETHING_NEW"),
        (SpeechFault::Silence, "STOP"),
    ] {
        let answer = struck(fault, NEW, &new()).json();
        assert_eq!(answer["candidates"][0]["finishReason"], finish, "{fault:?}");
        assert!(answer["usageMetadata"]["candidatesTokenCount"].as_u64() > Some(5), "it is billed: {fault:?}");
    }
    assert_eq!(struck(SpeechFault::EmptyAudio, NEW, &new()).json()["candidates"][0]["content"], json!({}));
    let blocked = struck(SpeechFault::Blocked, NEW, &new()).json();
    assert_eq!(blocked["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    assert_eq!(blocked["usageMetadata"].get("candidatesTokenCount"), None);
    assert!(audio(&struck(SpeechFault::PcmForWav, NEW, &new())).1.starts_with("audio/L16"));
    assert!(audio(&struck(SpeechFault::WavForPcm, OLD, &old())).0.starts_with(b"RIFF"));
    assert_eq!(audio(&struck(SpeechFault::OddBytes, OLD, &old())).0.len() % 2, 1);
    assert_eq!(struck(SpeechFault::NoUsage, NEW, &new()).json().get("usageMetadata"), None);
    assert_ne!(struck(SpeechFault::OtherModel, NEW, &new()).json()["modelVersion"], "gemini-3.8-flash-tts");
    let styled = json!({"text": "Two words.", "speechMetadata": {"style": "calm"}});
    struck(SpeechFault::StyleSpoken, NEW, &with(new(), "/contents/0/parts/0", styled));
    assert_eq!(gemini.ledger().said().last().map(String::as_str), Some("calm. Two words."));
}
