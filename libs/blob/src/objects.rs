//! One scope's objects: bytes and JSON by the names that `lectern_core::keys::Folder` gives them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::{ScopeId, TenantId};
use lectern_core::keys::{Folder, ObjectKind};
use lectern_core::{Failure, Kind, Reason};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::debug;

use crate::{Blob, BlobError, ObjectPath, Prefix, Put};

/// The pauses before what seems damaged is read once more.
const AGAIN: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(500), Duration::from_secs(2)];

/// Names that are asked for at once: 3 MB of them at most, and few walks over a large folder.
const NAMES: usize = 20_000;

/// The objects of one tenant's scope.
#[derive(Debug, Clone)]
pub struct Objects {
    blob: Arc<dyn Blob>,
    folder: Folder,
}

impl Objects {
    /// The objects of `tenant`'s `scope` in `blob`.
    #[must_use]
    pub fn new(blob: Arc<dyn Blob>, tenant: &TenantId, scope: &ScopeId) -> Self {
        Self { blob, folder: Folder::new(tenant, scope) }
    }

    /// Names of objects in this scope.
    #[must_use]
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The storage they lie in.
    #[must_use]
    pub const fn blob(&self) -> &Arc<dyn Blob> {
        &self.blob
    }

    /// Reads an object, none if it is not there. What seems damaged is [read again](read_again).
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `OBJECT_DAMAGED`.
    pub async fn find(&self, path: &str) -> Result<Option<Bytes>, Failure> {
        let path = self::path(path)?;
        Ok(read_again(|| self.blob.get(&path)).await?)
    }

    /// Reads an object that must be there.
    ///
    /// # Errors
    /// `OBJECT_DAMAGED` when it is not there: erased, or lost by storage; `BLOB_UNAVAILABLE`.
    pub async fn read(&self, path: &str) -> Result<Bytes, Failure> {
        self.find(path).await?.ok_or_else(|| gone(path))
    }

    /// Whether an object is there.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `OBJECT_DAMAGED`.
    pub async fn exists(&self, path: &str) -> Result<bool, Failure> {
        let path = self::path(path)?;
        Ok(read_again(|| self.blob.head(&path)).await?.is_some())
    }

    /// Puts an object if it is not there.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`.
    pub async fn write(&self, path: &str, bytes: impl Into<Bytes> + Send) -> Result<Put, Failure> {
        let path = self::path(path)?;
        Ok(self.blob.put(&path, bytes.into()).await?)
    }

    /// Reads a JSON object, none if it is not there.
    ///
    /// # Errors
    /// `OBJECT_DAMAGED` when it is not of this type; `BLOB_UNAVAILABLE`.
    pub async fn find_json<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Failure> {
        self.find(path).await?.map(|bytes| decode(path, &bytes)).transpose()
    }

    /// Reads a JSON object that must be there.
    ///
    /// # Errors
    /// `OBJECT_DAMAGED` when it is not there or not of this type; `BLOB_UNAVAILABLE`.
    pub async fn read_json<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let bytes = self.read(path).await?;
        decode(path, &bytes)
    }

    /// Puts a value as JSON if nothing is there.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`.
    pub async fn write_json<T: Serialize + Sync>(&self, path: &str, value: &T) -> Result<Put, Failure> {
        let bytes = serde_json::to_vec(value)
            .map_err(|e| Failure::internal(format!("{path} cannot be written as JSON: {e}")))?;
        self.write(path, bytes).await
    }

    /// How many objects of each kind there are in this scope.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`.
    pub async fn kinds(&self) -> Result<BTreeMap<ObjectKind, u64>, Failure> {
        let prefix = self::prefix(&self.folder.all())?;
        let mut kinds: BTreeMap<ObjectKind, u64> = BTreeMap::new();
        let mut after: Option<ObjectPath> = None;
        loop {
            let mut names = self.blob.names(&prefix, after.as_ref(), NAMES).await?;
            for name in &names {
                *kinds.entry(self.folder.kind(name.as_str())).or_default() += 1;
            }
            match names.pop() {
                Some(last) => after = Some(last),
                None => return Ok(kinds),
            }
        }
    }

    /// Deletes everything under a prefix of this scope.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`.
    pub async fn delete_all(&self, prefix: &str) -> Result<u64, Failure> {
        Ok(self.blob.delete_prefix(&self::prefix(prefix)?).await?)
    }
}

