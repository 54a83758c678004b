//! The control plane: what of `google.storage.v2` the clients use beside the data plane. All else
//! is `UNIMPLEMENTED`.

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};

use super::bucket::{NotWritten, Object};
use super::faults::GcsFault;
use super::proto::{iam, v2};
use super::serve::begin;
use super::{BUCKET, State};

/// Most objects of one page.
const PAGE: usize = 1_000;

#[derive(Debug)]
pub(super) struct Control(pub Arc<State>);

type Answer<T> = Result<Response<T>, Status>;

fn unimplemented<T>(what: &str) -> Answer<T> {
    Err(Status::unimplemented(format!("the fake does not know {what}; look up what the real one does")))
}

/// Refuses what was set of what is not known.
fn only(known: &[(bool, &str)]) -> Result<(), Status> {
    match known.iter().find(|(set, _)| *set) {
        Some((_, field)) => unimplemented(field).map(|_: Response<()>| ()),
        None => Ok(()),
    }
}

fn object(object: &Object) -> v2::Object {
    let time = prost_types::Timestamp {
        seconds: object.generation.div_euclid(1_000_000),
        nanos: i32::try_from(object.generation.rem_euclid(1_000_000) * 1_000).unwrap_or(0),
    };
    v2::Object {
        name: object.name.clone(),
        bucket: format!("projects/_/buckets/{BUCKET}"),
        generation: object.generation,
        metageneration: 1,
        size: i64::try_from(object.size).unwrap_or(i64::MAX),
        content_type: object.content_type.clone(),
        storage_class: "STANDARD".to_owned(),
        kms_key: object.kms_key.clone(),
        metadata: object.metadata.clone().into_iter().collect(),
        create_time: Some(time),
        update_time: Some(time),
        finalize_time: Some(time),
        checksums: Some(v2::ObjectChecksums { crc32c: Some(object.crc32c), ..v2::ObjectChecksums::default() }),
        ..v2::Object::default()
    }
}

impl Control {
    /// Checks the routing header and the bucket, and strikes with the faults that come before.
    async fn enter<T>(&self, request: Request<T>, bucket: impl FnOnce(&T) -> String) -> Result<T, Status> {
        let routed = request.metadata().get("x-goog-request-params").and_then(|params| params.to_str().ok());
        let routed = routed.unwrap_or_default().to_owned();
        let message = request.into_inner();
        if let Some(status) = begin(&self.0.faults).await {
            return Err(if status == 429 {
                Status::resource_exhausted("too many requests, on demand")
            } else {
                Status::unavailable("unavailable, on demand")
            });
        }
        let bucket = bucket(&message);
        if !routed.starts_with("bucket=") {
            return Err(Status::invalid_argument("x-goog-request-params does not name the bucket"));
        }
        if bucket != format!("projects/_/buckets/{BUCKET}") {
            return Err(Status::not_found("The specified bucket does not exist."));
        }
        Ok(message)
    }
}

#[tonic::async_trait]
impl v2::storage_server::Storage for Control {
    async fn get_bucket(&self, request: Request<v2::GetBucketRequest>) -> Answer<v2::Bucket> {
        self.enter(request, |message| message.name.clone()).await?;
        let settings = self.0.bucket.settings();
        if !settings.readable {
            return Err(Status::permission_denied("the caller does not have storage.buckets.get access"));
        }
        let uniform =
            v2::bucket::iam_config::UniformBucketLevelAccess { enabled: settings.uniform_access, lock_time: None };
        let duration = |seconds| prost_types::Duration { seconds, nanos: 0 };
        Ok(Response::new(v2::Bucket {
            name: format!("projects/_/buckets/{BUCKET}"),
            bucket_id: BUCKET.to_owned(),
            location: "EUROPE-WEST1".to_owned(),
            iam_config: Some(v2::bucket::IamConfig {
                uniform_bucket_level_access: Some(uniform),
                public_access_prevention: settings.public_access_prevention,
            }),
            soft_delete_policy: Some(v2::bucket::SoftDeletePolicy {
                retention_duration: Some(duration(settings.soft_delete_s)),
                effective_time: None,
            }),
            retention_policy: (settings.retention_s > 0).then(|| v2::bucket::RetentionPolicy {
                retention_duration: Some(duration(settings.retention_s)),
                ..v2::bucket::RetentionPolicy::default()
            }),
            ..v2::Bucket::default()
        }))
    }

