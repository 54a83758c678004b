//! What may not change between two releases, because the API refuses it: compared with what is
//! committed of the last release's renders.

use serde_json::{Map, Value};

use super::objects::{Object, at};

/// What of a kind may never change.
const FIXED: [(&str, &[&str]); 5] = [
    ("Deployment", &["/spec/selector"]),
    (
        "StatefulSet",
        &["/spec/selector", "/spec/serviceName", "/spec/podManagementPolicy", "/spec/volumeClaimTemplates"],
    ),
    ("Service", &["/spec/clusterIP"]),
    ("PersistentVolumeClaim", &["/spec/accessModes", "/spec/storageClassName", "/spec/volumeName"]),
    ("Job", &["/spec/selector", "/spec/template"]),
];

/// Kinds whose data stay where they are when an object of them is gone, and nothing uses them.
const HOLDING_DATA: [&str; 2] = ["StatefulSet", "PersistentVolumeClaim"];

/// Of the objects that have fixed fields, and are no hooks, what they are and these fields.
pub fn fixed(objects: &[Value]) -> Vec<Value> {
    let mut kept = Vec::new();
    for object in objects.iter().map(|value| Object { set: "", value }).filter(|object| !object.is_hook()) {
        let Some((_, pointers)) = FIXED.iter().find(|(kind, _)| *kind == object.kind()) else { continue };
        let fields = pointers.iter().filter_map(|pointer| {
            let (_, key) = pointer.rsplit_once('/')?;
            Some((key.to_owned(), object.value.pointer(pointer)?.clone()))
        });
        kept.push(serde_json::json!({
            "kind": object.kind(),
            "metadata": {"name": object.name()},
            "spec": Map::from_iter(fields),
        }));
    }
    kept
}

/// Where `now` cannot be laid over `before`, as lines. Hooks are made anew each time.
pub fn changed(set: &str, before: &[Value], now: &[Value]) -> Vec<String> {
    let object = |value| Object { set, value };
    let mut problems = Vec::new();
    for old in before.iter().map(object).filter(|old| !old.is_hook()) {
        let same = |new: &Object<'_>| new.kind() == old.kind() && new.name() == old.name() && !new.is_hook();
        // What is gone is deleted, and what is new is made.
        let Some(new) = now.iter().map(object).find(same) else {
            if HOLDING_DATA.contains(&old.kind()) {
                problems.push(format!(
                    "{set}: the {} {} of the last release is gone: an upgrade would begin without its data",
                    old.kind(),
                    old.name()
                ));
            }
            continue;
        };
        for (kind, pointers) in FIXED {
            if kind != old.kind() {
                continue;
            }
            for pointer in pointers.iter().filter(|pointer| at(old.value, pointer) != at(new.value, pointer)) {
                problems.push(format!(
                    "{set}: {pointer} of the {kind} {} differs from the last release's: an upgrade would be refused",
                    old.name()
                ));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(selector: &str, image: &str) -> Value {
        json!({
            "kind": "Deployment",
            "metadata": {"name": "tts"},
            "spec": {"selector": {"matchLabels": {"a": selector}}, "template": {"spec": {"image": image}}},
        })
    }

    #[test]
    fn a_changed_selector_is_found_and_a_changed_image_is_not() {
        assert!(changed("s", &[deployment("1", "a")], &[deployment("1", "b")]).is_empty());
        assert!(changed("s", &[deployment("1", "a")], &[]).is_empty());
        let problems = changed("s", &[deployment("1", "a")], &[deployment("2", "a")]);
        assert_eq!(problems.len(), 1);
        assert!(problems.iter().all(|problem| problem.contains("/spec/selector")), "{problems:?}");
    }

    #[test]
    fn what_held_data_and_is_gone_is_found() {
        for kind in HOLDING_DATA {
            let held = |name: &str| json!({"kind": kind, "metadata": {"name": name}, "spec": {}});
            assert!(changed("s", &[held("data")], &[held("data")]).is_empty());
            for now in [vec![], vec![held("other")]] {
                let problems = changed("s", &fixed(&[held("data")]), &now);
                assert_eq!(problems.len(), 1, "{kind}");
                assert!(problems.iter().all(|problem| problem.contains("is gone")), "{problems:?}");
            }
        }
    }

    #[test]
    fn what_is_kept_of_a_release_is_enough_to_compare_with() {
        let kept = fixed(&[deployment("1", "a"), json!({"kind": "ConfigMap", "metadata": {"name": "c"}})]);
        assert_eq!(kept.len(), 1);
        assert!(changed("s", &kept, &[deployment("1", "b")]).is_empty());
        assert_eq!(changed("s", &kept, &[deployment("2", "a")]).len(), 1);
    }

    #[test]
    fn the_template_of_a_job_is_fixed_unless_it_is_a_hook() {
        let job = |image: &str, hook: &str| {
            json!({
                "kind": "Job",
                "metadata": {"name": "j", "annotations": {"helm.sh/hook": hook}},
                "spec": {"template": image},
            })
        };
        assert_eq!(changed("s", &[job("a", "")], &[job("b", "")]).len(), 1);
        assert!(changed("s", &[job("a", "pre-upgrade")], &[job("b", "pre-upgrade")]).is_empty());
    }
}
