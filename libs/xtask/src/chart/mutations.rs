//! Values that are wired to something: every leaf of values.yaml is changed, and some value set
//! must be rendered differently then. So is every option of pods under each service.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::helm::Helm;
use super::objects::at;
use super::values::nested;
use crate::process;

/// Where most is switched on first: most leaves need no other.
const ORDER: [&str; 7] =
    ["production", "external-everything", "autoscaled", "tls", "private-registry", "trial-services", "trial-single"];
/// Under which each option of pods may stand too.
const SERVICES: [&str; 5] = ["gateway", "ingest", "ai", "tts", "single"];

/// Leaves that the schema lets be switched on only where another one is empty. What they change is
/// seen beside a render with that one empty, which the schema alone refuses.
const TOGETHER: [(&str, [&str; 2]); 2] =
    [("trial.mongodb.enabled", ["database", "url"]), ("trial.nats.enabled", ["queue", "url"])];

/// Has Helm render what the schema refuses.
const WITHOUT_SCHEMA: [&str; 1] = ["--skip-schema-validation"];

/// What is changed, and to what.
struct Leaf {
    path: Vec<String>,
    others: Vec<Value>,
}

/// The leaves that change nothing, as lines, and how many leaves there are.
pub fn unwired(
    helm: &Helm,
    sets: &BTreeMap<String, PathBuf>,
    renders: &BTreeMap<String, String>,
    values: &Value,
    schema: &Value,
) -> Result<(Vec<String>, usize)> {
    let leaves = leaves(values, schema)?;
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<()> {
        while let Some(leaf) = leaves.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Some(why) = is_unwired(helm, sets, renders, leaf)? {
                wrong.lock().push(format!("{} changes nothing: {why}", leaf.path.join(".")));
            }
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a thread panicked")))
    })?;
    let mut wrong = wrong.into_inner();
    wrong.sort();
    Ok((wrong, leaves.len()))
}

fn is_unwired(
    helm: &Helm,
    sets: &BTreeMap<String, PathBuf>,
    renders: &BTreeMap<String, String>,
    leaf: &Leaf,
) -> Result<Option<String>> {
    if leaf.others.is_empty() {
        return Ok(Some("the schema has no other value for it: give it `examples`".to_owned()));
    }
    let key = leaf.path.join(".");
    let together = TOGETHER.iter().find(|(switch, _)| *switch == key);
    let emptied = together.map(|(_, path)| nested(path.iter().copied(), json!("")));
    let mut why = "every value set is rendered as before".to_owned();
    for other in &leaf.others {
        let mut overlay = nested(leaf.path.iter().map(String::as_str), other.clone());
        if let (Some(all), Some(Value::Object(more))) = (overlay.as_object_mut(), emptied.clone()) {
            all.extend(more);
        }
        let overlay = overlay.to_string();
        for set in ORDER {
            let (Some(file), Some(usual)) = (sets.get(set), renders.get(set)) else { continue };
            let output = helm.template(Some(file), Some(&overlay))?;
            if !output.status.success() {
                why = process::said(&output).trim().replace('\n', " ");
                continue;
            }
            let before = match &emptied {
                None => Cow::Borrowed(usual.as_bytes()),
                Some(emptied) => Cow::Owned(without_schema(helm, file, emptied)?),
            };
            if output.stdout != *before {
                return Ok(None);
            }
        }
    }
    Ok(Some(why))
}

/// A value set with these values over it, rendered whether the schema takes them or not.
fn without_schema(helm: &Helm, file: &Path, overlay: &Value) -> Result<Vec<u8>> {
    let output = helm.template_with(Some(file), Some(&overlay.to_string()), &WITHOUT_SCHEMA)?;
    if !output.status.success() {
        bail!("{} is not rendered with {overlay}: {}", file.display(), process::said(&output).trim_end());
    }
    Ok(output.stdout)
}

