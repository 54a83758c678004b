//! What callers may do with documents: hand them in, look, erase. The API decodes and encodes
//! around this.

mod buffer;
pub mod import;
mod reading;
mod uploads;

use std::sync::Arc;

use lectern_blob::Blob;
use lectern_core::id::{DocumentId, ScopeId, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_core::{Clock, Digest, Failure, Kind, Random, Reason, Timestamp};
use lectern_proto::names;
use lectern_store::{Change, Collection, Direction, Page, Query, Revision, StoreError, Versioned};
use tracing::info;

pub use import::Imports;
pub use reading::Reader;
pub use uploads::{Receiving, Uploads};

use crate::domain::{Document, Limits};

/// The documents of this installation.
#[derive(Debug, Clone)]
pub struct Library {
    documents: Collection<Document>,
    reader: Reader,
    blob: Arc<dyn Blob>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    master: Arc<[u8]>,
    limits: Limits,
}

/// A source at the door.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Whose it is.
    pub tenant: TenantId,
    /// The id that follows from the caller's request, or none for a new one.
    pub id: Option<DocumentId>,
    /// Digest of the request.
    pub request: Digest,
    /// A name for people; the file's where empty.
    pub display_name: String,
    /// The file's name.
    pub file_name: String,
    /// The language that the caller says it is in; none to find it out.
    pub language: Option<String>,
    /// SHA-256 of the source.
    pub sha256: Digest,
    /// Bytes of the source.
    pub size: u64,
}

impl Library {
    /// The library over these parts.
    #[must_use]
    pub const fn new(
        documents: Collection<Document>,
        reader: Reader,
        blob: Arc<dyn Blob>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        master: Arc<[u8]>,
        limits: Limits,
    ) -> Self {
        Self { documents, reader, blob, clock, random, master, limits }
    }

    /// What is accepted.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The secret under which a tenant's keys, ids and tokens are made.
    #[must_use]
    pub fn secret(&self, tenant: &TenantId) -> TenantSecret {
        TenantSecret::derive(&self.master, tenant)
    }

    /// The document that an earlier call with the same request made.
    ///
    /// # Errors
    /// `REQUEST_ID_REUSED` when that call had another body, `DOCUMENT_ERASED` when its document was
    /// erased meanwhile, whatever the body.
    pub async fn known(
        &self,
        id: Option<&DocumentId>,
        request: &Digest,
    ) -> Result<Option<Versioned<Document>>, Failure> {
        let Some(id) = id else { return Ok(None) };
        match self.documents.get(id.as_str()).await? {
            Some(known) if known.record.erased.is_some() => Err(spent(id)),
            Some(known) if known.record.request == *request => Ok(Some(known)),
            Some(_) => Err(reused(id)),
            None => Ok(None),
        }
    }

