//! What the endpoints for tokens answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::super::fake;
use super::super::wire::Answer;
use super::issue::{Issuer, TokenFault};
use super::{AUDIENCE, SCOPE, SUBJECT_TOKEN, jwt};

pub(super) const CLIENT_ID: &str = "lectern-tests.apps.googleusercontent.com";
pub(super) const CLIENT_SECRET: &str = "client-secret-for-tests";
pub(super) const REFRESH_TOKEN: &str = "refresh-token-for-tests";

const METADATA: &str = "/computeMetadata/v1/";
const OTHER_ACCOUNT: &str = "node@other.iam.gserviceaccount.com";
const GRANT_JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const GRANT_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const IAM_SCOPE: &str = "https://www.googleapis.com/auth/iam";
const JSON: &str = "application/json; charset=UTF-8";

pub(super) fn app(issuer: Arc<Issuer>) -> axum::Router {
    axum::Router::new().fallback(any).with_state(issuer)
}

async fn any(Shared(issuer): Shared<Arc<Issuer>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return answer(Answer::none());
    };
    let body = body.to_bytes();
    let path = head.uri.path();
    if path.starts_with(METADATA) && head.headers.get("metadata-flavor").is_none_or(|flavor| flavor != "Google") {
        let page =
            "<!DOCTYPE html>\n<title>Error 403 (Forbidden)!!1</title>\nMissing required header: Metadata-Flavor\n";
        return answer(Answer::whole(StatusCode::FORBIDDEN, "text/html; charset=UTF-8", page));
    }
    let asks_for_token = path.ends_with("/token") || path.ends_with(":generateAccessToken");
    let fault = if asks_for_token { issuer.fault() } else { None };
    if let Some(TokenFault::SlowStart(by)) = fault {
        tokio::time::sleep(by).await;
    }
    let whose = if fault == Some(TokenFault::WrongIdentity) { OTHER_ACCOUNT } else { jwt::EMAIL };
    let done = match fault {
        Some(TokenFault::Refused) => return answer(Answer::none()),
        Some(TokenFault::BadRequest) => refused(StatusCode::BAD_REQUEST, "invalid_request", "bad request, on demand"),
        Some(TokenFault::Forbidden) => refused(StatusCode::FORBIDDEN, "access_denied", "forbidden, on demand"),
        Some(TokenFault::Internal) => {
            refused(StatusCode::INTERNAL_SERVER_ERROR, "internal_failure", "internal error, on demand")
        }
        Some(TokenFault::ClockSkew) => refused(
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
        ),
        Some(TokenFault::SlowStart(_) | TokenFault::CutBody | TokenFault::WrongIdentity) | None => {
            route(&issuer, &head.method, path, head.uri.query(), &head.headers, &body, whose)
        }
    };
    answer(if fault == Some(TokenFault::CutBody) { done.cut() } else { done })
}

fn route(
    issuer: &Issuer,
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
    body: &Bytes,
    whose: &str,
) -> Answer {
    if let Some(rest) = path.strip_prefix(METADATA) {
        return if *method == Method::GET { metadata(issuer, rest, query, whose) } else { unknown(path) };
    }
    if *method != Method::POST {
        return unknown(path);
    }
    let form = || content_type(headers) == "application/x-www-form-urlencoded";
    match path {
        "/token" if form() => signed(issuer, &fields(body), whose),
        "/token" => user(issuer, body, whose),
        "/v1/token" if form() => exchanged(issuer, &fields(body), whose),
        "/v1/token" => refused(StatusCode::BAD_REQUEST, "invalid_request", "the body is no form"),
        _ => match path.strip_prefix("/v1/projects/-/serviceAccounts/").and_then(|p| p.split_once(':')) {
            Some((account, "generateAccessToken")) => impersonated(issuer, account, headers, body, whose),
            Some(_) | None => unknown(path),
        },
    }
}

fn metadata(issuer: &Issuer, path: &str, query: Option<&str>, whose: &str) -> Answer {
    let text = |text: &str| {
        Answer::whole(StatusCode::OK, "application/text", text.to_owned()).with("metadata-flavor", "Google")
    };
    match path {
        "instance/service-accounts/default/token" => {
            let query = fields(query.unwrap_or_default().as_bytes());
            if let Some(name) = query.keys().find(|name| *name != "scopes") {
                return unknown(name);
            }
            let scopes = query.get("scopes");
            if scopes.is_some_and(|scopes| !scopes.split(',').any(|scope| scope == SCOPE)) {
                return unknown("a token without the scope cloud-platform");
            }
            let (token, life) = issuer.issue(whose);
            let body = json!({"access_token": token, "expires_in": life, "token_type": "Bearer"});
            Answer::whole(StatusCode::OK, "application/json", body.to_string()).with("metadata-flavor", "Google")
        }
        "instance/service-accounts/default/email" => text(whose),
        "universe/universe-domain" => text("googleapis.com"),
        _ => unknown(path),
    }
}

