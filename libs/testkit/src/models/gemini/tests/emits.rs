//! What the fake emits: what it counts, how its events come, and how each fault looks.

use serde_json::{Value, json};

use super::*;

#[test]
fn tokens_are_counted_by_the_rule_and_thoughts_come_from_the_limit() {
    let gemini = fake("abcdefgh");
    let mut body = body();
    body["systemInstruction"] = json!({"parts": [{"text": "12345"}]});
    body["generationConfig"] = json!({"thinkingConfig": {"thinkingLevel": "LOW"}});
    let usage = post(gemini.address(), DEVELOPER, KEY, &body).json()["usageMetadata"].clone();
    assert_eq!(usage["promptTokenCount"], 2 + 3);
    assert_eq!((&usage["candidatesTokenCount"], &usage["thoughtsTokenCount"]), (&json!(2), &json!(24)));
    assert_eq!(usage["totalTokenCount"], 31);
    assert_eq!(usage.get("cachedContentTokenCount"), None, "zero is left out");

    body["generationConfig"]["maxOutputTokens"] = json!(25);
    let cut = post(gemini.address(), DEVELOPER, KEY, &body).json();
    assert_eq!(
        (reason(&cut), cut["candidates"][0]["content"]["parts"][0]["text"].as_str()),
        (Some("MAX_TOKENS"), Some("abcd"))
    );
    body["generationConfig"]["maxOutputTokens"] = json!(24);
    let none = post(gemini.address(), DEVELOPER, KEY, &body).json();
    assert_eq!((reason(&none), none["candidates"][0].get("content")), (Some("MAX_TOKENS"), None));
    assert_eq!(none["usageMetadata"].get("candidatesTokenCount"), None);

    let sum = gemini.ledger().billed();
    assert_eq!(sum, ModelTokens { input: 15, cached: 0, output: 3, thoughts: 72 });
    assert_eq!(gemini.ledger().delivered(), sum);
    let count = "/v1/models/gemini-3.8-flash:countTokens";
    let counted = post(gemini.address(), count, KEY, &json!({"contents": body["contents"]})).json();
    assert_eq!(counted["totalTokens"], 3);
    assert_eq!(post(gemini.address(), count, KEY, &body).status, 400, "the Developer host counts contents alone");
    assert_eq!(gemini.ledger().billed(), sum, "counting is free");
}

#[test]
fn a_long_beginning_is_cached_and_cheaper() {
    let gemini = fake("Well.");
    let long = json!({"contents": [{"role": "user", "parts": [{"text": "word".repeat(5_000)}, {"text": "one"}]}]});
    let first = post(gemini.address(), DEVELOPER, KEY, &long).json();
    assert_eq!(first["usageMetadata"].get("cachedContentTokenCount"), None);
    let second = post(gemini.address(), DEVELOPER, KEY, &long).json();
    assert_eq!(second["usageMetadata"]["promptTokenCount"], 5_001);
    let cached = second["usageMetadata"]["cachedContentTokenCount"].as_u64().expect("some");
    assert!((5_000..=5_001).contains(&cached), "{cached}");
}

/// The text of all events, and the last of them.
fn joined(answer: &Raw) -> (String, Value) {
    let chunks: Vec<Value> = answer.data().iter().map(|data| serde_json::from_str(data).expect("JSON")).collect();
    let parts = chunks
        .iter()
        .flat_map(|chunk| chunk["candidates"][0]["content"]["parts"].as_array().cloned().unwrap_or_default());
    let text = parts.filter(|part| part["thought"] != true).filter_map(|part| part["text"].as_str().map(str::to_owned));
    (text.collect(), chunks.last().cloned().unwrap_or_default())
}

#[test]
fn a_stream_comes_in_every_framing_and_ends_with_a_reason_and_no_mark() {
    let text = "Ünder the bridge — twö ducks\u{2028}swam past, and a third one followed them.";
    let gemini = fake(text);
    let mut endings = Vec::new();
    for _ in 0..6 {
        let answer = post(gemini.address(), STREAM, KEY, &body());
        let (joined, last) = joined(&answer);
        assert_eq!(joined, text);
        assert_eq!(reason(&last), Some("STOP"));
        assert_eq!(last["usageMetadata"]["candidatesTokenCount"], tokens(text));
        let raw = answer.text();
        assert!(!raw.contains("[DONE]"));
        endings.push((raw.contains("\r\n"), raw.ends_with("\n\n") || raw.ends_with("\r\n\r\n")));
    }
    for of in [(true, true), (true, false), (false, true), (false, false)] {
        assert!(endings.contains(&of), "{of:?} is not among {endings:?}");
    }
    assert!(gemini.ledger().calls().iter().all(|call| call.delivered));
}

