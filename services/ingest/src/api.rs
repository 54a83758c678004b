//! gRPC in: `lectern.v1.DocumentService` and `lectern.ingest.v1.IngestService`.

mod encode;
mod receiving;

use std::sync::Arc;

use async_stream::try_stream;
use bytes::Bytes;
use lectern_blob::{Blob, Objects};
use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Digest, Failure, Kind, Reason, text};
use lectern_proto::ingest::v1::{self as ingest, ingest_service_server::IngestService};
use lectern_proto::v1::{self as api, create_document_request::Source, document_service_server::DocumentService};
use lectern_proto::{convert, names};
use lectern_rpc::{Answers, Caller, Role, answer, answer_stream, deadline, page};
use lectern_store::{Cursor, Query, Versioned};
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument as _;

use crate::domain::Document;
use crate::library::import::Wanted;
use crate::library::scratch::Scratch;
use crate::library::{Arrival, Erase, Imports, Library, Opening, Uploads, Via};
use encode::View;

/// Documents on a page where nobody says how many.
const PAGE: usize = 50;

/// Bytes of one message of content.
const CHUNK: usize = 64 * 1024;

/// The services over the library.
#[derive(Debug, Clone)]
pub struct Documents {
    library: Library,
    uploads: Uploads,
    imports: Imports,
    blob: Arc<dyn Blob>,
}

impl Documents {
    /// The services over these parts.
    #[must_use]
    pub const fn new(library: Library, uploads: Uploads, imports: Imports, blob: Arc<dyn Blob>) -> Self {
        Self { library, uploads, imports, blob }
    }

    /// A document that a service asks about, by its name.
    async fn document(&self, tenant: &TenantId, name: &str) -> Result<Document, Failure> {
        let id = names::document(name, "document")?;
        Ok(self.library.get(tenant, &id).await?.record)
    }

    /// The id that follows from a caller's request id.
    fn requested(&self, tenant: &TenantId, request_id: &str) -> Result<Option<DocumentId>, Failure> {
        if request_id.is_empty() {
            return Ok(None);
        }
        let request_id: DocumentId =
            request_id.parse().map_err(|e| Failure::invalid("request_id", format!("request_id: {e}")))?;
        Ok(Some(DocumentId::of(&self.library.secret(tenant).request(&format!("document/{request_id}")))))
    }

    /// The receipt of an erased document.
    async fn erased(&self, tombstone: &Document) -> Result<api::Erasure, Failure> {
        Ok(encode::erasure(tombstone, self.library.erased_together(tombstone).await?))
    }

    async fn create(
        &self,
        tenant: TenantId,
        share: Option<u64>,
        request: api::CreateDocumentRequest,
    ) -> Result<Versioned<Document>, Failure> {
        // What only we set is not looked at (AIP-203).
        let api::Document { display_name, language_code, revises, .. } = request.document.unwrap_or_default();
        let revises = (!revises.is_empty()).then(|| names::document(&revises, "document.revises")).transpose()?;
        text::check_name("document.display_name", &display_name)?;
        text::check_name("file_name", &request.file_name)?;
        let language = convert::language_tag("document.language_code", &language_code)?;
        let id = self.requested(&tenant, &request.request_id)?;
        let (bytes, file_name): (Bytes, String) = match request.source {
            Some(Source::Text(text)) => {
                // Text is text, whatever it looks like; only its name may make it Markdown.
                let name = if request.file_name.is_empty() { "text.md".to_owned() } else { request.file_name };
                (text.into(), name)
            }
            Some(Source::Data(data)) => (data, request.file_name),
            Some(Source::Uri(uri)) => {
                let file_name = request.file_name;
                let wanted = Wanted { tenant, id, uri, display_name, file_name, language, revises, share };
                return Box::pin(self.imports.import(wanted)).await;
            }
            None => return Err(Failure::invalid("source", "send the source as text, data or uri")),
        };
        self.library.limits().inline(bytes.len() as u64)?;
        let sha256 = Digest::of(&bytes);
        let set = language.as_ref().map(|tag| format!("\n{tag}")).unwrap_or_default();
        // A tag of a language has no space.
        let of = revises.as_ref().map(|revised| format!("\nrevises {revised}")).unwrap_or_default();
        let digest = Digest::of(format!("{sha256}\n{display_name}\n{file_name}{set}{of}").as_bytes());
        let mut file = Scratch::new()?;
        file.write(&bytes)?;
        let arrival = Arrival {
            tenant,
            id,
            request: digest,
            display_name,
            file_name,
            language,
            revises,
            sha256,
            size: bytes.len() as u64,
            via: Via::Upload,
            share,
            upload: None,
        };
        self.library.accept(arrival, file.path()).await
    }

