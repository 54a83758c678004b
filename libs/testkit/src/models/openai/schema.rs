//! What OpenAI demands of a schema that is strict.

use serde_json::Value;

/// What is wrong with a strict schema: every object lists all its properties as required and allows
/// no others, and nothing has a default.
pub(super) fn fault(schema: &Value, path: &str) -> Option<String> {
    let Some(fields) = schema.as_object() else { return Some(format!("In context={path}, a schema is an object")) };
    if fields.contains_key("default") {
        return Some(format!("In context={path}, 'default' is not permitted."));
    }
    let properties = fields.get("properties").and_then(Value::as_object);
    if schema["type"] == "object" || properties.is_some() {
        if schema["additionalProperties"] != false {
            return Some(format!(
                "In context={path}, 'additionalProperties' is required to be supplied and to be false."
            ));
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let missing = properties.into_iter().flatten().find(|(name, _)| !required.contains(&name.as_str()));
        if let Some((name, _)) = missing {
            return Some(format!(
                "In context={path}, 'required' is required to include every key in properties. Missing '{name}'."
            ));
        }
    }
    let within = |name: &str, child: &Value| fault(child, &format!("{path}.{name}"));
    let of_properties = properties.into_iter().flatten().find_map(|(name, child)| within(name, child));
    let of_defs = schema["$defs"].as_object().into_iter().flatten().find_map(|(name, child)| within(name, child));
    let of_items = fields.get("items").and_then(|child| within("items", child));
    let of_choices = schema["anyOf"].as_array().into_iter().flatten().find_map(|child| within("anyOf", child));
    of_properties.or(of_defs).or(of_items).or(of_choices)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_strict_schema_is_closed_and_demands_everything() {
        let object = |inner: Value| {
            json!({
                "type": "object",
                "properties": {"a": inner},
                "required": ["a"],
                "additionalProperties": false,
            })
        };
        assert_eq!(fault(&object(json!({"type": "string"})), "()"), None);
        let wrong = [
            json!({"type": "object", "properties": {"b": {"type": "string"}}, "required": [], "additionalProperties": false}),
            json!({"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}),
            json!({"type": "string", "default": "x"}),
            json!({"type": "array", "items": {"type": "object"}}),
        ];
        for inner in wrong {
            assert!(fault(&object(inner.clone()), "()").is_some(), "{inner}");
        }
    }
}
