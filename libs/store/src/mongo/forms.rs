//! Between JSON bodies, BSON documents and filters. What a collection declares as dates and bytes
//! is stored as such, and read in either form, whoever wrote it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use serde_json::{Map, Value};

use crate::error::StoreError;
use crate::port::CollectionSpec;
use crate::query::{Condition, Direction, Expr, Op, Query};
use crate::record::{ID, Revision, Stored};

/// The field that holds a record's revision.
pub(super) const REVISION: &str = "_revision";

/// The least date, for "any date": no record is of a time before 1970.
const LEAST_DATE: Bson = Bson::DateTime(DateTime::from_millis(0));

/// What a declared path holds that JSON has no type for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Date,
    Binary,
}

/// Declared paths that lead on from a value: what is left of each, and its form.
type Paths = Vec<(&'static str, Form)>;

fn declared(spec: Option<&CollectionSpec>) -> Paths {
    let Some(spec) = spec else { return Vec::new() };
    let dates = spec.dates.iter().map(|path| (*path, Form::Date));
    dates.chain(spec.binaries.iter().map(|path| (*path, Form::Binary))).collect()
}

/// The paths that lead on from a field.
fn below(paths: &[(&'static str, Form)], key: &str) -> Paths {
    let rest_of = |path: &'static str| -> Option<&'static str> {
        let rest = path.strip_prefix(key)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('.') }
    };
    paths.iter().filter_map(|(path, form)| Some((rest_of(path)?, *form))).collect()
}

/// A checked body as a document, in the declared form. Integers are 64 bits wide, always.
pub(super) fn document(spec: Option<&CollectionSpec>, id: &str, revision: Revision, body: &Value) -> Document {
    let mut document = doc! { ID: id, REVISION: number(revision) };
    let paths = declared(spec);
    if let Value::Object(fields) = body {
        document.extend(fields.iter().map(|(key, value)| (key.clone(), formed(value, &below(&paths, key)))));
    }
    document
}

/// A value in the form that the paths ask for. An array stands for each of its items.
fn formed(value: &Value, paths: &[(&'static str, Form)]) -> Bson {
    if paths.is_empty() {
        return bson(value);
    }
    match value {
        Value::Array(items) => Bson::Array(items.iter().map(|item| formed(item, paths)).collect()),
        Value::Object(fields) => {
            Bson::Document(fields.iter().map(|(key, value)| (key.clone(), formed(value, &below(paths, key)))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            match paths.iter().find(|(rest, _)| rest.is_empty()) {
                Some((_, form)) => leaf(value, *form),
                None => bson(value),
            }
        }
    }
}

/// A date or bytes; anything else stays as it is, so that nothing is lost.
fn leaf(value: &Value, form: Form) -> Bson {
    match form {
        Form::Date => value.as_i64().map(|millis| Bson::DateTime(DateTime::from_millis(millis))),
        Form::Binary => value
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .map(|bytes| Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes })),
    }
    .unwrap_or_else(|| bson(value))
}

/// The conditions that hold for every record which a query can find and which make a partial index
/// serve it: the planner takes one only if the filter implies the index's own.
fn implied(query: &Query, spec: &CollectionSpec) -> Vec<Document> {
    let mut fields: Vec<&'static str> = spec.indexes.iter().filter_map(|index| index.where_set).collect();
    fields.sort_unstable();
    fields.dedup();
    let asks = |field: &str| {
        let date = spec.dates.contains(&field);
        let of_type = |value: &Value| if date { value.is_i64() || value.is_u64() } else { value.is_string() };
        query.filter.iter().filter(|condition| condition.field == field).any(|condition| match condition.op {
            Op::Eq | Op::Lt | Op::Lte | Op::Gt | Op::Gte => of_type(&condition.value),
            Op::Ne => condition.value.is_null(),
            Op::In => condition.value.as_array().is_some_and(|items| items.iter().all(of_type)),
        })
    };
    fields.into_iter().filter(|field| asks(field)).map(|field| set(spec, field)).collect()
}

/// The filter of a partial index, and the condition that a field, a date or a text, is set.
pub(super) fn set(spec: &CollectionSpec, field: &str) -> Document {
    let least = if spec.dates.contains(&field) { LEAST_DATE } else { Bson::String(String::new()) };
    doc! { field: { "$gte": least } }
}

/// The condition that something declared is not in its form.
pub(super) fn out_of_form(spec: &CollectionSpec) -> Document {
    let of_type = |path: &str, kind: &str| doc! { path: { "$type": kind } };
    let dates = spec.dates.iter().map(|path| of_type(path, "number"));
    let binaries = spec.binaries.iter().map(|path| of_type(path, "string"));
    doc! { "$or": dates.chain(binaries).collect::<Vec<_>>() }
}

/// A revision as it is stored.
pub(super) fn number(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

/// A count in an answer of the server's, which gives small numbers in 32 bits.
pub(super) fn count(document: &Document, field: &str) -> Option<u64> {
    let number = document.get_i64(field).or_else(|_| document.get_i32(field).map(i64::from)).ok()?;
    u64::try_from(number).ok()
}

fn bson(value: &Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(b) => Bson::Boolean(*b),
        Value::Number(n) => match n.as_i64() {
            Some(integer) => Bson::Int64(integer),
            None => n.as_f64().map_or(Bson::Null, Bson::Double),
        },
        Value::String(text) => Bson::String(text.clone()),
        Value::Array(items) => Bson::Array(items.iter().map(bson).collect()),
        Value::Object(fields) => Bson::Document(fields.iter().map(|(k, v)| (k.clone(), bson(v))).collect()),
    }
}

/// A document as it was stored.
pub(super) fn stored(collection: &str, mut document: Document) -> Result<Stored, StoreError> {
    let Some(Bson::String(id)) = document.remove(ID) else {
        return Err(StoreError::corrupt(collection, "?", "its _id is not text"));
    };
    let revision = match document.remove(REVISION) {
        Some(Bson::Int64(revision)) => u64::try_from(revision).ok(),
        Some(Bson::Int32(revision)) => u64::try_from(revision).ok(),
        _ => None,
    };
    let Some(revision) = revision.map(Revision) else {
        return Err(StoreError::corrupt(collection, &id, "its _revision is not a number"));
    };
    let body = object(document).map_err(|why| StoreError::corrupt(collection, &id, why))?;
    Ok(Stored { id, revision, body })
}

fn object(document: Document) -> Result<Value, String> {
    let fields: Result<Map<String, Value>, String> =
        document.into_iter().map(|(key, value)| Ok((key, json(value)?))).collect();
    fields.map(Value::Object)
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the other types that JSON lacks are all refused")]
fn json(value: Bson) -> Result<Value, String> {
    Ok(match value {
        Bson::Null => Value::Null,
        Bson::Boolean(b) => b.into(),
        Bson::Int32(n) => n.into(),
        Bson::Int64(n) => n.into(),
        Bson::Double(n) if n.is_finite() => n.into(),
        Bson::String(text) => text.into(),
        Bson::Array(items) => Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?),
        Bson::Document(document) => object(document)?,
        // In the form that was declared, by whichever release.
        Bson::DateTime(date) => date.timestamp_millis().into(),
        Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes }) => STANDARD.encode(bytes).into(),
        other => return Err(format!("it holds {other:?}, which no record does")),
    })
}

/// The filter and the order of a query.
pub(super) fn find(spec: Option<&CollectionSpec>, query: &Query) -> Result<(Document, Document), StoreError> {
    let sort = query
        .full_order()
        .into_iter()
        .map(|(field, direction)| {
            let direction = match direction {
                Direction::Asc => 1,
                Direction::Desc => -1,
            };
            (field.to_owned(), Bson::Int32(direction))
        })
        .collect();
    Ok((served(spec, query, filter(spec, &query.plan()?)), sort))
}

/// The filter of a query's conditions.
pub(super) fn conditions(spec: Option<&CollectionSpec>, query: &Query) -> Result<Document, StoreError> {
    Ok(served(spec, query, filter(spec, &query.conditions()?)))
}

/// A filter with what makes partial indexes serve it.
fn served(spec: Option<&CollectionSpec>, query: &Query, filter: Document) -> Document {
    let mut all = spec.map(|spec| implied(query, spec)).unwrap_or_default();
    if all.is_empty() {
        return filter;
    }
    all.push(filter);
    doc! { "$and": all }
}

fn filter(spec: Option<&CollectionSpec>, expr: &Expr) -> Document {
    match expr {
        Expr::All(items) => match items.as_slice() {
            [] => doc! {},
            [one] => filter(spec, one),
            many => doc! { "$and": many.iter().map(|item| filter(spec, item)).collect::<Vec<_>>() },
        },
        Expr::Any(items) => match items.as_slice() {
            [] => doc! { ID: { "$in": [] } },
            [one] => filter(spec, one),
            many => doc! { "$or": many.iter().map(|item| filter(spec, item)).collect::<Vec<_>>() },
        },
        Expr::Is(condition) => match spec {
            Some(spec) => comparison(condition, operand(spec, condition)),
            None => undeclared(condition),
        },
    }
}

/// What a field is compared with, in its declared form.
fn operand(spec: &CollectionSpec, condition: &Condition) -> Bson {
    let own = declared(Some(spec)).into_iter().filter(|(path, _)| *path == condition.field);
    formed(&condition.value, &own.map(|(_, form)| ("", form)).collect::<Paths>())
}

fn comparison(Condition { field, op, .. }: &Condition, operand: Bson) -> Document {
    let operator = match op {
        Op::Eq => "$eq",
        Op::Ne => "$ne",
        Op::Lt => "$lt",
        Op::Lte => "$lte",
        Op::Gt => "$gt",
        Op::Gte => "$gte",
        Op::In => "$in",
    };
    doc! { field: { operator: operand } }
}

/// A condition on a collection of which nobody has said what is a date: a number is compared as a
/// number and as a date. For those who look into the database of another process.
fn undeclared(condition: &Condition) -> Document {
    let plain = formed(&condition.value, &[]);
    let dated = formed(&condition.value, &[("", Form::Date)]);
    if plain == dated {
        return comparison(condition, plain);
    }
    match condition.op {
        Op::Ne => doc! { "$and": [comparison(condition, plain), comparison(condition, dated)] },
        Op::Eq | Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::In => {
            doc! { "$or": [comparison(condition, plain), comparison(condition, dated)] }
        }
    }
}

#[cfg(test)]
mod tests;