    /// Receives an upload until it is finished, its stream fails, or the call's deadline passes.
    async fn upload(
        &self,
        tenant: TenantId,
        share: Option<u64>,
        mut messages: Streaming<api::UploadDocumentRequest>,
    ) -> Result<Versioned<Document>, Failure> {
        let deadline = deadline::current();
        let start = receiving::start(&mut messages, self.uploads.idle(), deadline).await?;
        let size = start.size_bytes.map(u64::try_from).transpose().map_err(|_| {
            Failure::invalid("start.size_bytes", "size_bytes must not be negative; leave it out where it is not known")
        })?;
        let api::Document { display_name, language_code, revises, .. } = start.document.unwrap_or_default();
        let opening = Opening {
            tenant: &tenant,
            name: &start.upload,
            display_name: &display_name,
            file_name: &start.file_name,
            language: &language_code,
            revises: &revises,
            size,
            share,
        };
        let mut upload = self.uploads.open(opening).await?;
        let sha256 = match receiving::rest(&mut upload, &mut messages, deadline).await {
            Ok(sha256) => sha256,
            Err(failure) => {
                // What came before the fault is good and is kept, so that the caller goes on from
                // there.
                upload.flush().await?;
                return Err(failure);
            }
        };
        upload.finish(sha256).await
    }
}

#[tonic::async_trait]
impl DocumentService for Documents {
    async fn create_document(
        &self,
        request: Request<api::CreateDocumentRequest>,
    ) -> Result<Response<api::CreateDocumentResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let document = self.create(caller.tenant, caller.limits.stored_source_bytes, request).await?;
            Ok(api::CreateDocumentResponse { document: Some(encode::document(&document, View::Full)) })
        })
        .await
    }

    async fn upload_document(
        &self,
        request: Request<Streaming<api::UploadDocumentRequest>>,
    ) -> Result<Response<api::UploadDocumentResponse>, Status> {
        answer(request, |caller: Caller, messages| async move {
            // A call ends when its connection breaks; what it brought is kept all the same, so the
            // work goes on until the stream has told its end, or the deadline of the call has
            // passed.
            let this = self.clone();
            let share = caller.limits.stored_source_bytes;
            let upload = async move { this.upload(caller.tenant, share, messages).await };
            let document = tokio::spawn(deadline::scope(deadline::current(), upload).in_current_span())
                .await
                .unwrap_or_else(|error| Err(Failure::internal(format!("an upload broke off: {error}"))))?;
            Ok(api::UploadDocumentResponse { document: Some(encode::document(&document, View::Full)) })
        })
        .await
    }

    async fn get_upload(
        &self,
        request: Request<api::GetUploadRequest>,
    ) -> Result<Response<api::GetUploadResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let upload = self.uploads.get(&caller.tenant, &request.name).await?;
            Ok(api::GetUploadResponse { upload: Some(encode::upload(&upload)) })
        })
        .await
    }

    async fn cancel_upload(
        &self,
        request: Request<api::CancelUploadRequest>,
    ) -> Result<Response<api::CancelUploadResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            self.uploads.cancel(&caller.tenant, &request.name, request.allow_missing).await?;
            Ok(api::CancelUploadResponse {})
        })
        .await
    }

    async fn get_document(
        &self,
        request: Request<api::GetDocumentRequest>,
    ) -> Result<Response<api::GetDocumentResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let id = names::document(&request.name, "name")?;
            let view = View::of(request.view, View::Full)?;
            let document = self.library.get(&caller.tenant, &id).await?;
            Ok(api::GetDocumentResponse { document: Some(encode::document(&document, view)) })
        })
        .await
    }

    async fn list_documents(
        &self,
        request: Request<api::ListDocumentsRequest>,
    ) -> Result<Response<api::ListDocumentsResponse>, Status> {
        answer(request, |Caller { tenant, .. }, request| async move {
            let secret = self.library.secret(&tenant);
            let view = View::of(request.view, View::Basic)?;
            let source = source_of(&request.sha256)?;
            let scope = match request.revisions_of.as_str() {
                "" => None,
                name => Some(self.library.get(&tenant, &names::document(name, "revisions_of")?).await?.record.scope),
            };
            let of_source = source.map(|sha256| format!(" {sha256}")).unwrap_or_default();
            let of_scope = scope.as_ref().map(|scope| format!(" in {scope}")).unwrap_or_default();
            let purpose = format!("{}{of_source}{of_scope}", view.list());
            let after: Option<Cursor> = page::open(&secret, &purpose, &request.page_token)?;
            let most = view.most();
            let size = page::size(request.page_size, PAGE.min(most), most)?;
            let size = u32::try_from(size).map_err(|_| Failure::internal("a page has at most 1,000 documents"))?;
            let page =
                self.library.list(&tenant, source, scope.as_ref(), Query::new().limit(size).after(after)).await?;
            let next_page_token = match page.next {
                Some(cursor) => page::seal(&secret, &purpose, &cursor)?,
                None => String::new(),
            };
            let documents = page.items.iter().map(|document| encode::document(document, view)).collect();
            Ok(api::ListDocumentsResponse { documents, next_page_token })
        })
        .await
    }

    async fn delete_document(
        &self,
        request: Request<api::DeleteDocumentRequest>,
    ) -> Result<Response<api::DeleteDocumentResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            // Only the gateway knows of narrations, so `force` is for it alone, and so is this
            // call.
            through_the_gateway(caller.role)?;
            let api::DeleteDocumentRequest { name, etag, allow_missing, force: _, all_revisions } = request;
            let id = names::document(&name, "name")?;
            let how = Erase { etag: &etag, allow_missing, all_revisions };
            let erasure = match self.library.erase(&caller.tenant, &id, how).await? {
                Some(tombstone) => Some(self.erased(&tombstone).await?),
                None => None,
            };
            Ok(api::DeleteDocumentResponse { erasure })
        })
        .await
    }

    async fn get_erasure(
        &self,
        request: Request<api::GetErasureRequest>,
    ) -> Result<Response<api::GetErasureResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let id = names::erasure(&request.name, "name")?;
            let tombstone = self.library.erasure(&caller.tenant, &id).await?;
            Ok(api::GetErasureResponse { erasure: Some(self.erased(&tombstone).await?) })
        })
        .await
    }
}

