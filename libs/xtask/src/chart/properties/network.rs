//! Who reaches what, and under which names: properties 27, 28, 31 and 34 to 37.

use serde_json::Value;

use super::life::{selects, setting, settings};
use super::{Chart, Findings, LONG};
use crate::chart::objects::{Object, at, list, number, text, texts};

const STAGES: [&str; 3] = ["ingest", "ai", "tts"];
/// A value set with servers of models of others, and at which port which service calls one.
const PROVIDERS: (&str, [(&str, i64); 2]) = ("external-everything", [("ai", 8443), ("tts", 8543)]);

fn policies_of<'a>(chart: &'a Chart, set: &'a str) -> impl Iterator<Item = Object<'a>> {
    chart.set(set).filter(|object| object.kind() == "NetworkPolicy")
}

/// Whether some rule of a direction has this port, with named peers where `named` is set.
fn allows(policy: Object<'_>, direction: &str, port: i64, named: bool) -> bool {
    let peers = if direction == "egress" { "/to" } else { "/from" };
    list(policy.value, &format!("/spec/{direction}")).iter().any(|rule| {
        let has = list(rule, "/ports").iter().any(|known| number(known, "/port") == port);
        has && (!named || !list(rule, peers).is_empty())
    })
}

/// Whether addresses of nodes, which are no pods, reach this port.
fn probed(policy: Object<'_>, port: i64) -> bool {
    list(policy.value, "/spec/ingress").iter().any(|rule| {
        list(rule, "/ports").iter().any(|known| number(known, "/port") == port)
            && list(rule, "/from").iter().any(|peer| peer.get("ipBlock").is_some())
    })
}

/// Where a service fetches by URL: rules add up, so that none of those with a port of imports may
/// lead to every address, which would open the private networks that another one leaves out.
fn closed_to_imports(chart: &Chart, policy: Object<'_>, findings: &mut Findings) {
    let pod = chart.services().find(|pod| pod.owner.set == policy.set && pod.owner.component() == policy.component());
    let Some(settings) = pod.and_then(|pod| settings(chart, pod)) else { return };
    if setting(&settings, "import", "enabled").and_then(toml::Value::as_bool) != Some(true) {
        return;
    }
    let ports = setting(&settings, "import", "ports").and_then(toml::Value::as_array);
    let ports: Vec<i64> = ports.into_iter().flatten().filter_map(toml::Value::as_integer).collect();
    let rules = list(policy.value, "/spec/egress").iter();
    let peers: Vec<&[Value]> = rules
        .filter(|rule| list(rule, "/ports").iter().any(|port| ports.contains(&number(port, "/port"))))
        .map(|rule| list(rule, "/to"))
        .collect();
    for all in ["0.0.0.0/0", "::/0"] {
        let leaves_out = |peer: &Value| !list(peer, "/ipBlock/except").is_empty();
        let of_all = |peer: &&Value| text(peer, "/ipBlock/cidr") == all;
        let mut rules = peers.iter().copied().flatten().filter(of_all).peekable();
        findings.expect(rules.peek().is_some(), policy, &format!("nothing of {all} can be fetched"));
        findings.expect(rules.all(leaves_out), policy, &format!("private networks of {all} can be fetched from"));
    }
    let named = peers.iter().all(|peers| !peers.is_empty());
    findings.expect(named, policy, "a rule to every address opens private networks to what is fetched");
}

