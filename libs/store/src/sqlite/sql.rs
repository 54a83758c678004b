//! Names, paths and conditions as SQL. Every name is checked before it becomes text; every value is
//! a parameter.

use rusqlite::types::{ToSqlOutput, Value as SqlValue};
use rusqlite::{Connection, ToSql};
use serde_json::Value;

use crate::error::StoreError;
use crate::port::{CollectionSpec, Index};
use crate::query::{Condition, Direction, Expr, Op, Query};
use crate::record::{ID, check_field};

/// A statement and its parameters.
#[derive(Debug)]
pub(super) struct Select {
    pub sql: String,
    pub values: Vec<Param>,
}

/// A parameter.
#[derive(Debug, Clone)]
pub(super) struct Param(SqlValue);

impl ToSql for Param {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl From<&Value> for Param {
    /// As `json_extract` gives it: truth values are 0 and 1.
    fn from(value: &Value) -> Self {
        Self(match value {
            Value::Bool(b) => SqlValue::Integer(i64::from(*b)),
            Value::Number(n) => match n.as_i64() {
                Some(integer) => SqlValue::Integer(integer),
                None => n.as_f64().map_or(SqlValue::Null, SqlValue::Real),
            },
            Value::String(text) => SqlValue::Text(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => SqlValue::Null,
        })
    }
}

/// A collection's table, quoted.
pub(super) fn table(collection: &str) -> Result<String, StoreError> {
    let fine = !collection.is_empty()
        && collection.len() <= 60
        && collection.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !collection.starts_with("sqlite_");
    if fine {
        Ok(format!("\"{collection}\""))
    } else {
        Err(StoreError::invalid(format!("the name {collection:?}"), "it must be 1 to 60 of a-z, 0-9 and _"))
    }
}

/// The expression for a field; the same text as in the index, so that the index serves.
pub(super) fn column(field: &str) -> Result<String, StoreError> {
    check_field(field)?;
    Ok(if field == ID { "id".to_owned() } else { format!("json_extract(body, '{}')", path(field)) })
}

/// The path of a checked field.
pub(super) fn path(field: &str) -> String {
    let quoted: Vec<String> = field.split('.').map(|part| format!("\"{part}\"")).collect();
    format!("$.{}", quoted.join("."))
}

/// Makes the table and its indexes. An index whose definition changed is made again: nobody else
/// uses the file.
pub(super) fn ensure(connection: &Connection, spec: &CollectionSpec) -> Result<(), StoreError> {
    let what = || format!("set up {}", spec.name);
    let table = table(spec.name)?;
    connection
        .execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {table} \
             (id TEXT PRIMARY KEY NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT"
        ))
        .map_err(|error| StoreError::unavailable(what(), error))?;
    for index in spec.indexes {
        let name = index_name(spec, index)?;
        let wanted = index_sql(spec, index)?;
        let there: Option<String> = connection
            .query_row("SELECT max(sql) FROM sqlite_master WHERE type = 'index' AND name = ?1", [&name], |row| {
                row.get(0)
            })
            .map_err(|error| StoreError::unavailable(what(), error))?;
        if there.as_deref() == Some(wanted.as_str()) {
            continue;
        }
        connection.execute_batch(&format!("DROP INDEX IF EXISTS \"{name}\"; {wanted}")).map_err(|error| {
            StoreError::Setup(format!(
                "the index {} of {} cannot be made: {error}; remove the records that share its values",
                index.name, spec.name
            ))
        })?;
    }
    Ok(())
}

fn index_name(spec: &CollectionSpec, index: &Index) -> Result<String, StoreError> {
    table(index.name)?;
    Ok(format!("{}.{}", spec.name, index.name))
}

fn index_sql(spec: &CollectionSpec, index: &Index) -> Result<String, StoreError> {
    let mut columns = index.fields.iter().map(|field| column(field)).collect::<Result<Vec<_>, _>>()?;
    let unique = if index.unique { "UNIQUE " } else { "" };
    if !index.unique {
        columns.push("id".to_owned());
    }
    // SQLite holds two rows apart in a unique index when a column is NULL in either, which is our
    // rule for nothing.
    let set = match index.where_set {
        Some(field) => format!(" WHERE {} IS NOT NULL", column(field)?),
        None => String::new(),
    };
    Ok(format!(
        "CREATE {unique}INDEX \"{}\" ON {} ({}){set}",
        index_name(spec, index)?,
        table(spec.name)?,
        columns.join(", ")
    ))
}

/// The statement that finds what `query` asks for: id, revision, body.
pub(super) fn select(collection: &str, query: &Query) -> Result<Select, StoreError> {
    let expr = query.plan()?;
    let mut values = Vec::new();
    let condition = condition(&expr, &mut values)?;
    let order = query
        .full_order()
        .into_iter()
        .map(|(field, direction)| {
            let direction = match direction {
                Direction::Asc => "ASC",
                Direction::Desc => "DESC",
            };
            Ok(format!("{} {direction}", column(field)?))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let sql = format!(
        "SELECT id, revision, body FROM {} WHERE {condition} ORDER BY {} LIMIT {}",
        table(collection)?,
        order.join(", "),
        query.limit
    );
    Ok(Select { sql, values })
}

/// The statement that counts what meets the conditions of `query`, up to `most`.
pub(super) fn count(collection: &str, query: &Query, most: u64) -> Result<Select, StoreError> {
    let mut values = Vec::new();
    let condition = condition(&query.conditions()?, &mut values)?;
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {condition} LIMIT {})",
        table(collection)?,
        most.min(i64::MAX as u64)
    );
    Ok(Select { sql, values })
}

fn condition(expr: &Expr, values: &mut Vec<Param>) -> Result<String, StoreError> {
    let mut join = |items: &[Expr], with: &str, none: &str| -> Result<String, StoreError> {
        if items.is_empty() {
            return Ok(none.to_owned());
        }
        let parts = items.iter().map(|item| condition(item, values)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("({})", parts.join(with)))
    };
    match expr {
        Expr::All(items) => join(items, " AND ", "1"),
        Expr::Any(items) => join(items, " OR ", "0"),
        Expr::Is(condition) => comparison(condition, values),
    }
}

fn comparison(condition: &Condition, values: &mut Vec<Param>) -> Result<String, StoreError> {
    let column = column(&condition.field)?;
    let operator = match condition.op {
        Op::Eq if condition.value.is_null() => return Ok(format!("{column} IS NULL")),
        Op::Ne if condition.value.is_null() => return Ok(format!("{column} IS NOT NULL")),
        Op::In => {
            let items = condition.value.as_array().map(Vec::as_slice).unwrap_or_default();
            values.extend(items.iter().map(Param::from));
            return Ok(format!("{column} IN ({})", vec!["?"; items.len()].join(", ")));
        }
        Op::Eq => "=",
        // Unlike <>, it holds for nothing as well.
        Op::Ne => "IS NOT",
        Op::Lt => "<",
        Op::Lte => "<=",
        Op::Gt => ">",
        Op::Gte => ">=",
    };
    values.push(Param::from(&condition.value));
    Ok(format!("{column} {operator} ?"))
}
