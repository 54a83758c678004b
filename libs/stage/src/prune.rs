//! Objects of a scope that no narration needs any more, deleted while others may be ordered.
//!
//! A step finds by their keys what earlier steps made, and tells that it is there. Whoever deletes
//! objects must therefore not meet a step that has found one of them:
//!
//! 1. It is found out what is unused, by what the gateway says is in use. This may take long, and
//!    forbids nothing.
//! 2. A mark is put into the scope. A step that begins from now on [waits](wait) until it is gone.
//! 3. The gateway is asked whether all is as it was: no narration of the document is under way,
//!    none was ordered, retried or finished since what is in use was listed. What is ordered after
//!    that has steps that begin after the mark was put, and that wait. What was under way before is
//!    seen.
//! 4. Objects are deleted for as long as [`DELETES`], then the mark is. What is left is deleted in
//!    a later sweep, so steps wait for a minute at most.
//!
//! No clock is trusted but for how long something takes. Who dies leaves its mark, which a step
//! deletes once it has seen it for [`LIVES`], twice as long as it could be meant. A process that
//! stands still between its last look at the time and a call may yet delete up to [`AT_ONCE`]
//! objects later. So may a record step of a run that was cancelled more than a minute ago, without
//! its process having noticed, put a track whose segments are gone. Then a run fails with
//! `OBJECT_DAMAGED`, and its retry makes again what is missing: a plan and a section when they are
//! not found, a track when one of its segments is not.

mod call;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use lectern_blob::{MAX_PAGE, ObjectPath, Objects, Prefix};
use lectern_core::{Digest, Failure, Kind, OsRandom, Random as _, Reason};
use tokio::time::Instant;
use tracing::warn;

pub(crate) use call::serve;

/// Where marks lie in a scope.
const MARKS: &str = "prune";
/// For how long after its mark was put a sweep begins to delete objects; what was begun then may
/// take as long again.
pub const DELETES: Duration = Duration::from_secs(60);
/// A mark that was seen for so long belongs to nobody any more.
pub const LIVES: Duration = Duration::from_secs(120);
/// A mark that is older than another one by so much belongs to nobody any more, by the clock of
/// storage.
const DEAD: Duration = Duration::from_secs(10 * 60);
/// How often a step looks whether a mark is gone.
const LOOK: Duration = Duration::from_millis(500);
/// Names that are listed at once: 3 MB of them at most, and few walks over a large folder.
const NAMES: usize = 20_000;
/// Objects that one sweep deletes: some more than it can within its time.
pub const MOST: usize = 40_000;
/// Objects that are deleted at once.
pub const AT_ONCE: usize = 16;

