//! A store in a MongoDB database: one client, and one pool, for the whole service process.
//!
//! A record is a document: `_id`, `_revision`, and the body's fields beside them. Writes wait for a
//! majority and its journal, reads see what a majority has. Nothing depends on transactions, change
//! streams or TTL indexes.

mod bson;
mod error;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::TryStreamExt;
use lectern_core::{Failure, Timestamp};
use mongodb::bson::{Bson, Document, doc};
use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use mongodb::options::{ClientOptions, IndexOptions, ReadConcern, ReturnDocument, WriteConcern};
use mongodb::{Client, Collection, Database, IndexModel};
use serde_json::Value;

use crate::ConnectOptions;
use crate::error::StoreError;
use crate::port::{CollectionSpec, ID, Index, Revision, Store, Stored, check_body, check_field, value_at};
use crate::query::Query;
use bson::REVISION;

/// How often [`Store::add`] looks again when the record changes under its eyes.
const ROUNDS: u32 = 8;

/// The store in a MongoDB database.
pub struct MongoStore {
    database: Database,
    opened: Arc<AtomicU64>,
    waited: Arc<AtomicU64>,
    within: Duration,
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore").field("database", &self.database.name()).finish_non_exhaustive()
    }
}

impl MongoStore {
    /// Connects to the database that the URI's path names and waits until it answers.
    ///
    /// # Errors
    /// `InvalidArgument` for a URI that cannot be used, `Unavailable` when no server answers in
    /// time.
    pub async fn open(uri: &str, options: ConnectOptions) -> Result<Self, Failure> {
        let wrong = |why: String| {
            Failure::invalid(
                "store.url",
                format!("the MongoDB URI cannot be used: {why}; give mongodb://host:port/database"),
            )
        };
        if !(1..=1_000).contains(&options.max_pool_size) {
            return Err(Failure::invalid("store.max_pool_size", "the pool's size must be 1 to 1,000"));
        }
        let opened = Arc::new(AtomicU64::new(0));
        let mut client = Box::pin(ClientOptions::parse(uri).into_future()).await.map_err(|e| wrong(e.to_string()))?;
        let Some(name) = client.default_database.clone() else {
            return Err(wrong("it names no database".to_owned()));
        };
        let waited = Arc::new(AtomicU64::new(0));
        let (counted, summed) = (Arc::clone(&opened), Arc::clone(&waited));
        #[allow(clippy::wildcard_enum_match_arm, reason = "the driver's events may grow, and two of them matter")]
        let count = move |event| match event {
            CmapEvent::ConnectionCreated(_) => drop(counted.fetch_add(1, Ordering::Relaxed)),
            CmapEvent::ConnectionCheckedOut(out) => {
                let micros = u64::try_from(out.duration.as_micros()).unwrap_or(u64::MAX);
                summed.fetch_add(micros, Ordering::Relaxed);
            }
            _ => {}
        };
        client.cmap_event_handler = Some(EventHandler::callback(count));
        let mut concern = WriteConcern::majority();
        concern.journal = Some(true);
        client.write_concern = Some(concern);
        client.read_concern = Some(ReadConcern::majority());
        client.retry_writes = Some(true);
        client.retry_reads = Some(true);
        client.max_pool_size.get_or_insert(options.max_pool_size);
        client.app_name.get_or_insert(options.application);
        client.connect_timeout = Some(options.connect_within);
        client.server_selection_timeout = Some(options.connect_within);
        let client = Client::with_options(client).map_err(|error| wrong(error.to_string()))?;
        let store = Self { database: client.database(&name), opened, waited, within: options.connect_within };
        match store.limited(store.database.run_command(doc! { "ping": 1 }).into_future()).await {
            Some(Ok(_)) => {}
            Some(Err(error)) if error::is_refused(&error) => {
                return Err(wrong("the database refused its user name and password".to_owned()));
            }
            Some(Err(error)) => return Err(error::of_read("answer", &error).into()),
            None => return Err(StoreError::unavailable("answer", store.too_long()).into()),
        }
        tracing::info!(database = name, pool = options.max_pool_size, "connected to the database");
        Ok(Self { within: options.operation_within, ..store })
    }

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
        // Boxed: the driver's futures are large.
        tokio::time::timeout(self.within, Box::pin(operation)).await.ok()
    }

    fn too_long(&self) -> String {
        format!("no answer within {:?}", self.within)
    }

    async fn exists(&self, collection: &str, id: &str) -> Result<bool, StoreError> {
        let handle = self.collection(collection);
        let found = self.read("read", handle.find_one(doc! { ID: id }).projection(doc! { ID: 1 })).await?;
        Ok(found.is_some())
    }

    async fn ensure_index(&self, spec: &CollectionSpec, index: &Index) -> Result<(), StoreError> {
        let what = format!("make the index {} of {}", index.name, spec.name);
        let handle = self.collection(spec.name);
        match self.limited(handle.create_index(model(index)).into_future()).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) if error::is_duplicate(&error) => Err(StoreError::Setup(format!(
                "the index {} of {} cannot be made: {error}; remove the records that share its values",
                index.name, spec.name
            ))),
            Some(Err(error)) if error::is_index_conflict(&error) => Err(other_definition(spec, index)),
            Some(Err(error)) if error::is_forbidden(&error) => Err(StoreError::Setup(format!(
                "the database's user may not {what}: {error}; grant it the role readWrite on the database {}",
                self.database.name()
            ))),
            Some(Err(error)) => Err(StoreError::unavailable(what, error)),
            None => Err(StoreError::unavailable(what, self.too_long())),
        }
    }
}