    async fn get_object(&self, request: Request<v2::GetObjectRequest>) -> Answer<v2::Object> {
        let wanted = self.enter(request, |message| message.bucket.clone()).await?;
        only(&[
            (wanted.soft_deleted.is_some(), "soft_deleted"),
            (wanted.if_generation_match.is_some(), "if_generation_match"),
            (wanted.if_generation_not_match.is_some(), "if_generation_not_match"),
            (wanted.if_metageneration_match.is_some(), "if_metageneration_match"),
            (wanted.if_metageneration_not_match.is_some(), "if_metageneration_not_match"),
            (wanted.common_object_request_params.is_some(), "common_object_request_params"),
            (wanted.read_mask.is_some(), "read_mask"),
            (!wanted.restore_token.is_empty(), "restore_token"),
        ])?;
        let found = self.0.bucket.find(&wanted.object);
        let found = found.filter(|found| wanted.generation == 0 || wanted.generation == found.generation);
        let found = found.ok_or_else(|| Status::not_found(format!("No such object: {BUCKET}/{}", wanted.object)))?;
        Ok(Response::new(object(&found)))
    }

    async fn delete_object(&self, request: Request<v2::DeleteObjectRequest>) -> Answer<()> {
        let wanted = self.enter(request, |message| message.bucket.clone()).await?;
        only(&[
            (wanted.if_generation_not_match.is_some(), "if_generation_not_match"),
            (wanted.if_metageneration_match.is_some(), "if_metageneration_match"),
            (wanted.if_metageneration_not_match.is_some(), "if_metageneration_not_match"),
            (wanted.common_object_request_params.is_some(), "common_object_request_params"),
        ])?;
        let settings = self.0.bucket.settings();
        if !settings.writable {
            return Err(Status::permission_denied("the caller does not have storage.objects.delete access"));
        }
        if settings.retention_s > 0 {
            return Err(Status::permission_denied("the object is under the bucket's retention policy"));
        }
        let missing = || Status::not_found(format!("No such object: {BUCKET}/{}", wanted.object));
        // A generation that is not the live one is a version that is not there.
        let generation = (wanted.generation != 0).then_some(wanted.generation);
        let deleted = match self.0.bucket.delete(&wanted.object, wanted.if_generation_match.or(generation)) {
            Ok(deleted) => deleted,
            Err(NotWritten::Condition) if wanted.if_generation_match.is_some() => {
                return Err(Status::failed_precondition("the generation is another"));
            }
            Err(NotWritten::Condition) => return Err(missing()),
            Err(NotWritten::Io(error)) => return Err(Status::internal(error.to_string())),
        };
        deleted.ok_or_else(missing)?;
        if self.0.faults.strikes(GcsFault::LostAnswer) || self.0.faults.strikes(GcsFault::LateRefusal) {
            return Err(Status::unavailable("done, and the answer is lost, on demand"));
        }
        Ok(Response::new(()))
    }

    async fn list_objects(&self, request: Request<v2::ListObjectsRequest>) -> Answer<v2::ListObjectsResponse> {
        let wanted = self.enter(request, |message| message.parent.clone()).await?;
        only(&[
            (!wanted.delimiter.is_empty(), "delimiter"),
            (wanted.include_trailing_delimiter, "include_trailing_delimiter"),
            (wanted.versions, "versions"),
            (wanted.read_mask.is_some(), "read_mask"),
            (!wanted.lexicographic_end.is_empty(), "lexicographic_end"),
            (wanted.soft_deleted, "soft_deleted"),
            (wanted.include_folders_as_prefixes, "include_folders_as_prefixes"),
            (!wanted.match_glob.is_empty(), "match_glob"),
            (!wanted.filter.is_empty(), "filter"),
        ])?;
        let limit = match usize::try_from(wanted.page_size) {
            Ok(0) => PAGE,
            Ok(size) => size.min(PAGE),
            Err(_) => return Err(Status::invalid_argument("page_size is negative")),
        };
        // A page token is the last name of the page before, in a form that nobody should rely on.
        let after = match wanted.page_token.strip_prefix("after:") {
            Some(after) => after.to_owned(),
            None if wanted.page_token.is_empty() => String::new(),
            None => return Err(Status::invalid_argument("page_token is not one of this server")),
        };
        let mut found = self.0.bucket.list(&wanted.prefix, &wanted.lexicographic_start, &after, limit + 1);
        let more = found.len() > limit;
        found.truncate(limit);
        let next_page_token = match found.last() {
            Some(last) if more => format!("after:{}", last.name),
            Some(_) | None => String::new(),
        };
        let objects = found.iter().map(object).collect();
        Ok(Response::new(v2::ListObjectsResponse { objects, next_page_token, ..v2::ListObjectsResponse::default() }))
    }

