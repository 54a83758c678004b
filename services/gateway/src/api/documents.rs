//! `lectern.v1.DocumentService`, passed on to ingest, which owns documents. What only the gateway
//! knows is added here: the narrations of a document and of its other revisions, which are cleared
//! once these are erased, and stand in the receipt.

use std::future::ready;
use std::sync::{Arc, OnceLock};

use futures::StreamExt as _;
use lectern_core::id::{DocumentId, ScopeId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::names;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::erased_items::Kind as Item;
use lectern_proto::v1::{self as api, document_service_server::DocumentService};
use lectern_rpc::{Caller, Refusal, failure, relay, unreadable};
use tonic::{Request, Response, Status, Streaming};

use crate::audit::{Action, Audit, Entry};
use crate::orders::Orders;
use crate::upstream::{Authorized, Upstream, missing, passed_on, told};

/// The public document service.
#[derive(Debug, Clone)]
pub struct Documents {
    upstream: Upstream,
    orders: Orders,
    audit: Audit,
}

impl Documents {
    /// The service over these parts; deletions are written down in `audit`.
    #[must_use]
    pub const fn new(upstream: Upstream, orders: Orders, audit: Audit) -> Self {
        Self { upstream, orders, audit }
    }

    /// The owner of documents, on behalf of the caller's tenant.
    fn owner(&self, caller: &Caller) -> DocumentServiceClient<Authorized> {
        self.upstream.documents(&caller.tenant)
    }

    /// Whether and how a document may be erased; who erases it is written down then. Ingest, who
    /// knows the document and its etag, is asked before that what there is to erase.
    async fn prepare(
        &self,
        actor: String,
        tenant: &TenantId,
        document: &DocumentId,
        request: &api::DeleteDocumentRequest,
    ) -> Result<Found, Failure> {
        let view = api::DocumentView::Basic.into();
        let get = api::GetDocumentRequest { name: request.name.clone(), view };
        let asked = self.upstream.documents(tenant).get_document(get).await;
        let answer = asked.map_err(|refused| told(&refused)).and_then(|answer| {
            let document = answer.into_inner().document;
            document.ok_or_else(|| missing("a document"))
        });
        let found = found(document, request, answer)?;
        if let Found::Document { scope, .. } = &found {
            if !request.all_revisions {
                self.is_alone(tenant, document).await?;
            }
            let count = || self.orders.of_scope(tenant, scope);
            let write_down = |narrations: u64| {
                self.audit.record(Entry {
                    actor,
                    action: Action::DocumentDeleted,
                    target: names::of_document(document),
                    tenant: Some(tenant.clone()),
                    detail: detail(request.all_revisions, narrations),
                })
            };
            announced(document, request.force, count, write_down).await?;
        }
        Ok(found)
    }

    /// Whether a document has no other revisions, as ingest knows; asked so that no deletion is
    /// written down that it will refuse.
    async fn is_alone(&self, tenant: &TenantId, document: &DocumentId) -> Result<(), Failure> {
        let revisions_of = names::of_document(document);
        let list = api::ListDocumentsRequest { page_size: 2, revisions_of, ..api::ListDocumentsRequest::default() };
        let listed = self.upstream.documents(tenant).list_documents(list).await;
        let revisions = listed.map_err(|refused| told(&refused))?.into_inner().documents;
        if revisions.len() > 1 { Err(shared(document)) } else { Ok(()) }
    }

    /// The scope of a document that is erased; its own name where nobody knows it any more.
    async fn scope_of_erased(&self, tenant: &TenantId, document: &DocumentId) -> Result<ScopeId, Failure> {
        let get = api::GetErasureRequest { name: names::of_erasure(document) };
        let asked = self.upstream.documents(tenant).get_erasure(get).await.map_err(|refused| told(&refused));
        let first_revision = match asked {
            Ok(answer) => answer.into_inner().erasure.unwrap_or_default().first_revision,
            Err(unknown) if unknown.reason == Reason::ResourceNotFound => names::of_document(document),
            Err(refused) => return Err(refused),
        };
        scope_of(&first_revision)
    }

    async fn delete(
        &self,
        caller: Caller,
        mut request: api::DeleteDocumentRequest,
    ) -> Result<api::DeleteDocumentResponse, Refusal> {
        let (tenant, document) = (&caller.tenant, names::document(&request.name, "name")?);
        // A call that breaks in the middle is repeated by the caller; every part of it is safe to
        // repeat.
        match self.prepare(caller.actor(), tenant, &document, &request).await? {
            Found::Nothing => return Ok(api::DeleteDocumentResponse { erasure: None }),
            // What is erased stays so: ingest deletes what may be left of it and answers with the
            // receipt or the refusal.
            Found::Tombstone => {}
            // Only the document that was looked at, whatever is there by now.
            Found::Document { etag, scope: _ } => request.etag = etag,
        }
        let answer = match self.owner(&caller).delete_document(request).await {
            Ok(answer) => answer.into_inner(),
            Err(refused) => {
                if failure(&refused).reason == Reason::DocumentErased {
                    let scope = self.scope_of_erased(tenant, &document).await?;
                    self.clear(tenant, &scope).await?;
                }
                return Err(passed_on(refused));
            }
        };
        // Not before ingest has accepted the deletion: what is refused must take nothing with it.
        let erasure = self.receipt(tenant, answer.erasure).await?;
        Ok(api::DeleteDocumentResponse { erasure })
    }

    /// Clears the narrations of the documents of a scope that was erased. The call that erased it
    /// may have ended before it came to all of them, so every call that finds a document erased
    /// does this.
    async fn clear(&self, tenant: &TenantId, scope: &ScopeId) -> Result<(), Failure> {
        if self.orders.of_scope(tenant, scope).await? == 0 {
            return Ok(());
        }
        self.orders.erase_scope(tenant, scope).await
    }

    /// The receipt with the narrations that were cleared.
    async fn receipt(&self, tenant: &TenantId, erasure: Option<api::Erasure>) -> Result<Option<api::Erasure>, Failure> {
        let Some(erasure) = erasure else { return Ok(None) };
        let scope = scope_of(&erasure.first_revision)?;
        self.clear(tenant, &scope).await?;
        let cleared = self.orders.erased_with(tenant, &scope).await?;
        Ok(Some(with_narrations(erasure, cleared)))
    }
}

#[tonic::async_trait]
impl DocumentService for Documents {
    async fn create_document(
        &self,
        request: Request<api::CreateDocumentRequest>,
    ) -> Result<Response<api::CreateDocumentResponse>, Status> {
        relay(request, |caller: Caller, request| async move {
            answered(self.upstream.intake(&caller).create_document(request).await)
        })
        .await
    }

    async fn upload_document(
        &self,
        request: Request<Streaming<api::UploadDocumentRequest>>,
    ) -> Result<Response<api::UploadDocumentResponse>, Status> {
        relay(request, |caller: Caller, messages: Streaming<_>| async move {
            // A stream that breaks off ends for ingest as one that was not finished: it keeps what
            // it has and waits for the rest. Why it broke off is known here alone.
            let broke = Arc::new(OnceLock::new());
            let messages = messages.scan(Arc::clone(&broke), |broke, message| {
                // The first reason is the reason; the stream ends with it.
                ready(message.map_err(|status| broke.set(status)).ok())
            });
            match self.upstream.intake(&caller).upload_document(messages).await {
                Ok(answer) => Ok(answer.into_inner()),
                Err(refused) => match broke.get() {
                    Some(broke) if says_unfinished(&failure(&refused)) => Err(unreadable(broke).into()),
                    Some(_) | None => Err(passed_on(refused)),
                },
            }
        })
        .await
    }

    async fn get_upload(
        &self,
        request: Request<api::GetUploadRequest>,
    ) -> Result<Response<api::GetUploadResponse>, Status> {
        relay(request, |caller: Caller, request| async move { answered(self.owner(&caller).get_upload(request).await) })
            .await
    }

    async fn cancel_upload(
        &self,
        request: Request<api::CancelUploadRequest>,
    ) -> Result<Response<api::CancelUploadResponse>, Status> {
        relay(
            request,
            |caller: Caller, request| async move { answered(self.owner(&caller).cancel_upload(request).await) },
        )
        .await
    }

    async fn get_document(
        &self,
        request: Request<api::GetDocumentRequest>,
    ) -> Result<Response<api::GetDocumentResponse>, Status> {
        relay(
            request,
            |caller: Caller, request| async move { answered(self.owner(&caller).get_document(request).await) },
        )
        .await
    }

    async fn list_documents(
        &self,
        request: Request<api::ListDocumentsRequest>,
    ) -> Result<Response<api::ListDocumentsResponse>, Status> {
        relay(
            request,
            |caller: Caller, request| async move { answered(self.owner(&caller).list_documents(request).await) },
        )
        .await
    }

    async fn delete_document(
        &self,
        request: Request<api::DeleteDocumentRequest>,
    ) -> Result<Response<api::DeleteDocumentResponse>, Status> {
        relay(request, |caller: Caller, request| self.delete(caller, request)).await
    }

    async fn get_erasure(
        &self,
        request: Request<api::GetErasureRequest>,
    ) -> Result<Response<api::GetErasureResponse>, Status> {
        relay(request, |caller: Caller, request| async move {
            names::erasure(&request.name, "name")?;
            let answer = answered(self.owner(&caller).get_erasure(request).await)?;
            let erasure = self.receipt(&caller.tenant, answer.erasure).await?;
            Ok(api::GetErasureResponse { erasure })
        })
        .await
    }
}

/// What ingest answered, or its refusal, which is passed on.
fn answered<T>(answer: Result<Response<T>, Status>) -> Result<T, Refusal> {
    answer.map(Response::into_inner).map_err(passed_on)
}

/// What a deletion found.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// The document, which may be erased as far as it knows itself.
    Document {
        /// Its etag.
        etag: String,
        /// Its scope, which its other revisions share.
        scope: ScopeId,
    },
    /// What is left of one that was erased before.
    Tombstone,
    /// There is no such document, and that is a success.
    Nothing,
}

