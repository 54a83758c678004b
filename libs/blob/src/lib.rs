//! The object storage port and its adapters.
//!
//! Objects are immutable and named by what decides their content, so there is no overwrite: a put
//! of a name that is there already leaves the object as it was and says so. A put has reached
//! stable storage when it returns, so a record that is committed afterwards never refers to an
//! object that a crash takes away (invariant I5). Every object carries its CRC32C; whole reads
//! check it.
//!
//! | URL | adapter |
//! | --- | --- |
//! | `file:PATH` | [`fs::FsBlob`]: a directory, which several processes may share |
//! | `gs://BUCKET/FOLDER` | [`gcs::GcsBlob`]: Google Cloud Storage |
//! | `memory:` | [`memory::MemoryBlob`]: for tests, with injected faults |
//! | `faulty:FILE+URL` | [`faulty::FaultyBlob`]: for tests, that of `URL` disturbed as the JSON in `FILE` says |

mod error;
pub mod faulty;
pub mod fs;
pub mod gcs;
pub mod memory;
pub mod objects;
mod path;

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use lectern_core::{Clock, Failure, OsRandom, Timestamp};

pub use error::BlobError;
pub use objects::Objects;
pub use path::{NotAPath, ObjectPath, Prefix};

/// The content of an object, in pieces. An error ends it.
pub type ByteStream = BoxStream<'static, Result<Bytes, io::Error>>;

/// Most objects in one page of [`Blob::list`].
pub const MAX_PAGE: usize = 1_000;

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its name.
    pub path: ObjectPath,
    /// Its length in bytes.
    pub size: u64,
    /// CRC32C (Castagnoli) of its bytes, as it was when they were put.
    pub crc32c: u32,
    /// When it was put.
    pub modified: Timestamp,
}

/// What became of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is new.
    Stored,
    /// An object of that name was there already and stays as it was; it is as durable as a new one.
    AlreadyThere,
}

/// Object storage.
///
/// Calls may be repeated after any error: a put that failed has either left nothing or a whole
/// object.
#[async_trait]
pub trait Blob: Send + Sync + Debug {
    /// Puts `bytes` under `path` if nothing is there. Durable when it returns.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<Put, BlobError>;

    /// Like [`Blob::put`] for content of unknown length. When `content` yields an error nothing is
    /// stored.
    ///
    /// # Errors
    /// [`BlobError::Source`] with the error of `content`; [`BlobError::Unavailable`].
    async fn put_stream(&self, path: &ObjectPath, content: ByteStream) -> Result<Put, BlobError>;

    /// Like [`Blob::put`] with a copy of the file `source`, which must not change meanwhile.
    ///
    /// # Errors
    /// [`BlobError::Source`] when the file cannot be read; [`BlobError::Unavailable`].
    async fn put_file(&self, path: &ObjectPath, source: &Path) -> Result<Put, BlobError>;

    /// The whole object, checked against its CRC32C; `None` when there is none.
    ///
    /// # Errors
    /// [`BlobError::Damaged`] when what is read is not what was put; [`BlobError::Unavailable`].
    async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError>;

    /// `length` bytes from `offset`, fewer where the object ends before; `None` when there is no
    /// object. A stream that is cut short ends with [`io::ErrorKind::UnexpectedEof`]. A range is
    /// not checked against the CRC32C.
    ///
    /// # Errors
    /// [`BlobError::OutOfRange`] when `offset` is past the end; [`BlobError::Damaged`];
    /// [`BlobError::Unavailable`].
    async fn get_range(&self, path: &ObjectPath, offset: u64, length: u64) -> Result<Option<ByteStream>, BlobError>;

    /// What is known of the object; `None` when there is none.
    ///
    /// # Errors
    /// [`BlobError::Damaged`]; [`BlobError::Unavailable`].
    async fn head(&self, path: &ObjectPath) -> Result<Option<ObjectInfo>, BlobError>;

    /// The objects under `prefix`, in byte order of their paths, from the first one after `after`;
    /// at most `limit` and at most [`MAX_PAGE`]. An empty page is the end.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn list(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, BlobError>;

    /// The names of the objects under `prefix`, in byte order, from the first one after `after`; at
    /// most `limit`, and an adapter may give fewer. An empty page is the end. The objects are not
    /// looked at, so damaged ones are named too: what erases must count them.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn names(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectPath>, BlobError> {
        Ok(self.list(prefix, after, limit).await?.into_iter().map(|object| object.path).collect())
    }

    /// Deletes the object, durably; whether there was one.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError>;

    /// Deletes every object under `prefix`, durably; how many there were. Objects put meanwhile may
    /// stay.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`]; some objects may be gone then.
    async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError>;

    /// Whether storage answers and can be written: a health check.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn ping(&self) -> Result<(), BlobError>;

    /// A URL under which anybody may read the object for `lifetime`; `None` where the adapter has
    /// none to give and the caller has to stream the bytes itself. No service asks for one yet.
    ///
    /// # Errors
    /// [`BlobError::Unavailable`].
    async fn signed_url(&self, path: &ObjectPath, lifetime: Duration) -> Result<Option<String>, BlobError>;
}

/// What `url` does not say.
#[derive(Debug, Clone, Default)]
pub struct ConnectOptions {
    /// Of `gs:`: where an emulator is; empty for Google's own.
    pub endpoint: String,
    /// Of `gs:`: the key of Cloud KMS for new objects; empty for the bucket's default.
    pub kms_key: String,
}

/// Opens the storage that `url` names; the module page lists the forms.
///
/// # Errors
/// `INVALID_FIELD` at `blob.url` for a URL that is not known or a bucket that is not fit, at
/// `blob.endpoint` and `blob.kms_key`; `BLOB_UNAVAILABLE` when it cannot be opened.
pub async fn connect(url: &str, options: &ConnectOptions, clock: Arc<dyn Clock>) -> Result<Arc<dyn Blob>, Failure> {
    let known = "use gs://BUCKET/FOLDER for Google Cloud Storage, file:PATH for a directory or memory: for nothing \
                 that lasts";
    let (scheme, rest) = url
        .split_once(':')
        .ok_or_else(|| Failure::invalid("blob.url", format!("{url:?} is not a URL of object storage; {known}")))?;
    match scheme {
        "file" => {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() {
                return Err(Failure::invalid("blob.url", format!("{url:?} names no directory; {known}")));
            }
            Ok(Arc::new(fs::FsBlob::open(path).await?))
        }
        "gs" => {
            let ConnectOptions { endpoint, kms_key } = options.clone();
            let options = gcs::GcsOptions { endpoint, kms_key, signing: None };
            Ok(Arc::new(Box::pin(gcs::GcsBlob::open(rest, options, Arc::new(OsRandom))).await?))
        }
        "memory" => Ok(Arc::new(memory::MemoryBlob::new(clock))),
        "faulty" => {
            let (file, url) = rest
                .split_once('+')
                .ok_or_else(|| Failure::invalid("blob.url", format!("{url:?} is not faulty:CONTROL_FILE+URL")))?;
            let inner = Box::pin(connect(url, options, clock)).await?;
            Ok(Arc::new(faulty::FaultyBlob::new(inner, file.into(), Arc::new(OsRandom))?))
        }
        other => Err(Failure::invalid("blob.url", format!("object storage {other:?} is not known; {known}"))),
    }
}
