//! What pods may use: properties 16 to 19.

use serde_json::Value;

use super::life::{setting, settings};
use super::{Chart, Findings};
use crate::chart::objects::{at, list, text};

/// Where the voice lies in the image.
const VOICE: &str = "/usr/share/lectern/voice";
const AMOUNTS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Mebibytes of a quantity (`512Mi`, `1Gi`) or of a size of the settings (`1GiB`).
fn mebibytes(text: &str) -> Option<u64> {
    let text = text.trim_end_matches('B');
    match (text.strip_suffix("Gi"), text.strip_suffix("Mi")) {
        (Some(number), _) => number.parse::<u64>().ok().map(|number| number * 1024),
        (_, Some(number)) => number.parse().ok(),
        (None, None) => None,
    }
}

/// Whole processors of a quantity, rounded up, as the downward API does.
fn processors(text: &str) -> Option<u64> {
    match text.strip_suffix('m') {
        Some(thousandths) => thousandths.parse::<u64>().ok().map(|number| number.div_ceil(1000)),
        None => text.parse().ok(),
    }
}

/// A variable of a container, by its name.
pub(super) fn variable<'a>(container: &'a Value, name: &str) -> Option<&'a Value> {
    list(container, "/env").iter().find(|variable| text(variable, "/name") == name)
}

/// Steps that run at once in a container; none where its variable says nothing.
fn permits_of(container: &Value) -> Option<u64> {
    let variable = variable(container, "LECTERN_PERMITS")?;
    if text(variable, "/valueFrom/resourceFieldRef/resource") == "limits.cpu" {
        return processors(text(container, "/resources/limits/cpu"));
    }
    text(variable, "/value").parse().ok()
}

pub(super) fn permits(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services().filter(|pod| pod.owner.component() != "gateway") {
        for container in pod.containers() {
            let permits = permits_of(container).is_some_and(|permits| permits > 0);
            findings.expect(permits, pod.owner, "its permits do not follow its limit");
        }
    }
}

pub(super) fn amounts(chart: &Chart, findings: &mut Findings) {
    for pod in chart.pods() {
        for container in pod.containers() {
            for amount in AMOUNTS {
                let named = ["requests", "limits"]
                    .iter()
                    .all(|of| !text(container, &format!("/resources/{of}/{amount}")).is_empty());
                findings.expect(named, pod.owner, &format!("a container has no request or limit of {amount}"));
            }
        }
    }
    for pod in chart.services().filter(|pod| pod.owner.component() == "ingest") {
        let sandbox =
            settings(chart, pod).and_then(|settings| mebibytes(setting(&settings, "sandbox", "memory")?.as_str()?));
        for container in pod.containers() {
            let limit = mebibytes(text(container, "/resources/limits/memory"));
            let each = limit.zip(sandbox).zip(permits_of(container));
            let enough = each.is_some_and(|((limit, sandbox), permits)| limit > sandbox * permits);
            findings.expect(enough, pod.owner, "its memory does not hold a sandbox for each permit");
        }
    }
}

pub(super) fn scratch(chart: &Chart, findings: &mut Findings) {
    for pod in chart.pods() {
        let limit: u64 = pod
            .containers()
            .filter_map(|container| mebibytes(text(container, "/resources/limits/ephemeral-storage")))
            .sum();
        for volume in list(pod.spec(), "/volumes").iter().filter(|volume| volume.get("emptyDir").is_some()) {
            if text(volume, "/name") == "extra" {
                continue;
            }
            let size = mebibytes(text(volume, "/emptyDir/sizeLimit"));
            findings.expect(size.is_some_and(|size| size <= limit), pod.owner, "an emptyDir is over the limit");
        }
        let mounts =
            |container: &Value| list(container, "/volumeMounts").iter().any(|m| text(m, "/mountPath") == "/tmp");
        findings.expect(pod.containers().all(mounts), pod.owner, "a container has no /tmp to write to");
    }
}

pub(super) fn voice(chart: &Chart, findings: &mut Findings) {
    for pod in chart.services() {
        findings.expect(at(pod.spec(), "/initContainers").is_null(), pod.owner, "something runs before it");
        if !["tts", "single"].contains(&pod.owner.component()) {
            continue;
        }
        let named = settings(chart, pod)
            .is_some_and(|settings| settings.get("voice_dir").and_then(toml::Value::as_str) == Some(VOICE));
        findings.expect(named, pod.owner, "its voice is not the image's");
        let mounted = pod.containers().any(|container| {
            list(container, "/volumeMounts").iter().any(|mount| VOICE.starts_with(text(mount, "/mountPath")))
        });
        findings.expect(!mounted, pod.owner, "a volume hides the image's voice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read() {
        assert_eq!(
            [mebibytes("1Gi"), mebibytes("1GiB"), mebibytes("512Mi"), mebibytes("5")],
            [Some(1024), Some(1024), Some(512), None]
        );
        assert_eq!([processors("1500m"), processors("2"), processors("x")], [Some(2), Some(2), None]);
    }
}
