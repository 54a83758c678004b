//! What a request means, and what it may not say though every name in it is known.

use std::sync::Arc;

use serde_json::Value;

use super::check;
use super::errors::Refusal;
use super::names::{COUNT, ENTERPRISE_COUNT, REQUEST};
use super::rows::{Row, thoughts};
use super::schema;
use super::target::{Host, Target};
use crate::models::author::Asked;
use crate::models::tokens::tokens;

/// A request to write that was found right.
#[derive(Debug)]
pub(super) struct Request {
    pub asked: Arc<Asked>,
    /// The prompt's tokens.
    pub input: u64,
    /// The prompt as one text, for the cache.
    pub prompt: String,
    /// Tokens of thoughts.
    pub thoughts: u64,
    /// The most tokens that are written, thoughts included.
    pub limit: u64,
    /// Whether thoughts are shown.
    pub shows_thoughts: bool,
    /// The token of an answer that is to go on.
    pub continuation: Option<String>,
    /// The request without that token.
    pub body: Value,
}

/// Reads a request to write.
pub(super) fn read(target: &Target, mut body: Value) -> Result<Request, Refusal> {
    check::message(&body, &REQUEST, "", target.surface())?;
    let row = target.row;
    let config = body.get("generationConfig").cloned().unwrap_or_default();
    refused_together(row, &body)?;
    sampling(row, &config)?;
    let thinking = thinking(row, &config)?;
    let schema = output_schema(&config)?;
    if !schema.is_null() && !may_be_structured(&body) {
        return Err(Refusal::invalid("controlled generation is not supported with google_maps tool"));
    }
    unknown(&body, &config)?;
    let (system, user_parts) = texts(&body)?;
    let input = system.iter().chain(&user_parts).map(|text| tokens(text)).sum();
    if input > row.input {
        let most = row.input;
        let message = format!("The input token count ({input}) exceeds the maximum number of tokens allowed ({most}).");
        return Err(Refusal::invalid(message));
    }
    let limit = match config.get("maxOutputTokens").map(|limit| limit.as_u64().unwrap_or(0)) {
        Some(limit) if limit == 0 || limit > row.output => {
            let message = format!("max_output_tokens must be from 1 to {}", row.output);
            return Err(Refusal::field("generation_config.max_output_tokens", message));
        }
        Some(limit) => limit,
        None => row.output,
    };
    let continuation = body.as_object_mut().and_then(|fields| fields.remove("continuationToken"));
    let asked = Asked {
        model: row.id.to_owned(),
        system: system.join("\n"),
        user_parts,
        schema,
        max_output_tokens: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    Ok(Request {
        prompt: format!("{}\n{}", asked.system, asked.user_parts.join("\n")),
        asked: Arc::new(asked),
        input,
        thoughts: thinking,
        limit,
        shows_thoughts: config.pointer("/thinkingConfig/includeThoughts").and_then(Value::as_bool).unwrap_or(false),
        continuation: continuation.and_then(|token| token.as_str().map(str::to_owned)),
        body,
    })
}

/// Counts the tokens of what is to be counted.
pub(super) fn count(target: &Target, body: &Value) -> Result<u64, Refusal> {
    let message = if target.host == Host::Developer { &COUNT } else { &ENTERPRISE_COUNT };
    check::message(body, message, "", target.surface())?;
    let counted = match (body.get("contents"), body.get("generateContentRequest")) {
        (Some(_), None) => body,
        (None, Some(request)) => {
            let model = request.get("model").and_then(Value::as_str).unwrap_or_default();
            if model.strip_prefix("models/").unwrap_or(model) != target.row.id {
                return Err(Refusal::field("generate_content_request.model", "the model is not that of the path"));
            }
            request
        }
        _ => return Err(Refusal::invalid("exactly one of contents and generateContentRequest is counted")),
    };
    let (system, user_parts) = texts(counted)?;
    Ok(system.iter().chain(&user_parts).map(|text| tokens(text)).sum())
}

fn refused_together(row: &Row, body: &Value) -> Result<(), Refusal> {
    let has = |name: &str| body.get(name).is_some();
    if has("cachedContent") {
        if has("tools") || has("toolConfig") || has("systemInstruction") {
            let message = "CachedContent can not be used with GenerateContent request setting system_instruction, tools \
                           or tool_config. Proposed fix: move those values to CachedContent.";
            return Err(Refusal::invalid(message));
        }
        if row.continues {
            return Err(Refusal::invalid("Explicit caching is not supported by this model."));
        }
        return Err(Refusal::unknown("cachedContent"));
    }
    if has("modelArmorConfig") && has("safetySettings") {
        return Err(Refusal::invalid("model_armor_config and safety_settings cannot be set together."));
    }
    if has("continuationToken") && !row.continues {
        return Err(Refusal::invalid("continuation_token is not supported by this model."));
    }
    Ok(())
}

fn sampling(row: &Row, config: &Value) -> Result<(), Refusal> {
    for name in ["temperature", "topP", "topK"] {
        if config.get(name).is_some() && !row.sampling {
            return Err(Refusal::field("generation_config", format!("{name} is not supported by {}", row.id)));
        }
    }
    let within = |name: &str, least: f64, most: f64| {
        let value = config.get(name).and_then(Value::as_f64);
        value.is_none_or(|value| (least..=most).contains(&value))
    };
    if !within("temperature", 0.0, 2.0) || !within("topP", 0.0, 1.0) {
        return Err(Refusal::field("generation_config", "temperature is from 0 to 2, and topP from 0 to 1"));
    }
    Ok(())
}

/// The tokens that it thinks.
fn thinking(row: &Row, config: &Value) -> Result<u64, Refusal> {
    let field = |name: &str| config.get("thinkingConfig").and_then(|thinking| thinking.get(name));
    let refused = |message: String| Err(Refusal::field("generation_config.thinking_config", message));
    match (field("thinkingLevel").and_then(Value::as_str), field("thinkingBudget").and_then(Value::as_i64)) {
        (Some(_), Some(_)) => refused("You can only set only one of thinking budget and thinking level.".to_owned()),
        (Some(level), None) if row.levels.contains(&level) => Ok(thoughts(level)),
        (Some(level), None) => refused(format!("Thinking level {level} is not supported for {}.", row.id)),
        (None, Some(_)) if !row.levels.is_empty() => refused(format!("{} takes no thinking budget.", row.id)),
        (None, Some(budget)) if budget < -1 => refused("The thinking budget is invalid.".to_owned()),
        (None, Some(budget)) => Ok(u64::try_from(budget).map_or_else(|_| thoughts("MEDIUM"), |most| most.min(96))),
        (None, None) => Ok(thoughts(row.default_level)),
    }
}

/// The JSON Schema of the answer; null where there is none.
fn output_schema(config: &Value) -> Result<Value, Refusal> {
    let has = |name: &str| config.get(name).filter(|value| !value.is_null());
    let mime = has("responseMimeType").and_then(Value::as_str);
    if let Some(formats) = has("responseFormat") {
        if ["responseMimeType", "responseSchema", "responseJsonSchema"].iter().any(|name| has(name).is_some()) {
            return Err(Refusal::invalid("response_format and the older fields cannot be set together."));
        }
        return match formats.as_array().map(Vec::as_slice) {
            Some([only]) if only.get("text").is_some() => {
                let text = only.get("text").cloned().unwrap_or_default();
                structured(text.get("mimeType").and_then(Value::as_str), None, text.get("schema"))
            }
            _ => Err(Refusal::unknown("any responseFormat but one of text")),
        };
    }
    structured(mime, has("responseSchema"), has("responseJsonSchema"))
}

fn structured(mime: Option<&str>, older: Option<&Value>, newer: Option<&Value>) -> Result<Value, Refusal> {
    if older.is_some() && newer.is_some() {
        return Err(Refusal::invalid("response_schema and response_json_schema cannot be set together."));
    }
    match mime {
        None | Some("text/plain") if older.or(newer).is_some() => {
            let message = "Function calling or a response schema with a response mime type: 'text/plain' is unsupported; \
                           set response_mime_type to application/json";
            return Err(Refusal::field("generation_config.response_mime_type", message));
        }
        None | Some("text/plain" | "application/json" | "text/x.enum") => {}
        Some(other) => {
            let message = format!("response_mime_type {other} is none of text/plain, application/json and text/x.enum");
            return Err(Refusal::field("generation_config.response_mime_type", message));
        }
    }
    if let Some(older) = older {
        return Ok(schema::from_open_api(older));
    }
    let Some(newer) = newer else { return Ok(Value::Null) };
    schema::check(newer, "generation_config.response_json_schema")?;
    Ok(newer.clone())
}

fn may_be_structured(body: &Value) -> bool {
    let tools = body.get("tools").and_then(Value::as_array);
    !tools.is_some_and(|tools| tools.iter().any(|tool| tool.get("googleMaps").is_some()))
}

/// What is known to exist and nobody looked up.
fn unknown(body: &Value, config: &Value) -> Result<(), Refusal> {
    let of_config = ["responseLogprobs", "logprobs", "speechConfig", "imageConfig", "routingConfig", "mediaResolution"];
    if let Some(name) = of_config.iter().find(|name| config.get(**name).is_some()) {
        return Err(Refusal::unknown(*name));
    }
    if config.get("candidateCount").is_some_and(|count| *count != 1) {
        return Err(Refusal::unknown("more than one candidate"));
    }
    let modalities = config.get("responseModalities").and_then(Value::as_array);
    if modalities.is_some_and(|modalities| modalities.iter().any(|modality| modality != "TEXT")) {
        return Err(Refusal::invalid("The requested response modalities are not supported by the model."));
    }
    if body.get("modelArmorConfig").is_some() {
        return Err(Refusal::unknown("modelArmorConfig"));
    }
    Ok(())
}

/// The texts of the system's instructions and of what the user says.
fn texts(body: &Value) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let system = match body.get("systemInstruction") {
        Some(content) => parts(content, "system_instruction")?,
        None => Vec::new(),
    };
    let contents = body.get("contents").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if contents.is_empty() {
        return Err(Refusal::field("contents", "contents is not specified"));
    }
    let mut user = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        let role = content.get("role").and_then(Value::as_str).unwrap_or("user");
        let texts = parts(content, &format!("contents[{at}]"))?;
        match role {
            "user" => user.extend(texts),
            "model" => return Err(Refusal::unknown("a conversation of several turns")),
            _ => return Err(Refusal::field("contents", "Please use a valid role: user, model.")),
        }
    }
    Ok((system, user))
}

fn parts(content: &Value, path: &str) -> Result<Vec<String>, Refusal> {
    let parts = content.get("parts").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if parts.is_empty() {
        return Err(Refusal::field(&format!("{path}.parts"), format!("{path}.parts must not be empty.")));
    }
    let mut texts = Vec::new();
    for part in parts {
        let names = part.as_object().map(|fields| fields.keys().map(String::as_str).collect::<Vec<_>>());
        match (names.as_deref(), part.get("text").and_then(Value::as_str)) {
            (Some(["text"]), Some(text)) if !text.is_empty() => texts.push(text.to_owned()),
            (Some([] | ["text"]), _) => {
                return Err(Refusal::field(&format!("{path}.parts"), format!("{path}.parts must not be empty.")));
            }
            _ => return Err(Refusal::unknown("a part that is not text alone")),
        }
    }
    Ok(texts)
}
