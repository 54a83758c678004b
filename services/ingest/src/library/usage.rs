//! What a tenant has stored, and whether more fits its share.
//!
//! The store counts no sums, so a tenant's records are paged through at intervals, and each replica
//! adds what it took in since. Nothing is counted up and down for good, so nothing can be
//! miscounted for good. What this replica is about to take in is part of what it compares, so a
//! share is passed by no more than what the other replicas have in hand and take in within one
//! interval: a minute, and longer for a tenant with many documents.
//!
//! What came of uploads that are not finished fills storage as well, and counts against the share
//! from its first part on; it is no document yet, and not told as one.

mod unfinished;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Clock, Failure, Kind, Reason, Timestamp};
use lectern_proto::names;
use lectern_store::{Collection, Cursor, Direction, Query};
use parking_lot::Mutex;
use serde_json::Value;

use crate::domain::{Document, Upload};
use unfinished::Unfinished;

/// A count is good for this long, and for longer the more was counted, so that counting costs a
/// bounded share of the database.
const COUNTED_FOR: Duration = Duration::from_secs(60);
/// Documents that add a second to that.
const COUNTED_A_SECOND: u64 = 500;
/// Records that are read at once while counting: a few megabytes, since records have outlines.
const PAGE: u32 = 200;
/// Records of uploads that are read at once: they have up to a thousand parts.
const UPLOADS: u32 = 50;
/// Tenants whose counts are remembered.
const TENANTS: usize = 10_000;

