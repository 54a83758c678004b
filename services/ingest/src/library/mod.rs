//! What callers may do with documents: hand them in, look, erase. The API decodes and encodes
//! around this.

mod buffer;
mod erasing;
pub mod import;
mod keeping;
mod reading;
mod retention;
mod revisions;
pub mod scratch;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod uploads;
mod usage;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lectern_blob::Blob;
use lectern_core::content::document::Content;
use lectern_core::id::{DocumentId, ScopeId, TenantId};
use lectern_core::keys::{Secrets, TenantSecret};
use lectern_core::{Clock, Digest, Failure, Kind, Random, Reason, Timestamp};
use lectern_proto::names;
use lectern_store::{Collection, Direction, Page, Query, Revision, Versioned};

pub use erasing::Erase;
pub use import::Imports;
pub use reading::Reader;
pub use uploads::{Opening, Receiving, Uploads};
pub use usage::{Stored, Usage};

use crate::domain::{Document, SourceLimits};
use usage::Reserved;

/// The documents of this installation.
#[derive(Debug, Clone)]
pub struct Library {
    documents: Collection<Document>,
    reader: Reader,
    blob: Arc<dyn Blob>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    secrets: Secrets,
    limits: SourceLimits,
    usage: Usage,
    /// Bytes that came, by how they did.
    received: Arc<[AtomicU64; Via::ALL.len()]>,
}

/// How a source came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Its caller sent it, whole or in parts.
    Upload,
    /// It was fetched by its URL.
    Import,
}

impl Via {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Upload, Self::Import];

    /// The name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Import => "import",
        }
    }
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
    /// The document that it revises; none where it revises none.
    pub revises: Option<DocumentId>,
    /// SHA-256 of the source.
    pub sha256: Digest,
    /// Bytes of the source.
    pub size: u64,
    /// How it came.
    pub via: Via,
    /// Bytes that all sources of the tenant may have together; none where nobody said.
    pub share: Option<u64>,
    /// The record of the upload that it came by, whose bytes are counted already; none for another
    /// way.
    pub upload: Option<String>,
}

/// A source that was looked at.
enum Considered {
    /// An earlier call with the same request made this document.
    Known(Box<Versioned<Document>>),
    /// It can be read, and there is room for it.
    Readable(Box<Readable>),
}

/// A source that can be accepted.
struct Readable {
    arrival: Arrival,
    id: DocumentId,
    scope: ScopeId,
    content: Content,
    /// Bytes that it adds to what its tenant has stored.
    stored: u64,
    room: Reserved,
}

impl Library {
    /// The library over these parts.
    #[must_use]
    pub fn new(
        documents: Collection<Document>,
        reader: Reader,
        blob: Arc<dyn Blob>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        secrets: Secrets,
        limits: SourceLimits,
    ) -> Self {
        let usage = Usage::new(documents.clone(), Arc::clone(&clock));
        Self { documents, reader, blob, clock, random, secrets, limits, usage, received: Arc::default() }
    }

    /// Bytes of the sources that came so since the start, accepted ones and others. One that an
    /// earlier call had handed in does not count.
    #[must_use]
    pub fn received(&self, via: Via) -> u64 {
        self.received[via as usize].load(Ordering::Relaxed)
    }

    /// What is accepted.
    #[must_use]
    pub const fn limits(&self) -> &SourceLimits {
        &self.limits
    }

    /// The secret under which a tenant's keys, ids and tokens are made.
    #[must_use]
    pub fn secret(&self, tenant: &TenantId) -> TenantSecret {
        self.secrets.of(tenant)
    }

    /// The document that an earlier call with the same request made.
    ///
    /// # Errors
    /// `REQUEST_ID_REUSED` when that call had another body, `DOCUMENT_ERASED` when its document was
    /// erased meanwhile, whatever the body, or the document that it revises.
    pub async fn known(
        &self,
        id: Option<&DocumentId>,
        request: &Digest,
    ) -> Result<Option<Versioned<Document>>, Failure> {
        let Some(id) = id else { return Ok(None) };
        let Some(known) = self.documents.get(id.as_str()).await? else { return Ok(None) };
        if self.is_erased(&known.record).await? {
            return Err(spent(id));
        }
        if known.record.request != *request {
            return Err(reused(id));
        }
        if known.record.due_at.is_none() {
            return Ok(Some(known));
        }
        // Who made it may have died before it looked whether the scope is still there.
        Box::pin(self.confirm(&known.record)).await?.ok_or_else(|| spent(id)).map(Some)
    }

