//! What a process gives to whoever fetches its metrics: all of what the catalogue lists, and
//! nothing that it does not.

use std::collections::{BTreeMap, BTreeSet};

use lectern_e2e::{Instance, Profile, of};
use lectern_proto::v1 as api;
use lectern_runtime::telemetry::CATALOGUE;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::collector::Collector;

/// What a process gives to whoever fetches its metrics.
pub async fn scrape(instance: &Instance, service: &str) -> String {
    let address = instance.logged_address(service, "metrics can be fetched");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    body.to_owned()
}

/// The families of a text: their kinds, and the names of their labels.
fn families(text: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut families = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a name and a kind");
            let family = (kind.to_owned(), BTreeSet::new());
            families.entry(name.to_owned()).or_insert(family);
            last = Some(name.to_owned());
        } else if !line.starts_with('#') {
            let (labels, _) = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).expect("labels");
            let names = labels.split("\",").filter_map(|label| label.split_once("=\"")).map(|(name, _)| name);
            let name = last.as_ref().expect("a family before its measurements");
            families.get_mut(name).expect("that family").1.extend(names.map(str::to_owned));
        }
    }
    families
}

/// What a narration without any trouble does not bring about: failures, limits that were met,
/// sentences that are said twice, other databases.
fn only_otherwise(profile: Profile, name: &str) -> bool {
    let always = [
        // There is none without TLS.
        "lectern.certificate.expiry",
        "lectern.child.killed",
        "lectern.dead_letters",
        "lectern.engine.throttled",
        // The default writer asks no model.
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "lectern.engine.cost",
        "lectern.engine.model.days_left",
        "lectern.engine.other_models",
        "lectern.engine.price.days_left",
        "lectern.gateway.panics",
        "lectern.queue.redeliveries",
        "lectern.step.leases_lost",
        "lectern.tts.segments_found",
        "lectern.tts.speech_rejected",
        "lectern.tts.speech_substituted",
        // Nobody listens unless a program is named.
        "lectern.tts.transcriptions",
    ];
    // One file and a queue within the process.
    let embedded = name.starts_with("db.client.connection.") || name == "rpc.client.call.duration";
    always.contains(&name) || (embedded && profile == Profile::Embedded)
}

on_both_profiles!(what_is_exported_is_what_the_catalogue_lists);

async fn what_is_exported_is_what_the_catalogue_lists(profile: Profile) {
    let (collector, setup) = Collector::of(profile.setup()).await;
    let mut instance = setup.everywhere("LECTERN_TELEMETRY__METRICS_LISTEN", "127.0.0.1:0").start().await;
    let client = instance.client();
    let document = client.upload("an-upload", "source.md", b"# One\n\nA sentence.\n\n# Two\n\nAnother.\n").await;
    let order = api::Narration { formats: vec![api::OutputFormat::Wav.into()], ..of(&document.expect("accepted")) };
    let narration = client.narrate(order).await;
    client.script(&narration.name).await;
    drop(client);

    let mut exported: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for service in instance.services() {
        let text = scrape(&instance, service).await;
        let of_service = families(&text);
        let (kind, labels) = &of_service["target_info"];
        assert_eq!(kind, "gauge");
        for attribute in ["service_name", "service_namespace", "service_instance_id", "service_version"] {
            assert!(labels.contains(attribute), "{service} does not say its {attribute}");
        }
        for (name, (kind, labels)) in of_service {
            exported.entry(name).or_insert_with(|| (kind, BTreeSet::new())).1.extend(labels);
        }
    }
    exported.remove("target_info");

    let rows: BTreeMap<_, _> = CATALOGUE.iter().map(|row| (row.prometheus(), row)).collect();
    assert_eq!(rows.len(), CATALOGUE.len(), "each metric has one row");
    for (name, (kind, labels)) in &exported {
        let row = rows.get(name).unwrap_or_else(|| panic!("{name} is exported and in no row of the catalogue"));
        assert_eq!(kind, row.kind.as_str(), "{name}");
        let mut known: BTreeSet<String> = row.labels.iter().map(|label| label.replace('.', "_")).collect();
        known.extend(["otel_scope_name".to_owned(), "le".to_owned()]);
        let unknown: Vec<_> = labels.difference(&known).collect();
        assert!(unknown.is_empty(), "{name} has the labels {unknown:?}, and its row has not");
    }
    let missing: Vec<_> =
        rows.iter().filter(|(name, row)| !exported.contains_key(*name) && !only_otherwise(profile, row.name)).collect();
    assert!(missing.is_empty(), "listed and not exported: {missing:?}");

    // The other way out has the same.
    instance.stop();
    let pushed = collector.metrics();
    let unknown: Vec<_> = pushed.iter().filter(|name| CATALOGUE.iter().all(|row| row.name != *name)).collect();
    assert!(unknown.is_empty(), "{unknown:?} go out by OTLP and are in no row of the catalogue");
    let unpushed: Vec<_> =
        rows.iter().filter(|(name, row)| exported.contains_key(*name) && !pushed.contains(row.name)).collect();
    assert!(unpushed.is_empty(), "fetched and not pushed: {unpushed:?}");
}
