//! The statements that write one record, and what their outcomes mean.

use rusqlite::{Connection, ErrorCode, params};

use super::sql;
use crate::error::StoreError;
use crate::record::Revision;

/// The statements that write a record of one collection, and its table.
pub(super) struct Statements {
    table: String,
    insert: String,
    replace: String,
}

impl Statements {
    pub(super) fn of(collection: &str) -> Result<Self, StoreError> {
        let table = sql::table(collection)?;
        Ok(Self {
            insert: format!("INSERT INTO {table} (id, revision, body) VALUES (?1, 1, ?2)"),
            replace: format!("UPDATE {table} SET revision = ?1, body = ?2 WHERE id = ?3 AND revision = ?4"),
            table,
        })
    }

    /// Writes a new record.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        collection: &str,
        id: &str,
        text: &str,
    ) -> Result<Revision, StoreError> {
        connection
            .prepare_cached(&self.insert)
            .and_then(|mut statement| statement.execute(params![id, text]))
            .map_err(|error| refused("insert", collection, id, &error))?;
        Ok(Revision::FIRST)
    }

    /// Writes over a record that is at revision `expected`.
    pub(super) fn replace(
        &self,
        connection: &Connection,
        collection: &str,
        id: &str,
        expected: Revision,
        text: &str,
    ) -> Result<Revision, StoreError> {
        let changed = connection
            .prepare_cached(&self.replace)
            .and_then(|mut statement| statement.execute(params![number(expected.next()), text, id, number(expected)]))
            .map_err(|error| refused("replace", collection, id, &error))?;
        match changed {
            0 if exists(connection, &self.table, id)? => Err(StoreError::conflict(collection, id)),
            0 => Err(StoreError::not_found(collection, id)),
            _ => Ok(expected.next()),
        }
    }
}

/// A revision as it is stored.
pub(super) fn number(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

/// Whether there is a record of that id.
pub(super) fn exists(connection: &Connection, table: &str, id: &str) -> Result<bool, StoreError> {
    connection
        .prepare_cached(&format!("SELECT 1 FROM {table} WHERE id = ?1"))
        .and_then(|mut statement| statement.exists([id]))
        .map_err(|error| StoreError::unavailable("read", error))
}

/// What an error of a statement that writes means.
pub(super) fn refused(what: &str, collection: &str, id: &str, error: &rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
        StoreError::duplicate(collection, id)
    } else {
        StoreError::unavailable(what, error)
    }
}
