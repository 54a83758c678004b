//! What comes back: chunks of an answer, folded into one. Words of the provider stay raw text where
//! they are names, and nothing else of them stays; one that is not known is no good end.

use serde_json::Value;

use crate::model::{Completion, Finish, Repetition, Usage, identifier};

/// An answer while it is read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    text: String,
    finish: String,
    blocked: String,
    usage: Value,
    version: String,
    continuation: String,
    repetition: Repetition,
    repeats: bool,
}

impl Reading {
    /// The next chunk, or the whole.
    pub(super) fn take(&mut self, chunk: &Value) {
        let candidate = &chunk["candidates"][0];
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            // What the model thought is no part of what it says.
            if part["thought"].as_bool() == Some(true) {
                continue;
            }
            if let Some(text) = part["text"].as_str() {
                self.text.push_str(text);
                self.repeats = self.repeats || self.repetition.sees(text);
            }
        }
        keep(&mut self.finish, &candidate["finishReason"]);
        keep(&mut self.continuation, &candidate["continuationToken"]);
        keep(&mut self.blocked, &chunk["promptFeedback"]["blockReason"]);
        keep(&mut self.version, &chunk["modelVersion"]);
        // A running total: the last one is all of it.
        if chunk["usageMetadata"].is_object() {
            self.usage = chunk["usageMetadata"].clone();
        }
    }

    /// Whether it has begun to repeat itself without end.
    pub(super) const fn repeats(&self) -> bool {
        self.repeats
    }

    /// The token by which it goes on; empty where it does not.
    pub(super) fn continuation(&self) -> &str {
        &self.continuation
    }

    /// All of it; none where it was cut on its way.
    pub(super) fn completion(self) -> Option<Completion> {
        let (finish, finish_raw) = if self.repeats {
            (Finish::Repeating, "ended by us".to_owned())
        } else if !self.finish.is_empty() {
            (finish(&self.finish, &self.text), identifier(&self.finish).to_owned())
        } else if self.blocked.is_empty() {
            return None;
        } else {
            (Finish::Refused, format!("blockReason {}", identifier(&self.blocked)))
        };
        let usage = usage(&self.usage);
        let model_version = identifier(&self.version).to_owned();
        let Self { text, usage: raw_usage, .. } = self;
        Some(Completion { text, finish, finish_raw, usage, model_version, raw_usage })
    }
}

/// Takes a text over what was there before.
fn keep(place: &mut String, value: &Value) {
    if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
        text.clone_into(place);
    }
}

fn finish(raw: &str, text: &str) -> Finish {
    match raw {
        "STOP" if text.trim().is_empty() => Finish::Empty,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR" | "LANGUAGE" => Finish::Refused,
        "RECITATION" => Finish::Recitation,
        "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "TOO_MANY_TOOL_CALLS" => Finish::ToolCall,
        "CONTINUATION" => Finish::Continuation,
        _ => Finish::Other,
    }
}

/// Counts that are zero are left out by the provider. Some servers count thoughts among the
/// candidates' tokens; then the total shows it.
fn usage(raw: &Value) -> Usage {
    let count = |name: &str| raw[name].as_u64().unwrap_or_default();
    let (input, candidates, thoughts) =
        (count("promptTokenCount"), count("candidatesTokenCount"), count("thoughtsTokenCount"));
    let (tools, total) = (count("toolUsePromptTokenCount"), count("totalTokenCount"));
    let included = thoughts > 0 && total > 0 && input.saturating_add(candidates).saturating_add(tools) == total;
    let output = if included { candidates.saturating_sub(thoughts) } else { candidates };
    let (input, cached) = (input.saturating_add(tools), count("cachedContentTokenCount"));
    Usage { input, cached, output, thoughts, ..Usage::default() }
}
