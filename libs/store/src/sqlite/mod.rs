//! A store in one SQLite file, which one process has to itself: the embedded default.
//!
//! Write-ahead log, a sync at every commit, one connection that writes (writes that wait share a
//! commit) and a few that read. One table a collection: id, revision, body as JSON, with indexes on
//! expressions over it.

mod sql;
mod statements;
mod writer;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Clock, Timestamp};
use parking_lot::Mutex;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, StatementStatus, params, params_from_iter};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::error::StoreError;
use crate::port::{CollectionSpec, Store};
use crate::query::Query;
use crate::record::{Revision, Stored, check_body};
use crate::write::{Write, check_all};
use statements::{Statements, exists, number, refused};
use writer::Writer;

/// Connections that read.
const READERS: usize = 4;

/// How long a process that has the file is given to end.
const ENDING: Duration = Duration::from_secs(2);
/// How often the lock is tried meanwhile.
const AGAIN: Duration = Duration::from_millis(20);

/// The store in a file.
#[derive(Debug)]
pub struct SqliteStore {
    // Declared before the lock: the writer's thread ends first.
    writer: Writer,
    readers: Arc<Readers>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
    opened: AtomicU64,
    _lock: Arc<File>,
}

impl SqliteStore {
    /// Opens the file at `path`, making it and its folder if need be, and locks it against other
    /// processes.
    ///
    /// # Errors
    /// [`StoreError::Held`] when another process has it and keeps it for two seconds,
    /// [`StoreError::Setup`] when it is no such file; [`StoreError::Unavailable`].
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || Self::open_blocking(path, clock))
            .await
            .unwrap_or_else(|error| Err(StoreError::unavailable("open the file", error)))
    }

    fn open_blocking(path: PathBuf, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let shown = path.display().to_string();
        let unavailable = |error: &dyn std::fmt::Display| StoreError::unavailable(format!("open {shown}"), error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| unavailable(&error))?;
        }
        let lock = Arc::new(lock(&path)?);
        let writing = Connection::open(&path).map_err(|error| unavailable(&error))?;
        // FULL: a commit has reached the disk when it returns, whatever happens to the machine.
        writing
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;")
            .map_err(|error| match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => {
                    StoreError::Setup(format!("{shown} is not a database of Lectern; name another file"))
                }
                _ => unavailable(&error),
            })?;
        writing.set_prepared_statement_cache_capacity(64);
        let writer = Writer::start(writing, Arc::clone(&lock)).map_err(|error| unavailable(&error))?;
        let readers = Readers {
            path,
            idle: Mutex::default(),
            permits: Semaphore::new(READERS),
            opened: AtomicU64::new(1),
            _lock: lock,
        };
        tracing::debug!(path = shown, "store opened");
        Ok(Self { writer, readers: Arc::new(readers), clock })
    }

    async fn read<R: Send + 'static>(
        &self,
        what: &'static str,
        run: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let permit = self.readers.permits.acquire().await.map_err(|error| StoreError::unavailable(what, error))?;
        let readers = Arc::clone(&self.readers);
        let read = tokio::task::spawn_blocking(move || {
            let connection = readers.take()?;
            let result = run(&connection);
            readers.idle.lock().push(connection);
            result
        });
        let result = read.await.unwrap_or_else(|error| Err(StoreError::unavailable(what, error)));
        drop(permit);
        result
    }
}

impl Readers {
    fn take(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self.idle.lock().pop() {
            return Ok(connection);
        }
        let connection =
            Connection::open(&self.path).map_err(|error| StoreError::unavailable("open a reader", error))?;
        connection
            .execute_batch("PRAGMA query_only = ON;")
            .and_then(|()| connection.busy_timeout(Duration::from_secs(5)))
            .map_err(|error| StoreError::unavailable("open a reader", error))?;
        connection.set_prepared_statement_cache_capacity(64);
        self.opened.fetch_add(1, Ordering::Relaxed);
        Ok(connection)
    }
}

