//! `docs/service-config.json` repeats what is safe to repeat, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{document, methods};

/// Calls that a client must not repeat without knowing what was in them, and why.
const UNSAFE: [(&str, &str, &str); 10] = [
    ("DocumentService", "CreateDocument", "makes another document unless it carries a request_id"),
    ("DocumentService", "UploadDocument", "its chunks go on where GetUpload says, not where they began"),
    ("DocumentService", "CancelUpload", "would cancel an upload that was begun meanwhile under the same id"),
    ("NarrationService", "CreateNarration", "makes another narration unless it carries a request_id"),
    (
        "NarrationService",
        "RetryNarration",
        "starts a further run of what has failed again, unless it carries a request_id or an etag",
    ),
    (
        "KeyService",
        "CreateKey",
        "makes another key unless it carries a request_id, and then answers without the secret",
    ),
    ("TenantService", "CreateTenant", "answers ALREADY_EXISTS for what a try made whose answer was lost"),
    ("TenantService", "UpdateTenant", "undoes what was changed meanwhile unless it carries an etag"),
    ("AdminService", "ReplayDeadLetters", "would take letters that were buried meanwhile"),
    ("AdminService", "DiscardDeadLetters", "would take letters that were buried meanwhile"),
];

fn config() -> Value {
    serde_json::from_str(&document("service-config.json")).expect("docs/service-config.json is JSON")
}

fn array<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("{name} is a list"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is a text in {value}"))
}

fn repeated(config: &Value) -> BTreeSet<(String, String)> {
    let mut repeated = BTreeSet::new();
    for name in array(config, "methodConfig").iter().flat_map(|method| array(method, "name")) {
        // A name without a method would mean all of its service.
        let (service, method) = (text(name, "service").to_owned(), text(name, "method").to_owned());
        assert!(repeated.insert((service, method)), "{name} stands there twice");
    }
    repeated
}

#[test]
fn every_call_is_either_repeated_or_unsafe_for_a_reason() {
    let unsafe_ones = UNSAFE.iter().map(|(service, method, _)| (format!("lectern.v1.{service}"), (*method).to_owned()));
    let unsafe_ones: BTreeSet<_> = unsafe_ones.collect();
    let repeated = repeated(&config());
    let both: Vec<_> = repeated.intersection(&unsafe_ones).collect();
    assert!(both.is_empty(), "docs/service-config.json repeats what is not safe to repeat: {both:?}");
    let all: BTreeSet<_> = repeated.union(&unsafe_ones).cloned().collect();
    assert_eq!(all, methods(), "docs/service-config.json names what is not there, or leaves a call undecided");
}

/// gRPC's own rules (gRFC A6): what breaks one of them makes a client refuse the whole config.
#[test]
fn the_policy_is_one_that_clients_take() {
    let config = config();
    for method in array(&config, "methodConfig") {
        let policy = &method["retryPolicy"];
        let attempts = policy["maxAttempts"].as_u64().expect("maxAttempts is a whole number");
        assert!((2..=5).contains(&attempts), "clients take 2 to 5 attempts, not {attempts}");
        let seconds = |name| {
            let text = text(policy, name).strip_suffix('s').expect("a duration ends in s");
            text.parse::<f64>().expect("seconds")
        };
        assert!(seconds("initialBackoff") > 0.0 && seconds("initialBackoff") <= seconds("maxBackoff"));
        assert!(policy["backoffMultiplier"].as_f64().is_some_and(|multiplier| multiplier >= 1.0));
        // Other codes may be final: of RESOURCE_EXHAUSTED only those with RetryInfo pass by
        // waiting, which a client's policy cannot tell apart.
        assert_eq!(array(policy, "retryableStatusCodes"), &[Value::from("UNAVAILABLE")]);
    }
    let throttling = &config["retryThrottling"];
    assert!(throttling["maxTokens"].as_u64().is_some_and(|tokens| (1..=1_000).contains(&tokens)));
    assert!(throttling["tokenRatio"].as_f64().is_some_and(|ratio| ratio > 0.0));
}
