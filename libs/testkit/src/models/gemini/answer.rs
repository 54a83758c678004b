//! The shapes of answers: a whole one, and the events of a stream.

use std::collections::VecDeque;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::errors::Refusal;
use crate::models::faults::ModelFault;
use crate::models::ledger::ModelTokens;
use crate::models::outcome::{End, Outcome};
use crate::models::tokens::{before, tokens};
use crate::models::wire::{Answer, Framing, Piece};

/// About how many events a text comes in.
const EVENTS: usize = 6;
/// What a thought says, where thoughts are shown.
const THOUGHT: &str = "**Considering the request**\n\nWhat the source says comes first.";

/// What an answer is made of.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub outcome: &'a Outcome,
    pub usage: ModelTokens,
    pub model: &'a str,
    pub enterprise: bool,
    pub shows_thoughts: bool,
    /// The token to go on.
    pub token: Option<String>,
    pub fault: Option<ModelFault>,
    /// The number of the call.
    pub number: u64,
}

/// The word for an end; of a refused prompt, why it is blocked.
pub(super) const fn finish_reason(end: End) -> &'static str {
    match end {
        End::Stop => "STOP",
        End::Length => "MAX_TOKENS",
        End::Withheld => "SAFETY",
        End::PromptRefused => "PROHIBITED_CONTENT",
        End::NoContent => "OTHER",
        End::Recitation => "RECITATION",
        End::MalformedCall => "MALFORMED_FUNCTION_CALL",
        End::UnexpectedCall => "UNEXPECTED_TOOL_CALL",
        End::Continuation => "CONTINUATION",
        End::Unknown => "SOMETHING_NEW",
    }
}

