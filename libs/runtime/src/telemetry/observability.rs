//! What rules and dashboards ask for is in the catalogue, and what alerts point to is in the
//! runbook.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::catalogue::{CATALOGUE, Kind};

/// What the names of our metrics and of their labels begin with, as Prometheus has them.
const OURS: [&str; 6] = ["lectern_", "rpc_", "db_", "gen_ai_", "messaging_", "process_"];

fn text(path: &str) -> String {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every name that a query may have: of a series, or of a label.
fn known() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for row in CATALOGUE {
        let name = row.prometheus();
        match row.kind {
            Kind::Histogram => known.extend(["bucket", "sum", "count"].map(|end| format!("{name}_{end}"))),
            Kind::Counter | Kind::Gauge => known.extend([name]),
        }
        known.extend(row.labels.iter().map(|label| label.replace('.', "_")));
    }
    known
}

/// The names in a query that are ours, or those of rules that record.
fn names(query: &str) -> impl Iterator<Item = &str> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    words.filter(|word| OURS.iter().any(|start| word.starts_with(start)) || word.starts_with("lectern:"))
}

/// The rules without what is said about them.
fn rules() -> String {
    let rules = text("deploy/helm/lectern/files/rules.yaml");
    let lines = rules.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

fn recorded(rules: &str) -> BTreeSet<String> {
    rules.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).map(str::to_owned).collect()
}

fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| queries(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn rules_ask_for_nothing_that_is_not_exported() {
    let (rules, mut known) = (rules(), known());
    let recorded = recorded(&rules);
    assert!(recorded.len() > 20, "{recorded:?}");
    known.extend(recorded);
    let unknown: BTreeSet<_> = names(&rules).filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are in no row of the catalogue");
}

#[test]
fn dashboards_ask_for_nothing_that_is_not_exported() {
    let mut known = known();
    known.extend(recorded(&rules()));
    let mut asked = BTreeSet::new();
    for name in ["pipeline", "gateway", "ingest", "ai", "tts"] {
        let dashboard = text(&format!("deploy/helm/lectern/files/dashboards/{name}.json"));
        let mut found = Vec::new();
        queries(&serde_json::from_str(&dashboard).unwrap(), &mut found);
        assert!(found.len() >= 10, "{name} has {} queries", found.len());
        for query in found {
            for asked_for in names(&query) {
                assert!(known.contains(asked_for), "{name} asks for {asked_for}: {query}");
                asked.insert(asked_for.to_owned());
            }
        }
    }
    for row in CATALOGUE {
        let name = row.prometheus();
        assert!(asked.iter().any(|asked| asked.starts_with(&name)), "no dashboard shows {name}");
    }
}

#[test]
fn every_alert_has_a_section_of_the_runbook() {
    let rules = rules();
    let runbook = text("docs/runbook.md");
    let sections: BTreeSet<String> =
        runbook.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_lowercase).collect();
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let links: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("runbook_url: ")).collect();
    assert!(alerts.len() >= 15 && alerts.len() == links.len(), "{} alerts, {} links", alerts.len(), links.len());
    for (alert, link) in alerts.iter().zip(links) {
        let section = alert.to_lowercase();
        assert_eq!(link.trim_matches('"'), format!("runbook.md#{section}"));
        assert!(sections.contains(&section), "{alert} has no section");
    }
}
