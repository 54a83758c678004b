//! Hooks: properties 48, 49 and 53.

use super::{Chart, Findings};
use crate::chart::objects::{Object, at, list, number, text};

const POLICY: &str = "before-hook-creation,hook-succeeded";

fn weight(object: Object<'_>) -> i64 {
    object.annotation("helm.sh/hook-weight").parse().unwrap_or(0)
}

pub(super) fn hooks(chart: &Chart, findings: &mut Findings) {
    let version = text(&chart.about, "/appVersion");
    findings.demand(!version.is_empty(), "Chart.yaml has no appVersion");
    for object in chart.of("Job") {
        let well = object.is_hook() && object.annotation("helm.sh/hook-delete-policy") == POLICY;
        findings.expect(well, object, "it stands in the way of the next upgrade");
        let bounded =
            number(object.value, "/spec/backoffLimit") >= 0 && number(object.value, "/spec/activeDeadlineSeconds") > 0;
        findings.expect(bounded, object, "it may go on for ever");
        let named = at(object.value, "/metadata/generateName").is_null() && !object.name().contains(version);
        findings.expect(named, object, "its name changes");
        let upgrades = object.annotation("helm.sh/hook").split(',').any(|when| when == "pre-upgrade");
        findings.expect(upgrades, object, "it does not run before an upgrade");
    }
    for set in chart.sets.keys().filter(|set| *set != "trial-single") {
        for (name, count) in [("topology", 1), ("migrate", 4)] {
            let jobs = chart.set(set).filter(|object| {
                let pod = object.pod();
                object.kind() == "Job"
                    && pod.is_some_and(|pod| pod.containers().all(|container| text(container, "/name") == name))
            });
            findings.demand(jobs.count() == count, &format!("{set}: there are not {count} Jobs for {name}"));
        }
    }
}

pub(super) fn alone(chart: &Chart, findings: &mut Findings) {
    for job in chart.of("Job") {
        let Some(pod) = job.pod() else { continue };
        let account = text(pod.spec(), "/serviceAccountName");
        let maps = list(pod.spec(), "/volumes").iter().map(|volume| text(volume, "/configMap/name"));
        let needs = maps.map(|name| ("ConfigMap", name)).chain([("ServiceAccount", account)]);
        for (kind, name) in needs.filter(|(_, name)| !name.is_empty() && *name != "extra") {
            let before = chart.set(job.set).any(|object| {
                object.kind() == kind && object.name() == name && object.is_hook() && weight(object) < weight(job)
            });
            findings.expect(before, job, &format!("the {kind} {name} comes after it"));
        }
        let first = job.annotation("helm.sh/hook").contains("pre-install");
        let servers = chart.set(job.set).any(|object| object.kind() == "StatefulSet");
        findings.expect(first != servers, job, "it runs before its servers are there, or after the services start");
    }
}

pub(super) fn smoke(chart: &Chart, findings: &mut Findings) {
    for pod in chart.of("Pod") {
        findings.expect(pod.annotation("helm.sh/hook") == "test", pod, "it is no test");
        findings.expect(pod.annotation("helm.sh/hook-delete-policy") == POLICY, pod, "it stays");
        let container = at(pod.value, "/spec/containers/0");
        let arguments: Vec<&str> = list(container, "/args").iter().filter_map(serde_json::Value::as_str).collect();
        let well = text(container, "/command/0") == "/usr/bin/lectern" && arguments.first() == Some(&"smoke");
        findings.expect(well, pod, "it does not narrate");
        let called = arguments.iter().find_map(|argument| argument.split_once("://")).map(|(_, rest)| rest);
        let host = called.and_then(|rest| rest.split('.').next()).unwrap_or_default();
        findings.expect(chart.beside(pod, "Service", host).is_some(), pod, "it calls no Service of the chart");
    }
}