fn leaves(values: &Value, schema: &Value) -> Result<Vec<Leaf>> {
    let mut paths = Vec::new();
    walk(values, schema, schema, &mut Vec::new(), &mut paths)?;
    let of_pods: Vec<Vec<String>> =
        paths.iter().filter(|path| path.first().is_some_and(|key| key == "pods")).cloned().collect();
    for service in SERVICES {
        // One pod is spread over nothing.
        let has = |path: &&Vec<String>| service != "single" || path.get(1).is_none_or(|option| option != "spread");
        paths.extend(of_pods.iter().filter(has).map(|path| {
            let mut path = path.clone();
            if let Some(first) = path.first_mut() {
                service.clone_into(first);
            }
            path
        }));
    }
    paths
        .into_iter()
        .map(|path| {
            let shape = path.iter().try_fold(resolved(schema, schema), |shape, key| property(schema, shape, key));
            let shape = shape.with_context(|| format!("values.schema.json does not know {}", path.join(".")))?;
            let now = path.iter().fold(values, |value, key| value.get(key).unwrap_or(&Value::Null));
            Ok(Leaf { others: others(shape, now), path })
        })
        .collect()
}

/// Collects the paths of what is no map of others.
fn walk(
    value: &Value,
    shape: &Value,
    root: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) -> Result<()> {
    let shape = resolved(root, shape);
    let is_map = shape.get("properties").is_some() && shape.get("examples").is_none();
    match value.as_object() {
        Some(map) if is_map && !map.is_empty() => {
            for (key, value) in map {
                path.push(key.clone());
                let inner = property(root, shape, key)
                    .with_context(|| format!("values.schema.json does not know {}", path.join(".")))?;
                walk(value, inner, root, path, found)?;
                path.pop();
            }
        }
        Some(_) | None => found.push(path.clone()),
    }
    Ok(())
}

/// A schema with its reference followed.
fn resolved<'a>(root: &'a Value, shape: &'a Value) -> &'a Value {
    match shape.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => resolved(root, at(root, pointer)),
        None => shape,
    }
}

fn property<'a>(root: &'a Value, shape: &'a Value, key: &str) -> Option<&'a Value> {
    Some(resolved(root, shape.get("properties")?.get(key)?))
}

/// Values to try: those that the schema may take beside the one that is there, and then that one,
/// which is another where a value set has set it.
fn others(shape: &Value, now: &Value) -> Vec<Value> {
    let listed = |name: &str| shape.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut others: Vec<Value> = listed("examples").into_iter().chain(listed("enum")).collect();
    if let Some(now) = now.as_bool() {
        others.push(json!(!now));
    } else if let Some(now) = now.as_i64() {
        others.extend([json!(now + 1), json!(now - 1)]);
    }
    others.retain(|other| other != now);
    if !others.is_empty() {
        others.push(now.clone());
    }
    others
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_found_through_references_and_changed_within_the_schema() {
        let schema = json!({
            "properties": {
                "pods": {"properties": {"labels": {"$ref": "#/definitions/map"}}},
                "on": {"type": "boolean"},
                "by": {"enum": ["none", "cpu"]},
                "gateway": {"properties": {"labels": {"$ref": "#/definitions/map"}, "replicas": {"type": "integer"}}},
                "ingest": {"properties": {"labels": {"$ref": "#/definitions/map"}}},
                "ai": {"properties": {"labels": {"$ref": "#/definitions/map"}}},
                "tts": {"properties": {"labels": {"$ref": "#/definitions/map"}}},
                "single": {"properties": {"labels": {"$ref": "#/definitions/map"}}},
            },
            "definitions": {"map": {"type": "object", "examples": [{"a": "b"}]}},
        });
        let values = json!({"pods": {"labels": {}}, "on": false, "by": "none", "gateway": {"replicas": 2}});
        let found: Vec<(String, Vec<Value>)> =
            leaves(&values, &schema).unwrap().into_iter().map(|leaf| (leaf.path.join("."), leaf.others)).collect();
        for (path, others) in [
            ("on", vec![json!(true), json!(false)]),
            ("by", vec![json!("cpu"), json!("none")]),
            ("gateway.replicas", vec![json!(3), json!(1), json!(2)]),
            ("pods.labels", vec![json!({"a": "b"}), json!({})]),
            ("tts.labels", vec![json!({"a": "b"}), json!(null)]),
        ] {
            assert!(found.contains(&(path.to_owned(), others)), "{path} in {found:?}");
        }
        assert!(leaves(&json!({"unknown": 1}), &schema).is_err());
    }
}
