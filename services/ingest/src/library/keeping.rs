//! Putting: a source and its content, and the content that a newer extractor reads. Reading takes
//! minutes, in which a document of the same name may be accepted and erased, and the one that it
//! revises. So the records are looked at before anything is put and after it, and what came too
//! late is swept.

use std::path::Path;
use std::sync::Arc;

use lectern_blob::{ObjectPath, Objects};
use lectern_core::content::document::Content;
use lectern_core::{Digest, Failure, Kind, Reason};
use lectern_proto::names;
use lectern_store::{StoreError, Versioned};
use tokio::time::timeout;
use tracing::{Instrument as _, info, warn};

use super::{Arrival, Library, Readable, erased};
use crate::domain::Document;
use crate::domain::document::CONFIRMED_WITHIN;
use crate::domain::upload::KEEPING;

impl Library {
    /// Puts the source in `file` and its content, then commits the document. It goes on to its end
    /// also where the call that waits for it is dropped, so that nothing is left behind by that.
    pub(super) async fn keep(&self, readable: Readable, file: &Path) -> Result<Versioned<Document>, Failure> {
        let (library, file) = (self.clone(), file.to_owned());
        let keep = Box::pin(async move { library.keep_now(readable, &file).await });
        tokio::spawn(keep.in_current_span()).await.unwrap_or_else(|error| Err(broke_off(&error)))
    }

    async fn keep_now(&self, readable: Readable, file: &Path) -> Result<Versioned<Document>, Failure> {
        let Readable { arrival, id, scope, content, stored, room } = readable;
        // Nothing is put beside a document that another call made while this one read.
        if let Some(known) = self.known(arrival.id.as_ref(), &arrival.request).await? {
            return Ok(known);
        }
        if arrival.revises.is_some() {
            self.join(&arrival.tenant, &scope).await?;
        }
        let objects = Objects::new(Arc::clone(&self.blob), &arrival.tenant, &scope);
        let source = objects.folder().source(&arrival.sha256);
        let key = self.secret(&arrival.tenant).content(&arrival.sha256, self.pin());
        let put = Put { source, content: objects.folder().content(&key), objects };

        let name = if arrival.display_name.is_empty() { &arrival.file_name } else { &arrival.display_name };
        let mut document = Document {
            id,
            tenant: arrival.tenant.clone(),
            scope,
            revises: arrival.revises.clone(),
            joined: 0,
            request: arrival.request,
            display_name: name.clone(),
            file_name: arrival.file_name.clone(),
            title: String::new(),
            media_type: String::new(),
            size: arrival.size,
            stored,
            sha256: arrival.sha256,
            pages: None,
            words: 0,
            language_set: arrival.language.is_some(),
            language: arrival.language.clone().unwrap_or_default(),
            outline: Vec::new(),
            warnings: Vec::new(),
            created: self.clock.now(),
            erased: None,
            receipt: None,
            due_at: None,
        };
        document.describe(&content);
        if document.shares_scope() {
            document.due_at = Some(self.clock.now().plus(CONFIRMED_WITHIN));
        }
        match timeout(KEEPING, self.commit(&put, &document, &content, file)).await {
            Ok(Ok(Some(accepted))) => {
                room.accepted();
                let Document { id, tenant, media_type, words, .. } = &accepted.record;
                info!(document = %id, %tenant, media_type, words, "document accepted");
                Ok(accepted)
            }
            // The same request came twice at once, and the other was faster.
            Ok(Ok(None)) => Box::pin(self.was_slower(&arrival, &put, &document)).await,
            Ok(Err(failure)) => Err(Box::pin(self.failed(&document, failure)).await),
            Err(_) => Err(Box::pin(self.failed(&document, too_slow())).await),
        }
    }

