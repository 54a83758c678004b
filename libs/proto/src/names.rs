//! Resource names: `collection/{id}`, checked both ways.

use lectern_core::Failure;
use lectern_core::id::{DocumentId, NarrationId, StepId};

fn strip<'a>(name: &'a str, collection: &str, field: &str) -> Result<&'a str, Failure> {
    name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/')).ok_or_else(|| {
        Failure::invalid(
            field,
            format!("{field} is {name:?}; expected a resource name of the form \"{collection}/{{id}}\""),
        )
    })
}

/// Reads `documents/{id}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn document(name: &str, field: &str) -> Result<DocumentId, Failure> {
    strip(name, "documents", field)?.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))
}

/// Reads `narrations/{id}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn narration(name: &str, field: &str) -> Result<NarrationId, Failure> {
    strip(name, "narrations", field)?.parse().map_err(|e| Failure::invalid(field, format!("{field}: {e}")))
}

/// Reads `keys/{id}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn key<'a>(name: &'a str, field: &str) -> Result<&'a str, Failure> {
    strip(name, "keys", field)
}

/// Reads `deadLetters/{narration}.{run}.{kind}.{index}` from the request's field `field`.
///
/// # Errors
/// INVALID_ARGUMENT naming the field.
pub fn dead_letter(name: &str, field: &str) -> Result<StepId, Failure> {
    let id = strip(name, "deadLetters", field)?;
    id.replace('.', "/").parse().map_err(|_| {
        Failure::invalid(
            field,
            format!("{field} is {name:?}; expected deadLetters/{{narration}}.{{run}}.{{kind}}.{{index}}"),
        )
    })
}

/// `deadLetters/{narration}.{run}.{kind}.{index}`.
#[must_use]
pub fn of_dead_letter(step: &StepId) -> String {
    format!("deadLetters/{}", step.to_string().replace('/', "."))
}

/// `documents/{id}`.
#[must_use]
pub fn of_document(id: &DocumentId) -> String {
    format!("documents/{id}")
}

/// `narrations/{id}`.
#[must_use]
pub fn of_narration(id: &NarrationId) -> String {
    format!("narrations/{id}")
}

/// `keys/{id}`.
#[must_use]
pub fn of_key(id: &str) -> String {
    format!("keys/{id}")
}
