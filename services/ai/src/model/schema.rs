//! What of a JSON Schema goes over a wire: the keywords that every provider takes. An answer is
//! held to the whole schema by ourselves, so that nothing is lost by leaving a keyword out.

use serde_json::{Map, Value};

/// Keywords of our schemas that providers refuse or ignore: lengths of texts.
const OURS_ALONE: [&str; 2] = ["minLength", "maxLength"];

/// The schema without what a provider may refuse.
pub(super) fn for_wire(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => Value::Object(object(fields)),
        Value::Array(items) => Value::Array(items.iter().map(for_wire).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

fn object(fields: &Map<String, Value>) -> Map<String, Value> {
    let kept = fields.iter().filter(|(name, value)| !(OURS_ALONE.contains(&name.as_str()) && value.is_number()));
    kept.map(|(name, value)| (name.clone(), for_wire(value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lengths_of_texts_stay_here_and_everything_else_goes() {
        let schema = json!({
            "type": "object",
            "properties": {"text": {"type": "string", "maxLength": 9}, "maxLength": {"type": "string", "minLength": 1}},
            "required": ["text", "maxLength"],
            "additionalProperties": false,
        });
        let expected = json!({
            "type": "object",
            "properties": {"text": {"type": "string"}, "maxLength": {"type": "string"}},
            "required": ["text", "maxLength"],
            "additionalProperties": false,
        });
        assert_eq!(for_wire(&schema), expected);
    }
}
