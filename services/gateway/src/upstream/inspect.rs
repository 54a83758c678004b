//! What operators see of the stages, asked over gRPC.

use async_trait::async_trait;
use lectern_core::Failure;
use lectern_core::id::{NarrationId, Service, TenantId};
use lectern_proto::work::v1::{self as work, stage_service_client::StageServiceClient};

use super::{Authorized, Upstream, short, told};
use crate::inspect::{Inspect, Place};

impl Upstream {
    /// The steps of a stage, as a tenant sees them; as nobody for what is of all tenants.
    fn of_stage(&self, stage: Service, tenant: &TenantId) -> StageServiceClient<Authorized> {
        let classes = match stage {
            Service::Ingest => &self.ingest,
            Service::Ai => &self.ai,
            Service::Tts => &self.tts,
        };
        self.stage(&classes.calls, tenant)
    }
}

#[async_trait]
impl Inspect for Upstream {
    async fn steps(
        &self,
        stage: Service,
        tenant: &TenantId,
        narration: &NarrationId,
        place: Place,
    ) -> Result<work::ListStepsResponse, Failure> {
        let Place { token: page_token, most: page_size } = place;
        let request = work::ListStepsRequest { narration: narration.to_string(), page_size, page_token };
        let asked = self.of_stage(stage, tenant).list_steps(short(request)).await;
        asked.map(tonic::Response::into_inner).map_err(|status| told(&status))
    }

    async fn leases(&self, stage: Service, place: Place) -> Result<work::ListLeasesResponse, Failure> {
        let Place { token: page_token, most: page_size } = place;
        let request = work::ListLeasesRequest { page_size, page_token };
        let asked = self.of_stage(stage, &TenantId::nobody()).list_leases(short(request)).await;
        asked.map(tonic::Response::into_inner).map_err(|status| told(&status))
    }

    async fn service(&self, stage: Service, include_settings: bool) -> Result<work::GetServiceResponse, Failure> {
        let request = work::GetServiceRequest { include_settings };
        let asked = self.of_stage(stage, &TenantId::nobody()).get_service(short(request)).await;
        asked.map(tonic::Response::into_inner).map_err(|status| told(&status))
    }
}
