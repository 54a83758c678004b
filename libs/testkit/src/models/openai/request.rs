//! What a request means to a server of each kind, and what it may not say.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;

use super::State;
use super::errors::Refusal;
use super::personality::Personality;
use super::schema;
use crate::models::author::Asked;
use crate::models::tokens::{ending, tokens};

/// Fields that OpenAI knows.
const KNOWN: [&str; 22] = [
    "model",
    "messages",
    "response_format",
    "max_completion_tokens",
    "max_tokens",
    "seed",
    "temperature",
    "top_p",
    "reasoning_effort",
    "stream",
    "stream_options",
    "service_tier",
    "store",
    "n",
    "user",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "tools",
    "tool_choice",
];
/// The longest name of a schema.
const NAME: usize = 64;

/// A request that was found right.
#[derive(Debug)]
pub(super) struct Request {
    pub asked: Arc<Asked>,
    /// The tokens of the prompt that is read: all of it, or what was left of it.
    pub input: u64,
    /// The most tokens that are written, thoughts included.
    pub limit: u64,
    pub streamed: bool,
    /// Whether the usage was asked for in the stream.
    pub include_usage: bool,
}

/// Reads a request.
pub(super) fn read(state: &State, body: &Value) -> Result<Request, Refusal> {
    let personality = state.personality;
    let fields = body.as_object().ok_or_else(|| Refusal::invalid("", "", "the body is no JSON object"))?;
    if personality.is_strict()
        && let Some(name) = fields.keys().find(|name| !KNOWN.contains(&name.as_str()))
    {
        return Err(Refusal::invalid(name, "unknown_parameter", format!("Unknown parameter: '{name}'.")));
    }
    let model = body["model"].as_str().unwrap_or_default();
    if !state.models.iter().any(|known| known == model) {
        let message = format!("The model '{model}' does not exist or you do not have access to it.");
        return Err(Refusal::new(StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found", message));
    }
    for name in ["tools", "tool_choice", "logprobs", "logit_bias"] {
        if body.get(name).is_some() {
            return Err(Refusal::unknown(name));
        }
    }
    if body.get("n").is_some_and(|count| *count != 1) {
        return Err(Refusal::unknown("more than one choice"));
    }
    let streamed = boolean(body, "stream")?;
    let include_usage = stream_options(personality, body, streamed)?;
    let schema = output_schema(personality, &body["response_format"])?;
    let (system, user) = messages(personality, &body["messages"])?;
    let limit = limit(personality, body)?;
    let (user, input) = within_context(state, &system, user, limit)?;
    let left = state.context.saturating_sub(input);
    let limit = limit.unwrap_or(left).min(left);
    let asked = Asked {
        model: model.to_owned(),
        system: system.join("\n"),
        user_parts: user,
        schema,
        max_output_tokens: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    Ok(Request { asked: Arc::new(asked), input, limit, streamed, include_usage })
}

fn boolean(body: &Value, name: &str) -> Result<bool, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => {
            Err(Refusal::invalid(name, "invalid_type", format!("Invalid type for '{name}': expected a boolean.")))
        }
    }
}

fn stream_options(personality: Personality, body: &Value, streamed: bool) -> Result<bool, Refusal> {
    let Some(options) = body.get("stream_options").filter(|options| !options.is_null()) else { return Ok(false) };
    if personality.is_strict() {
        if !streamed {
            let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
            return Err(Refusal::invalid("stream_options", "", message));
        }
        only(options, "stream_options", &["include_usage", "include_obfuscation"])?;
    }
    boolean(options, "include_usage")
}

/// Refuses another name than these.
fn only(value: &Value, path: &str, names: &[&str]) -> Result<(), Refusal> {
    let fields = value.as_object().ok_or_else(|| {
        Refusal::invalid(path, "invalid_type", format!("Invalid type for '{path}': expected an object."))
    })?;
    match fields.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => {
            let path = format!("{path}.{name}");
            Err(Refusal::invalid(&path, "unknown_parameter", format!("Unknown parameter: '{path}'.")))
        }
        None => Ok(()),
    }
}

/// The JSON Schema of the answer; null where the server sees none.
fn output_schema(personality: Personality, format: &Value) -> Result<Value, Refusal> {
    if format.is_null() {
        return Ok(Value::Null);
    }
    let nested = &format["json_schema"];
    match (personality, format["type"].as_str()) {
        (_, Some("text")) => Ok(Value::Null),
        (_, Some("json_object")) => Err(Refusal::unknown("json_object, which has no schema")),
        (Personality::OpenAi, Some("json_schema")) => {
            only(format, "response_format", &["type", "json_schema"])?;
            only(nested, "response_format.json_schema", &["name", "schema", "strict", "description"])?;
            named(nested)?;
            let wrong = boolean(nested, "strict")?.then(|| schema::fault(&nested["schema"], "()")).flatten();
            match wrong {
                Some(wrong) => {
                    let message = format!("Invalid schema for response_format: {wrong}");
                    Err(Refusal::invalid("response_format", "invalid_json_schema", message))
                }
                None => Ok(nested["schema"].clone()),
            }
        }
        (Personality::Vllm, Some("json_schema")) => {
            if nested["schema"].is_object() && nested["name"].is_string() {
                Ok(nested["schema"].clone())
            } else {
                Err(Refusal::invalid("response_format", "", "json_schema: Field required"))
            }
        }
        // Whatever else stands there is not looked at: so did a llama.cpp of October 2026 with the
        // flat form that its pages show.
        (Personality::Ollama | Personality::LlamaCpp, Some("json_schema")) => Ok(nested["schema"].clone()),
        _ => Err(Refusal::invalid("response_format", "invalid_value", "Invalid value of 'response_format.type'.")),
    }
}

