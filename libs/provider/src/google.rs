//! What an error of Google's APIs means: the Gemini API and the Agent Platform.
//!
//! The form is `{"error": {"code", "message", "status", "details": [..]}}`, on some ways an array
//! of one of it, in old APIs with `errors: [{"reason"}]` in place of details, and HTML where a
//! front end answers. The status of HTTP decides first; 400, 403 and 429 mean many things, which
//! the details tell, and where there are none, words of the message. Those are looked at and not
//! kept.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use lectern_core::Timestamp;
use serde_json::Value;

use crate::delay;
use crate::error::{Billed, Class, ProviderError, TOO_LONG};
use crate::identifier::identifier;
use crate::pacific;

/// The window over which the smaller of two limits of spending counts.
const SPENDING_WINDOW: Duration = Duration::from_secs(600);
/// What the types of details begin with.
const TYPES: &str = "type.googleapis.com/google.rpc.";

/// The error in an answer that is none: of a status that is no success, or of a stream, whose
/// status was one, in what came in place of an event. `now` is for what is asked to wait until.
#[must_use]
pub fn error(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> ProviderError {
    let said = Said::read(body);
    // An error within a stream has its status in the body alone, and tokens came before it.
    let in_stream = status.is_success();
    let code = if in_stream { said.code() } else { status.as_u16() };
    let (class, why) = classify(code, &said);
    let reason = said.reason(class);
    let billed = billed(code, in_stream);
    let message = format!("{} ({}); {}", why.what, said.identifiers(reason.as_deref(), code), why.action);
    let asked = delay::of_headers(headers, now).max(said.retry_delay);
    let retry_after = match class {
        // What RetryInfo says there is the pause of the minute's quota.
        Class::QuotaOfDay => Some(pacific::until_midnight(now)),
        Class::QuotaOfMinute if said.is_spending() => Some(asked.unwrap_or(SPENDING_WINDOW)),
        Class::QuotaOfMinute
        | Class::Overloaded
        | Class::Server
        | Class::Interrupted
        | Class::Network
        | Class::Invalid
        | Class::Credentials
        | Class::Denied
        | Class::NotFound
        | Class::Purse
        | Class::Cancelled => asked,
    };
    let status = Some(status.as_u16());
    let provider_reason = reason.unwrap_or_else(|| format!("HTTP_{code}"));
    ProviderError { class, message, provider_reason, status, retry_after, billed }
}

/// Whether an answer of this status may be paid for: what was refused is not, what failed while it
/// was at work may be.
pub(crate) fn billed(code: u16, in_stream: bool) -> Billed {
    match code {
        _ if in_stream => Billed::Unknown,
        408 | 499 | 500 | 502 | 504.. => Billed::Unknown,
        _ => Billed::No,
    }
}

/// What happened, and who can do what.
#[derive(Debug, Clone, Copy)]
struct Why {
    what: &'static str,
    action: &'static str,
}

fn classify(code: u16, said: &Said) -> (Class, Why) {
    let why = |what, action| Why { what, action };
    let waits = "it is asked again by itself";
    match code {
        400 if said.has_reason("API_KEY_INVALID") || said.says(&["api key not valid", "api key expired"]) => (
            Class::Credentials,
            why("Google does not know the key", "the operator sets one that is valid, and restricted to this API"),
        ),
        400 if said.status == "FAILED_PRECONDITION" => (
            Class::Denied,
            why(
                "Google does not serve this account as it is set up",
                "the operator looks at its billing, and whether the API is offered at its place",
            ),
        ),
        400 | 413 if said.is_too_long() || code == 413 => {
            (Class::Invalid, why("the input is longer than the model takes", "order less of the document at once"))
        }
        401 => (
            Class::Credentials,
            why(
                "Google refuses the key or token",
                "the operator sets an auth key, since standard keys are no longer taken, or looks at the account",
            ),
        ),
        402 => (
            Class::Purse,
            why("the prepaid credit of the account is spent", "the operator adds some, then a retry goes on"),
        ),
        // Old APIs limit by 403.
        403 if said.has_any_reason(&["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"]) => quota(said),
        403 if said.says(&["reported as leaked", "leaked"]) => (
            Class::Denied,
            why("Google has blocked the key since it was made public", "the operator makes another and sets it"),
        ),
        403 => (
            Class::Denied,
            why(
                "Google does not let the account do this",
                "the operator looks whether the API is enabled and which roles the account has",
            ),
        ),
        404 => (
            Class::NotFound,
            why(
                "Google does not serve this model at this version of its API and place",
                "the operator corrects the model, api_version or location",
            ),
        ),
        408 | 499 | 504 => (Class::Interrupted, why("Google gave the call up before its answer was complete", waits)),
        429 => quota(said),
        409 | 502 | 503 | 529 => (Class::Overloaded, why("Google has too much to do for now", waits)),
        501 => (Class::Invalid, why("Google does not have this call", "report it with the name of the model")),
        500.. => (Class::Server, why("Google failed", "it is asked again, three times at most")),
        _ => (
            Class::Invalid,
            why(
                "Google refuses the request",
                "the operator looks whether the model has what the settings ask of it, and reports it otherwise",
            ),
        ),
    }
}

/// Which of its limits was reached.
fn quota(said: &Said) -> (Class, Why) {
    let minute = |what| (Class::QuotaOfMinute, Why { what, action: "it is asked again when there is some" });
    let day = Why {
        what: "the quota of the day is used up",
        action: "it is asked again after midnight Pacific time; the operator may ask Google for more",
    };
    let quotas = &said.quotas;
    let is_nothing = !quotas.is_empty() && quotas.iter().all(|quota| quota.value == "0");
    if is_nothing || said.says(&["limit: 0,"]) {
        let action = "the operator sets up billing for it, or configures another model";
        return (Class::Denied, Why { what: "the account has no quota at all for this model", action });
    }
    if said.is_spending() {
        if said.names(&["month"]) {
            let action = "the operator raises it, or waits for the next month; then a retry goes on";
            return (Class::Purse, Why { what: "the account reached its limit of spending for the month", action });
        }
        return minute("the account spent as much as it may within ten minutes");
    }
    if said.names(&["perday", "per day", "daily"]) || said.has_any_reason(&["dailyLimitExceeded", "quotaExceeded"]) {
        return (Class::QuotaOfDay, day);
    }
    let is_bare = quotas.is_empty() && said.retry_delay.is_none() && said.reasons.is_empty();
    match (is_bare, said.has_help) {
        // Links to the page of quotas, and nothing that says when: that is how it tells of a day's.
        (true, true) => (Class::QuotaOfDay, day),
        (true, false) => minute("the capacity that the account shares with others is used up"),
        (false, _) => minute("the quota of the minute is used up"),
    }
}

/// A quota that was reached.
#[derive(Debug, Default)]
struct Quota {
    id: String,
    metric: String,
    value: String,
}

/// What an answer says of itself.
#[derive(Debug, Default)]
struct Said {
    code: Option<u16>,
    status: String,
    /// In lower case; never kept.
    message: String,
    /// Of `ErrorInfo` and of `errors[]`.
    reasons: Vec<String>,
    quotas: Vec<Quota>,
    fields: Vec<String>,
    retry_delay: Option<Duration>,
    has_help: bool,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let Ok(whole) = serde_json::from_slice::<Value>(body) else { return Self::default() };
        let whole = match &whole {
            Value::Array(items) => items.first().unwrap_or(&Value::Null),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => &whole,
        };
        let Some(error) = whole.get("error") else { return Self::default() };
        let mut said = Self {
            code: text(error, "code").parse().ok(),
            status: text(error, "status"),
            message: text(error, "message").to_lowercase(),
            ..Self::default()
        };
        // Of the token service, `{"error": "invalid_grant"}`; of the Interactions API the code is a
        // word.
        said.reasons.extend(error.as_str().map(str::to_owned));
        said.reasons.extend(error.get("code").and_then(Value::as_str).map(str::to_owned));
        for old in list(error, "errors") {
            said.reasons.push(text(old, "reason"));
        }
        for detail in list(error, "details") {
            said.add(detail);
        }
        said.reasons.retain(|reason| !reason.is_empty());
        said
    }

    fn add(&mut self, detail: &Value) {
        let kind = text(detail, "@type");
        match kind.strip_prefix(TYPES).unwrap_or(&kind) {
            "ErrorInfo" => self.reasons.push(text(detail, "reason")),
            "RetryInfo" => self.retry_delay = delay::of_duration(&text(detail, "retryDelay")),
            "Help" => self.has_help = true,
            "BadRequest" => {
                self.fields.extend(list(detail, "fieldViolations").iter().map(|field| text(field, "field")));
            }
            "QuotaFailure" => self.quotas.extend(list(detail, "violations").iter().map(|violation| Quota {
                id: text(violation, "quotaId"),
                metric: text(violation, "quotaMetric"),
                value: text(violation, "quotaValue"),
            })),
            _ => {}
        }
    }

    /// The status as the body has it, where the one of HTTP was a success.
    fn code(&self) -> u16 {
        let named = match self.status.as_str() {
            "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => 400,
            "UNAUTHENTICATED" => 401,
            "PERMISSION_DENIED" => 403,
            "NOT_FOUND" => 404,
            "ABORTED" | "ALREADY_EXISTS" => 409,
            "RESOURCE_EXHAUSTED" => 429,
            "CANCELLED" => 499,
            "UNIMPLEMENTED" => 501,
            "UNAVAILABLE" => 503,
            "DEADLINE_EXCEEDED" => 504,
            _ => 500,
        };
        self.code.filter(|code| (400..600).contains(code)).unwrap_or(named)
    }

    /// The word that says most of why: that of the details where the status says little.
    fn reason(&self, class: Class) -> Option<String> {
        if class == Class::Invalid && self.is_too_long() {
            return Some(TOO_LONG.to_owned());
        }
        let detailed = matches!(class, Class::Credentials | Class::Denied | Class::Invalid | Class::NotFound);
        let first = || self.reasons.iter().find_map(|reason| identifier(reason));
        let status = identifier(&self.status);
        let chosen = if detailed { first().or(status) } else { status.or_else(first) };
        chosen.map(str::to_owned)
    }

    /// The names that an operator looks for: the reason, the status, fields and quotas.
    fn identifiers(&self, reason: Option<&str>, code: u16) -> String {
        const MOST: usize = 3;
        let mut names: Vec<String> = reason.map(str::to_owned).into_iter().collect();
        names.push(format!("HTTP {code}"));
        let fields = self.fields.iter().take(MOST).filter_map(|field| identifier(field));
        names.extend(fields.map(|field| format!("field {field}")));
        let quotas = self.quotas.iter().take(MOST).filter_map(|quota| identifier(&quota.id));
        names.extend(quotas.map(|quota| format!("quota {quota}")));
        names.join(", ")
    }

    fn has_reason(&self, reason: &str) -> bool {
        self.reasons.iter().any(|own| own == reason)
    }

    fn has_any_reason(&self, reasons: &[&str]) -> bool {
        reasons.iter().any(|reason| self.has_reason(reason))
    }

    /// Whether the message has one of these, which are in lower case.
    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.message.contains(word))
    }

    /// Whether a quota's name, or the message where there is no quota, has one of these.
    fn names(&self, words: &[&str]) -> bool {
        if self.quotas.is_empty() {
            return self.says(words);
        }
        let has = |name: &str| words.iter().any(|word| name.to_lowercase().contains(word));
        self.quotas.iter().any(|quota| has(&quota.id) || has(&quota.metric))
    }

    /// Whether what was reached is a limit of money. How Google names these quotas is not known to
    /// us; it calls them limits of spending, whether in the name or in the message.
    fn is_spending(&self) -> bool {
        self.names(&["spend"])
    }

    fn is_too_long(&self) -> bool {
        self.says(&["input token count", "maximum number of tokens"]) && self.says(&["exceed"])
    }
}

/// The text of a field, or of a number there; empty where there is none.
fn text(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
    }
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
