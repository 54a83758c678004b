//! What comes back: chunks of an answer, or the whole, folded into one.

use serde_json::Value;

use crate::model::{Completion, Finish, Repetition, ServerRow, Usage, identifier};

/// An answer while it is read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    text: String,
    refused: bool,
    finish: String,
    usage: Value,
    version: String,
    repetition: Repetition,
    repeats: bool,
    ended: bool,
}

impl Reading {
    /// The next chunk, or the whole. Thoughts stand in fields of their own and are not read.
    pub(super) fn take(&mut self, chunk: &Value) {
        let choice = &chunk["choices"][0];
        for message in [&choice["delta"], &choice["message"]] {
            if let Some(text) = message["content"].as_str() {
                self.text.push_str(text);
                self.repeats = self.repeats || self.repetition.sees(text);
            }
            self.refused = self.refused || message["refusal"].as_str().is_some_and(|text| !text.is_empty());
        }
        if let Some(finish) = choice["finish_reason"].as_str().filter(|finish| !finish.is_empty()) {
            finish.clone_into(&mut self.finish);
        }
        if let Some(version) = chunk["model"].as_str().filter(|version| !version.is_empty()) {
            version.clone_into(&mut self.version);
        }
        if chunk["usage"].is_object() {
            self.usage = chunk["usage"].clone();
        }
    }

    /// The stream says that it is over.
    pub(super) const fn end(&mut self) {
        self.ended = true;
    }

    /// Whether it has begun to repeat itself without end.
    pub(super) const fn repeats(&self) -> bool {
        self.repeats
    }

    /// All of it; none where it was cut on its way: it neither said how it ended nor that it did.
    pub(super) fn completion(self, server: &ServerRow) -> Option<Completion> {
        if !self.repeats && self.finish.is_empty() && !self.ended {
            return None;
        }
        let text = spoken(&self.text, server);
        let (finish, finish_raw) = if self.repeats {
            (Finish::Repeating, "ended by us".to_owned())
        } else if self.refused {
            // Its words may quote what was sent, and go no further.
            (Finish::Refused, "refusal".to_owned())
        } else {
            (finish(&self.finish, &text), identifier(&self.finish).to_owned())
        };
        let usage = usage(&self.usage);
        let model_version = identifier(&self.version).to_owned();
        Some(Completion { text, finish, finish_raw, usage, model_version, raw_usage: self.usage })
    }
}

fn finish(raw: &str, text: &str) -> Finish {
    match raw {
        "stop" if text.trim().is_empty() => Finish::Empty,
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "content_filter" => Finish::Refused,
        "tool_calls" | "function_call" => Finish::ToolCall,
        _ => Finish::Other,
    }
}

/// Completion tokens include thoughts here, unlike with Gemini.
fn usage(raw: &Value) -> Usage {
    let thoughts = raw["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap_or_default();
    let completion = raw["completion_tokens"].as_u64().unwrap_or_default();
    Usage {
        input: raw["prompt_tokens"].as_u64().unwrap_or_default(),
        cached: raw["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap_or_default(),
        output: completion.saturating_sub(thoughts),
        thoughts,
        ..Usage::default()
    }
}

/// The answer without what a server of this row lets through: thoughts, and fences.
fn spoken(text: &str, server: &ServerRow) -> String {
    let mut text = text.trim();
    if server.thinks_aloud
        && let Some(rest) = text.strip_prefix("<think>")
    {
        // One that is not closed is all thought.
        text = rest.split_once("</think>").map_or("", |(_, answer)| answer).trim();
    }
    if server.fences
        && let Some(fenced) = text.strip_prefix("```")
    {
        // The word behind a fence names a language.
        let fenced = fenced.split_once('\n').map_or("", |(_, rest)| rest).trim_end();
        text = fenced.strip_suffix("```").unwrap_or(fenced).trim();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Rows;

    #[test]
    fn thoughts_and_fences_are_taken_off_where_the_row_says_so() {
        let rows = Rows::built_in().unwrap();
        let (careful, plain) = (rows.server("compatible", "").unwrap(), rows.server("vllm", "").unwrap());
        for (text, expected) in [
            ("<think>The user wants {}.</think>\n{\"a\":1}", "{\"a\":1}"),
            ("```json\n{\"a\":1}\n```", "{\"a\":1}"),
            ("<think>x</think>```\n{}\n```\n", "{}"),
            ("<think>never closed {}", ""),
            ("{\"a\":\"<think>\"}", "{\"a\":\"<think>\"}"),
        ] {
            assert_eq!(spoken(text, &careful), expected, "{text:?}");
            assert_eq!(spoken(text, &plain), text.trim(), "{text:?}");
        }
    }
}
