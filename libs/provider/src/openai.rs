//! What an error of a server means that speaks OpenAI's API: OpenAI itself, vLLM, Ollama, llama.cpp
//! and whatever else.
//!
//! The form is `{"error": {"message", "type", "param", "code"}}`, where the code is a word
//! (OpenAI), a number (vLLM, llama.cpp) or nothing (Ollama). The error may be a word itself
//! (`{"error": "..."}`), stand at the top, or be FastAPI's `{"detail": ...}`, a list of faults or
//! an error in itself (Kokoro-FastAPI). Of Google's own server for this API it is Google's form, in
//! an array.

use std::collections::BTreeSet;

use http::{HeaderMap, StatusCode};
use lectern_core::Timestamp;
use serde_json::Value;

use crate::delay;
use crate::error::{Class, ProviderError, TOO_LONG};
use crate::google;
use crate::identifier::identifier;

/// The error in an answer that is none: of a status that is no success, or of a stream, whose
/// status was one, in what came in place of an event. `now` is for what is asked to wait until.
#[must_use]
pub fn error(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> ProviderError {
    let said = Said::read(body);
    if said.is_google {
        return google::error(status, headers, body, now);
    }
    let in_stream = status.is_success();
    let code = if in_stream { said.status() } else { status.as_u16() };
    let class = advised(classify(code, &said), headers, &said);
    let reason = said.reason(class);
    let (what, action) = words(class, &said);
    let message = format!("{what} ({}); {action}", said.identifiers(reason.as_deref(), code));
    let provider_reason = reason.unwrap_or_else(|| format!("HTTP_{code}"));
    let (retry_after, billed) = (delay::of_headers(headers, now), google::billed(code, in_stream));
    ProviderError { class, message, provider_reason, status: Some(status.as_u16()), retry_after, billed }
}

fn classify(code: u16, said: &Said) -> Class {
    if said.has(&["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"]) {
        // It comes with 429, and no waiting fills it.
        return Class::Purse;
    }
    match code {
        400 if said.has(&["invalid_api_key"]) => Class::Credentials,
        401 => Class::Credentials,
        402 => Class::Purse,
        403 => Class::Denied,
        404 => Class::NotFound,
        408 | 499 | 504 => Class::Interrupted,
        429 if said.says(&["per day", "(rpd)", "(tpd)"]) => Class::QuotaOfDay,
        429 => Class::QuotaOfMinute,
        409 | 502 | 503 | 529 => Class::Overloaded,
        501 => Class::Invalid,
        500.. if said.is_too_long() => Class::Invalid,
        500.. => Class::Server,
        _ if said.has(&["model_not_found"]) => Class::NotFound,
        _ => Class::Invalid,
    }
}

/// The class, as `x-should-retry` corrects it.
fn advised(class: Class, headers: &HeaderMap, said: &Said) -> Class {
    let advice = headers.get("x-should-retry").and_then(|value| value.to_str().ok()).map(str::trim);
    match (advice, class) {
        (Some("false"), Class::QuotaOfMinute | Class::QuotaOfDay) => Class::Purse,
        (Some("false"), Class::Overloaded | Class::Server | Class::Interrupted) => Class::Invalid,
        (Some("true"), Class::Invalid) if !said.is_too_long() => Class::Overloaded,
        _ => class,
    }
}

/// What happened, and who can do what.
fn words(class: Class, said: &Said) -> (&'static str, &'static str) {
    let waits = "it is asked again by itself";
    match class {
        Class::Invalid if said.is_too_long() => {
            ("the input is longer than the model takes", "order less of the document at once")
        }
        Class::Invalid => (
            "the server refuses the request",
            "the operator looks whether the model has what the settings ask of it, and reports it otherwise",
        ),
        Class::Credentials => ("the server refuses the key", "the operator sets one that is valid"),
        Class::Denied => ("the server does not let the account do this", "the operator looks at what the key may do"),
        Class::NotFound => (
            "the server has no such model, or nothing at this path",
            "the operator corrects the model or the URL, which ends in /v1 at most servers",
        ),
        Class::QuotaOfMinute => ("the quota of the minute is used up", "it is asked again when there is some"),
        Class::QuotaOfDay => {
            ("the quota of the day is used up", "it is asked again when there is some; the operator may ask for more")
        }
        Class::Purse => ("the account has no credit or quota left", "the operator adds some, then a retry goes on"),
        Class::Overloaded => ("the server has too much to do for now, or is still loading its model", waits),
        Class::Server => ("the server failed", "it is asked again, three times at most"),
        Class::Interrupted | Class::Network | Class::Cancelled => {
            ("the server gave the call up before its answer was complete", waits)
        }
    }
}

/// What an answer says of itself.
#[derive(Debug, Default)]
struct Said {
    /// A code that is a number.
    number: Option<u16>,
    /// A code that is a word, then the type, where they are identifiers.
    reasons: Vec<String>,
    /// In lower case; never kept.
    message: String,
    params: BTreeSet<String>,
    /// It has Google's own form.
    is_google: bool,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let Ok(whole) = serde_json::from_slice::<Value>(body) else { return Self::default() };
        let whole = whole.get(0).unwrap_or(&whole);
        let of_fast_api = || whole.get("detail").filter(|detail| detail.is_object());
        let error = whole.get("error").or_else(of_fast_api).unwrap_or(whole);
        if let Some(message) = error.as_str() {
            return Self { message: message.to_lowercase(), ..Self::default() };
        }
        let word = |name: &str| error.get(name).and_then(Value::as_str);
        let known = |text: Option<&str>| text.and_then(identifier).map(str::to_owned);
        let code = error.get("code");
        let digits = code.and_then(Value::as_str).and_then(|text| text.parse().ok());
        let number = code.and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok()).or(digits);
        let mut said = Self {
            number,
            reasons: known(word("code").filter(|_| number.is_none())).into_iter().chain(known(word("type"))).collect(),
            message: word("message").or(word("detail")).unwrap_or_default().to_lowercase(),
            params: known(word("param")).into_iter().collect(),
            is_google: word("status").is_some_and(is_name_of_code),
        };
        for detail in error.get("detail").and_then(Value::as_array).into_iter().flatten() {
            said.add(detail);
        }
        said
    }

    /// A fault that FastAPI found: where, and of which type.
    fn add(&mut self, detail: &Value) {
        let parts = detail.get("loc").and_then(Value::as_array).into_iter().flatten();
        let parts = parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned));
        let place = parts.collect::<Vec<_>>().join(".");
        self.params.extend(identifier(&place).map(str::to_owned));
        let kind = detail.get("type").and_then(Value::as_str).and_then(identifier);
        if self.reasons.is_empty() {
            self.reasons.extend(kind.map(str::to_owned));
        }
    }

    /// The status, where the one of HTTP was a success.
    fn status(&self) -> u16 {
        let has = |words: &[&str]| self.has(words);
        if let Some(number) = self.number.filter(|number| (400..600).contains(number)) {
            number
        } else if has(&["rate_limit_exceeded", "rate_limit_error", "insufficient_quota"]) {
            429
        } else if has(&["overloaded_error", "unavailable_error"]) {
            503
        } else if has(&["authentication_error", "invalid_api_key"]) {
            401
        } else if has(&["permission_error"]) {
            403
        } else if has(&["not_found_error", "model_not_found"]) {
            404
        } else if self.is_too_long() || has(&["invalid_request_error", "BadRequestError", "invalid_prompt"]) {
            400
        } else {
            500
        }
    }

    /// The word that says most of why.
    fn reason(&self, class: Class) -> Option<String> {
        let own = self.reasons.first();
        if class == Class::Invalid && self.is_too_long() && !self.has(&[TOO_LONG, "exceed_context_size_error"]) {
            return Some(TOO_LONG.to_owned());
        }
        let long = self.reasons.iter().find(|reason| *reason == TOO_LONG || *reason == "exceed_context_size_error");
        long.or(own).cloned()
    }

    /// The names that an operator looks for: the reasons, the status, parameters.
    fn identifiers(&self, reason: Option<&str>, code: u16) -> String {
        const MOST: usize = 3;
        let mut names: Vec<String> = reason.map(str::to_owned).into_iter().collect();
        let others = self.reasons.iter().filter(|other| Some(other.as_str()) != reason);
        names.extend(others.cloned());
        names.push(format!("HTTP {code}"));
        names.extend(self.params.iter().take(MOST).map(|param| format!("parameter {param}")));
        names.join(", ")
    }

    /// Whether the code or the type is one of these.
    fn has(&self, words: &[&str]) -> bool {
        self.reasons.iter().any(|reason| words.contains(&reason.as_str()))
    }

    /// Whether the message has one of these, which are in lower case.
    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.message.contains(word))
    }

    /// vLLM says it in its message alone, llama.cpp by a type of its own.
    fn is_too_long(&self) -> bool {
        self.has(&[TOO_LONG, "exceed_context_size_error"])
            || self.says(&["maximum context length", "exceeds the available context size"])
    }
}

/// Whether a text is written as names of Google's codes are, such as `RESOURCE_EXHAUSTED`.
fn is_name_of_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

#[cfg(test)]
mod tests;
