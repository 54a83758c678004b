//! Object storage that does not keep its promise.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_blob::{Blob, BlobError, ByteStream, ObjectInfo, ObjectPath, Prefix, Put};

use super::Mutant;

/// Object storage with a defect.
#[derive(Debug)]
pub struct Defective {
    mutant: Mutant,
    inner: Arc<dyn Blob>,
}

impl Defective {
    /// The storage `inner` with the defect `mutant`.
    pub fn new(mutant: Mutant, inner: Arc<dyn Blob>) -> Self {
        Self { mutant, inner }
    }
}

#[async_trait]
impl Blob for Defective {
    async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<Put, BlobError> {
        if self.mutant == Mutant::AnswerNotKept && path.as_str().contains("/answer/") {
            return Ok(Put::Stored);
        }
        if self.mutant != Mutant::CommitBeforePut {
            return self.inner.put(path, bytes).await;
        }
        let (inner, path) = (Arc::clone(&self.inner), path.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            drop(inner.put(&path, bytes).await);
        });
        Ok(Put::Stored)
    }

    async fn put_stream(&self, path: &ObjectPath, content: ByteStream) -> Result<Put, BlobError> {
        self.inner.put_stream(path, content).await
    }

    async fn put_file(&self, path: &ObjectPath, source: &Path) -> Result<Put, BlobError> {
        self.inner.put_file(path, source).await
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        if self.mutant == Mutant::ResultNotLookedFor && path.as_str().contains("/segment/") {
            return Ok(None);
        }
        self.inner.get(path).await
    }

    async fn get_range(&self, path: &ObjectPath, offset: u64, length: u64) -> Result<Option<ByteStream>, BlobError> {
        self.inner.get_range(path, offset, length).await
    }

    async fn head(&self, path: &ObjectPath) -> Result<Option<ObjectInfo>, BlobError> {
        self.inner.head(path).await
    }

    async fn list(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, BlobError> {
        // The recordings of a narration are listed by whoever deletes those of its earlier runs.
        if self.mutant == Mutant::DeletedByNarration && prefix.as_str().contains("/recording/") {
            self.inner.delete_prefix(prefix).await?;
        }
        self.inner.list(prefix, after, limit).await
    }

    async fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        self.inner.delete(path).await
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        self.inner.delete_prefix(prefix).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.inner.ping().await
    }

    async fn signed_url(&self, path: &ObjectPath, lifetime: Duration) -> Result<Option<String>, BlobError> {
        self.inner.signed_url(path, lifetime).await
    }
}
