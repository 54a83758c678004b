//! `lectern.work.v1.StageService`: the conductor cancels steps, operators look at them.

use std::sync::Arc;

use bytes::Bytes;
use lectern_core::id::NarrationId;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::work::v1::{self as work, stage_service_server::StageService};
use lectern_queue::Queue;
use lectern_queue::worker::CANCELLED;
use lectern_rpc::auth::{Role, caller};
use lectern_rpc::status::status;
use lectern_store::steps::{EndState, StepState, Steps};
use tonic::{Request, Response, Status};
use tracing::debug;

/// The service over a stage's steps.
#[derive(Debug, Clone)]
pub struct StageApi {
    steps: Steps,
    queue: Arc<dyn Queue>,
}

impl StageApi {
    /// The service over these steps; other replicas are hinted through `queue`.
    #[must_use]
    pub const fn new(steps: Steps, queue: Arc<dyn Queue>) -> Self {
        Self { steps, queue }
    }
}

/// Lets only services and administrators pass.
///
/// # Errors
/// `KEY_NOT_ALLOWED` for a caller with a tenant's key.
pub fn internal<T>(request: &Request<T>) -> Result<(), Status> {
    match caller(request)?.role {
        Role::Service | Role::Admin => Ok(()),
        Role::Tenant => Err(status(&Failure::new(
            Kind::PermissionDenied,
            Reason::KeyNotAllowed,
            "this call is for the services of the installation; tenants use lectern.v1",
        ))),
    }
}

#[tonic::async_trait]
impl StageService for StageApi {
    async fn cancel_steps(
        &self,
        request: Request<work::CancelStepsRequest>,
    ) -> Result<Response<work::CancelStepsResponse>, Status> {
        internal(&request)?;
        let request = request.into_inner();
        let narration: NarrationId =
            request.narration.parse().map_err(|e| status(&Failure::invalid("narration", format!("narration: {e}"))))?;
        let run = u32::try_from(request.run).map_err(|_| status(&Failure::invalid("run", "run counts from 1")))?;
        self.steps.cancel(&narration, run).await.map_err(|error| status(&error))?;
        if let Err(error) = self.queue.hint(CANCELLED, Bytes::from(narration.to_string())).await {
            debug!(%error, "hint not sent; the next heartbeat sees the tombstone");
        }
        Ok(Response::new(work::CancelStepsResponse {}))
    }

    async fn get_step(
        &self,
        request: Request<work::GetStepRequest>,
    ) -> Result<Response<work::GetStepResponse>, Status> {
        internal(&request)?;
        let step =
            request.get_ref().step.parse().map_err(|e| status(&Failure::invalid("step", format!("step: {e}"))))?;
        let record = self
            .steps
            .get(&step)
            .await
            .map_err(|error| status(&error))?
            .ok_or_else(|| status(&Failure::not_found(format!("step {step}"))))?;
        let (state, holder) = match &record.state {
            StepState::Free { .. } => ("free", String::new()),
            StepState::Leased { holder, .. } => ("leased", holder.clone()),
            StepState::Ended { ending } => match ending.state {
                EndState::Done => ("done", String::new()),
                EndState::Failed => ("failed", String::new()),
                EndState::Dead => ("dead", String::new()),
            },
        };
        Ok(Response::new(work::GetStepResponse {
            step: Some(work::Step {
                id: step.to_string(),
                state: state.to_owned(),
                fence: i64::try_from(record.fence).unwrap_or(i64::MAX),
                holder,
                attempts: convert::number(record.attempts),
                crashes: convert::number(record.crashes),
                failure: record.failure.as_ref().map(|f| convert::failure_to_wire(f, Some(&step))),
            }),
        }))
    }
}
