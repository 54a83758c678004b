//! `lectern.work.v1.StageService`: the conductor cancels steps and prunes, operators look at steps
//! and at the service.

mod look;

use std::sync::Arc;

use bytes::Bytes;
use lectern_blob::Blob;
use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::names;
use lectern_proto::work::v1::{self as work, stage_service_server::StageService};
use lectern_queue::Queue;
use lectern_rpc::{Answers, InternalService, answer, answer_stream};
use lectern_runtime::HealthState;
use lectern_runtime::config::Setting;
use lectern_work::CANCELLED;
use lectern_work::steps::{StepRecord, Steps};
use tonic::{Request, Response, Status, Streaming};
use tracing::debug;

use crate::prune::{self, FindUnused};
pub use look::describe;

/// The service over a stage's steps.
#[derive(Debug, Clone)]
pub struct StageApi {
    steps: Steps,
    queue: Arc<dyn Queue>,
    pruned: Option<Pruned>,
    health: HealthState,
    settings: Arc<[Setting]>,
}

/// Where the objects of a stage lie that are pruned, and who finds those that are unused.
#[derive(Debug, Clone)]
struct Pruned {
    blob: Arc<dyn Blob>,
    find: Arc<dyn FindUnused>,
}

impl StageApi {
    /// The service over these steps; other replicas are hinted through `queue`. Nothing is pruned,
    /// and nothing is told of the process.
    #[must_use]
    pub fn new(steps: Steps, queue: Arc<dyn Queue>) -> Self {
        Self { steps, queue, pruned: None, health: HealthState::new(), settings: Arc::from([]) }
    }

    /// The same service, which tells operators of this health and these settings.
    #[must_use]
    pub fn describing(self, health: HealthState, settings: Arc<[Setting]>) -> Self {
        Self { health, settings, ..self }
    }

    /// The same service, which deletes from `blob` what `find` finds to be unused.
    #[must_use]
    pub fn pruning(self, blob: Arc<dyn Blob>, find: Arc<dyn FindUnused>) -> Self {
        Self { pruned: Some(Pruned { blob, find }), ..self }
    }

    async fn cancel(&self, tenant: &TenantId, narration: &NarrationId, run: u32) -> Result<(), Failure> {
        // All steps of a narration are of one tenant, but for those whose command named none. Where
        // there is none yet, nothing tells whose it is; its id is known to its own tenant alone.
        let steps = self.steps.list(narration, None).await?;
        let nobody = TenantId::nobody();
        if steps.items.iter().any(|step| step.record.tenant != *tenant && step.record.tenant != nobody) {
            return Err(Failure::not_found(names::of_narration(narration)));
        }
        self.steps.cancel(narration, run).await
    }

    async fn step(&self, tenant: &TenantId, step: &StepId) -> Result<StepRecord, Failure> {
        let record = self.steps.get(step).await?.filter(|record| record.tenant == *tenant);
        record.ok_or_else(|| Failure::not_found(format!("step {step}")))
    }
}

#[tonic::async_trait]
impl StageService for StageApi {
    type PruneStream = Answers<work::PruneResponse>;

