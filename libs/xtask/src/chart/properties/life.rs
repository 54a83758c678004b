//! How pods start, are asked, stop and are scaled: properties 1 to 15.

use serde_json::Value;

use super::{Chart, Findings};
use crate::chart::objects::{Object, Pod, at, list, number, text};
use crate::chart::settings::files;

/// What liveness asks for: the process alone.
const ALIVE: &str = "live";
/// The port of health alone.
const HEALTH: i64 = 7410;
/// The least wait before a pod is told to stop, in seconds.
const LEAST_WAIT: i64 = 5;
/// The time that a process takes to end beside its drain, in seconds.
const ENDING: i64 = 5;
/// No step of a stage takes longer as a rule, in seconds.
const STEP: i64 = 300;

const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

pub(super) fn probes(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        for container in pod.containers() {
            let all = PROBES.iter().all(|probe| container.get(probe).is_some());
            findings.expect(all, pod.owner, "a container is not asked for all three");
            findings.expect(
                text(container, "/livenessProbe/grpc/service") == ALIVE,
                pod.owner,
                "liveness asks for more than the process",
            );
            let start =
                number(container, "/startupProbe/periodSeconds") * number(container, "/startupProbe/failureThreshold");
            let patience = number(container, "/livenessProbe/periodSeconds")
                * number(container, "/livenessProbe/failureThreshold");
            findings.expect(start > patience, pod.owner, "a start may take no longer than a hang");
        }
    }
}

/// The settings of a Deployment's pods.
pub(super) fn settings(chart: &Chart, pod: Pod<'_>) -> Option<toml::Table> {
    let service = pod.owner.component();
    let own = chart.set(pod.owner.set).filter(|object| !object.is_hook() && object.component() == service);
    own.flat_map(files).find_map(|(of, text)| (of == service).then(|| text.parse().ok()).flatten())
}

/// A setting in its table; none where it is not set.
pub(super) fn setting<'a>(settings: &'a toml::Table, table: &str, key: &str) -> Option<&'a toml::Value> {
    settings.get(table)?.get(key)
}

pub(super) fn probe_port(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let Some(settings) = settings(chart, pod) else {
            findings.expect(false, pod.owner, "its settings are not found");
            continue;
        };
        let apart = setting(&settings, "server", "health_listen").is_some();
        let encrypted = setting(&settings, "server", "tls").is_some();
        findings.expect(apart || !encrypted, pod.owner, "its port speaks TLS, and health has no port of its own");
        for container in pod.containers() {
            for probe in PROBES {
                let asked = number(container, &format!("/{probe}/grpc/port"));
                let has = list(container, "/ports").iter().any(|port| number(port, "/containerPort") == asked);
                findings.expect(has && apart == (asked == HEALTH), pod.owner, "a probe asks another port");
            }
        }
    }
    for service in chart.of("Service") {
        let published = list(service.value, "/spec/ports").iter().any(|port| {
            text(port, "/targetPort") == "health"
                || [number(port, "/port"), number(port, "/targetPort")].contains(&HEALTH)
        });
        findings.expect(!published, service, "it publishes the port of health");
    }
}

pub(super) fn readiness(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        for container in pod.containers() {
            let asked = text(container, "/readinessProbe/grpc/service");
            findings.expect(asked.starts_with("lectern."), pod.owner, "readiness asks for no service of the port");
        }
    }
}

pub(super) fn wait_before_stop(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        for container in pod.containers() {
            let wait = number(container, "/lifecycle/preStop/sleep/seconds");
            findings.expect(wait >= LEAST_WAIT, pod.owner, "it does not wait before it is told to stop");
        }
    }
}

fn seconds(settings: &toml::Table, key: &str) -> Option<i64> {
    setting(settings, "server", key)?.as_str()?.strip_suffix('s')?.parse().ok()
}