/// Waits until nobody deletes objects of this scope: what a run finds then stays. Costs a listing.
///
/// # Errors
/// `BLOB_UNAVAILABLE`.
pub async fn wait(objects: &Objects) -> Result<(), Failure> {
    let (blob, folder) = (objects.blob(), folder(objects, MARKS)?);
    let mut seen: BTreeMap<ObjectPath, Instant> = BTreeMap::new();
    loop {
        let marks = blob.names(&folder, None, MAX_PAGE).await?;
        if marks.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        for mark in marks {
            let since = *seen.entry(mark.clone()).or_insert(now);
            if now.duration_since(since) >= LIVES {
                warn!(%mark, "whoever deleted objects here has died, its mark is deleted");
                blob.delete(&mark).await?;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A folder of a scope.
fn folder(objects: &Objects, name: &str) -> Result<Prefix, Failure> {
    Ok(Prefix::new(&format!("{}{name}", objects.folder().all()))?)
}

/// A page of the objects in the folder `name` of a scope (`track`, `segment`, ...), from the first
/// after `after`; an empty one is the end.
///
/// # Errors
/// `BLOB_UNAVAILABLE`.
pub async fn page(objects: &Objects, name: &str, after: Option<&ObjectPath>) -> Result<Vec<ObjectPath>, Failure> {
    Ok(objects.blob().names(&folder(objects, name)?, after, NAMES).await?)
}

/// The key in the name of an object; none for one that is not named by a key.
#[must_use]
pub fn key_of(path: &ObjectPath) -> Option<Digest> {
    let name = path.as_str().rsplit('/').next()?;
    name.strip_suffix(".json").unwrap_or(name).parse().ok()
}

/// Objects that nothing needs, up to [`MOST`] of them.
#[derive(Debug, Clone, Default)]
pub struct Unused {
    paths: Vec<ObjectPath>,
    more: bool,
}

impl Unused {
    /// Adds an object, or notes that there are more.
    pub fn add(&mut self, path: ObjectPath) {
        if self.paths.len() < MOST {
            self.paths.push(path);
        } else {
            self.more = true;
        }
    }

    /// Adds the objects in the folder `name` whose keys are not in `used`. What is not named by a
    /// key is left alone.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`.
    pub async fn add_of(&mut self, objects: &Objects, name: &str, used: &HashSet<Digest>) -> Result<(), Failure> {
        self.add_where(objects, name, |path| key_of(path).is_some_and(|key| !used.contains(&key))).await
    }

    /// Adds the objects in the folder `name` that nothing needs, as `unneeded` says.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`.
    pub async fn add_where(
        &mut self,
        objects: &Objects,
        name: &str,
        unneeded: impl Fn(&ObjectPath) -> bool + Send + Sync,
    ) -> Result<(), Failure> {
        let mut after = None;
        while !self.more {
            let paths = page(objects, name, after.as_ref()).await?;
            let Some(last) = paths.last().cloned() else { return Ok(()) };
            for path in paths {
                if unneeded(&path) {
                    self.add(path);
                }
            }
            after = Some(last);
        }
        Ok(())
    }
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Objects that are gone.
    pub deleted: u64,
    /// Whether there are more to delete: there was no time for all, or something was ordered
    /// meanwhile.
    pub left: bool,
}

/// Deletes what is unused, once a mark is put and `still` says that it is unused yet.
///
/// # Errors
/// `SERVICE_UNAVAILABLE` while another sweep of the scope is under way, `BLOB_UNAVAILABLE`, and
/// those of `still`; safe to repeat with what is unused then.
pub async fn sweep(
    objects: &Objects,
    unused: Unused,
    still: impl Future<Output = Result<bool, Failure>> + Send,
) -> Result<Swept, Failure> {
    if unused.paths.is_empty() {
        return Ok(Swept::default());
    }
    let mark = Mark::new(objects)?;
    let swept = async {
        mark.put().await?;
        match tokio::time::timeout_at(mark.until, still).await {
            Ok(Ok(true)) => mark.delete(unused).await,
            Ok(Ok(false)) | Err(_) => Ok(Swept { deleted: 0, left: true }),
            Ok(Err(failure)) => Err(failure),
        }
    };
    let swept = swept.await;
    // Also where the answer to its put was lost.
    mark.remove().await;
    swept
}

/// A mark of a sweep.
struct Mark<'a> {
    objects: &'a Objects,
    path: ObjectPath,
    /// Until when deletions begin.
    until: Instant,
}

impl<'a> Mark<'a> {
    fn new(objects: &'a Objects) -> Result<Self, Failure> {
        let (one, two) = (OsRandom.next(), OsRandom.next());
        let path = ObjectPath::new(format!("{}{MARKS}/{one:016x}{two:016x}", objects.folder().all()))?;
        Ok(Self { objects, path, until: Instant::now() + DELETES })
    }

    /// Puts it. Of two who put theirs at once, one or both give way.
    async fn put(&self) -> Result<(), Failure> {
        let blob = self.objects.blob();
        blob.put(&self.path, Bytes::from_static(b"{}")).await?;
        let marks = blob.list(&folder(self.objects, MARKS)?, None, MAX_PAGE).await?;
        let own = marks.iter().find(|mark| mark.path == self.path).map(|mark| mark.modified);
        let own = own.ok_or_else(|| Failure::internal("the mark of a sweep is not there; it is tried again"))?;
        for mark in marks.into_iter().filter(|mark| mark.path != self.path) {
            if own.since(mark.modified) < DEAD {
                let message = "objects of this document are being deleted; call again in a minute";
                return Err(Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message));
            }
            blob.delete(&mark.path).await?;
        }
        Ok(())
    }

    /// Deletes objects. Every deletion that was begun has ended when this returns, also where one
    /// failed: none is met by what is put later.
    async fn delete(&self, unused: Unused) -> Result<Swept, Failure> {
        let Unused { paths, more } = unused;
        let (all, blob, until) = (paths.len(), self.objects.blob(), self.until);
        let broken = AtomicBool::new(false);
        let mut failed = None;
        let (mut ended, mut deleted) = (0, 0);
        {
            let go_on = |_: &ObjectPath| ready(Instant::now() < until && !broken.load(Ordering::Relaxed));
            let deletions = futures::stream::iter(paths).take_while(go_on);
            let deletions = deletions.map(|path| async move { blob.delete(&path).await }).buffer_unordered(AT_ONCE);
            let mut deletions = std::pin::pin!(deletions);
            while let Some(gone) = deletions.next().await {
                ended += 1;
                match gone {
                    Ok(gone) => deleted += u64::from(gone),
                    Err(error) => {
                        broken.store(true, Ordering::Relaxed);
                        failed = failed.or(Some(error));
                    }
                }
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(Swept { deleted, left: more || ended < all }),
        }
    }

    async fn remove(&self) {
        for _ in 0..3 {
            match self.objects.blob().delete(&self.path).await {
                Ok(_) => return,
                Err(error) => warn!(mark = %self.path, %error, "a mark cannot be deleted, steps of its scope wait"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Finds out what is unused.
#[async_trait]
pub trait FindUnused: Debug + Send + Sync + 'static {
    /// The objects of a stage that are not needed by those with keys in `used`.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `OBJECT_DAMAGED`.
    async fn unused(&self, objects: &Objects, used: &HashSet<Digest>) -> Result<Unused, Failure>;
}
