//! What an API server fills in, and what controllers write once an object is there: at once, since
//! nothing is run.

use serde_json::{Map, Value, json};

/// The time of everything.
pub(super) const TIME: &str = "2026-01-01T00:00:00Z";

/// Fills in what a server does where nobody says it. `before` is the object as it was, `number`
/// differs from object to object.
pub(super) fn fill_in(kind: &str, object: &mut Value, before: Option<&Value>, number: u64) {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    match kind {
        "Deployment" | "StatefulSet" | "ReplicaSet" => {
            spec.entry("replicas").or_insert_with(|| json!(1));
        }
        "Service" => {
            let address = before.and_then(|before| before.pointer("/spec/clusterIP")).cloned();
            let [.., high, low] = number.to_be_bytes();
            spec.entry("clusterIP").or_insert_with(|| address.unwrap_or_else(|| json!(format!("10.96.{high}.{low}"))));
            spec.entry("type").or_insert_with(|| json!("ClusterIP"));
        }
        _ => {}
    }
}

/// Writes the status that an object comes to: as it should be, or failed.
pub(super) fn settle(kind: &str, object: &mut Value, fails: bool) {
    let generation = object.pointer("/metadata/generation").cloned().unwrap_or_else(|| json!(1));
    let replicas = object.pointer("/spec/replicas").cloned().unwrap_or_else(|| json!(1));
    let condition = |name: &str, holds: bool, reason: &str| {
        let status = if holds { "True" } else { "False" };
        json!({"type": name, "status": status, "reason": reason, "lastTransitionTime": TIME})
    };
    let status = match (kind, fails) {
        ("Job", false) => json!({
            "conditions": [condition("Complete", true, "CompletionsReached")],
            "succeeded": 1, "startTime": TIME, "completionTime": TIME,
        }),
        ("Job", true) => json!({
            "conditions": [condition("Failed", true, "BackoffLimitExceeded")], "failed": 1, "startTime": TIME,
        }),
        ("Pod", false) => json!({"phase": "Succeeded", "conditions": [condition("Ready", false, "PodCompleted")]}),
        ("Pod", true) => json!({"phase": "Failed", "conditions": [condition("Ready", false, "PodFailed")]}),
        ("Deployment", false) => json!({
            "observedGeneration": generation,
            "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas,
            "conditions": [
                condition("Available", true, "MinimumReplicasAvailable"),
                condition("Progressing", true, "NewReplicaSetAvailable"),
            ],
        }),
        ("Deployment", true) => json!({
            "observedGeneration": generation,
            "replicas": replicas, "updatedReplicas": 1, "unavailableReplicas": 1,
            "conditions": [
                condition("Available", false, "MinimumReplicasUnavailable"),
                condition("Progressing", false, "ProgressDeadlineExceeded"),
            ],
        }),
        ("StatefulSet", false) => json!({
            "observedGeneration": generation,
            "replicas": replicas, "readyReplicas": replicas, "currentReplicas": replicas,
            "updatedReplicas": replicas, "availableReplicas": replicas,
            "currentRevision": "1", "updateRevision": "1",
        }),
        ("PersistentVolumeClaim", _) => json!({
            "phase": "Bound",
            "capacity": object.pointer("/spec/resources/requests").cloned().unwrap_or_else(|| json!({})),
        }),
        ("Namespace", _) => json!({"phase": "Active"}),
        ("PodDisruptionBudget", _) => json!({
            "observedGeneration": generation,
            "currentHealthy": 1, "desiredHealthy": 0, "disruptionsAllowed": 1, "expectedPods": 1,
        }),
        ("Certificate" | "ScaledObject", _) => json!({"conditions": [condition("Ready", true, "Ready")]}),
        _ => return,
    };
    if let Some(fields) = object.as_object_mut() {
        fields.insert("status".to_owned(), status);
    }
}

/// The `metadata` of an object, made where it has none.
pub(super) fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    if !object.get("metadata").is_some_and(Value::is_object) {
        object["metadata"] = json!({});
    }
    match object["metadata"].as_object_mut() {
        Some(metadata) => metadata,
        None => panic!("it was made an object"),
    }
}
