//! `lectern.v1.AdminService`.

mod audit;
mod backlog;
mod capacity;
mod dead_letters;
mod pauses;
mod services;
mod statuses;
mod steps;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use lectern_core::Clock;
use lectern_core::keys::TenantSecret;
use lectern_proto::names;
use lectern_proto::v1::{self as api, admin_service_server::AdminService};
use lectern_rpc::{Administrator, Answers, Caller, answer, answer_stream};
use lectern_runtime::HealthState;
use lectern_runtime::config::Setting;
use tonic::{Request, Response, Status};

use crate::admission::Admission;
use crate::audit::Audit;
use crate::conduct::Dispatcher;
use crate::dead_letters::DeadLetters;
use crate::inspect::Inspect;
use crate::orders::Orders;

/// What operators look at and work with.
#[derive(Debug, Clone)]
pub struct AdminParts {
    /// The dead letters.
    pub dead_letters: DeadLetters,
    /// What waits, what is granted and what is paused.
    pub dispatcher: Dispatcher,
    /// How much is unfinished.
    pub admission: Admission,
    /// Where what they do is recorded.
    pub audit: Audit,
    /// The narrations.
    pub orders: Orders,
    /// The stages.
    pub stages: Arc<dyn Inspect>,
    /// The gateway's own health.
    pub health: HealthState,
    /// The gateway's own settings.
    pub settings: Arc<[Setting]>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// The operators' service.
#[derive(Debug, Clone)]
pub struct Admin {
    parts: AdminParts,
    secret: TenantSecret,
}

impl Admin {
    /// The service over these parts; page tokens are sealed under `secret`.
    #[must_use]
    pub const fn new(parts: AdminParts, secret: TenantSecret) -> Self {
        Self { parts, secret }
    }

    /// The letters, for a caller who does something with them.
    fn audited(&self, caller: &Caller) -> dead_letters::Audited {
        dead_letters::Audited::new(&self.parts.dead_letters, &self.parts.audit, caller)
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    type ReplayDeadLettersStream = Answers<api::ReplayDeadLettersResponse>;
    type DiscardDeadLettersStream = Answers<api::DiscardDeadLettersResponse>;

    async fn list_dead_letters(
        &self,
        request: Request<api::ListDeadLettersRequest>,
    ) -> Result<Response<api::ListDeadLettersResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            dead_letters::list(&self.parts.dead_letters, &self.secret, &request).await
        })
        .await
    }

    async fn get_dead_letter(
        &self,
        request: Request<api::GetDeadLetterRequest>,
    ) -> Result<Response<api::GetDeadLetterResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            let step = names::dead_letter(&request.name, "name")?;
            let letter = self.parts.dead_letters.get(&step).await?;
            Ok(api::GetDeadLetterResponse { dead_letter: Some(dead_letters::encode(&letter)) })
        })
        .await
    }

    async fn replay_dead_letters(
        &self,
        request: Request<api::ReplayDeadLettersRequest>,
    ) -> Result<Response<Self::ReplayDeadLettersStream>, Status> {
        answer_stream(request, |Administrator(caller), request| async move {
            let selection = dead_letters::read_selection(request.selection)?;
            let between = dead_letters::read_rate(request.letters_per_second)?;
            Ok(dead_letters::replay(self.audited(&caller), selection, between))
        })
        .await
    }

    async fn discard_dead_letters(
        &self,
        request: Request<api::DiscardDeadLettersRequest>,
    ) -> Result<Response<Self::DiscardDeadLettersStream>, Status> {
        answer_stream(request, |Administrator(caller), request| async move {
            let selection = dead_letters::read_selection(request.selection)?;
            Ok(dead_letters::discard(self.audited(&caller), selection))
        })
        .await
    }

    async fn create_pause(
        &self,
        request: Request<api::CreatePauseRequest>,
    ) -> Result<Response<api::CreatePauseResponse>, Status> {
        answer(request, |Administrator(caller), request| async move {
            let pause = request.pause.unwrap_or_default();
            let pause =
                pauses::create(self.parts.dispatcher.pauses(), &self.parts.audit, caller.actor(), pause).await?;
            Ok(api::CreatePauseResponse { pause: Some(pause) })
        })
        .await
    }

    async fn get_pause(
        &self,
        request: Request<api::GetPauseRequest>,
    ) -> Result<Response<api::GetPauseResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            let pause = pauses::get(self.parts.dispatcher.pauses(), &request.name).await?;
            Ok(api::GetPauseResponse { pause: Some(pause) })
        })
        .await
    }

    async fn list_pauses(
        &self,
        request: Request<api::ListPausesRequest>,
    ) -> Result<Response<api::ListPausesResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            pauses::list(self.parts.dispatcher.pauses(), &self.secret, &request).await
        })
        .await
    }

    async fn delete_pause(
        &self,
        request: Request<api::DeletePauseRequest>,
    ) -> Result<Response<api::DeletePauseResponse>, Status> {
        answer(request, |Administrator(caller), request| async move {
            pauses::delete(self.parts.dispatcher.pauses(), &self.parts.audit, caller.actor(), &request).await?;
            Ok(api::DeletePauseResponse {})
        })
        .await
    }

    async fn get_backlog(
        &self,
        request: Request<api::GetBacklogRequest>,
    ) -> Result<Response<api::GetBacklogResponse>, Status> {
        answer(request, |_: Administrator, _| backlog::backlog(&self.parts.dispatcher, &self.parts.admission)).await
    }

    async fn list_narration_statuses(
        &self,
        request: Request<api::ListNarrationStatusesRequest>,
    ) -> Result<Response<api::ListNarrationStatusesResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            statuses::list(&self.parts.orders, &self.parts.dispatcher, &self.secret, &request).await
        })
        .await
    }

    async fn list_steps(
        &self,
        request: Request<api::ListStepsRequest>,
    ) -> Result<Response<api::ListStepsResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            steps::list(&self.parts.orders, &*self.parts.stages, &self.secret, &request).await
        })
        .await
    }

    async fn list_leases(
        &self,
        request: Request<api::ListLeasesRequest>,
    ) -> Result<Response<api::ListLeasesResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            steps::leases(&*self.parts.stages, &self.secret, &request).await
        })
        .await
    }

    async fn get_capacity(
        &self,
        request: Request<api::GetCapacityRequest>,
    ) -> Result<Response<api::GetCapacityResponse>, Status> {
        answer(request, |_: Administrator, _| async move {
            Ok(capacity::capacity(&self.parts.dispatcher, self.parts.clock.now()))
        })
        .await
    }

    async fn get_services(
        &self,
        request: Request<api::GetServicesRequest>,
    ) -> Result<Response<api::GetServicesResponse>, Status> {
        answer(request, |_: Administrator, request: api::GetServicesRequest| async move {
            let AdminParts { stages, health, settings, .. } = &self.parts;
            Ok(services::services(&**stages, health, settings, request.include_settings).await)
        })
        .await
    }

    async fn list_audit_records(
        &self,
        request: Request<api::ListAuditRecordsRequest>,
    ) -> Result<Response<api::ListAuditRecordsResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            audit::list(&self.parts.audit, &self.secret, &request).await
        })
        .await
    }
}
