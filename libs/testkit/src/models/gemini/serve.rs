//! One request from its path to its answer.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use serde_json::json;

use super::answer::{Facts, finish_reason};
use super::check::json_of;
use super::errors::{Refusal, old_quota};
use super::request::Request;
use super::rows::{LEAST_CACHED, hop};
use super::target::{Call, Host, Target};
use super::{State, Unfinished, credentials, request};
use crate::models::fake::{let_out, send, status, struck};
use crate::models::faults::{ModelFault, Moment};
use crate::models::ledger::{CallKind, ModelCall, ModelTokens};
use crate::models::outcome::{End, Outcome, Room, fit, outcome};
use crate::models::wire::{Answer, Framing};

pub(super) async fn handle(
    state: &State,
    head: &Parts,
    body: &Bytes,
    call: &mut ModelCall,
) -> Result<Response<Body>, Refusal> {
    let target = Target::read(&head.method, head.uri.path())?;
    call.kind = target.kind();
    target.row.id.clone_into(&mut call.model);
    target.query(head.uri.query())?;
    credentials::check(state.believed(), &target.host, &head.headers, &head.uri)?;
    let body = json_of(&head.headers, body)?;
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
    if let Some(answer) = struck(state, call).await {
        return Ok(Some(answer));
    }
    match call.fault {
        Some(ModelFault::QuotaOfMinute) => Err(Refusal::quota_of_minute(target.row.id, state.faults.retry_after())),
        Some(ModelFault::QuotaOfDay) => Err(Refusal::quota_of_day()),
        Some(ModelFault::SharedCapacity) => Err(Refusal::shared_capacity()),
        Some(ModelFault::OldQuota) => Ok(Some(send(state, call.clone(), old_quota()))),
        Some(ModelFault::PurseEmpty) => Err(Refusal::purse_empty()),
        Some(ModelFault::Overloaded) => Err(Refusal::overloaded()),
        Some(ModelFault::Internal) => Err(Refusal::internal()),
        Some(ModelFault::DeadlineExceeded) => Err(Refusal::deadline_exceeded()),
        Some(ModelFault::CredentialRefused) => Err(Refusal::unauthenticated()),
        Some(ModelFault::Denied) => Err(Refusal::denied("The caller does not have permission")),
        Some(ModelFault::BillingNotSetUp) => Err(Refusal::billing_not_set_up()),
        // The others come later, or are not of this wire.
        _ => Ok(None),
    }
}

async fn counted(state: &State, target: &Target, total: u64, call: &mut ModelCall) -> Result<Response<Body>, Refusal> {
    call.fault = state.faults.draw(|fault| fits(fault, target));
    if let Some(answer) = before(state, target, call).await? {
        return Ok(answer);
    }
    let details = json!([{"modality": "TEXT", "tokenCount": total}]);
    let body = json!({"totalTokens": total, "promptTokensDetails": details});
    let answer = Answer::whole(StatusCode::OK, "application/json; charset=UTF-8", format!("{body:#}"));
    Ok(send(state, call.clone(), answer))
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
    let ticket = state.ledger.enter(ModelCall {
        status: status(fault),
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
    // What was used is not known to whoever reads these.
    let says_usage = !matches!(fault, Some(ModelFault::NoReason | ModelFault::ErrorInStream));
    Ok(let_out(state, fault, answer, says_usage, ticket).await)
}
