//! A store over another one that tells of its operations: a span for each that belongs to a trace,
//! and how long each took. Neither has an id or anything of a record.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_runtime::Metrics;
use lectern_runtime::names::{db, span};
use lectern_runtime::telemetry::{Histogram, in_trace};
use serde_json::Value;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::error::StoreError;
use crate::layer::Layer;
use crate::port::Store;
use crate::query::Query;
use crate::record::{Revision, Stored};
use crate::write::Write;

/// The database behind a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Mongo,
    Sqlite,
}

impl System {
    const fn name(self) -> &'static str {
        match self {
            Self::Mongo => db::MONGODB,
            Self::Sqlite => db::SQLITE,
        }
    }

    /// What the database calls an operation.
    const fn operation(self, operation: Operation) -> &'static str {
        match (self, operation) {
            (Self::Mongo, Operation::Insert) => "insert",
            (Self::Mongo, Operation::Read) => "find",
            (Self::Mongo, Operation::Replace) => "update",
            (Self::Mongo, Operation::WriteMany) => "bulkWrite",
            (Self::Mongo, Operation::Delete) => "delete",
            (Self::Mongo, Operation::Count) => "aggregate",
            (Self::Mongo, Operation::Add) => "findAndModify",
            (Self::Sqlite, Operation::Insert) => "INSERT",
            (Self::Sqlite, Operation::Read | Operation::Count) => "SELECT",
            (Self::Sqlite, Operation::Replace | Operation::WriteMany | Operation::Add) => "UPDATE",
            (Self::Sqlite, Operation::Delete) => "DELETE",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Insert,
    Read,
    Replace,
    WriteMany,
    Delete,
    Count,
    Add,
}

/// A store that tells of its operations. It lies over whatever gathers writes, so that what a
/// caller waits for is measured.
#[derive(Debug)]
pub(crate) struct Traced {
    below: Arc<dyn Store>,
    system: System,
    took: Histogram,
}

impl Traced {
    /// Over `below`, a store of this system.
    pub(crate) fn over(below: Arc<dyn Store>, system: System) -> Self {
        let description = "How long operations of the database took, until their callers had the answer.";
        let took = Metrics::new("lectern.store").histogram(db::OPERATION_DURATION, "s", description, &db::SECONDS);
        Self { below, system, took }
    }

    async fn told<T>(
        &self,
        operation: Operation,
        collection: &str,
        batch: Option<usize>,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let (system, name) = (self.system.name(), self.system.operation(operation));
        let span = if in_trace() { begin(system, name, collection, batch) } else { Span::none() };
        let began = Instant::now();
        let result = call.instrument(span.clone()).await;
        let labels = [(db::SYSTEM, system), (db::OPERATION, name), (db::COLLECTION, collection)];
        self.took.record_ended(began.elapsed().as_secs_f64(), &labels, result.as_ref().err().map(error_type));
        if let Err(error) = &result {
            span.record(span::ERROR_TYPE, error_type(error));
            if failed(error) {
                span.record(span::STATUS, span::ERROR);
            }
        }
        result
    }
}

fn begin(system: &str, operation: &str, collection: &str, batch: Option<usize>) -> Span {
    tracing::info_span!(
        "db",
        { span::NAME } = format!("{operation} {collection}"),
        { span::KIND } = span::CLIENT,
        { span::STATUS } = Empty,
        { span::ERROR_TYPE } = Empty,
        { db::SYSTEM } = system,
        { db::OPERATION } = operation,
        { db::COLLECTION } = collection,
        { db::BATCH_SIZE } = batch.filter(|batch| *batch > 1).and_then(|batch| i64::try_from(batch).ok()),
    )
}

/// The kind of an error, of few.
const fn error_type(error: &StoreError) -> &'static str {
    match error {
        StoreError::Duplicate { .. } => "duplicate",
        StoreError::Conflict { .. } => "conflict",
        StoreError::NotFound { .. } => "not_found",
        StoreError::TooLarge { .. } => "too_large",
        StoreError::Unavailable { .. } => "unavailable",
        StoreError::Ambiguous { .. } => "ambiguous",
        StoreError::Corrupt { .. } => "corrupt",
        StoreError::NewerSchema { .. } => "newer_schema",
        StoreError::Invalid { .. } => "invalid",
        StoreError::Setup(_) => "setup",
        StoreError::Held { .. } => "held",
    }
}

/// Whether something went wrong, and it is no answer that whoever compares and swaps expects.
const fn failed(error: &StoreError) -> bool {
    match error {
        StoreError::Duplicate { .. } | StoreError::Conflict { .. } | StoreError::NotFound { .. } => false,
        StoreError::TooLarge { .. }
        | StoreError::Unavailable { .. }
        | StoreError::Ambiguous { .. }
        | StoreError::Corrupt { .. }
        | StoreError::NewerSchema { .. }
        | StoreError::Invalid { .. }
        | StoreError::Setup(_)
        | StoreError::Held { .. } => true,
    }
}

#[async_trait]
impl Layer for Traced {
    fn below(&self) -> &dyn Store {
        &*self.below
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        self.told(Operation::Insert, collection, None, self.below.insert(collection, id, body)).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.told(Operation::Read, collection, None, self.below.get(collection, id)).await
    }

    async fn get_latest(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.told(Operation::Read, collection, None, self.below.get_latest(collection, id)).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        self.told(Operation::Replace, collection, None, self.below.replace(collection, id, expected, body)).await
    }

    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        let batch = Some(writes.len());
        self.told(Operation::WriteMany, collection, batch, self.below.write_many(collection, writes)).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.told(Operation::Delete, collection, None, self.below.delete(collection, id, expected)).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        self.told(Operation::Read, collection, None, self.below.find(collection, query)).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.told(Operation::Count, collection, None, self.below.count(collection, query, most)).await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        self.told(Operation::Add, collection, None, self.below.add(collection, id, field, delta, limit)).await
    }
}

#[cfg(test)]
mod tests;