pub(super) fn grace(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let wait: i64 = pod.containers().map(|container| number(container, "/lifecycle/preStop/sleep/seconds")).sum();
        let stop = settings(chart, pod).and_then(|s| Some(seconds(&s, "lame_duck")? + seconds(&s, "drain")?));
        let grace = number(pod.spec(), "/terminationGracePeriodSeconds");
        let enough = stop.is_some_and(|stop| grace > wait + stop + ENDING);
        findings.expect(enough, pod.owner, "the grace is shorter than a stop");
    }
}

pub(super) fn rollout(chart: &Chart, findings: &mut Findings) {
    for object in chart.of("Deployment") {
        for key in ["minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"] {
            findings.expect(number(object.value, &format!("/spec/{key}")) > 0, object, &format!("{key} is not set"));
        }
        let strategy = at(object.value, "/spec/strategy");
        let away = number(strategy, "/rollingUpdate/maxUnavailable");
        let well = match object.component() {
            "single" => text(strategy, "/type") == "Recreate",
            "gateway" => number(strategy, "/rollingUpdate/maxSurge") == 1 && away == 0,
            _ => number(strategy, "/rollingUpdate/maxSurge") == 1 && away >= 0,
        };
        findings.expect(well, object, "its rollout is another");
    }
}

pub(super) fn disruption(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let budgets = chart.set(pod.owner.set).filter(|object| object.kind() == "PodDisruptionBudget");
        let of_pod: Vec<Object<'_>> =
            budgets.filter(|budget| selects(at(budget.value, "/spec/selector"), pod.labels())).collect();
        let well = matches!(of_pod.as_slice(), [budget]
            if number(budget.value, "/spec/maxUnavailable") >= 1
                && text(budget.value, "/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow"
                && at(budget.value, "/spec/minAvailable").is_null());
        findings.expect(well, pod.owner, "it has not one budget that lets one go");
    }
}

/// Whether a selector of labels takes these; one of nothing takes all.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = at(selector, "/matchLabels").as_object();
    wanted.is_none_or(|wanted| wanted.iter().all(|(name, value)| labels.get(name) == Some(value)))
}

pub(super) fn spread(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let on_volume = list(pod.spec(), "/volumes").iter().any(|volume| volume.get("persistentVolumeClaim").is_some());
        let rules = list(pod.spec(), "/topologySpreadConstraints");
        if on_volume {
            findings.expect(rules.is_empty(), pod.owner, "it is spread, and its volume is on one node");
            continue;
        }
        for key in ["kubernetes.io/hostname", "topology.kubernetes.io/zone"] {
            let well = rules.iter().any(|rule| {
                text(rule, "/topologyKey") == key
                    && list(rule, "/matchLabelKeys").iter().any(|label| label == "pod-template-hash")
                    && selects(at(rule, "/labelSelector"), pod.labels())
                    && text(rule, "/nodeTaintsPolicy") == "Honor"
                    && text(rule, "/whenUnsatisfiable") == unless(key, pod)
            });
            findings.expect(well, pod.owner, &format!("it is not spread by {key}"));
        }
    }
}

/// What the value sets say of a spread that cannot be kept: production waits for its zones, and
/// nobody waits for a node.
fn unless(key: &str, pod: Pod<'_>) -> &'static str {
    let waits = key == "topology.kubernetes.io/zone" && pod.owner.set.starts_with("production");
    if waits { "DoNotSchedule" } else { "ScheduleAnyway" }
}

/// That each can be set for each service, the mutations show; here that one is there.
pub(super) fn placement(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let priority = text(pod.spec(), "/priorityClassName");
        let expected = if pod.owner.set.starts_with("production") { "audio" } else { "" };
        findings.expect(priority == expected, pod.owner, "its priority is not that of its values");
        let own = pod.owner.set == "private-registry" && pod.owner.component() == "tts";
        let expected = if own { "sandboxed" } else { "" };
        findings.expect(text(pod.spec(), "/runtimeClassName") == expected, pod.owner, "its runtime is not its own");
    }
}

