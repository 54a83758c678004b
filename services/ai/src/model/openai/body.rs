//! What is sent, by the rows of the model and of the server.

use serde_json::{Value, json};

use super::OpenAiSettings;
use crate::model::schema::for_wire;
use crate::model::{ModelRow, Prompt, SchemaPlace};

/// The name that a schema goes by.
const SCHEMA_NAME: &str = "answer";

/// The request's body. The content of a message is one text: some servers take nothing else.
pub(super) fn request(prompt: &Prompt, row: &ModelRow, settings: &OpenAiSettings) -> Value {
    let server = &settings.server;
    // Thoughts count against the limit.
    let allowance = row.thinking.as_ref().map_or(0, |thinking| thinking.allowance);
    let limit = prompt.max_output_tokens.saturating_add(allowance).min(row.output);
    let mut body = json!({
        "model": row.id,
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.joined()},
        ],
        "response_format": format(&prompt.schema, settings),
        "stream": row.streams,
    });
    body[server.limit.name()] = json!(limit);
    if row.streams && server.usage_in_stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    if let Some(seed) = prompt.seed.filter(|_| server.seed) {
        body["seed"] = json!(seed);
    }
    if let Some(temperature) = settings.temperature.filter(|_| row.sampling) {
        body["temperature"] = json!(temperature);
    }
    let of_row = row.thinking.as_ref().map(|thinking| thinking.level.as_str());
    if let Some(level) = settings.thinking.as_deref().or(of_row).filter(|_| server.effort) {
        body["reasoning_effort"] = json!(level);
    }
    if server.store {
        body["store"] = json!(false);
    }
    body
}

fn format(schema: &Value, settings: &OpenAiSettings) -> Value {
    let schema = for_wire(schema);
    match settings.server.schema {
        SchemaPlace::Flat => json!({"type": "json_schema", "schema": schema}),
        SchemaPlace::Nested => {
            let mut nested = json!({"name": SCHEMA_NAME, "schema": schema});
            if settings.server.strict {
                nested["strict"] = json!(true);
            }
            json!({"type": "json_schema", "json_schema": nested})
        }
    }
}
