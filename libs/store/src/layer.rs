//! A store over another one: it changes some calls, and passes the others on.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::Timestamp;
use serde_json::Value;

use crate::error::StoreError;
use crate::pool::PoolStats;
use crate::port::{CollectionSpec, Converted, Store, one_by_one};
use crate::query::Query;
use crate::record::{Revision, Stored};
use crate::write::Write;

/// A store over another one. Whatever is not overridden is passed on: the methods are those of
/// [`Store`], which every layer is.
///
/// [`Self::get_latest`] and [`Self::write_many`] go by the layer's own [`Self::get`],
/// [`Self::insert`] and [`Self::replace`], so that what those change holds for them as well.
#[async_trait]
#[allow(missing_docs, clippy::missing_errors_doc, reason = "those of the store")]
pub trait Layer: Debug + Send + Sync + Sized {
    /// What it lies over.
    fn below(&self) -> &dyn Store;

    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        self.below().ensure(spec).await
    }

    fn has_forms(&self) -> bool {
        self.below().has_forms()
    }

    async fn convert(&self, spec: &CollectionSpec, after: Option<&str>, most: u32) -> Result<Converted, StoreError> {
        self.below().convert(spec, after, most).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        self.below().insert(collection, id, body).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        self.below().get(collection, id).await
    }

    async fn get_latest(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        Layer::get(self, collection, id).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        self.below().replace(collection, id, expected, body).await
    }

    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        one_by_one(self, collection, &writes).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        self.below().delete(collection, id, expected).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        self.below().find(collection, query).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        self.below().count(collection, query, most).await
    }

    async fn cost(&self, collection: &str, query: &Query) -> Result<u64, StoreError> {
        self.below().cost(collection, query).await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        self.below().add(collection, id, field, delta, limit).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.below().now().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.below().ping().await
    }

    fn connections_opened(&self) -> u64 {
        self.below().connections_opened()
    }

    fn pool(&self) -> Option<Arc<PoolStats>> {
        self.below().pool()
    }
}

#[async_trait]
impl<L: Layer> Store for L {
    async fn ensure(&self, spec: &CollectionSpec) -> Result<(), StoreError> {
        Layer::ensure(self, spec).await
    }

    fn has_forms(&self) -> bool {
        Layer::has_forms(self)
    }

    async fn convert(&self, spec: &CollectionSpec, after: Option<&str>, most: u32) -> Result<Converted, StoreError> {
        Layer::convert(self, spec, after, most).await
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        Layer::insert(self, collection, id, body).await
    }

    async fn get(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        Layer::get(self, collection, id).await
    }

    async fn get_latest(&self, collection: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        Layer::get_latest(self, collection, id).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        Layer::replace(self, collection, id, expected, body).await
    }

    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        Layer::write_many(self, collection, writes).await
    }

    async fn delete(&self, collection: &str, id: &str, expected: Option<Revision>) -> Result<bool, StoreError> {
        Layer::delete(self, collection, id, expected).await
    }

    async fn find(&self, collection: &str, query: &Query) -> Result<Vec<Stored>, StoreError> {
        Layer::find(self, collection, query).await
    }

    async fn count(&self, collection: &str, query: &Query, most: u64) -> Result<u64, StoreError> {
        Layer::count(self, collection, query, most).await
    }

    async fn cost(&self, collection: &str, query: &Query) -> Result<u64, StoreError> {
        Layer::cost(self, collection, query).await
    }

    async fn add(
        &self,
        collection: &str,
        id: &str,
        field: &str,
        delta: i64,
        limit: i64,
    ) -> Result<Option<i64>, StoreError> {
        Layer::add(self, collection, id, field, delta, limit).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Layer::now(self).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Layer::ping(self).await
    }

    fn connections_opened(&self) -> u64 {
        Layer::connections_opened(self)
    }

    fn pool(&self) -> Option<Arc<PoolStats>> {
        Layer::pool(self)
    }
}
