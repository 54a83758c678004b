//! `lectern.v1.DocumentService`, passed on to ingest, which owns documents. What only the gateway
//! knows is added here: erasing a document ends its narrations first.

use std::future::ready;
use std::sync::{Arc, OnceLock};

use futures::StreamExt as _;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::names;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::{self as api, document_service_server::DocumentService};
use lectern_rpc::auth::caller;
use lectern_rpc::status::status;
use lectern_rpc::{failure, unreadable};
use tonic::{Code, Request, Response, Status, Streaming};

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
        // A stream that breaks off ends for ingest as one that was not finished: it keeps what it
        // has and waits for the rest. Why it broke off is known here alone.
        let broke = Arc::new(OnceLock::new());
        let messages = request.into_inner().scan(Arc::clone(&broke), |broke, message| {
            // The first reason is the reason; the stream ends with it.
            ready(message.map_err(|status| broke.set(status)).ok())
        });
        let answer = owner.upload_document(messages).await;
        answer.map_err(|answer| match broke.get() {
            Some(broke) if says_unfinished(&failure(&answer)) => status(&unreadable(broke)),
            Some(_) | None => answer,
        })
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
        let may = match owner.get_document(get).await {
            Ok(known) => {
                let etag = known.into_inner().document.unwrap_or_default().etag;
                request.etag.is_empty() || request.etag == etag
            }
            // It says the same of the deletion.
            Err(refused) if refused.code() == Code::NotFound => false,
            Err(refused) => return Err(refused),
        };
        if may {
            self.orders.erase_document(&tenant, &document).await.map_err(|f| status(&f))?;
        }
        let answer = owner.delete_document(request).await;
        // Once more, for those that were ordered meanwhile; also where it is gone already, since
        // the call that erased it may have ended before this.
        let erased = answer.as_ref().err().is_none_or(|refused| failure(refused).reason == Reason::DocumentErased);
        if erased {
            self.orders.erase_document(&tenant, &document).await.map_err(|f| status(&f))?;
        }
        answer
    }
}

/// Whether ingest answered that the stream ended too early: before its first message, or before
/// `finish`. Whatever else it answers, it decided by a message that it got.
fn says_unfinished(answer: &Failure) -> bool {
    (answer.kind == Kind::Aborted && answer.reason == Reason::OffsetMismatch) || answer.field.as_deref() == Some("part")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_about_the_end_is_replaced() {
        let ended = Failure::new(Kind::Aborted, Reason::OffsetMismatch, "the stream ended before finish");
        let empty = Failure::invalid("part", "the first message of an upload must be start");
        assert!(says_unfinished(&ended) && says_unfinished(&empty));
        for decided in [
            Failure::new(Kind::FailedPrecondition, Reason::OffsetMismatch, "begin elsewhere").at("chunk.offset"),
            Failure::new(Kind::InvalidArgument, Reason::ChecksumMismatch, "send it again").at("chunk.crc32c"),
            Failure::new(Kind::DeadlineExceeded, Reason::DeadlinePassed, "the stream brought nothing"),
        ] {
            assert!(!says_unfinished(&decided), "{decided}");
        }
    }
}