/// Reads up to three times more, over 2.5 s, what seems damaged: a read that was cut short looks
/// like damage, and a damaged object ends its narration. Only what is still damaged then is.
///
/// # Errors
/// Those of the last read.
pub async fn read_again<T, F>(read: impl Fn() -> F) -> Result<T, BlobError>
where
    F: Future<Output = Result<T, BlobError>>,
{
    for pause in AGAIN {
        match read().await {
            Err(error @ BlobError::Damaged { .. }) => {
                debug!(%error, "read again");
                tokio::time::sleep(pause).await;
            }
            read => return read,
        }
    }
    read().await
}

fn prefix(prefix: &str) -> Result<Prefix, Failure> {
    Prefix::new(prefix.trim_end_matches('/')).map_err(|e| Failure::internal(format!("{prefix}: {e}")))
}

fn path(path: &str) -> Result<ObjectPath, Failure> {
    path.parse().map_err(|e| Failure::internal(format!("{path}: {e}")))
}

fn gone(path: &str) -> Failure {
    Failure::new(
        Kind::DataLoss,
        Reason::ObjectDamaged,
        format!("object {path} is not there: its document was erased, or storage lost it; hand the document in again"),
    )
}

fn decode<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|e| Failure::new(Kind::DataLoss, Reason::ObjectDamaged, format!("object {path} cannot be read: {e}")))
}

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;
    use lectern_core::clock::ManualClock;
    use lectern_core::random::SeededRandom;
    use tokio::time::Instant;

    use super::*;
    use crate::faulty::FaultyBlob;
    use crate::memory::MemoryBlob;

    #[tokio::test(start_paused = true)]
    async fn a_read_that_was_cut_short_is_read_again_and_damage_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let control = dir.path().join("control.json");
        std::fs::write(&control, r#"{"truncate": 1}"#).unwrap();
        let blob = Arc::new(MemoryBlob::new(Arc::new(ManualClock::at(Timestamp(0)))));
        let faulty = FaultyBlob::new(blob, control.clone(), Arc::new(SeededRandom::new(1))).unwrap();
        let tenant = "t-1".parse().unwrap();
        let objects = Objects::new(Arc::new(faulty), &tenant, &"d-1".parse().unwrap());
        objects.write("t/d/x", "whole").await.unwrap();

        let began = Instant::now();
        let damaged = objects.read("t/d/x").await.unwrap_err();
        assert_eq!((damaged.reason, began.elapsed()), (Reason::ObjectDamaged, AGAIN.iter().sum()));

        let (read, ()) = tokio::join!(objects.read("t/d/x"), async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            std::fs::write(&control, "{}").unwrap();
        });
        assert_eq!(read.unwrap(), "whole");
    }

    #[tokio::test]
    async fn the_objects_of_a_scope_are_counted_by_kind_and_no_others() {
        let blob = Arc::new(MemoryBlob::new(Arc::new(ManualClock::at(Timestamp(0)))));
        let objects = Objects::new(blob, &"t-1".parse().unwrap(), &"d-1".parse().unwrap());
        assert_eq!(objects.kinds().await.unwrap(), BTreeMap::new());
        for path in ["t-1/d-1/source/a", "t-1/d-1/segment/a", "t-1/d-1/odd", "t-1/d-10/source/a"] {
            objects.write(path, "x").await.unwrap();
        }
        // More than a page of the adapter.
        for i in 0..crate::MAX_PAGE {
            objects.write(&format!("t-1/d-1/segment/b{i}"), "x").await.unwrap();
        }
        let expected = [(ObjectKind::Source, 1), (ObjectKind::Segment, 1_001), (ObjectKind::Other, 1)];
        assert_eq!(objects.kinds().await.unwrap(), BTreeMap::from(expected));
    }
}
