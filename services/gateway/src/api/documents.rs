//! `lectern.v1.DocumentService`, passed on to ingest, which owns documents. What only the gateway
//! knows is added here: the narrations of a document, which are cleared once it is erased, and
//! stand in its receipt.

use std::future::ready;
use std::sync::{Arc, OnceLock};

use futures::StreamExt as _;
use lectern_core::id::{DocumentId, TenantId};
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
        if matches!(found, Found::Document { .. }) {
            let count = || self.orders.of_document(tenant, document);
            let write_down = |narrations: u64| {
                self.audit.record(Entry {
                    actor,
                    action: Action::DocumentDeleted,
                    target: names::of_document(document),
                    tenant: Some(tenant.clone()),
                    detail: format!("with {narrations} narrations of it"),
                })
            };
            announced(document, request.force, count, write_down).await?;
        }
        Ok(found)
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
            Found::Document { etag } => request.etag = etag,
        }
        let answer = match self.owner(&caller).delete_document(request).await {
            Ok(answer) => answer.into_inner(),
            Err(refused) => {
                if failure(&refused).reason == Reason::DocumentErased {
                    self.clear(tenant, &document).await?;
                }
                return Err(passed_on(refused));
            }
        };
        // Not before ingest has accepted the deletion: what is refused must take nothing with it.
        let erasure = self.receipt(tenant, &document, answer.erasure).await?;
        Ok(api::DeleteDocumentResponse { erasure })
    }

    /// Clears the narrations of a document that was erased. The call that erased it may have ended
    /// before it came to all of them, so every call that finds a document erased does this.
    async fn clear(&self, tenant: &TenantId, document: &DocumentId) -> Result<(), Failure> {
        if self.orders.of_document(tenant, document).await? == 0 {
            return Ok(());
        }
        self.orders.erase_document(tenant, document).await
    }

    /// The receipt with the narrations that were cleared.
    async fn receipt(
        &self,
        tenant: &TenantId,
        document: &DocumentId,
        erasure: Option<api::Erasure>,
    ) -> Result<Option<api::Erasure>, Failure> {
        let Some(erasure) = erasure else { return Ok(None) };
        self.clear(tenant, document).await?;
        let cleared = self.orders.erased_with(tenant, document).await?;
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
            let document = names::erasure(&request.name, "name")?;
            let answer = answered(self.owner(&caller).get_erasure(request).await)?;
            let erasure = self.receipt(&caller.tenant, &document, answer.erasure).await?;
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
    let api::Document { etag, .. } = match answer {
        Ok(document) => document,
        Err(refused) if refused.reason == Reason::DocumentErased => return Ok(Found::Tombstone),
        Err(refused) if refused.reason == Reason::ResourceNotFound && request.allow_missing => {
            return Ok(Found::Nothing);
        }
        Err(refused) => return Err(refused),
    };
    if request.etag.is_empty() || request.etag == etag {
        return Ok(Found::Document { etag });
    }
    let message = "the document has changed since this etag; read it again and decide anew";
    Err(Failure::new(Kind::Aborted, Reason::EtagMismatch, message).about(names::of_document(document)))
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
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

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

    #[test]
    fn a_document_with_narrations_is_erased_by_force_alone() {
        let document = "d1".parse().expect("an id");
        for (narrations, force) in [(0, false), (0, true), (3, true)] {
            assert_eq!(may_erase(&document, narrations, force), Ok(()), "{narrations} {force}");
        }
        let refused = may_erase(&document, 3, false).expect_err("there are narrations of it");
        assert_eq!((refused.kind, refused.reason), (Kind::FailedPrecondition, Reason::WrongState));
        assert_eq!(refused.resource.as_deref(), Some("documents/d1"));
    }

    #[test]
    fn what_is_not_there_as_it_was_seen_is_not_deleted() {
        let document: DocumentId = "d1".parse().expect("an id");
        let request = |etag: &str, allow_missing| api::DeleteDocumentRequest {
            name: "documents/d1".to_owned(),
            etag: etag.to_owned(),
            allow_missing,
            force: true,
        };
        let there = || Ok(api::Document { etag: "3".to_owned(), ..api::Document::default() });
        for etag in ["", "3"] {
            let of_it = found(&document, &request(etag, false), there());
            assert_eq!(of_it, Ok(Found::Document { etag: "3".to_owned() }), "the one that was read");
        }
        for allow_missing in [false, true] {
            let refused = found(&document, &request("2", allow_missing), there()).expect_err("another etag");
            assert_eq!((refused.kind, refused.reason), (Kind::Aborted, Reason::EtagMismatch));
            let erased = Failure::new(Kind::NotFound, Reason::DocumentErased, "it was erased");
            assert_eq!(found(&document, &request("2", allow_missing), Err(erased)), Ok(Found::Tombstone));
            let away = Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "ingest is away");
            assert_eq!(found(&document, &request("", allow_missing), Err(away.clone())), Err(away));
        }
        let unknown = Failure::not_found("documents/d1");
        assert_eq!(found(&document, &request("2", true), Err(unknown.clone())), Ok(Found::Nothing));
        assert_eq!(found(&document, &request("2", false), Err(unknown.clone())), Err(unknown));
    }

    #[tokio::test]
    async fn what_was_ordered_while_an_erasure_was_written_down_keeps_its_document() {
        let document: DocumentId = "d1".parse().expect("an id");
        // The narrations that there are, before it is written down and after.
        for (force, before, after, written, refused) in [
            (false, 0, 0, true, false),
            (false, 1, 1, false, true),
            (false, 0, 1, true, true),
            (true, 1, 2, true, false),
        ] {
            let written_down = AtomicBool::new(false);
            let count = || ready(Ok(if written_down.load(Ordering::SeqCst) { after } else { before }));
            let write_down = |narrations: u64| {
                assert_eq!(narrations, before);
                written_down.store(true, Ordering::SeqCst);
                ready(Ok(()))
            };
            let announced = announced(&document, force, count, write_down).await;
            let told = announced.err().map(|failure| failure.reason);
            assert_eq!(told, refused.then_some(Reason::WrongState), "{force} {before} {after}");
            assert_eq!(written_down.load(Ordering::SeqCst), written, "{force} {before} {after}");
        }
    }

    #[test]
    fn a_receipt_tells_of_the_narrations_that_were_cleared() {
        let source = api::ErasedItems { kind: Item::SourceObject.into(), first_sweep_count: 1, second_sweep_count: 0 };
        let of_ingest = api::Erasure { items: vec![source], ..api::Erasure::default() };
        let narrations = api::ErasedItems { kind: Item::NarrationRecord.into(), first_sweep_count: 4, ..source };
        assert_eq!(with_narrations(of_ingest.clone(), 4).items, [source, narrations]);
        assert_eq!(with_narrations(of_ingest.clone(), 0), of_ingest);
    }
}
