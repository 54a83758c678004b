//! Nothing of what callers entrust us with is told to whoever runs the system: no text of a
//! document, no name of a file, no key. Canaries are put in all of them, everything is logged and
//! exported, and no canary may be found.

use std::collections::BTreeSet;

use lectern_e2e::{Profile, of};
use lectern_proto::v1::{self as api, create_document_request::Source};
use lectern_rpc::ApiKey;

use crate::collector::Collector;
use crate::metrics::scrape;

/// A word of the document, of its headings and of its sentences.
const WORD: &str = "quillonfish";
/// In the name of its file.
const FILE: &str = "marzipanotter";
/// In the name that it is shown by.
const TITLE: &str = "velvetheron";
/// Whose document it is: in logs and spans, and in no metric.
const TENANT: &str = "umbrafalcon";
/// The key of the collector.
const COLLECTOR: &str = "saffronlynx";

on_both_profiles!(nothing_that_was_entrusted_is_logged_or_exported);

async fn nothing_that_was_entrusted_is_logged_or_exported(profile: Profile) {
    let (collector, setup) = Collector::of(profile.setup()).await;
    let setup = setup
        .everywhere("LECTERN_TELEMETRY__OTLP_HEADERS", &format!("x-collector={COLLECTOR}"))
        .everywhere("LECTERN_TELEMETRY__METRICS_LISTEN", "127.0.0.1:0")
        .everywhere("LECTERN_TELEMETRY__LOG_FILTER", "debug");
    let mut instance = setup.start().await;

    let (key, wrong) = match profile {
        Profile::Stack => (instance.key(TENANT).await, ApiKey::generate().expose()),
        // Nobody needs a key there, and one that comes all the same is nobody else's business.
        Profile::Embedded => (ApiKey::generate().expose(), ApiKey::generate().expose()),
    };
    let client = instance.with_key(&key);
    let markdown = format!("# The {WORD}\n\nNobody has seen a {WORD}.\n\n# More of {WORD}\n\nA {WORD} is shy.\n");
    let document = api::Document { display_name: TITLE.to_owned(), ..api::Document::default() };
    let request = api::CreateDocumentRequest {
        document: Some(document),
        file_name: format!("{FILE}.md"),
        source: Some(Source::Text(markdown)),
        ..api::CreateDocumentRequest::default()
    };
    let document = client.documents().create_document(request).await.expect("accepted").into_inner();
    let document = document.document.expect("the document");
    let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) };
    let narration = client.narrate(order).await;
    let script = format!("{:?}", client.script(&narration.name).await);
    assert!(script.to_lowercase().contains(WORD), "the canary is alive: {script}");
    // Who is refused has a key as well.
    let refused = instance.with_key(&wrong).narration(&narration.name).await;
    assert_eq!(refused.is_err(), profile == Profile::Stack, "{refused:?}");

    drop(client);
    let (mut logs, mut scraped) = (String::new(), String::new());
    for service in instance.services() {
        scraped.push_str(&scrape(&instance, service).await);
    }
    instance.stop();
    for service in instance.services() {
        logs.push_str(&instance.whole_log(service));
    }

    // Whoever finds nothing must have looked.
    let id = document.name.trim_start_matches("documents/");
    assert!(logs.contains("\"level\":\"DEBUG\"") && logs.contains("\"message\":\"call\""), "everything is logged");
    assert!(collector.has("lectern.v1.DocumentService/CreateDocument") && collector.has("lectern.step.duration"));
    assert!(scraped.contains("lectern_step_duration_seconds_count"), "{scraped}");
    assert_eq!(
        collector.headers(),
        BTreeSet::from([COLLECTOR.to_owned()]),
        "the collector's key came with every export"
    );

    let keys = [key, wrong];
    let secrets = keys.iter().map(|key| key.rsplit('_').next().expect("the secret of a key"));
    let mut canaries = vec![WORD, FILE, TITLE, COLLECTOR, instance.secret()];
    canaries.extend(secrets);
    if profile == Profile::Stack {
        canaries.push(instance.admin_key());
    }
    let lower = logs.to_lowercase();
    for canary in canaries {
        let line = lower.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "{canary} was logged");
        assert!(!scraped.to_lowercase().contains(canary), "{canary} is in a metric");
        if canary != COLLECTOR {
            assert!(!collector.has(canary), "{canary} was exported");
        }
    }
    // A label has few values: who, and whose, are for spans and logs.
    let narration = narration.name.trim_start_matches("narrations/");
    for (whose, one) in [("document", id), ("narration", narration), ("tenant", TENANT)] {
        // The embedded instance has one tenant, with a name of its own.
        let is_there = whose != "tenant" || profile == Profile::Stack;
        assert_eq!(logs.contains(one), is_there, "the {whose} is told where it may be");
        assert!(!scraped.contains(one), "the {whose} is in a metric");
        assert!(!collector.has_in_metrics(one), "the {whose} is in an exported metric");
    }
    assert!(collector.has_in_metrics("lectern.step.duration"), "they were looked at");
    assert!(!scraped.contains("tenant="), "a tenant is in a metric");
}
