//! What to find: conditions, an order that always ends with the id, and a cursor that continues
//! after the last row.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::StoreError;
use crate::record::{ID, Stored, check_field, value_at};

/// Most records that one call finds.
pub const MAX_LIMIT: u32 = 1_000;

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// The same value; with null, nothing there.
    Eq,
    /// Another value or nothing; with null, something there.
    Ne,
    /// Before. Nothing is before no value.
    Lt,
    /// Before or the same.
    Lte,
    /// After.
    Gt,
    /// After or the same.
    Gte,
    /// One of the values of an array.
    In,
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// A dotted path, or [`ID`].
    pub field: String,
    /// How it is compared.
    pub op: Op,
    /// With what: text, a number, a truth value or null; for [`Op::In`] an array of such, null
    /// excepted. A field has the same type in all records of a collection.
    pub value: Value,
}

/// A direction to order in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// Where a page ended: the values of the order's fields in its last record, the id last. Callers
/// seal it as a page token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub Vec<Value>);

/// What to find. Without conditions it finds all; without an order it is by id.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Conditions, all of which must hold.
    pub filter: Vec<Condition>,
    /// Fields to order by before the id.
    pub order: Vec<(String, Direction)>,
    /// Most records to give, 1 to [`MAX_LIMIT`].
    pub limit: u32,
    /// Continue after this place.
    pub after: Option<Cursor>,
}

impl Default for Query {
    fn default() -> Self {
        Self { filter: Vec::new(), order: Vec::new(), limit: 100, after: None }
    }
}

impl Query {
    /// Everything, by id, 100 at a time.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition.
    #[must_use]
    pub fn filter(mut self, field: impl Into<String>, op: Op, value: impl Into<Value>) -> Self {
        self.filter.push(Condition { field: field.into(), op, value: value.into() });
        self
    }

    /// Adds a condition of equality.
    #[must_use]
    pub fn eq(self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.filter(field, Op::Eq, value)
    }

    /// Orders by a further field.
    #[must_use]
    pub fn order(mut self, field: impl Into<String>, direction: Direction) -> Self {
        self.order.push((field.into(), direction));
        self
    }

    /// Gives at most so many.
    #[must_use]
    pub const fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Continues where a page ended.
    #[must_use]
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    /// The order with the id at its end, in the direction of the field before it, so that an index
    /// read backwards serves.
    pub(crate) fn full_order(&self) -> Vec<(&str, Direction)> {
        let mut order: Vec<(&str, Direction)> = self.order.iter().map(|(f, d)| (f.as_str(), *d)).collect();
        if order.iter().all(|(field, _)| *field != ID) {
            let direction = order.last().map_or(Direction::Asc, |(_, d)| *d);
            order.push((ID, direction));
        }
        order
    }

    /// The cursor that continues after `row`.
    #[must_use]
    pub fn cursor_after(&self, row: &Stored) -> Cursor {
        let value = |field: &str| {
            if field == ID {
                Value::from(row.id.as_str())
            } else {
                value_at(&row.body, field).cloned().unwrap_or(Value::Null)
            }
        };
        Cursor(self.full_order().into_iter().map(|(field, _)| value(field)).collect())
    }

    /// Checks its conditions and brings them into one expression.
    pub(crate) fn conditions(&self) -> Result<Expr, StoreError> {
        self.checked().map(Expr::All)
    }

    fn checked(&self) -> Result<Vec<Expr>, StoreError> {
        let check = |condition: &Condition| {
            check_field(&condition.field)?;
            check_operand(condition)?;
            Ok(Expr::Is(condition.clone()))
        };
        self.filter.iter().map(check).collect()
    }

    /// Checks it and brings conditions and cursor into one expression.
    pub(crate) fn plan(&self) -> Result<Expr, StoreError> {
        if self.limit == 0 || self.limit > MAX_LIMIT {
            return Err(StoreError::invalid(format!("the limit {}", self.limit), format!("give 1 to {MAX_LIMIT}")));
        }
        let mut all = self.checked()?;
        let order = self.full_order();
        for (field, _) in &order {
            check_field(field)?;
        }
        if let Some(cursor) = &self.after {
            if cursor.0.len() != order.len() || !cursor.0.iter().all(|v| v.is_null() || scalar(v)) {
                return Err(StoreError::invalid("the cursor", "it was not made by this query"));
            }
            all.push(beyond(&order, &cursor.0));
        }
        Ok(Expr::All(all))
    }
}