fn named(nested: &Value) -> Result<(), Refusal> {
    let name = nested["name"].as_str().unwrap_or_default();
    let right = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if name.is_empty() || name.len() > NAME || !name.chars().all(right) || !nested["schema"].is_object() {
        let message =
            "Invalid 'response_format.json_schema': a name of 1 to 64 of a-z, A-Z, 0-9, _ and -, and a schema.";
        return Err(Refusal::invalid("response_format.json_schema", "invalid_value", message));
    }
    Ok(())
}

/// The texts of the system and of the user.
fn messages(personality: Personality, messages: &Value) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let messages = messages.as_array().filter(|messages| !messages.is_empty());
    let messages = messages.ok_or_else(|| Refusal::invalid("messages", "", "'messages' is a list of at least one."))?;
    let (mut system, mut user) = (Vec::new(), Vec::new());
    for (at, message) in messages.iter().enumerate() {
        let path = format!("messages[{at}]");
        if personality.is_strict() {
            only(message, &path, &["role", "content", "name"])?;
        }
        let texts = content(&message["content"], &path)?;
        match message["role"].as_str() {
            Some("system" | "developer") => system.extend(texts),
            Some("user") => user.extend(texts),
            Some("assistant") => return Err(Refusal::unknown("a conversation of several turns")),
            _ => return Err(Refusal::invalid(&path, "invalid_value", format!("Invalid value of '{path}.role'."))),
        }
    }
    Ok((system, user))
}

fn content(content: &Value, path: &str) -> Result<Vec<String>, Refusal> {
    match content {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(parts) => parts
            .iter()
            .map(|part| match (part["type"].as_str(), part["text"].as_str()) {
                (Some("text"), Some(text)) => Ok(text.to_owned()),
                _ => Err(Refusal::unknown("a part that is not text")),
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            let message = format!("Invalid type for '{path}.content': expected a text or a list of parts.");
            Err(Refusal::invalid(path, "invalid_type", message))
        }
    }
}

/// The most tokens that are written, where that is limited.
fn limit(personality: Personality, body: &Value) -> Result<Option<u64>, Refusal> {
    let value = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(limit) => match limit.as_u64().filter(|limit| *limit > 0) {
            Some(limit) => Ok(Some(limit)),
            None => Err(Refusal::invalid(name, "integer_below_min_value", format!("Invalid '{name}'."))),
        },
    };
    let (newer, older) = (value("max_completion_tokens")?, value("max_tokens")?);
    match personality {
        Personality::OpenAi if older.is_some() => {
            let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                           'max_completion_tokens' instead.";
            Err(Refusal::invalid("max_tokens", "unsupported_parameter", message))
        }
        Personality::OpenAi => Ok(newer),
        Personality::Vllm | Personality::LlamaCpp => Ok(newer.or(older)),
        // It does not know the newer name, and does not say so.
        Personality::Ollama => Ok(older),
    }
}

/// The user's texts as far as they are read, and the tokens of the prompt. What is too long is
/// refused, or cut in silence from its beginning.
fn within_context(
    state: &State,
    system: &[String],
    user: Vec<String>,
    limit: Option<u64>,
) -> Result<(Vec<String>, u64), Refusal> {
    let count = |texts: &[String]| texts.iter().map(|text| tokens(text)).sum::<u64>();
    let input = count(system) + count(&user);
    let context = state.context;
    match state.personality {
        Personality::OpenAi if input > context => {
            let message = format!(
                "This model's maximum context length is {context} tokens. However, your messages resulted in {input} \
                 tokens. Please reduce the length of the messages."
            );
            Err(Refusal::invalid("messages", "context_length_exceeded", message))
        }
        Personality::Vllm if input + limit.unwrap_or(0) > context => {
            let message = format!(
                "This model's maximum context length is {context} tokens. However, you requested {} tokens ({input} in \
                 the messages). Please reduce the length of the messages or completion.",
                input + limit.unwrap_or(0)
            );
            Err(Refusal::new(StatusCode::BAD_REQUEST, "BadRequestError", "", message))
        }
        Personality::LlamaCpp if input > context => {
            let message = format!("the request exceeds the available context size ({context} tokens)");
            Err(Refusal::new(StatusCode::BAD_REQUEST, "exceed_context_size_error", "", message))
        }
        Personality::Ollama if input > context => {
            // A quarter stays free for the answer.
            let mut room = (context - context / 4).saturating_sub(count(system));
            let mut kept: Vec<String> = Vec::new();
            for text in user.iter().rev() {
                let end = ending(text, room);
                room = room.saturating_sub(tokens(end));
                kept.push(end.to_owned());
            }
            kept.reverse();
            let input = count(system) + count(&kept);
            Ok((kept, input))
        }
        Personality::OpenAi | Personality::Vllm | Personality::Ollama | Personality::LlamaCpp => Ok((user, input)),
    }
}
