//! `docs/service-config.json` repeats what is safe to repeat, and nothing else; the service config
//! among our services does so with what only reads.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::{PUBLIC, document, methods, ours};

/// Calls that a client must not repeat without knowing what was in them, and why.
const UNSAFE: [(&str, &str, &str); 14] = [
    ("DocumentService", "CreateDocument", "makes another document unless it carries a request_id"),
    ("DocumentService", "UploadDocument", "its chunks go on where GetUpload says, not where they began"),
    ("DocumentService", "CancelUpload", "would cancel an upload that was begun meanwhile under the same id"),
    ("NarrationService", "CreateNarration", "makes another narration unless it carries a request_id"),
    (
        "NarrationService",
        "RetryNarration",
        "starts a further run of what has failed again, unless it carries a request_id or an etag",
    ),
    ("NarrationService", "UpdateScript", "answers ETAG_MISMATCH for what a try changed whose answer was lost"),
    (
        "KeyService",
        "CreateKey",
        "makes another key unless it carries a request_id, and then answers without the secret",
    ),
    ("TenantService", "CreateTenant", "answers ALREADY_EXISTS for what a try made whose answer was lost"),
    ("TenantService", "UpdateTenant", "undoes what was changed meanwhile unless it carries an etag"),
    ("LexiconService", "CreateLexicon", "answers ALREADY_EXISTS for what a try made whose answer was lost"),
    ("LexiconService", "UpdateLexicon", "undoes what was changed meanwhile unless it carries an etag"),
    ("LexiconService", "DeleteLexicon", "answers RESOURCE_NOT_FOUND for what a try deleted whose answer was lost"),
    ("AdminService", "ReplayDeadLetters", "would take letters that were buried meanwhile"),
    ("AdminService", "DiscardDeadLetters", "would take letters that were buried meanwhile"),
];

/// Calls between services that are made once, and why.
const ONCE: [(&str, &str, &str); 18] = [
    ("lectern.ingest.v1.IngestService", "PrepareContent", "stores content"),
    ("lectern.ingest.v1.IngestService", "GetUsage", "the caller of GetQuota repeats it"),
    ("lectern.ai.v1.ScriptService", "ComposeScript", "writes as long as a script takes, and is paid for"),
    ("lectern.ai.v1.ScriptService", "PreviewScript", "the caller of PreviewDocument repeats it"),
    ("lectern.ai.v1.ScriptService", "EstimateScript", "the caller of EstimateNarration repeats it"),
    ("lectern.ai.v1.ScriptService", "EditScript", "puts what edits made; the caller of UpdateScript reads the script"),
    ("lectern.ai.v1.ScriptService", "GetSpending", "the caller of GetUsage repeats it"),
    ("lectern.tts.v1.SpeechService", "Synthesize", "speaks, and is paid for"),
    ("lectern.tts.v1.SpeechService", "ReadTrack", "the caller of ListenNarration repeats it"),
    ("lectern.tts.v1.SpeechService", "CountStoredSpeech", "the caller of PreviewDocument repeats it"),
    ("lectern.gateway.v1.CredentialService", "VerifyKey", "who calls a stage with a key repeats that call"),
    ("lectern.tts.v1.SpeechService", "GetSpending", "the caller of GetUsage repeats it"),
    ("lectern.tts.v1.SpeechService", "DeleteRecording", "deletes; the gateway comes to it again"),
    ("lectern.work.v1.StageService", "CancelSteps", "notes a cancel; the gateway comes to it again"),
    ("lectern.work.v1.StageService", "ListSteps", "the caller of the method of AdminService repeats it"),
    ("lectern.work.v1.StageService", "ListLeases", "the caller of the method of AdminService repeats it"),
    ("lectern.work.v1.StageService", "GetService", "the caller of GetServices repeats it"),
    ("lectern.work.v1.StageService", "Prune", "deletes; the gateway comes to it again"),
];

fn config() -> Value {
    serde_json::from_str(&document("service-config.json")).expect("docs/service-config.json is JSON")
}

/// A service config that our own channel has with it.
fn of_our_channel(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../rpc/src/client").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn between_services() -> Value {
    serde_json::from_str(&of_our_channel("between_services.json")).expect("between_services.json is JSON")
}

fn pairs(listed: &[(&str, &str, &str)]) -> BTreeSet<(String, String)> {
    listed.iter().map(|(service, method, _)| ((*service).to_owned(), (*method).to_owned())).collect()
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

#[test]
fn our_own_clients_follow_what_is_published() {
    let same = of_our_channel("published.json") == document("service-config.json");
    assert!(same, "libs/rpc/src/client/published.json differs: copy docs/service-config.json over it");
}

#[test]
fn every_call_between_services_is_either_repeated_or_made_once_for_a_reason() {
    let mut internal = BTreeSet::new();
    for file in ours().iter().filter(|file| file.package() != PUBLIC) {
        for service in &file.service {
            let whole = format!("{}.{}", file.package(), service.name());
            internal.extend(service.method.iter().map(|method| (whole.clone(), method.name().to_owned())));
        }
    }
    let (repeated, once) = (repeated(&between_services()), pairs(&ONCE));
    let both: Vec<_> = repeated.intersection(&once).collect();
    assert!(both.is_empty(), "between_services.json repeats what is to be made once: {both:?}");
    let all: BTreeSet<_> = repeated.union(&once).cloned().collect();
    assert_eq!(all, internal, "between_services.json names what is not there, or leaves a call undecided");
}

/// gRPC's own rules (gRFC A2, A6, A17): what breaks one of them makes a client refuse the whole
/// config.
#[test]
fn the_configs_are_ones_that_clients_take() {
    taken(&config());
    taken(&between_services());
}

fn taken(config: &Value) {
    assert_eq!(config["loadBalancingConfig"], serde_json::json!([{ "round_robin": {} }]));
    assert_eq!(config["healthCheckConfig"], serde_json::json!({ "serviceName": "" }), "the process as a whole");
    for method in array(config, "methodConfig") {
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
