//! `lectern.v1.QuotaService`.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::{Clock, Digest, Failure};
use lectern_proto::names;
use lectern_proto::v1::{self as api, quota_service_server::QuotaService};
use lectern_rpc::{Caller, answer};
use lectern_stage::Recall;
use tonic::{Request, Response, Status};

use super::tenants::encode_limits;
use crate::admission::Admission;
use crate::domain::{Lane, TenantLimits};
use crate::tenants::Tenants;
use crate::upstream::Upstream;

/// What a tenant has stored is not asked for again for this long: counting it reads every document.
const COUNTED_FOR: Duration = Duration::from_secs(60);
/// Tenants whose counts are remembered.
const TENANTS: usize = 10_000;

/// What a tenant has stored: documents, and bytes of their sources.
type Usage = (u64, u64);

/// The public quota service.
#[derive(Debug, Clone)]
pub struct Quota {
    tenants: Tenants,
    admission: Admission,
    upstream: Upstream,
    defaults: Arc<TenantLimits>,
    clock: Arc<dyn Clock>,
    usage: Arc<Recall<Usage>>,
}

impl Quota {
    /// The service over these parts; `defaults` is what everybody has.
    #[must_use]
    pub fn new(
        tenants: Tenants,
        admission: Admission,
        upstream: Upstream,
        defaults: TenantLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let usage = Arc::new(Recall::new(TENANTS, COUNTED_FOR));
        Self { tenants, admission, upstream, defaults: Arc::new(defaults), clock, usage }
    }

    async fn get(&self, tenant: &TenantId) -> Result<api::Quota, Failure> {
        let own = self.tenants.limits_of(tenant).await?;
        let (unfinished, usage) = tokio::try_join!(self.admission.unfinished_of(tenant), self.usage(tenant))?;
        Ok(quota(tenant, own, (*self.defaults).clone(), unfinished, usage))
    }

    async fn usage(&self, tenant: &TenantId) -> Result<Usage, Failure> {
        let (place, now) = (Digest::of(tenant.as_str().as_bytes()), self.clock.now());
        if let Some(known) = self.usage.get(&place, now) {
            return Ok(known);
        }
        let usage = self.upstream.usage(tenant).await?;
        self.usage.put(place, usage, now);
        Ok(usage)
    }
}

/// Every limit that holds, and what of them is used.
fn quota(tenant: &TenantId, own: TenantLimits, defaults: TenantLimits, unfinished: u64, usage: Usage) -> api::Quota {
    let everything = TenantLimits { lanes: Lane::ALL.to_vec(), ..TenantLimits::default() };
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let (documents, bytes) = usage;
    let limits = own.or(defaults).or(everything);
    api::Quota {
        tenant: names::of_tenant(tenant),
        limits: Some(encode_limits(&limits)),
        unfinished_narration_count: count(unfinished),
        document_count: count(documents),
        stored_source_bytes: count(bytes),
    }
}

#[tonic::async_trait]
impl QuotaService for Quota {
    async fn get_quota(
        &self,
        request: Request<api::GetQuotaRequest>,
    ) -> Result<Response<api::GetQuotaResponse>, Status> {
        answer(request, |caller: Caller, _| async move {
            Ok(api::GetQuotaResponse { quota: Some(self.get(&caller.tenant).await?) })
        })
        .await
    }

    async fn get_usage(
        &self,
        request: Request<api::GetUsageRequest>,
    ) -> Result<Response<api::GetUsageResponse>, Status> {
        answer(request, |caller: Caller, request| async move {
            let api::GetUsageRequest { first_day, last_day } = request;
            let days = self.upstream.spending(&caller.tenant, first_day, last_day).await?;
            Ok(api::GetUsageResponse { days })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_that_holds_is_named() {
        let acme = "acme".parse().expect("an id");
        let defaults = TenantLimits {
            requests_per_second: Some(50.0),
            burst: Some(200),
            concurrent_calls: Some(500),
            unfinished_narrations: Some(10_000),
            concurrent_steps: Some(64),
            ..TenantLimits::default()
        };
        let own = TenantLimits { burst: Some(7), unfinished_narrations: Some(0), ..TenantLimits::default() };
        let answer = quota(&acme, own, defaults.clone(), 3, (4, 5));
        let limits = api::TenantLimits {
            requests_per_second: Some(50.0),
            burst_request_count: Some(7),
            concurrent_call_count: Some(500),
            unfinished_narration_count: Some(0),
            concurrent_step_count: Some(64),
            stored_source_bytes: None,
            lanes: vec![1, 2, 3],
            monthly_budget_micro_usd: None,
        };
        assert_eq!((answer.tenant.as_str(), answer.limits), ("tenants/acme", Some(limits)));
        assert_eq!((answer.unfinished_narration_count, answer.document_count, answer.stored_source_bytes), (3, 4, 5));
        let own = TenantLimits { stored_source_bytes: Some(9), lanes: vec![Lane::Bulk], ..TenantLimits::default() };
        let limits = quota(&acme, own, defaults, 0, (0, 0)).limits.expect("limits");
        assert_eq!((limits.stored_source_bytes, limits.lanes), (Some(9), vec![3]));
    }

    #[test]
    fn a_tenants_own_number_of_steps_holds_before_everybodys() {
        let acme = "acme".parse().expect("an id");
        for (own, everybody, holds) in [(Some(10_000), 64, 10_000), (None, 500, 500), (Some(7), 500, 7), (None, 64, 64)]
        {
            let own = TenantLimits { concurrent_steps: own, ..TenantLimits::default() };
            let defaults = TenantLimits { concurrent_steps: Some(everybody), ..TenantLimits::default() };
            let limits = quota(&acme, own, defaults, 0, (0, 0)).limits.expect("limits");
            assert_eq!(limits.concurrent_step_count, Some(holds));
        }
    }
}