    /// Puts the objects, then inserts the record; none where there is one. Of a revision it is
    /// looked at then whether its scope is still there.
    async fn commit(
        &self,
        put: &Put,
        document: &Document,
        content: &Content,
        file: &Path,
    ) -> Result<Option<Versioned<Document>>, Failure> {
        self.put_source(put, file).await?;
        put.objects.write_json(&put.content, content).await?;
        match self.documents.insert(document).await {
            Ok(_) if document.shares_scope() => Box::pin(self.settle(put, document, content, file)).await.map(Some),
            Ok(revision) => Ok(Some(Versioned { record: document.clone(), revision })),
            Err(StoreError::Duplicate { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts the source in `file`.
    pub(super) async fn put_source(&self, put: &Put, file: &Path) -> Result<(), Failure> {
        let source = ObjectPath::new(&put.source).map_err(|e| Failure::internal(e.to_string()))?;
        self.blob.put_file(&source, file).await?;
        Ok(())
    }

    /// What is answered where another call made the document. What this one put into its folder is
    /// deleted, unless it is the document's as well, or may be that of another revision: in a scope
    /// that is shared it stays for as long as the scope does.
    async fn was_slower(
        &self,
        arrival: &Arrival,
        put: &Put,
        document: &Document,
    ) -> Result<Versioned<Document>, Failure> {
        let id = &document.id;
        let found = self.documents.get(id.as_str()).await?;
        let found = found.ok_or_else(|| Failure::not_found(names::of_document(id)))?.record;
        let same_scope = found.scope == document.scope;
        let is_others = found.sha256 != document.sha256 && found.joined == 0;
        if document.shares_scope() || (same_scope && found.erased.is_some()) {
            self.sweep_late(&document.tenant, &document.scope).await?;
        } else if is_others || !same_scope {
            // Nobody else has objects of these names here: the document's are of its own source,
            // and a revision that has them joins the scope before it puts them.
            for path in [&put.source, &put.content] {
                let first = self.documents.get(id.as_str()).await?;
                if same_scope && first.is_some_and(|first| first.record.joined > 0) {
                    break;
                }
                let path = ObjectPath::new(path).map_err(|e| Failure::internal(e.to_string()))?;
                self.blob.delete(&path).await?;
            }
        }
        let known = self.known(arrival.id.as_ref(), &arrival.request).await?;
        known.ok_or_else(|| Failure::not_found(names::of_document(id)))
    }

    /// What is answered where something may have been put and no record was: where another call's
    /// document was erased meanwhile, it is swept.
    async fn failed(&self, document: &Document, failure: Failure) -> Failure {
        if let Err(error) = self.sweep_late(&document.tenant, &document.scope).await {
            warn!(document = %document.id, failure = %error, "what was put of a source may stay behind");
        }
        failure
    }

    /// The key of a document's content. It is made first where this version of the extractor has
    /// not read the document yet.
    ///
    /// # Errors
    /// Why the source cannot be read any more; `LIMIT_EXCEEDED` when too many of the tenant's wait
    /// to be read, `DOCUMENT_ERASED` where it was erased meanwhile, `BLOB_UNAVAILABLE`.
    pub async fn prepare(&self, document: &Document) -> Result<Digest, Failure> {
        let objects = Objects::new(Arc::clone(&self.blob), &document.tenant, &document.scope);
        let key = self.secret(&document.tenant).content(&document.sha256, self.pin());
        let path = objects.folder().content(&key);
        if !objects.exists(&path).await? {
            let source = objects.folder().source(&document.sha256);
            let content = self.reader.read_stored(&document.tenant, &objects, &source, &document.file_name).await?;
            self.put_content(document, objects, path, content).await?;
            info!(document = %document.id, extractor = self.pin(), "document read by a newer extractor");
        }
        Ok(key)
    }

    /// Puts what was read of a document, unless it was erased meanwhile, which took minutes
    /// perhaps.
    async fn put_content(
        &self,
        document: &Document,
        objects: Objects,
        path: String,
        content: Content,
    ) -> Result<(), Failure> {
        self.get(&document.tenant, &document.id).await?;
        let (library, id) = (self.clone(), document.id.clone());
        let (tenant, scope) = (document.tenant.clone(), document.scope.clone());
        let put = Box::pin(async move {
            let put = objects.write_json(&path, &content).await;
            if library.sweep_late(&tenant, &scope).await? { Err(erased(&id)) } else { put.map(drop) }
        });
        // It goes on to its end also where nobody waits for it any more.
        tokio::spawn(put.in_current_span()).await.unwrap_or_else(|error| Err(broke_off(&error)))
    }
}

/// What is put of a source.
pub(super) struct Put {
    pub(super) objects: Objects,
    /// Where the source goes.
    pub(super) source: String,
    /// Where its content goes.
    pub(super) content: String,
}

fn too_slow() -> Failure {
    let message = format!(
        "object storage did not take the source within {} s; nothing was accepted, so hand it in again",
        KEEPING.as_secs()
    );
    Failure::new(Kind::Unavailable, Reason::BlobUnavailable, message)
}

fn broke_off(error: &tokio::task::JoinError) -> Failure {
    Failure::internal(format!("keeping a document broke off: {error}"))
}

#[cfg(test)]
mod tests;
