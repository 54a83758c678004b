//! One request from its path to its answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request as HttpRequest, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::State;
use super::answer::{Facts, finish_reason};
use super::errors::{Refusal, http_date};
use super::personality::Personality;
use super::request::{self, Request};
use crate::models::faults::{ModelFault, Moment};
use crate::models::gemini::page;
use crate::models::ledger::{CallKind, ModelCall, ModelTokens};
use crate::models::outcome::{Room, outcome};
use crate::models::wire::{Answer, Framing};

pub(super) fn app(state: Arc<State>) -> axum::Router {
    axum::Router::new().fallback(any).with_state(state)
}

async fn any(Shared(state): Shared<Arc<State>>, request: HttpRequest<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        // The client broke off: nobody reads this.
        return Answer::none().send(None);
    };
    let mut call = ModelCall::new();
    match handle(&state, &head, &body.to_bytes(), &mut call).await {
        Ok(answer) => answer,
        Err(refusal) => {
            let answer = refusal.answer(state.personality);
            send(&state, call, dressed(&state, answer))
        }
    }
}

/// Writes a call down that costs nothing, and sends its answer.
fn send(state: &State, call: ModelCall, answer: Answer) -> Response<Body> {
    let ticket = state.ledger.enter(ModelCall { status: answer.status.as_u16(), ..call });
    answer.send(Some(ticket))
}

/// The headers that every answer of OpenAI has.
fn dressed(state: &State, answer: Answer) -> Answer {
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

async fn handle(state: &State, head: &Parts, body: &Bytes, call: &mut ModelCall) -> Result<Response<Body>, Refusal> {
    let path = head.uri.path();
    let lists = head.method == Method::GET && path == "/v1/models";
    let writes = head.method == Method::POST && path == "/v1/chat/completions";
    credential(state, &head.headers)?;
    if !lists && !writes {
        let message = format!("Invalid URL ({} {path})", head.method);
        return Err(Refusal::new(StatusCode::NOT_FOUND, "invalid_request_error", "", message));
    }
    if lists {
        call.fault = state.faults.draw(|fault| fits(fault, call.kind));
        return Ok(match before(state, call).await {
            Some(answer) => answer?,
            None => send(state, call.clone(), dressed(state, models(state))),
        });
    }
    let of_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
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
    match before(state, call).await {
        Some(answer) => answer,
        None => Ok(written(state, &request, call).await),
    }
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
async fn before(state: &State, call: &ModelCall) -> Option<Result<Response<Body>, Refusal>> {
    let slow = "Rate limit reached for requests. Please try again later.";
    let limited = || dressed(state, Refusal::too_many("rate_limit_exceeded", slow).answer(state.personality));
    let after = state.faults.retry_after();
    let sent = |answer: Answer| Some(Ok(send(state, call.clone(), answer)));
    match call.fault {
        Some(ModelFault::Slow) => {
            tokio::time::sleep(state.faults.slowness()).await;
            None
        }
        Some(ModelFault::Hang) => {
            state.ledger.enter(call.clone());
            std::future::pending().await
        }
        Some(ModelFault::Dead) => {
            let ticket = state.ledger.enter(call.clone());
            Some(Ok(Answer::none().send(Some(ticket))))
        }
        Some(ModelFault::QuotaOfMinute) => sent(limited().with("retry-after", &after.as_secs_f64().ceil().to_string())),
        Some(ModelFault::RetryAfterDate) => sent(limited().with("retry-after", &http_date(after))),
        Some(ModelFault::RetryAfterMillis) => sent(limited().with("retry-after-ms", &after.as_millis().to_string())),
        Some(ModelFault::QuotaOfDay | ModelFault::SharedCapacity) => sent(limited()),
        Some(ModelFault::PurseEmpty) => {
            let message = "You exceeded your current quota, please check your plan and billing details.";
            Some(Err(Refusal::too_many("insufficient_quota", message)))
        }
        Some(ModelFault::Overloaded) => Some(Err(Refusal::overloaded())),
        Some(ModelFault::OverloadedPage) => sent(page()),
        Some(ModelFault::Internal) => Some(Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            "",
            "The server had an error while processing your request.",
        ))),
        Some(ModelFault::DeadlineExceeded) => {
            Some(Err(Refusal::new(StatusCode::GATEWAY_TIMEOUT, "server_error", "", "The request timed out.")))
        }
        Some(ModelFault::CredentialRefused) => Some(Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "invalid_request_error",
            "invalid_api_key",
            "Incorrect API key provided.",
        ))),
        Some(ModelFault::Denied) => Some(Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "invalid_request_error",
            "",
            "You do not have access to this resource.",
        ))),
        // The others come later, or are not of this wire.
        _ => None,
    }
}

fn models(state: &State) -> Answer {
    let model = |id: &String| {
        let mut model = json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "tests"});
        if state.personality == Personality::Vllm {
            model["max_model_len"] = state.context.into();
        }
        model
    };
    let data: Vec<Value> = state.models.iter().map(model).collect();
    Answer::whole(StatusCode::OK, "application/json", json!({"object": "list", "data": data}).to_string())
}

async fn written(state: &State, request: &Request, call: &ModelCall) -> Response<Body> {
    let fault = call.fault;
    let room = Room { thoughts: state.thoughts, limit: request.limit, hop: None };
    let author = state.author.read().clone();
    let outcome = outcome(author.0.as_ref(), &request.asked, room, fault);
    let usage = ModelTokens { input: request.input, cached: 0, output: outcome.output, thoughts: outcome.thoughts };
    let lost = fault == Some(ModelFault::LostAnswer);
    let ticket = state.ledger.enter(ModelCall {
        status: if lost { 0 } else { 200 },
        tokens: usage,
        finish: finish_reason(outcome.end).to_owned(),
        ..call.clone()
    });
    if fault == Some(ModelFault::Late) {
        tokio::time::sleep(state.faults.slowness()).await;
    }
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
    let says_usage = !request.streamed || (with_usage && fault != Some(ModelFault::MissingUsage));
    match fault {
        Some(ModelFault::LostAnswer) => Answer::none().send(Some(ticket)),
        Some(ModelFault::CutAnswer) => answer.cut().send(Some(ticket)),
        Some(ModelFault::NoReason | ModelFault::ErrorInStream) => answer.send(None),
        _ => answer.send(says_usage.then_some(ticket)),
    }
}
