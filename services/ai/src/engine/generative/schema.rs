//! Our own copy of the schema check: whoever runs a model may check less than it was sent, or
//! nothing. It knows the keywords that our schemas use; lengths of texts count Unicode scalar
//! values.

use serde_json::Value;

/// The first thing in `value` that does not fit `schema`, for a person and for the model.
pub(super) fn fault(schema: &Value, value: &Value) -> Option<String> {
    check(schema, value, "the answer").err()
}

fn check(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(kind) = schema["type"].as_str() {
        let fits = match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            "null" => value.is_null(),
            _ => false,
        };
        if !fits {
            return Err(format!("{at} is no {kind}"));
        }
    }
    if let Some(known) = schema["enum"].as_array()
        && !known.contains(value)
    {
        return Err(format!("{at} is none of the words that it may be"));
    }
    match value {
        Value::Object(_) => object(schema, value, at),
        Value::Array(items) => array(schema, items, at),
        Value::String(text) => string(schema, text, at),
        Value::Number(number) => range(schema, number.as_f64().unwrap_or(f64::NAN), at),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn object(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Err(format!("{at} has no {name}"));
        }
    }
    let closed = schema["additionalProperties"] == Value::Bool(false);
    for (name, field) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name) {
            Some(own) => check(own, field, &format!("{at}.{name}"))?,
            // A name of the model's own is not repeated: what is said here gets into a prompt.
            None if closed => return Err(format!("{at} has a field that nobody asked for")),
            None => {}
        }
    }
    Ok(())
}

fn array(schema: &Value, items: &[Value], at: &str) -> Result<(), String> {
    let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
    if let Some(least) = schema["minItems"].as_u64().filter(|least| count < *least) {
        return Err(format!("{at} has {count} items, fewer than {least}"));
    }
    if let Some(most) = schema["maxItems"].as_u64().filter(|most| count > *most) {
        return Err(format!("{at} has {count} items, more than {most}"));
    }
    if schema["items"].is_object() {
        for (place, item) in items.iter().enumerate() {
            check(&schema["items"], item, &format!("{at}[{place}]"))?;
        }
    }
    Ok(())
}

fn string(schema: &Value, text: &str, at: &str) -> Result<(), String> {
    let count = u64::from(lectern_core::content::length(text));
    if let Some(least) = schema["minLength"].as_u64().filter(|least| count < *least) {
        return Err(format!("{at} has {count} characters, fewer than {least}"));
    }
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| count > *most) {
        return Err(format!("{at} has {count} characters, more than {most}"));
    }
    Ok(())
}

fn range(schema: &Value, number: f64, at: &str) -> Result<(), String> {
    if let Some(least) = schema["minimum"].as_f64().filter(|least| number < *least) {
        return Err(format!("{at} is under {least}"));
    }
    if let Some(most) = schema["maximum"].as_f64().filter(|most| number > *most) {
        return Err(format!("{at} is over {most}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_keyword_of_ours_is_checked() {
        let schema = json!({
            "type": "object",
            "properties": {
                "text": {"type": "string", "minLength": 1, "maxLength": 3},
                "kind": {"type": "string", "enum": ["a", "b"]},
                "blocks": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "integer", "minimum": 0, "maximum": 9}},
                "own": {"type": "boolean"},
            },
            "required": ["text", "blocks"],
            "additionalProperties": false,
        });
        assert_eq!(fault(&schema, &json!({"text": "日本語", "blocks": [0, 9], "own": true, "kind": "b"})), None);
        for (value, found) in [
            (json!([]), "is no object"),
            (json!({"text": "abc"}), "has no blocks"),
            (json!({"text": "abcd", "blocks": [1]}), "4 characters, more than 3"),
            (json!({"text": "", "blocks": [1]}), "fewer than 1"),
            (json!({"text": 1, "blocks": [1]}), "answer.text is no string"),
            (json!({"text": "a", "blocks": []}), "0 items, fewer than 1"),
            (json!({"text": "a", "blocks": [1, 2, 3]}), "3 items, more than 2"),
            (json!({"text": "a", "blocks": [1, 10]}), "answer.blocks[1] is over 9"),
            (json!({"text": "a", "blocks": [-1]}), "is under 0"),
            (json!({"text": "a", "blocks": [1.5]}), "is no integer"),
            (json!({"text": "a", "blocks": [1], "own": "yes"}), "is no boolean"),
            (json!({"text": "a", "blocks": [1], "kind": "c"}), "none of the words"),
            (json!({"text": "a", "blocks": [1], "BANANA": 1}), "has a field that nobody asked for"),
            (json!({"text": "a", "blocks": ["BANANA"]}), "answer.blocks[0] is no integer"),
            (json!({"text": "a", "blocks": [1], "kind": "BANANA"}), "answer.kind is none of the words"),
        ] {
            let found_fault = fault(&schema, &value).unwrap_or_default();
            assert!(found_fault.contains(found), "{value}: {found_fault}");
            assert!(!found_fault.contains("BANANA"), "nothing of an answer is repeated: {found_fault}");
        }
    }
}