#[test]
fn refusals_have_their_shapes() {
    let gemini = fake("Well.");
    let retry = "type.googleapis.com/google.rpc.RetryInfo";
    let cases = [
        (ModelFault::QuotaOfMinute, 429, Some("RESOURCE_EXHAUSTED")),
        (ModelFault::QuotaOfDay, 429, Some("RESOURCE_EXHAUSTED")),
        (ModelFault::SharedCapacity, 429, Some("RESOURCE_EXHAUSTED")),
        (ModelFault::OldQuota, 429, Some("RESOURCE_EXHAUSTED")),
        (ModelFault::PurseEmpty, 402, Some("RESOURCE_EXHAUSTED")),
        (ModelFault::Overloaded, 503, Some("UNAVAILABLE")),
        (ModelFault::OverloadedPage, 503, None),
        (ModelFault::Internal, 500, Some("INTERNAL")),
        (ModelFault::DeadlineExceeded, 504, Some("DEADLINE_EXCEEDED")),
        (ModelFault::CredentialRefused, 401, Some("UNAUTHENTICATED")),
        (ModelFault::Denied, 403, Some("PERMISSION_DENIED")),
        (ModelFault::BillingNotSetUp, 400, Some("FAILED_PRECONDITION")),
    ];
    for (fault, status, name) in cases {
        gemini.faults().queue(fault);
        let answer = post(gemini.address(), STREAM, KEY, &body());
        assert_eq!(answer.status, status, "{fault:?}");
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        assert_eq!(json.as_ref().and_then(|json| json["error"]["status"].as_str()), name, "{fault:?}");
        let text = answer.text();
        assert_eq!(text.contains(retry), fault == ModelFault::QuotaOfMinute, "{fault:?}");
        assert_eq!(text.contains("\"details\""), matches!(fault, ModelFault::QuotaOfMinute | ModelFault::QuotaOfDay));
    }
    for (after, text) in [(38_000, "38s"), (500, "0.5s")] {
        gemini.faults().set_retry_after(std::time::Duration::from_millis(after));
        gemini.faults().queue(ModelFault::QuotaOfMinute);
        let answer = post(gemini.address(), DEVELOPER, KEY, &body()).json();
        let details = answer["error"]["details"].as_array().expect("details").clone();
        let delay = details.iter().find(|detail| detail["@type"] == retry).expect("RetryInfo");
        assert_eq!(delay["retryDelay"], text);
    }
    gemini.faults().queue(ModelFault::Dead);
    assert_eq!(post(gemini.address(), DEVELOPER, KEY, &body()).status, 0);
    assert_eq!(gemini.ledger().billed(), ModelTokens::default());
    assert_eq!(post(gemini.address(), DEVELOPER, KEY, &body()).status, 200, "it is over");
}

