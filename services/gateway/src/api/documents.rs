//! `lectern.v1.DocumentService`, passed on to ingest, which owns documents. What only the gateway
//! knows is added here: erasing a document ends its narrations first.

use futures::StreamExt as _;
use lectern_proto::names;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::{self as api, document_service_server::DocumentService};
use lectern_rpc::auth::caller;
use lectern_rpc::status::status;
use tonic::{Request, Response, Status, Streaming};

use crate::orders::Orders;
use crate::upstream::{Authorized, Upstream};

/// The public document service.
#[derive(Debug, Clone)]
pub struct Documents {
    upstream: Upstream,
    orders: Orders,
}

impl Documents {
    /// The service over these parts.
    #[must_use]
    pub const fn new(upstream: Upstream, orders: Orders) -> Self {
        Self { upstream, orders }
    }

    /// The owner of documents, on behalf of the caller's tenant.
    fn owner<T>(&self, request: &Request<T>) -> Result<DocumentServiceClient<Authorized>, Status> {
        Ok(self.upstream.documents(&caller(request)?.tenant))
    }
}

#[tonic::async_trait]
impl DocumentService for Documents {
    async fn create_document(
        &self,
        request: Request<api::CreateDocumentRequest>,
    ) -> Result<Response<api::CreateDocumentResponse>, Status> {
        self.owner(&request)?.create_document(request.into_inner()).await
    }

    async fn upload_document(
        &self,
        request: Request<Streaming<api::UploadDocumentRequest>>,
    ) -> Result<Response<api::UploadDocumentResponse>, Status> {
        let mut owner = self.owner(&request)?;
        // A stream that breaks off ends here as one that was not finished; ingest keeps what it has
        // and waits for the rest.
        let messages = request
            .into_inner()
            .take_while(|m| std::future::ready(m.is_ok()))
            .filter_map(|m| std::future::ready(m.ok()));
        owner.upload_document(messages).await
    }

    async fn query_upload(
        &self,
        request: Request<api::QueryUploadRequest>,
    ) -> Result<Response<api::QueryUploadResponse>, Status> {
        self.owner(&request)?.query_upload(request.into_inner()).await
    }

    async fn get_document(
        &self,
        request: Request<api::GetDocumentRequest>,
    ) -> Result<Response<api::GetDocumentResponse>, Status> {
        self.owner(&request)?.get_document(request.into_inner()).await
    }

    async fn list_documents(
        &self,
        request: Request<api::ListDocumentsRequest>,
    ) -> Result<Response<api::ListDocumentsResponse>, Status> {
        self.owner(&request)?.list_documents(request.into_inner()).await
    }

    async fn delete_document(
        &self,
        request: Request<api::DeleteDocumentRequest>,
    ) -> Result<Response<api::DeleteDocumentResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let document = names::document(&request.get_ref().name, "name").map_err(|f| status(&f))?;
        let request = request.into_inner();
        let mut owner = self.upstream.documents(&tenant);
        // Its narrations end first: a step whose input is gone must not fail what was erased.
        // Ingest, who knows the document and its etag, decides before that whether it may be erased
        // at all. A call that breaks in the middle is repeated by the caller; every part of it is
        // safe to repeat.
        let get = api::GetDocumentRequest { name: request.name.clone() };
        let may = owner.get_document(get).await.is_ok_and(|known| {
            let etag = known.into_inner().document.unwrap_or_default().etag;
            request.etag.is_empty() || request.etag == etag
        });
        if may {
            self.orders.erase_document(&tenant, &document).await.map_err(|f| status(&f))?;
        }
        let answer = owner.delete_document(request).await?;
        // Once more, for those that were ordered meanwhile.
        self.orders.erase_document(&tenant, &document).await.map_err(|f| status(&f))?;
        Ok(answer)
    }
}
