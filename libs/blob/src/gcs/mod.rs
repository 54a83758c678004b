//! Objects in Google Cloud Storage.
//!
//! The clients are Google's own: `Storage` for bytes (the JSON data plane) and `StorageControl` for
//! the rest (gRPC). What they leave to their caller is here: how often and for how long a call is
//! tried (`attempts.rs`), that an upload is what was sent and can be begun again (`upload.rs`,
//! `source.rs`), what the bucket must be (`check.rs`). That credentials do not die is seen to by
//! `lectern_google`. No object is overwritten, and none is deleted but in the generation that was
//! seen.

mod attempts;
mod check;
mod manage;
mod place;
mod read;
mod sign;
mod source;
mod trouble;
mod upload;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use google_cloud_auth::credentials::{Builder, anonymous, service_account};
use google_cloud_auth::signer::Signer;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_storage::client::{Storage, StorageControl};
use google_cloud_storage::read_resume_policy::{ReadResumePolicyExt as _, Recommended};
use lectern_core::{Failure, Kind, Random, Reason};
use lectern_google::{Credentials, install_provider};
use tracing::info;

use crate::{Blob, BlobError, ByteStream, ObjectInfo, ObjectPath, Prefix, Put};
use place::Place;
use sign::Signing;
use source::Content;

/// What the account must be allowed to do.
const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_write";
/// How often a download is gone on with where it broke off.
const RESUMED: u32 = 4;

/// How the adapter is set up.
#[derive(Debug, Clone, Default)]
pub struct GcsOptions {
    /// Where the service is; empty for Google's own. With another one nobody identifies themselves:
    /// it is an emulator.
    pub endpoint: String,
    /// The key of Cloud KMS that encrypts new objects
    /// (`projects/P/locations/L/keyRings/R/cryptoKeys/K`); empty for the bucket's default.
    pub kms_key: String,
    /// The credentials file of a service account that signs URLs, as JSON; none for the process's
    /// own account, or at an emulator for no signatures.
    pub signing: Option<serde_json::Value>,
}

/// Objects in a bucket, or in a folder of it.
#[derive(Debug)]
pub struct GcsBlob {
    place: Place,
    endpoint: String,
    kms_key: String,
    data: Storage,
    control: StorageControl,
    credentials: Credentials,
    signing: Signing,
    random: Arc<dyn Random>,
}

impl GcsBlob {
    /// Opens `gs://bucket/folder` (`rest` is what follows `gs:`) and looks whether the bucket is
    /// fit: uniform access, no retention, and the account may put, read and delete.
    ///
    /// # Errors
    /// `INVALID_FIELD` at `blob.url`, `blob.endpoint` or `blob.kms_key`, saying what to do;
    /// `BLOB_UNAVAILABLE`.
    pub async fn open(rest: &str, options: GcsOptions, random: Arc<dyn Random>) -> Result<Self, Failure> {
        let blob = Self::connect(rest, options, random).await?;
        blob.check().await?;
        blob.credentials.probe();
        Ok(blob)
    }

