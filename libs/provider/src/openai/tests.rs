//! Every shape of an error that servers of OpenAI's API are known to answer with.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::json;

use super::*;
use crate::error::Billed;

/// 2026-11-28T12:00:00Z.
const NOW: Timestamp = Timestamp(1_795_867_200_000);
/// What a document says, and what no error may repeat.
const CANARY: &str = "the canary sings at dawn";

fn with(status: u16, fields: &[(&'static str, &'static str)], body: &Value) -> ProviderError {
    let pair = |&(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let headers: HeaderMap = fields.iter().map(pair).collect();
    error(StatusCode::from_u16(status).unwrap(), &headers, body.to_string().as_bytes(), NOW)
}

fn at(status: u16, body: &Value) -> ProviderError {
    with(status, &[], body)
}

fn openai(kind: &str, code: &Value, message: &str) -> Value {
    json!({"error": {"message": format!("{message} {CANARY}"), "type": kind, "param": null, "code": code}})
}

#[test]
fn every_server_s_errors_have_their_class_and_reason() {
    let null = Value::Null;
    for (status, body, class, reason) in [
        (429, openai("insufficient_quota", &json!("insufficient_quota"), ""), Class::Purse, "insufficient_quota"),
        (429, openai("tokens", &json!("rate_limit_exceeded"), ""), Class::QuotaOfMinute, "rate_limit_exceeded"),
        (
            429,
            openai("requests", &json!("rate_limit_exceeded"), "on requests per day (RPD): Limit 200"),
            Class::QuotaOfDay,
            "rate_limit_exceeded",
        ),
        (400, openai("invalid_request_error", &json!("context_length_exceeded"), ""), Class::Invalid, TOO_LONG),
        (400, openai("invalid_request_error", &null, ""), Class::Invalid, "invalid_request_error"),
        (401, openai("invalid_request_error", &json!("invalid_api_key"), ""), Class::Credentials, "invalid_api_key"),
        (403, openai("permission_error", &null, ""), Class::Denied, "permission_error"),
        (404, openai("invalid_request_error", &json!("model_not_found"), ""), Class::NotFound, "model_not_found"),
        (500, openai("server_error", &null, ""), Class::Server, "server_error"),
        // vLLM: the code is a number.
        (400, openai("BadRequestError", &json!(400), "maximum context length is 4096"), Class::Invalid, TOO_LONG),
        (404, openai("NotFoundError", &json!(404), ""), Class::NotFound, "NotFoundError"),
        (500, openai("InternalServerError", &json!(500), ""), Class::Server, "InternalServerError"),
        (
            400,
            json!({"object": "error", "message": CANARY, "type": "BadRequestError", "code": 400}),
            Class::Invalid,
            "BadRequestError",
        ),
        // FastAPI.
        (
            422,
            json!({"detail": [{"loc": ["body", "messages", 0], "msg": CANARY, "type": "missing", "input": CANARY}]}),
            Class::Invalid,
            "missing",
        ),
        (404, json!({"detail": "Not Found"}), Class::NotFound, "HTTP_404"),
        (
            400,
            json!({"detail": {"error": "invalid_model", "message": CANARY, "type": "invalid_request_error"}}),
            Class::Invalid,
            "invalid_request_error",
        ),
        // Ollama: the code is nothing; its own API says a word.
        (404, openai("not_found_error", &null, ""), Class::NotFound, "not_found_error"),
        (500, openai("api_error", &null, ""), Class::Server, "api_error"),
        (400, json!({"error": CANARY}), Class::Invalid, "HTTP_400"),
        // llama.cpp.
        (
            400,
            json!({"error": {"code": 400, "message": CANARY, "type": "exceed_context_size_error", "n_ctx": 4096}}),
            Class::Invalid,
            "exceed_context_size_error",
        ),
        (503, openai("unavailable_error", &json!(503), "Loading model"), Class::Overloaded, "unavailable_error"),
        (501, openai("not_supported_error", &json!(501), ""), Class::Invalid, "not_supported_error"),
        // Whatever stands before it.
        (502, null.clone(), Class::Overloaded, "HTTP_502"),
        (504, null.clone(), Class::Interrupted, "HTTP_504"),
        (402, null.clone(), Class::Purse, "HTTP_402"),
        (409, null.clone(), Class::Overloaded, "HTTP_409"),
        (413, null.clone(), Class::Invalid, "HTTP_413"),
    ] {
        let found = at(status, &body);
        assert_eq!((found.class, found.provider_reason.as_str()), (class, reason), "{found:?}");
        assert_eq!(found.is_too_long(), [TOO_LONG, "exceed_context_size_error"].contains(&reason), "{found:?}");
        let billed = if [500, 502, 504].contains(&status) { Billed::Unknown } else { Billed::No };
        assert_eq!((found.status, found.billed), (Some(status), billed), "{found:?}");
        assert!(!format!("{found:?}").contains("canary"), "{found:?}");
    }
}

#[test]
fn an_error_in_a_stream_has_its_status_in_its_body_and_tokens_before_it() {
    for (body, class) in [
        (openai("server_error", &Value::Null, ""), Class::Server),
        (openai("tokens", &json!("rate_limit_exceeded"), ""), Class::QuotaOfMinute),
        (openai("x", &json!("insufficient_quota"), ""), Class::Purse),
        (openai("BadRequestError", &json!(400), ""), Class::Invalid),
        (openai("unavailable_error", &json!(503), ""), Class::Overloaded),
        (openai("x", &json!("503"), ""), Class::Overloaded),
        (json!({"error": CANARY}), Class::Server),
        (json!({}), Class::Server),
    ] {
        let found = at(200, &body);
        assert_eq!((found.class, found.billed), (class, Billed::Unknown), "{body}");
        assert!(!format!("{found:?}").contains("canary"), "{found:?}");
    }
}

#[test]
fn a_server_s_advice_is_followed() {
    let limited = openai("tokens", &json!("rate_limit_exceeded"), "");
    let failed = openai("server_error", &Value::Null, "");
    let refused = openai("invalid_request_error", &Value::Null, "");
    for (status, advice, body, class) in [
        (429, "false", &limited, Class::Purse),
        (429, "true", &limited, Class::QuotaOfMinute),
        (500, "false", &failed, Class::Invalid),
        (503, "false", &failed, Class::Invalid),
        (400, "true", &refused, Class::Overloaded),
        (400, "false", &refused, Class::Invalid),
        (401, "true", &refused, Class::Credentials),
    ] {
        assert_eq!(with(status, &[("x-should-retry", advice)], body).class, class, "{status} {advice}");
    }
    let wait = with(429, &[("retry-after", "Sat, 28 Nov 2026 12:00:20 GMT")], &limited);
    assert_eq!(wait.retry_after, Some(Duration::from_secs(20)));
    let wait = with(429, &[("retry-after-ms", "1500"), ("retry-after", "2")], &limited);
    assert_eq!(wait.retry_after, Some(Duration::from_millis(1_500)));
}

#[test]
fn names_of_parameters_are_told() {
    let body = json!({"error": {"message": CANARY, "type": "invalid_request_error", "param": "max_tokens"}});
    assert!(at(400, &body).message.contains("parameter max_tokens"));
    let body = json!({"detail": [{"loc": ["body", "messages", 0], "type": "missing"}, {"loc": [CANARY], "type": "x"}]});
    let message = at(422, &body).message;
    assert!(message.contains("parameter body.messages.0") && !message.contains("canary"), "{message}");
}

#[test]
fn google_s_own_server_for_this_api_is_read_as_google_s() {
    let details = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "38s"}]);
    let body = json!([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "", "details": details}}]);
    let found = at(429, &body);
    assert_eq!((found.class, found.retry_after), (Class::QuotaOfMinute, Some(Duration::from_secs(38))));
    assert_eq!(found.provider_reason, "RESOURCE_EXHAUSTED");
}
