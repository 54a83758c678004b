//! A store in a MongoDB database: one client, and one pool, for the whole service process.
//!
//! A record is a document: `_id`, `_revision`, and the body's fields beside them, dates and bytes
//! as MongoDB's own where the collection declares them. Writes wait for a majority and its journal,
//! reads are of the primary and see what a majority has, whatever the URI says. Nothing depends on
//! transactions, change streams or TTL indexes.

mod convert;
mod error;
mod examine;
mod forms;
mod indexes;
mod many;
mod open;
mod pool;

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use lectern_core::Timestamp;
use mongodb::bson::{Document, doc};
use mongodb::options::{ReadConcern, ReturnDocument};
use mongodb::{Collection, Database};
use parking_lot::RwLock;
use serde_json::Value;

use crate::error::StoreError;
use crate::pool::PoolStats;
use crate::port::{CollectionSpec, Converted, Store};
use crate::query::Query;
use crate::record::{ID, Revision, Stored, check_body, check_field, value_at};
use crate::write::Write;
use forms::REVISION;

/// How often [`Store::add`] looks again when the record changes under its eyes.
const ROUNDS: u32 = 8;

/// The store in a MongoDB database.
pub struct MongoStore {
    database: Database,
    /// What was said of the collections, by [`Store::ensure`].
    specs: RwLock<BTreeMap<&'static str, CollectionSpec>>,
    pool: Arc<PoolStats>,
    within: Duration,
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").field("database", &self.database.name()).finish_non_exhaustive()
    }
}

impl MongoStore {
    fn collection(&self, name: &str) -> Collection<Document> {
        self.database.collection(name)
    }

    /// Waits for a read.
    async fn read<R>(
        &self,
        what: &str,
        read: impl IntoFuture<Output = mongodb::error::Result<R>, IntoFuture: Send> + Send,
    ) -> Result<R, StoreError> {
        match self.limited(read.into_future()).await {
            Some(result) => result.map_err(|error| error::of_read(what, &error)),
            None => Err(StoreError::unavailable(what, self.too_long())),
        }
    }

    /// Waits for a write; a violated unique index is a duplicate of `id`.
    async fn write<R>(
        &self,
        what: &str,
        (collection, id): (&str, &str),
        write: impl IntoFuture<Output = mongodb::error::Result<R>, IntoFuture: Send> + Send,
    ) -> Result<R, StoreError> {
        match self.limited(write.into_future()).await {
            Some(Ok(result)) => Ok(result),
            Some(Err(error)) if error::is_duplicate(&error) => Err(StoreError::duplicate(collection, id)),
            Some(Err(error)) => Err(error::of_write(what, &error)),
            None => Err(StoreError::ambiguous(what, self.too_long())),
        }
    }

    async fn limited<R>(&self, operation: impl Future<Output = R> + Send) -> Option<R> {
        let _operation = self.pool.begin();
        // Boxed: the driver's futures are large.
        tokio::time::timeout(self.within, Box::pin(operation)).await.ok()
    }

    fn too_long(&self) -> String {
        format!("no answer within {:?}", self.within)
    }

    /// What is declared of a collection, if anybody has.
    fn spec(&self, collection: &str) -> Option<CollectionSpec> {
        self.specs.read().get(collection).copied()
    }

    async fn exists(&self, collection: &str, id: &str) -> Result<bool, StoreError> {
        let handle = self.collection(collection);
        let found = self.read("read", handle.find_one(doc! { ID: id }).projection(doc! { ID: 1 })).await?;
        Ok(found.is_some())
    }
}

