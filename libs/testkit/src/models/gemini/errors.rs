//! The shapes of Google's errors.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::wire::Answer;

const JSON: &str = "application/json; charset=UTF-8";

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub status: StatusCode,
    /// The canonical name, such as `INVALID_ARGUMENT`.
    pub name: &'static str,
    pub message: String,
    pub details: Vec<Value>,
}

impl Refusal {
    pub(in crate::models) fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into(), details: Vec::new() }
    }

    pub(in crate::models) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    /// A field that is wrong, by its path.
    pub(in crate::models) fn field(path: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let violation = json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": path, "description": message}],
        });
        Self { details: vec![violation], ..Self::invalid(message) }
    }

    pub(in crate::models) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(in crate::models) fn unauthenticated() -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                       other valid authentication credential.";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    pub(in crate::models) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
    }

    /// What this fake does not know. 501, so that nobody takes it for the real one's.
    pub(in crate::models) fn unknown(what: impl Into<String>) -> Self {
        let message = format!("the fake does not know this, look up what the real one does: {}", what.into());
        Self::new(StatusCode::NOT_IMPLEMENTED, "UNIMPLEMENTED", message)
    }

    pub(in crate::models) fn exhausted(message: &str, details: Vec<Value>) -> Self {
        Self { details, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", message) }
    }

    /// Too many requests in a minute, with the time to wait.
    pub(in crate::models) fn quota_of_minute(model: &str, after: Duration) -> Self {
        let violation = json!({
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_paid_tier_requests",
            "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-PaidTier",
            "quotaDimensions": {"location": "global", "model": model},
            "quotaValue": "1000",
        });
        let details = vec![
            json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}),
            help(),
            json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": seconds(after)}),
        ];
        let message = "You exceeded your current quota, please check your plan and billing details.";
        Self::exhausted(message, details)
    }

    /// Too many requests in a day: nothing but links.
    pub(in crate::models) fn quota_of_day() -> Self {
        Self::exhausted(
            "You exceeded your current quota. Please migrate to a model with a higher daily limit. limit: 0",
            vec![help()],
        )
    }

    /// Capacity that is shared with everybody else.
    pub(in crate::models) fn shared_capacity() -> Self {
        let message = "Resource exhausted. Please try again later. Please refer to \
                       https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.";
        Self::exhausted(message, Vec::new())
    }

    /// The purse is empty.
    pub(in crate::models) fn purse_empty() -> Self {
        let message = "Your prepayment credits are depleted. Please go to AI Studio to manage your billing.";
        Self::new(StatusCode::PAYMENT_REQUIRED, "RESOURCE_EXHAUSTED", message)
    }

    /// Too much is asked of it by everybody.
    pub(in crate::models) fn overloaded() -> Self {
        let message = "This model is currently experiencing high demand. Spikes in demand are usually temporary. \
                       Please try again later.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
    }

    /// Something broke.
    pub(in crate::models) fn internal() -> Self {
        let message = "An internal error has occurred. Please retry.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }

    /// The server's own limit of time.
    pub(in crate::models) fn deadline_exceeded() -> Self {
        let message = "Deadline expired before operation could complete.";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", message)
    }

    /// Nobody pays for the project.
    pub(in crate::models) fn billing_not_set_up() -> Self {
        let message = "User location is not supported for the API use without a billing account linked.";
        Self::new(StatusCode::BAD_REQUEST, "FAILED_PRECONDITION", message)
    }

    /// A key that nobody has.
    pub(in crate::models) fn unknown_key() -> Self {
        let info = json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        });
        Self { details: vec![info], ..Self::invalid("API key not valid. Please pass a valid API key.") }
    }

    pub(in crate::models) fn json(&self) -> Value {
        let mut error = json!({"code": self.status.as_u16(), "message": self.message, "status": self.name});
        if !self.details.is_empty() {
            error["details"] = Value::Array(self.details.clone());
        }
        json!({ "error": error })
    }

    pub(in crate::models) fn answer(&self) -> Answer {
        Answer::whole(self.status, JSON, format!("{:#}", self.json()))
    }
}

/// 429 in the old style.
pub(super) fn old_quota() -> Answer {
    let message = "Quota exceeded for quota metric 'Generate Content API requests per minute'";
    let error = json!({
        "message": message,
        "domain": "global",
        "reason": "rateLimitExceeded",
    });
    let body = json!({"error": {"code": 429, "message": message, "errors": [error], "status": "RESOURCE_EXHAUSTED"}});
    Answer::whole(StatusCode::TOO_MANY_REQUESTS, JSON, format!("{body:#}"))
}

fn help() -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [{
            "description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }],
    })
}

/// A duration as Google writes it: `38s`, `0.5s`.
fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_seconds() {
        assert_eq!(seconds(Duration::from_secs(38)), "38s");
        assert_eq!(seconds(Duration::from_millis(500)), "0.5s");
    }
}
