//! `lectern.v1.NarrationService`.

use std::sync::Arc;

use lectern_blob::Blob;
use lectern_core::Failure;
use lectern_core::id::TenantId;
use lectern_proto::names;
use lectern_proto::v1::{self as api, narration_service_server::NarrationService};
use lectern_rpc::{Answers, Caller, answer, answer_stream, page, relay, relay_stream};
use lectern_store::{Cursor, Query, Versioned};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{encode, estimate, listen, objects, page_size, preview, script, watch};
use crate::audit::{Action, Audit, Entry};
use crate::conduct::Conductor;
use crate::domain::{Labels, Narration};
use crate::orders::{Deletion, Orders};
use crate::upstream::Upstream;

/// Narrations on a page of a list where nobody says how many.
const PAGE: usize = 50;
/// The most on a page: stock clients take messages of 4 MiB, which leaves some 20 KB for each.
const LARGEST_PAGE: usize = 200;

/// The public narration service.
#[derive(Debug, Clone)]
pub struct Narrations {
    orders: Orders,
    conductor: Conductor,
    upstream: Upstream,
    blob: Arc<dyn Blob>,
    master: Arc<[u8]>,
    stop: CancellationToken,
    audit: Audit,
}

impl Narrations {
    /// The service over these parts; streams that wait end when `stop` fires, and deletions are
    /// written down in `audit`.
    #[must_use]
    pub const fn new(
        orders: Orders,
        conductor: Conductor,
        upstream: Upstream,
        blob: Arc<dyn Blob>,
        master: Arc<[u8]>,
        stop: CancellationToken,
        audit: Audit,
    ) -> Self {
        Self { orders, conductor, upstream, blob, master, stop, audit }
    }

    async fn narration(&self, tenant: &TenantId, name: &str) -> Result<Versioned<Narration>, Failure> {
        let id = names::narration(name, "name")?;
        self.orders.get(tenant, &id).await
    }

    /// A narration as callers see it at this moment.
    fn shown(&self, narration: &Versioned<Narration>) -> api::Narration {
        encode::narration(narration, &self.conductor.moment(&narration.record))
    }

    async fn list(
        &self,
        tenant: &TenantId,
        request: api::ListNarrationsRequest,
    ) -> Result<api::ListNarrationsResponse, Failure> {
        let size = page_size(request.page_size, PAGE, LARGEST_PAGE)?;
        let secret = self.orders.secret(tenant);
        let mut query = Query::new();
        if !request.document.is_empty() {
            let document = names::document(&request.document, "document")?;
            query = query.eq("document", document.as_str());
        }
        let state = api::narration::State::try_from(request.state)
            .map_err(|_| Failure::invalid("state", "state is no state of a narration"))?;
        query = encode::in_state(query, state);
        let labels = Labels::checked("labels", request.labels)?;
        // The filters are part of the purpose: a token is good for the list that it came from and
        // no other.
        let purpose =
            format!("ListNarrations document={} state={} labels={:?}", request.document, request.state, labels.all());
        let after: Option<Cursor> = page::open(&secret, &purpose, &request.page_token)?;
        let (found, next) = self.orders.list(tenant, query.after(after), &labels, size).await?;
        let next_page_token = match next {
            Some(cursor) => page::seal(&secret, &purpose, &cursor)?,
            None => String::new(),
        };
        let narrations = found.iter().map(|narration| self.shown(narration)).collect();
        Ok(api::ListNarrationsResponse { narrations, next_page_token })
    }
}

#[tonic::async_trait]
impl NarrationService for Narrations {
    type PreviewDocumentStream = Answers<api::PreviewDocumentResponse>;
    type WatchNarrationStream = Answers<api::WatchNarrationResponse>;
    type ListenNarrationStream = Answers<api::ListenNarrationResponse>;
    type DownloadArtifactStream = Answers<api::DownloadArtifactResponse>;

