//! Erasure: a document becomes a tombstone, and everything that was made from it is deleted in two
//! sweeps, of which the tombstone keeps the receipt.

use std::sync::Arc;

use lectern_blob::Objects;
use lectern_core::id::{DocumentId, ScopeId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::names;
use lectern_store::{Change, StoreError};
use tracing::info;

use super::revisions::shared;
use super::{Library, check_etag, erased};
use crate::domain::{Document, Receipt, Sweep};

/// How often a sweep looks again because another one has just deleted what it may have found, and
/// an erasure because a revision has just been put.
const LOOKS: usize = 8;

/// What a caller says of an erasure.
#[derive(Debug, Clone, Copy, Default)]
pub struct Erase<'a> {
    /// Only if this is still the etag; empty for any.
    pub etag: &'a str,
    /// Whether it is a success where there is nothing to erase.
    pub allow_missing: bool,
    /// Whether all revisions go, of which none can be erased alone.
    pub all_revisions: bool,
}

impl Library {
    /// Erases a document: leaves a tombstone and deletes its scope, now and once more when no step
    /// can still be putting. All documents of the scope are erased, so it is refused where there
    /// are others unless the caller says so. Returns the tombstone, with the receipt of the scope.
    /// To erase it again deletes what may be left, and says that it is gone, whatever the etag
    /// (AIP-135: what does not exist is `NOT_FOUND`); with `allow_missing` that is a success, and
    /// so is an unknown one, of which nothing is returned.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `DOCUMENT_ERASED`, `ETAG_MISMATCH`, `WRONG_STATE` where there are
    /// other revisions, `BLOB_UNAVAILABLE`.
    pub async fn erase(&self, tenant: &TenantId, id: &DocumentId, how: Erase<'_>) -> Result<Option<Document>, Failure> {
        let found = self.documents.get(id.as_str()).await?.filter(|document| document.record.tenant == *tenant);
        let Some(found) = found else {
            return if how.allow_missing { Ok(None) } else { Err(Failure::not_found(names::of_document(id))) };
        };
        if self.is_erased(&found.record).await? {
            let tombstone = self.complete(found.record).await?;
            return if how.allow_missing { Ok(Some(tombstone)) } else { Err(erased(id)) };
        }
        check_etag(how.etag, found.revision, id)?;
        self.erase_first(&found.record, how.all_revisions).await?;
        let named = self.documents.get(id.as_str()).await?;
        let named = named.ok_or_else(|| Failure::not_found(names::of_document(id)))?.record;
        self.complete(named).await.map(Some)
    }

    /// Leaves a tombstone of the first document in the scope of `named`: from then on all of them
    /// are erased.
    async fn erase_first(&self, named: &Document, all_revisions: bool) -> Result<(), Failure> {
        let (tenant, scope) = (&named.tenant, &named.scope);
        for _ in 0..LOOKS {
            let first = self.first(tenant, scope).await?.ok_or_else(|| erased(&named.id))?.record;
            if !all_revisions && (named.shares_scope() || (first.joined > 0 && self.has_others(tenant, scope).await?)) {
                return Err(shared(&named.id));
            }
            let now = self.clock.now();
            // It is noted before the record says so, so that a count that goes on meanwhile knows
            // of it.
            let noted = self.usage.erasing(tenant, &first.id, first.stored);
            let mut joined = false;
            let written = self
                .documents
                .update(scope.as_str(), |document: &mut Document| {
                    // One who joined since may be a revision that nobody looked for.
                    joined = !all_revisions && document.joined != first.joined;
                    if joined || document.erased.is_some() {
                        return Ok(Change::Skip);
                    }
                    document.erase(now);
                    Ok(Change::Write)
                })
                .await?
                .written;
            if joined {
                continue;
            }
            noted.erased();
            if written {
                info!(document = %first.id, %tenant, "document erased");
            }
            return Ok(());
        }
        Err(StoreError::conflict("documents", scope.as_str()).into())
    }

    /// Goes on with the erasure of the scope of a document: tombstones of what is in it, and a
    /// sweep. Returns the tombstone of the document.
    async fn complete(&self, named: Document) -> Result<Document, Failure> {
        let first = self.first(&named.tenant, &named.scope).await?;
        // The tombstones of a scope end together; this one is the last.
        let first = first.ok_or_else(|| erased(&named.id))?.record;
        self.erase_revisions(&first).await?;
        let first = self.sweep(&named.scope, None).await?;
        if named.id == first.id { Ok(first) } else { self.tombstone(named).await }
    }

