//! One request from its path to its answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::State;
use super::answer::Facts;
use super::request::{self, Request, no_voice};
use super::rows::{Dialect, INPUT, OUTPUT, PER_SECOND, RATE, Row, STREAMED, row};
use crate::models::fake::{let_out, send, status, struck};
use crate::models::gemini::{
    Address, COUNT, ENTERPRISE_COUNT, Host, Refusal, Surface, check_credential, json_of, message,
};
use crate::models::ledger::CallKind;
use crate::models::speech::faults::SpeechFault;
use crate::models::speech::ledger::{SpeechBill, SpeechCall};
use crate::models::speech::sound::{Manner, Sound};
use crate::models::tokens::tokens;
use crate::models::wire::{Answer, Framing};

const JSON: &str = "application/json; charset=UTF-8";

pub(super) async fn handle(
    state: &State,
    head: &Parts,
    body: &Bytes,
    call: &mut SpeechCall,
) -> Result<Response<Body>, Refusal> {
    let path = head.uri.path();
    let unknown = || Refusal::unknown(format!("{} {path}", head.method));
    let address = Address::read(path)?.ok_or_else(unknown)?;
    let (model, method) = address.last.split_once(':').unwrap_or((address.last, ""));
    let row = row(model, state.serves_shut).filter(|_| address.has_version());
    let row = row.ok_or_else(|| address.no_model(path, model, method))?;
    row.id.clone_into(&mut call.model);
    check_credential(state.believed(), &address.host, &head.headers, &head.uri)?;
    let surface = Surface { enterprise: address.host != Host::Developer, beta: address.version == "v1beta1" };
    if head.method == Method::GET && method.is_empty() && address.host == Host::Developer {
        return free(state, call, &described(row)).await;
    }
    if head.method != Method::POST {
        return Err(unknown());
    }
    let body = json_of(&head.headers, body)?;
    call.body = Arc::new(body.clone());
    let streamed = match method {
        "countTokens" => return free(state, call, &counted(surface, &body)?).await,
        "generateContent" => false,
        "streamGenerateContent" if head.uri.query() == Some("alt=sse") => true,
        _ => return Err(unknown()),
    };
    call.kind = if streamed { CallKind::Streamed } else { CallKind::Unary };
    let request = request::read(row, surface, &body)?;
    call.voices.clone_from(&request.voices);
    call.style.clone_from(&request.style);
    call.fault = state.faults.draw(|fault| fits(fault, call.kind, row));
    if let Some(answer) = before(state, row, call).await? {
        return Ok(answer);
    }
    Ok(spoken(state, row, &request, call).await)
}

/// What a model is, as the list of models has it.
fn described(row: &Row) -> Value {
    json!({
        "name": format!("models/{}", row.id),
        "displayName": row.id,
        "inputTokenLimit": INPUT,
        "outputTokenLimit": OUTPUT,
        "supportedGenerationMethods": ["countTokens", "generateContent"],
    })
}

fn counted(surface: Surface, body: &Value) -> Result<Value, Refusal> {
    message(body, if surface.enterprise { &ENTERPRISE_COUNT } else { &COUNT }, "", surface)?;
    let parts = body["contents"].as_array().into_iter().flatten().filter_map(|content| content["parts"].as_array());
    let total: u64 = parts.flatten().map(|part| tokens(part["text"].as_str().unwrap_or_default())).sum();
    if total == 0 {
        return Err(Refusal::field("contents", "contents is not specified"));
    }
    Ok(json!({"totalTokens": total, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}]}))
}

/// What costs nothing.
async fn free(state: &State, call: &mut SpeechCall, body: &Value) -> Result<Response<Body>, Refusal> {
    call.fault = state.faults.draw(SpeechFault::is_before);
    let row = row(&call.model, true).ok_or_else(|| Refusal::unknown("a model that is none"))?;
    if let Some(answer) = before(state, row, call).await? {
        return Ok(answer);
    }
    Ok(send(state, call.clone(), Answer::whole(StatusCode::OK, JSON, format!("{body:#}"))))
}

/// Whether a fault is one of this call.
fn fits(fault: SpeechFault, kind: CallKind, row: &Row) -> bool {
    let of_others = [SpeechFault::QuotaOfCharacters, SpeechFault::ErrorBehindSuccess, SpeechFault::MarksMissing];
    let is_wav = row.dialect == Dialect::Metadata && kind == CallKind::Unary;
    let of_headerless = fault != SpeechFault::WavForPcm || (!is_wav && kind == CallKind::Unary);
    let of_wav = fault != SpeechFault::PcmForWav || is_wav;
    let in_form = of_headerless && of_wav;
    in_form && !of_others.contains(&fault) && (kind == CallKind::Streamed || !fault.of_streams())
}

