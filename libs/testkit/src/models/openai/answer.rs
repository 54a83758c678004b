//! The shapes of answers: a whole one, and the events of a stream.

use std::collections::VecDeque;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::errors::Refusal;
use super::personality::Personality;
use crate::models::faults::ModelFault;
use crate::models::gemini::pieces;
use crate::models::ledger::ModelTokens;
use crate::models::outcome::{End, Outcome};
use crate::models::wire::{Answer, Framing, Piece};

/// What a thought says.
const THOUGHT: &str = "The user wants what the source says.";
/// When it was made, in seconds since 1970.
const CREATED: u64 = 1_796_000_000;

/// What an answer is made of.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub personality: Personality,
    pub outcome: &'a Outcome,
    pub usage: ModelTokens,
    pub model: &'a str,
    /// Whether a stream ends with its usage.
    pub with_usage: bool,
    pub fault: Option<ModelFault>,
    /// The number of the call.
    pub number: u64,
}

/// The word for an end.
pub(super) const fn finish_reason(end: End) -> &'static str {
    match end {
        // A refused prompt ends well, and with a refusal in place of content.
        End::Stop | End::PromptRefused | End::NoContent | End::Recitation => "stop",
        End::Length | End::Continuation => "length",
        End::Withheld => "content_filter",
        End::MalformedCall | End::UnexpectedCall => "tool_calls",
        End::Unknown => "something_new",
    }
}

/// The list of models; with the tokens that one reads and writes, where a server says so.
pub(in crate::models) fn listed(models: &[String], context: Option<u64>) -> Answer {
    let model = |id: &String| {
        let mut model = json!({"id": id, "object": "model", "created": 1_790_000_000, "owned_by": "tests"});
        if let Some(context) = context {
            model["max_model_len"] = context.into();
        }
        model
    };
    let data: Vec<Value> = models.iter().map(model).collect();
    Answer::whole(StatusCode::OK, "application/json", json!({"object": "list", "data": data}).to_string())
}

impl Facts<'_> {
    /// The answer at once.
    pub(super) fn whole(&self) -> Answer {
        let mut message = json!({"role": "assistant", "content": self.content()});
        if self.personality == Personality::OpenAi {
            message["refusal"] = self.refusal();
        }
        if let Some(name) = self.thoughts_in() {
            message[name] = THOUGHT.into();
        }
        let choice = json!({
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(self.outcome.end),
        });
        let mut body = self.envelope("chat.completion", json!([choice]));
        body["usage"] = self.usage();
        Answer::whole(StatusCode::OK, "application/json", body.to_string())
    }

    /// The answer in events, a pause of `apart` between two.
    pub(super) fn stream(&self, framing: Framing, apart: Duration) -> VecDeque<Piece> {
        let mut lines: Vec<String> = self.chunks().iter().map(|chunk| format!("data: {chunk}")).collect();
        match self.fault {
            Some(ModelFault::NoReason) => {}
            Some(ModelFault::ErrorInStream) => {
                lines.truncate(lines.len().saturating_sub(2).min(3));
                let error = Refusal::overloaded().json(self.personality);
                match self.personality {
                    Personality::OpenAi => lines.push(format!("data: {error}")),
                    Personality::Vllm => lines.extend([format!("data: {error}"), "data: [DONE]".to_owned()]),
                    Personality::Ollama => lines.push(error.to_string()),
                    Personality::LlamaCpp => {
                        let mark = if self.number.is_multiple_of(2) { "data" } else { "error" };
                        lines.push(format!("{mark}: {error}"));
                    }
                }
            }
            _ => lines.push("data: [DONE]".to_owned()),
        }
        framing.frame(&lines, apart)
    }

    fn chunks(&self) -> Vec<Value> {
        let nobody = Value::Null;
        let mut chunks = vec![self.chunk(json!({"role": "assistant", "content": ""}), &nobody)];
        if let Some(name) = self.thoughts_in() {
            let mut delta = json!({});
            delta[name] = THOUGHT.into();
            chunks.push(self.chunk(delta, &nobody));
        }
        chunks
            .extend(pieces(&self.outcome.text).into_iter().map(|piece| self.chunk(json!({"content": piece}), &nobody)));
        if self.outcome.end == End::PromptRefused {
            chunks.push(self.chunk(json!({"refusal": self.refusal()}), &nobody));
        }
        if self.fault == Some(ModelFault::NoReason) {
            return chunks;
        }
        chunks.push(self.chunk(json!({}), &finish_reason(self.outcome.end).into()));
        if self.with_usage && self.fault != Some(ModelFault::MissingUsage) {
            let mut last = self.envelope("chat.completion.chunk", json!([]));
            last["usage"] = self.usage();
            chunks.push(last);
        }
        chunks
    }

    fn chunk(&self, delta: Value, finish: &Value) -> Value {
        let choice = json!({"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish});
        let mut chunk = self.envelope("chat.completion.chunk", json!([choice]));
        if self.with_usage && self.personality == Personality::OpenAi {
            chunk["usage"] = Value::Null;
        }
        chunk
    }

    fn envelope(&self, object: &str, choices: Value) -> Value {
        let other = self.fault == Some(ModelFault::OtherModel);
        let model = if other { "another-model" } else { self.model };
        let mut body = json!({
            "id": format!("chatcmpl-{}", self.number),
            "object": object,
            "created": CREATED,
            "model": model,
            "choices": choices,
        });
        if self.personality == Personality::LlamaCpp {
            body["timings"] = json!({"prompt_n": self.usage.input, "predicted_n": self.usage.output});
        }
        body
    }

    fn content(&self) -> Value {
        match self.outcome.end {
            End::PromptRefused | End::MalformedCall | End::UnexpectedCall => Value::Null,
            End::Stop
            | End::Length
            | End::Withheld
            | End::NoContent
            | End::Recitation
            | End::Continuation
            | End::Unknown => self.outcome.text.clone().into(),
        }
    }

    fn refusal(&self) -> Value {
        if self.outcome.end == End::PromptRefused {
            "I'm sorry, I cannot assist with that.".into()
        } else {
            Value::Null
        }
    }

    /// Where thoughts stand, if there are any to be seen.
    fn thoughts_in(&self) -> Option<&'static str> {
        self.personality.thoughts_in().filter(|_| self.usage.thoughts > 0)
    }

    /// Tokens of the completion include thoughts.
    fn usage(&self) -> Value {
        let ModelTokens { input, output, thoughts, cached } = self.usage;
        let completion = output + thoughts;
        let mut usage =
            json!({"prompt_tokens": input, "completion_tokens": completion, "total_tokens": input + completion});
        if self.personality == Personality::OpenAi {
            usage["prompt_tokens_details"] = json!({ "cached_tokens": cached });
        }
        if thoughts > 0 || self.personality == Personality::OpenAi {
            usage["completion_tokens_details"] = json!({ "reasoning_tokens": thoughts });
        }
        usage
    }
}
