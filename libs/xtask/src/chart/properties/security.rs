//! Who pods are and what they may: properties 20 to 26 and 29.

use serde_json::Value;

use super::{Chart, Findings};
use crate::chart::objects::{Pod, at, list, text, texts};
use crate::chart::settings::files;

/// Words in the name of a variable or key that holds a secret.
const SECRET_WORDS: [&str; 5] = ["SECRET", "PASSWORD", "ADMIN_KEY", "OTLP_HEADERS", "QUEUE__URL"];

pub(super) fn restricted(chart: &Chart, findings: &mut Findings) {
    for pod in chart.pods() {
        let of_pod = at(pod.spec(), "/securityContext");
        let well = at(of_pod, "/runAsNonRoot") == true
            && ["runAsUser", "runAsGroup", "fsGroup"].iter().all(|id| at(of_pod, &format!("/{id}")).as_u64() > Some(0))
            && text(of_pod, "/fsGroupChangePolicy") == "OnRootMismatch"
            && text(of_pod, "/seccompProfile/type") == "RuntimeDefault";
        findings.expect(well, pod.owner, "the pod's securityContext is not restricted");
        for container in pod.containers() {
            let own = at(container, "/securityContext");
            let drops = list(own, "/capabilities/drop").iter().any(|capability| capability == "ALL");
            let well = at(own, "/allowPrivilegeEscalation") == false
                && at(own, "/readOnlyRootFilesystem") == true
                && at(own, "/privileged") != true
                && at(own, "/capabilities/add").is_null()
                && drops;
            findings.expect(well, pod.owner, "a container's securityContext is not restricted");
        }
    }
}

pub(super) fn host(chart: &Chart, findings: &mut Findings) {
    for pod in chart.pods().filter(|pod| pod.is_ours()) {
        let spec = pod.spec();
        let shares = ["hostNetwork", "hostPID", "hostIPC"].iter().any(|key| spec.get(key) == Some(&Value::Bool(true)));
        let paths = list(spec, "/volumes").iter().any(|volume| volume.get("hostPath").is_some());
        let ports = pod
            .containers()
            .any(|container| list(container, "/ports").iter().any(|port| port.get("hostPort").is_some()));
        findings.expect(!(shares || paths || ports), pod.owner, "it uses something of the host");
        if pod.owner.set == "private-registry" {
            findings.expect(at(spec, "/hostUsers") == false, pod.owner, "it has no user namespace");
        }
    }
}

pub(super) fn accounts(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        let name = text(pod.spec(), "/serviceAccountName");
        let account = chart.beside(pod.owner, "ServiceAccount", name);
        let own = account.is_some_and(|account| account.component() == pod.owner.component());
        findings.expect(own, pod.owner, "its account is not its own");
        let token = at(pod.spec(), "/automountServiceAccountToken");
        let identity = account.is_some_and(|account| at(account.value, "/metadata/annotations").is_object());
        findings.expect(token == false || (token == true && identity), pod.owner, "it has a token for nothing");
    }
    for pod in chart.pods().filter(|pod| pod.owner.kind() != "Deployment") {
        let token = at(pod.spec(), "/automountServiceAccountToken");
        findings.expect(token == false, pod.owner, "it has a token");
    }
}

pub(super) fn roles(chart: &Chart, findings: &mut Findings) {
    for object in chart.objects() {
        let of_access = text(object.value, "/apiVersion").starts_with("rbac.authorization.k8s.io/");
        findings.expect(!of_access, object, "nothing calls the cluster's API");
    }
}

pub(super) fn no_secrets(chart: &Chart, findings: &mut Findings) {
    for object in chart.objects() {
        findings.expect(object.kind() != "Secret", object, "the chart makes a Secret");
        let mut all = Vec::new();
        texts(object.value, "", &mut all);
        let quoted = all.iter().any(|(_, text)| has_credentials(text));
        findings.expect(!quoted, object, "a URL has credentials");
        for (_, file) in files(object) {
            let named = file.lines().filter_map(|line| line.split_once(" = ")).any(|(key, _)| {
                [
                    "secret",
                    "secret_previous",
                    "object_secret",
                    "password",
                    "admin_key",
                    "admin_key_previous",
                    "otlp_headers",
                ]
                .contains(&key)
            });
            findings.expect(!named, object, "a setting is a secret");
        }
    }
    for pod in chart.pods() {
        for variable in pod.containers().flat_map(|container| list(container, "/env")) {
            if SECRET_WORDS.iter().any(|word| text(variable, "/name").contains(word)) {
                let apart =
                    at(variable, "/value").is_null() && !text(variable, "/valueFrom/secretKeyRef/name").is_empty();
                findings.expect(apart, pod.owner, "a secret is in a variable's text");
            }
        }
    }
    for (set, notes) in &chart.notes {
        findings.demand(!notes.lines().any(has_credentials), &format!("{set}: the notes show credentials"));
    }
}