/// Locks the file beside `path`, for as long as it stays open. A process that ends closes its files
/// one after another, so one that holds the lock is given [`ENDING`] to be gone.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let what = || format!("lock {}", name.display());
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| StoreError::unavailable(what(), error))?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < ENDING => {
                thread::sleep(AGAIN);
                waited += AGAIN;
            }
            Err(TryLockError::WouldBlock) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                return Err(StoreError::Held { folder: folder.unwrap_or(Path::new(".")).to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::unavailable(what(), error)),
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        let spec = *spec;
        self.writer.write("set up a collection", move |connection| sql::ensure(connection, &spec)).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        let text = check_body(collection, id, body)?;
        let sql = Statements::of(collection)?;
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.writer.write("insert", move |connection| sql.insert(connection, &collection, &id, &text)).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        let sql = format!("SELECT id, revision, body FROM {} WHERE id = ?1", sql::table(collection)?);
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.read("read", move |connection| {
            connection
                .prepare_cached(&sql)
                .and_then(|mut statement| statement.query_row([&id], raw).optional())
                .map_err(|error| StoreError::unavailable("read", error))?
                .map(|raw| stored(&collection, raw))
                .transpose()
        })
        .await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        let text = check_body(collection, id, body)?;
        let sql = Statements::of(collection)?;
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.writer.write("replace", move |connection| sql.replace(connection, &collection, &id, expected, &text)).await
    }

    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        let checked = check_all(collection, &writes)?;
        let sql = Statements::of(collection)?;
        let collection = collection.to_owned();
        self.writer
            .write("write", move |connection| {
                let mut answers = Vec::with_capacity(writes.len());
                for (write, text) in writes.iter().zip(checked) {
                    // A statement that is refused takes nothing of the transaction with it.
                    answers.push(text.and_then(|text| match write {
                        Write::Insert { id, .. } => sql.insert(connection, &collection, id, &text),
                        Write::Replace { id, expected, .. } => {
                            sql.replace(connection, &collection, id, *expected, &text)
                        }
                    }));
                    // Not so a full disk: what came after it would be committed at once, and alone.
                    if connection.is_autocommit() {
                        return Err(StoreError::unavailable("write", "the file system refused; nothing was written"));
                    }
                }
                Ok(answers)
            })
            .await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        let table = sql::table(collection)?;
        let sql = format!("DELETE FROM {table} WHERE id = ?1 AND (?2 IS NULL OR revision = ?2)");
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.writer
            .write("delete", move |connection| {
                let changed = connection
                    .prepare_cached(&sql)
                    .and_then(|mut statement| statement.execute(params![id, expected.map(number)]))
                    .map_err(|error| refused("delete", &collection, &id, &error))?;
                match changed {
                    0 if exists(connection, &table, &id)? => Err(StoreError::conflict(&collection, &id)),
                    0 => Ok(false),
                    _ => Ok(true),
                }
            })
            .await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        let select = sql::select(collection, query)?;
        let collection = collection.to_owned();
        self.read("find", move |connection| {
            let rows = connection
                .prepare_cached(&select.sql)
                .and_then(|mut statement| {
                    statement.query_map(params_from_iter(select.values), raw)?.collect::<rusqlite::Result<Vec<_>>>()
                })
                .map_err(|error| StoreError::unavailable("find", error))?;
            rows.into_iter().map(|raw| stored(&collection, raw)).collect()
        })
        .await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        let count = sql::count(collection, query, most)?;
        self.read("count", move |connection| {
            let counted: i64 = connection
                .prepare_cached(&count.sql)
                .and_then(|mut statement| statement.query_row(params_from_iter(count.values), |row| row.get(0)))
                .map_err(|error| StoreError::unavailable("count", error))?;
            Ok(u64::try_from(counted).unwrap_or(0))
        })
        .await
    }

    async fn cost(&self, collection: &str, query: &Query) -> Result<u64, StoreError> {
        let select = sql::select(collection, query)?;
        self.read("tell the cost of a query", move |connection| {
            let unavailable = |error| StoreError::unavailable("tell the cost of a query", error);
            let mut statement = connection.prepare(&select.sql).map_err(unavailable)?;
            let mut rows = statement.query(params_from_iter(select.values)).map_err(unavailable)?;
            while rows.next().map_err(unavailable)?.is_some() {}
            drop(rows);
            Ok(u64::try_from(statement.get_status(StatementStatus::VmStep)).unwrap_or(0))
        })
        .await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        let table = sql::table(collection)?;
        let column = sql::column(field)?;
        let path = sql::path(field);
        let holder = field.rsplit_once('.').map_or_else(|| "$".to_owned(), |(holder, _)| sql::path(holder));
        let read = format!(
            "SELECT json_type(body, '{holder}'), json_type(body, '{path}'), {column} FROM {table} WHERE id = ?1"
        );
        let write =
            format!("UPDATE {table} SET body = json_set(body, '{path}', ?1), revision = revision + 1 WHERE id = ?2");
        let (collection, id, field) = (collection.to_owned(), id.to_owned(), field.to_owned());
        self.writer
            // Within the transaction of the only writer, reading and writing are one step.
            .write("add", move |connection| {
                let unavailable = |error| StoreError::unavailable("add", error);
                let row: Option<(Option<String>, Option<String>, SqlValue)> = connection
                    .prepare_cached(&read)
                    .and_then(|mut statement| {
                        statement.query_row([&id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
                    })
                    .map_err(unavailable)?;
                let Some((holder, kind, value)) = row else {
                    return Err(StoreError::not_found(&collection, &id));
                };
                if holder.as_deref() != Some("object") {
                    return Err(StoreError::corrupt(&collection, &id, format!("no object holds {field}")));
                }
                let now = match (kind.as_deref(), value) {
                    (None | Some("null"), _) => 0,
                    (Some("integer"), SqlValue::Integer(now)) => now,
                    (Some(_), _) => {
                        return Err(StoreError::corrupt(&collection, &id, format!("{field} is no integer")));
                    }
                };
                let fits = |new: &i64| if delta > 0 { *new <= limit } else { *new >= 0 };
                let Some(new) = now.checked_add(delta).filter(fits) else {
                    return Ok(None);
                };
                connection
                    .prepare_cached(&write)
                    .and_then(|mut statement| statement.execute(params![new, id]))
                    .map_err(|error| refused("add", &collection, &id, &error))?;
                Ok(Some(new))
            })
            .await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        // The file has no clock but the machine's.
        Ok(self.clock.now())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read("answer", |connection| {
            connection.query_row("SELECT 1", [], |_| Ok(())).map_err(|error| StoreError::unavailable("answer", error))
        })
        .await
    }

    fn connections_opened(&self) -> u64 {
        self.readers.opened.load(Ordering::Relaxed)
    }
}

type Raw = (String, i64, String);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn stored(collection: &str, (id, revision, body): Raw) -> Result<Stored, StoreError> {
    let body = serde_json::from_str(&body).map_err(|error| StoreError::corrupt(collection, &id, error))?;
    let revision =
        u64::try_from(revision).map(Revision).map_err(|error| StoreError::corrupt(collection, &id, error))?;
    Ok(Stored { id, revision, body })
}
