//! What is read from objects.

use std::collections::BTreeSet;

use serde_json::Value;

/// Kind, namespace and name of an object.
pub type Id = (String, String, String);

/// A text in an object; empty where there is none.
#[must_use]
pub fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Which object it is.
#[must_use]
pub fn id(object: &Value) -> Id {
    let of = |path: &str| text(object, path).to_owned();
    (of("/kind"), of("/metadata/namespace"), of("/metadata/name"))
}

/// An annotation; empty where there is none.
#[must_use]
pub fn annotation<'a>(object: &'a Value, name: &str) -> &'a str {
    let annotations = object.pointer("/metadata/annotations");
    annotations.and_then(|annotations| annotations.get(name)).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the chart says that it stays after an uninstall.
#[must_use]
pub fn kept(object: &Value) -> bool {
    annotation(object, "helm.sh/resource-policy") == "keep"
}

/// The objects of a kind.
#[must_use]
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| text(object, "/kind") == kind).collect()
}

/// How many replicas an object asks for.
#[must_use]
pub fn replicas(object: &Value) -> u64 {
    object.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or_default()
}

/// What the pods of an object need to be there before they start.
#[derive(Debug)]
pub struct References(pub BTreeSet<Id>);

impl References {
    /// Those of a Job, a Deployment or a Pod.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let (_, namespace, _) = id(object);
        let spec = object.pointer("/spec/template/spec").or_else(|| object.pointer("/spec"));
        let mut found = BTreeSet::new();
        if let Some(spec) = spec {
            let account = text(spec, "/serviceAccountName");
            if !account.is_empty() {
                found.insert(("ServiceAccount".to_owned(), namespace.clone(), account.to_owned()));
            }
            collect(spec, &namespace, &mut found);
        }
        Self(found)
    }
}

/// The ways in which a pod names a ConfigMap or a Secret: the key, and where the name is in it.
const WAYS: [(&str, &str, &str); 7] = [
    ("configMap", "ConfigMap", "name"),
    ("configMapRef", "ConfigMap", "name"),
    ("configMapKeyRef", "ConfigMap", "name"),
    ("secret", "Secret", "secretName"),
    ("secret", "Secret", "name"),
    ("secretRef", "Secret", "name"),
    ("secretKeyRef", "Secret", "name"),
];

fn collect(value: &Value, namespace: &str, found: &mut BTreeSet<Id>) {
    match value {
        Value::Object(fields) => {
            for (way, kind, key) in WAYS {
                let of = fields.get(way).filter(|of| of.get("optional") != Some(&Value::Bool(true)));
                if let Some(name) = of.and_then(|of| of.get(key)).and_then(Value::as_str) {
                    found.insert((kind.to_owned(), namespace.to_owned(), name.to_owned()));
                }
            }
            fields.values().for_each(|inner| collect(inner, namespace, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, namespace, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_in_which_a_pod_names_something_is_found() {
        let pod = json!({
            "serviceAccountName": "account",
            "volumes": [
                {"name": "a", "configMap": {"name": "settings"}},
                {"name": "b", "projected": {"sources": [{"secret": {"name": "projected"}}]}},
                {"name": "c", "secret": {"secretName": "mounted"}},
                {"name": "d", "configMap": {"name": "not-needed", "optional": true}},
            ],
            "containers": [{
                "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "key", "key": "x"}}}],
                "envFrom": [{"configMapRef": {"name": "variables"}}],
            }],
        });
        let job =
            json!({"kind": "Job", "metadata": {"namespace": "n", "name": "j"}, "spec": {"template": {"spec": pod}}});
        let of = |kind: &str, name: &str| (kind.to_owned(), "n".to_owned(), name.to_owned());
        let expected = BTreeSet::from([
            of("ServiceAccount", "account"),
            of("ConfigMap", "settings"),
            of("ConfigMap", "variables"),
            of("Secret", "projected"),
            of("Secret", "mounted"),
            of("Secret", "key"),
        ]);
        assert_eq!(References::of(&job).0, expected);
    }
}