    /// Reads the source in `file` and accepts it, or refuses it and keeps nothing.
    ///
    /// # Errors
    /// What `DocumentService.CreateDocument` documents.
    pub async fn accept(&self, arrival: Arrival, file: &std::path::Path) -> Result<Versioned<Document>, Failure> {
        match Box::pin(self.consider(arrival, file)).await? {
            Considered::Known(known) => Ok(*known),
            Considered::Readable(readable) => self.keep(*readable, file).await,
        }
    }

    /// Looks whether the source in `file` is known, fits the tenant's share and can be read.
    /// Nothing is kept of it yet.
    async fn consider(&self, arrival: Arrival, file: &std::path::Path) -> Result<Considered, Failure> {
        if let Some(known) = self.known(arrival.id.as_ref(), &arrival.request).await? {
            return Ok(Considered::Known(Box::new(known)));
        }
        if arrival.size == 0 {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::DocumentEmpty,
                "the source has no bytes; send some",
            ));
        }
        self.received[arrival.via as usize].fetch_add(arrival.size, Ordering::Relaxed);
        let tenant = &arrival.tenant;
        let id = arrival.id.clone().unwrap_or_else(|| DocumentId::random(&*self.random));
        let (scope, stored) = match &arrival.revises {
            Some(revised) => {
                let scope = self.revised(tenant, revised).await?.scope;
                let stored = self.added(tenant, &scope, &arrival.sha256, arrival.size).await?;
                (scope, stored)
            }
            None => {
                let own: ScopeId =
                    id.as_str().parse().map_err(|_| Failure::internal("a document's id is a scope's"))?;
                (own, arrival.size)
            }
        };
        // Room comes first, since to read a source that does not fit would be for nothing.
        let room = self.usage.reserve(tenant, stored, arrival.share, arrival.upload.as_deref()).await?;
        // The content is read before anything is put, so a refused source leaves nothing behind.
        let content = self.reader.read(&arrival.tenant, file, &arrival.file_name).await?;
        Ok(Considered::Readable(Box::new(Readable { arrival, id, scope, content, stored, room })))
    }

    /// Returns a document of this tenant.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `DOCUMENT_ERASED`.
    pub async fn get(&self, tenant: &TenantId, id: &DocumentId) -> Result<Versioned<Document>, Failure> {
        let found = self.documents.get(id.as_str()).await?.filter(|document| document.record.tenant == *tenant);
        let document = found.ok_or_else(|| Failure::not_found(names::of_document(id)))?;
        if self.is_erased(&document.record).await? { Err(erased(id)) } else { Ok(document) }
    }

    /// A page of this tenant's documents, the newest first: of all, of those of one source, or of
    /// the revisions in one scope.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(
        &self,
        tenant: &TenantId,
        source: Option<Digest>,
        scope: Option<&ScopeId>,
        query: Query,
    ) -> Result<Page<Document>, Failure> {
        Ok(self.documents.find(&listed(tenant, source, scope, query)).await?)
    }

    /// Whether there is a document of this id, erased or not.
    async fn holds(&self, id: &DocumentId) -> Result<bool, Failure> {
        Ok(self.documents.get(id.as_str()).await?.is_some())
    }

    /// What the tenants have stored.
    #[must_use]
    pub const fn usage(&self) -> &Usage {
        &self.usage
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

/// What finds the documents of a list.
fn listed(tenant: &TenantId, source: Option<Digest>, scope: Option<&ScopeId>, query: Query) -> Query {
    let mut query = query.eq("tenant", tenant.as_str()).eq("erased", serde_json::Value::Null);
    if let Some(source) = source {
        query = query.eq("sha256", source.to_string());
    }
    if let Some(scope) = scope {
        query = query.eq("scope", scope.as_str());
    }
    query.order("created", Direction::Desc)
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
