//! One narration is one trace, from the caller's order through the queue and every stage, and its
//! metrics tell what was done.

use std::collections::{BTreeMap, BTreeSet};

use lectern_e2e::{Instance, Profile, narration_id, of};
use lectern_proto::v1 as api;

use crate::collector::{Collector, Span, SpanKind};

async fn start(profile: Profile) -> (Instance, Collector) {
    let (collector, setup) = Collector::of(profile.setup()).await;
    // A process exports what is left when it ends; until then, nothing but spans is of interest
    // here.
    let setup = setup
        .everywhere("LECTERN_TELEMETRY__METRICS_EVERY", "1h")
        .everywhere("LECTERN_TELEMETRY__ENVIRONMENT", "end-to-end")
        .everywhere("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=none,service.namespace=other");
    (setup.start().await, collector)
}

/// The spans of a narration's trace: that of the order.
fn trace_of(spans: &[Span]) -> Vec<Span> {
    let order =
        spans.iter().find(|span| span.name == "lectern.v1.NarrationService/CreateNarration").expect("the order");
    spans.iter().filter(|span| span.trace == order.trace).cloned().collect()
}

/// Every step of the narration that left a span, by the service that did it.
fn steps(spans: &[Span], narration: &str) -> BTreeSet<(String, String)> {
    let steps = spans.iter().filter(|span| span.name.starts_with("process work."));
    let steps = steps.filter_map(|span| {
        let step = span.fields["step"].strip_prefix(narration)?.strip_prefix("/1/")?;
        Some((step.to_owned(), span.fields["service"].clone()))
    });
    steps.collect()
}

/// Calls, messages, the database and the engine, each below what asked for it.
fn every_kind_of_span_is_there(profile: Profile, trace: &[Span]) {
    let by_id: BTreeMap<_, _> = trace.iter().map(|span| (&span.id, span)).collect();
    let parent = |span: &Span| by_id.get(&span.parent).map_or("none", |parent| parent.name.as_str()).to_owned();
    for service in ["ingest", "ai", "tts"] {
        let (published, processed) = (format!("publish work.{service}"), format!("process work.{service}"));
        let of_service = trace.iter().filter(|span| span.name == processed).collect::<Vec<_>>();
        assert!(!of_service.is_empty(), "{processed}");
        for span in of_service {
            assert_eq!((parent(span), span.kind), (published.clone(), SpanKind::Consumer), "{span:?}");
            assert!(span.numbers["deliveries"] >= 1, "{span:?}");
        }
        let sent = trace.iter().filter(|span| span.name == published).collect::<Vec<_>>();
        assert!(sent.iter().all(|span| span.kind == SpanKind::Producer), "{sent:?}");
        assert!(sent.iter().all(|span| span.numbers["messaging.message.body.size"] > 0), "{sent:?}");
    }
    let folds = trace.iter().filter(|span| span.name == "process events").collect::<Vec<_>>();
    assert!(!folds.is_empty(), "the conductor's work is in it");
    for span in folds {
        assert!(parent(span).starts_with("publish events."), "{span:?} below {}", parent(span));
        let events = span.numbers.get("messaging.batch.message_count").copied().unwrap_or(1);
        assert_eq!(i64::try_from(span.links.len()), Ok(events - 1), "a link to each event but the first: {span:?}");
        for link in &span.links {
            let linked = by_id.get(link).map_or("none", |linked| linked.name.as_str());
            assert!(linked.starts_with("publish events."), "{span:?} is linked to {linked}");
        }
    }
    let database = match profile {
        Profile::Embedded => "sqlite",
        Profile::Stack => "mongodb",
    };
    let operations = trace.iter().filter(|span| span.fields.get("db.system.name").is_some_and(|name| name == database));
    assert!(operations.count() > 0, "operations of {database}");
    let spoken = trace.iter().filter(|span| span.fields.contains_key("gen_ai.operation.name")).collect::<Vec<_>>();
    assert!(!spoken.is_empty(), "calls of the engine");
    for span in spoken {
        assert!(span.name.starts_with("generate_content "), "{span:?}");
        assert_eq!(parent(span), "process work.tts");
    }
}

/// Names that the conventions gave up, and what says nothing of the work.
fn has_the_names_of_today(span: &Span) {
    for gone in [
        "rpc.system",
        "rpc.service",
        "rpc.grpc.status_code",
        "db.system",
        "db.operation",
        "code",
        "code.namespace",
        "target",
        "thread.id",
        "busy_ns",
        "idle_ns",
    ] {
        assert!(!span.attributes.contains(gone), "{gone} in {span:?}");
    }
    if span.kind == SpanKind::Server {
        assert_eq!(span.fields["rpc.system.name"], "grpc", "{span:?}");
        assert_eq!(span.name, span.fields["rpc.method"]);
        assert!(span.fields.contains_key("rpc.status_code"), "{span:?}");
    }
}