    /// Reads the source in `file` and accepts it, or refuses it and keeps nothing.
    ///
    /// # Errors
    /// What `DocumentService.CreateDocument` documents.
    pub async fn accept(&self, arrival: Arrival, file: &std::path::Path) -> Result<Versioned<Document>, Failure> {
        if let Some(known) = self.known(arrival.id.as_ref(), &arrival.request).await? {
            return Ok(known);
        }
        if arrival.size == 0 {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::DocumentEmpty,
                "the source has no bytes; send some",
            ));
        }
        let id = arrival.id.clone().unwrap_or_else(|| DocumentId::random(&*self.random));
        let scope: ScopeId = id.as_str().parse().map_err(|_| Failure::internal("a document's id is a scope's"))?;
        // The content is read before anything is put, so a refused source leaves nothing behind.
        let content = self.reader.read(&arrival.tenant, file, &arrival.file_name).await?;
        let objects = lectern_blob::Objects::new(Arc::clone(&self.blob), &arrival.tenant, &scope);
        let source = objects.folder().source(&arrival.sha256);
        let source = lectern_blob::ObjectPath::new(&source).map_err(|e| Failure::internal(e.to_string()))?;
        self.blob.put_file(&source, file).await?;
        let key = self.secret(&arrival.tenant).content(&arrival.sha256, self.reader.pin());
        objects.write_json(&objects.folder().content(&key), &content).await?;

        let name = if arrival.display_name.is_empty() { &arrival.file_name } else { &arrival.display_name };
        let mut document = Document {
            id: id.clone(),
            tenant: arrival.tenant.clone(),
            scope,
            request: arrival.request,
            display_name: name.clone(),
            file_name: arrival.file_name.clone(),
            title: String::new(),
            media_type: String::new(),
            size: arrival.size,
            sha256: arrival.sha256,
            pages: 0,
            words: 0,
            language_set: arrival.language.is_some(),
            language: arrival.language.unwrap_or_default(),
            outline: Vec::new(),
            warnings: Vec::new(),
            created: self.clock.now(),
            erased: None,
            due_at: None,
        };
        document.describe(&content);
        match self.documents.insert(&document).await {
            Ok(revision) => {
                info!(document = %id, tenant = %arrival.tenant, media_type = document.media_type, words = document.words, "document accepted");
                Ok(Versioned { record: document, revision })
            }
            // The same request came twice at once, and the other was faster.
            Err(StoreError::Duplicate { .. }) => {
                let known = self.known(arrival.id.as_ref(), &arrival.request).await?;
                known.ok_or_else(|| Failure::not_found(names::of_document(&id)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns a document of this tenant.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `DOCUMENT_ERASED`.
    pub async fn get(&self, tenant: &TenantId, id: &DocumentId) -> Result<Versioned<Document>, Failure> {
        let found = self.documents.get(id.as_str()).await?.filter(|document| document.record.tenant == *tenant);
        match found {
            Some(document) if document.record.erased.is_some() => Err(erased(id)),
            Some(document) => Ok(document),
            None => Err(Failure::not_found(names::of_document(id))),
        }
    }

    /// The key of a document's content. It is made first where this version of the extractor has
    /// not read the document yet.
    ///
    /// # Errors
    /// Why the source cannot be read any more; `LIMIT_EXCEEDED` when too many of the tenant's wait
    /// to be read, `BLOB_UNAVAILABLE`.
    pub async fn prepare(&self, document: &Document) -> Result<Digest, Failure> {
        let objects = lectern_blob::Objects::new(Arc::clone(&self.blob), &document.tenant, &document.scope);
        let key = self.secret(&document.tenant).content(&document.sha256, self.pin());
        let path = objects.folder().content(&key);
        if !objects.exists(&path).await? {
            let source = objects.folder().source(&document.sha256);
            let content = self.reader.read_stored(&document.tenant, &objects, &source, &document.file_name).await?;
            objects.write_json(&path, &content).await?;
            info!(document = %document.id, extractor = self.pin(), "document read by a newer extractor");
        }
        Ok(key)
    }

    /// A page of this tenant's documents, the newest first.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, tenant: &TenantId, query: Query) -> Result<Page<Document>, Failure> {
        let query =
            query.eq("tenant", tenant.as_str()).eq("erased", serde_json::Value::Null).order("created", Direction::Desc);
        Ok(self.documents.find(&query).await?)
    }

    /// Erases a document: leaves a tombstone and deletes its scope, now and once more when no step
    /// can still be putting. To erase it again deletes what may be left, and says that it is gone,
    /// whatever the etag (AIP-135: what does not exist is `NOT_FOUND`).
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `DOCUMENT_ERASED`, `ETAG_MISMATCH`, `BLOB_UNAVAILABLE`.
    pub async fn erase(&self, tenant: &TenantId, id: &DocumentId, etag: &str) -> Result<(), Failure> {
        let found = self.documents.get(id.as_str()).await?.filter(|document| document.record.tenant == *tenant);
        let found = found.ok_or_else(|| Failure::not_found(names::of_document(id)))?;
        if found.record.erased.is_some() {
            self.sweep(&found.record).await?;
            return Err(erased(id));
        }
        check_etag(etag, found.revision, id)?;
        let now = self.clock.now();
        self.documents
            .update(id.as_str(), |document: &mut Document| {
                if document.erased.is_some() {
                    return Ok(Change::Skip);
                }
                document.erase(now);
                Ok(Change::Write)
            })
            .await?;
        info!(document = %id, %tenant, "document erased");
        self.sweep(&found.record).await
    }

    /// What the reconciler does with an erased document that is due.
    ///
    /// # Errors
    /// `BLOB_UNAVAILABLE`, `STORE_UNAVAILABLE`.
    pub async fn sweep_again(&self, document: &Document) -> Result<(), Failure> {
        self.sweep(document).await?;
        self.documents
            .update(document.id.as_str(), |document: &mut Document| {
                document.due_at = None;
                Ok(Change::Write)
            })
            .await?;
        Ok(())
    }

    async fn sweep(&self, document: &Document) -> Result<(), Failure> {
        let objects = lectern_blob::Objects::new(Arc::clone(&self.blob), &document.tenant, &document.scope);
        let count = objects.delete_all(&objects.folder().all()).await?;
        info!(document = %document.id, count, "objects deleted");
        Ok(())
    }

    /// The documents' collection, for the reconciler.
    #[must_use]
    pub const fn documents(&self) -> &Collection<Document> {
        &self.documents
    }

    /// The extractor that reads sources, name and version.
    #[must_use]
    pub fn pin(&self) -> &str {
        self.reader.pin()
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

fn reused(id: &DocumentId) -> Failure {
    Failure::new(
        Kind::AlreadyExists,
        Reason::RequestIdReused,
        "this id was used for another source; use a new one for a new source",
    )
    .about(names::of_document(id))
}

fn erased(id: &DocumentId) -> Failure {
    Failure::new(Kind::NotFound, Reason::DocumentErased, "the document was erased; hand it in again under a new id")
        .about(names::of_document(id))
}

/// The document that a request or an upload made was erased. Nothing is made anew in its place: its
/// folder has its name, and is swept once more.
fn spent(id: &DocumentId) -> Failure {
    Failure::new(
        Kind::FailedPrecondition,
        Reason::DocumentErased,
        "the document that this id made was erased; hand it in again under a new id",
    )
    .about(names::of_document(id))
}

fn check_etag(etag: &str, revision: Revision, id: &DocumentId) -> Result<(), Failure> {
    if etag.is_empty() || etag == revision.0.to_string() {
        return Ok(());
    }
    Err(Failure::new(
        Kind::Aborted,
        Reason::EtagMismatch,
        "the document has changed since this etag; read it again and decide anew",
    )
    .about(names::of_document(id)))
}
