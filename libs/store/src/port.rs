//! The contract of a store. `tests/it/contract.rs` holds every adapter to it.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::Timestamp;
use serde_json::Value;

use crate::error::StoreError;
use crate::pool::PoolStats;
use crate::query::Query;
use crate::record::{Revision, Stored};
use crate::write::{Write, check_bounds};

/// An index of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Index {
    /// Its name within the collection: `a-z`, `0-9` and `_`.
    pub name: &'static str,
    /// Dotted paths of the fields, in order; each holds text, a number or a truth value, or
    /// nothing.
    pub fields: &'static [&'static str],
    /// Whether two records may not agree in all fields. A record in which one of them is null or
    /// missing is exempt.
    pub unique: bool,
    /// A field, one of its own or another, that must be set for a record to be in it at all: what
    /// is over costs the index nothing. Null and missing are not set.
    pub where_set: Option<&'static str>,
}

impl Index {
    /// An index to find and order by.
    #[must_use]
    pub const fn new(name: &'static str, fields: &'static [&'static str]) -> Self {
        Self { name, fields, unique: false, where_set: None }
    }

    /// An index that also keeps values apart.
    #[must_use]
    pub const fn unique(name: &'static str, fields: &'static [&'static str]) -> Self {
        Self { name, fields, unique: true, where_set: None }
    }

    /// The same, of the records alone in which `field`, a date or a text, is set. A query is served
    /// by it only if it asks for values of that field.
    ///
    /// # Panics
    /// For an index that keeps values apart, when the constant is evaluated: the databases do not
    /// agree on what such a pair means.
    #[must_use]
    pub const fn only_where_set(self, field: &'static str) -> Self {
        assert!(!self.unique, "a unique index leaves out records without a value by itself");
        Self { where_set: Some(field), ..self }
    }
}

/// A collection: its indexes, and which of its fields are more than JSON can say.
///
/// Dates and binaries are declared for the people who query a database. An adapter whose database
/// has such types stores them so; through this port a date stays a number of milliseconds, and
/// bytes stay base64. Paths are dotted, and an array on the way stands for each of its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionSpec {
    /// Its name: `a-z`, `0-9` and `_`.
    pub name: &'static str,
    /// Its indexes, beside the one by id that every collection has.
    pub indexes: &'static [Index],
    /// Paths of times: milliseconds since the Unix epoch.
    pub dates: &'static [&'static str],
    /// Paths of bytes, as padded base64 of the standard alphabet.
    pub binaries: &'static [&'static str],
}

impl CollectionSpec {
    /// A collection of records that hold what JSON can say.
    #[must_use]
    pub const fn new(name: &'static str, indexes: &'static [Index]) -> Self {
        Self { name, indexes, dates: &[], binaries: &[] }
    }

    /// The same, with times at these paths.
    #[must_use]
    pub const fn dates(self, dates: &'static [&'static str]) -> Self {
        Self { dates, ..self }
    }

    /// The same, with bytes at these paths.
    #[must_use]
    pub const fn binaries(self, binaries: &'static [&'static str]) -> Self {
        Self { binaries, ..self }
    }
}

/// What one call of [`Store::convert`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Converted {
    /// Records that were written in the declared form.
    pub converted: u64,
    /// Records that somebody else changed meanwhile: a later pass looks at them again.
    pub lost: u64,
    /// The last id that was looked at; none when the pass is at its end.
    pub after: Option<String>,
}

