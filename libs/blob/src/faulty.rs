//! Any other adapter, made to fail as a file says. For tests of whole processes only: what object
//! storage that is slow, fails, or cuts reads short does to them.
//!
//! The file is JSON, and read again after 100 ms at most; what it leaves out does not happen:
//!
//! ```json
//! {"fail": 0.2, "fail_after": 0.1, "truncate": 0.1, "delay_ms": 300}
//! ```
//!
//! Every fault is one line of the log, `object storage was disturbed` with `fault`, so that a test
//! sees that it was hit.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::{Failure, Kind, Random, Reason};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::time::Instant;
use tracing::debug;

use crate::{Blob, BlobError, ByteStream, ObjectInfo, ObjectPath, Prefix, Put};

/// For how long what the file said is believed.
const BELIEVED: Duration = Duration::from_millis(100);

/// What goes wrong. Shares are of the calls, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// Calls that fail without doing anything.
    pub fail: f64,
    /// Calls that do their work and fail all the same, as when the answer is lost.
    pub fail_after: f64,
    /// Reads that end early.
    pub truncate: f64,
    /// How much longer every call takes, in milliseconds.
    pub delay_ms: u64,
}

impl Control {
    fn read(file: &Path) -> io::Result<Self> {
        serde_json::from_slice(&std::fs::read(file)?).map_err(io::Error::other)
    }
}

/// Object storage that is disturbed.
#[derive(Debug)]
pub struct FaultyBlob {
    inner: Arc<dyn Blob>,
    file: PathBuf,
    random: Arc<dyn Random>,
    known: Mutex<(Instant, Control)>,
}

impl FaultyBlob {
    /// Disturbs `inner` as the control file says.
    ///
    /// # Errors
    /// `INVALID_FIELD` at `blob.url` when the file is not there or not such JSON.
    pub fn new(inner: Arc<dyn Blob>, file: PathBuf, random: Arc<dyn Random>) -> Result<Self, Failure> {
        let control = Control::read(&file).map_err(|error| {
            let message =
                format!("the control file {} cannot be used: {error}; `faulty:` is for tests", file.display());
            Failure::new(Kind::InvalidArgument, Reason::InvalidField, message).at("blob.url")
        })?;
        Ok(Self { inner, file, random, known: Mutex::new((Instant::now(), control)) })
    }

    fn control(&self) -> Control {
        let mut known = self.known.lock();
        if known.0.elapsed() >= BELIEVED {
            // A file that is just being replaced is read at the next call.
            let control = Control::read(&self.file).unwrap_or(known.1);
            *known = (Instant::now(), control);
        }
        known.1
    }

    fn happens(&self, share: f64) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "53 bits are as good as 64 here")]
        let drawn = (self.random.next() >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < share
    }

    /// Waits, and fails as the file says. Whether the answer of the call that follows is to be
    /// lost.
    async fn enter(&self, what: &str) -> Result<bool, BlobError> {
        let control = self.control();
        if control.delay_ms > 0 {
            debug!(fault = "delay", what, "object storage was disturbed");
            tokio::time::sleep(Duration::from_millis(control.delay_ms)).await;
        }
        if self.happens(control.fail) {
            debug!(fault = "fail", what, "object storage was disturbed");
            return Err(disturbed(what));
        }
        Ok(self.happens(control.fail_after))
    }

    fn leave<T>(what: &str, lost: bool, answer: Result<T, BlobError>) -> Result<T, BlobError> {
        if !lost {
            return answer;
        }
        debug!(fault = "fail_after", what, "object storage was disturbed");
        answer.and_then(|_| Err(disturbed(what)))
    }

    fn truncates(&self, path: &ObjectPath) -> bool {
        let truncates = self.happens(self.control().truncate);
        if truncates {
            debug!(fault = "truncate", %path, "object storage was disturbed");
        }
        truncates
    }
}

fn disturbed(what: &str) -> BlobError {
    BlobError::io(what)(io::Error::other("injected fault"))
}

#[async_trait]
impl Blob for FaultyBlob {
    async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<Put, BlobError> {
        let lost = self.enter("store an object").await?;
        Self::leave("store an object", lost, self.inner.put(path, bytes).await)
    }

    async fn put_stream(&self, path: &ObjectPath, content: ByteStream) -> Result<Put, BlobError> {
        let lost = self.enter("store an object").await?;
        Self::leave("store an object", lost, self.inner.put_stream(path, content).await)
    }

    async fn put_file(&self, path: &ObjectPath, source: &Path) -> Result<Put, BlobError> {
        let lost = self.enter("store an object").await?;
        Self::leave("store an object", lost, self.inner.put_file(path, source).await)
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        let lost = self.enter("read an object").await?;
        let found = self.inner.get(path).await?;
        if let Some(bytes) = &found
            && self.truncates(path)
        {
            let why = format!("{} bytes were put, {} are read", bytes.len(), bytes.len() / 2);
            return Err(BlobError::Damaged { path: path.clone(), why });
        }
        Self::leave("read an object", lost, Ok(found))
    }

