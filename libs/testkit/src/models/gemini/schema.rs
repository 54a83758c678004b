//! Holds a `responseJsonSchema` to what Gemini takes of JSON Schema, and makes one of the older
//! `responseSchema`.

use serde_json::{Map, Value, json};

use super::errors::Refusal;

/// The keywords that are taken.
const KEYWORDS: [&str; 21] = [
    "$id",
    "$defs",
    "$ref",
    "$anchor",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
];

const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];

/// The most characters of all words of an enum together.
const ENUM_CHARS: usize = 2_000;

/// The most items that arrays within arrays may come to, by their `maxItems`. The real bound is not
/// published; one of this size is known to be too complex.
const ITEMS: u64 = 50_000;

/// Checks a schema whole. `path` is where it stands.
pub(super) fn check(schema: &Value, path: &str) -> Result<(), Refusal> {
    let checker = Checker { root: schema };
    checker.node(schema, path, 1)?;
    checker.cycles(schema, path, &mut Vec::new())
}

struct Checker<'a> {
    root: &'a Value,
}

impl<'a> Checker<'a> {
    fn node(&self, node: &Value, path: &str, items: u64) -> Result<(), Refusal> {
        let fields = node.as_object().ok_or_else(|| Refusal::field(path, format!("{path}: a schema is an object")))?;
        for name in fields.keys() {
            if !KEYWORDS.contains(&name.as_str()) {
                let message = format!("Invalid JSON payload received. Unknown name \"{name}\" at '{path}'.");
                return Err(Refusal::field(path, message));
            }
        }
        if fields.contains_key("$ref") && fields.keys().any(|name| !name.starts_with('$')) {
            return Err(Refusal::field(
                path,
                format!("{path}: a node with $ref may have no other keys but those with $"),
            ));
        }
        self.leaf(fields, path)?;
        for name in ["properties", "$defs"] {
            for (key, child) in fields.get(name).and_then(Value::as_object).into_iter().flatten() {
                self.node(child, &format!("{path}.{name}.{key}"), items)?;
            }
        }
        for name in ["anyOf", "oneOf", "prefixItems"] {
            for (at, child) in fields.get(name).and_then(Value::as_array).into_iter().flatten().enumerate() {
                self.node(child, &format!("{path}.{name}[{at}]"), items)?;
            }
        }
        if let Some(child) = fields.get("additionalProperties").filter(|child| !child.is_boolean()) {
            self.node(child, &format!("{path}.additionalProperties"), items)?;
        }
        let most = fields.get("maxItems").and_then(Value::as_u64).unwrap_or(1);
        let items = items.saturating_mul(most.max(1));
        if items > ITEMS {
            let message = "The specified schema produces a constraint that has too many states for serving.";
            return Err(Refusal::invalid(message));
        }
        fields.get("items").map_or(Ok(()), |child| self.node(child, &format!("{path}.items"), items))
    }

    /// What a node says without its children.
    fn leaf(&self, fields: &Map<String, Value>, path: &str) -> Result<(), Refusal> {
        let wrong = |what: &str| Err(Refusal::field(path, format!("{path}: {what}")));
        let known = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
        match fields.get("type") {
            Some(Value::Array(types)) if !types.is_empty() && types.iter().all(known) => {}
            Some(of) if known(of) => {}
            None => {}
            Some(_) => return wrong("type is none of JSON Schema"),
        }
        if let Some(words) = fields.get("enum") {
            let Some(words) = words.as_array().filter(|words| !words.is_empty()) else {
                return wrong("enum is a list of at least one");
            };
            if !words.iter().all(|word| word.is_string() || word.is_number()) {
                return wrong("enum has strings and numbers alone");
            }
            let chars: usize = words.iter().filter_map(Value::as_str).map(|word| word.chars().count()).sum();
            if chars > ENUM_CHARS {
                return wrong("enum has too many characters");
            }
        }
        for name in ["minItems", "maxItems"] {
            if fields.get(name).is_some_and(|bound| bound.as_u64().is_none()) {
                return wrong("minItems and maxItems are whole numbers");
            }
        }
        if let Some(reference) = fields.get("$ref")
            && reference.as_str().and_then(|name| self.resolved(name)).is_none()
        {
            return wrong("$ref leads nowhere");
        }
        let properties = fields.get("properties").and_then(Value::as_object);
        let there =
            |name: &Value| name.as_str().is_some_and(|name| properties.is_some_and(|known| known.contains_key(name)));
        for list in ["required", "propertyOrdering"] {
            if let Some(names) = fields.get(list)
                && !names.as_array().is_some_and(|names| names.iter().all(there))
            {
                return wrong(&format!("{list} names what is no property"));
            }
        }
        Ok(())
    }

