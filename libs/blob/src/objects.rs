//! One scope's objects: bytes and JSON by the names that `lectern_core::keys::Folder` gives them.

use std::sync::Arc;

use bytes::Bytes;
use lectern_core::id::{ScopeId, TenantId};
use lectern_core::keys::Folder;
use lectern_core::{Failure, Kind, Reason};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Blob, ObjectPath, Prefix, Put};

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

    /// Reads an object, none if it is not there.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `OBJECT_DAMAGED`.
    pub async fn find(&self, path: &str) -> Result<Option<Bytes>, Failure> {
        Ok(self.blob.get(&self::path(path)?).await?)
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
        Ok(self.blob.head(&self::path(path)?).await?.is_some())
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

    /// Deletes everything under a prefix of this scope.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`.
    pub async fn delete_all(&self, prefix: &str) -> Result<u64, Failure> {
        let prefix =
            Prefix::new(prefix.trim_end_matches('/')).map_err(|e| Failure::internal(format!("{prefix}: {e}")))?;
        Ok(self.blob.delete_prefix(&prefix).await?)
    }
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
