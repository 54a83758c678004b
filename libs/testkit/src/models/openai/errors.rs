//! The shapes of errors.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::personality::Personality;
use crate::models::wire::Answer;

const JSON: &str = "application/json";

/// A refusal, before it has the shape of a server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// OpenAI's word for the kind of error.
    pub kind: &'static str,
    /// OpenAI's code; empty for none.
    pub code: &'static str,
    /// The field; empty for none.
    pub param: String,
    pub message: String,
}

impl Refusal {
    pub(in crate::models) fn new(
        status: StatusCode,
        kind: &'static str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, kind, code, param: String::new(), message: message.into() }
    }

    pub(in crate::models) fn invalid(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        let refusal = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", code, message);
        Self { param: param.to_owned(), ..refusal }
    }

    /// What this fake does not know. 501, so that nobody takes it for the real one's.
    pub(in crate::models) fn unknown(what: &str) -> Self {
        let message = format!("the fake does not know this, look up what the real one does: {what}");
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", "", message)
    }

    pub(in crate::models) fn too_many(code: &'static str, message: &str) -> Self {
        let kind = if code.is_empty() { "requests" } else { code };
        Self::new(StatusCode::TOO_MANY_REQUESTS, kind, code, message)
    }

    pub(in crate::models) fn overloaded() -> Self {
        let message = "The engine is currently overloaded, please try again later.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", "", message)
    }

    /// A key that nobody has.
    pub(in crate::models) fn unknown_key() -> Self {
        let message = "Incorrect API key provided.";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", "invalid_api_key", message)
    }

    /// The account may not do this.
    pub(in crate::models) fn denied() -> Self {
        let message = "You do not have access to this resource.";
        Self::new(StatusCode::FORBIDDEN, "invalid_request_error", "", message)
    }

    /// No path of this server's.
    pub(in crate::models) fn unknown_path(head: &Parts) -> Self {
        let message = format!("Invalid URL ({} {})", head.method, head.uri.path());
        Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "", message)
    }

    /// The purse is empty.
    pub(in crate::models) fn purse_empty() -> Self {
        let message = "You exceeded your current quota, please check your plan and billing details.";
        Self::too_many("insufficient_quota", message)
    }

    /// Something broke.
    pub(in crate::models) fn internal() -> Self {
        let message = "The server had an error while processing your request.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "", message)
    }

    /// The server's own limit of time.
    pub(in crate::models) fn timed_out() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "server_error", "", "The request timed out.")
    }

    /// As a server of this kind says it.
    pub(super) fn json(&self, personality: Personality) -> Value {
        let param = if self.param.is_empty() { Value::Null } else { self.param.clone().into() };
        let word = if self.code.is_empty() { Value::Null } else { Value::from(self.code) };
        let code = if personality.has_integer_codes() { json!(self.status.as_u16()) } else { word };
        let error = match personality {
            Personality::OpenAi | Personality::Vllm => {
                json!({"message": self.message, "type": self.kind, "param": param, "code": code})
            }
            Personality::Ollama => {
                let kind = match self.status.as_u16() {
                    404 => "not_found_error",
                    400..500 => "invalid_request_error",
                    _ => "api_error",
                };
                json!({"message": self.message, "type": kind, "param": null, "code": null})
            }
            Personality::LlamaCpp => json!({"code": code, "message": self.message, "type": self.kind}),
        };
        json!({ "error": error })
    }

    pub(super) fn answer(&self, personality: Personality) -> Answer {
        Answer::whole(self.status, JSON, self.json(personality).to_string())
    }
}

/// A time as HTTP writes it: `Sat, 28 Nov 2026 16:00:00 GMT` (RFC 9110, section 5.6.7).
pub(super) fn http_date(in_time: Duration) -> String {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + in_time;
    date(at.as_secs())
}

fn date(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    let weekday = usize::try_from(days % 7).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or_default();
    // Year by year and month by month: few enough, and plain.
    let (mut year, mut left) = (1970_u64, days);
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = |year: u64| if is_leap(year) { 366 } else { 365 };
    while left >= length(year) {
        left -= length(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = "";
    for (name, length) in MONTHS.into_iter().zip(lengths) {
        month = name;
        if left < length {
            break;
        }
        left -= length;
    }
    format!("{weekday}, {:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT", left + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_has_them() {
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(1_709_208_000), "Thu, 29 Feb 2024 12:00:00 GMT");
    }
}