    async fn create_narration(
        &self,
        request: Request<api::CreateNarrationRequest>,
    ) -> Result<Response<api::CreateNarrationResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let narration = request
                .narration
                .ok_or_else(|| Failure::invalid("narration", "narration is missing; say what to narrate and how"))?;
            let accepted = Box::pin(self.orders.create(&caller.tenant, &request.request_id, narration)).await?;
            Ok(api::CreateNarrationResponse { narration: Some(self.shown(&accepted)) })
        })
        .await
    }

    async fn preview_document(
        &self,
        request: Request<api::PreviewDocumentRequest>,
    ) -> Result<Response<Self::PreviewDocumentStream>, Status> {
        relay_stream(request, |caller: Caller, request| async move {
            preview::preview(&self.upstream, self.orders.lexicons(), &caller.tenant, request).await
        })
        .await
    }

    async fn estimate_narration(
        &self,
        request: Request<api::EstimateNarrationRequest>,
    ) -> Result<Response<api::EstimateNarrationResponse>, Status> {
        relay(request, |caller: Caller, request| async move {
            estimate::estimate(&self.upstream, &caller.tenant, request).await
        })
        .await
    }

    async fn get_narration(
        &self,
        request: Request<api::GetNarrationRequest>,
    ) -> Result<Response<api::GetNarrationResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let narration = self.narration(&caller.tenant, &request.name).await?;
            Ok(api::GetNarrationResponse { narration: Some(self.shown(&narration)) })
        })
        .await
    }

    async fn list_narrations(
        &self,
        request: Request<api::ListNarrationsRequest>,
    ) -> Result<Response<api::ListNarrationsResponse>, Status> {
        answer(request, |caller: Caller, request| async move { self.list(&caller.tenant, request).await }).await
    }

    async fn watch_narration(
        &self,
        request: Request<api::WatchNarrationRequest>,
    ) -> Result<Response<Self::WatchNarrationStream>, Status> {
        answer_stream(request, |Caller { tenant, .. }, request| async move {
            let id = names::narration(&request.name, "name")?;
            let tokens = watch::ResumeTokens::new(self.orders.secret(&tenant), &id);
            let seen = tokens.open(&request.resume_token)?;
            // A stream to a narration that is not there is refused at once and not in its middle.
            self.orders.get(&tenant, &id).await?;
            let watcher = watch::Watcher {
                orders: self.orders.clone(),
                conductor: self.conductor.clone(),
                tenant,
                id,
                tokens,
                stop: self.stop.clone(),
            };
            Ok(watcher.watch(seen))
        })
        .await
    }

    async fn listen_narration(
        &self,
        request: Request<api::ListenNarrationRequest>,
    ) -> Result<Response<Self::ListenNarrationStream>, Status> {
        relay_stream(request, |Caller { tenant, .. }, request| async move {
            let id = names::narration(&request.name, "name")?;
            let from = listen::Place::read(&request)?;
            let known = self.orders.get(&tenant, &id).await?;
            listen::check(&known.record, from.section)?;
            let listener = listen::Listener {
                orders: self.orders.clone(),
                conductor: self.conductor.clone(),
                upstream: self.upstream.clone(),
                master: Arc::clone(&self.master),
                tenant,
                id,
                stop: self.stop.clone(),
            };
            Ok(listener.listen(from, request.section_etag))
        })
        .await
    }

    async fn cancel_narration(
        &self,
        request: Request<api::CancelNarrationRequest>,
    ) -> Result<Response<api::CancelNarrationResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let id = names::narration(&request.name, "name")?;
            let cancelled = self.orders.cancel(&caller.tenant, &id, &request.etag).await?;
            Ok(api::CancelNarrationResponse { narration: Some(self.shown(&cancelled)) })
        })
        .await
    }

    async fn retry_narration(
        &self,
        request: Request<api::RetryNarrationRequest>,
    ) -> Result<Response<api::RetryNarrationResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let id = names::narration(&request.name, "name")?;
            let retried = self.orders.retry(&caller.tenant, &id, &request.request_id, &request.etag).await?;
            Ok(api::RetryNarrationResponse { narration: Some(self.shown(&retried)) })
        })
        .await
    }

    async fn delete_narration(
        &self,
        request: Request<api::DeleteNarrationRequest>,
    ) -> Result<Response<api::DeleteNarrationResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let id = names::narration(&request.name, "name")?;
            let note = self.audit.record(Entry {
                actor: caller.actor(),
                action: Action::NarrationDeleted,
                target: names::of_narration(&id),
                tenant: Some(caller.tenant.clone()),
                detail: if request.force { "with force" } else { "" }.to_owned(),
            });
            let how = Deletion { etag: &request.etag, allow_missing: request.allow_missing, force: request.force };
            self.orders.delete(&caller.tenant, &id, how, note).await?;
            Ok(api::DeleteNarrationResponse {})
        })
        .await
    }

    async fn get_script(
        &self,
        request: Request<api::GetScriptRequest>,
    ) -> Result<Response<api::GetScriptResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let narration = self.narration(&caller.tenant, &request.name).await?;
            let secret = self.orders.secret(&caller.tenant);
            objects::script(&self.blob, &self.master, &secret, &narration.record, &request).await
        })
        .await
    }

    async fn update_script(
        &self,
        request: Request<api::UpdateScriptRequest>,
    ) -> Result<Response<api::UpdateScriptResponse>, Status> {
        relay(request, |caller: Caller, request| async move {
            let updating = script::update(&self.orders, &self.upstream, &self.audit, &caller, request);
            let script::Updated { narration, sentences } = Box::pin(updating).await?;
            let etag = self.orders.keys(&narration.record).script_etag();
            let narration = Some(self.shown(&narration));
            Ok(api::UpdateScriptResponse { narration, etag, changed_sentence_count: sentences })
        })
        .await
    }

    async fn approve_script(
        &self,
        request: Request<api::ApproveScriptRequest>,
    ) -> Result<Response<api::ApproveScriptResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let id = names::narration(&request.name, "name")?;
            let note = self.audit.record(Entry {
                actor: caller.actor(),
                action: Action::ScriptApproved,
                target: names::of_narration(&id),
                tenant: Some(caller.tenant.clone()),
                detail: String::new(),
            });
            let approving = self.orders.approve(&caller.tenant, &id, &request.etag, note);
            let approved = Box::pin(approving).await?;
            Ok(api::ApproveScriptResponse { narration: Some(self.shown(&approved)) })
        })
        .await
    }

    async fn get_manifest(
        &self,
        request: Request<api::GetManifestRequest>,
    ) -> Result<Response<api::GetManifestResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let narration = self.narration(&caller.tenant, &request.name).await?;
            let secret = self.orders.secret(&caller.tenant);
            objects::manifest(&self.blob, &self.master, &secret, &narration.record, &request).await
        })
        .await
    }

    async fn download_artifact(
        &self,
        request: Request<api::DownloadArtifactRequest>,
    ) -> Result<Response<Self::DownloadArtifactStream>, Status> {
        answer_stream(request, |caller: Caller, request| async move {
            let (id, file) = names::artifact(&request.name, "name")?;
            let narration = self.orders.get(&caller.tenant, &id).await?;
            objects::download(&self.blob, &self.master, &narration.record, file, &request).await
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_a_list_has_at_most_two_hundred_narrations() {
        for (asked, size) in [(0, 50), (1, 1), (200, 200), (201, 200), (1_000, 200)] {
            assert_eq!(page_size(asked, PAGE, LARGEST_PAGE), Ok(size));
        }
    }
}
