//! What the fake refuses, so that a client that is wrong does not pass.

mod emits;

use serde_json::{Value, json};

use super::super::raw::{Raw, ask, post};
use super::super::*;

const DEVELOPER: &str = "/v1/models/gemini-3.8-flash:generateContent";
const STREAM: &str = "/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse";
const ENTERPRISE: &str = "/v1beta1/projects/lectern-test/locations/global/publishers/google/models";
const KEY: &str = "x-goog-api-key: AQ.key-for-tests\r\n";
const BEARER: &str = "authorization: Bearer bearer-for-tests\r\n";

/// A fake whose author writes this text.
fn fake(text: &'static str) -> Gemini {
    let author = SharedAuthor::new(move |_: &Asked| Written::from(text));
    Gemini::start(GeminiOptions { author, ..GeminiOptions::default() })
}

fn body() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "Write it."}]}]})
}

/// The body with a value at a path of names.
fn with(path: &[&str], value: Value) -> Value {
    let mut body = body();
    let mut place = &mut body;
    for name in path {
        place = &mut place[*name];
    }
    *place = value;
    body
}

fn config(config: Value) -> Value {
    with(&["generationConfig"], config)
}

fn reason(answer: &Value) -> Option<&str> {
    answer["candidates"][0]["finishReason"].as_str()
}

