//! One request from its path to its answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::request::{self, Request, no_voice};
use super::{State, families};
use crate::models::fake::{let_out, send, status, struck};
use crate::models::gemini::{Refusal, Surface, bearer_of, given, json_of};
use crate::models::ledger::CallKind;
use crate::models::speech::faults::SpeechFault;
use crate::models::speech::ledger::{SpeechBill, SpeechCall};
use crate::models::speech::sound::{Manner, Sound};
use crate::models::wire::Answer;

/// The host for which an account signs tokens itself.
const HOST: &str = "texttospeech.googleapis.com";
const JSON: &str = "application/json; charset=UTF-8";

pub(super) async fn handle(
    state: &State,
    head: &Parts,
    body: &Bytes,
    call: &mut SpeechCall,
) -> Result<Response<Body>, Refusal> {
    let path = head.uri.path();
    let beta = match path.strip_prefix("/v1beta1/").or_else(|| path.strip_prefix("/v1/")) {
        Some("voices") if head.method == Method::GET => {
            credential(state, &head.headers, &head.uri)?;
            return listed(state, &head.uri, call).await;
        }
        Some("text:synthesize") if head.method == Method::POST => path.starts_with("/v1beta1/"),
        _ => return Err(Refusal::unknown(format!("{} {path}", head.method))),
    };
    credential(state, &head.headers, &head.uri)?;
    let body = json_of(&head.headers, body)?;
    call.body = Arc::new(body.clone());
    call.kind = CallKind::Unary;
    call.voices = body["voice"]["name"].as_str().map(str::to_owned).into_iter().collect();
    let request = request::read(Surface { enterprise: false, beta }, &body, |voice| state.is_withdrawn(voice))?;
    request.family.id.clone_into(&mut call.model);
    call.fault = state.faults.draw(|fault| fits(fault, &request));
    if let Some(answer) = before(state, call).await? {
        return Ok(answer);
    }
    Ok(spoken(state, &request, beta, call).await)
}

fn credential(state: &State, headers: &HeaderMap, uri: &Uri) -> Result<(), Refusal> {
    if let Some(project) = headers.get("x-goog-user-project").and_then(|value| value.to_str().ok())
        && project != state.project
    {
        return Err(Refusal::denied(format!("Caller does not have required permission to use project {project}.")));
    }
    match given(headers, uri)? {
        (Some(key), _) if state.keys.contains(&key) => Ok(()),
        (Some(_), _) => Err(Refusal::unknown_key()),
        (None, Some(bearer)) => bearer_of(&state.bearers, &bearer, HOST),
        (None, None) => {
            Err(Refusal::denied("Method doesn't allow unregistered callers (callers without established identity)."))
        }
    }
}

async fn listed(state: &State, uri: &Uri, call: &mut SpeechCall) -> Result<Response<Body>, Refusal> {
    let mut code = None;
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        match &*name {
            "languageCode" => code = Some(value.into_owned()),
            "key" => {}
            _ => return Err(Refusal::invalid(format!("Unknown name \"{name}\": Cannot bind query parameter."))),
        }
    }
    let code = code.ok_or_else(|| Refusal::unknown("the list of all voices"))?;
    call.fault = state.faults.draw(SpeechFault::is_before);
    if let Some(answer) = before(state, call).await? {
        return Ok(answer);
    }
    let voices = families::voices(&code).into_iter().filter(|voice| !state.is_withdrawn(voice));
    let voices: Vec<Value> = voices
        .map(|name| json!({"languageCodes": [code], "name": name, "ssmlGender": "FEMALE", "naturalSampleRateHertz": 24_000}))
        .collect();
    let answer = Answer::whole(StatusCode::OK, JSON, format!("{:#}", json!({ "voices": voices })));
    Ok(send(state, call.clone(), answer))
}

/// Whether a fault is one of this call.
fn fits(fault: SpeechFault, request: &Request) -> bool {
    let of_others = [
        SpeechFault::QuotaOfDay,
        SpeechFault::SharedCapacity,
        SpeechFault::PurseEmpty,
        SpeechFault::EndsWithOther,
        SpeechFault::MaxTokens,
        SpeechFault::Blocked,
        SpeechFault::TextInsteadOfAudio,
        SpeechFault::StyleSpoken,
        SpeechFault::UnknownReason,
        SpeechFault::ErrorBehindSuccess,
        SpeechFault::OtherModel,
        SpeechFault::NoUsage,
    ];
    let has_marks = request.times && !request.spoken.marks.is_empty();
    let in_form = (fault != SpeechFault::WavForPcm || !request.wav)
        && (fault != SpeechFault::PcmForWav || request.wav)
        && (fault != SpeechFault::MarksMissing || has_marks);
    in_form && !fault.of_streams() && !of_others.contains(&fault)
}

