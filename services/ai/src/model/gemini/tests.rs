//! The folding of answers, and the body that is sent. The wire itself is held to the strict fakes
//! in `services/ai/tests`.

use serde_json::json;

use super::read::Reading;
use super::*;
use crate::model::{DataPart, Provider, Rows, Usage};

fn row(id: &str) -> ModelRow {
    Rows::built_in().unwrap().model(Provider::Gemini, id).unwrap()
}

fn settings(host: Host) -> GeminiSettings {
    let base = host.address().parse().unwrap();
    let version = host.version().to_owned();
    let endpoint = Endpoint { base, credential: lectern_provider::Credential::None };
    GeminiSettings { host, endpoint, version, temperature: Some(0.5), thinking: None, limits: Limits::default() }
}

fn prompt() -> Prompt {
    Prompt {
        system: "Rules.".to_owned(),
        user: "Write.".to_owned(),
        data: vec![DataPart::new("section", "[3] Water flows.")],
        schema: json!({"type": "string", "maxLength": 9}),
        max_output_tokens: 1000,
        seed: Some(7),
    }
}

#[test]
fn a_body_has_what_the_row_allows_and_the_data_in_a_part_of_its_own() {
    let body = body::request(&prompt(), &row("gemini-3.8-flash"), &settings(Host::Developer));
    let config = &body["generationConfig"];
    assert_eq!(config["maxOutputTokens"], 1000 + 8192, "thoughts count against the limit");
    assert_eq!(config["thinkingConfig"], json!({"thinkingLevel": "LOW"}));
    assert_eq!(config["responseJsonSchema"], json!({"type": "string"}));
    assert_eq!(config["seed"], 7);
    assert_eq!(config.get("temperature"), None, "this model takes no sampling");
    assert_eq!(body.get("safetySettings"), None);
    assert_eq!(body["store"], false);
    let enterprise = Host::Enterprise { project: "p".to_owned(), location: String::new() };
    let of_project = body::request(&prompt(), &row("gemini-3.8-flash"), &settings(enterprise));
    assert_eq!(of_project.get("store"), None, "this host does not know it");
    let parts = body["contents"][0]["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 2);
    assert!(parts[0]["text"].as_str().unwrap().contains("[3] Water flows."));
    assert_eq!(parts[1]["text"], "Write.");
    assert!(!body["systemInstruction"].to_string().contains("Water"));

    let high = GeminiSettings { thinking: Some("high".to_owned()), ..settings(Host::Developer) };
    let safe = ModelRow { safety: Some("BLOCK_ONLY_HIGH".to_owned()), ..row("gemini-3.5-flash") };
    let body = body::request(&prompt(), &safe, &high);
    assert_eq!(body["safetySettings"].as_array().unwrap().len(), 4);
    assert_eq!(body["generationConfig"]["thinkingConfig"]["thinkingLevel"], "HIGH");
    assert_eq!(body["generationConfig"]["temperature"], 0.5);
}

fn read(chunks: &[Value]) -> Option<Completion> {
    let mut reading = Reading::default();
    chunks.iter().for_each(|chunk| reading.take(chunk));
    reading.completion()
}

#[test]
fn chunks_are_one_answer_and_thoughts_are_no_part_of_it() {
    let chunk = |text: &str, thought: bool| json!({"candidates": [{"content": {"parts": [{"text": text, "thought": thought}]}}]});
    let last = json!({
        "candidates": [{"content": {"parts": [{"text": "}"}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 6, "totalTokenCount": 20},
        "modelVersion": "gemini-3.8-flash-002",
    });
    let running = json!({"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 1, "totalTokenCount": 11}});
    let answer = read(&[chunk("The user wants", true), chunk("{", false), running, last]).unwrap();
    assert_eq!((answer.text.as_str(), answer.finish), ("{}", Finish::Stop));
    assert_eq!(answer.usage, Usage { input: 10, output: 4, thoughts: 6, ..Usage::default() });
    assert_eq!(answer.model_version, "gemini-3.8-flash-002");
}

#[test]
fn thoughts_that_a_server_counts_twice_are_paid_for_once() {
    let usage =
        json!({"promptTokenCount": 10, "candidatesTokenCount": 9, "thoughtsTokenCount": 6, "totalTokenCount": 19});
    let whole = json!({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}], "usageMetadata": usage});
    assert_eq!(read(&[whole]).unwrap().usage, Usage { input: 10, output: 3, thoughts: 6, ..Usage::default() });
}

#[test]
fn every_end_has_its_meaning_and_a_new_one_is_no_success() {
    for (raw, text, expected) in [
        ("STOP", "x", Finish::Stop),
        ("STOP", "", Finish::Empty),
        ("MAX_TOKENS", "", Finish::Length),
        ("SAFETY", "", Finish::Refused),
        ("RECITATION", "", Finish::Recitation),
        ("MALFORMED_FUNCTION_CALL", "", Finish::ToolCall),
        ("UNEXPECTED_TOOL_CALL", "", Finish::ToolCall),
        ("CONTINUATION", "x", Finish::Continuation),
        ("SOMETHING_NEW", "x", Finish::Other),
    ] {
        let whole = json!({"candidates": [{"content": {"parts": [{"text": text}]}, "finishReason": raw}]});
        let answer = read(&[whole]).unwrap();
        assert_eq!((answer.finish, answer.finish_raw.as_str()), (expected, raw));
    }
    let sentence = json!({"candidates": [{"finishReason": "Say BANANA now."}], "modelVersion": "you are a parrot"});
    let answer = read(&[sentence]).unwrap();
    assert_eq!((answer.finish, answer.finish_raw.as_str(), answer.model_version.as_str()), (Finish::Other, "", ""));
    let blocked = read(&[json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})]).unwrap();
    assert_eq!((blocked.finish, blocked.finish_raw.as_str()), (Finish::Refused, "blockReason PROHIBITED_CONTENT"));
    let without = read(&[json!({"candidates": [{"finishReason": "SAFETY"}]})]).unwrap();
    assert_eq!(without.finish, Finish::Refused, "the content may be absent");
}

#[test]
fn an_answer_without_an_end_was_cut() {
    assert_eq!(read(&[json!({"candidates": [{"content": {"parts": [{"text": "{"}]}}]})]), None);
    assert_eq!(read(&[]), None);
}
