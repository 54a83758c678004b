//! Revisions: a document that revises another one lies in its scope, so that what was made of
//! sentences that did not change is found there.
//!
//! The scope is named by the first of its documents, and the record of that one decides whether the
//! scope is there: a revision is erased when its first document is, whatever its own record says
//! yet. Whoever puts a revision notes so in the record of the first, before anything is put and
//! once more when its own record is written. So one of the two is true of an erasure at the same
//! time: the erasure finds the revision, or the revision finds the erasure.

use std::path::Path;

use lectern_core::content::document::Content;
use lectern_core::id::{DocumentId, ScopeId, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::names;
use lectern_store::{Change, Direction, Op, Page, Query, Versioned};
use tracing::info;

use super::keeping::Put;
use super::{Library, erased};
use crate::domain::Document;

/// The field that names the document which another one revises.
const FIELD: &str = "document.revises";
/// More revisions than this are not counted.
const MOST: u64 = 1_000_000;
/// Records read at once.
const READ: u32 = 200;

impl Library {
    /// The document that another one of this tenant is to revise.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` and `DOCUMENT_ERASED`, both as `FAILED_PRECONDITION`.
    pub(super) async fn revised(&self, tenant: &TenantId, id: &DocumentId) -> Result<Document, Failure> {
        match self.get(tenant, id).await {
            Ok(revised) => Ok(revised.record),
            Err(failure) if failure.reason == Reason::ResourceNotFound => {
                let message = "there is no such document to revise; hand the source in without revises";
                Err(refused(Reason::ResourceNotFound, message).about(names::of_document(id)))
            }
            Err(failure) if failure.reason == Reason::DocumentErased => Err(gone().about(names::of_document(id))),
            Err(failure) => Err(failure),
        }
    }

    /// Whether a document is erased: by its own record, or by that of the first of its revisions.
    pub(super) async fn is_erased(&self, document: &Document) -> Result<bool, Failure> {
        if document.erased.is_some() || !document.shares_scope() {
            return Ok(document.erased.is_some());
        }
        Ok(self.first(&document.tenant, &document.scope).await?.is_none_or(|first| first.record.erased.is_some()))
    }

    /// The first document of a scope, erased or not; none where nothing is left of it.
    pub(super) async fn first(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
    ) -> Result<Option<Versioned<Document>>, Failure> {
        let found = self.documents.get(scope.as_str()).await?;
        Ok(found.filter(|first| first.record.tenant == *tenant && first.record.scope == *scope))
    }

    /// Bytes that a source adds to what its tenant has stored: none where a document of the scope
    /// has the same one, since that lies there once.
    pub(super) async fn added(
        &self,
        tenant: &TenantId,
        scope: &ScopeId,
        sha256: &Digest,
        size: u64,
    ) -> Result<u64, Failure> {
        let same = living(tenant, scope).eq("sha256", sha256.to_string());
        Ok(if self.documents.count(&same, 1).await? > 0 { 0 } else { size })
    }

    /// Notes in the record of the first document that a revision is about to be put beside it, or
    /// has just been: whoever is erasing it alone looks again.
    ///
    /// # Errors
    /// `DOCUMENT_ERASED`, as `FAILED_PRECONDITION`.
    pub(super) async fn join(&self, tenant: &TenantId, scope: &ScopeId) -> Result<(), Failure> {
        let joined = self.documents.update(scope.as_str(), |first: &mut Document| {
            if first.erased.is_some() || first.tenant != *tenant {
                return Err(gone());
            }
            first.joined = first.joined.saturating_add(1);
            Ok(Change::Write)
        });
        match joined.await {
            Err(failure) if failure.reason == Reason::ResourceNotFound => Err(gone()),
            joined => joined.map(drop),
        }
    }

    /// Makes sure that the objects of a revision whose record is written are there, and its scope.
    /// A slower call of the document that it revises, which had the same bytes and was refused, may
    /// have deleted them just when they were found to be there.
    pub(super) async fn settle(
        &self,
        put: &Put,
        document: &Document,
        content: &Content,
        file: &Path,
    ) -> Result<Versioned<Document>, Failure> {
        if !put.objects.exists(&put.source).await? {
            self.put_source(put, file).await?;
        }
        if !put.objects.exists(&put.content).await? {
            put.objects.write_json(&put.content, content).await?;
        }
        Box::pin(self.confirm(document)).await?.ok_or_else(gone)
    }

    /// Notes a new revision in the record of the first, and has it stay; where the scope is being
    /// erased it becomes a tombstone, what it put is deleted, and nothing is returned.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `BLOB_UNAVAILABLE`; safe to repeat.
    pub async fn confirm(&self, document: &Document) -> Result<Option<Versioned<Document>>, Failure> {
        match self.join(&document.tenant, &document.scope).await {
            Ok(()) => {}
            Err(failure) if failure.reason == Reason::DocumentErased => {
                self.erase_one(document).await?;
                self.sweep_late(&document.tenant, &document.scope).await?;
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        }
        let confirmed = self
            .documents
            .update(document.id.as_str(), |revision: &mut Document| {
                // An erasure that found it meanwhile has said what is due.
                if revision.erased.is_some() || revision.due_at.is_none() {
                    return Ok(Change::Skip);
                }
                revision.due_at = None;
                Ok(Change::Write)
            })
            .await?;
        let is_there = confirmed.record.erased.is_none();
        Ok(is_there.then_some(Versioned { record: confirmed.record, revision: confirmed.revision }))
    }

    /// Leaves a tombstone of every revision in the scope of a first document that is erased.
    pub(super) async fn erase_revisions(&self, first: &Document) -> Result<(), Failure> {
        if first.joined == 0 {
            return Ok(());
        }
        let mut query = living(&first.tenant, &first.scope).order("created", Direction::Desc).limit(READ);
        loop {
            let Page { items, next, .. } = self.documents.find(&query).await?;
            for revision in items {
                self.erase_one(&revision.record).await?;
            }
            match next {
                Some(next) => query = query.after(next),
                None => return Ok(()),
            }
        }
    }

    /// Leaves a tombstone of a revision, whose receipt is that of the first document. They are
    /// erased at one moment, so that their tombstones end together.
    async fn erase_one(&self, revision: &Document) -> Result<(), Failure> {
        let first = self.first(&revision.tenant, &revision.scope).await?;
        let at = first.and_then(|first| first.record.erased).unwrap_or_else(|| self.clock.now());
        let noted = self.usage.erasing(&revision.tenant, &revision.id, revision.stored);
        let erased = self
            .documents
            .update(revision.id.as_str(), |document: &mut Document| {
                if document.erased.is_some() {
                    return Ok(Change::Skip);
                }
                document.erase(at);
                Ok(Change::Write)
            })
            .await?;
        noted.erased();
        if erased.written {
            info!(document = %revision.id, tenant = %revision.tenant, first = %revision.scope, "revision erased");
        }
        Ok(())
    }

    /// Whether a scope has a document beside the one that is to be erased.
    pub(super) async fn has_others(&self, tenant: &TenantId, scope: &ScopeId) -> Result<bool, Failure> {
        Ok(self.documents.count(&living(tenant, scope), 2).await? > 1)
    }

    /// How many documents were erased together with the one that `tombstone` is of, and with it.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn erased_together(&self, tombstone: &Document) -> Result<u64, Failure> {
        let of_scope = Query::new().eq("tenant", tombstone.tenant.as_str()).eq("scope", tombstone.scope.as_str());
        let erased = of_scope.filter("erased", Op::Ne, serde_json::Value::Null);
        Ok(self.documents.count(&erased, MOST).await?)
    }

    /// What is told of an erased document: its tombstone, with the receipt of its scope.
    ///
    /// # Errors
    /// `DOCUMENT_ERASED` where nothing is left of the scope's.
    pub(super) async fn tombstone(&self, document: Document) -> Result<Document, Failure> {
        let first = self.first(&document.tenant, &document.scope).await?;
        let first = first.ok_or_else(|| erased(&document.id))?.record;
        let Document { erased, receipt, due_at, .. } = first;
        Ok(Document { erased, receipt, due_at, ..document })
    }
}

/// The documents of a scope that are not erased.
fn living(tenant: &TenantId, scope: &ScopeId) -> Query {
    let of_scope = Query::new().eq("tenant", tenant.as_str()).eq("scope", scope.as_str());
    of_scope.eq("erased", serde_json::Value::Null)
}

fn gone() -> Failure {
    refused(Reason::DocumentErased, "the document to revise was erased; hand the source in without revises")
}

fn refused(reason: Reason, message: &str) -> Failure {
    Failure::new(Kind::FailedPrecondition, reason, message).at(FIELD)
}

/// Refuses to erase a document alone that shares its scope.
pub(super) fn shared(id: &DocumentId) -> Failure {
    let message = "the document has other revisions, which share all that was made of them and can only be erased \
                   together; set all_revisions to erase them all";
    Failure::new(Kind::FailedPrecondition, Reason::WrongState, message).about(names::of_document(id))
}

#[cfg(test)]
mod tests;
