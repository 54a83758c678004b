//! What of the rendered objects is changed before podman starts them. Everything else stays as Helm
//! rendered it: images, commands, settings, secrets, users, capabilities, limits, read-only roots,
//! volumes.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{container, spec};
use crate::chart::objects::{list, text};

/// What only a kubelet does: it probes by gRPC, and waits before it stops a container. Podman knows
/// neither kind; the service is asked by `probe` instead, and has no address that would have to be
/// withdrawn first.
const OF_KUBELETS: [&str; 4] = ["startupProbe", "readinessProbe", "livenessProbe", "lifecycle"];
/// Ports are published from networks of their own. These pods are on the machine's, where podman
/// refuses them.
const PORTS: &str = "ports";

/// The object as podman starts it.
pub fn adapted(object: &Value) -> Result<Value> {
    let name = text(object, "/metadata/name");
    let mut changed = if text(object, "/kind") == "Job" { pod_of(object, name)? } else { object.clone() };
    let at = if text(&changed, "/kind") == "Deployment" { "/spec/template/spec" } else { "/spec" };
    let empty = empty_volumes(object)?;
    let spec = changed.pointer_mut(at).with_context(|| format!("{name} has no spec"))?;
    for part in items(spec, "/containers") {
        if let Some(part) = part.as_object_mut() {
            part.retain(|key, _| !OF_KUBELETS.contains(&key.as_str()) && key != PORTS);
        }
        name_the_pod(items(part, "/env"), name);
        own_volumes(items(part, "/volumeMounts"), name, &empty);
    }
    own_volumes(items(spec, "/volumes"), name, &empty);
    for volume in items(spec, "/volumes") {
        // Podman 4.3 ends with a fault of its own where nothing says whether it must be there.
        if let Some(secret) = volume.pointer_mut("/secret").and_then(Value::as_object_mut) {
            secret.insert("optional".to_owned(), json!(false));
        }
    }
    Ok(changed)
}

/// The test of the release with another server to ask: the name in its arguments is of the
/// cluster's DNS.
pub fn asking(test: &Value, server: &str) -> Result<Value> {
    let mut test = test.clone();
    let arguments = test.pointer_mut("/spec/containers/0/args").and_then(Value::as_array_mut);
    let mut arguments = arguments.into_iter().flatten().skip_while(|argument| argument.as_str() != Some("--server"));
    *arguments.nth(1).context("the test of the release names no server")? = json!(server);
    Ok(test)
}

/// The pod that a Job makes once: podman 4.3 knows no Jobs.
fn pod_of(job: &Value, name: &str) -> Result<Value> {
    container(spec(job)?, name)?;
    Ok(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec(job)?}))
}

/// What a pod's variables say of the pod itself. Podman knows its name and id alone, and does not
/// put one variable into another.
fn name_the_pod<'a>(variables: impl Iterator<Item = &'a mut Value>, pod: &str) {
    let mut known: Vec<(String, String)> = Vec::new();
    for variable in variables {
        let field = text(variable, "/valueFrom/fieldRef/fieldPath");
        let value = match field {
            "" => text(variable, "/value").to_owned(),
            "metadata.namespace" => "lectern".to_owned(),
            "spec.nodeName" => "podman".to_owned(),
            _ => pod.to_owned(),
        };
        if value.is_empty() {
            continue;
        }
        let name = text(variable, "/name").to_owned();
        let value = known.iter().fold(value, |value, (name, known)| value.replace(&format!("$({name})"), known));
        *variable = json!({"name": name, "value": value});
        known.push((name, value));
    }
}

/// The names of an object's volumes that are empty at first.
fn empty_volumes(object: &Value) -> Result<Vec<String>> {
    let empty = list(spec(object)?, "/volumes").iter().filter(|volume| volume.get("emptyDir").is_some());
    Ok(empty.map(|volume| text(volume, "/name").to_owned()).collect())
}

/// Puts the pod's name before those of its own volumes: what is called the same is the same folder
/// to podman, whichever pod it is in.
fn own_volumes<'a>(named: impl Iterator<Item = &'a mut Value>, pod: &str, volumes: &[String]) {
    for named in named {
        let name = text(named, "/name").to_owned();
        if let Some(named) = named.as_object_mut().filter(|_| volumes.contains(&name)) {
            named.insert("name".to_owned(), json!(format!("{pod}-{name}")));
        }
    }
}

/// The items of the list at a pointer; none where there is none.
fn items<'a>(value: &'a mut Value, pointer: &str) -> impl Iterator<Item = &'a mut Value> {
    value.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Value {
        json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "job", "namespace": "lectern"},
            "spec": {"backoffLimit": 2, "template": {"metadata": {}, "spec": {
                "restartPolicy": "Never",
                "securityContext": {"runAsUser": 65532},
                "containers": [{
                    "name": "migrate",
                    "args": ["migrate", "--server", "http://a.svc:7400", "--seconds", "5"],
                    "ports": [{"containerPort": 7400}],
                    "livenessProbe": {"grpc": {"port": 7400}},
                    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                    "env": [
                        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                        {"name": "BOTH", "value": "$(POD_NAME)@$(NODE)$(NONE)"},
                        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    ],
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "key", "mountPath": "/key"}],
                }],
                "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "key", "secret": {"secretName": "s"}}],
            }}},
        })
    }

    #[test]
    fn what_podman_does_not_know_is_changed_and_nothing_else() {
        let expected = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "job"},
            "spec": {
                "restartPolicy": "Never",
                "securityContext": {"runAsUser": 65532},
                "containers": [{
                    "name": "migrate",
                    "args": ["migrate", "--server", "http://a.svc:7400", "--seconds", "5"],
                    "env": [
                        {"name": "POD_NAME", "value": "job"},
                        {"name": "NODE", "value": "podman"},
                        {"name": "BOTH", "value": "job@podman$(NONE)"},
                        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    ],
                    "volumeMounts": [{"name": "job-tmp", "mountPath": "/tmp"}, {"name": "key", "mountPath": "/key"}],
                }],
                "volumes": [
                    {"name": "job-tmp", "emptyDir": {}},
                    {"name": "key", "secret": {"secretName": "s", "optional": false}},
                ],
            },
        });
        assert_eq!(adapted(&job()).unwrap(), expected);

        let mut deployment = job();
        deployment["kind"] = json!("Deployment");
        let changed = adapted(&deployment).unwrap();
        assert_eq!(changed["spec"]["template"]["spec"], expected["spec"]);
        assert_eq!(changed["spec"]["backoffLimit"], json!(2));
    }

    #[test]
    fn the_test_of_the_release_asks_the_server_that_it_is_told() {
        let pod = adapted(&job()).unwrap();
        let changed = asking(&pod, "http://127.0.0.1:1").unwrap();
        let arguments = json!(["migrate", "--server", "http://127.0.0.1:1", "--seconds", "5"]);
        assert_eq!(changed["spec"]["containers"][0]["args"], arguments);
        assert!(asking(&json!({"spec": {"containers": [{"args": ["smoke"]}]}}), "http://b").is_err());
    }
}