    async fn cancel_steps(
        &self,
        request: Request<work::CancelStepsRequest>,
    ) -> Result<Response<work::CancelStepsResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            let narration: NarrationId =
                request.narration.parse().map_err(|e| Failure::invalid("narration", format!("narration: {e}")))?;
            let run = u32::try_from(request.run).map_err(|_| Failure::invalid("run", "run counts from 1"))?;
            self.cancel(&caller.tenant, &narration, run).await?;
            if let Err(error) = self.queue.hint(CANCELLED, Bytes::from(narration.to_string())).await {
                debug!(%error, "hint not sent; the next look sees the tombstone");
            }
            Ok(work::CancelStepsResponse {})
        })
        .await
    }

    async fn get_step(
        &self,
        request: Request<work::GetStepRequest>,
    ) -> Result<Response<work::GetStepResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            let step: StepId = request.step.parse().map_err(|e| Failure::invalid("step", format!("step: {e}")))?;
            let record = self.step(&caller.tenant, &step).await?;
            Ok(work::GetStepResponse { step: Some(look::encode(&step, &record)) })
        })
        .await
    }

    async fn list_steps(
        &self,
        request: Request<work::ListStepsRequest>,
    ) -> Result<Response<work::ListStepsResponse>, Status> {
        answer(request, |InternalService(caller), request| async move {
            look::steps(&self.steps, &caller.tenant, &request).await
        })
        .await
    }

    async fn list_leases(
        &self,
        request: Request<work::ListLeasesRequest>,
    ) -> Result<Response<work::ListLeasesResponse>, Status> {
        answer(request, |_: InternalService, request| async move { look::leases(&self.steps, &request).await }).await
    }

    async fn get_service(
        &self,
        request: Request<work::GetServiceRequest>,
    ) -> Result<Response<work::GetServiceResponse>, Status> {
        answer(request, |_: InternalService, request: work::GetServiceRequest| async move {
            Ok(look::describe(&self.health, &self.settings, request.include_settings))
        })
        .await
    }

    async fn prune(
        &self,
        request: Request<Streaming<work::PruneRequest>>,
    ) -> Result<Response<Self::PruneStream>, Status> {
        answer_stream(request, |InternalService(caller), asks| async move {
            let Some(Pruned { blob, find }) = self.pruned.clone() else {
                let message = "nothing that this stage makes is pruned; ask ai and tts";
                return Err(Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, message));
            };
            Ok(prune::serve(blob, caller.tenant, asks, find))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::{Clock, SystemClock};
    use lectern_proto::work::v1::step::State;
    use lectern_queue::{ConnectOptions, MemoryQueue};
    use lectern_rpc::{Caller, Role, TenantLimits, failure};
    use lectern_store::memory::MemoryStore;
    use lectern_work::steps::StepsOptions;

    use super::*;

    fn by<T>(role: Role, tenant: &str, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let tenant = tenant.parse().unwrap();
        let (key_id, limits) = ("gateway".to_owned(), TenantLimits::default());
        request.extensions_mut().insert(Caller { tenant, role, key_id, limits });
        request
    }

    async fn api() -> StageApi {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let steps = Steps::new(Arc::new(MemoryStore::new(Arc::clone(&clock))), clock, StepsOptions::new("boot"));
        steps.ensure().await.unwrap();
        StageApi::new(steps, Arc::new(MemoryQueue::new(ConnectOptions::default())))
    }

    #[tokio::test]
    async fn a_step_is_shown_and_stopped_for_its_own_tenant_alone() {
        let api = api().await;
        let step: StepId = "n1/1/plan/0".parse().unwrap();
        api.steps.claim(&step, "worker", &"acme".parse().unwrap()).await.unwrap();
        let get = || work::GetStepRequest { step: step.to_string() };
        let cancel = || work::CancelStepsRequest { narration: "n1".to_owned(), run: 1 };

        let refused = api.get_step(by(Role::Service, "globex", get())).await.unwrap_err();
        assert_eq!(failure(&refused).reason, Reason::ResourceNotFound);
        let refused = api.cancel_steps(by(Role::Service, "globex", cancel())).await.unwrap_err();
        assert_eq!(failure(&refused).reason, Reason::ResourceNotFound);
        assert_eq!(api.steps.runs(&step.narration).await.unwrap(), None);

        let shown = api.get_step(by(Role::Service, "acme", get())).await.unwrap().into_inner().step.unwrap();
        assert_eq!((shown.state(), shown.crash_count, shown.failure), (State::Leased, 0, None));
        api.cancel_steps(by(Role::Service, "acme", cancel())).await.unwrap();
        assert!(api.steps.runs(&step.narration).await.unwrap().is_some_and(|runs| runs.is_over(step.run)));
    }

    #[tokio::test]
    async fn only_services_may_stop_steps() {
        let api = api().await;
        for role in [Role::Admin, Role::Tenant, Role::Reader] {
            let cancel = work::CancelStepsRequest { narration: "n1".to_owned(), run: 1 };
            let refused = api.cancel_steps(by(role, "acme", cancel)).await.unwrap_err();
            assert_eq!(failure(&refused).reason, Reason::KeyNotAllowed);
            let refused = api.list_leases(by(role, "acme", work::ListLeasesRequest::default())).await.unwrap_err();
            assert_eq!(failure(&refused).reason, Reason::KeyNotAllowed);
            let refused = api.get_service(by(role, "acme", work::GetServiceRequest::default())).await.unwrap_err();
            assert_eq!(failure(&refused).reason, Reason::KeyNotAllowed);
        }
    }
}