    /// Deletes what was put into a scope after it was erased, where it is. The record of its first
    /// document is made due before that, so that whoever dies in between leaves it to the
    /// reconciler.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `STORE_UNAVAILABLE`.
    pub(super) async fn sweep_late(&self, tenant: &TenantId, scope: &ScopeId) -> Result<bool, Failure> {
        if self.first(tenant, scope).await?.is_none_or(|first| first.record.erased.is_none()) {
            return Ok(false);
        }
        let now = self.clock.now();
        self.documents
            .update(scope.as_str(), |document: &mut Document| {
                Ok(if document.sweep_late(now) { Change::Write } else { Change::Skip })
            })
            .await?;
        self.sweep(scope, None).await?;
        Ok(true)
    }

    /// The tombstone of an erased document, with the receipt of its scope.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`; `WRONG_STATE` where it is not erased.
    pub async fn erasure(&self, tenant: &TenantId, id: &DocumentId) -> Result<Document, Failure> {
        let found = self.documents.get(id.as_str()).await?.filter(|document| document.record.tenant == *tenant);
        let document = found.ok_or_else(|| Failure::not_found(names::of_document(id)))?.record;
        if self.is_erased(&document).await? {
            return match self.tombstone(document).await {
                Err(failure) if failure.reason == Reason::DocumentErased => {
                    Err(Failure::not_found(names::of_document(id)))
                }
                tombstone => tombstone,
            };
        }
        let message = "the document is not erased, so there is no receipt; DeleteDocument erases it";
        Err(Failure::new(Kind::FailedPrecondition, Reason::WrongState, message).about(names::of_document(id)))
    }

    /// What the reconciler does with a document that is due: an erased one is swept again, and of a
    /// new revision it is found out whether its scope is still there.
    ///
    /// # Errors
    /// Those of [`Self::sweep_again`] and of [`Self::confirm`].
    pub async fn reconcile(&self, document: &Document) -> Result<(), Failure> {
        if document.erased.is_some() {
            return self.sweep_again(document).await;
        }
        self.confirm(document).await.map(drop)
    }

    /// What the reconciler does with an erased document that is due: the second sweep, and before
    /// it the first one, where that was interrupted.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `STORE_UNAVAILABLE`; `ETAG_MISMATCH` where another sweep is under way,
    /// after which this one is to be repeated.
    pub async fn sweep_again(&self, document: &Document) -> Result<(), Failure> {
        // Who erased it may have died before it came to all of them.
        self.erase_revisions(document).await?;
        let begun = document.receipt.as_ref().is_some_and(|receipt| receipt.first.at.is_some());
        if !begun {
            self.sweep(&document.scope, Some(Sweep::First)).await?;
        }
        let swept = self.sweep(&document.scope, Some(Sweep::Second)).await?;
        match swept.due_at {
            None => Ok(()),
            Some(_) => Err(StoreError::conflict("documents", document.id.as_str()).into()),
        }
    }

    /// Deletes the scope of an erased document, and adds what it deletes to the receipt in the
    /// record of the first: to the sweep that is given, or to the one that is open. Returns that
    /// tombstone as it is then. Where somebody else sweeps at the same time, the last one to begin
    /// completes the receipt.
    async fn sweep(&self, scope: &ScopeId, sweep: Option<Sweep>) -> Result<Document, Failure> {
        let id = scope.as_str();
        for _ in 0..LOOKS {
            let found = self.documents.get(id).await?;
            let document = found.ok_or_else(|| Failure::not_found(format!("documents/{id}")))?.record;
            let (sweep, settled) = match &document.receipt {
                Some(receipt) => (sweep.unwrap_or(receipt.open()), receipt.settled),
                None => (sweep.unwrap_or(Sweep::First), 0),
            };
            let objects = Objects::new(Arc::clone(&self.blob), &document.tenant, &document.scope);
            // What is about to be deleted is written down first, so that a crash loses no count.
            let kinds = objects.kinds().await?;
            let mut announced = None;
            self.documents
                .update(id, |document: &mut Document| {
                    let receipt = document.receipt.get_or_insert_with(Receipt::default);
                    announced = receipt.announce(sweep, settled, &kinds);
                    Ok(if announced.is_some() { Change::Write } else { Change::Skip })
                })
                .await?;
            let Some(announced) = announced else { continue };
            let count = objects.delete_all(&objects.folder().all()).await?;
            info!(document = id, count, ?sweep, "objects deleted");
            let now = self.clock.now();
            let swept = self
                .documents
                .update(id, |document: &mut Document| {
                    let receipt = document.receipt.get_or_insert_with(Receipt::default);
                    if !receipt.settle(sweep, announced, now) {
                        return Ok(Change::Skip);
                    }
                    if receipt.second.at.is_some() {
                        document.due_at = None;
                    }
                    Ok(Change::Write)
                })
                .await?;
            return Ok(swept.record);
        }
        Err(StoreError::conflict("documents", id).into())
    }
}
