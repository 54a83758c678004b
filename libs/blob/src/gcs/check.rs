//! What is looked at when a service starts: how the bucket is set up, and what the account may do
//! in it.

use bytes::Bytes;
use google_cloud_storage::model::Bucket;
use lectern_core::{Failure, Kind, Reason};
use tracing::{info, warn};

use super::GcsBlob;
use super::attempts::attempts;
use super::trouble::{Meaning, Trouble};
use crate::{Blob as _, BlobError, ObjectPath, Put};

impl GcsBlob {
    /// Refuses a bucket that cannot hold what Lectern promises, warns about one that could be
    /// better, and tries to put, read and delete an object.
    ///
    /// # Errors
    /// `INVALID_FIELD` at `blob.url`, saying which command mends it; `BLOB_UNAVAILABLE`.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        let found = attempts(&*self.random, |_| self.control.get_bucket().set_name(self.place.resource()).send());
        match found.await {
            Ok(bucket) => self.judge(&bucket)?,
            Err(trouble) => self.not_seen(trouble)?,
        }
        self.try_out().await
    }

    fn not_seen(&self, trouble: Trouble) -> Result<(), Failure> {
        let bucket = self.place.bucket();
        match trouble.meaning() {
            Meaning::Missing => Err(refused(format!(
                "the bucket {bucket} is not there; make it: gcloud storage buckets create gs://{bucket} \
                 --location=LOCATION --uniform-bucket-level-access --public-access-prevention"
            ))),
            Meaning::Denied => {
                warn!(
                    bucket,
                    "the account may not read how the bucket is set up, so that is not checked; grant \
                     roles/storage.bucketViewer to have it checked"
                );
                Ok(())
            }
            Meaning::Condition | Meaning::Range | Meaning::Passing | Meaning::Lasting => {
                Err(trouble.into_error(format!("look at the bucket {bucket}")).into())
            }
        }
    }

    fn judge(&self, bucket: &Bucket) -> Result<(), Failure> {
        let name = self.place.bucket();
        let access = bucket.iam_config.as_ref();
        let uniform = access.and_then(|access| access.uniform_bucket_level_access.as_ref());
        if !uniform.is_some_and(|uniform| uniform.enabled) {
            return Err(refused(format!(
                "the bucket {name} has access control lists, by which single objects can be opened to others; turn \
                 them off: gcloud storage buckets update gs://{name} --uniform-bucket-level-access"
            )));
        }
        if bucket
            .retention_policy
            .as_ref()
            .and_then(|policy| policy.retention_duration)
            .is_some_and(|d| d.seconds() > 0)
        {
            return Err(refused(format!(
                "the bucket {name} has a retention policy, so that nothing in it can be erased when a tenant asks for \
                 it; remove it: gcloud storage buckets update gs://{name} --clear-retention-period"
            )));
        }
        if bucket.default_event_based_hold {
            return Err(refused(format!(
                "the bucket {name} holds every new object, so that none can be erased; turn that off: gcloud storage \
                 buckets update gs://{name} --no-default-event-based-hold"
            )));
        }
        if access.is_none_or(|access| access.public_access_prevention != "enforced") {
            warn!(
                bucket = name,
                "the bucket can be opened to everybody; enforce that it cannot: gcloud storage buckets update \
                 gs://{name} --public-access-prevention"
            );
        }
        if bucket.versioning.as_ref().is_some_and(|versioning| versioning.enabled) {
            warn!(
                bucket = name,
                "the bucket keeps old versions, so what is erased stays readable; turn that off: gcloud storage \
                 buckets update gs://{name} --no-versioning"
            );
        }
        let kept = bucket.soft_delete_policy.as_ref().and_then(|policy| policy.retention_duration);
        let days = kept.map_or(0, |kept| kept.seconds()) / 86_400;
        if days > 0 {
            info!(
                bucket = name,
                days,
                "what is deleted can be restored by the bucket's owner, and is paid for, for so many days (soft delete)"
            );
        } else {
            info!(bucket = name, "what is deleted is gone at once (no soft delete)");
        }
        Ok(())
    }

    /// Puts, reads and deletes a small object: each needs a permission of its own.
    async fn try_out(&self) -> Result<(), Failure> {
        let path = ObjectPath::new(format!("start-check-{:016x}", self.random.next()))?;
        let content = Bytes::from_static(b"written by a service of Lectern at its start");
        let put = self.put(&path, content.clone()).await.map_err(|error| self.may_not(error))?;
        let read = self.get(&path).await.map_err(|error| self.may_not(error))?;
        let deleted = self.delete(&path).await.map_err(|error| self.may_not(error))?;
        if put != Put::Stored || read.as_ref() != Some(&content) || !deleted {
            let message = format!(
                "the bucket {} does not keep what is put into it (put: {put:?}, read: {} bytes, deleted: {deleted}); \
                 look for a lifecycle rule or another program that deletes there",
                self.place.bucket(),
                read.map_or(0, |read| read.len()),
            );
            return Err(Failure::new(Kind::Unavailable, Reason::BlobUnavailable, message));
        }
        Ok(())
    }

    fn may_not(&self, error: BlobError) -> Failure {
        match &error {
            BlobError::Unavailable { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                refused(format!(
                    "{error} (gcloud storage buckets add-iam-policy-binding gs://{} --member=serviceAccount:ACCOUNT \
                     --role=roles/storage.objectUser)",
                    self.place.bucket()
                ))
            }
            BlobError::Unavailable { .. }
            | BlobError::Damaged { .. }
            | BlobError::OutOfRange { .. }
            | BlobError::Source(_)
            | BlobError::Path(_) => error.into(),
        }
    }
}

fn refused(message: String) -> Failure {
    Failure::new(Kind::FailedPrecondition, Reason::InvalidField, message).at("blob.url")
}
