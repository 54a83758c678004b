//! Puts: an upload under the condition that nothing is there, checked afterwards.
//!
//! What Google's client does not do is done here. It has no time limit for an attempt: an upload
//! that does not move for [`STILL`] is given up. It ends with the session when that is lost (404,
//! 410): the whole is sent again. After a chunk whose connection broke it goes on with the next one
//! in that place: so nothing is resumed within a session but what the service itself answered, and
//! what is resumed has its CRC32C in its metadata, which the service compares. And where it finds
//! an upload finished it believes that unseen (googleapis/google-cloud-rust#6686): length and CRC32C
//! are compared here after every upload.

use std::sync::Arc;
use std::time::Duration;

use google_cloud_gax::error::Error;
use google_cloud_gax::retry_policy::{NeverRetry, RetryPolicy, RetryPolicyExt as _};
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;
use google_cloud_storage::model::Object;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::GcsBlob;
use super::attempts::{PAUSES, jitter};
use super::source::{Content, Progress, Sum};
use super::trouble::{Meaning, Trouble};
use crate::{BlobError, ObjectPath, Put};

/// For how long an upload may not move, while it is not the content that is waited for. A chunk of
/// 8 MiB, or a single request of 16 MiB, takes that long at 280 KB/s.
const STILL: Duration = Duration::from_secs(60);

/// Goes on within a session after an answer that says to come again, and after nothing else.
#[derive(Debug, Clone)]
struct Answered;

/// From how many bytes on a session is used where the length is known; the client's own default. A
/// single request is repeated here, where it is known that the one before may have been done.
const SESSION: usize = 16 * 1024 * 1024;
/// How often a session is gone on with.
const RESUMED: u32 = 4;

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
        let mut pauses = PAUSES.iter();
        // Whether an attempt of ours may have been done though it failed.
        let mut perhaps_ours = false;
        loop {
            let trouble = match self.attempt(path, content).await {
                Ok(object) => match self.check_written(path, content.sum().await?, &object).await {
                    Ok(()) => return Ok(Put::Stored),
                    Err(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            if let Some(failure) = content.failure() {
                return Err(failure);
            }
            let again = match trouble.meaning() {
                Meaning::Condition => {
                    if let Some(put) = self.already_there(path, content, perhaps_ours).await? {
                        return Ok(put);
                    }
                    true
                }
                // The session was lost, whether before or after its last chunk. A bucket that is
                // not there says the same, each time.
                Meaning::Missing | Meaning::Passing => true,
                Meaning::Denied => {
                    self.denied();
                    false
                }
                // What came was not what was said of it: bytes were lost on the way.
                Meaning::Lasting => trouble.is_refused_content(),
                Meaning::Range => false,
            };
            perhaps_ours |= trouble.is_ambiguous() || trouble.meaning() == Meaning::Missing;
            match pauses.next() {
                Some(pause) if again => {
                    debug!(?trouble, %path, "an upload is begun again");
                    sleep(jitter(*pause, &*self.random)).await;
                }
                Some(_) | None => return Err(trouble.into_error(what())),
            }
        }
    }

    async fn attempt(&self, path: &ObjectPath, content: &Content) -> Result<Object, Trouble> {
        let progress: Arc<Progress> = Arc::default();
        let source = content.open(Arc::clone(&progress)).await.map_err(|error| Trouble::Said(Error::ser(error)))?;
        let mut write = self
            .data
            .write_object(self.place.resource(), self.place.name(path), source)
            .set_if_generation_match(0_i64)
            .with_resumable_upload_threshold(SESSION)
            .set_content_type("application/octet-stream")
            .set_cache_control("no-transform");
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
                Ok(sent) => return sent.map_err(Trouble::Said),
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

    /// Something is there: ours, if an attempt before may have been done and it is equal; nothing
    /// when it was deleted meanwhile.
    async fn already_there(
        &self,
        path: &ObjectPath,
        content: &Content,
        perhaps_ours: bool,
    ) -> Result<Option<Put>, BlobError> {
        let Some(object) = self.find(path).await? else { return Ok(None) };
        let sent = content.sum().await?;
        let equal = stored(&object) == Some(sent);
        if !equal {
            debug!(%path, "another object of that name is there, and stays");
        }
        Ok(Some(if perhaps_ours && equal { Put::Stored } else { Put::AlreadyThere }))
    }
}

fn stored(object: &Object) -> Option<Sum> {
    let crc32c = object.checksums.as_ref()?.crc32c?;
    Some(Sum { size: u64::try_from(object.size).ok()?, crc32c })
}
