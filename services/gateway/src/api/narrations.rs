//! `lectern.v1.NarrationService`.

use std::sync::Arc;

use lectern_blob::Blob;
use lectern_core::Failure;
use lectern_core::id::TenantId;
use lectern_proto::names;
use lectern_proto::v1::{self as api, narration_service_server::NarrationService};
use lectern_rpc::auth::caller;
use lectern_rpc::page;
use lectern_rpc::status::status;
use lectern_store::{Cursor, Query, Versioned};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::{Answers, encode, listen, objects, page_size, preview, watch};
use crate::audit::{Action, Audit, Entry};
use crate::conduct::Conductor;
use crate::domain::Narration;
use crate::domain::wish::Labels;
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
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let narration = request.narration.ok_or_else(|| {
            status(&Failure::invalid("narration", "narration is missing; say what to narrate and how"))
        })?;
        let accepted = self.orders.create(&tenant, &request.request_id, narration).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::CreateNarrationResponse { narration: Some(self.shown(&accepted)) }))
    }

    async fn preview_document(
        &self,
        request: Request<api::PreviewDocumentRequest>,
    ) -> Result<Response<Self::PreviewDocumentStream>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let stream = preview::preview(&self.upstream, &tenant, request.into_inner()).await?;
        Ok(Response::new(stream))
    }

    async fn get_narration(
        &self,
        request: Request<api::GetNarrationRequest>,
    ) -> Result<Response<api::GetNarrationResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let narration = self.narration(&tenant, &request.get_ref().name).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::GetNarrationResponse { narration: Some(self.shown(&narration)) }))
    }

    async fn list_narrations(
        &self,
        request: Request<api::ListNarrationsRequest>,
    ) -> Result<Response<api::ListNarrationsResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        self.list(&tenant, request.into_inner()).await.map(Response::new).map_err(|f| status(&f))
    }

    async fn watch_narration(
        &self,
        request: Request<api::WatchNarrationRequest>,
    ) -> Result<Response<Self::WatchNarrationStream>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let id = names::narration(&request.name, "name").map_err(|f| status(&f))?;
        let tokens = watch::ResumeTokens::new(self.orders.secret(&tenant), &id);
        let seen = tokens.open(&request.resume_token).map_err(|f| status(&f))?;
        // A stream to a narration that is not there is refused at once and not in its middle.
        self.orders.get(&tenant, &id).await.map_err(|f| status(&f))?;
        let watcher = watch::Watcher {
            orders: self.orders.clone(),
            conductor: self.conductor.clone(),
            tenant,
            id,
            tokens,
            stop: self.stop.clone(),
        };
        Ok(Response::new(Box::pin(watcher.watch(seen))))
    }

    async fn listen_narration(
        &self,
        request: Request<api::ListenNarrationRequest>,
    ) -> Result<Response<Self::ListenNarrationStream>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let id = names::narration(&request.name, "name").map_err(|f| status(&f))?;
        let from = listen::Place::read(&request).map_err(|f| status(&f))?;
        let known = self.orders.get(&tenant, &id).await.map_err(|f| status(&f))?;
        listen::check(&known.record, from.section).map_err(|f| status(&f))?;
        let listener = listen::Listener {
            orders: self.orders.clone(),
            conductor: self.conductor.clone(),
            upstream: self.upstream.clone(),
            master: Arc::clone(&self.master),
            tenant,
            id,
            stop: self.stop.clone(),
        };
        Ok(Response::new(Box::pin(listener.listen(from, request.section_etag))))
    }

    async fn cancel_narration(
        &self,
        request: Request<api::CancelNarrationRequest>,
    ) -> Result<Response<api::CancelNarrationResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let id = names::narration(&request.name, "name").map_err(|f| status(&f))?;
        let cancelled = self.orders.cancel(&tenant, &id, &request.etag).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::CancelNarrationResponse { narration: Some(self.shown(&cancelled)) }))
    }

    async fn retry_narration(
        &self,
        request: Request<api::RetryNarrationRequest>,
    ) -> Result<Response<api::RetryNarrationResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let id = names::narration(&request.name, "name").map_err(|f| status(&f))?;
        let retried = self.orders.retry(&tenant, &id, &request.request_id, &request.etag).await;
        let retried = retried.map_err(|f| status(&f))?;
        Ok(Response::new(api::RetryNarrationResponse { narration: Some(self.shown(&retried)) }))
    }

    async fn delete_narration(
        &self,
        request: Request<api::DeleteNarrationRequest>,
    ) -> Result<Response<api::DeleteNarrationResponse>, Status> {
        let (tenant, actor) = (caller(&request)?.tenant.clone(), caller(&request)?.actor());
        let request = request.into_inner();
        let id = names::narration(&request.name, "name").map_err(|f| status(&f))?;
        let note = self.audit.record(Entry {
            actor,
            action: Action::NarrationDeleted,
            target: names::of_narration(&id),
            tenant: Some(tenant.clone()),
            detail: if request.force { "with force" } else { "" }.to_owned(),
        });
        let how = Deletion { etag: &request.etag, allow_missing: request.allow_missing, force: request.force };
        self.orders.delete(&tenant, &id, how, note).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::DeleteNarrationResponse {}))
    }

    async fn get_script(
        &self,
        request: Request<api::GetScriptRequest>,
    ) -> Result<Response<api::GetScriptResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let narration = self.narration(&tenant, &request.name).await.map_err(|f| status(&f))?;
        let secret = self.orders.secret(&tenant);
        objects::script(&self.blob, &self.master, &secret, &narration.record, &request)
            .await
            .map(Response::new)
            .map_err(|f| status(&f))
    }

    async fn get_manifest(
        &self,
        request: Request<api::GetManifestRequest>,
    ) -> Result<Response<api::GetManifestResponse>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let narration = self.narration(&tenant, &request.name).await.map_err(|f| status(&f))?;
        let secret = self.orders.secret(&tenant);
        objects::manifest(&self.blob, &self.master, &secret, &narration.record, &request)
            .await
            .map(Response::new)
            .map_err(|f| status(&f))
    }

    async fn download_artifact(
        &self,
        request: Request<api::DownloadArtifactRequest>,
    ) -> Result<Response<Self::DownloadArtifactStream>, Status> {
        let tenant = caller(&request)?.tenant.clone();
        let request = request.into_inner();
        let (id, file) = names::artifact(&request.name, "name").map_err(|f| status(&f))?;
        let narration = self.orders.get(&tenant, &id).await.map_err(|f| status(&f))?;
        let stream = objects::download(&self.blob, &self.master, &narration.record, file, &request).await;
        stream.map(Response::new).map_err(|f| status(&f))
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
