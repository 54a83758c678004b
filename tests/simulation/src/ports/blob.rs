//! The object storage of a simulated process.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_blob::{Blob, BlobError, ByteStream, ObjectInfo, ObjectPath, Prefix, Put};

use crate::observer::Observer;
use crate::process::{Fault, Process};

/// How many reads, in thousandths of those that may, are cut short.
const TRUNCATED: u64 = 3;

/// Object storage that takes time and fails as its process is told.
#[derive(Debug)]
pub struct BlobPort {
    process: Arc<Process>,
    observer: Arc<Observer>,
    inner: Arc<dyn Blob>,
}

impl BlobPort {
    /// The storage `inner` as `process` has it.
    pub fn new(process: Arc<Process>, observer: Arc<Observer>, inner: Arc<dyn Blob>) -> Self {
        Self { process, observer, inner }
    }

    async fn call<T: Send>(
        &self,
        op: &'static str,
        subject: &str,
        effect: impl Future<Output = Result<T, BlobError>> + Send,
    ) -> Result<T, BlobError> {
        let fault = self.process.fault();
        let failed = || BlobError::Unavailable { what: op.to_owned(), source: io::Error::other("injected") };
        self.process
            .call(op, subject, async {
                match fault {
                    None => effect.await,
                    Some(Fault::Refused | Fault::LostRequest) => {
                        self.process.trace.count("blob: failed calls");
                        Err(failed())
                    }
                    Some(Fault::LostAnswer) => {
                        self.process.trace.count("blob: calls failed after the effect");
                        drop(effect.await);
                        Err(failed())
                    }
                }
            })
            .await
    }
}

#[async_trait]
impl Blob for BlobPort {
    async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<Put, BlobError> {
        self.call("put", path.as_str(), self.inner.put(path, bytes)).await
    }

    async fn put_stream(&self, path: &ObjectPath, content: ByteStream) -> Result<Put, BlobError> {
        self.call("put_stream", path.as_str(), self.inner.put_stream(path, content)).await
    }

    async fn put_file(&self, path: &ObjectPath, source: &Path) -> Result<Put, BlobError> {
        self.call("put_file", path.as_str(), self.inner.put_file(path, source)).await
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        let truncated = self.process.happens(TRUNCATED);
        self.call("read", path.as_str(), async {
            self.observer.looked(&self.process.name, path.as_str());
            let found = self.inner.get(path).await?;
            if truncated && found.is_some() {
                self.process.trace.count("blob: reads cut short");
                self.observer.cut_short(path.as_str());
                return Err(BlobError::Damaged { path: path.clone(), why: "injected: cut short".to_owned() });
            }
            Ok(found)
        })
        .await
    }

    async fn get_range(&self, path: &ObjectPath, offset: u64, length: u64) -> Result<Option<ByteStream>, BlobError> {
        self.call("get_range", path.as_str(), self.inner.get_range(path, offset, length)).await
    }

    async fn head(&self, path: &ObjectPath) -> Result<Option<ObjectInfo>, BlobError> {
        self.call("head", path.as_str(), self.inner.head(path)).await
    }

    async fn list(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, BlobError> {
        self.call("list", prefix.as_str(), self.inner.list(prefix, after, limit)).await
    }

    async fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        self.call("delete", path.as_str(), self.inner.delete(path)).await
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        self.call("delete_prefix", prefix.as_str(), self.inner.delete_prefix(prefix)).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.call("ping", "", self.inner.ping()).await
    }

    async fn signed_url(&self, path: &ObjectPath, lifetime: Duration) -> Result<Option<String>, BlobError> {
        self.inner.signed_url(path, lifetime).await
    }
}

/// The one storage of a world, below all processes and defects: it tells the observer of what is
/// durable.
#[derive(Debug)]
pub struct Watched {
    observer: Arc<Observer>,
    inner: lectern_blob::memory::MemoryBlob,
}

impl Watched {
    /// The storage `inner`, told of to `observer`.
    pub const fn new(observer: Arc<Observer>, inner: lectern_blob::memory::MemoryBlob) -> Self {
        Self { observer, inner }
    }
}

#[async_trait]
impl Blob for Watched {
    async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<Put, BlobError> {
        // Nothing is awaited between the effect and its return.
        let put = self.inner.put(path, bytes).await?;
        self.observer.stored(path.as_str());
        Ok(put)
    }

    async fn put_stream(&self, path: &ObjectPath, content: ByteStream) -> Result<Put, BlobError> {
        let put = self.inner.put_stream(path, content).await?;
        self.observer.stored(path.as_str());
        Ok(put)
    }

    async fn put_file(&self, path: &ObjectPath, source: &Path) -> Result<Put, BlobError> {
        let put = self.inner.put_file(path, source).await?;
        self.observer.stored(path.as_str());
        Ok(put)
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
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
        self.inner.list(prefix, after, limit).await
    }

    async fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        let was = self.inner.delete(path).await?;
        self.observer.erased(|erased| erased == path.as_str());
        Ok(was)
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        let gone = self.inner.delete_prefix(prefix).await?;
        let under = format!("{}/", prefix.as_str().trim_end_matches('/'));
        self.observer.erased(|erased| erased.starts_with(&under));
        Ok(gone)
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.inner.ping().await
    }

    async fn signed_url(&self, path: &ObjectPath, lifetime: Duration) -> Result<Option<String>, BlobError> {
        self.inner.signed_url(path, lifetime).await
    }
}
