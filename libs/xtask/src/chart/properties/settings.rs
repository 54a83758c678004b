//! Configuration: properties 38 to 47.

use serde_json::Value;

use super::{Chart, Findings, LONG};
use crate::chart::objects::{Object, at, text};
use crate::chart::settings::files;

/// What objects are named at most (RFC 1123 section 2.1, as Kubernetes takes it).
const LONGEST: usize = 63;
const VALUE_SETS: [&str; 7] =
    ["trial-single", "trial-services", "production", "external-everything", "tls", "autoscaled", "private-registry"];

pub(super) fn config_maps(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let own = chart.beside(pod.owner, "ConfigMap", pod.owner.name());
        let count = own.map(files).unwrap_or_default().len();
        findings.expect(count == 1, pod.owner, "it has not one file of settings");
    }
    for object in chart.of("ConfigMap") {
        for (_, file) in files(object) {
            let read = file.parse::<toml::Table>();
            findings.expect(read.is_ok(), object, "its settings are not TOML");
        }
    }
}

pub(super) fn checksums(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let sum = text(pod.template, "/metadata/annotations/checksum~1config");
        findings.expect(sum.len() == 64, pod.owner, "its pods stay when settings change");
    }
}

pub(super) fn refusals(chart: &Chart, findings: &mut Findings) {
    let mut open = Vec::new();
    open_objects(&chart.schema, "", &mut open);
    findings.demand(open.is_empty(), &format!("the schema takes unknown keys at {}", open.join(", ")));
    findings.demand(at(&chart.schema, "/allOf/0/if").is_object(), "the schema refuses no contradictions");
}

/// Where the schema of an object with known keys takes others too. What is in `allOf`, `if` and the
/// like says more of keys that are known.
fn open_objects(schema: &Value, path: &str, found: &mut Vec<String>) {
    let Some(map) = schema.as_object() else { return };
    if map.contains_key("properties") && map.get("additionalProperties") != Some(&Value::Bool(false)) {
        found.push(if path.is_empty() { "/".to_owned() } else { path.to_owned() });
    }
    for key in ["properties", "definitions"] {
        for (name, inner) in map.get(key).and_then(Value::as_object).into_iter().flatten() {
            open_objects(inner, &format!("{path}/{name}"), found);
        }
    }
    if let Some(items) = map.get("items") {
        open_objects(items, &format!("{path}/items"), found);
    }
}

pub(super) fn other_names(chart: &Chart, findings: &mut Findings) {
    let known = at(&chart.schema, "/properties/replicaCount").is_object();
    findings.demand(known, "the schema hides the message of a key of another name");
}

pub(super) fn extras(chart: &Chart, findings: &mut Findings) {
    for object in chart.set("private-registry").filter(|object| object.name() != "extra") {
        findings.expect(text(object.value, "/metadata/labels/team") == "audio", object, "it has no common label");
        findings.expect(object.annotation("example.org/owner") == "audio", object, "it has no common annotation");
        let Some(pod) = object.pod() else { continue };
        findings.expect(text(pod.labels(), "/team") == "audio", object, "its pods have no common label");
        findings.expect(
            text(pod.labels(), "/example.org~1tier") == "back",
            object,
            "its pods have no label of their own",
        );
        let annotation = text(pod.template, "/metadata/annotations/example.org~1scan");
        findings.expect(annotation == "true", object, "its pods have no annotation of their own");
        let mut inside = Vec::new();
        crate::chart::objects::texts(pod.spec(), "", &mut inside);
        for wanted in ["TZ", "/etc/extra"] {
            let there = inside.iter().any(|(_, text)| *text == wanted);
            findings.expect(there, object, &format!("its pods have no {wanted}"));
        }
    }
    let extra = chart.set("private-registry").find(|object| object.name() == "extra");
    let made = extra.is_some_and(|object| text(object.value, "/data/release") == "lectern");
    findings.demand(made, "an extra object is not rendered as a template");
}

/// The leaves themselves are changed beside; here that the schema knows the values.
pub(super) fn leaves(chart: &Chart, findings: &mut Findings) {
    findings.demand(at(&chart.schema, "/properties/profile").is_object(), "the schema knows no values");
}

pub(super) fn labels(chart: &Chart, findings: &mut Findings) {
    let standard = ["name", "instance", "component", "part-of", "version", "managed-by"];
    for object in chart.objects().filter(|object| object.name() != "extra") {
        for label in standard {
            let has = !text(object.value, &format!("/metadata/labels/app.kubernetes.io~1{label}")).is_empty();
            findings.expect(has, object, &format!("it has no label {label}"));
        }
        let chart_label = text(object.value, "/metadata/labels/helm.sh~1chart");
        findings.expect(chart_label.starts_with("lectern-"), object, "it does not name its chart");
        let selectors = ["/spec/selector/matchLabels", "/spec/selector"];
        let selector = selectors.iter().find_map(|pointer| at(object.value, pointer).as_object());
        if ["Deployment", "StatefulSet", "Service"].contains(&object.kind()) {
            let mut keys: Vec<&str> = selector.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
            keys.sort_unstable();
            let expected = ["app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/name"];
            findings.expect(keys == expected, object, "its selector has other labels");
        }
    }
}

pub(super) fn names(chart: &Chart, findings: &mut Findings) {
    findings.demand(chart.sets.contains_key(LONG), "no release has a long name");
    for object in chart.objects() {
        findings.expect(object.name().len() <= LONGEST, object, "its name is over 63 characters");
        let namespace = text(object.value, "/metadata/namespace");
        let expected = if object.set == "private-registry" { "audio" } else { "lectern" };
        findings.expect(namespace == expected, object, "its namespace is another");
    }
    let mut all: Vec<(&str, &str, &str)> = chart.objects().map(|o: Object<'_>| (o.set, o.kind(), o.name())).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    findings.demand(all.len() == count, "two objects of a kind have one name");
}

pub(super) fn readme(chart: &Chart, findings: &mut Findings) {
    findings.demand(chart.readme.contains("| `profile` |"), "the README has no values");
}

pub(super) fn sets(chart: &Chart, findings: &mut Findings) {
    for set in VALUE_SETS {
        findings.demand(chart.sets.contains_key(set), &format!("there is no value set {set}"));
    }
}