/// What the deletion that is requested found, by the answer of ingest about its document.
///
/// # Errors
/// `ETAG_MISMATCH`; why nothing was found, unless it is a success.
fn found(
    document: &DocumentId,
    request: &api::DeleteDocumentRequest,
    answer: Result<api::Document, Failure>,
) -> Result<Found, Failure> {
    let api::Document { etag, first_revision, .. } = match answer {
        Ok(document) => document,
        Err(refused) if refused.reason == Reason::DocumentErased => return Ok(Found::Tombstone),
        Err(refused) if refused.reason == Reason::ResourceNotFound && request.allow_missing => {
            return Ok(Found::Nothing);
        }
        Err(refused) => return Err(refused),
    };
    if request.etag.is_empty() || request.etag == etag {
        return Ok(Found::Document { etag, scope: scope_of(&first_revision)? });
    }
    let message = "the document has changed since this etag; read it again and decide anew";
    Err(Failure::new(Kind::Aborted, Reason::EtagMismatch, message).about(names::of_document(document)))
}

/// The scope of the documents whose first revision has this name: it is called like that one.
fn scope_of(first_revision: &str) -> Result<ScopeId, Failure> {
    let first = names::document(first_revision, "first_revision").map_err(|_| missing("the first revision"))?;
    first.as_str().parse().map_err(|_| missing("a scope"))
}