/// Whether a text has a URL with a user.
fn has_credentials(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', ' ', '"', '\n']).next().unwrap_or_default();
        authority.contains('@')
    })
}

/// The Secrets that a pod is given.
fn given(pod: Pod<'_>) -> Vec<&str> {
    let volumes = list(pod.spec(), "/volumes").iter().map(|volume| text(volume, "/secret/secretName"));
    let variables = pod
        .containers()
        .flat_map(|container| list(container, "/env"))
        .map(|variable| text(variable, "/valueFrom/secretKeyRef/name"));
    volumes.chain(variables).filter(|name| !name.is_empty()).collect()
}

pub(super) fn own_secrets(chart: &Chart, findings: &mut Findings) {
    for pod in chart.pods() {
        // The service that a pod is of: of a hook it is that of its program.
        let program =
            pod.containers().find_map(|container| text(container, "/command/0").strip_prefix("/usr/bin/lectern-"));
        for secret in given(pod) {
            let of = ["gateway", "ingest", "ai", "tts"].into_iter().find(|service| {
                secret.ends_with(&format!("-{service}"))
                    || secret == format!("{service}-tls")
                    || secret.ends_with(&format!("-{service}-tls"))
            });
            let authority_alone = pod.owner.component() == "smoke";
            let own = of.is_none_or(|of| program == Some(of) || authority_alone);
            findings.expect(own, pod.owner, &format!("it is given {secret}, which is another's"));
        }
        for volume in list(pod.spec(), "/volumes").iter().filter(|volume| volume.get("secret").is_some()) {
            let chosen = !list(volume, "/secret/items").is_empty();
            findings.expect(chosen, pod.owner, "a Secret is mounted whole");
            if pod.owner.component() == "smoke" {
                let key = list(volume, "/secret/items").iter().any(|item| text(item, "/key") == "tls.key");
                findings.expect(!key, pod.owner, "the test is given the gateway's key");
            }
        }
    }
}

pub(super) fn users(chart: &Chart, findings: &mut Findings) {
    findings.demand(chart.readme.contains("`readWrite`"), "the README does not name the role at the database");
    for service in ["gateway", "ingest", "ai", "tts"] {
        for of in ["publish", "subscribe"] {
            let line = format!("# {service}, {of}");
            let listed = chart.readme.lines().any(|known| known == line);
            findings.demand(listed, &format!("the README does not list what {service} may {of}"));
        }
    }
}

pub(super) fn images(chart: &Chart, findings: &mut Findings) {
    let version = text(&chart.about, "/appVersion");
    for pod in chart.pods() {
        for container in pod.containers() {
            let image = text(container, "/image");
            let tag = image.rsplit_once(':').map(|(_, tag)| tag).unwrap_or_default();
            findings.expect(!tag.is_empty() && tag != "latest", pod.owner, "an image has no version");
            if pod.is_ours() && !image.contains("@sha256:") {
                findings.expect(tag == version, pod.owner, "an image is of another version than the chart");
            }
            if pod.owner.set == "private-registry" {
                let well = image.starts_with("registry.example.org/mirror/")
                    && image.contains("@sha256:")
                    && !list(pod.spec(), "/imagePullSecrets").is_empty();
                findings.expect(well, pod.owner, "an image is not from the registry, by digest, with its secret");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_urls_are_found() {
        for (text, expected) in [
            ("mongodb://u:p@h/d", true),
            ("mongodb://h,u/d?x=a@b", false),
            ("url = \"nats://t@h:1\"", true),
            ("https://h/a@b", false),
            ("a@b", false),
        ] {
            assert_eq!(has_credentials(text), expected, "{text}");
        }
    }
}
