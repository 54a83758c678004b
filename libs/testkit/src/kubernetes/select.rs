//! Selectors of labels and fields, as queries carry them.

use serde_json::Value;

/// Whether an object's labels fulfil a selector: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
pub(super) fn by_labels(object: &Value, selector: &str) -> bool {
    let label =
        |key: &str| object.pointer("/metadata/labels").and_then(|labels| labels.get(key)).and_then(Value::as_str);
    requirements(selector).iter().all(|requirement| {
        let requirement = requirement.trim();
        if let Some((key, values)) = requirement.split_once(" notin ") {
            return !label(key.trim()).is_some_and(|value| is_among(values, value));
        }
        if let Some((key, values)) = requirement.split_once(" in ") {
            return label(key.trim()).is_some_and(|value| is_among(values, value));
        }
        if let Some((key, value)) = requirement.split_once("!=") {
            return label(key.trim()) != Some(value.trim());
        }
        if let Some((key, value)) = requirement.split_once('=') {
            return label(key.trim()) == Some(value.trim_start_matches('=').trim());
        }
        match requirement.strip_prefix('!') {
            Some(key) => label(key.trim()).is_none(),
            None => label(requirement).is_some(),
        }
    })
}

/// Whether an object has the name that a selector of fields asks for. It knows no other field.
pub(super) fn by_fields(object: &Value, selector: &str) -> bool {
    let name = |path| object.pointer(path).and_then(Value::as_str);
    selector.split(',').filter(|part| !part.is_empty()).all(|part| match part.split_once('=') {
        Some(("metadata.name", value)) => name("/metadata/name") == Some(value.trim_start_matches('=')),
        Some(("metadata.namespace", value)) => name("/metadata/namespace") == Some(value.trim_start_matches('=')),
        Some(_) | None => false,
    })
}

/// The parts of a selector between the commas that are in no parentheses.
fn requirements(selector: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_usize);
    for letter in selector.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn is_among(values: &str, value: &str) -> bool {
    values.trim().trim_matches(['(', ')']).split(',').any(|one| one.trim() == value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_choose_by_labels_and_names() {
        let object = json!({"metadata": {"name": "x", "labels": {"owner": "helm", "name": "r", "status": "deployed"}}});
        for (selector, expected) in [
            ("", true),
            ("owner=helm,name=r", true),
            ("owner==helm", true),
            ("owner=helm,name=other", false),
            ("status in (deployed,failed),owner", true),
            ("status in (failed)", false),
            ("status notin (failed, superseded)", true),
            ("modified notin (a)", true),
            ("name!=r", false),
            ("!owner", false),
            ("!absent,absent!=x", true),
        ] {
            assert_eq!(by_labels(&object, selector), expected, "{selector}");
        }
        assert!(by_fields(&object, "") && by_fields(&object, "metadata.name=x"));
        assert!(!by_fields(&object, "metadata.name=y") && !by_fields(&object, "status.phase=Running"));
    }
}
