//! What is known of objects without reading them, and their end: the control plane.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::{StreamExt as _, TryStreamExt as _};
use google_cloud_storage::model::Object;

use super::GcsBlob;
use super::attempts::attempts;
use super::place::info;
use super::trouble::{Meaning, Trouble};
use crate::{BlobError, MAX_PAGE, ObjectInfo, ObjectPath, Prefix};

/// Deletions of a prefix that are under way at once.
const DELETIONS: usize = 16;

impl GcsBlob {
    /// The object's metadata; none when it is not there.
    pub(super) async fn find(&self, path: &ObjectPath) -> Result<Option<Object>, BlobError> {
        let found = attempts(&*self.random, |_| {
            self.control.get_object().set_bucket(self.place.resource()).set_object(self.place.name(path)).send()
        });
        match found.await {
            Ok(object) => Ok(Some(object)),
            Err(trouble) if trouble.meaning() == Meaning::Missing => Ok(None),
            Err(trouble) => Err(self.failed(trouble, format!("look at {path}"))),
        }
    }

    /// The objects under a prefix that come after a path, with their names in the bucket; at most
    /// `limit`. An empty page of the service is not the end, and is read over.
    pub(super) async fn page(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<(ObjectPath, Object)>, BlobError> {
        let limit = limit.min(MAX_PAGE);
        let (mut found, mut token) = (Vec::new(), String::new());
        while found.len() < limit {
            let size = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
            let answer = attempts(&*self.random, |_| {
                let mut list = self
                    .control
                    .list_objects()
                    .set_parent(self.place.resource())
                    .set_prefix(self.place.under(prefix))
                    .set_page_size(size)
                    .set_page_token(&token);
                if let Some(after) = after {
                    list = list.set_lexicographic_start(self.place.after(after));
                }
                list.send()
            });
            let answer = answer.await.map_err(|trouble| self.failed(trouble, format!("list {prefix}")))?;
            // What others put into the bucket under our prefix is none of ours.
            let ours = answer.objects.into_iter().filter_map(|object| Some((self.place.path(&object.name)?, object)));
            found.extend(ours);
            if answer.next_page_token.is_empty() {
                break;
            }
            token = answer.next_page_token;
        }
        Ok(found)
    }

    /// [`Self::page`] as the port has it.
    pub(super) async fn infos(
        &self,
        prefix: &Prefix,
        after: Option<&ObjectPath>,
        limit: usize,
    ) -> Result<Vec<ObjectInfo>, BlobError> {
        self.page(prefix, after, limit).await?.into_iter().map(|(path, object)| info(path, &object)).collect()
    }

    /// Deletes an object, in the generation that is there now: a repetition of the call never takes
    /// one that was put meanwhile.
    pub(super) async fn delete_one(&self, path: &ObjectPath) -> Result<bool, BlobError> {
        let Some(object) = self.find(path).await? else { return Ok(false) };
        let deleted = self.delete_generation(&object.name, object.generation).await;
        deleted.map_err(|trouble| self.failed(trouble, format!("delete {path}")))
    }

    /// Deletes one generation of an object; whether it was there, or went while this was tried.
    pub(super) async fn delete_generation(&self, name: &str, generation: i64) -> Result<bool, Trouble> {
        // Whether an attempt before the last may have done it.
        let perhaps_done = AtomicBool::new(false);
        let deleted = attempts(&*self.random, |perhaps| {
            perhaps_done.store(perhaps, Ordering::Relaxed);
            self.control
                .delete_object()
                .set_bucket(self.place.resource())
                .set_object(name)
                .set_generation(generation)
                .send()
        })
        .await;
        match deleted {
            Ok(()) => Ok(true),
            Err(trouble) if trouble.meaning() == Meaning::Missing => Ok(perhaps_done.into_inner()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Deletes everything under a prefix; how many there were.
    pub(super) async fn delete_under(&self, prefix: &Prefix) -> Result<u64, BlobError> {
        let mut deleted: u64 = 0;
        loop {
            // From the start each time: what was listed is gone.
            let page = self.page(prefix, None, MAX_PAGE).await?;
            if page.is_empty() {
                return Ok(deleted);
            }
            let gone: Vec<bool> = futures::stream::iter(page)
                .map(|(path, object)| async move {
                    let gone = self.delete_generation(&object.name, object.generation).await;
                    gone.map_err(|trouble| self.failed(trouble, format!("delete {path}")))
                })
                .buffer_unordered(DELETIONS)
                .try_collect()
                .await?;
            deleted = deleted.saturating_add(gone.iter().filter(|gone| **gone).count() as u64);
        }
    }

    /// An error of the port; a denied call is also told to the credentials.
    pub(super) fn failed(&self, trouble: Trouble, what: String) -> BlobError {
        if trouble.meaning() == Meaning::Denied {
            self.credentials.denied();
        }
        trouble.into_error(what)
    }
}