    fn resolved(&self, name: &str) -> Option<&'a Value> {
        match name.strip_prefix('#')? {
            "" => Some(self.root),
            path => self.root.pointer(path),
        }
    }

    /// Refuses a schema that leads back to itself otherwise than through a property that may be
    /// left out.
    fn cycles(&self, node: &'a Value, path: &str, within: &mut Vec<&'a str>) -> Result<(), Refusal> {
        if let Some(name) = node.get("$ref").and_then(Value::as_str) {
            if within.contains(&name) {
                return Err(Refusal::field(path, format!("{path}: a cycle of what is required")));
            }
            if let Some(target) = self.resolved(name) {
                within.push(name);
                self.cycles(target, path, within)?;
                within.pop();
            }
            return Ok(());
        }
        let required: Vec<&str> =
            node.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, child) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
            // What may be left out ends every cycle, so it is looked at only where it is needed.
            if required.contains(&name.as_str()) {
                self.cycles(child, &format!("{path}.{name}"), within)?;
            }
        }
        if let Some(child) = node.get("items") {
            self.cycles(child, &format!("{path}.items"), within)?;
        }
        for name in ["anyOf", "oneOf", "prefixItems"] {
            for child in node.get(name).and_then(Value::as_array).into_iter().flatten() {
                self.cycles(child, path, within)?;
            }
        }
        Ok(())
    }
}

/// The JSON Schema that an older `responseSchema` means.
pub(super) fn from_open_api(schema: &Value) -> Value {
    let Some(fields) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (name, value) in fields {
        let nested = |value: &Value| match value {
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(name, child)| (name.clone(), from_open_api(child))).collect())
            }
            Value::Array(items) => items.iter().map(from_open_api).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        };
        let (name, value) = match name.as_str() {
            "type" => ("type", Value::from(value.as_str().unwrap_or_default().to_ascii_lowercase())),
            "ref" => ("$ref", value.clone()),
            "defs" => ("$defs", nested(value)),
            "properties" | "anyOf" => (name.as_str(), nested(value)),
            "items" => ("items", from_open_api(value)),
            "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties" => {
                let number = value.as_str().and_then(|digits| digits.parse::<i64>().ok());
                (name.as_str(), json!(number))
            }
            other => (other, value.clone()),
        };
        out.insert(name.to_owned(), value);
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_beyond_the_subset_are_refused_at_every_depth() {
        let deep = |inner: Value| {
            json!({
                "type": "object",
                "properties": {"list": {"type": "array", "maxItems": 4, "items": inner}},
                "required": ["list"],
            })
        };
        let fine = [
            json!({"type": "string"}),
            json!({"type": ["string", "null"]}),
            json!({"enum": ["a", 1]}),
            json!({"$ref": "#/$defs/a"}),
        ];
        for inner in fine {
            let mut schema = deep(inner);
            schema["$defs"] = json!({"a": {"type": "object", "properties": {"next": {"$ref": "#/$defs/a"}}}});
            assert_eq!(check(&schema, "s"), Ok(()), "{schema}");
        }
        let refused = [
            json!({"type": "string", "minLength": 3}),
            json!({"type": "string", "maxLength": 3}),
            json!({"type": "string", "pattern": "a"}),
            json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
            json!({"const": 3}),
            json!({"type": "STRING"}),
            json!({"enum": []}),
            json!({"enum": [true]}),
            json!({"enum": ["x".repeat(2_001)]}),
            json!({"$ref": "#/$defs/none"}),
            json!({"$ref": "#", "type": "object"}),
            json!({"$ref": "#"}),
            json!({"type": "object", "properties": {}, "required": ["a"]}),
            json!({"type": "array", "maxItems": 20_000, "items": {"type": "string"}}),
            json!("string"),
        ];
        for inner in refused {
            let schema = deep(inner);
            assert!(check(&schema, "s").is_err(), "{schema}");
        }
    }

    #[test]
    fn the_older_schema_is_read_as_the_newer_one() {
        let older = json!({
            "type": "OBJECT",
            "properties": {"type": {"type": "ARRAY", "maxItems": "3", "items": {"type": "STRING"}}},
        });
        let newer = json!({
            "type": "object",
            "properties": {"type": {"type": "array", "maxItems": 3, "items": {"type": "string"}}},
        });
        assert_eq!(from_open_api(&older), newer);
    }
}
