//! One request from its path to its answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response};
use serde_json::Value;

use super::State;
use super::answer::Facts;
use super::errors::{self, validation};
use super::personality::SpeechPersonality as Personality;
use super::request::{self, Form, Request, Way, no_voice};
use crate::models::fake::{content_type, let_out, send, status, struck};
use crate::models::ledger::CallKind;
use crate::models::openai::{Refusal, listed};
use crate::models::speech::faults::SpeechFault;
use crate::models::speech::ledger::{SpeechBill, SpeechCall};
use crate::models::speech::sound::{Manner, Sound};
use crate::models::tokens::tokens;

/// Tokens of a second of audio.
const PER_SECOND: f64 = 21.0;

pub(super) async fn handle(
    state: &State,
    head: &Parts,
    body: &Bytes,
    call: &mut SpeechCall,
) -> Result<Response<Body>, Refusal> {
    let path = head.uri.path();
    let has_captions = state.personality == Personality::Kokoro;
    let captioned = match (head.method == Method::GET, path) {
        (true, "/v1/models") => {
            credential(state, &head.headers)?;
            return list(state, call).await;
        }
        (false, "/v1/audio/speech") => false,
        (false, "/dev/captioned_speech") if has_captions => true,
        _ => return Err(Refusal::unknown_path(head)),
    };
    credential(state, &head.headers)?;
    let of_type = content_type(&head.headers);
    if head.method != Method::POST || !of_type.starts_with("application/json") {
        let message = format!("{} of the content type {of_type:?} and not application/json", head.method);
        return Err(validation(state.personality, "body", message));
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|e| validation(state.personality, "body", format!("the body is no JSON: {e}")))?;
    call.body = Arc::new(body.clone());
    call.kind = CallKind::Unary;
    let request = request::read(state, &body, captioned)?;
    if !request.ignored.is_empty() {
        state.ignored.write().extend(request.ignored.iter().cloned());
    }
    if request.way != Way::Whole && request.way != Way::Captioned {
        call.kind = CallKind::Streamed;
    }
    call.model.clone_from(&request.model);
    call.voices = vec![request.voice.clone()];
    call.style.clone_from(&request.style);
    call.fault = state.faults.draw(|fault| fits(fault, state.personality, &request));
    if let Some(answer) = before(state, call).await? {
        return Ok(answer);
    }
    Ok(spoken(state, &request, call).await)
}

fn credential(state: &State, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(key) = &state.key else { return Ok(()) };
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.strip_prefix("Bearer ") == Some(key.as_str()) { Ok(()) } else { Err(Refusal::unknown_key()) }
}

async fn list(state: &State, call: &mut SpeechCall) -> Result<Response<Body>, Refusal> {
    call.fault = state.faults.draw(SpeechFault::is_before);
    if let Some(answer) = before(state, call).await? {
        return Ok(answer);
    }
    Ok(send(state, call.clone(), listed(&state.models, None)))
}

/// Whether a fault is one of this call.
fn fits(fault: SpeechFault, personality: Personality, request: &Request) -> bool {
    let of_google = [
        SpeechFault::QuotaOfCharacters,
        SpeechFault::QuotaOfDay,
        SpeechFault::SharedCapacity,
        SpeechFault::EndsWithOther,
        SpeechFault::MaxTokens,
        SpeechFault::Blocked,
        SpeechFault::TextInsteadOfAudio,
        SpeechFault::UnknownReason,
        SpeechFault::OtherModel,
    ];
    let in_events = request.way == Way::Events;
    let of_events = [SpeechFault::NoEnd, SpeechFault::ErrorInStream, SpeechFault::NoUsage];
    let in_form = (fault != SpeechFault::PurseEmpty || personality == Personality::OpenAi)
        && (fault != SpeechFault::WavForPcm || request.form == Form::Pcm)
        && (fault != SpeechFault::PcmForWav || request.form == Form::Wav)
        && (fault != SpeechFault::MarksMissing || request.times)
        && (fault != SpeechFault::StyleSpoken || !request.style.is_empty())
        && (!of_events.contains(&fault) || in_events);
    in_form && !of_google.contains(&fault)
}

/// What is decided before anything is spoken: nothing, an answer, or a refusal.
async fn before(state: &State, call: &SpeechCall) -> Result<Option<Response<Body>>, Refusal> {
    if let Some(answer) = struck(state, call).await {
        return Ok(Some(answer));
    }
    match call.fault {
        Some(SpeechFault::QuotaOfMinute) => {
            let after = state.faults.retry_after().as_secs_f64().ceil().to_string();
            let refusal = Refusal::too_many("rate_limit_exceeded", "Rate limit reached for requests.");
            let answer = errors::answer(&refusal, state.personality).with("retry-after", &after);
            Ok(Some(send(state, call.clone(), answer)))
        }
        Some(SpeechFault::PurseEmpty) => Err(Refusal::purse_empty()),
        Some(SpeechFault::Overloaded) => Err(Refusal::overloaded()),
        Some(SpeechFault::Internal) => Err(Refusal::internal()),
        Some(SpeechFault::DeadlineExceeded) => Err(Refusal::timed_out()),
        Some(SpeechFault::CredentialRefused) => Err(Refusal::unknown_key()),
        Some(SpeechFault::Denied) => Err(Refusal::denied()),
        Some(SpeechFault::VoiceWithdrawn) => {
            Err(no_voice(state.personality, call.voices.first().map_or("", String::as_str)))
        }
        // The others come later, or are not of this wire.
        _ => Ok(None),
    }
}

async fn spoken(state: &State, request: &Request, call: &SpeechCall) -> Response<Body> {
    let fault = call.fault;
    let text = match fault {
        Some(SpeechFault::StyleSpoken) => format!("{}. {}", request.style, request.text),
        _ => request.text.clone(),
    };
    let manner = Manner { loudness: &state.loudness, rate: state.rate, speed: request.speed, fault };
    let sound = Sound::of(&[(request.voice.clone(), text.clone())], manner);
    let characters = request.text.chars().count() + request.style.chars().count();
    let billed = SpeechBill {
        characters: u64::try_from(characters).unwrap_or(u64::MAX),
        input: tokens(&request.text) + tokens(&request.style),
        output: audio_tokens(sound.seconds()),
    };
    let nothing = [SpeechFault::ErrorBehindSuccess, SpeechFault::EmptyAudio];
    let ticket = state.ledger.enter(SpeechCall {
        said: if fault.is_some_and(|fault| nothing.contains(&fault)) { String::new() } else { text },
        status: status(fault),
        billed,
        ..call.clone()
    });
    let facts = Facts { personality: state.personality, request, sound: &sound, billed, fault, number: ticket.number };
    let answer = facts.answer();
    // What was used is not known to whoever reads these.
    let says_usage = !fault.is_some_and(SpeechFault::of_streams);
    let_out(state, fault, answer, says_usage, ticket).await
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tokens of minutes")]
fn audio_tokens(seconds: f64) -> u64 {
    (seconds * PER_SECOND).ceil() as u64
}
