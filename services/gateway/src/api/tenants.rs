//! `lectern.v1.TenantService`.

mod change;
#[cfg(test)]
mod tests;

use lectern_core::Failure;
use lectern_core::id::TenantId;
use lectern_core::keys::TenantSecret;
use lectern_proto::v1::{self as api, tenant_service_server::TenantService};
use lectern_proto::{convert, names};
use lectern_rpc::{Administrator, Caller, answer, page};
use lectern_store::{Cursor, Query};
use tonic::{Request, Response, Status};

use super::keys::entry;
use super::page_size;
use crate::audit::{Action, Audit};
use crate::domain::{Lane, TenantLimits, TenantRecord, TenantState, tenant};
use crate::upstream::Upstream;
use change::Changes;

/// What page tokens are sealed for.
const LIST: &str = "ListTenants";

/// The public tenant service.
#[derive(Debug, Clone)]
pub struct Tenants {
    tenants: crate::tenants::Tenants,
    audit: Audit,
    secret: TenantSecret,
    upstream: Option<Upstream>,
}

impl Tenants {
    /// The service over these tenants; page tokens are sealed under `secret`.
    #[must_use]
    pub const fn new(tenants: crate::tenants::Tenants, audit: Audit, secret: TenantSecret) -> Self {
        Self { tenants, audit, secret, upstream: None }
    }

    /// The same service, which asks the stages what tenants spend. Without it nobody is told.
    #[must_use]
    pub fn asking(self, upstream: Upstream) -> Self {
        Self { upstream: Some(upstream), ..self }
    }

    async fn usage(&self, request: api::GetTenantUsageRequest) -> Result<api::GetTenantUsageResponse, Failure> {
        let api::GetTenantUsageRequest { name, first_day, last_day } = request;
        let tenant = names::tenant(&name, "name")?;
        let upstream = self.upstream.as_ref();
        let upstream = upstream.ok_or_else(|| Failure::internal("this service was given no stages to ask"))?;
        Ok(api::GetTenantUsageResponse { days: upstream.spending(&tenant, first_day, last_day).await? })
    }

    async fn create(&self, caller: &Caller, request: api::CreateTenantRequest) -> Result<api::Tenant, Failure> {
        let id = tenant::new("tenant_id", &request.tenant_id)?;
        let changes = Changes::read(&request.tenant.unwrap_or_default(), None)?;
        let mut tenant = self.tenants.unnamed(id.clone());
        changes.apply(&mut tenant);
        let made = entry(caller, Action::TenantCreated, names::of_tenant(&id), Some(id), changes.to_string());
        self.tenants.create(&tenant, self.audit.record(made)).await?;
        Ok(encode(&tenant))
    }

    async fn list(&self, request: &api::ListTenantsRequest) -> Result<api::ListTenantsResponse, Failure> {
        let after: Option<Cursor> = page::open(&self.secret, LIST, &request.page_token)?;
        let query = Query::new().limit(page_size(request.page_size, 50, 1_000)?).after(after);
        let page = self.tenants.list(&query).await?;
        let next_page_token = match page.next {
            Some(cursor) => page::seal(&self.secret, LIST, &cursor)?,
            None => String::new(),
        };
        let tenants = page.items.iter().map(|found| encode(&found.record)).collect();
        Ok(api::ListTenantsResponse { tenants, next_page_token })
    }

    async fn update(&self, caller: &Caller, request: api::UpdateTenantRequest) -> Result<api::Tenant, Failure> {
        let wire = request.tenant.unwrap_or_default();
        let id = names::tenant(&wire.name, "tenant.name")?;
        let changes = Changes::read(&wire, request.update_mask.as_ref())?;
        let target = names::of_tenant(&id);
        let updated = entry(caller, Action::TenantUpdated, target, Some(id.clone()), changes.to_string());
        let change = |tenant: &mut TenantRecord| changes.apply(tenant);
        self.tenants.change(&id, &wire.etag, self.audit.record(updated), change).await.map(|tenant| encode(&tenant))
    }

    async fn set(
        &self,
        caller: &Caller,
        name: &str,
        action: Action,
        state: TenantState,
    ) -> Result<api::Tenant, Failure> {
        let id = names::tenant(name, "name")?;
        let set = entry(caller, action, names::of_tenant(&id), Some(id.clone()), String::new());
        let change = move |tenant: &mut TenantRecord| tenant.state = state;
        self.tenants.change(&id, "", self.audit.record(set), change).await.map(|tenant| encode(&tenant))
    }

