//! gRPC in: `lectern.v1.DocumentService` and `lectern.ingest.v1.IngestService`.

mod receiving;

use std::io::Write as _;
use std::pin::Pin;
use std::sync::Arc;

use async_stream::try_stream;
use bytes::Bytes;
use futures::Stream;
use lectern_blob::{Blob, Objects};
use lectern_core::id::{DocumentId, TenantId};
use lectern_core::{Digest, Failure, text};
use lectern_proto::ingest::v1::{self as ingest, ingest_service_server::IngestService};
use lectern_proto::v1::{self as api, create_document_request::Source, document_service_server::DocumentService};
use lectern_proto::{convert, names};
use lectern_rpc::{caller, deadline, page, status};
use lectern_stage::work::no_room;
use lectern_store::{Cursor, Query, Versioned};
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument as _;

use crate::domain::Document;
use crate::library::import::Wanted;
use crate::library::{Arrival, Imports, Library, Uploads};

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

    /// The id that follows from a caller's request id.
    fn requested(&self, tenant: &TenantId, request_id: &str) -> Result<Option<DocumentId>, Failure> {
        if request_id.is_empty() {
            return Ok(None);
        }
        let request_id: DocumentId =
            request_id.parse().map_err(|e| Failure::invalid("request_id", format!("request_id: {e}")))?;
        Ok(Some(DocumentId::of(&self.library.secret(tenant).request(&format!("document/{request_id}")))))
    }

    async fn create(
        &self,
        tenant: TenantId,
        request: api::CreateDocumentRequest,
    ) -> Result<Versioned<Document>, Failure> {
        text::check_name("display_name", &request.display_name)?;
        text::check_name("file_name", &request.file_name)?;
        let language = convert::language_tag("language", &request.language)?;
        let id = self.requested(&tenant, &request.request_id)?;
        let (bytes, file_name): (Bytes, String) = match request.source {
            Some(Source::Text(text)) => {
                // Text is text, whatever it looks like; only its name may make it Markdown.
                let name = if request.file_name.is_empty() { "text.md".to_owned() } else { request.file_name };
                (text.into(), name)
            }
            Some(Source::Data(data)) => (data, request.file_name),
            Some(Source::Uri(uri)) => {
                let api::CreateDocumentRequest { display_name, file_name, .. } = request;
                let wanted = Wanted { tenant, id, uri, display_name, file_name, language };
                return Box::pin(self.imports.import(wanted)).await;
            }
            None => return Err(Failure::invalid("source", "send the source as text, data or uri")),
        };
        self.library.limits().inline(bytes.len() as u64)?;
        let sha256 = Digest::of(&bytes);
        let set = language.as_ref().map(|tag| format!("\n{tag}")).unwrap_or_default();
        let digest = Digest::of(format!("{sha256}\n{}\n{file_name}{set}", request.display_name).as_bytes());
        let mut file = tempfile::NamedTempFile::new().map_err(|e| no_room(&e))?;
        file.write_all(&bytes).map_err(|e| no_room(&e))?;
        let arrival = Arrival {
            tenant,
            id,
            request: digest,
            display_name: request.display_name,
            file_name,
            language,
            sha256,
            size: bytes.len() as u64,
        };
        self.library.accept(arrival, file.path()).await
    }

    /// Receives an upload until it is finished, its stream fails, or the call's deadline passes.
    async fn upload(
        &self,
        tenant: TenantId,
        mut messages: Streaming<api::UploadDocumentRequest>,
    ) -> Result<Versioned<Document>, Failure> {
        let deadline = deadline::current();
        let start = receiving::start(&mut messages, self.uploads.idle(), deadline).await?;
        let size = u64::try_from(start.size_bytes)
            .map_err(|_| Failure::invalid("start.size_bytes", "size_bytes must not be negative; 0 means unknown"))?;
        let mut upload = self
            .uploads
            .open(&tenant, &start.upload_id, &start.display_name, &start.file_name, &start.language, size)
            .await?;
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

/// The document as callers see it. In lists it is without what has no bound that a page of them
/// fits into a message: the outline and the warnings.
fn encode(document: &Versioned<Document>, whole: bool) -> api::Document {
    let d = &document.record;
    let long = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let headings = d.outline.iter().filter(|_| whole).map(|heading| api::Heading {
        level: heading.level.into(),
        text: heading.text.clone(),
        page: convert::number(heading.page),
    });
    api::Document {
        name: names::of_document(&d.id),
        display_name: d.display_name.clone(),
        title: d.title.clone(),
        media_type: d.media_type.clone(),
        size_bytes: long(d.size),
        sha256: d.sha256.to_string(),
        page_count: convert::number(d.pages),
        word_count: long(d.words),
        language: d.language.clone(),
        outline: headings.collect(),
        warnings: d.warnings.iter().filter(|_| whole).cloned().collect(),
        create_time: Some(convert::time(d.created)),
        etag: document.revision.0.to_string(),
    }
}

#[tonic::async_trait]
impl DocumentService for Documents {
    async fn create_document(
        &self,
        request: Request<api::CreateDocumentRequest>,
    ) -> Result<Response<api::CreateDocumentResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let document = self.create(tenant, request.into_inner()).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::CreateDocumentResponse { document: Some(encode(&document, true)) }))
    }

    async fn upload_document(
        &self,
        request: Request<Streaming<api::UploadDocumentRequest>>,
    ) -> Result<Response<api::UploadDocumentResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        // A call ends when its connection breaks; what it brought is kept all the same, so the work
        // goes on until the stream has told its end, or the deadline of the call has passed.
        let this = self.clone();
        let upload = async move { this.upload(tenant, request.into_inner()).await };
        let document = tokio::spawn(deadline::scope(deadline::current(), upload).in_current_span())
            .await
            .unwrap_or_else(|error| Err(Failure::internal(format!("an upload broke off: {error}"))))
            .map_err(|f| status(&f))?;
        Ok(Response::new(api::UploadDocumentResponse { document: Some(encode(&document, true)) }))
    }

    async fn query_upload(
        &self,
        request: Request<api::QueryUploadRequest>,
    ) -> Result<Response<api::QueryUploadResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let upload = self.uploads.query(&tenant, &request.get_ref().upload_id).await.map_err(|f| status(&f))?;
        // The parts of a finished upload are gone; its document knows how long it was.
        let committed = match &upload.document {
            Some(document) => self.library.get(&tenant, document).await.map_err(|f| status(&f))?.record.size,
            None => upload.committed(),
        };
        Ok(Response::new(api::QueryUploadResponse {
            committed_bytes: i64::try_from(committed).unwrap_or(i64::MAX),
            document: upload.document.as_ref().map(names::of_document).unwrap_or_default(),
        }))
    }

    async fn get_document(
        &self,
        request: Request<api::GetDocumentRequest>,
    ) -> Result<Response<api::GetDocumentResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let id = names::document(&request.get_ref().name, "name").map_err(|f| status(&f))?;
        let document = self.library.get(&tenant, &id).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::GetDocumentResponse { document: Some(encode(&document, true)) }))
    }

    async fn list_documents(
        &self,
        request: Request<api::ListDocumentsRequest>,
    ) -> Result<Response<api::ListDocumentsResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let list = async {
            let secret = self.library.secret(&tenant);
            let after: Option<Cursor> = page::open(&secret, "ListDocuments", &request.page_token)?;
            let size = u32::try_from(page::size(request.page_size, 50, 1_000)?).unwrap_or(1_000);
            let page = self.library.list(&tenant, Query::new().limit(size).after(after)).await?;
            let next_page_token = match page.next {
                Some(cursor) => page::seal(&secret, "ListDocuments", &cursor)?,
                None => String::new(),
            };
            let documents = page.items.iter().map(|document| encode(document, false)).collect();
            Ok(api::ListDocumentsResponse { documents, next_page_token })
        };
        list.await.map(Response::new).map_err(|f: Failure| status(&f))
    }

    async fn delete_document(
        &self,
        request: Request<api::DeleteDocumentRequest>,
    ) -> Result<Response<api::DeleteDocumentResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let id = names::document(&request.name, "name").map_err(|f| status(&f))?;
        self.library.erase(&tenant, &id, &request.etag).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::DeleteDocumentResponse {}))
    }
}