pub(super) fn policies(chart: &Chart, findings: &mut Findings) {
    for policy in chart.of("NetworkPolicy") {
        let types = list(policy.value, "/spec/policyTypes");
        findings.expect(types.len() == 2, policy, "it denies one way alone");
        let ports: Vec<&Value> =
            list(policy.value, "/spec/egress").iter().flat_map(|rule| list(rule, "/ports")).collect();
        for protocol in ["UDP", "TCP"] {
            let asks = ports.iter().any(|port| number(port, "/port") == 53 && text(port, "/protocol") == protocol);
            findings.expect(asks, policy, &format!("it cannot ask a resolver by {protocol}"));
        }
        let closed = list(policy.value, "/spec/egress").iter().all(|rule| !list(rule, "/ports").is_empty());
        findings.expect(closed, policy, "it lets everything out");
        let (external, production) = (!policy.set.starts_with("trial"), policy.set.starts_with("production"));
        match policy.component() {
            "gateway" => {
                findings.expect(allows(policy, "ingress", 7400, production), policy, "nobody may call the gateway");
                let stages = [7401, 7402, 7403].into_iter().all(|port| allows(policy, "egress", port, true));
                findings.expect(stages, policy, "the gateway may not call the stages");
                let scaled = chart.set(policy.set).any(|object| object.kind() == "ScaledObject");
                findings.expect(
                    scaled == allows(policy, "ingress", 7420, true),
                    policy,
                    "KEDA may not ask, or asks nobody",
                );
            }
            service if STAGES.contains(&service) => {
                findings.expect(allows(policy, "egress", 7400, true), policy, "a stage may not call the gateway");
                let port = [7401, 7402, 7403].into_iter().find(|port| allows(policy, "ingress", *port, true));
                findings.expect(port.is_some(), policy, "the gateway may not call it");
            }
            "hooks" => {
                findings.expect(list(policy.value, "/spec/ingress").is_empty(), policy, "hooks are called");
                findings.expect(policy.is_hook(), policy, "it is made after the hooks that it is for");
            }
            "mongodb" => findings.expect(probed(policy, 27017), policy, "nodes may not probe"),
            "nats" => findings.expect(probed(policy, 8222), policy, "nodes may not probe"),
            _ => {}
        }
        closed_to_imports(chart, policy, findings);
        if policy.set == PROVIDERS.0 {
            for (service, port) in PROVIDERS.1 {
                let own = allows(policy, "egress", port, false) == (policy.component() == service);
                let wrong = format!("a provider of {service} is reached by another service, or not by it");
                findings.expect(own, policy, &wrong);
            }
        }
        if external && ["gateway", "ingest", "ai", "tts", "hooks"].contains(&policy.component()) {
            for port in [27017, 4222] {
                findings.expect(
                    allows(policy, "egress", port, production),
                    policy,
                    &format!("it may not reach port {port}"),
                );
            }
        }
        if production && policy.component() != "hooks" && policy.component() != "smoke" {
            findings.expect(allows(policy, "ingress", 9464, true), policy, "Prometheus may not scrape");
            findings.expect(allows(policy, "ingress", 7410, false), policy, "nodes may not probe");
            findings.expect(allows(policy, "egress", 4317, true), policy, "it may not reach the collector");
        }
    }
}

pub(super) fn selected(chart: &Chart, findings: &mut Findings) {
    for pod in chart.pods() {
        let count = policies_of(chart, pod.owner.set)
            .filter(|policy| selects(at(policy.value, "/spec/podSelector"), pod.labels()))
            .count();
        findings.expect(count == 1, pod.owner, "its pods have not one policy");
    }
    for policy in chart.of("NetworkPolicy") {
        let selector = at(policy.value, "/spec/podSelector");
        let some = chart.set(policy.set).filter_map(Object::pod).any(|pod| selects(selector, pod.labels()));
        findings.expect(some, policy, "it is for no pods");
    }
}

pub(super) fn services(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services().filter(|pod| pod.owner.component() != "single") {
        let of_pod: Vec<Object<'_>> = chart
            .set(pod.owner.set)
            .filter(|object| object.kind() == "Service" && selects(&selector(*object), pod.labels()))
            .collect();
        let headless = of_pod.iter().any(|service| text(service.value, "/spec/clusterIP") == "None");
        let usual = of_pod.iter().any(|service| text(service.value, "/spec/type") == "ClusterIP");
        findings.expect(headless && usual, pod.owner, "it has not a Service and a headless one");
        let encrypted = settings(chart, pod).is_some_and(|settings| setting(&settings, "server", "tls").is_some());
        for service in of_pod {
            for port in list(service.value, "/spec/ports") {
                let plain = number(port, "/port") == 7420 || !encrypted;
                let protocol = if plain { "kubernetes.io/h2c" } else { "https" };
                let named = text(port, "/name") == "grpc" && text(port, "/appProtocol") == protocol;
                findings.expect(named, service, "a port has another name or protocol");
            }
        }
    }
}

/// The selector of a Service, in the form of those of others.
fn selector(service: Object<'_>) -> Value {
    serde_json::json!({"matchLabels": at(service.value, "/spec/selector")})
}

