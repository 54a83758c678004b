//! Erasure: a document becomes a tombstone, and everything that was made from it is deleted in two
//! sweeps, of which the tombstone keeps the receipt.

use std::sync::Arc;

use lectern_blob::Objects;
use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::names;
use lectern_store::{Change, StoreError};
use tracing::info;

use super::{Library, check_etag, erased};
use crate::domain::{Document, Receipt, Sweep};

/// How often a sweep looks again because another one has just deleted what it may have found.
const LOOKS: usize = 8;

impl Library {
    /// Erases a document: leaves a tombstone and deletes its scope, now and once more when no step
    /// can still be putting. Returns the tombstone. To erase it again deletes what may be left, and
    /// says that it is gone, whatever the etag (AIP-135: what does not exist is `NOT_FOUND`); with
    /// `allow_missing` that is a success, and so is an unknown one, of which nothing is returned.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `DOCUMENT_ERASED`, `ETAG_MISMATCH`, `BLOB_UNAVAILABLE`.
    pub async fn erase(
        &self,
        tenant: &TenantId,
        id: &DocumentId,
        etag: &str,
        allow_missing: bool,
    ) -> Result<Option<Document>, Failure> {
        let found = self.documents.get(id.as_str()).await?.filter(|document| document.record.tenant == *tenant);
        let Some(found) = found else {
            return if allow_missing { Ok(None) } else { Err(Failure::not_found(names::of_document(id))) };
        };
        if found.record.erased.is_some() {
            let tombstone = self.sweep(id, None).await?;
            return if allow_missing { Ok(Some(tombstone)) } else { Err(erased(id)) };
        }
        check_etag(etag, found.revision, id)?;
        let now = self.clock.now();
        // It is noted before the record says so, so that a count that goes on meanwhile knows of
        // it.
        let noted = self.usage.erasing(tenant, id, found.record.size);
        let erased = self
            .documents
            .update(id.as_str(), |document: &mut Document| {
                if document.erased.is_some() {
                    return Ok(Change::Skip);
                }
                document.erase(now);
                Ok(Change::Write)
            })
            .await?;
        noted.erased();
        if erased.written {
            info!(document = %id, %tenant, "document erased");
        }
        self.sweep(id, None).await.map(Some)
    }

    /// Deletes what was put into the scope of this document after it was erased, where it is. The
    /// record is made due first, so that whoever dies in between leaves it to the reconciler.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `STORE_UNAVAILABLE`.
    pub(super) async fn sweep_late(&self, id: &DocumentId) -> Result<bool, Failure> {
        if self.documents.get(id.as_str()).await?.is_none_or(|document| document.record.erased.is_none()) {
            return Ok(false);
        }
        let now = self.clock.now();
        self.documents
            .update(id.as_str(), |document: &mut Document| {
                Ok(if document.sweep_late(now) { Change::Write } else { Change::Skip })
            })
            .await?;
        self.sweep(id, None).await?;
        Ok(true)
    }

    /// The tombstone of an erased document, with its receipt.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`; `WRONG_STATE` where it is not erased.
    pub async fn erasure(&self, tenant: &TenantId, id: &DocumentId) -> Result<Document, Failure> {
        let found = self.documents.get(id.as_str()).await?.filter(|document| document.record.tenant == *tenant);
        let document = found.ok_or_else(|| Failure::not_found(names::of_document(id)))?.record;
        if document.erased.is_some() {
            return Ok(document);
        }
        let message = "the document is not erased, so there is no receipt; DeleteDocument erases it";
        Err(Failure::new(Kind::FailedPrecondition, Reason::WrongState, message).about(names::of_document(id)))
    }

    /// What the reconciler does with an erased document that is due: the second sweep, and before
    /// it the first one, where that was interrupted.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `STORE_UNAVAILABLE`; `ETAG_MISMATCH` where another sweep is under way,
    /// after which this one is to be repeated.
    pub async fn sweep_again(&self, document: &Document) -> Result<(), Failure> {
        let begun = document.receipt.as_ref().is_some_and(|receipt| receipt.first.at.is_some());
        if !begun {
            self.sweep(&document.id, Some(Sweep::First)).await?;
        }
        let swept = self.sweep(&document.id, Some(Sweep::Second)).await?;
        match swept.due_at {
            None => Ok(()),
            Some(_) => Err(StoreError::conflict("documents", document.id.as_str()).into()),
        }
    }

    /// Deletes the scope of an erased document, and adds what it deletes to the receipt: to the
    /// sweep that is given, or to the one that is open. Returns the tombstone as it is then. Where
    /// somebody else sweeps at the same time, the last one to begin completes the receipt.
    async fn sweep(&self, id: &DocumentId, sweep: Option<Sweep>) -> Result<Document, Failure> {
        for _ in 0..LOOKS {
            let found = self.documents.get(id.as_str()).await?;
            let document = found.ok_or_else(|| Failure::not_found(names::of_document(id)))?.record;
            let (sweep, settled) = match &document.receipt {
                Some(receipt) => (sweep.unwrap_or(receipt.open()), receipt.settled),
                None => (sweep.unwrap_or(Sweep::First), 0),
            };
            let objects = Objects::new(Arc::clone(&self.blob), &document.tenant, &document.scope);
            // What is about to be deleted is written down first, so that a crash loses no count.
            let kinds = objects.kinds().await?;
            let mut announced = None;
            self.documents
                .update(id.as_str(), |document: &mut Document| {
                    let receipt = document.receipt.get_or_insert_with(Receipt::default);
                    announced = receipt.announce(sweep, settled, &kinds);
                    Ok(if announced.is_some() { Change::Write } else { Change::Skip })
                })
                .await?;
            let Some(announced) = announced else { continue };
            let count = objects.delete_all(&objects.folder().all()).await?;
            info!(document = %id, count, ?sweep, "objects deleted");
            let now = self.clock.now();
            let swept = self
                .documents
                .update(id.as_str(), |document: &mut Document| {
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
        Err(StoreError::conflict("documents", id.as_str()).into())
    }
}