impl Facts<'_> {
    /// The answer at once.
    pub(super) fn whole(&self) -> Answer {
        let mut parts = self.thought();
        parts.extend(self.text_parts(&self.outcome.text));
        let body = self.response(parts, true, self.usage);
        Answer::whole(StatusCode::OK, "application/json; charset=UTF-8", format!("{body:#}"))
    }

    /// The answer in events, a pause of `apart` between two.
    pub(super) fn stream(&self, framing: Framing, apart: Duration) -> VecDeque<Piece> {
        let mut lines: Vec<String> = self.chunks().iter().map(|chunk| format!("data: {chunk}")).collect();
        if self.fault == Some(ModelFault::ErrorInStream) {
            lines.truncate(lines.len().saturating_sub(1).min(2));
            let error = Refusal::overloaded().json();
            let error = if self.number.is_multiple_of(2) { error } else { json!([error]) };
            lines.push(format!("{error:#}"));
        }
        framing.frame(&lines, apart)
    }

    fn chunks(&self) -> Vec<Value> {
        let mut chunks = Vec::new();
        let start = ModelTokens { output: 0, thoughts: 0, ..self.usage };
        let thought = self.thought();
        if !thought.is_empty() {
            let usage = ModelTokens { thoughts: self.usage.thoughts, ..start };
            chunks.push(self.response(thought, false, usage));
        }
        let pieces = pieces(&self.outcome.text);
        let mut sent = 0;
        for (at, piece) in pieces.iter().enumerate() {
            let last = at + 1 == pieces.len();
            sent += piece.len();
            // Usage is a running total.
            let written = tokens(before(&self.outcome.text, sent));
            let usage = if last { self.usage } else { ModelTokens { output: written, ..self.usage } };
            let ends = last && self.fault != Some(ModelFault::NoReason);
            chunks.push(self.response(self.text_parts(piece), ends, usage));
        }
        if pieces.is_empty() {
            let ends = self.fault != Some(ModelFault::NoReason);
            chunks.push(self.response(self.text_parts(""), ends, self.usage));
        }
        chunks
    }

    fn thought(&self) -> Vec<Value> {
        if self.shows_thoughts && self.usage.thoughts > 0 {
            vec![json!({"text": THOUGHT, "thought": true})]
        } else {
            Vec::new()
        }
    }

    fn text_parts(&self, text: &str) -> Vec<Value> {
        // An empty answer has no parts, or one that is empty.
        if text.is_empty() && self.number.is_multiple_of(2) { Vec::new() } else { vec![json!({ "text": text })] }
    }

    fn response(&self, parts: Vec<Value>, ends: bool, usage: ModelTokens) -> Value {
        let mut body = Map::new();
        if self.outcome.end == End::PromptRefused {
            let feedback = json!({"blockReason": finish_reason(self.outcome.end)});
            body.insert("promptFeedback".to_owned(), feedback);
        } else {
            body.insert("candidates".to_owned(), json!([self.candidate(parts, ends)]));
        }
        body.insert("usageMetadata".to_owned(), self.usage_metadata(usage));
        let other = self.fault == Some(ModelFault::OtherModel);
        let version = if other { "gemini-3.5-flash-lite".to_owned() } else { self.model.to_owned() };
        body.insert("modelVersion".to_owned(), version.into());
        body.insert("responseId".to_owned(), format!("response-{}", self.number).into());
        if self.enterprise {
            body.insert("createTime".to_owned(), "2026-11-28T12:00:00.000000Z".into());
        }
        if self.fault == Some(ModelFault::Legacy) {
            let status = json!({
                "modelStage": "LEGACY",
                "retirementTime": "2027-01-28T00:00:00Z",
                "message": "This model will be retired.",
            });
            body.insert("modelStatus".to_owned(), status);
        }
        Value::Object(body)
    }

    fn candidate(&self, parts: Vec<Value>, ends: bool) -> Value {
        let mut candidate = Map::new();
        let written = parts.iter().any(|part| part.get("text").is_some_and(|text| text != ""));
        match self.outcome.end {
            End::NoContent => {
                candidate.insert("content".to_owned(), json!({}));
            }
            End::Stop if !written && parts.is_empty() => {
                candidate.insert("content".to_owned(), json!({"role": "model"}));
            }
            End::Stop | End::Unknown | End::Continuation | End::Length if written || self.outcome.end == End::Stop => {
                candidate.insert("content".to_owned(), json!({"parts": parts, "role": "model"}));
            }
            // The others, and whatever the limit left nothing of, have no content at all.
            End::Stop
            | End::Length
            | End::Withheld
            | End::PromptRefused
            | End::Recitation
            | End::MalformedCall
            | End::UnexpectedCall
            | End::Continuation
            | End::Unknown => {}
        }
        if ends {
            candidate.insert("finishReason".to_owned(), finish_reason(self.outcome.end).into());
            if self.outcome.end == End::MalformedCall {
                candidate
                    .insert("finishMessage".to_owned(), "Malformed function call: print(default_api.say())".into());
            }
            if self.outcome.end == End::Withheld {
                let rating = json!({
                    "category": "HARM_CATEGORY_DANGEROUS_CONTENT",
                    "probability": "HIGH",
                    "blocked": true,
                });
                candidate.insert("safetyRatings".to_owned(), json!([rating]));
            }
            if let Some(token) = &self.token {
                candidate.insert("continuationToken".to_owned(), token.clone().into());
            }
        }
        // Zero is left out of JSON by Google, as of all numbers.
        Value::Object(candidate)
    }

    /// Counts that are zero are left out.
    fn usage_metadata(&self, usage: ModelTokens) -> Value {
        let mut json = Map::new();
        let total = usage.input + usage.output + usage.thoughts;
        let counts = [
            ("promptTokenCount", usage.input),
            ("cachedContentTokenCount", usage.cached),
            ("candidatesTokenCount", usage.output),
            ("thoughtsTokenCount", usage.thoughts),
            ("totalTokenCount", total),
        ];
        for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            json.insert(name.to_owned(), count.into());
        }
        let details = [
            ("promptTokensDetails", usage.input),
            ("cacheTokensDetails", usage.cached),
            ("candidatesTokensDetails", usage.output),
        ];
        for (name, count) in details.into_iter().filter(|(_, count)| *count > 0) {
            json.insert(name.to_owned(), json!([{"modality": "TEXT", "tokenCount": count}]));
        }
        if self.enterprise {
            json.insert("trafficType".to_owned(), "ON_DEMAND".into());
        } else {
            json.insert("serviceTier".to_owned(), "standard".into());
        }
        Value::Object(json)
    }
}

/// A text in about [`EVENTS`] pieces.
pub(in crate::models) fn pieces(text: &str) -> Vec<&str> {
    let size = text.len().div_ceil(EVENTS).max(1);
    let (mut rest, mut pieces) = (text, Vec::new());
    while !rest.is_empty() {
        // A character may be longer than a piece.
        let least = rest.chars().next().map_or(0, char::len_utf8);
        let piece = before(rest, size.max(least));
        pieces.push(piece);
        rest = rest.get(piece.len()..).unwrap_or_default();
    }
    pieces
}
