//! Upgrades and what is seen: properties 54 and 56 to 60.

use super::resources::variable;
use super::{Chart, Findings};
use crate::chart::objects::{Object, at, list, text};

/// Where the value set of production says that the runbook can be read.
const RUNBOOK: &str = "https://docs.example.org/lectern/runbook";

pub(super) fn volumes(chart: &Chart, findings: &mut Findings) {
    for claim in chart.of("PersistentVolumeClaim") {
        findings.expect(claim.annotation("helm.sh/resource-policy") == "keep", claim, "an uninstall deletes it");
    }
    for set in chart.of("StatefulSet") {
        for template in list(set.value, "/spec/volumeClaimTemplates") {
            let labels = at(template, "/metadata/labels").as_object();
            let fixed = labels.is_none_or(|labels| !labels.contains_key("helm.sh/chart"));
            findings.expect(fixed, set, "a label of its volumes changes with the version, which the API refuses");
        }
    }
}

pub(super) fn versions(chart: &Chart, findings: &mut Findings) {
    findings.demand(!text(&chart.about, "/kubeVersion").is_empty(), "Chart.yaml has no kubeVersion");
    findings.demand(text(&chart.about, "/apiVersion") == "v2", "Chart.yaml is not of Helm 3 and 4");
    let draft = text(&chart.schema, "/$schema").contains("draft-07");
    findings.demand(draft, "the schema is of a draft that Helm 3 does not read");
}

pub(super) fn monitoring(chart: &Chart, findings: &mut Findings) {
    for monitor in chart.of("PodMonitor") {
        let by_service = text(monitor.value, "/spec/jobLabel") == "app.kubernetes.io/component";
        findings.expect(by_service, monitor, "what is scraped of all services is one job");
        let wanted = list(monitor.value, "/spec/selector/matchExpressions/0/values");
        for pod in chart.set(monitor.set).filter(|object| object.kind() == "Deployment").filter_map(Object::pod) {
            let named = wanted.iter().any(|component| component == pod.owner.component());
            let mut ports = pod.containers().flat_map(|container| list(container, "/ports"));
            let served = ports.any(|port| text(port, "/name") == "metrics");
            findings.expect(named && served, pod.owner, "it is not scraped");
        }
    }
    let set = "production";
    for kind in ["PodMonitor", "PrometheusRule"] {
        let there = chart.set(set).any(|object| object.kind() == kind);
        findings.demand(there, &format!("{set} has no {kind}"));
    }
    let dashboards = chart.set(set).filter(|object| {
        object.kind() == "ConfigMap" && text(object.value, "/metadata/labels/grafana_dashboard") == "1"
    });
    let (made, has) = (dashboards.count(), chart.dashboards);
    findings.demand(made == has && has > 0, &format!("{set} has {made} dashboards of {has}"));
}

pub(super) fn identity(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        for container in pod.containers() {
            let value = |name: &str| variable(container, name).map(|variable| text(variable, "/value"));
            let attributes = value("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
            for name in ["k8s.pod.name", "k8s.namespace.name", "service.instance.id"] {
                let named = attributes.split(',').any(|pair| pair.starts_with(&format!("{name}=$(")));
                findings.expect(named, pod.owner, &format!("its traces do not say {name}"));
            }
            let own = value("LECTERN_TELEMETRY__INSTANCE") == Some("$(POD_UID)");
            findings.expect(own, pod.owner, "two replicas have one service.instance.id");
            // A Service named lectern-x would make variables LECTERN_X_..., which no program knows.
            findings.expect(at(pod.spec(), "/enableServiceLinks") == false, pod.owner, "it has variables of Services");
        }
    }
}

pub(super) fn notes(chart: &Chart, findings: &mut Findings) {
    for (set, notes) in &chart.notes {
        for wanted in ["port-forward", "grpcurl "] {
            findings.demand(notes.contains(wanted), &format!("{set}: the notes say nothing of {wanted}"));
        }
        let warns = notes.contains("not for production");
        let trial = set.starts_with("trial");
        findings.demand(warns || !trial, &format!("{set}: the notes do not say what is not for production"));
        findings
            .demand(!warns || set != "production", "production: the notes find something that is not for production");
        // The four services, and whoever calls them: production names its callers.
        let services = set != "trial-single";
        let warned = notes.contains("set networkPolicy.callers.from");
        findings.demand(
            warned == (services && set != "production"),
            &format!("{set}: the notes are wrong about callers that nobody names"),
        );
        let resolvers = notes.contains("networkPolicy.dns");
        findings.demand(resolvers, &format!("{set}: the notes do not say which resolvers may be asked"));
        let time = notes.contains("--timeout 60m");
        findings.demand(time == services, &format!("{set}: the notes give the Jobs of an upgrade no time"));
    }
}

pub(super) fn links(chart: &Chart, findings: &mut Findings) {
    for object in chart.of("PrometheusRule") {
        for rule in list(object.value, "/spec/groups").iter().flat_map(|group| list(group, "/rules")) {
            let alert = text(rule, "/alert");
            if alert.is_empty() {
                continue;
            }
            let link = text(rule, "/annotations/runbook_url");
            let section = link.strip_prefix(RUNBOOK).and_then(|rest| rest.strip_prefix('#'));
            let opens = section == Some(alert.to_ascii_lowercase().as_str());
            findings.expect(opens, object, &format!("{alert} leads to {link}, which is no section of the runbook"));
        }
    }
}
