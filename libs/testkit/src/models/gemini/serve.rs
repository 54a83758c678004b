//! One request from its path to its answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{Request as HttpRequest, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::answer::{Facts, finish_reason};
use super::errors::{Refusal, old_quota, page};
use super::request::Request;
use super::rows::{LEAST_CACHED, hop};
use super::target::{Call, Host, Target};
use super::{State, Unfinished, credentials, request};
use crate::models::faults::{ModelFault, Moment};
use crate::models::ledger::{CallKind, ModelCall, ModelTokens};
use crate::models::outcome::{End, Outcome, Room, fit, outcome};
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
        Err(refusal) => refuse(&state, call, &refusal),
    }
}

fn refuse(state: &State, call: ModelCall, refusal: &Refusal) -> Response<Body> {
    let ticket = state.ledger.enter(ModelCall { status: refusal.status.as_u16(), ..call });
    refusal.answer().send(Some(ticket))
}

async fn handle(state: &State, head: &Parts, body: &Bytes, call: &mut ModelCall) -> Result<Response<Body>, Refusal> {
    let target = Target::read(&head.method, head.uri.path())?;
    call.kind = target.kind();
    target.row.id.clone_into(&mut call.model);
    target.query(head.uri.query())?;
    credentials::check(state, &target, &head.headers, &head.uri)?;
    let of_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if of_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Refusal::invalid(format!("the content type is {of_type:?} and not application/json")));
    }
    let body: Value =
        serde_json::from_slice(body).map_err(|e| Refusal::invalid(format!("Invalid JSON payload received. {e}")))?;
    if target.method == Call::Count {
        let total = request::count(&target, &body)?;
        return counted(state, &target, total, call).await;
    }
    let request = request::read(&target, body)?;
    call.asked = Some(Arc::clone(&request.asked));
    call.fault = state.faults.draw(|fault| fits(fault, &target));
    if let Some(answer) = before(state, &target, call).await? {
        return Ok(answer);
    }
    written(state, &target, &request, call).await
}

/// Whether a fault is one of this call.
fn fits(fault: ModelFault, target: &Target) -> bool {
    if fault.of_streams() && target.kind() != CallKind::Streamed {
        return false;
    }
    let enterprise = target.host != Host::Developer;
    let of_others = [ModelFault::RetryAfterDate, ModelFault::RetryAfterMillis, ModelFault::MissingUsage];
    let goes_on = target.row.continues && (!enterprise || target.version == "v1beta1");
    let fits_host = (fault != ModelFault::Legacy || !enterprise) && (fault != ModelFault::Continuation || goes_on);
    let in_time = target.kind() != CallKind::Free || fault.moment() == Moment::Before;
    fits_host && in_time && !of_others.contains(&fault)
}