#[test]
fn what_the_real_one_refuses_is_refused() {
    let gemini = fake("Well.");
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    let structured = |schema: &Value| json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
    let part = |part: Value| json!({"contents": [{"role": "user", "parts": [part]}]});
    let cases = [
        (body(), 200),
        (config(structured(&schema)), 200),
        (config(json!({"seed": 7, "maxOutputTokens": 100, "thinkingConfig": {"thinkingLevel": "LOW"}})), 200),
        // Unknown names, at every depth, and in the other spelling.
        (with(&["temperature"], json!(1)), 400),
        (with(&["system_instruction"], json!({"parts": [{"text": "x"}]})), 400),
        (config(json!({"max_output_tokens": 5})), 400),
        (config(json!({"thinkingConfig": {"level": "LOW"}})), 400),
        (part(json!({"text": "x", "role": "user"})), 400),
        (json!({"contents": [{"role": "user", "parts": [{"text": "x"}], "name": "a"}]}), 400),
        (with(&["modelArmorConfig"], json!({})), 400),
        (config(json!({"responseFormat": []})), 400),
        // Values that are of another type.
        (config(json!({"seed": 3_000_000_000_i64})), 400),
        (config(json!({"maxOutputTokens": "100"})), 400),
        (config(json!({"maxOutputTokens": 0})), 400),
        (config(json!({"maxOutputTokens": 65_537})), 400),
        (with(&["serviceTier"], json!("cheap")), 400),
        (with(&["safetySettings"], json!([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "NONE"}])), 400),
        // Empty ones.
        (json!({"contents": []}), 400),
        (json!({"contents": [{"role": "user", "parts": []}]}), 400),
        (part(json!({"text": ""})), 400),
        (part(json!({})), 400),
        (json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}), 400),
        (with(&["systemInstruction"], json!({"parts": []})), 400),
        // What a model does not take, and what does not go together.
        (config(json!({"temperature": 0.2})), 400),
        (config(json!({"topP": 0.9})), 400),
        (config(json!({"topK": 3})), 400),
        (config(json!({"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 100}})), 400),
        (config(json!({"thinkingConfig": {"thinkingLevel": "MINIMAL"}})), 400),
        (config(json!({"thinkingConfig": {"thinkingBudget": 0}})), 400),
        (config(json!({"responseJsonSchema": schema})), 400),
        (config(json!({"responseMimeType": "text/plain", "responseJsonSchema": schema})), 400),
        (config(json!({"responseMimeType": "application/xml"})), 400),
        (
            config(json!({
                "responseMimeType": "application/json", "responseJsonSchema": schema, "responseSchema": {"type": "OBJECT"},
            })),
            400,
        ),
        (config(structured(&json!({"type": "string", "maxLength": 3}))), 400),
        (config(json!({"responseMimeType": "application/json", "responseSchema": {"type": "string"}})), 400),
        (
            config(json!({
                "responseMimeType": "application/json", "responseSchema": {"type": "ARRAY", "maxItems": 3},
            })),
            400,
        ),
        (with(&["cachedContent"], json!("cachedContents/1")), 501),
        (with(&["continuationToken"], json!("x")), 400),
        (part(json!({"inlineData": {"mimeType": "image/png", "data": ""}})), 501),
    ];
    for (body, status) in cases {
        let answer = post(gemini.address(), DEVELOPER, KEY, &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        let code = answer.json()["error"]["code"].clone();
        assert!(status == 200 || code == status, "{code}");
    }
    let tools = json!([{"googleMaps": {}}]);
    let mut both = config(structured(&schema));
    both["tools"] = tools.clone();
    assert_eq!(post(gemini.address(), DEVELOPER, KEY, &both).status, 400, "tools with a schema");
    let mut both = with(&["cachedContent"], json!("cachedContents/1"));
    both["tools"] = tools;
    assert_eq!(post(gemini.address(), DEVELOPER, KEY, &both).status, 400, "tools belong into the cache");
    assert_eq!(gemini.ledger().billed_calls(), 3, "what is refused costs nothing");
}

#[test]
fn an_unknown_name_is_told_with_its_place() {
    let gemini = fake("Well.");
    let answer = post(gemini.address(), DEVELOPER, KEY, &config(json!({"thinkingConfig": {"level": "LOW"}}))).json();
    let message = answer["error"]["message"].as_str().expect("a message");
    assert!(message.contains("Unknown name \"level\" at 'generation_config.thinking_config'"), "{message}");
    assert_eq!(answer["error"]["status"], "INVALID_ARGUMENT");
    let violation = &answer["error"]["details"][0]["fieldViolations"][0];
    assert_eq!(violation["field"], "generation_config.thinking_config");
}

#[test]
fn exactly_one_credential_is_taken_and_one_that_the_host_knows() {
    let gemini = fake("Well.");
    let both = format!("{KEY}{BEARER}");
    let quota = format!("{BEARER}x-goog-user-project: p\r\n");
    let enterprise = format!("{ENTERPRISE}/gemini-3.8-flash:generateContent");
    let other_project = enterprise.replace("lectern-test", "another");
    let express = "/v1/publishers/google/models/gemini-3.8-flash:generateContent";
    let with_query = format!("{DEVELOPER}?key=AQ.key-for-tests");
    let cases = [
        (DEVELOPER, KEY, 200),
        (with_query.as_str(), "", 200),
        (with_query.as_str(), KEY, 400),
        (DEVELOPER, both.as_str(), 400),
        (DEVELOPER, "", 401),
        (DEVELOPER, "x-goog-api-key: AIza-unknown\r\n", 400),
        (DEVELOPER, BEARER, 403),
        (DEVELOPER, quota.as_str(), 200),
        (enterprise.as_str(), BEARER, 200),
        (enterprise.as_str(), KEY, 401),
        (enterprise.as_str(), "", 401),
        (enterprise.as_str(), "authorization: Bearer another\r\n", 401),
        (enterprise.as_str(), "authorization: bearer-for-tests\r\n", 401),
        (enterprise.as_str(), both.as_str(), 400),
        (other_project.as_str(), BEARER, 403),
        (express, KEY, 200),
        (express, BEARER, 401),
    ];
    for (path, headers, status) in cases {
        let answer = post(gemini.address(), path, headers, &body());
        assert_eq!(answer.status, status, "{path} {headers:?}: {}", answer.text());
    }
    let unknown = post(gemini.address(), DEVELOPER, "x-goog-api-key: AIza-unknown\r\n", &body()).json();
    assert_eq!(unknown["error"]["details"][0]["reason"], "API_KEY_INVALID");
    let tokens = GoogleTokens::start();
    let gemini = Gemini::start(GeminiOptions { bearers: tokens.bearers(), ..GeminiOptions::default() });
    assert_eq!(post(gemini.address(), &enterprise, BEARER, &body()).status, 401, "another's bearer");
}

#[test]
fn versions_models_and_places_that_are_not_there_are_404_or_refused() {
    let gemini = fake("Well.");
    let cases = [
        ("/v2/models/gemini-3.8-flash:generateContent", 404),
        ("/v1beta1/models/gemini-3.8-flash:generateContent", 404),
        ("/v1/models/gemini-1.0-pro:generateContent", 404),
        ("/v1/models/gemini-flash-latest:generateContent", 404),
        ("/v1beta/models/gemini-flash-latest:generateContent", 200),
        ("/v1/models/gemini-3.8-flash:embedContent", 501),
        ("/v1/models/gemini-3.8-flash:streamGenerateContent", 501),
        ("/v1/models/gemini-3.8-flash:generateContent?pretty=1", 400),
        ("/v1/interactions", 501),
    ];
    for (path, status) in cases {
        let answer = post(gemini.address(), path, KEY, &body());
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
    let missing = post(gemini.address(), "/v1/models/gemini-1.0-pro:generateContent", KEY, &body()).json();
    assert_eq!(missing["error"]["status"], "NOT_FOUND");
    let enterprise = [
        ("/v1alpha/projects/lectern-test/locations/global/publishers/google/models/gemini-3.8-flash", 404),
        ("/v1/projects/lectern-test/locations/Mars/publishers/google/models/gemini-3.8-flash", 400),
        ("/v1/projects/lectern-test/locations/europe-west4/publishers/google/models/gemini-3.8-flash", 200),
    ];
    for (path, status) in enterprise {
        let answer = post(gemini.address(), &format!("{path}:generateContent"), BEARER, &body());
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
    }
    let text = ask(gemini.address(), &format!("POST {DEVELOPER}"), KEY, body().to_string().as_bytes());
    assert_eq!(text.status, 400, "without a content type");
}
