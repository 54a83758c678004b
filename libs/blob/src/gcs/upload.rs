//! Puts: an upload under the condition that nothing is there, checked afterwards.
//!
//! What Google's client does not do is done here. It has no time limit for an attempt: an upload
//! that does not move for [`STILL`] is given up. It ends with the session when that is lost (404,
//! 410): the whole is sent again. After a chunk whose connection broke it goes on with the next one
//! in that place: so nothing is resumed within a session but what the service itself answered, and
//! what is resumed has its CRC32C in its metadata, which the service compares. And where it finds
//! an upload finished it believes that unseen (googleapis/google-cloud-rust#6686): length and
//! CRC32C are compared here after every upload. Each call has a random mark in the metadata of its
//! object, so that what an earlier attempt of it left is known from what others put.

use std::sync::Arc;
use std::time::Duration;

use google_cloud_gax::error::Error;
use google_cloud_gax::retry_policy::{NeverRetry, RetryPolicy, RetryPolicyExt as _};
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_storage::error::WriteError;
use google_cloud_storage::model::Object;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::GcsBlob;
use super::attempts::Pauses;
use super::source::{Content, Progress, Source, Sum};
use super::trouble::{Meaning, Trouble};
use crate::{BlobError, ObjectPath, Put};

/// For how long an upload may not move, while it is not the content that is waited for: a chunk of
/// 8 MiB takes that long at 335 KB/s, a single request of 16 MiB at twice that. A request that is
/// never answered costs so much, and what waits for it is to go on within a minute.
const STILL: Duration = Duration::from_secs(25);

/// Goes on within a session after an answer that says to come again, and after nothing else.
#[derive(Debug, Clone)]
struct Answered;

/// From how many bytes on a session is used where the length is known; the client's own default. A
/// single request is repeated here, where it is known that the one before may have been done.
const SESSION: usize = 16 * 1024 * 1024;
/// How often a session is gone on with.
const RESUMED: u32 = 4;
/// Under which name of its custom metadata an object says which call made it.
const MARK: &str = "lectern-upload";

/// What a put that was refused, since something is there, finds.
enum Found {
    /// An object that stays.
    Kept(Put),
    /// Nothing that may stay: the whole is sent again, where the trouble may pass.
    Nothing(Trouble),
}

impl RetryPolicy for Answered {
    fn on_error(&self, _: &RetryState, error: Error) -> RetryResult {
        match error.http_status_code() {
            Some(408 | 429 | 500 | 502..600) => RetryResult::Continue(error),
            Some(_) | None => RetryResult::Permanent(error),
        }
    }
}

impl GcsBlob {
    pub(super) async fn upload(&self, path: &ObjectPath, content: &Content) -> Result<Put, BlobError> {
        let what = || format!("store {path}");
        let mark = format!("{:016x}{:016x}", self.random.next(), self.random.next());
        let mut pauses = Pauses::new(&*self.random);
        loop {
            let progress: Arc<Progress> = Arc::default();
            let source = content.open(Arc::clone(&progress)).await?;
            let refused = match self.attempt(path, content, source, &progress, &mark).await {
                Ok(object) => match self.check_written(path, content.sum().await?, &object).await {
                    Ok(()) => return Ok(Put::Stored),
                    Err(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            if let Some(failure) = content.failure() {
                return Err(failure);
            }
            let trouble = if refused.meaning() == Meaning::Condition {
                match self.already_there(path, content, &mark, refused).await? {
                    Found::Kept(put) => return Ok(put),
                    Found::Nothing(trouble) => trouble,
                }
            } else {
                refused
            };
            let again = match trouble.meaning() {
                // The session was lost, whether before or after its last chunk. A bucket that is
                // not there says the same, each time. What refused the upload is gone.
                Meaning::Missing | Meaning::Passing | Meaning::Condition => true,
                // What came was not what was said of it: bytes were lost on the way.
                Meaning::Lasting => trouble.is_refused_content(),
                Meaning::Denied | Meaning::Range => false,
            };
            if !again || !pauses.rest().await {
                return Err(self.failed(trouble, what()));
            }
            debug!(?trouble, %path, "an upload is begun again");
        }
    }

    async fn attempt(
        &self,
        path: &ObjectPath,
        content: &Content,
        source: Source,
        progress: &Progress,
        mark: &str,
    ) -> Result<Object, Trouble> {
        let mut write = self
            .data
            .write_object(self.place.resource(), self.place.name(path), source)
            .set_if_generation_match(0_i64)
            .with_resumable_upload_threshold(SESSION)
            .set_content_type("application/octet-stream")
            .set_cache_control("no-transform")
            .set_metadata([(MARK, mark)]);
        if !self.kms_key.is_empty() {
            write = write.set_kms_key(&self.kms_key);
        }
        let write = match content.known() {
            // What is resumed is compared by the service: see above.
            Some(sum) if sum.size >= SESSION as u64 => {
                write.with_known_crc32c(sum.crc32c).with_retry_policy(Answered.with_attempt_limit(RESUMED))
            }
            Some(sum) => write.with_known_crc32c(sum.crc32c).with_retry_policy(NeverRetry),
            None => write.with_retry_policy(NeverRetry),
        };
        let mut sending = Box::pin(write.send_buffered());
        loop {
            let pulled = progress.pulled();
            match timeout(STILL, &mut sending).await {
                // What the client found to differ is an object all the same: it is deleted here.
                Ok(sent) => return sent.or_else(|error| written(&error).ok_or(Trouble::Said(error))),
                Err(_) if progress.waits() || progress.pulled() != pulled => {}
                Err(_) => return Err(Trouble::TimedOut(STILL)),
            }
        }
    }

    /// Compares what is stored with what was sent. What differs is deleted, in exactly that
    /// generation.
    async fn check_written(&self, path: &ObjectPath, sent: Sum, object: &Object) -> Result<(), Trouble> {
        let stored = stored(object);
        if stored == Some(sent) {
            return Ok(());
        }
        let why = format!("{sent:?} were sent and {stored:?} are stored");
        warn!(%path, why, "an upload was stored wrongly; it is deleted and sent again");
        self.delete_generation(&self.place.name(path), object.generation).await?;
        Err(Trouble::Differs(why))
    }

    /// Something is there. What an attempt of this call left is kept where it is equal, and deleted
    /// where it is not; what another call put stays as it is.
    async fn already_there(
        &self,
        path: &ObjectPath,
        content: &Content,
        mark: &str,
        refused: Trouble,
    ) -> Result<Found, BlobError> {
        let Some(object) = self.find(path).await? else { return Ok(Found::Nothing(refused)) };
        let sent = content.sum().await?;
        if object.metadata.get(MARK).map(String::as_str) == Some(mark) {
            return Ok(match self.check_written(path, sent, &object).await {
                Ok(()) => Found::Kept(Put::Stored),
                Err(trouble) => Found::Nothing(trouble),
            });
        }
        if stored(&object) != Some(sent) {
            debug!(%path, "another object of that name is there, and stays");
        }
        Ok(Found::Kept(Put::AlreadyThere))
    }
}

/// The object that the client says was stored with another checksum than that of what it sent.
fn written(error: &Error) -> Option<Object> {
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        if let Some(WriteError::ChecksumMismatch { object, .. }) = source.downcast_ref::<WriteError>() {
            return Some((**object).clone());
        }
        cause = source.source();
    }
    None
}

fn stored(object: &Object) -> Option<Sum> {
    let crc32c = object.checksums.as_ref()?.crc32c?;
    Some(Sum { size: u64::try_from(object.size).ok()?, crc32c })
}