/// An index as the driver wants it. One to find by ends with the id, so that it also gives the
/// order.
fn model(index: &Index) -> IndexModel {
    let mut keys: Document = index.fields.iter().map(|field| ((*field).to_owned(), Bson::Int32(1))).collect();
    let mut options = IndexOptions::default();
    options.name = Some(index.name.to_owned());
    if index.unique {
        options.unique = Some(true);
        // A record in which a field is null or missing is exempt.
        let something = doc! { "$type": ["string", "number", "bool"] };
        options.partial_filter_expression =
            Some(index.fields.iter().map(|field| ((*field).to_owned(), Bson::Document(something.clone()))).collect());
    } else {
        keys.insert(ID, 1);
    }
    IndexModel::builder().keys(keys).options(options).build()
}

fn other_definition(spec: &CollectionSpec, index: &Index) -> StoreError {
    StoreError::Setup(format!(
        "the index {} of {} is there with another definition; give the new one another name, and drop the old one when no \
         release uses it",
        index.name, spec.name
    ))
}

#[async_trait]
impl Store for MongoStore {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        for index in spec.indexes {
            index.fields.iter().try_for_each(|field| check_field(field))?;
            self.ensure_index(spec, index).await?;
        }
        if spec.indexes.is_empty() {
            return Ok(());
        }
        let handle = self.collection(spec.name);
        let listed = async { handle.list_indexes().await?.try_collect::<Vec<IndexModel>>().await };
        let there = self.read("list the indexes", Box::pin(listed)).await?;
        for index in spec.indexes {
            let wanted = model(index);
            let same = there.iter().any(|found| {
                let (Some(found_options), Some(options)) = (&found.options, &wanted.options) else { return false };
                found_options.name == options.name
                    && found_options.unique.unwrap_or(false) == index.unique
                    && found.keys.keys().eq(wanted.keys.keys())
            });
            if !same {
                return Err(other_definition(spec, index));
            }
        }
        Ok(())
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        check_body(collection, id, body)?;
        let document = bson::document(id, Revision::FIRST, body);
        let handle = self.collection(collection);
        self.write("insert", (collection, id), handle.insert_one(document)).await?;
        Ok(Revision::FIRST)
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        let handle = self.collection(collection);
        let found = self.read("read", handle.find_one(doc! { ID: id })).await?;
        found.map(|document| bson::stored(collection, document)).transpose()
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        check_body(collection, id, body)?;
        let filter = doc! { ID: id, REVISION: bson::number(expected) };
        let document = bson::document(id, expected.next(), body);
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

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        let mut filter = doc! { ID: id };
        if let Some(expected) = expected {
            filter.insert(REVISION, bson::number(expected));
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
        let (filter, sort) = bson::find(query)?;
        let handle = self.collection(collection);
        let limit = query.limit;
        let found = async {
            let cursor = handle.find(filter).sort(sort).limit(i64::from(limit)).batch_size(limit).await?;
            cursor.try_collect::<Vec<Document>>().await
        };
        let documents = self.read("find", Box::pin(found)).await?;
        documents.into_iter().map(|document| bson::stored(collection, document)).collect()
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        let handle = self.collection(collection);
        self.read("count", handle.count_documents(bson::conditions(query)?).limit(most)).await
    }

    async fn cost(&self, collection: &str, query: &Query) -> Result<u64, StoreError> {
        let (filter, sort) = bson::find(query)?;
        let find = doc! { "find": collection, "filter": filter, "sort": sort, "limit": i64::from(query.limit) };
        let explain = doc! { "explain": find, "verbosity": "executionStats" };
        let explained = self.read("tell the cost of a query", self.database.run_command(explain)).await?;
        let stats = explained.get_document("executionStats");
        let examined = |what: &str| {
            let stats = stats.as_ref().ok()?;
            let number = stats.get_i64(what).or_else(|_| stats.get_i32(what).map(i64::from)).ok()?;
            u64::try_from(number).ok()
        };
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
            let row = bson::stored(collection, document)?;
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
                    doc! { ID: id, REVISION: bson::number(row.revision) },
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
        self.opened.load(Ordering::Relaxed)
    }

    fn waited_for_connections(&self) -> Duration {
        Duration::from_micros(self.waited.load(Ordering::Relaxed))
    }
}