    /// [`Self::open`] without looking at the bucket.
    ///
    /// # Errors
    /// Those of [`Self::open`] that need no call.
    pub async fn connect(rest: &str, options: GcsOptions, random: Arc<dyn Random>) -> Result<Self, Failure> {
        let place = Place::parse(rest)?;
        let GcsOptions { endpoint, kms_key, signing } = options;
        if !(endpoint.is_empty() || endpoint.starts_with("http://") || endpoint.starts_with("https://")) {
            let message = format!("{endpoint:?} is no address of an emulator; write http://HOST:PORT, or nothing");
            return Err(Failure::invalid("blob.endpoint", message));
        }
        if !(kms_key.is_empty() || is_key(&kms_key)) {
            let form = "projects/P/locations/L/keyRings/R/cryptoKeys/K";
            return Err(Failure::invalid("blob.kms_key", format!("{kms_key:?} is no key of Cloud KMS; write {form}")));
        }
        install_provider();
        let emulated = !endpoint.is_empty();
        let credentials = Credentials::new("object storage", move || {
            if emulated {
                return Ok(anonymous::Builder::new().build());
            }
            Builder::default().with_scopes([SCOPE]).build().map_err(|error| error.to_string())
        })
        .map_err(|error| unavailable("find the credentials of the process (Application Default Credentials)", error))?;
        let mut data = Storage::builder()
            .with_credentials(credentials.shared())
            .with_retry_policy(NeverRetry)
            .with_read_resume_policy(Recommended.with_attempt_limit(RESUMED));
        let mut control =
            StorageControl::builder().with_credentials(credentials.shared()).with_retry_policy(NeverRetry);
        if emulated {
            data = data.with_endpoint(&endpoint);
            control = control.with_endpoint(&endpoint);
        }
        let data = data.build().await.map_err(|error| unavailable("make its client", error))?;
        let control = control.build().await.map_err(|error| unavailable("make its client", error))?;
        let signing = Signing::new(Box::new(move || signer(signing.clone(), emulated)))?;
        Ok(Self { place, endpoint, kms_key, data, control, credentials, signing, random })
    }
}

/// Who signs URLs; none where the account's kind has no signature.
fn signer(key: Option<serde_json::Value>, emulated: bool) -> Result<Option<Signer>, Failure> {
    if let Some(key) = key {
        let signer = service_account::Builder::new(key).build_signer();
        return signer.map(Some).map_err(|error| unavailable("read the key that signs URLs", error));
    }
    if emulated {
        return Ok(None);
    }
    match Builder::default().build_signer() {
        Ok(signer) => Ok(Some(signer)),
        Err(error) => {
            info!(%error, "this kind of account cannot sign URLs, so callers get the bytes through the gateway");
            Ok(None)
        }
    }
}

fn is_key(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let named = parts.iter().all(|part| !part.is_empty());
    named && matches!(parts.as_slice(), ["projects", _, "locations", _, "keyRings", _, "cryptoKeys", _])
}

fn unavailable(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Unavailable, Reason::BlobUnavailable, format!("object storage could not {what}: {error}"))
}

#[async_trait]
impl Blob for GcsBlob {
    async fn put(&self, path: &ObjectPath, bytes: Bytes) -> Result<Put, BlobError> {
        self.upload(path, &Content::bytes(bytes)).await
    }

    async fn put_stream(&self, path: &ObjectPath, content: ByteStream) -> Result<Put, BlobError> {
        self.upload(path, &Content::stream(content)).await
    }

    async fn put_file(&self, path: &ObjectPath, source: &Path) -> Result<Put, BlobError> {
        self.upload(path, &Content::file(source).await?).await
    }

    async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>, BlobError> {
        self.read(path).await
    }

    async fn get_range(&self, path: &ObjectPath, offset: u64, length: u64) -> Result<Option<ByteStream>, BlobError> {
        self.read_range(path, offset, length).await
    }

    async fn head(&self, path: &ObjectPath) -> Result<Option<ObjectInfo>, BlobError> {
        let found = self.find(path).await?;
        found.map(|object| place::info(path.clone(), &object)).transpose()
    }

    async fn list(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, BlobError> {
        self.infos(prefix, after, limit).await
    }

    async fn names(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectPath>, BlobError> {
        Ok(self.page(prefix, after, limit).await?.into_iter().map(|(path, _)| path).collect())
    }

    async fn delete(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        self.delete_one(path).await
    }

    async fn delete_prefix(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        self.delete_under(prefix).await
    }

    async fn ping(&self) -> Result<(), BlobError> {
        self.page(&Prefix::all(), None, 1).await.map(drop)
    }

    async fn signed_url(&self, path: &ObjectPath, lifetime: Duration) -> Result<Option<String>, BlobError> {
        Ok(self.sign(path, lifetime).await)
    }
}
