//! One request from its path to its answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use serde_json::Value;

use super::State;
use super::answer::{Facts, finish_reason, listed};
use super::errors::{Refusal, http_date};
use super::personality::Personality;
use super::request::{self, Request};
use crate::models::fake::{content_type, let_out, send, status, struck};
use crate::models::faults::{ModelFault, Moment};
use crate::models::ledger::{CallKind, ModelCall, ModelTokens};
use crate::models::outcome::{Room, outcome};
use crate::models::wire::{Answer, Framing};

/// The headers that every answer of OpenAI has.
pub(super) fn dressed(state: &State, answer: Answer) -> Answer {
    if state.personality != Personality::OpenAi {
        return answer;
    }
    answer
        .with("x-request-id", "req_for_tests")
        .with("openai-processing-ms", "12")
        .with("x-ratelimit-limit-requests", "10000")
        .with("x-ratelimit-remaining-requests", "9999")
        .with("x-ratelimit-reset-requests", "120ms")
        .with("x-ratelimit-limit-tokens", "2000000")
        .with("x-ratelimit-remaining-tokens", "1999000")
        .with("x-ratelimit-reset-tokens", "6m0s")
}

pub(super) async fn handle(
    state: &State,
    head: &Parts,
    body: &Bytes,
    call: &mut ModelCall,
) -> Result<Response<Body>, Refusal> {
    let path = head.uri.path();
    let lists = head.method == Method::GET && path == "/v1/models";
    let writes = head.method == Method::POST && path == "/v1/chat/completions";
    credential(state, &head.headers)?;
    if !lists && !writes {
        return Err(Refusal::unknown_path(head));
    }
    if lists {
        call.fault = state.faults.draw(|fault| fits(fault, call.kind));
        if let Some(answer) = before(state, call).await? {
            return Ok(answer);
        }
        let context = (state.personality == Personality::Vllm).then_some(state.context);
        return Ok(send(state, call.clone(), dressed(state, listed(&state.models, context))));
    }
    let of_type = content_type(&head.headers);
    if !of_type.starts_with("application/json") {
        return Err(Refusal::invalid("", "", format!("the content type is {of_type:?} and not application/json")));
    }
    let body: Value = serde_json::from_slice(body)
        .map_err(|e| Refusal::invalid("", "", format!("We could not parse the JSON body of your request: {e}")))?;
    body["model"].as_str().unwrap_or_default().clone_into(&mut call.model);
    call.kind = if body["stream"] == true { CallKind::Streamed } else { CallKind::Unary };
    let request = request::read(state, &body)?;
    call.asked = Some(Arc::clone(&request.asked));
    call.fault = state.faults.draw(|fault| fits(fault, call.kind));
    if let Some(answer) = before(state, call).await? {
        return Ok(answer);
    }
    Ok(written(state, &request, call).await)
}

fn credential(state: &State, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(key) = state.key.as_ref().filter(|_| state.personality != Personality::Ollama) else { return Ok(()) };
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.strip_prefix("Bearer ") == Some(key.as_str()) {
        return Ok(());
    }
    let message = if given.is_empty() { "You didn't provide an API key." } else { "Incorrect API key provided." };
    let kind = match state.personality {
        Personality::LlamaCpp => "authentication_error",
        Personality::OpenAi | Personality::Vllm | Personality::Ollama => "invalid_request_error",
    };
    Err(Refusal::new(StatusCode::UNAUTHORIZED, kind, "invalid_api_key", message))
}

/// Whether a fault is one of this call.
fn fits(fault: ModelFault, kind: CallKind) -> bool {
    let of_google = [
        ModelFault::OldQuota,
        ModelFault::BillingNotSetUp,
        ModelFault::NoContent,
        ModelFault::Recitation,
        ModelFault::UnexpectedCall,
        ModelFault::Continuation,
        ModelFault::Legacy,
    ];
    let in_time = kind != CallKind::Free || fault.moment() == Moment::Before;
    in_time && (kind == CallKind::Streamed || !fault.of_streams()) && !of_google.contains(&fault)
}

/// What is decided before anything is written: nothing, an answer, or a refusal.
async fn before(state: &State, call: &ModelCall) -> Result<Option<Response<Body>>, Refusal> {
    if let Some(answer) = struck(state, call).await {
        return Ok(Some(answer));
    }
    let slow = "Rate limit reached for requests. Please try again later.";
    let limited = || dressed(state, Refusal::too_many("rate_limit_exceeded", slow).answer(state.personality));
    let after = state.faults.retry_after();
    let sent = |answer: Answer| Ok(Some(send(state, call.clone(), answer)));
    match call.fault {
        Some(ModelFault::QuotaOfMinute) => sent(limited().with("retry-after", &after.as_secs_f64().ceil().to_string())),
        Some(ModelFault::RetryAfterDate) => sent(limited().with("retry-after", &http_date(after))),
        Some(ModelFault::RetryAfterMillis) => sent(limited().with("retry-after-ms", &after.as_millis().to_string())),
        Some(ModelFault::QuotaOfDay | ModelFault::SharedCapacity) => sent(limited()),
        Some(ModelFault::PurseEmpty) => Err(Refusal::purse_empty()),
        Some(ModelFault::Overloaded) => Err(Refusal::overloaded()),
        Some(ModelFault::Internal) => Err(Refusal::internal()),
        Some(ModelFault::DeadlineExceeded) => Err(Refusal::timed_out()),
        Some(ModelFault::CredentialRefused) => Err(Refusal::unknown_key()),
        Some(ModelFault::Denied) => Err(Refusal::denied()),
        // The others come later, or are not of this wire.
        _ => Ok(None),
    }
}

async fn written(state: &State, request: &Request, call: &ModelCall) -> Response<Body> {
    let fault = call.fault;
    let room = Room { thoughts: state.thoughts, limit: request.limit, hop: None };
    let author = state.author.read().clone();
    let outcome = outcome(author.0.as_ref(), &request.asked, room, fault);
    let usage = ModelTokens { input: request.input, cached: 0, output: outcome.output, thoughts: outcome.thoughts };
    let ticket = state.ledger.enter(ModelCall {
        status: status(fault),
        tokens: usage,
        finish: finish_reason(outcome.end).to_owned(),
        ..call.clone()
    });
    let with_usage = state.personality.usage_in_stream(request.include_usage);
    let facts = Facts {
        personality: state.personality,
        outcome: &outcome,
        usage,
        model: &request.asked.model,
        with_usage,
        fault,
        number: ticket.number,
    };
    let answer = if request.streamed {
        let framing = state.framing.unwrap_or(Framing::of_call(ticket.number));
        Answer::events(facts.stream(framing, state.faults.apart(fault)))
    } else {
        facts.whole()
    };
    let answer = dressed(state, answer);
    // What was used is not known to whoever reads a stream without it.
    let untold = [ModelFault::NoReason, ModelFault::ErrorInStream, ModelFault::MissingUsage];
    let tells = with_usage && !fault.is_some_and(|fault| untold.contains(&fault));
    let_out(state, fault, answer, !request.streamed || tells, ticket).await
}
