//! Holds a request to the names of its message, at every depth.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use super::errors::Refusal;
use super::names::{Kind, Message, On};
use crate::models::fake::content_type;

/// On which host, and in which version, a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::models) struct Surface {
    pub enterprise: bool,
    /// `v1beta1`, of the Enterprise host and of speech.
    pub beta: bool,
}

impl Surface {
    const fn knows(self, on: On) -> bool {
        match on {
            On::Both => true,
            On::Developer => !self.enterprise,
            On::Enterprise => self.enterprise,
            On::EnterpriseBeta => self.enterprise && self.beta,
            On::Beta => self.beta,
        }
    }
}

/// The JSON of a request that says that it is some.
pub(in crate::models) fn json_of(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let of_type = content_type(headers);
    if of_type.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Refusal::invalid(format!("the content type is {of_type:?} and not application/json")));
    }
    serde_json::from_slice(body).map_err(|e| Refusal::invalid(format!("Invalid JSON payload received. {e}")))
}

/// Refuses the first name or value that is not one of the message's. `path` is where it stands, ""
/// for the whole request.
pub(in crate::models) fn message(
    value: &Value,
    message: &Message,
    path: &str,
    surface: Surface,
) -> Result<(), Refusal> {
    let Value::Object(fields) = value else {
        return Err(wrong(path, message.name, value));
    };
    for (name, value) in fields {
        let known = message.fields.iter().find(|(known, _, on)| known == name && surface.knows(*on));
        let Some((_, kind, _)) = known else {
            let place = if path.is_empty() { String::new() } else { format!(" at '{}'", snake(path)) };
            let text = format!("Invalid JSON payload received. Unknown name \"{name}\"{place}: Cannot find field.");
            return Err(Refusal::field(&snake(path), text));
        };
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        field(value, *kind, &path, surface)?;
    }
    Ok(())
}

fn field(value: &Value, kind: Kind, path: &str, surface: Surface) -> Result<(), Refusal> {
    let right = match kind {
        Kind::Text => value.is_string(),
        Kind::Bool => value.is_boolean(),
        Kind::Int => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        Kind::Long => value.as_str().is_some_and(|digits| digits.parse::<i64>().is_ok()),
        Kind::Number => value.is_number(),
        Kind::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Kind::Words(words) => list(value, |item| item.as_str().is_some_and(|word| words.contains(&word))),
        Kind::Texts => list(value, Value::is_string),
        Kind::Map => map(value).is_some_and(|fields| fields.values().all(Value::is_string)),
        Kind::Any => true,
        Kind::Anys => value.is_array(),
        Kind::One(of) => return message(value, of, path, surface),
        Kind::Many(of) => {
            let items = value.as_array().ok_or_else(|| wrong(path, of.name, value))?;
            let mut items = items.iter().enumerate();
            return items.try_for_each(|(at, item)| message(item, of, &format!("{path}[{at}]"), surface));
        }
        Kind::MapOf(of) => {
            let fields = map(value).ok_or_else(|| wrong(path, of.name, value))?;
            let mut fields = fields.iter();
            return fields.try_for_each(|(name, item)| message(item, of, &format!("{path}[{name}]"), surface));
        }
    };
    if right { Ok(()) } else { Err(wrong(path, "its type", value)) }
}

fn list(value: &Value, each: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(each))
}

fn map(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object()
}

fn wrong(path: &str, of: &str, value: &Value) -> Refusal {
    let path = snake(path);
    let message = format!("Invalid value at '{path}' ({of}), {value}");
    Refusal::field(&path, message)
}

/// Google's errors name fields in `snake_case`.
fn snake(path: &str) -> String {
    let mut out = String::new();
    for char in path.chars() {
        if char.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(char.to_ascii_lowercase());
    }
    out
}