#[async_trait]
impl Store for MongoStore {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        self.specs.write().insert(spec.name, *spec);
        self.ensure_indexes(spec).await
    }

    fn has_forms(&self) -> bool {
        true
    }

    async fn convert(&self, spec: &CollectionSpec, after: Option<&str>, most: u32) -> Result<Converted, StoreError> {
        self.convert_after(spec, after, most).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        check_body(collection, id, body)?;
        let document = forms::document(self.spec(collection).as_ref(), id, Revision::FIRST, body);
        let handle = self.collection(collection);
        self.write("insert", (collection, id), handle.insert_one(document)).await?;
        Ok(Revision::FIRST)
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        let handle = self.collection(collection);
        let found = self.read("read", handle.find_one(doc! { ID: id })).await?;
        found.map(|document| forms::stored(collection, document)).transpose()
    }

    async fn get_latest(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        let handle = self.collection(collection);
        // A primary that was deposed and does not know it cannot answer; without a majority the
        // server would wait for one for ever.
        let find = handle.find_one(doc! { ID: id }).read_concern(ReadConcern::linearizable()).max_time(self.within);
        let found = self.read("read", find).await?;
        found.map(|document| forms::stored(collection, document)).transpose()
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        check_body(collection, id, body)?;
        let filter = doc! { ID: id, REVISION: forms::number(expected) };
        let document = forms::document(self.spec(collection).as_ref(), id, expected.next(), body);
        let handle = self.collection(collection);
        let replaced = self.write("replace", (collection, id), handle.replace_one(filter, document)).await?;
        if replaced.matched_count > 0 {
            Ok(expected.next())
        } else if self.exists(collection, id).await? {
            Err(StoreError::conflict(collection, id))
        } else {
            Err(StoreError::not_found(collection, id))
        }
    }

    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        self.write_all(collection, writes).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        let mut filter = doc! { ID: id };
        if let Some(expected) = expected {
            filter.insert(REVISION, forms::number(expected));
        }
        let handle = self.collection(collection);
        let deleted = self.write("delete", (collection, id), handle.delete_one(filter)).await?;
        if deleted.deleted_count > 0 {
            Ok(true)
        } else if expected.is_some() && self.exists(collection, id).await? {
            Err(StoreError::conflict(collection, id))
        } else {
            Ok(false)
        }
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        let (filter, sort) = forms::find(self.spec(collection).as_ref(), query)?;
        let handle = self.collection(collection);
        let (limit, within) = (query.limit, self.within);
        let found = async {
            let cursor =
                handle.find(filter).sort(sort).limit(i64::from(limit)).batch_size(limit).max_time(within).await?;
            cursor.try_collect::<Vec<Document>>().await
        };
        let documents = self.read("find", Box::pin(found)).await?;
        documents.into_iter().map(|document| forms::stored(collection, document)).collect()
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        let handle = self.collection(collection);
        let conditions = forms::conditions(self.spec(collection).as_ref(), query)?;
        self.read("count", handle.count_documents(conditions).limit(most).max_time(self.within)).await
    }

    async fn cost(&self, collection: &str, query: &Query) -> Result<u64, StoreError> {
        let (filter, sort) = forms::find(self.spec(collection).as_ref(), query)?;
        let find = doc! { "find": collection, "filter": filter, "sort": sort, "limit": i64::from(query.limit) };
        let explain = doc! { "explain": find, "verbosity": "executionStats" };
        let explained = self.read("tell the cost of a query", self.database.run_command(explain)).await?;
        let stats = explained.get_document("executionStats").ok();
        let examined = |what: &str| forms::count(stats?, what);
        match (examined("totalKeysExamined"), examined("totalDocsExamined")) {
            (Some(keys), Some(documents)) => Ok(keys + documents),
            (_, _) => Err(StoreError::unavailable("tell the cost of a query", "its explanation has no statistics")),
        }
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        check_field(field)?;
        let handle = self.collection(collection);
        let value = |document: Document| -> Result<i64, StoreError> {
            let row = forms::stored(collection, document)?;
            let value = value_at(&row.body, field).and_then(Value::as_i64);
            value.ok_or_else(|| StoreError::corrupt(collection, id, format!("{field} is no integer")))
        };
        let fits = |new: i64| if delta > 0 { new <= limit } else { new >= 0 };
        for _ in 0..ROUNDS {
            let bound = if delta > 0 {
                doc! { "$lte": limit.saturating_sub(delta), "$type": "long" }
            } else {
                doc! { "$gte": delta.saturating_neg(), "$type": "long" }
            };
            let added = handle
                .find_one_and_update(doc! { ID: id, field: bound }, doc! { "$inc": { field: delta, REVISION: 1_i64 } })
                .return_document(ReturnDocument::After);
            if let Some(document) = self.write("add", (collection, id), added).await? {
                return value(document).map(Some);
            }
            let Some(row) = self.get(collection, id).await? else {
                return Err(StoreError::not_found(collection, id));
            };
            match value_at(&row.body, field) {
                None if !fits(delta) => return Ok(None),
                None => {}
                Some(now) => match now.as_i64() {
                    Some(now) if now.checked_add(delta).is_some_and(fits) => continue,
                    Some(_) => return Ok(None),
                    None => return Err(StoreError::corrupt(collection, id, format!("{field} is no integer"))),
                },
            }
            if let Some((parent, _)) = field.rsplit_once('.')
                && !value_at(&row.body, parent).is_some_and(Value::is_object)
            {
                return Err(StoreError::corrupt(collection, id, format!("no object holds {field}")));
            }
            // Nothing there counts as 0, and null cannot be added to.
            let begun = handle
                .find_one_and_update(
                    doc! { ID: id, REVISION: forms::number(row.revision) },
                    doc! { "$set": { field: delta }, "$inc": { REVISION: 1_i64 } },
                )
                .return_document(ReturnDocument::After);
            if let Some(document) = self.write("add", (collection, id), begun).await? {
                return value(document).map(Some);
            }
        }
        Err(StoreError::conflict(collection, id))
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        let hello = self.read("tell the time", self.database.run_command(doc! { "hello": 1 })).await?;
        hello
            .get_datetime("localTime")
            .ok()
            .and_then(|time| u64::try_from(time.timestamp_millis()).ok())
            .map(Timestamp)
            .ok_or_else(|| StoreError::unavailable("tell the time", "its answer to hello has no localTime"))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read("answer", self.database.run_command(doc! { "ping": 1 })).await.map(|_| ())
    }

    fn connections_opened(&self) -> u64 {
        self.pool.opened()
    }

    fn pool(&self) -> Option<Arc<PoolStats>> {
        Some(Arc::clone(&self.pool))
    }
}

#[cfg(test)]
mod tests {
    use mongodb::Client;
    use mongodb::options::{ClientOptions, ServerAddress};

    use super::*;

    #[tokio::test]
    async fn an_operation_that_is_given_up_while_it_waits_is_pending_no_longer() {
        let nowhere = ServerAddress::Tcp { host: "127.0.0.1".to_owned(), port: Some(1) };
        let client = Client::with_options(ClientOptions::builder().hosts(vec![nowhere]).build()).unwrap();
        let pool = Arc::new(PoolStats::new(1));
        let within = Duration::from_secs(60);
        let store = MongoStore { database: client.database("d"), specs: RwLock::default(), pool, within };
        assert_eq!(store.pool.pending(), 0);
        let mut waiting = Box::pin(store.limited(std::future::pending::<()>()));
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        assert_eq!(store.pool.pending(), 1);
        drop(waiting);
        assert_eq!(store.pool.pending(), 0, "nobody waits");
        assert_eq!(store.limited(async { store.pool.pending() }).await, Some(1));
        assert_eq!(store.pool.pending(), 0, "nor where it has ended");
    }
}