/// A condition with its cursor resolved; each adapter translates it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Is(Condition),
}

fn scalar(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::String(_) => true,
        Value::Number(n) => n.is_i64() || n.is_f64(),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn check_operand(condition: &Condition) -> Result<(), StoreError> {
    let value = &condition.value;
    let fine = match condition.op {
        Op::Eq | Op::Ne => value.is_null() || scalar(value),
        Op::Lt | Op::Lte | Op::Gt | Op::Gte => scalar(value),
        Op::In => value.as_array().is_some_and(|items| items.len() <= 1_000 && items.iter().all(scalar)),
    };
    if fine {
        Ok(())
    } else {
        Err(StoreError::invalid(format!("{} {:?} {value}", condition.field, condition.op), "it cannot be compared so"))
    }
}

/// Rows after the cursor: those after it in the first field, or equal there and after it in the
/// second, and so on.
fn beyond(order: &[(&str, Direction)], values: &[Value]) -> Expr {
    let is = |field: &str, op, value: &Value| Expr::Is(Condition { field: field.to_owned(), op, value: value.clone() });
    let mut any = Vec::with_capacity(order.len());
    for (i, ((field, direction), value)) in order.iter().zip(values).enumerate() {
        let past = match (direction, value.is_null()) {
            (Direction::Asc, true) => is(field, Op::Ne, value),
            (Direction::Asc, false) => is(field, Op::Gt, value),
            (Direction::Desc, true) => continue,
            (Direction::Desc, false) if *field == ID => is(field, Op::Lt, value),
            (Direction::Desc, false) => Expr::Any(vec![is(field, Op::Lt, value), is(field, Op::Eq, &Value::Null)]),
        };
        let mut all: Vec<Expr> = order.iter().zip(values).take(i).map(|((f, _), v)| is(f, Op::Eq, v)).collect();
        all.push(past);
        any.push(Expr::All(all));
    }
    Expr::Any(any)
}

/// Compares two values as every adapter must: nothing, numbers, texts, truth values; anything else
/// is equal.
pub(crate) fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    fn rank(value: Option<&Value>) -> u8 {
        match value {
            None | Some(Value::Null) => 0,
            Some(Value::Bool(_)) => 3,
            Some(Value::Number(_)) => 1,
            Some(Value::String(_)) => 2,
            Some(Value::Array(_) | Value::Object(_)) => 4,
        }
    }
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::String(a)), Some(Value::String(b))) => a.as_bytes().cmp(b.as_bytes()),
        (Some(Value::Number(a)), Some(Value::Number(b))) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            (_, _) => a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0)),
        },
        (_, _) => Ordering::Equal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Revision;
    use serde_json::json;

    #[test]
    fn the_order_always_ends_with_the_id() {
        assert_eq!(Query::new().full_order(), [(ID, Direction::Asc)]);
        let query = Query::new().order("created", Direction::Desc);
        assert_eq!(query.full_order(), [("created", Direction::Desc), (ID, Direction::Desc)]);
        let row = Stored { id: "b".to_owned(), revision: Revision::FIRST, body: json!({"created": 5}) };
        assert_eq!(query.cursor_after(&row), Cursor(vec![json!(5), json!("b")]));
    }

    #[test]
    fn what_cannot_be_compared_alike_everywhere_is_refused() {
        let refused = [
            Query::new().eq("a b", 1),
            Query::new().eq("a..b", 1),
            Query::new().eq("a')--", 1),
            Query::new().filter("a", Op::Lt, Value::Null),
            Query::new().filter("a", Op::In, 1),
            Query::new().eq("a", json!([1])),
            Query::new().eq("a", u64::MAX),
            Query::new().limit(0),
            Query::new().limit(MAX_LIMIT + 1),
            Query::new().order("x;y", Direction::Asc),
            Query::new().after(Cursor(vec![])),
            Query::new().after(Cursor(vec![json!({"$gt": ""})])),
        ];
        for query in refused {
            assert!(matches!(query.plan(), Err(StoreError::Invalid { .. })), "{query:?}");
        }
    }
}
