//! What a server of each kind refuses, takes and does in silence, so that a client that is wrong
//! does not pass.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::raw::{Raw, ask, post};
use super::super::*;

const PATH: &str = "/v1/chat/completions";
const KEY: &str = "authorization: Bearer sk-key-for-tests\r\n";
const TEXT: &str = "Under the bridge two ducks swam past — and a third one followed them at some distance.";

fn fake(personality: Personality) -> OpenAi {
    fake_with(OpenAiOptions::of(personality))
}

/// A fake whose author writes [`TEXT`].
fn fake_with(options: OpenAiOptions) -> OpenAi {
    OpenAi::start(OpenAiOptions { author: SharedAuthor::new(|_: &Asked| Written::from(TEXT)), ..options })
}

fn body() -> Value {
    json!({
        "model": "gpt-6.2-sol",
        "messages": [{"role": "system", "content": "Rules."}, {"role": "user", "content": "Write it."}],
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = body();
    body[name] = value;
    body
}

fn send(server: &OpenAi, body: &Value) -> Raw {
    post(server.address(), PATH, KEY, body)
}

fn format(schema: Value) -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": schema}})
}

fn closed() -> Value {
    json!({
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": false,
    })
}

/// The text of a stream's events, the reason at its end, and its usage.
fn joined(answer: &Raw) -> (String, Option<String>, Option<Value>) {
    let (mut text, mut reason, mut usage) = (String::new(), None, None);
    for data in answer.data().into_iter().filter(|data| data != "[DONE]") {
        let chunk: Value = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"));
        text.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
        reason = chunk["choices"][0]["finish_reason"].as_str().map(str::to_owned).or(reason);
        usage = Some(chunk["usage"].clone()).filter(Value::is_object).or(usage);
    }
    (text, reason, usage)
}

#[test]
fn openai_refuses_what_it_does_not_know() {
    let server = fake(Personality::OpenAi);
    let unnamed = json!({"type": "json_schema", "json_schema": {"schema": closed()}});
    let spaced = json!({"type": "json_schema", "json_schema": {"name": "an answer", "schema": closed()}});
    let cases = [
        (body(), 200),
        (with("response_format", format(closed())), 200),
        (with("max_completion_tokens", json!(100)), 200),
        (with("reasoning_effort", json!("low")), 200),
        (with("max_tokens", json!(100)), 400),
        (with("top_k", json!(3)), 400),
        (with("maxOutputTokens", json!(3)), 400),
        (with("max_completion_tokens", json!(0)), 400),
        (with("stream_options", json!({"include_usage": true})), 400),
        (with("response_format", json!({"type": "json_schema", "schema": closed()})), 400),
        (with("response_format", unnamed), 400),
        (with("response_format", spaced), 400),
        (with("response_format", format(json!({"type": "object", "properties": {}}))), 400),
        (with("messages", json!([])), 400),
        (with("messages", json!([{"role": "user", "content": "x", "text": "y"}])), 400),
        (with("messages", json!([{"role": "tool", "content": "x"}])), 400),
        (with("messages", json!([{"role": "user", "content": 3}])), 400),
        (with("model", json!("gpt-1")), 404),
        (with("tools", json!([])), 501),
    ];
    for (body, status) in cases {
        let answer = send(&server, &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(status == 200 || answer.json()["error"]["message"].is_string());
    }
    let unknown = send(&server, &with("top_k", json!(3))).json();
    let error = &unknown["error"];
    assert_eq!((error["code"].as_str(), error["param"].as_str()), (Some("unknown_parameter"), Some("top_k")));
    assert_eq!(post(server.address(), PATH, "", &body()).status, 401);
    let other = "authorization: Bearer another\r\n";
    assert_eq!(post(server.address(), PATH, other, &body()).json()["error"]["code"], "invalid_api_key");
    assert_eq!(post(server.address(), "/v1/completions", KEY, &body()).status, 404);
    assert_eq!(ask(server.address(), &format!("POST {PATH}"), KEY, body().to_string().as_bytes()).status, 400);
    let answer = send(&server, &body());
    assert!(answer.head.contains("x-request-id") && answer.head.contains("x-ratelimit-reset-tokens: 6m0s"));
    assert_eq!(server.ledger().billed_calls(), 5, "what is refused costs nothing");
}

#[test]
fn the_others_take_what_they_do_not_know_and_demand_no_key() {
    for personality in [Personality::Vllm, Personality::Ollama, Personality::LlamaCpp] {
        let server = fake(personality);
        let mut body = with("top_k", json!(3));
        body["cache_prompt"] = json!(true);
        let answer = post(server.address(), PATH, "", &body);
        assert_eq!(answer.status, 200, "{personality:?}: {}", answer.text());
        assert!(!answer.head.contains("x-ratelimit"), "{personality:?}");
        assert_eq!(post(server.address(), PATH, "", &with("model", json!("none"))).status, 404, "{personality:?}");
        let keyed = OpenAiOptions { key: Some("k".to_owned()), ..OpenAiOptions::of(personality) };
        let status = post(fake_with(keyed).address(), PATH, "", &body).status;
        assert_eq!(status, if personality == Personality::Ollama { 200 } else { 401 }, "{personality:?}");
    }
}

#[test]
fn each_finds_the_schema_in_its_own_place() {
    let nested = with("response_format", format(closed()));
    let flat = with("response_format", json!({"type": "json_schema", "schema": closed()}));
    let cases = [
        (Personality::OpenAi, &nested, Some(closed())),
        (Personality::Vllm, &nested, Some(closed())),
        (Personality::Vllm, &flat, None),
        (Personality::Ollama, &nested, Some(closed())),
        (Personality::Ollama, &flat, Some(Value::Null)),
        (Personality::LlamaCpp, &flat, Some(Value::Null)),
        (Personality::LlamaCpp, &nested, Some(closed())),
    ];
    for (personality, body, expected) in cases {
        let server = fake(personality);
        let answer = send(&server, body);
        let found = server.ledger().calls().pop().and_then(|call| call.asked).map(|asked| asked.schema.clone());
        assert_eq!(found, expected, "{personality:?}: {}", answer.text());
    }
}

#[test]
fn the_limit_is_heard_by_its_name_or_not_at_all() {
    let whole = tokens(TEXT);
    let cases = [
        (Personality::OpenAi, "max_completion_tokens", 3),
        (Personality::Vllm, "max_completion_tokens", 3),
        (Personality::Vllm, "max_tokens", 3),
        (Personality::Ollama, "max_tokens", 3),
        (Personality::Ollama, "max_completion_tokens", whole),
        (Personality::LlamaCpp, "max_tokens", 3),
        (Personality::LlamaCpp, "max_completion_tokens", 3),
    ];
    for (personality, name, written) in cases {
        let answer = send(&fake(personality), &with(name, json!(3))).json();
        assert_eq!(answer["usage"]["completion_tokens"], written, "{personality:?} {name}");
        let reason = if written == 3 { "length" } else { "stop" };
        assert_eq!(answer["choices"][0]["finish_reason"], reason, "{personality:?} {name}");
    }
}

#[test]
fn a_prompt_that_is_too_long_is_refused_or_cut_in_silence() {
    let long = json!([{"role": "system", "content": "Rules."}, {"role": "user", "content": "word".repeat(200)}]);
    let long = with("messages", long);
    let expected = [
        (Personality::OpenAi, 400, json!("context_length_exceeded")),
        (Personality::Vllm, 400, json!(400)),
        (Personality::LlamaCpp, 400, json!(400)),
        (Personality::Ollama, 200, Value::Null),
    ];
    for (personality, status, code) in expected {
        let server = fake_with(OpenAiOptions { context: 100, ..OpenAiOptions::of(personality) });
        let answer = send(&server, &long);
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (status, &code), "{personality:?}");
        if personality == Personality::LlamaCpp {
            assert_eq!(answer.json()["error"]["type"], "exceed_context_size_error");
        }
        if personality == Personality::Ollama {
            assert_eq!(answer.json()["usage"]["prompt_tokens"], 75, "and 202 were sent");
            let asked = server.ledger().calls().pop().and_then(|call| call.asked).expect("a call");
            assert_eq!(asked.user_parts, ["word".repeat(73)]);
        }
    }
}

#[test]
fn streams_end_with_a_mark_and_with_usage_where_it_is_asked_for_or_always() {
    for personality in Personality::ALL {
        for include in [false, true] {
            let server = fake_with(OpenAiOptions { thoughts: 9, ..OpenAiOptions::of(personality) });
            let mut body = with("stream", json!(true));
            if include {
                body["stream_options"] = json!({"include_usage": true});
            }
            for _ in 0..6 {
                let answer = send(&server, &body);
                let (text, reason, usage) = joined(&answer);
                assert_eq!((text.as_str(), reason.as_deref()), (TEXT, Some("stop")), "{personality:?}");
                assert_eq!(answer.data().last().map(String::as_str), Some("[DONE]"));
                let always = personality == Personality::LlamaCpp;
                assert_eq!(usage.is_some(), include || always, "{personality:?}");
                let thinks_aloud =
                    answer.text().contains("reasoning\":") || answer.text().contains("reasoning_content");
                assert_eq!(thinks_aloud, personality != Personality::OpenAi, "{personality:?}");
                let call = server.ledger().calls().pop().expect("a call");
                assert_eq!(call.delivered, include || always, "{personality:?}");
                if let Some(usage) = usage {
                    assert_eq!(usage["completion_tokens"], tokens(TEXT) + 9, "thoughts are included");
                    assert_eq!(usage["prompt_tokens"], call.tokens.input);
                }
            }
        }
        let server = fake(personality);
        let mut body = with("stream", json!(true));
        body["stream_options"] = json!({"include_usage": true});
        server.faults().queue(ModelFault::MissingUsage);
        let (text, reason, usage) = joined(&send(&server, &body));
        assert_eq!((text.as_str(), reason.as_deref(), usage), (TEXT, Some("stop"), None), "{personality:?}");
    }
}

#[test]
fn an_error_within_a_stream_comes_as_each_has_it() {
    for personality in Personality::ALL {
        let server = fake(personality);
        for number in 0..2 {
            server.faults().queue(ModelFault::ErrorInStream);
            let raw = send(&server, &with("stream", json!(true))).text().replace("\r\n", "\n");
            let line = raw.lines().find(|line| line.contains("\"error\"")).expect("an error").to_owned();
            let (mark, done) = match (personality, number) {
                (Personality::OpenAi, _) | (Personality::LlamaCpp, 0) => ("data: ", false),
                (Personality::Vllm, _) => ("data: ", true),
                (Personality::Ollama, _) => ("", false),
                (Personality::LlamaCpp, _) => ("error: ", false),
            };
            let error: Value = serde_json::from_str(line.strip_prefix(mark).expect(mark)).expect("JSON");
            assert!(error["error"]["message"].is_string());
            assert_eq!(raw.contains("[DONE]"), done, "{personality:?}");
            assert!(raw.contains("Under"), "it begins well: {raw}");
        }
    }
}

#[test]
fn codes_of_errors_are_words_numbers_or_none() {
    let cases = [
        (Personality::OpenAi, json!("model_not_found")),
        (Personality::Vllm, json!(404)),
        (Personality::Ollama, Value::Null),
        (Personality::LlamaCpp, json!(404)),
    ];
    for (personality, code) in cases {
        let answer = send(&fake(personality), &with("model", json!("none"))).json();
        assert_eq!(answer["error"]["code"], code, "{personality:?}");
    }
}

#[test]
fn whoever_is_limited_is_told_when_to_come_again_in_three_ways() {
    let server = fake(Personality::OpenAi);
    server.faults().set_retry_after(Duration::from_millis(1_500));
    let cases = [
        (ModelFault::QuotaOfMinute, "retry-after: 2\r\n", "rate_limit_exceeded"),
        (ModelFault::RetryAfterMillis, "retry-after-ms: 1500\r\n", "rate_limit_exceeded"),
        (ModelFault::RetryAfterDate, " GMT\r\n", "rate_limit_exceeded"),
        (ModelFault::PurseEmpty, "", "insufficient_quota"),
    ];
    for (fault, header, code) in cases {
        server.faults().queue(fault);
        let answer = send(&server, &body());
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (429, Some(code)), "{fault:?}");
        let head = format!("{}\r\n", answer.head);
        assert!(head.contains(header), "{fault:?}: {head}");
        assert_eq!(head.contains("retry-after"), fault != ModelFault::PurseEmpty);
    }
    for (fault, status) in [(ModelFault::OverloadedPage, 503), (ModelFault::Internal, 500), (ModelFault::Dead, 0)] {
        server.faults().queue(fault);
        assert_eq!(send(&server, &body()).status, status, "{fault:?}");
    }
    server.faults().queue(ModelFault::OldQuota);
    assert_eq!(send(&server, &body()).status, 200, "it is none of this wire");
    assert_eq!(server.faults().queued(), 1);
}