    async fn get(&self, name: &str) -> Result<api::Tenant, Failure> {
        let id: TenantId = names::tenant(name, "name")?;
        self.tenants.get(&id).await.map(|tenant| encode(&tenant))
    }
}

fn encode(tenant: &TenantRecord) -> api::Tenant {
    let state = match tenant.state {
        TenantState::Active => api::tenant::State::Active,
        TenantState::Suspended => api::tenant::State::Suspended,
    };
    api::Tenant {
        name: names::of_tenant(&tenant.id),
        display_name: tenant.display_name.clone(),
        limits: Some(encode_limits(&tenant.limits)),
        state: state.into(),
        create_time: Some(convert::time(tenant.created)),
        update_time: Some(convert::time(tenant.updated)),
        etag: tenant.version.to_string(),
    }
}

/// Limits on the wire.
pub(super) fn encode_limits(limits: &TenantLimits) -> api::TenantLimits {
    let narrations = |count: u64| i32::try_from(count).unwrap_or(i32::MAX);
    api::TenantLimits {
        requests_per_second: limits.requests_per_second,
        burst_request_count: limits.burst.map(convert::number),
        concurrent_call_count: limits.concurrent_calls.map(convert::number),
        unfinished_narration_count: limits.unfinished_narrations.map(narrations),
        concurrent_step_count: limits.concurrent_steps.map(convert::number),
        stored_source_bytes: limits.stored_source_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        lanes: limits.lanes.iter().copied().map(Lane::number).collect(),
        monthly_budget_micro_usd: limits.month_micro_usd.map(|usd| i64::try_from(usd).unwrap_or(i64::MAX)),
    }
}

#[tonic::async_trait]
impl TenantService for Tenants {
    async fn create_tenant(
        &self,
        request: Request<api::CreateTenantRequest>,
    ) -> Result<Response<api::CreateTenantResponse>, Status> {
        answer(request, |Administrator(caller), request| async move {
            Ok(api::CreateTenantResponse { tenant: Some(self.create(&caller, request).await?) })
        })
        .await
    }

    async fn get_tenant(
        &self,
        request: Request<api::GetTenantRequest>,
    ) -> Result<Response<api::GetTenantResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            Ok(api::GetTenantResponse { tenant: Some(self.get(&request.name).await?) })
        })
        .await
    }

    async fn list_tenants(
        &self,
        request: Request<api::ListTenantsRequest>,
    ) -> Result<Response<api::ListTenantsResponse>, Status> {
        answer(request, |_: Administrator, request| async move { self.list(&request).await }).await
    }

    async fn update_tenant(
        &self,
        request: Request<api::UpdateTenantRequest>,
    ) -> Result<Response<api::UpdateTenantResponse>, Status> {
        answer(request, |Administrator(caller), request| async move {
            Ok(api::UpdateTenantResponse { tenant: Some(self.update(&caller, request).await?) })
        })
        .await
    }

    async fn suspend_tenant(
        &self,
        request: Request<api::SuspendTenantRequest>,
    ) -> Result<Response<api::SuspendTenantResponse>, Status> {
        answer(request, |Administrator(caller), request| async move {
            let tenant = self.set(&caller, &request.name, Action::TenantSuspended, TenantState::Suspended).await?;
            Ok(api::SuspendTenantResponse { tenant: Some(tenant) })
        })
        .await
    }

    async fn resume_tenant(
        &self,
        request: Request<api::ResumeTenantRequest>,
    ) -> Result<Response<api::ResumeTenantResponse>, Status> {
        answer(request, |Administrator(caller), request| async move {
            let tenant = self.set(&caller, &request.name, Action::TenantResumed, TenantState::Active).await?;
            Ok(api::ResumeTenantResponse { tenant: Some(tenant) })
        })
        .await
    }

    async fn get_tenant_usage(
        &self,
        request: Request<api::GetTenantUsageRequest>,
    ) -> Result<Response<api::GetTenantUsageResponse>, Status> {
        answer(request, |_: Administrator, request| async move { self.usage(request).await }).await
    }
}