/// What is decided before anything is written: nothing, an answer, or a refusal.
async fn before(state: &State, target: &Target, call: &ModelCall) -> Result<Option<Response<Body>>, Refusal> {
    let plain = |status: StatusCode, name: &'static str, message: &str| Err(Refusal::new(status, name, message));
    let answered = |answer: Answer, status: u16| {
        let ticket = state.ledger.enter(ModelCall { status, ..call.clone() });
        Ok(Some(answer.send(Some(ticket))))
    };
    match call.fault {
        Some(ModelFault::Slow) => {
            tokio::time::sleep(state.faults.slowness()).await;
            Ok(None)
        }
        Some(ModelFault::Hang) => {
            state.ledger.enter(call.clone());
            std::future::pending().await
        }
        Some(ModelFault::Dead) => answered(Answer::none(), 0),
        Some(ModelFault::QuotaOfMinute) => Err(Refusal::quota_of_minute(target.row.id, state.faults.retry_after())),
        Some(ModelFault::QuotaOfDay) => Err(Refusal::quota_of_day()),
        Some(ModelFault::SharedCapacity) => Err(Refusal::shared_capacity()),
        Some(ModelFault::OldQuota) => answered(old_quota(), 429),
        Some(ModelFault::PurseEmpty) => Err(Refusal::purse_empty()),
        Some(ModelFault::Overloaded) => Err(Refusal::overloaded()),
        Some(ModelFault::OverloadedPage) => answered(page(), 503),
        Some(ModelFault::Internal) => {
            plain(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "An internal error has occurred. Please retry.")
        }
        Some(ModelFault::DeadlineExceeded) => {
            plain(StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.")
        }
        Some(ModelFault::CredentialRefused) => Err(Refusal::unauthenticated()),
        Some(ModelFault::Denied) => Err(Refusal::denied("The caller does not have permission")),
        Some(ModelFault::BillingNotSetUp) => plain(
            StatusCode::BAD_REQUEST,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use without a billing account linked.",
        ),
        // The others come later, or are not of this wire.
        _ => Ok(None),
    }
}

async fn counted(state: &State, target: &Target, total: u64, call: &mut ModelCall) -> Result<Response<Body>, Refusal> {
    call.fault = state.faults.draw(|fault| fits(fault, target));
    if let Some(answer) = before(state, target, call).await? {
        return Ok(answer);
    }
    let ticket = state.ledger.enter(ModelCall { status: 200, ..call.clone() });
    let details = json!([{"modality": "TEXT", "tokenCount": total}]);
    let body = json!({"totalTokens": total, "promptTokensDetails": details});
    Ok(Answer::whole(StatusCode::OK, "application/json; charset=UTF-8", format!("{body:#}")).send(Some(ticket)))
}

/// Lets the author write, or goes on with what it wrote.
fn write(state: &State, target: &Target, request: &Request, fault: Option<ModelFault>) -> Result<Outcome, Refusal> {
    let hop = target.row.continues.then(|| hop(target.kind() == CallKind::Streamed));
    let room = Room { thoughts: request.thoughts, limit: request.limit, hop };
    let Some(token) = &request.continuation else {
        let author = state.author.read().clone();
        return Ok(outcome(author.0.as_ref(), &request.asked, room, fault));
    };
    let wrong = |message: &str| Err(Refusal::field("continuation_token", message));
    let mut unfinished = state.unfinished.lock();
    match unfinished.get(token) {
        None => wrong("the continuation token is none of this server"),
        Some(known) if known.model != target.row.id || known.request != request.body => {
            wrong("the continuation token is of another request")
        }
        Some(known) => {
            let rest = known.rest.clone();
            unfinished.remove(token);
            Ok(fit(rest, Room { thoughts: 0, ..room }, fault))
        }
    }
}

async fn written(
    state: &State,
    target: &Target,
    request: &Request,
    call: &ModelCall,
) -> Result<Response<Body>, Refusal> {
    let fault = call.fault;
    let outcome = write(state, target, request, fault)?;
    let cached = state.cache.hit(target.row.id, request.prompt.clone(), LEAST_CACHED).min(request.input);
    let usage = ModelTokens { input: request.input, cached, output: outcome.output, thoughts: outcome.thoughts };
    let lost = fault == Some(ModelFault::LostAnswer);
    let ticket = state.ledger.enter(ModelCall {
        status: if lost { 0 } else { 200 },
        tokens: usage,
        finish: finish_reason(outcome.end).to_owned(),
        ..call.clone()
    });
    let token = (outcome.end == End::Continuation).then(|| format!("continue-{}", ticket.number));
    if let Some(token) = &token {
        let rest = outcome.rest.clone();
        let unfinished = Unfinished { model: target.row.id.to_owned(), request: request.body.clone(), rest };
        state.unfinished.lock().insert(token.clone(), unfinished);
    }
    if fault == Some(ModelFault::Late) {
        tokio::time::sleep(state.faults.slowness()).await;
    }
    let facts = Facts {
        outcome: &outcome,
        usage,
        model: target.row.id,
        enterprise: target.host != Host::Developer,
        shows_thoughts: request.shows_thoughts,
        token,
        fault,
        number: ticket.number,
    };
    let answer = if target.kind() == CallKind::Streamed {
        let framing = state.framing.unwrap_or(Framing::of_call(ticket.number));
        Answer::events(facts.stream(framing, state.faults.apart(fault)))
    } else {
        facts.whole()
    };
    Ok(match fault {
        Some(ModelFault::LostAnswer) => Answer::none().send(Some(ticket)),
        Some(ModelFault::CutAnswer) => answer.cut().send(Some(ticket)),
        // What was used is not known to whoever reads this.
        Some(ModelFault::NoReason | ModelFault::ErrorInStream) => answer.send(None),
        _ => answer.send(Some(ticket)),
    })
}
