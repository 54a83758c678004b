//! What is sent: the fields that are needed and no other, since a field too many is refused.

use serde_json::{Value, json};

use super::{GeminiSettings, Host};
use crate::model::schema::for_wire;
use crate::model::{ModelRow, Prompt};

/// The categories of harm that take a threshold.
const CATEGORIES: [&str; 4] = [
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
];

/// The request's body. The data comes before the instructions: what stays the same comes first.
pub(super) fn request(prompt: &Prompt, row: &ModelRow, settings: &GeminiSettings) -> Value {
    let data = prompt.data.iter().map(|part| json!({"text": part.rendered()}));
    let parts: Vec<Value> = data.chain([json!({"text": prompt.user})]).collect();
    let mut body = json!({
        "systemInstruction": {"parts": [{"text": prompt.system}]},
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": {
            "responseMimeType": "application/json",
            "responseJsonSchema": for_wire(&prompt.schema),
        },
    });
    let config = &mut body["generationConfig"];
    // Thoughts count against the limit.
    let allowance = row.thinking.as_ref().map_or(0, |thinking| thinking.allowance);
    config["maxOutputTokens"] = json!(prompt.max_output_tokens.saturating_add(allowance).min(row.output));
    if let Some(seed) = prompt.seed {
        config["seed"] = json!(seed);
    }
    if let Some(temperature) = settings.temperature.filter(|_| row.sampling) {
        config["temperature"] = json!(temperature);
    }
    let of_row = row.thinking.as_ref().map(|thinking| thinking.level.as_str());
    if let Some(level) = settings.thinking.as_deref().or(of_row) {
        config["thinkingConfig"] = json!({"thinkingLevel": level.to_ascii_uppercase()});
    }
    if let Some(threshold) = &row.safety {
        let of = |category: &&str| json!({"category": category, "threshold": threshold});
        body["safetySettings"] = CATEGORIES.iter().map(of).collect();
    }
    // The other hosts do not know it.
    if settings.host == Host::Developer {
        body["store"] = json!(false);
    }
    body
}

/// Makes the request one to go on with an answer.
pub(super) fn go_on(body: &mut Value, token: &str) {
    body["continuationToken"] = json!(token);
}
