//! Every shape of an error that Google is known to answer with.

use http::HeaderValue;
use serde_json::json;

use super::*;

/// 2026-11-28T12:00:00Z: four o'clock in the morning at the Pacific, twenty hours before midnight.
const NOW: Timestamp = Timestamp(1_795_867_200_000);
/// What a document says, and what no error may repeat.
const CANARY: &str = "the canary sings at dawn";

fn at(status: u16, body: &Value) -> ProviderError {
    raw(status, body.to_string().as_bytes())
}

fn raw(status: u16, body: &[u8]) -> ProviderError {
    error(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body, NOW)
}

fn body(code: u16, status: &str, message: &str, details: &Value) -> Value {
    json!({"error": {"code": code, "status": status, "message": format!("{message} {CANARY}"), "details": details}})
}

fn info(reason: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}])
}

fn quotas(ids: &[&str], value: &str, retry: Option<&str>) -> Value {
    let violations: Vec<Value> = ids
        .iter()
        .map(|id| json!({"quotaMetric": "generativelanguage.googleapis.com/x", "quotaId": id, "quotaValue": value}))
        .collect();
    let mut details = vec![
        json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations}),
        json!({"@type": "type.googleapis.com/google.rpc.Help", "links": [{"description": "quotas"}]}),
    ];
    details
        .extend(retry.map(|delay| json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})));
    Value::Array(details)
}

#[test]
fn every_status_has_its_class_and_its_reason() {
    let none = json!([]);
    for (status, body, class, reason, billed) in [
        (400, body(400, "INVALID_ARGUMENT", "Unknown name", &none), Class::Invalid, "INVALID_ARGUMENT", Billed::No),
        (
            400,
            body(400, "INVALID_ARGUMENT", "API key not valid.", &info("API_KEY_INVALID")),
            Class::Credentials,
            "API_KEY_INVALID",
            Billed::No,
        ),
        (400, body(400, "FAILED_PRECONDITION", "no billing", &none), Class::Denied, "FAILED_PRECONDITION", Billed::No),
        (
            400,
            body(400, "INVALID_ARGUMENT", "Multiple authentication credentials received.", &none),
            Class::Invalid,
            "INVALID_ARGUMENT",
            Billed::No,
        ),
        (
            400,
            body(400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens", &none),
            Class::Invalid,
            TOO_LONG,
            Billed::No,
        ),
        (
            401,
            body(401, "UNAUTHENTICATED", "expected OAuth 2", &none),
            Class::Credentials,
            "UNAUTHENTICATED",
            Billed::No,
        ),
        (402, body(402, "RESOURCE_EXHAUSTED", "credit", &none), Class::Purse, "RESOURCE_EXHAUSTED", Billed::No),
        (
            403,
            body(403, "PERMISSION_DENIED", "disabled", &info("SERVICE_DISABLED")),
            Class::Denied,
            "SERVICE_DISABLED",
            Billed::No,
        ),
        (
            403,
            body(403, "PERMISSION_DENIED", "Your API key was reported as leaked.", &none),
            Class::Denied,
            "PERMISSION_DENIED",
            Billed::No,
        ),
        (404, body(404, "NOT_FOUND", "models/x is not found", &none), Class::NotFound, "NOT_FOUND", Billed::No),
        (408, body(408, "CANCELLED", "", &none), Class::Interrupted, "CANCELLED", Billed::Unknown),
        (499, body(499, "CANCELLED", "", &none), Class::Interrupted, "CANCELLED", Billed::Unknown),
        (500, body(500, "INTERNAL", "", &none), Class::Server, "INTERNAL", Billed::Unknown),
        (502, Value::Null, Class::Overloaded, "HTTP_502", Billed::Unknown),
        (503, body(503, "UNAVAILABLE", "high demand", &none), Class::Overloaded, "UNAVAILABLE", Billed::No),
        (504, body(504, "DEADLINE_EXCEEDED", "", &none), Class::Interrupted, "DEADLINE_EXCEEDED", Billed::Unknown),
    ] {
        let found = at(status, &body);
        assert_eq!((found.class, found.provider_reason.as_str(), found.billed), (class, reason, billed), "{found:?}");
        assert_eq!((found.status, found.retry_after), (Some(status), None), "{found:?}");
        assert!(!format!("{found:?}").contains("canary"), "{found:?}");
        assert_eq!(found.is_too_long(), reason == TOO_LONG);
        // On the way that is compatible with OpenAI it is an array of one.
        let wrapped = at(status, &json!([body]));
        assert_eq!(wrapped, found);
    }
}

#[test]
fn every_shape_of_429_says_when_to_come_again() {
    let midnight = Some(Duration::from_secs(20 * 3_600));
    let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
    let minute = "GenerateRequestsPerMinutePerProjectPerModel";
    let day = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
    let help = json!([{"@type": "type.googleapis.com/google.rpc.Help", "links": []}]);
    let exhausted = |message: &str, details: &Value| body(429, "RESOURCE_EXHAUSTED", message, details);
    for (name, body, class, retry_after) in [
        ("a minute", exhausted("", &quotas(&[minute], "10", Some("38s"))), Class::QuotaOfMinute, seconds(38.0)),
        ("half a second", exhausted("", &quotas(&[minute], "10", Some("0.5s"))), Class::QuotaOfMinute, seconds(0.5)),
        ("no RetryInfo", exhausted("", &quotas(&[minute], "10", None)), Class::QuotaOfMinute, None),
        ("a day", exhausted("", &quotas(&[day], "250", Some("38s"))), Class::QuotaOfDay, midnight),
        ("a day and a minute", exhausted("", &quotas(&[minute, day], "250", None)), Class::QuotaOfDay, midnight),
        ("links alone", exhausted("You exceeded your current quota", &help), Class::QuotaOfDay, midnight),
        ("none at all", exhausted("", &quotas(&[minute, day], "0", Some("9s"))), Class::Denied, seconds(9.0)),
        ("shared", exhausted("Resource exhausted. See error-code-429", &json!([])), Class::QuotaOfMinute, None),
        (
            "money of ten minutes",
            exhausted("", &quotas(&["SpendPer10Minutes"], "10", None)),
            Class::QuotaOfMinute,
            seconds(600.0),
        ),
        (
            "the same, and when",
            exhausted("", &quotas(&["SpendPer10Minutes"], "10", Some("60s"))),
            Class::QuotaOfMinute,
            seconds(60.0),
        ),
        (
            "money of the month",
            exhausted("Your project exceeded its monthly spending cap", &json!([])),
            Class::Purse,
            None,
        ),
        (
            "the old way",
            json!({"error": {"code": 429, "message": CANARY, "errors": [{"reason": "rateLimitExceeded"}]}}),
            Class::QuotaOfMinute,
            None,
        ),
        (
            "the old way, of a day",
            json!({"error": {"code": 429, "message": CANARY, "errors": [{"reason": "dailyLimitExceeded"}]}}),
            Class::QuotaOfDay,
            midnight,
        ),
        ("no body", Value::Null, Class::QuotaOfMinute, None),
    ] {
        let found = at(429, &body);
        assert_eq!((found.class, found.retry_after), (class, retry_after), "{name}: {found:?}");
        assert!(found.billed == Billed::No && !format!("{found:?}").contains("canary"), "{name}: {found:?}");
        assert_eq!(at(429, &json!([body])), found, "{name}, in an array");
    }
    let old = json!({"error": {"code": 403, "errors": [{"reason": "userRateLimitExceeded"}]}});
    assert_eq!(at(403, &old).class, Class::QuotaOfMinute, "old APIs limit by 403");
}

#[test]
fn a_header_says_when_where_the_body_does_not() {
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("7"));
    let found = error(StatusCode::SERVICE_UNAVAILABLE, &headers, b"<html>Service Unavailable</html>", NOW);
    assert_eq!((found.class, found.retry_after), (Class::Overloaded, Some(Duration::from_secs(7))));
    assert_eq!(found.provider_reason, "HTTP_503");
}

