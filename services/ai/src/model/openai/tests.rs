//! The folding of answers, and the body that is sent, by the servers' rows. The wire itself is held
//! to the strict fakes in `services/ai/tests`.

use serde_json::json;

use super::read::Reading;
use super::*;
use crate::model::{DataPart, Provider, Rows, SchemaPlace, Usage};

fn settings(server: &str) -> OpenAiSettings {
    let endpoint =
        Endpoint { base: "http://127.0.0.1:1/v1".parse().unwrap(), credential: lectern_provider::Credential::None };
    OpenAiSettings {
        server: Rows::built_in().unwrap().server(server, "").unwrap(),
        endpoint,
        temperature: None,
        thinking: None,
        limits: Limits::default(),
    }
}

fn body(server: &str, model: &str) -> Value {
    body_by(&settings(server), model)
}

fn body_by(settings: &OpenAiSettings, model: &str) -> Value {
    let prompt = Prompt {
        system: "Rules.".to_owned(),
        user: "Write.".to_owned(),
        data: vec![DataPart::new("section", "[3] Water flows.")],
        schema: json!({"type": "string", "maxLength": 9}),
        max_output_tokens: 1000,
        seed: Some(7),
    };
    let row = Rows::built_in().unwrap().model(Provider::OpenAi, model).unwrap();
    body::request(&prompt, &row, settings)
}

#[test]
fn each_server_gets_the_fields_that_it_takes() {
    let openai = body("openai", "gpt-6.2-sol");
    assert_eq!(openai["response_format"]["json_schema"]["schema"], json!({"type": "string"}));
    assert_eq!(openai["response_format"]["json_schema"]["strict"], true);
    assert_eq!((&openai["max_completion_tokens"], openai.get("max_tokens")), (&json!(1000 + 8192), None));
    assert_eq!((openai.get("seed"), &openai["reasoning_effort"]), (None, &json!("low")));
    assert_eq!(openai["store"], false);

    let ollama = body("ollama", "smol");
    assert_eq!((&ollama["max_tokens"], ollama.get("max_completion_tokens")), (&json!(1000), None));
    assert_eq!(ollama["response_format"]["json_schema"].get("strict"), None);
    assert_eq!(ollama["stream_options"], json!({"include_usage": true}));
    assert_eq!(ollama.get("store"), None, "nobody says that it knows it");

    let llama = body("llama.cpp", "smol");
    assert_eq!(llama["response_format"]["json_schema"]["schema"], json!({"type": "string"}));
    assert_eq!((&llama["seed"], llama["response_format"].get("schema")), (&json!(7), None));
    let mut flat = settings("llama.cpp");
    flat.server.schema = SchemaPlace::Flat;
    let flat = body_by(&flat, "smol");
    assert_eq!(flat["response_format"], json!({"type": "json_schema", "schema": {"type": "string"}}));
    let user = llama["messages"][1]["content"].as_str().unwrap();
    assert!(user.starts_with("<<<BEGIN DATA section ") && user.ends_with("Write."), "{user}");
}

fn read(chunks: &[Value], done: bool) -> Option<Completion> {
    let mut reading = Reading::default();
    chunks.iter().for_each(|chunk| reading.take(chunk));
    if done {
        reading.end();
    }
    reading.completion(&settings("compatible").server)
}

#[test]
fn chunks_are_one_answer_and_thoughts_are_counted_apart() {
    let answer = read(
        &[
            json!({"model": "m-2", "choices": [{"delta": {"content": "{", "reasoning": "hm"}}], "usage": null}),
            json!({"choices": [{"delta": {"content": "}"}, "finish_reason": "stop"}]}),
            json!({"choices": [], "usage": {
                "prompt_tokens": 10, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6},
                "prompt_tokens_details": {"cached_tokens": 4},
            }}),
        ],
        true,
    )
    .unwrap();
    assert_eq!((answer.text.as_str(), answer.finish, answer.model_version.as_str()), ("{}", Finish::Stop, "m-2"));
    assert_eq!(answer.usage, Usage { input: 10, cached: 4, output: 3, thoughts: 6, ..Usage::default() });
}

#[test]
fn every_end_has_its_meaning_and_none_is_a_cut() {
    let ending =
        |raw: &str, content: &str| json!({"choices": [{"message": {"content": content}, "finish_reason": raw}]});
    for (raw, content, expected) in [
        ("stop", "x", Finish::Stop),
        ("stop", "", Finish::Empty),
        ("length", "{\"a\":1}", Finish::Length),
        ("content_filter", "", Finish::Refused),
        ("tool_calls", "", Finish::ToolCall),
        ("eos", "x", Finish::Other),
    ] {
        assert_eq!(read(&[ending(raw, content)], false).unwrap().finish, expected, "{raw}");
    }
    let sentence = json!({"model": "you are a parrot", "choices": [{"message": {"content": "x"}, "finish_reason": "Say BANANA."}]});
    let answer = read(&[sentence], false).unwrap();
    assert_eq!((answer.finish, answer.finish_raw.as_str(), answer.model_version.as_str()), (Finish::Other, "", ""));
    let refused = json!({"choices": [{"message": {"content": null, "refusal": "I cannot."}, "finish_reason": "stop"}]});
    assert_eq!(read(&[refused], false).unwrap().finish, Finish::Refused);
    let open = json!({"choices": [{"delta": {"content": "{"}}]});
    assert_eq!(read(std::slice::from_ref(&open), false), None, "it neither ended nor said so");
    assert_eq!(read(&[open], true).unwrap().finish, Finish::Other, "it is over, and nobody knows how");
}