    async fn get_range(&self, path: &ObjectPath, offset: u64, length: u64) -> Result<Option<ByteStream>, BlobError> {
        let lost = self.enter("read an object").await?;
        let mut found = self.inner.get_range(path, offset, length).await?;
        if found.is_some() && self.truncates(path) {
            let cut = Err(io::Error::new(io::ErrorKind::UnexpectedEof, "injected fault"));
            found = found.map(|stream| stream.take(1).chain(futures::stream::iter([cut])).boxed());
        }
        Self::leave("read an object", lost, Ok(found))
    }

    async fn head(&self, path: &ObjectPath) -> Result<Option<ObjectInfo>, BlobError> {
        let lost = self.enter("read an object").await?;
        Self::leave("read an object", lost, self.inner.head(path).await)
    }

    async fn list(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, BlobError> {
        let lost = self.enter("list objects").await?;
        Self::leave("list objects", lost, self.inner.list(prefix, after, limit).await)
    }

    async fn names(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectPath>, BlobError> {
        let lost = self.enter("list objects").await?;
        Self::leave("list objects", lost, self.inner.names(prefix, after, limit).await)
    }

    async fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        let lost = self.enter("delete an object").await?;
        Self::leave("delete an object", lost, self.inner.delete(path).await)
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        let lost = self.enter("delete objects").await?;
        Self::leave("delete objects", lost, self.inner.delete_prefix(prefix).await)
    }

    async fn ping(&self) -> Result<(), BlobError> {
        let lost = self.enter("answer").await?;
        Self::leave("answer", lost, self.inner.ping().await)
    }

    async fn signed_url(&self, path: &ObjectPath, lifetime: Duration) -> Result<Option<String>, BlobError> {
        self.inner.signed_url(path, lifetime).await
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::clock::ManualClock;
    use lectern_core::random::SeededRandom;
    use lectern_core::{OsRandom, Timestamp};

    use super::*;
    use crate::memory::MemoryBlob;

    struct Disturbed {
        blob: FaultyBlob,
        inner: MemoryBlob,
        file: PathBuf,
        _dir: tempfile::TempDir,
    }

    fn start(control: &str) -> Disturbed {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("control.json");
        std::fs::write(&file, control).unwrap();
        let inner = MemoryBlob::new(Arc::new(ManualClock::at(Timestamp(0))));
        let blob = FaultyBlob::new(Arc::new(inner.clone()), file.clone(), Arc::new(SeededRandom::new(7))).unwrap();
        Disturbed { blob, inner, file, _dir: dir }
    }

    fn name(text: &str) -> ObjectPath {
        ObjectPath::new(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn faults_come_and_go_as_the_file_says() {
        let it = start(r#"{"fail": 1}"#);
        let put = it.blob.put(&name("a"), Bytes::from_static(b"abcd")).await;
        assert!(matches!(put, Err(BlobError::Unavailable { .. })), "{put:?}");
        assert_eq!(it.inner.count(), 0, "a call that fails does nothing");

        std::fs::write(&it.file, r#"{"fail_after": 1, "delay_ms": 300}"#).unwrap();
        tokio::time::advance(BELIEVED).await;
        let began = Instant::now();
        assert!(it.blob.put(&name("a"), Bytes::from_static(b"abcd")).await.is_err());
        assert_eq!((it.inner.count(), began.elapsed()), (1, Duration::from_millis(300)), "done, and the answer lost");

        std::fs::write(&it.file, r#"{"truncate": 1}"#).unwrap();
        tokio::time::advance(BELIEVED).await;
        let read = it.blob.get(&name("a")).await;
        assert!(matches!(read, Err(BlobError::Damaged { .. })), "{read:?}");
        let mut range = it.blob.get_range(&name("a"), 0, 4).await.unwrap().unwrap();
        assert_eq!(range.next().await.unwrap().unwrap(), Bytes::from_static(b"abcd"));
        assert_eq!(range.next().await.unwrap().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);

        std::fs::write(&it.file, "{").unwrap();
        tokio::time::advance(BELIEVED).await;
        assert!(it.blob.get(&name("a")).await.is_err(), "a file that cannot be read changes nothing");
        std::fs::write(&it.file, "{}").unwrap();
        tokio::time::advance(BELIEVED).await;
        assert_eq!(it.blob.get(&name("a")).await.unwrap(), Some(Bytes::from_static(b"abcd")));
    }

    #[tokio::test]
    async fn a_share_of_the_calls_is_hit() {
        let it = start(r#"{"fail": 0.25}"#);
        let mut failed = 0;
        for _ in 0..400 {
            failed += u32::from(it.blob.head(&name("a")).await.is_err());
        }
        assert!((60..140).contains(&failed), "{failed} of 400");
    }

    #[test]
    fn without_its_file_it_is_refused() {
        let inner: Arc<dyn Blob> = Arc::new(MemoryBlob::new(Arc::new(ManualClock::at(Timestamp(0)))));
        let refused = FaultyBlob::new(inner, PathBuf::from("/nowhere/control.json"), Arc::new(OsRandom)).unwrap_err();
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("blob.url")));
    }
}
