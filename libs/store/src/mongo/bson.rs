//! Between JSON bodies, BSON documents and filters.

use mongodb::bson::{Bson, Document, doc};
use serde_json::{Map, Value};

use crate::error::StoreError;
use crate::port::{ID, Revision, Stored};
use crate::query::{Condition, Direction, Expr, Op, Query};

/// The field that holds a record's revision.
pub(super) const REVISION: &str = "_revision";

/// A checked body as a document. Integers are 64 bits wide, always.
pub(super) fn document(id: &str, revision: Revision, body: &Value) -> Document {
    let mut document = doc! { ID: id, REVISION: number(revision) };
    if let Value::Object(fields) = body {
        document.extend(fields.iter().map(|(key, value)| (key.clone(), bson(value))));
    }
    document
}

/// A revision as it is stored.
pub(super) fn number(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
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

#[allow(clippy::wildcard_enum_match_arm, reason = "the types that JSON lacks are all refused")]
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
        other => return Err(format!("it holds {other:?}, which no record does")),
    })
}

/// The filter and the order of a query.
pub(super) fn find(query: &Query) -> Result<(Document, Document), StoreError> {
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
    Ok((filter(&query.plan()?), sort))
}

/// The filter of a query's conditions.
pub(super) fn conditions(query: &Query) -> Result<Document, StoreError> {
    Ok(filter(&query.conditions()?))
}

fn filter(expr: &Expr) -> Document {
    match expr {
        Expr::All(items) => match items.as_slice() {
            [] => doc! {},
            [one] => filter(one),
            many => doc! { "$and": many.iter().map(filter).collect::<Vec<_>>() },
        },
        Expr::Any(items) => match items.as_slice() {
            [] => doc! { ID: { "$in": [] } },
            [one] => filter(one),
            many => doc! { "$or": many.iter().map(filter).collect::<Vec<_>>() },
        },
        Expr::Is(Condition { field, op, value }) => {
            let operator = match op {
                Op::Eq => "$eq",
                Op::Ne => "$ne",
                Op::Lt => "$lt",
                Op::Lte => "$lte",
                Op::Gt => "$gt",
                Op::Gte => "$gte",
                Op::In => "$in",
            };
            doc! { field: { operator: bson(value) } }
        }
    }
}