#[test]
fn an_error_in_a_stream_has_its_status_in_its_body_and_tokens_before_it() {
    let unavailable = body(503, "UNAVAILABLE", "", &json!([]));
    for body in [unavailable.clone(), json!([unavailable]), json!({"error": {"status": "UNAVAILABLE"}})] {
        let found = at(200, &body);
        assert_eq!((found.class, found.billed), (Class::Overloaded, Billed::Unknown), "{body}");
        assert_eq!(found.provider_reason, "UNAVAILABLE");
    }
    for bytes in [b"{\"error\": {\"code\": 50".as_slice(), b"[]", b"{}", b"\xff"] {
        let found = raw(200, bytes);
        assert_eq!((found.class, found.billed), (Class::Server, Billed::Unknown));
    }
}

#[test]
fn names_of_fields_and_quotas_are_told_and_sentences_are_not() {
    let details = json!([{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
            {"field": "generation_config.response_schema", "description": CANARY},
            {"field": CANARY, "description": CANARY},
        ],
    }]);
    let message = at(400, &body(400, "INVALID_ARGUMENT", "", &details)).message;
    assert!(message.contains("field generation_config.response_schema") && !message.contains("canary"), "{message}");
    let message = at(429, &body(429, CANARY, "", &quotas(&["A-b", CANARY], "1", None))).message;
    assert!(message.contains("quota A-b") && !message.contains("canary"), "{message}");
    let reason = at(400, &json!({"error": {"code": 400, "status": CANARY}})).provider_reason;
    assert_eq!(reason, "HTTP_400");
}

#[test]
fn the_token_service_and_interactions_say_a_word() {
    assert_eq!(
        at(400, &json!({"error": "invalid_grant", "error_description": CANARY})).provider_reason,
        "invalid_grant"
    );
    let interactions = json!({"error": {"code": "invalid_request", "message": CANARY}});
    assert_eq!(at(400, &interactions).provider_reason, "invalid_request");
}
