//! A record as a store keeps it, and what may be in one, so that what works in a test works in
//! production.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::StoreError;

/// The longest record, as JSON, in bytes. What grows with a document is an object, not a record.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;

/// The field under which filters and orders name a record's id.
pub const ID: &str = "_id";

/// How often a record was written; starts at 1. Public etags are made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of a new record.
    pub const FIRST: Self = Self(1);

    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its key.
    pub id: String,
    /// How often it was written.
    pub revision: Revision,
    /// Its content: a JSON object.
    pub body: Value,
}

/// Checks what every adapter must be able to store; gives the body as JSON.
pub(crate) fn check_body(collection: &str, id: &str, body: &Value) -> Result<String, StoreError> {
    if id.is_empty() || id.len() > 512 || id.contains('\0') {
        return Err(StoreError::invalid(format!("the id {id:?}"), "it must have 1 to 512 bytes and no NUL"));
    }
    let Value::Object(fields) = body else {
        return Err(StoreError::invalid(format!("{collection}/{id}"), "the body is not a JSON object"));
    };
    if fields.contains_key(ID) || fields.contains_key("_revision") {
        return Err(StoreError::invalid(format!("{collection}/{id}"), "_id and _revision are the store's own fields"));
    }
    check_value(body).map_err(|why| StoreError::invalid(format!("{collection}/{id}"), why))?;
    let text = body.to_string();
    if text.len() > MAX_RECORD_BYTES {
        return Err(StoreError::TooLarge {
            collection: collection.to_owned(),
            id: id.to_owned(),
            bytes: text.len(),
            limit: MAX_RECORD_BYTES,
        });
    }
    Ok(text)
}

fn check_value(value: &Value) -> Result<(), String> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            Err(format!("the number {number} is over 64 bits with sign; store it as text"))
        }
        Value::Number(_) => Ok(()),
        Value::Array(items) => items.iter().try_for_each(check_value),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            if key.is_empty() || key.starts_with('$') || key.contains('\0') {
                return Err(format!("the key {key:?} is empty, starts with '$' or holds a NUL"));
            }
            check_value(value)
        }),
    }
}

/// Checks a dotted path: names of letters, digits, `_` and `-`.
pub(crate) fn check_field(field: &str) -> Result<(), StoreError> {
    let fine =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if field.len() <= 200 && field.split('.').all(fine) {
        Ok(())
    } else {
        Err(StoreError::invalid(format!("the field {field:?}"), "a path is names of a-z, A-Z, 0-9, _ and - with dots"))
    }
}

/// The value at a dotted path; `None` when it is missing or null.
pub(crate) fn value_at<'a>(body: &'a Value, field: &str) -> Option<&'a Value> {
    field.split('.').try_fold(body, |value, part| value.as_object()?.get(part)).filter(|value| !value.is_null())
}