#[test]
fn answers_that_are_none_have_their_reasons() {
    let server = fake(Personality::OpenAi);
    let cases = [
        (ModelFault::EmptyAnswer, "stop"),
        (ModelFault::Withheld, "content_filter"),
        (ModelFault::PromptRefused, "stop"),
        (ModelFault::ThoughtsUseItUp, "length"),
        (ModelFault::CutMidString, "stop"),
        (ModelFault::MalformedCall, "tool_calls"),
        (ModelFault::UnknownReason, "something_new"),
        (ModelFault::OtherModel, "stop"),
    ];
    for (fault, reason) in cases {
        server.faults().queue(fault);
        let answer = send(&server, &body()).json();
        assert_eq!(answer["choices"][0]["finish_reason"], reason, "{fault:?}");
        let message = &answer["choices"][0]["message"];
        assert_eq!(message["refusal"].is_string(), fault == ModelFault::PromptRefused, "{fault:?}");
        assert_eq!(answer["model"] != "gpt-6.2-sol", fault == ModelFault::OtherModel, "{fault:?}");
        assert_eq!(message["content"] == TEXT, matches!(fault, ModelFault::UnknownReason | ModelFault::OtherModel));
    }
}

#[test]
fn models_are_listed() {
    for personality in Personality::ALL {
        let server = fake_with(OpenAiOptions { context: 4_096, ..OpenAiOptions::of(personality) });
        let list = ask(server.address(), "GET /v1/models", KEY, b"").json();
        assert_eq!(list["data"][0]["id"], OpenAi::MODEL);
        let length = &list["data"][0]["max_model_len"];
        assert_eq!(*length == 4_096, personality == Personality::Vllm, "{personality:?}: {length}");
    }
}