/// A token for what the holder of the key signed.
fn signed(issuer: &Issuer, form: &BTreeMap<String, String>, whose: &str) -> Answer {
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    if field("grant_type") != GRANT_JWT {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Invalid grant_type");
    }
    let own = format!("{}/token", issuer.url());
    match jwt::verify(field("assertion"), &["https://oauth2.googleapis.com/token", &own], true) {
        Ok(()) => token(issuer, whose, None),
        Err(wrong) => refused(StatusCode::BAD_REQUEST, "invalid_grant", wrong),
    }
}

/// A token for a user who signed in.
fn user(issuer: &Issuer, body: &Bytes, whose: &str) -> Answer {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", "the body is neither a form nor JSON");
    };
    let field = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    if field("grant_type") != "refresh_token" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Invalid grant_type");
    }
    if field("client_id") != CLIENT_ID || field("client_secret") != CLIENT_SECRET {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client", "The OAuth client was not found.");
    }
    if field("refresh_token") != REFRESH_TOKEN {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant", "Bad Request");
    }
    token(issuer, whose, None)
}

/// A token for one of another provider.
fn exchanged(issuer: &Issuer, form: &BTreeMap<String, String>, whose: &str) -> Answer {
    let known =
        ["grant_type", "audience", "scope", "requested_token_type", "subject_token", "subject_token_type", "options"];
    if let Some(name) = form.keys().find(|name| !known.contains(&name.as_str())) {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", &format!("unknown field {name}"));
    }
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let expected = [
        ("grant_type", GRANT_EXCHANGE),
        ("audience", AUDIENCE),
        ("requested_token_type", ACCESS_TOKEN),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ];
    if let Some((name, value)) = expected.iter().find(|(name, value)| field(name) != *value) {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", &format!("{name} is not {value}"));
    }
    let scoped = |wanted: &str| field("scope").split(' ').any(|scope| scope == wanted);
    if !scoped(SCOPE) && !scoped(IAM_SCOPE) {
        return refused(StatusCode::BAD_REQUEST, "invalid_scope", "the scope is neither cloud-platform nor iam");
    }
    if field("subject_token").trim() != SUBJECT_TOKEN {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant", "The subject token is invalid.");
    }
    // What is scoped for IAM alone can act as the account, and do nothing else.
    token(issuer, if scoped(SCOPE) { whose } else { OTHER_ACCOUNT }, Some(ACCESS_TOKEN))
}

fn impersonated(issuer: &Issuer, account: &str, headers: &HeaderMap, body: &Bytes, whose: &str) -> Answer {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = bearer.strip_prefix("Bearer ").and_then(|token| issuer.account(token));
    if known.is_none() {
        return refused(StatusCode::UNAUTHORIZED, "unauthenticated", "the bearer is none of this server");
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let scoped = request.get("scope").and_then(Value::as_array);
    if account != jwt::EMAIL || !scoped.is_some_and(|scopes| scopes.iter().any(|scope| scope == SCOPE)) {
        return refused(
            StatusCode::FORBIDDEN,
            "permission_denied",
            "Permission 'iam.serviceAccounts.getAccessToken' denied",
        );
    }
    let (token, _) = issuer.issue(whose);
    // The life is told as a time; this one is far enough away for any test.
    Answer::whole(StatusCode::OK, JSON, json!({"accessToken": token, "expireTime": "2099-01-01T00:00:00Z"}).to_string())
}

fn token(issuer: &Issuer, whose: &str, issued_type: Option<&str>) -> Answer {
    let (token, life) = issuer.issue(whose);
    let mut body = json!({"access_token": token, "expires_in": life, "token_type": "Bearer"});
    if let Some(of) = issued_type {
        body["issued_token_type"] = of.into();
    }
    Answer::whole(StatusCode::OK, JSON, body.to_string())
}

fn refused(status: StatusCode, error: &str, description: &str) -> Answer {
    Answer::whole(status, JSON, json!({"error": error, "error_description": description}).to_string())
}

fn unknown(what: &str) -> Answer {
    let body = format!("the fake does not know this, look up what the real one does: {what}");
    Answer::whole(StatusCode::NOT_FOUND, "text/plain", body)
}

fn content_type(headers: &HeaderMap) -> &str {
    fake::content_type(headers).split(';').next().unwrap_or_default().trim()
}

fn fields(form: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(form).into_owned().collect()
}

fn answer(answer: Answer) -> Response<Body> {
    answer.send(None)
}