#[tonic::async_trait]
impl IngestService for Documents {
    type ReadContentStream = Answers<ingest::ReadContentResponse>;

    async fn get_source(
        &self,
        request: Request<ingest::GetSourceRequest>,
    ) -> Result<Response<ingest::GetSourceResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let document = self.document(&caller.tenant, &request.document).await?;
            Ok(ingest::GetSourceResponse {
                scope: document.scope.to_string(),
                sha256: document.sha256.to_string(),
                extractor: self.library.pin().to_owned(),
                set_language_code: document.set_language().to_owned(),
                file_name: document.file_name,
                language_code: document.language,
                word_count: encode::long(document.words),
            })
        })
        .await
    }

    async fn prepare_content(
        &self,
        request: Request<ingest::PrepareContentRequest>,
    ) -> Result<Response<ingest::PrepareContentResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let document = self.document(&caller.tenant, &request.document).await?;
            let key = self.library.prepare(&document).await?;
            Ok(ingest::PrepareContentResponse {
                scope: document.scope.to_string(),
                content_key: key.to_string(),
                set_language_code: document.set_language().to_owned(),
            })
        })
        .await
    }

    async fn read_content(
        &self,
        request: Request<ingest::ReadContentRequest>,
    ) -> Result<Response<Self::ReadContentStream>, Status> {
        answer_stream(request, |caller: Caller, request| async move {
            let document = self.document(&caller.tenant, &request.document).await?;
            let key = self.library.prepare(&document).await?;
            let objects = Objects::new(Arc::clone(&self.blob), &caller.tenant, &document.scope);
            let mut json = objects.read(&objects.folder().content(&key)).await?;
            Ok(try_stream! {
                while !json.is_empty() {
                    yield ingest::ReadContentResponse { json: json.split_to(json.len().min(CHUNK)) };
                }
            })
        })
        .await
    }

    async fn get_usage(
        &self,
        request: Request<ingest::GetUsageRequest>,
    ) -> Result<Response<ingest::GetUsageResponse>, Status> {
        answer(request, |caller: Caller, _| async move {
            let stored = self.library.usage().of(&caller.tenant).await?;
            Ok(ingest::GetUsageResponse {
                document_count: encode::long(stored.documents),
                stored_source_bytes: encode::long(stored.bytes),
            })
        })
        .await
    }
}

/// The source that a list is of; none where it is of all.
fn source_of(sha256: &str) -> Result<Option<Digest>, Failure> {
    let read = |sha256: &str| {
        let message = "sha256 is no digest; write the source's SHA-256, 64 hexadecimal digits, or leave it out";
        sha256.parse().map_err(|_| Failure::invalid("sha256", message))
    };
    Some(sha256).filter(|sha256| !sha256.is_empty()).map(read).transpose()
}

/// Whether a caller may erase documents here. An API key may not: the gateway alone knows of the
/// narrations that an erasure ends, and keeps the audit of it.
///
/// # Errors
/// `KEY_NOT_ALLOWED`.
fn through_the_gateway(role: Role) -> Result<(), Failure> {
    match role {
        Role::Service | Role::Admin => Ok(()),
        Role::Tenant | Role::Reader => {
            let message = "documents are deleted at the gateway, which ends their narrations first; call it there";
            Err(Failure::new(Kind::PermissionDenied, Reason::KeyNotAllowed, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_key_erases_nothing_behind_the_gateways_back() {
        for role in [Role::Tenant, Role::Reader] {
            assert_eq!(through_the_gateway(role).expect_err("refused").reason, Reason::KeyNotAllowed);
        }
        assert_eq!(through_the_gateway(Role::Service), Ok(()));
    }

    #[test]
    fn a_list_is_of_all_sources_or_of_one_that_is_named_by_its_digest() {
        let digest = Digest::of(b"The sea");
        assert_eq!(source_of(""), Ok(None));
        assert_eq!(source_of(&digest.to_string()), Ok(Some(digest)));
        assert_eq!(source_of(&digest.to_string().to_uppercase()), Ok(Some(digest)));
        for wrong in ["ab", "the sea", &"g".repeat(64), &"+f".repeat(32), &"0".repeat(65)] {
            assert_eq!(source_of(wrong).expect_err("no digest").field.as_deref(), Some("sha256"), "{wrong}");
        }
    }
}