on_both_profiles!(one_narration_is_one_trace);

async fn one_narration_is_one_trace(profile: Profile) {
    let (mut instance, collector) = start(profile).await;
    let client = instance.client();
    let document = client.markdown("# One\n\nA first sentence.\n\n# Two\n\nA second sentence.\n").await;
    let narration =
        client.narrate(api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) }).await;
    let sections = narration.progress.expect("progress").section_count();
    drop(client);
    instance.stop();

    let id = narration_id(&narration.name).to_string();
    let spans = collector.spans();
    let trace = trace_of(&spans);
    let mut expected = BTreeSet::new();
    let mut step = |name: String, service: &str| expected.insert((name, service.to_owned()));
    step("extract/0".to_owned(), "ingest");
    step("plan/0".to_owned(), "ai");
    for section in 0..sections {
        step(format!("write/{section}"), "ai");
        step(format!("record/{section}"), "tts");
    }
    step("assemble/0".to_owned(), "tts");
    assert_eq!(steps(&trace, &id), expected, "in the trace of the order");
    assert_eq!(steps(&spans, &id), expected, "and in no other trace");

    let ids: BTreeSet<_> = trace.iter().map(|span| &span.id).collect();
    let lost: Vec<_> = trace.iter().filter(|span| !span.parent.is_empty() && !ids.contains(&span.parent)).collect();
    assert!(lost.is_empty(), "spans whose parent is in no export: {lost:?}");
    every_kind_of_span_is_there(profile, &trace);
    spans.iter().for_each(has_the_names_of_today);
    let services: BTreeSet<_> = trace.iter().map(|span| span.service.as_str()).collect();
    let expected: BTreeSet<_> = match profile {
        Profile::Embedded => ["lectern-lectern"].into(),
        Profile::Stack => ["lectern-gateway", "lectern-ingest", "lectern-ai", "lectern-tts"].into(),
    };
    assert_eq!(services, expected);

    let resources = collector.resources();
    assert_eq!(resources.len(), instance.services().len(), "each process says which it is: {resources:?}");
    for about in &resources {
        assert_eq!(about["service.namespace"], "lectern");
        assert_eq!(about["deployment.environment.name"], "end-to-end");
        assert_eq!(about["k8s.pod.name"], "none", "what the environment adds: {about:?}");
    }

    for service in ["gateway", "ingest", "ai", "tts"] {
        let opened = collector.metric("lectern.store.connections_opened", &format!("service={service}"));
        assert!(opened.is_some_and(|opened| (1.0..=10.0).contains(&opened)), "{service}: {opened:?}");
    }
    for (service, at_least) in [("ingest", 1), ("ai", 1 + sections), ("tts", 1 + sections)] {
        let done = collector.metric("lectern.worker.ended", &format!("outcome=done,service={service}"));
        assert!(done.is_some_and(|done| done >= f64::from(at_least)), "{service}: {done:?}");
        let running = collector.metric("lectern.worker.running", &format!("service={service}"));
        assert_eq!(running, Some(0.0), "{service}");
    }
    for kind in ["extract", "plan", "write", "record", "assemble"] {
        let count = collector.metric("lectern.step.duration", &format!("kind={kind},result=done"));
        assert!(count.is_some_and(|count| count >= 1.0), "{kind}: {count:?}");
    }
}

/// The queue of the embedded instance keeps nothing: what is left after a restart is published by
/// the reconciler, which no call began.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_after_a_restart_stays_in_the_trace() {
    let (mut instance, collector) = start(Profile::Embedded).await;
    let client = instance.client();
    let document = client.markdown(&lectern_e2e::chapters(24, 90)).await;
    let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document) };
    let name = client.order(order).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.recorded_section_count > 0)).await;
    instance.stop();
    let before = collector.spans();
    instance.process("gateway").restart();
    let finished = client.finished(&name).await;
    drop(client);
    instance.stop();

    let id = narration_id(&finished.name).to_string();
    let spans = collector.spans();
    let all = steps(&spans, &id);
    assert!(all.len() > steps(&before, &id).len(), "it was stopped in the middle");
    let mut folds = spans.iter().filter(|span| span.name == "process events");
    assert!(folds.any(|span| !span.links.is_empty()), "some events of so many sections came while others were folded");
    assert_eq!(steps(&trace_of(&spans), &id), all, "all steps are in the trace of the order");
}