/// Documents that are not erased, and the bytes of their sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Documents.
    pub documents: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Stored {
    const fn one(bytes: u64) -> Self {
        Self { documents: 1, bytes }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            documents: self.documents.saturating_add(other.documents),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    const fn less(self, other: Self) -> Self {
        Self {
            documents: self.documents.saturating_sub(other.documents),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

/// What a count found.
#[derive(Debug, Default)]
struct Counted {
    stored: Stored,
    /// The documents that it saw, to tell which of those that were erased meanwhile are in it.
    seen: HashSet<DocumentId>,
}

/// A document whose erasure is under way, or took place since the count.
#[derive(Debug, Default)]
struct Gone {
    bytes: u64,
    /// Calls that are just erasing it.
    erasing: u32,
    /// Whether its record says that it is erased.
    erased: bool,
}

/// What is known of one tenant.
#[derive(Debug, Default)]
struct Known {
    /// When it was counted; none where it was not.
    at: Option<Timestamp>,
    counted: Stored,
    /// What this replica accepted since.
    came: Stored,
    /// What this replica erased since, or is just erasing.
    gone: BTreeMap<DocumentId, Gone>,
    /// Bytes that this replica is about to accept.
    held: u64,
    /// What came of uploads that are not finished.
    unfinished: Unfinished,
    /// One counts, and the others wait for it.
    counting: Arc<tokio::sync::Mutex<()>>,
}

impl Known {
    fn stored(&self) -> Stored {
        let gone = self.gone.values().filter(|gone| gone.erased);
        let gone = gone.fold(Stored::default(), |sum, gone| sum.and(Stored::one(gone.bytes)));
        self.counted.and(self.came).less(gone)
    }

    fn holds(&self, now: Timestamp) -> bool {
        is_good(self.at, self.counted.documents, now)
    }

    /// Takes in a count that began when `before` had come.
    fn recounted(&mut self, counted: Counted, before: Stored, now: Timestamp) {
        self.at = Some(now);
        self.counted = counted.stored;
        // What came while it was counted may be in it or not: that is taken to be not.
        self.came = self.came.less(before);
        // What went is in it where the count saw it, whenever that was: nothing that went while it
        // was counted is forgotten, and nothing is taken off twice.
        self.gone.retain(|id, _| counted.seen.contains(id));
    }

    fn in_use(&self) -> bool {
        let erasing = self.gone.values().any(|gone| gone.erasing > 0);
        self.held > 0 || erasing || Arc::strong_count(&self.counting) > 1
    }
}

/// Whether a count of so many records at that time is still good.
fn is_good(at: Option<Timestamp>, counted: u64, now: Timestamp) -> bool {
    let longer = Duration::from_secs(counted / COUNTED_A_SECOND);
    at.is_some_and(|at| now.since(at) < COUNTED_FOR + longer)
}

/// What the tenants have stored.
#[derive(Debug, Clone)]
pub struct Usage {
    documents: Collection<Document>,
    uploads: Collection<Upload>,
    clock: Arc<dyn Clock>,
    tenants: Arc<Mutex<BTreeMap<TenantId, Known>>>,
}

/// Room in a tenant's share for a source that is about to be accepted, given back when it is
/// dropped.
#[derive(Debug)]
pub struct Reserved {
    usage: Usage,
    tenant: TenantId,
    bytes: u64,
    /// Those of them that are not counted as the upload's.
    held: u64,
    /// The upload that it came by.
    upload: Option<String>,
}

/// A document whose erasure is under way.
#[derive(Debug)]
pub(super) struct Erasing {
    usage: Usage,
    tenant: TenantId,
    id: DocumentId,
}

impl Usage {
    /// The usage of the tenants who have `documents`, and uploads in the same store.
    #[must_use]
    pub fn new(documents: Collection<Document>, clock: Arc<dyn Clock>) -> Self {
        let uploads = documents.beside();
        Self { documents, uploads, clock, tenants: Arc::default() }
    }

    /// What a tenant has stored, as it was counted a minute ago at most, or longer ago for one with
    /// many documents, and with what this replica accepted and erased since.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn of(&self, tenant: &TenantId) -> Result<Stored, Failure> {
        if let Some(stored) = self.known(tenant) {
            return Ok(stored);
        }
        let counting = self.with(tenant, |known| Arc::clone(&known.counting));
        let _turn = counting.lock().await;
        // Whoever waited finds what the other one counted.
        if let Some(stored) = self.known(tenant) {
            return Ok(stored);
        }
        let before = self.with(tenant, |known| known.came);
        let counted = self.count(tenant).await?;
        let now = self.clock.now();
        Ok(self.with(tenant, |known| {
            known.recounted(counted, before, now);
            known.stored()
        }))
    }

    /// Counts what came of the tenant's unfinished uploads, where the last count is too old.
    async fn count_unfinished(&self, tenant: &TenantId) -> Result<(), Failure> {
        let is_known = |now: Timestamp| self.with(tenant, |known| known.unfinished.holds(now));
        if is_known(self.clock.now()) {
            return Ok(());
        }
        let counting = self.with(tenant, |known| Arc::clone(&known.counting));
        let _turn = counting.lock().await;
        if is_known(self.clock.now()) {
            return Ok(());
        }
        let began = self.with(tenant, |known| known.unfinished.begin());
        let (mut found, mut after): (BTreeMap<String, u64>, Option<Cursor>) = (BTreeMap::new(), None);
        loop {
            let query = Query::new()
                .eq("tenant", tenant.as_str())
                .order("created", Direction::Desc)
                .limit(UPLOADS)
                .after(after);
            let page = self.uploads.find(&query).await?;
            let unfinished = page.items.into_iter().map(|upload| upload.record).filter(Upload::is_unfinished);
            found.extend(unfinished.map(|upload| {
                let committed = upload.committed();
                (upload.id, committed)
            }));
            let Some(next) = page.next else { break };
            after = Some(next);
        }
        let now = self.clock.now();
        self.with(tenant, |known| known.unfinished.counted(found, began, now));
        Ok(())
    }

    /// Reserves room for a source of `bytes` bytes in the share of the tenant, where it has one.
    /// What came of the upload `instead` is not counted beside it: it is the source's own.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED` where it does not fit, `STORE_UNAVAILABLE`.
    pub async fn reserve(
        &self,
        tenant: &TenantId,
        bytes: u64,
        share: Option<u64>,
        instead: Option<&str>,
    ) -> Result<Reserved, Failure> {
        // Nobody is counted who has no share.
        if share.is_some() {
            self.of(tenant).await?;
            self.count_unfinished(tenant).await?;
        }
        self.with(tenant, |known| {
            let used = known.stored().bytes.saturating_add(known.held);
            let used = used.saturating_add(known.unfinished.bytes());
            let bytes = bytes.saturating_sub(instead.map_or(0, |upload| known.unfinished.of(upload)));
            if let Some(share) = share
                && used.saturating_add(bytes) > share
            {
                return Err(full(tenant, share, used, bytes));
            }
            known.held = known.held.saturating_add(bytes);
            Ok(bytes)
        })
        .map(|held| {
            let upload = instead.map(str::to_owned);
            Reserved { usage: self.clone(), tenant: tenant.clone(), bytes, held, upload }
        })
    }

    /// Notes that a document is about to be erased. However many calls erase it, it is taken off
    /// once.
    pub(super) fn erasing(&self, tenant: &TenantId, id: &DocumentId, bytes: u64) -> Erasing {
        self.with(tenant, |known| {
            let gone = known.gone.entry(id.clone()).or_default();
            gone.bytes = bytes;
            gone.erasing += 1;
        });
        Erasing { usage: self.clone(), tenant: tenant.clone(), id: id.clone() }
    }

    /// So many bytes of an unfinished upload are stored; none of one that became a document or was
    /// dropped.
    pub(super) fn uploaded(&self, tenant: &TenantId, upload: &str, bytes: u64) {
        if let Some(known) = self.tenants.lock().get_mut(tenant) {
            known.unfinished.changed(upload, bytes);
        }
    }

    fn known(&self, tenant: &TenantId) -> Option<Stored> {
        let now = self.clock.now();
        self.tenants.lock().get(tenant).filter(|known| known.holds(now)).map(Known::stored)
    }

    fn with<T>(&self, tenant: &TenantId, change: impl FnOnce(&mut Known) -> T) -> T {
        let mut tenants = self.tenants.lock();
        if tenants.len() >= TENANTS && !tenants.contains_key(tenant) {
            let now = self.clock.now();
            tenants.retain(|_, known| known.in_use() || known.holds(now));
        }
        change(tenants.entry(tenant.clone()).or_default())
    }

    async fn count(&self, tenant: &TenantId) -> Result<Counted, Failure> {
        let (mut counted, mut after): (Counted, Option<Cursor>) = (Counted::default(), None);
        loop {
            let query = Query::new()
                .eq("tenant", tenant.as_str())
                .eq("erased", Value::Null)
                .order("created", Direction::Desc)
                .limit(PAGE)
                .after(after);
            let page = self.documents.find(&query).await?;
            for document in page.items {
                counted.stored = counted.stored.and(Stored::one(document.record.stored));
                counted.seen.insert(document.record.id);
            }
            let Some(next) = page.next else { return Ok(counted) };
            after = Some(next);
        }
    }
}

impl Reserved {
    /// The source is accepted: it counts from now on.
    pub(super) fn accepted(self) {
        // What was held is given back when this is dropped.
        self.usage.with(&self.tenant, |known| {
            known.came = known.came.and(Stored::one(self.bytes));
            if let Some(upload) = &self.upload {
                known.unfinished.changed(upload, 0);
            }
        });
    }
}

impl Erasing {
    /// The record says so now, by this call or by another one at the same time.
    pub(super) fn erased(self) {
        // A count that did not see it any more has taken it off.
        self.usage.with(&self.tenant, |known| {
            if let Some(gone) = known.gone.get_mut(&self.id) {
                gone.erased = true;
            }
        });
    }
}

impl Drop for Erasing {
    fn drop(&mut self) {
        // Where nobody knows whether it was erased, the next count finds out.
        self.usage.with(&self.tenant, |known| {
            let Some(gone) = known.gone.get_mut(&self.id) else { return };
            gone.erasing = gone.erasing.saturating_sub(1);
            if !gone.erased && gone.erasing == 0 {
                known.gone.remove(&self.id);
            }
        });
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.usage.with(&self.tenant, |known| known.held = known.held.saturating_sub(self.held));
    }
}

fn full(tenant: &TenantId, share: u64, used: u64, bytes: u64) -> Failure {
    let message = format!(
        "the sources of this tenant may have {share} bytes together, {used} are used, and {bytes} more do not fit; delete \
         documents, cancel uploads, or ask an administrator for more"
    );
    Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, message).about(names::of_tenant(tenant))
}

/// Whether a source was refused because the share of its tenant is full, which changes when
/// documents are deleted. No other limit is about the tenant.
pub(super) fn is_full(failure: &Failure) -> bool {
    failure.reason == Reason::LimitExceeded
        && failure.resource.as_deref().is_some_and(|resource| resource.starts_with("tenants/"))
}

#[cfg(test)]
mod tests;