#[tonic::async_trait]
impl IngestService for Documents {
    type ReadContentStream = Pin<Box<dyn Stream<Item = Result<ingest::ReadContentResponse, Status>> + Send>>;

    async fn get_source(
        &self,
        request: Request<ingest::GetSourceRequest>,
    ) -> Result<Response<ingest::GetSourceResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let id = names::document(&request.get_ref().document, "document").map_err(|f| status(&f))?;
        let document = self.library.get(&tenant, &id).await.map_err(|f| status(&f))?.record;
        Ok(Response::new(ingest::GetSourceResponse {
            scope: document.scope.to_string(),
            sha256: document.sha256.to_string(),
            extractor: self.library.pin().to_owned(),
            language_set: document.set_language().to_owned(),
            file_name: document.file_name,
            language: document.language,
            words: i64::try_from(document.words).unwrap_or(i64::MAX),
        }))
    }

    async fn prepare_content(
        &self,
        request: Request<ingest::PrepareContentRequest>,
    ) -> Result<Response<ingest::PrepareContentResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let id = names::document(&request.get_ref().document, "document").map_err(|f| status(&f))?;
        let document = self.library.get(&tenant, &id).await.map_err(|f| status(&f))?.record;
        let key = self.library.prepare(&document).await.map_err(|f| status(&f))?;
        Ok(Response::new(ingest::PrepareContentResponse {
            scope: document.scope.to_string(),
            content_key: key.to_string(),
            language: document.set_language().to_owned(),
        }))
    }

    async fn read_content(
        &self,
        request: Request<ingest::ReadContentRequest>,
    ) -> Result<Response<Self::ReadContentStream>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let id = names::document(&request.get_ref().document, "document").map_err(|f| status(&f))?;
        let document = self.library.get(&tenant, &id).await.map_err(|f| status(&f))?.record;
        let key = self.library.prepare(&document).await.map_err(|f| status(&f))?;
        let objects = Objects::new(Arc::clone(&self.blob), &tenant, &document.scope);
        let mut json = objects.read(&objects.folder().content(&key)).await.map_err(|f| status(&f))?;
        Ok(Response::new(Box::pin(try_stream! {
            while !json.is_empty() {
                yield ingest::ReadContentResponse { json: json.split_to(json.len().min(CHUNK)) };
            }
        })))
    }
}