/// A database of one service: collections of small JSON records, each changed by compare-and-swap.
///
/// Every write is durable when it returns. There are no transactions: a change touches one record.
/// Numbers compare as numbers, texts by their bytes, and nothing (null or a missing field) comes
/// before everything else. Bodies are objects without `_id` and `_revision` at the top, without
/// keys that are empty, start with `$` or hold a NUL, and without integers beyond 64 bits with
/// sign.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// Makes the collection and its indexes if they are not there, and replaces an index whose
    /// definition is another one. Waits until they are built, however long that takes.
    ///
    /// # Errors
    /// [`StoreError::Setup`] when records break a unique index, or the user may not make one;
    /// [`StoreError::Unavailable`].
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError>;

    /// Whether it has forms of dates and binaries of its own, so that [`Self::convert`] has
    /// something to do.
    fn has_forms(&self) -> bool {
        false
    }

    /// Looks at up to `most` records after the id `after` that are not in the declared form of
    /// dates and binaries, and writes them in it, each by compare-and-swap. Content and revision
    /// stay as they are. An adapter that has one form alone has nothing to do.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], `Ambiguous`: upon either, the same call may be made again.
    async fn convert(&self, spec: &CollectionSpec, after: Option<&str>, most: u32) -> Result<Converted, StoreError> {
        let _ = (spec, after, most);
        Ok(Converted::default())
    }

    /// Writes a new record at [`Revision::FIRST`].
    ///
    /// # Errors
    /// [`StoreError::Duplicate`], `TooLarge`, `Invalid`, `Unavailable`, `Ambiguous`.
    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError>;

    /// Reads a record.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], `Corrupt`.
    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError>;

    /// [`Self::get`] that sees every write which was acknowledged before it began, whichever server
    /// believes that it leads. It costs more: for the decision what became of a write.
    ///
    /// # Errors
    /// Those of [`Self::get`].
    async fn get_latest(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.get(collection, id).await
    }

    /// Writes `body` over a record that is at revision `expected`; gives the new revision.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is at another, `NotFound` when there is none, `Duplicate`
    /// when a unique index forbids it, `TooLarge`, `Invalid`, `Unavailable`, `Ambiguous`.
    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError>;

    /// Makes many writes of one collection in one call, each as [`Self::insert`] or
    /// [`Self::replace`] would make it: with its own compare-and-swap, and none waiting for, or
    /// failing with, another. Gives the answers in the order of the writes. There may be up to
    /// [`MAX_WRITES`](crate::MAX_WRITES) of them, of [`MAX_WRITE_BYTES`](crate::MAX_WRITE_BYTES) in
    /// all, of ids that differ; the order in which they are made is not promised.
    ///
    /// What was written is known by its body: bodies that different callers write must differ, as
    /// those of a [`Collection`](crate::Collection) do by the names of their writers.
    ///
    /// # Errors
    /// Each answer has those of a single write. The whole call has [`StoreError::Invalid`] beyond
    /// its bounds, `Unavailable` when none of the writes was made, and `Ambiguous` when none or any
    /// of them may have been made.
    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        one_by_one(self, collection, &writes).await
    }

    /// Deletes a record, if it is at revision `expected` where one is given; whether there was one
    /// to delete.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is at another revision, `Unavailable`, `Ambiguous`.
    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError>;

    /// Finds records that meet all conditions, in order, at most `query.limit`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a field or value that cannot be compared, `Unavailable`,
    /// `Corrupt`.
    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError>;

    /// Counts the records that meet all conditions of `query`, up to `most`; its order, limit and
    /// place are not looked at.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a field or value that cannot be compared, `Unavailable`.
    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError>;

    /// What it costs to find what `query` asks for: index entries and records that a MongoDB
    /// examines, instructions that a SQLite carries out. For tests and operators; figures compare
    /// within one adapter alone.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], `Unavailable`, also by an adapter that cannot tell.
    async fn cost(&self, collection: &str, query: &Query) -> Result<u64, StoreError> {
        let _ = (collection, query);
        Err(StoreError::unavailable("tell the cost of a query", "this adapter does not know it"))
    }

    /// Adds `delta` to an integer field in one atomic step and gives the new value, or `None` and
    /// no change when a positive `delta` would take it above `limit` or a negative one below 0. A
    /// missing field counts as 0; the object that holds it must be there. Grows the revision.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], `Corrupt` when the field is no integer, `Unavailable`, and
    /// `Ambiguous`, upon which it may have been added or not.
    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError>;

    /// The database's own clock.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn ping(&self) -> Result<(), StoreError>;

    /// How many connections were opened since the store was: those of the pool, in a driver that
    /// has one.
    fn connections_opened(&self) -> u64;

    /// What its pool of connections does; none for an adapter without one.
    fn pool(&self) -> Option<Arc<PoolStats>> {
        None
    }
}

/// Makes many writes as single ones.
pub(crate) async fn one_by_one<S: Store + ?Sized>(
    store: &S,
    collection: &str,
    writes: &[Write],
) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
    check_bounds(writes)?;
    let mut answers = Vec::with_capacity(writes.len());
    for write in writes {
        answers.push(match write {
            Write::Insert { id, body } => store.insert(collection, id, body).await,
            Write::Replace { id, expected, body } => store.replace(collection, id, *expected, body).await,
        });
    }
    Ok(answers)
}