pub(super) fn service_config(chart: &Chart, findings: &mut Findings) {
    let config = &chart.service_config;
    findings.demand(
        at(config, "/loadBalancingConfig/0/round_robin").is_object(),
        "docs/service-config.json has clients go to one address",
    );
    let mut names = Vec::new();
    texts(config, "", &mut names);
    let unavailable = names.iter().any(|(_, text)| *text == "UNAVAILABLE");
    findings.demand(unavailable, "docs/service-config.json has nothing repeated that was not answered");
    for key in ["retryThrottling", "healthCheckConfig"] {
        findings.demand(config.get(key).is_some(), &format!("docs/service-config.json has no {key}"));
    }
}

pub(super) fn routes(chart: &Chart, findings: &mut Findings) {
    let kinds = ["GRPCRoute", "Ingress", "BackendTLSPolicy"];
    for kind in kinds {
        findings.demand(chart.of(kind).next().is_some(), &format!("no value set has a {kind}"));
    }
    for object in chart.objects().filter(|object| kinds.contains(&object.kind())) {
        let target = [
            "/spec/rules/0/backendRefs/0/name",
            "/spec/rules/0/http/paths/0/backend/service/name",
            "/spec/targetRefs/0/name",
        ];
        let name = target.iter().map(|pointer| text(object.value, pointer)).find(|name| !name.is_empty());
        let there = name.is_some_and(|name| chart.beside(object, "Service", name).is_some());
        findings.expect(there, object, "it leads to no Service of the chart");
        let timeout = at(object.value, "/spec/rules/0/timeouts");
        findings.expect(timeout.is_null(), object, "it ends streams");
    }
    for policy in chart.of("BackendTLSPolicy") {
        findings.expect(!text(policy.value, "/spec/validation/hostname").is_empty(), policy, "it checks no name");
    }
}

pub(super) fn ready_only(chart: &Chart, findings: &mut Findings) {
    for service in chart.of("Service").filter(|service| STAGES.contains(&service.component())) {
        let all = at(service.value, "/spec/publishNotReadyAddresses") == true;
        findings.expect(!all, service, "it is resolved before it is ready");
    }
    let near = chart.of("Service").any(|service| text(service.value, "/spec/trafficDistribution") == "PreferClose");
    findings.demand(near, "no value set keeps calls in their zone");
}

pub(super) fn certificates(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let Some(settings) = settings(chart, pod) else { continue };
        if setting(&settings, "server", "tls").is_none() {
            continue;
        }
        let secret = list(pod.spec(), "/volumes")
            .iter()
            .find(|volume| text(volume, "/name") == "tls")
            .map(|volume| text(volume, "/secret/secretName"))
            .unwrap_or_default();
        findings.expect(!secret.is_empty(), pod.owner, "it is given no certificate");
        let mut called = Vec::new();
        for table in ["gateway", "ingest", "ai", "tts"] {
            if let Some(url) = setting(&settings, table, "url").and_then(toml::Value::as_str) {
                findings.expect(url.starts_with("https://"), pod.owner, &format!("it calls {table} without TLS"));
                let host =
                    url.trim_start_matches("https://").rsplit_once(':').map(|(host, _)| host).unwrap_or_default();
                called.push((table, host));
            }
        }
        findings.expect(!called.is_empty(), pod.owner, "it calls nobody");
        if !pod.owner.set.starts_with("production") {
            continue;
        }
        let ordered = chart.set(pod.owner.set).filter(|object| object.kind() == "Certificate");
        let ordered: Vec<Object<'_>> = ordered.collect();
        let own = ordered.iter().any(|certificate| text(certificate.value, "/spec/secretName") == secret);
        findings.expect(own, pod.owner, "its certificate is ordered by nobody");
        for (service, host) in called {
            let names = ordered.iter().filter(|certificate| certificate.component() == service);
            let named =
                names.flat_map(|certificate| list(certificate.value, "/spec/dnsNames")).any(|name| name == host);
            findings.expect(named, pod.owner, &format!("the certificate of {service} is not for {host}"));
        }
    }
    findings.demand(chart.sets.contains_key(LONG), "no value set has a long name");
}