    async fn delete_bucket(&self, _: Request<v2::DeleteBucketRequest>) -> Answer<()> {
        unimplemented("DeleteBucket")
    }

    async fn create_bucket(&self, _: Request<v2::CreateBucketRequest>) -> Answer<v2::Bucket> {
        unimplemented("CreateBucket")
    }

    async fn list_buckets(&self, _: Request<v2::ListBucketsRequest>) -> Answer<v2::ListBucketsResponse> {
        unimplemented("ListBuckets")
    }

    async fn lock_bucket_retention_policy(
        &self,
        _: Request<v2::LockBucketRetentionPolicyRequest>,
    ) -> Answer<v2::Bucket> {
        unimplemented("LockBucketRetentionPolicy")
    }

    async fn get_iam_policy(&self, _: Request<iam::v1::GetIamPolicyRequest>) -> Answer<iam::v1::Policy> {
        unimplemented("GetIamPolicy")
    }

    async fn set_iam_policy(&self, _: Request<iam::v1::SetIamPolicyRequest>) -> Answer<iam::v1::Policy> {
        unimplemented("SetIamPolicy")
    }

    async fn test_iam_permissions(
        &self,
        _: Request<iam::v1::TestIamPermissionsRequest>,
    ) -> Answer<iam::v1::TestIamPermissionsResponse> {
        unimplemented("TestIamPermissions")
    }

    async fn update_bucket(&self, _: Request<v2::UpdateBucketRequest>) -> Answer<v2::Bucket> {
        unimplemented("UpdateBucket")
    }

    async fn compose_object(&self, _: Request<v2::ComposeObjectRequest>) -> Answer<v2::Object> {
        unimplemented("ComposeObject")
    }

    async fn restore_object(&self, _: Request<v2::RestoreObjectRequest>) -> Answer<v2::Object> {
        unimplemented("RestoreObject")
    }

    async fn cancel_resumable_write(
        &self,
        _: Request<v2::CancelResumableWriteRequest>,
    ) -> Answer<v2::CancelResumableWriteResponse> {
        unimplemented("CancelResumableWrite")
    }

    type ReadObjectStream = futures::stream::BoxStream<'static, Result<v2::ReadObjectResponse, Status>>;

    async fn read_object(&self, _: Request<v2::ReadObjectRequest>) -> Answer<Self::ReadObjectStream> {
        unimplemented("ReadObject")
    }

    type BidiReadObjectStream = futures::stream::BoxStream<'static, Result<v2::BidiReadObjectResponse, Status>>;

    async fn bidi_read_object(
        &self,
        _: Request<Streaming<v2::BidiReadObjectRequest>>,
    ) -> Answer<Self::BidiReadObjectStream> {
        unimplemented("BidiReadObject")
    }

    async fn update_object(&self, _: Request<v2::UpdateObjectRequest>) -> Answer<v2::Object> {
        unimplemented("UpdateObject")
    }

    async fn write_object(&self, _: Request<Streaming<v2::WriteObjectRequest>>) -> Answer<v2::WriteObjectResponse> {
        unimplemented("WriteObject")
    }

    type BidiWriteObjectStream = futures::stream::BoxStream<'static, Result<v2::BidiWriteObjectResponse, Status>>;

    async fn bidi_write_object(
        &self,
        _: Request<Streaming<v2::BidiWriteObjectRequest>>,
    ) -> Answer<Self::BidiWriteObjectStream> {
        unimplemented("BidiWriteObject")
    }

    async fn rewrite_object(&self, _: Request<v2::RewriteObjectRequest>) -> Answer<v2::RewriteResponse> {
        unimplemented("RewriteObject")
    }

    async fn start_resumable_write(
        &self,
        _: Request<v2::StartResumableWriteRequest>,
    ) -> Answer<v2::StartResumableWriteResponse> {
        unimplemented("StartResumableWrite")
    }

    async fn query_write_status(
        &self,
        _: Request<v2::QueryWriteStatusRequest>,
    ) -> Answer<v2::QueryWriteStatusResponse> {
        unimplemented("QueryWriteStatus")
    }

    async fn move_object(&self, _: Request<v2::MoveObjectRequest>) -> Answer<v2::Object> {
        unimplemented("MoveObject")
    }
}