/// Refuses to erase a document alone that has other revisions.
fn shared(document: &DocumentId) -> Failure {
    let message = "the document has other revisions, which share all that was made of them and can only be erased \
                   together; set all_revisions to erase them all";
    Failure::new(Kind::FailedPrecondition, Reason::WrongState, message).about(names::of_document(document))
}

/// What is written down of an erasure with so many narrations.
fn detail(all_revisions: bool, narrations: u64) -> String {
    if all_revisions {
        format!("with all its revisions and {narrations} narrations of them")
    } else {
        format!("with {narrations} narrations of it")
    }
}

/// Writes down an erasure that may be, and then looks again whether it may be, where that is not
/// forced: a narration may have been ordered meanwhile.
///
/// # Errors
/// `WRONG_STATE`; those of `count` and of `write_down`.
async fn announced<C, W>(
    document: &DocumentId,
    force: bool,
    count: impl Fn() -> C + Send,
    write_down: impl FnOnce(u64) -> W + Send,
) -> Result<(), Failure>
where
    C: Future<Output = Result<u64, Failure>> + Send,
    W: Future<Output = Result<(), Failure>> + Send,
{
    let narrations = count().await?;
    may_erase(document, narrations, force)?;
    write_down(narrations).await?;
    if force { Ok(()) } else { may_erase(document, count().await?, force) }
}

/// Whether a document with so many narrations may be erased: what was made from it is not lost by
/// mistake.
fn may_erase(document: &DocumentId, narrations: u64, force: bool) -> Result<(), Failure> {
    if force || narrations == 0 {
        return Ok(());
    }
    let message = format!(
        "there are narrations of the document ({narrations}), which would lose all that they have; delete them \
         first, or set force to erase them with it"
    );
    Err(Failure::new(Kind::FailedPrecondition, Reason::WrongState, message).about(names::of_document(document)))
}

/// The receipt that ingest wrote, with the records of the document's narrations, of which it does
/// not know.
fn with_narrations(mut erasure: api::Erasure, cleared: u64) -> api::Erasure {
    if cleared > 0 {
        erasure.items.push(api::ErasedItems {
            kind: Item::NarrationRecord.into(),
            first_sweep_count: i64::try_from(cleared).unwrap_or(i64::MAX),
            second_sweep_count: 0,
        });
    }
    erasure
}

/// Whether ingest answered that the stream ended too early: before its first message, or before
/// `finish`. Whatever else it answers, it decided by a message that it got.
fn says_unfinished(answer: &Failure) -> bool {
    (answer.kind == Kind::Aborted && answer.reason == Reason::OffsetMismatch) || answer.field.as_deref() == Some("part")
}

#[cfg(test)]
mod tests;
