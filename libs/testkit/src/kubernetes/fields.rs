//! Server-side apply: which manager owns which field, and what an apply of one changes.
//!
//! A field is a path to anything but an object. Lists are one field here, where the real ones merge
//! some of them by a key: what two managers fight over is a number nearly always.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// A path of keys.
pub(super) type Path = Vec<String>;
/// The fields that each manager owns.
pub(super) type Owners = BTreeMap<String, BTreeSet<Path>>;

/// Fields that an object needs to be found, and those that only the server writes. Nobody owns
/// them.
const NOBODYS: &[&[&str]] = &[
    &["apiVersion"],
    &["kind"],
    &["status"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "uid"],
    &["metadata", "resourceVersion"],
    &["metadata", "generation"],
    &["metadata", "creationTimestamp"],
    &["metadata", "managedFields"],
];

/// A field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) manager: String,
    pub(super) path: Path,
}

/// What is left of an object after `manager` applied `config` to it, and who owns what then.
///
/// # Errors
/// The conflicts, where there are any and `force` is not set.
pub(super) fn apply(
    live: &Value,
    owners: &Owners,
    config: &Value,
    manager: &str,
    force: bool,
) -> Result<(Value, Owners), Vec<Conflict>> {
    let wanted = leaves(config);
    let mut conflicts = Vec::new();
    for (other, owned) in owners.iter().filter(|(other, _)| other.as_str() != manager) {
        let differs = |path: &&Path| get(live, path) != get(config, path);
        let fought = wanted.intersection(owned).filter(differs);
        conflicts.extend(fought.map(|path| Conflict { manager: other.clone(), path: path.clone() }));
    }
    if !conflicts.is_empty() && !force {
        return Err(conflicts);
    }
    let (mut object, mut owners) = (live.clone(), owners.clone());
    for Conflict { manager, path } in conflicts {
        if let Some(owned) = owners.get_mut(&manager) {
            owned.remove(&path);
        }
    }
    let before = owners.insert(manager.to_owned(), wanted.clone()).unwrap_or_default();
    // What it wanted before, and nobody wants now, goes.
    for path in before.difference(&wanted) {
        if !owners.values().any(|owned| owned.contains(path)) {
            remove(&mut object, path);
        }
    }
    for path in &wanted {
        if let Some(value) = get(config, path) {
            set(&mut object, path, value.clone());
        }
    }
    Ok((object, owners))
}

/// Who owns what after `manager` wrote `after` over `before`: it owns what it changed, alone.
pub(super) fn updated(owners: &Owners, before: &Value, after: &Value, manager: &str) -> Owners {
    let (old, new) = (leaves(before), leaves(after));
    let changed: BTreeSet<Path> =
        old.union(&new).filter(|path| get(before, path) != get(after, path)).cloned().collect();
    let mut owners = owners.clone();
    owners.values_mut().for_each(|owned| owned.retain(|path| !changed.contains(path)));
    owners.entry(manager.to_owned()).or_default().extend(changed.intersection(&new).cloned());
    owners
}

/// Merges a patch into an object as RFC 7386 says.
pub(super) fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Some(fields) = object.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            fields.remove(key);
        } else {
            merge(fields.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// The fields of an object that somebody may own.
fn leaves(object: &Value) -> BTreeSet<Path> {
    let mut found = BTreeSet::new();
    collect(object, &mut Vec::new(), &mut found);
    found
}

fn collect(value: &Value, path: &mut Path, found: &mut BTreeSet<Path>) {
    if NOBODYS.iter().any(|fixed| path.iter().map(String::as_str).eq(fixed.iter().copied())) || value.is_null() {
        return;
    }
    match value.as_object().filter(|fields| !fields.is_empty() || path.is_empty()) {
        Some(fields) => {
            for (key, value) in fields {
                path.push(key.clone());
                collect(value, path, found);
                path.pop();
            }
        }
        None => {
            found.insert(path.clone());
        }
    }
}

fn get<'a>(object: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, key| value.get(key))
}

fn set(object: &mut Value, path: &[String], to: Value) {
    let Some((key, rest)) = path.split_first() else {
        // An empty object over one that others have filled leaves it as it is.
        let is_empty = to.as_object().is_some_and(Map::is_empty);
        if !(is_empty && object.is_object()) {
            *object = to;
        }
        return;
    };
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    if let Some(fields) = object.as_object_mut() {
        set(fields.entry(key.clone()).or_insert(Value::Null), rest, to);
    }
}

/// Removes a field, and the objects around it that are empty then.
fn remove(object: &mut Value, path: &[String]) {
    let (Some((key, rest)), Some(fields)) = (path.split_first(), object.as_object_mut()) else { return };
    if rest.is_empty() {
        fields.remove(key);
        return;
    }
    let Some(inner) = fields.get_mut(key) else { return };
    remove(inner, rest);
    if inner.as_object().is_some_and(Map::is_empty) {
        fields.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn replicas(count: u32) -> Value {
        json!({"metadata": {"name": "x"}, "spec": {"replicas": count, "paused": true}})
    }

    #[test]
    fn what_a_manager_no_longer_wants_goes_and_what_another_wants_stays() {
        let (live, owners) = apply(&json!({}), &Owners::new(), &replicas(2), "helm", false).expect("applied");
        assert_eq!(live, json!({"spec": {"replicas": 2, "paused": true}}), "names are the server's");
        let labels = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"paused": true}});
        let (live, owners) = apply(&live, &owners, &labels, "other", false).expect("the same value is no conflict");
        let (live, _) = apply(&live, &owners, &json!({"spec": {}}), "helm", false).expect("applied");
        assert_eq!(live, json!({"metadata": {"labels": {"a": "b"}}, "spec": {"paused": true}}));
    }

    #[test]
    fn a_field_that_another_has_changed_is_a_conflict_unless_it_is_forced_or_left_out() {
        let (live, owners) = apply(&json!({}), &Owners::new(), &replicas(2), "helm", false).expect("applied");
        let mut scaled = live.clone();
        merge(&mut scaled, &json!({"spec": {"replicas": 5}}));
        let owners = updated(&owners, &live, &scaled, "hpa");
        let path = vec!["spec".to_owned(), "replicas".to_owned()];
        let fought = apply(&scaled, &owners, &replicas(2), "helm", false).expect_err("a conflict");
        assert_eq!(fought, [Conflict { manager: "hpa".to_owned(), path: path.clone() }]);

        let without = json!({"spec": {"paused": true}});
        let (left, _) = apply(&scaled, &owners, &without, "helm", false).expect("it is not helm's any more");
        assert_eq!(left, json!({"spec": {"replicas": 5, "paused": true}}));
        let (forced, owners) = apply(&scaled, &owners, &replicas(2), "helm", true).expect("forced");
        assert_eq!(get(&forced, &path), Some(&json!(2)));
        assert!(!owners["hpa"].contains(&path) && owners["helm"].contains(&path));
    }

    #[test]
    fn a_merge_removes_what_is_null_and_replaces_lists() {
        let mut object = json!({"a": {"b": 1, "c": [1, 2]}, "d": 3});
        merge(&mut object, &json!({"a": {"b": null, "c": [3]}, "e": {"f": null}}));
        assert_eq!(object, json!({"a": {"c": [3]}, "d": 3, "e": {}}));
    }
}