/// What is decided before anything is spoken: nothing, an answer, or a refusal.
async fn before(state: &State, call: &SpeechCall) -> Result<Option<Response<Body>>, Refusal> {
    if let Some(answer) = struck(state, call).await {
        return Ok(Some(answer));
    }
    match call.fault {
        Some(SpeechFault::QuotaOfMinute) => Err(quota("Requests", "requests")),
        Some(SpeechFault::QuotaOfCharacters) => Err(quota("Characters", "characters")),
        Some(SpeechFault::Overloaded) => Err(Refusal::overloaded()),
        Some(SpeechFault::Internal) => {
            Err(Refusal { message: "Internal error encountered.".to_owned(), ..Refusal::internal() })
        }
        Some(SpeechFault::DeadlineExceeded) => Err(Refusal::deadline_exceeded()),
        Some(SpeechFault::CredentialRefused) => Err(Refusal::unauthenticated()),
        Some(SpeechFault::Denied) => Err(disabled()),
        Some(SpeechFault::VoiceWithdrawn) => Err(no_voice(call.voices.first().map_or("", String::as_str))),
        // The others come later, or are not of this wire.
        _ => Ok(None),
    }
}

/// Too many of something in a minute.
fn quota(named: &str, metric: &str) -> Refusal {
    let message = format!(
        "Quota exceeded for quota metric '{named}' and limit '{named} per minute' of service '{HOST}' for consumer \
         'project_number:1'."
    );
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {"service": HOST, "quota_metric": format!("{HOST}/{metric}"), "consumer": "projects/1"},
    });
    Refusal::exhausted(&message, vec![info])
}

/// The API is not enabled for the project.
fn disabled() -> Refusal {
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": HOST, "consumer": "projects/1"},
    });
    let message = "Cloud Text-to-Speech API has not been used in project 1 before or it is disabled.";
    Refusal { details: vec![info], ..Refusal::denied(message) }
}

async fn spoken(state: &State, request: &Request, beta: bool, call: &SpeechCall) -> Response<Body> {
    let (fault, text) = (call.fault, &request.spoken.text);
    let manner = Manner { loudness: &state.loudness, rate: request.rate, speed: request.speed, fault };
    let sound = Sound::of(&[(request.voice.clone(), text.clone())], manner);
    let ticket = state.ledger.enter(SpeechCall {
        said: text.clone(),
        status: status(fault),
        billed: SpeechBill { characters: request.characters, ..SpeechBill::default() },
        ..call.clone()
    });
    let answer = Answer::whole(StatusCode::OK, JSON, format!("{:#}", answered(request, &sound, beta, fault)));
    let_out(state, fault, answer, true, ticket).await
}

/// The answer's body. What is empty is left out of it.
fn answered(request: &Request, sound: &Sound, beta: bool, fault: Option<SpeechFault>) -> Value {
    let wav = (request.wav || fault == Some(SpeechFault::WavForPcm)) && fault != Some(SpeechFault::PcmForWav);
    let bytes = if wav { sound.wav(true, fault) } else { sound.pcm(fault) };
    let mut body = json!({});
    if fault != Some(SpeechFault::EmptyAudio) {
        body["audioContent"] = STANDARD.encode(bytes).into();
    }
    if !beta {
        return body;
    }
    body["audioConfig"] = json!({
        "audioEncoding": if request.wav { "LINEAR16" } else { "PCM" },
        "speakingRate": request.speed,
        "sampleRateHertz": sound.rate,
    });
    if request.times && !request.spoken.marks.is_empty() {
        let at = |words: usize| sound.words.get(words).map_or_else(|| sound.seconds(), |word| word.start);
        let marks = &request.spoken.marks;
        let next = marks.iter().skip(1).map(|(_, words)| Some(*words)).chain([None]);
        // Of marks with no word between them, the oldest family tells of the last alone.
        let is_told = |words: usize, next: Option<usize>| request.family.id != "Standard" || next != Some(words);
        let told = marks.iter().zip(next).filter(|((_, words), next)| is_told(*words, *next));
        let points = told.map(|((name, words), _)| json!({"markName": name, "timeSeconds": at(*words)}));
        let missing = usize::from(fault == Some(SpeechFault::MarksMissing));
        // The first one is left out, as some were.
        body["timepoints"] = points.skip(missing).collect::<Vec<Value>>().into();
    }
    body
}