#[test]
fn answers_that_are_none_are_billed_and_have_their_reasons() {
    let gemini = fake(r#"{"words":"one sentence of some length, and another"}"#);
    let cases = [
        (ModelFault::EmptyAnswer, "STOP"),
        (ModelFault::NoContent, "OTHER"),
        (ModelFault::Withheld, "SAFETY"),
        (ModelFault::ThoughtsUseItUp, "MAX_TOKENS"),
        (ModelFault::CutMidString, "STOP"),
        (ModelFault::CutAtLimit, "MAX_TOKENS"),
        (ModelFault::RepeatsPhrase, "MAX_TOKENS"),
        (ModelFault::RepeatsDigit, "MAX_TOKENS"),
        (ModelFault::Recitation, "RECITATION"),
        (ModelFault::MalformedCall, "MALFORMED_FUNCTION_CALL"),
        (ModelFault::UnexpectedCall, "UNEXPECTED_TOOL_CALL"),
        (ModelFault::UnknownReason, "SOMETHING_NEW"),
        (ModelFault::WrongShape, "STOP"),
        (ModelFault::OtherModel, "STOP"),
        (ModelFault::Legacy, "STOP"),
    ];
    for (fault, name) in cases {
        for path in [DEVELOPER, STREAM] {
            gemini.faults().queue(fault);
            let answer = post(gemini.address(), path, KEY, &body());
            assert_eq!(answer.status, 200, "{fault:?}");
            let last = if path == STREAM { joined(&answer).1 } else { answer.json() };
            assert_eq!(reason(&last), Some(name), "{fault:?}");
            let call = gemini.ledger().calls().pop().expect("a call");
            assert!(call.tokens.input > 0 && call.delivered && call.finish == name, "{call:?}");
            let written = last["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap_or_default();
            let full = serde_json::from_str::<Value>(written).is_ok();
            let whole = [ModelFault::UnknownReason, ModelFault::WrongShape, ModelFault::OtherModel, ModelFault::Legacy];
            assert!(path == STREAM || full == whole.contains(&fault), "{fault:?}: {written}");
            assert_eq!(last["modelVersion"] != "gemini-3.8-flash", fault == ModelFault::OtherModel);
            assert_eq!(last.get("modelStatus").is_some(), fault == ModelFault::Legacy);
        }
    }
    gemini.faults().queue(ModelFault::PromptRefused);
    let refused = post(gemini.address(), DEVELOPER, KEY, &body()).json();
    assert_eq!(
        (refused.get("candidates"), &refused["promptFeedback"]["blockReason"]),
        (None, &json!("PROHIBITED_CONTENT"))
    );
}

#[test]
fn streams_are_cut_end_early_and_break_off_with_a_bare_error() {
    let text = "Under the bridge two ducks swam past, and a third one followed them at some distance.";
    let gemini = fake(text);
    for _ in 0..2 {
        gemini.faults().queue(ModelFault::ErrorInStream);
        let answer = post(gemini.address(), STREAM, KEY, &body());
        let raw = answer.text();
        let good = answer.data();
        assert!(answer.status == 200 && good.len() == 2, "{raw}");
        let bare =
            raw.replace("\r\n", "\n").lines().filter(|line| !line.starts_with("data:")).collect::<Vec<_>>().join("\n");
        let error: Value = serde_json::from_str(&bare).unwrap_or_else(|error| panic!("{error}: {bare}"));
        let error = error.get(0).unwrap_or(&error);
        assert_eq!(error["error"]["code"], 503);
        assert!(bare.trim().lines().count() > 1, "it has several lines");
    }
    gemini.faults().queue(ModelFault::NoReason);
    let (joined_text, last) = joined(&post(gemini.address(), STREAM, KEY, &body()));
    assert_eq!((joined_text.as_str(), reason(&last)), (text, None));
    gemini.faults().queue(ModelFault::CutAnswer);
    let cut = post(gemini.address(), STREAM, KEY, &body());
    assert!(cut.status == 200 && !cut.text().contains("finishReason"), "{}", cut.text());
    gemini.faults().queue(ModelFault::LostAnswer);
    assert_eq!(post(gemini.address(), STREAM, KEY, &body()).status, 0);
    let ledger = gemini.ledger();
    assert_eq!(ledger.delivered(), ModelTokens::default(), "nothing got out whole");
    assert_eq!(ledger.lost().output, 5 * tokens(text), "and all of it was written");
}

#[test]
fn an_answer_goes_on_for_its_token_and_for_no_other() {
    let text = "The first half of it, and the second half of it.";
    let gemini = fake(text);
    let path = "/v1beta/models/gemini-4-argon:generateContent";
    gemini.faults().queue(ModelFault::Continuation);
    let first = post(gemini.address(), path, KEY, &body()).json();
    assert_eq!(reason(&first), Some("CONTINUATION"));
    let token = first["candidates"][0]["continuationToken"].clone();
    let start = first["candidates"][0]["content"]["parts"][0]["text"].as_str().expect("a text").to_owned();
    assert!(!start.is_empty() && start.len() < text.len());
    assert_eq!(post(gemini.address(), path, KEY, &with(&["continuationToken"], json!("made-up"))).status, 400);
    let mut other = body();
    other["contents"][0]["parts"][0]["text"] = json!("Something else.");
    other["continuationToken"] = token.clone();
    assert_eq!(post(gemini.address(), path, KEY, &other).status, 400, "it is of another request");
    let again = with(&["continuationToken"], token);
    let rest = post(gemini.address(), path, KEY, &again).json();
    assert_eq!(reason(&rest), Some("STOP"));
    let end = rest["candidates"][0]["content"]["parts"][0]["text"].as_str().expect("a text");
    assert_eq!(format!("{start}{end}"), text);
    assert_eq!(post(gemini.address(), path, KEY, &again).status, 400, "it was used");
    let v1 = ENTERPRISE.replace("v1beta1", "v1");
    assert_eq!(post(gemini.address(), &format!("{v1}/gemini-4-argon:generateContent"), BEARER, &again).status, 400);
}
