//! Of equal calls that are wanted at once, one is made in the whole system: who claims the key of
//! its answer first. The others wait for the answer, or for the claim to be free again.
//!
//! A claim lasts as long as its holder lives, and a little longer. It keeps money together and
//! nothing else: were a call made twice after all, the first answer that is kept would be the
//! answer.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Digest, Failure, Random, Timestamp};
use lectern_store::{Change, Collection, CollectionSpec, Direction, Index, Op, Query, Record, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

use super::step::stopped;

/// How long a claim is good for, unless its holder moves it on.
const LASTS: Duration = Duration::from_secs(30);
/// How often a holder moves its claim on.
const MOVED_ON: Duration = Duration::from_secs(10);
/// Records that are looked at at once.
const PAGE: u32 = 200;

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The key of the answer.
    pub key: String,
    /// Who makes it.
    pub holder: String,
    /// Until when, unless the holder moves that on.
    pub until: Timestamp,
}

impl Record for CallRecord {
    const SPEC: CollectionSpec = CollectionSpec::new("calls", &[Index::new("by_until", &["until"])]).dates(&["until"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.key.clone()
    }
}

/// The claims of a service. Clones share the store.
#[derive(Debug, Clone)]
pub(super) struct Claims {
    calls: Collection<CallRecord>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Claims {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { calls: Collection::with_random(store, Arc::clone(&random)), clock, random }
    }

    /// Claims a call, unless somebody else has.
    pub(super) async fn claim(&self, key: &Digest) -> Result<Option<Claim>, Failure> {
        let now = self.clock.now();
        let holder = format!("{:016x}", self.random.next());
        let record = CallRecord { key: key.to_string(), holder, until: now.plus(LASTS) };
        // Many who wait look at it often, and one claims it: it is read first.
        let written = match self.calls.get(&record.key).await? {
            None => self.calls.insert(&record).await,
            Some(found) if found.record.until > now => return Ok(None),
            // Whoever had it died.
            Some(found) => self.calls.replace(&record, found.revision).await,
        };
        match written {
            Ok(_) => Ok(Some(self.held(record))),
            Err(StoreError::Duplicate { .. } | StoreError::Conflict { .. } | StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes what was claimed by somebody who died before `before`; how many.
    pub(super) async fn sweep(&self, before: Timestamp) -> Result<u64, Failure> {
        let mut query =
            Query::new().filter("until", Op::Lt, before.millis()).order("until", Direction::Asc).limit(PAGE);
        let mut swept = 0;
        loop {
            let page = self.calls.find(&query).await?;
            for item in page.items {
                match self.calls.delete(&item.record.key, Some(item.revision)).await {
                    Ok(deleted) => swept += u64::from(deleted),
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(swept),
            }
        }
    }

    fn held(&self, record: CallRecord) -> Claim {
        let (claims, kept) = (self.clone(), record.clone());
        let moving = tokio::spawn(async move { claims.move_on(&kept).await });
        Claim(Some(Held { claims: self.clone(), record, _moving: AbortOnDropHandle::new(moving) }))
    }

    async fn move_on(&self, mine: &CallRecord) {
        loop {
            tokio::time::sleep(MOVED_ON).await;
            let until = self.clock.now().plus(LASTS);
            let moved = self.calls.update(&mine.key, |call| {
                if call.holder != mine.holder {
                    return Ok(Change::Skip);
                }
                call.until = until;
                Ok(Change::Write)
            });
            if let Err(failure) = moved.await {
                warn!(%failure, "a claim of a call is not moved on; an equal call may be made meanwhile");
            }
        }
    }

    async fn free(&self, mine: &CallRecord) -> Result<(), StoreError> {
        match self.calls.get(&mine.key).await? {
            Some(found) if found.record.holder == mine.holder => {
                match self.calls.delete(&mine.key, Some(found.revision)).await {
                    Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether a call is to be made here.
#[derive(Debug)]
pub enum Claimed<T> {
    /// It is. Nobody else makes it while this is held.
    Ours(Claim),
    /// Somebody else has made it, and this is what it brought.
    Found(T),
}

/// Claims a call by `claim`, or waits until somebody else who makes it has kept what it brings,
/// which `find` finds, or has given it up. It looks again after the first of these times, and after
/// twice as long each time, up to the second.
///
/// # Errors
/// What `claim` and `find` answer; `CANCELLED` where nobody wants the call any more.
pub async fn claim_or_find<T, C, F>(
    (soonest, longest): (Duration, Duration),
    cancel: &CancellationToken,
    claim: impl Fn() -> C,
    find: impl Fn() -> F,
) -> Result<Claimed<T>, Failure>
where
    C: Future<Output = Result<Option<Claim>, Failure>>,
    F: Future<Output = Result<Option<T>, Failure>>,
{
    let mut wait = soonest;
    loop {
        if let Some(held) = claim().await? {
            // Whoever had it before may have kept it just now.
            return Ok(find().await?.map_or(Claimed::Ours(held), Claimed::Found));
        }
        cancel.run_until_cancelled(tokio::time::sleep(wait)).await.ok_or_else(stopped)?;
        wait = (wait * 2).min(longest);
        if let Some(found) = find().await? {
            return Ok(Claimed::Found(found));
        }
    }
}

/// A claim of a call, until it is dropped.
#[derive(Debug, Default)]
#[must_use = "a claim is free again when it is dropped"]
pub struct Claim(Option<Held>);

#[cfg(test)]
impl Claim {
    /// Ends as that of a process does that dies: nobody moves it on, and nobody frees it.
    pub(super) fn abandon(mut self) {
        drop(self.0.take());
    }
}

#[derive(Debug)]
struct Held {
    claims: Claims,
    record: CallRecord,
    _moving: AbortOnDropHandle<()>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let Some(Held { claims, record, _moving }) = self.0.take() else { return };
        // Outside of a runtime it runs out by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = claims.free(&record).await {
                    warn!(%error, "a claim of a call is not freed; it runs out by itself");
                }
            });
        }
    }
}