/// What is decided before anything is spoken: nothing, an answer, or a refusal.
async fn before(state: &State, row: &Row, call: &SpeechCall) -> Result<Option<Response<Body>>, Refusal> {
    if let Some(answer) = struck(state, call).await {
        return Ok(Some(answer));
    }
    match call.fault {
        Some(SpeechFault::QuotaOfMinute | SpeechFault::QuotaOfCharacters) => {
            Err(Refusal::quota_of_minute(row.id, state.faults.retry_after()))
        }
        Some(SpeechFault::QuotaOfDay) => Err(Refusal::quota_of_day()),
        Some(SpeechFault::SharedCapacity) => Err(Refusal::shared_capacity()),
        Some(SpeechFault::PurseEmpty) => Err(Refusal::purse_empty()),
        Some(SpeechFault::Overloaded) => Err(Refusal::overloaded()),
        Some(SpeechFault::Internal) => Err(Refusal::internal()),
        Some(SpeechFault::DeadlineExceeded) => Err(Refusal::deadline_exceeded()),
        Some(SpeechFault::CredentialRefused) => Err(Refusal::unauthenticated()),
        Some(SpeechFault::Denied) => Err(Refusal::denied("The caller does not have permission")),
        Some(SpeechFault::VoiceWithdrawn) => Err(no_voice(call.voices.first().map_or("", String::as_str))),
        // The others come later.
        _ => Ok(None),
    }
}

async fn spoken(state: &State, row: &Row, request: &Request, call: &SpeechCall) -> Response<Body> {
    let fault = call.fault;
    let streamed = call.kind == CallKind::Streamed;
    let mut turns = request.turns.clone();
    if fault == Some(SpeechFault::StyleSpoken)
        && let Some((_, first)) = turns.first_mut()
    {
        *first = format!("{}. {first}", request.style);
    }
    let manner = Manner { loudness: &state.loudness, rate: RATE, speed: 1.0, fault };
    let mut sound = Sound::of(&turns, manner);
    let finish = ended(state, row, request, &mut sound, fault, streamed);
    let talks = request.talks || fault == Some(SpeechFault::TextInsteadOfAudio);
    let output = match fault {
        Some(SpeechFault::Blocked) => 0,
        _ if talks => 11,
        _ => audio_tokens(sound.seconds()),
    };
    let billed = SpeechBill { characters: 0, input: request.input, output };
    let said: Vec<&str> = turns.iter().map(|(_, text)| text.as_str()).collect();
    let ticket = state.ledger.enter(SpeechCall {
        said: if output == 0 || talks { String::new() } else { said.join(" ") },
        status: status(fault),
        billed,
        finish: finish.to_owned(),
        ..call.clone()
    });
    let facts = Facts { row, sound: &sound, finish, billed, fault, talks };
    let answer = if streamed { facts.stream(Framing::of_call(ticket.number)) } else { facts.whole() };
    // What was used is not known to whoever reads these.
    let says_usage = !fault.is_some_and(SpeechFault::of_streams);
    let_out(state, fault, answer, says_usage, ticket).await
}

/// The word for the end, where the audio is cut to what may be.
fn ended(
    state: &State,
    row: &Row,
    request: &Request,
    sound: &mut Sound,
    fault: Option<SpeechFault>,
    streamed: bool,
) -> &'static str {
    #[allow(clippy::cast_precision_loss, reason = "tokens of minutes")]
    let longest = request.limit as f64 / PER_SECOND as f64;
    match fault {
        Some(SpeechFault::EmptyAudio | SpeechFault::EndsWithOther) => "OTHER",
        Some(SpeechFault::MaxTokens) => "MAX_TOKENS",
        Some(SpeechFault::UnknownReason) => "SOMETHING_NEW",
        _ if streamed && row.dialect == Dialect::Text && sound.cut(state.streamed.unwrap_or(STREAMED)) => "OTHER",
        _ if sound.cut(longest) => "MAX_TOKENS",
        _ => "STOP",
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "tokens of minutes"
)]
fn audio_tokens(seconds: f64) -> u64 {
    (seconds * PER_SECOND as f64).ceil() as u64
}