/// What scales a Deployment.
fn scalers<'a>(chart: &'a Chart, of: Object<'a>) -> impl Iterator<Item = Object<'a>> {
    chart.set(of.set).filter(move |object| {
        ["HorizontalPodAutoscaler", "ScaledObject"].contains(&object.kind())
            && text(object.value, "/spec/scaleTargetRef/name") == of.name()
    })
}

pub(super) fn replicas(chart: &Chart, findings: &mut Findings) {
    for object in chart.of("Deployment") {
        let owned = scalers(chart, object).next().is_some();
        let set = !at(object.value, "/spec/replicas").is_null();
        findings.expect(owned != set, object, "replicas are set by two, or by nobody");
    }
}

pub(super) fn one_scaler(chart: &Chart, findings: &mut Findings) {
    for object in chart.of("Deployment") {
        findings.expect(scalers(chart, object).count() <= 1, object, "two scale it");
    }
}

pub(super) fn by_cpu(chart: &Chart, findings: &mut Findings) {
    for object in chart.of("HorizontalPodAutoscaler") {
        let target = chart.beside(object, "Deployment", text(object.value, "/spec/scaleTargetRef/name"));
        let container = text(object.value, "/spec/metrics/0/containerResource/container");
        let has =
            target.and_then(Object::pod).is_some_and(|pod| pod.containers().any(|c| text(c, "/name") == container));
        findings.expect(has, object, "it looks at no container of its Deployment");
        let behavior = at(object.value, "/spec/behavior");
        let up = number(behavior, "/scaleUp/stabilizationWindowSeconds");
        let down = number(behavior, "/scaleDown/stabilizationWindowSeconds");
        findings.expect(up == 0 && down >= 60, object, "it is not up at once and down slowly");
        findings.expect(text(object.value, "/apiVersion") == "autoscaling/v2", object, "its version is another");
    }
}

pub(super) fn by_backlog(chart: &Chart, findings: &mut Findings) {
    for object in chart.of("ScaledObject") {
        let spec = at(object.value, "/spec");
        findings.expect(number(spec, "/minReplicaCount") >= 1, object, "it scales to nothing");
        findings.expect(
            text(spec, "/fallback/behavior") == "currentReplicasIfHigher",
            object,
            "its fallback takes pods",
        );
        let down = "/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/stabilizationWindowSeconds";
        findings.expect(number(spec, down) >= STEP, object, "it goes down within a step");
        findings.expect(at(spec, "/advanced/restoreToOriginalReplicaCount") == true, object, "it leaves replicas");
        let trigger = at(spec, "/triggers/0");
        let address = text(trigger, "/metadata/scalerAddress");
        let (host, port) = address.rsplit_once(':').unwrap_or_default();
        let service = host.split('.').next().and_then(|name| chart.beside(object, "Service", name));
        let has = service.is_some_and(|service| {
            list(service.value, "/spec/ports").iter().any(|known| number(known, "/port").to_string() == port)
        });
        findings.expect(text(trigger, "/type") == "external" && has, object, "it asks no Service of the chart");
        let gateway =
            chart.set(object.set).filter(|other| other.kind() == "Deployment" && other.component() == "gateway");
        let listens = gateway.filter_map(Object::pod).filter_map(|pod| settings(chart, pod)).any(|settings| {
            let listen = setting(&settings, "scaler", "listen").and_then(toml::Value::as_str);
            listen.is_some_and(|listen| listen.ends_with(&format!(":{port}")))
        });
        findings.expect(listens, object, "the gateway does not listen where it asks");
        let steps = text(trigger, "/metadata/stepsPerReplica").parse::<u32>();
        findings.expect(steps.is_ok_and(|steps| steps > 0), object, "it names no steps of a replica");
        findings.expect(
            text(trigger, "/metadata/service") == object.component(),
            object,
            "it asks for another service",
        );
    }
}
