//! `lectern.v1.AdminService`.

mod audit;
mod letters;
mod pauses;

#[cfg(test)]
mod tests;

use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_core::keys::TenantSecret;
use lectern_proto::v1::{self as api, admin_service_server::AdminService};
use lectern_proto::{convert, names};
use lectern_rpc::auth::admin;
use lectern_rpc::status::status;
use tonic::{Request, Response, Status};

use super::Answers;
use crate::audit::Audit;
use crate::conduct::Dispatcher;
use crate::door::Door;
use crate::letters::Letters;

/// The operators' service.
#[derive(Debug, Clone)]
pub struct Admin {
    letters: Letters,
    dispatcher: Dispatcher,
    door: Door,
    audit: Audit,
    secret: TenantSecret,
}

impl Admin {
    /// The service over these parts; page tokens are sealed under `secret`.
    #[must_use]
    pub const fn new(letters: Letters, dispatcher: Dispatcher, door: Door, audit: Audit, secret: TenantSecret) -> Self {
        Self { letters, dispatcher, door, audit, secret }
    }

    async fn backlog(&self) -> Result<api::GetBacklogResponse, Failure> {
        let mut stages = Vec::new();
        for stage in Service::ALL {
            let level = self.dispatcher.level(stage);
            stages.push(api::StageBacklog {
                stage: convert::stage_to_wire(stage).into(),
                narration_count: i64::try_from(self.dispatcher.waiting(stage).await?).unwrap_or(i64::MAX),
                granted_step_count: i32::try_from(level.granted).unwrap_or(i32::MAX),
                slot_count: i32::try_from(level.limit).unwrap_or(i32::MAX),
            });
        }
        let unfinished = self.door.unfinished().await?;
        Ok(api::GetBacklogResponse {
            unfinished_narration_count: i64::try_from(unfinished).unwrap_or(i64::MAX),
            stages,
        })
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
        admin(&request)?;
        letters::list(&self.letters, &self.secret, request.get_ref()).await.map(Response::new).map_err(|f| status(&f))
    }

    async fn get_dead_letter(
        &self,
        request: Request<api::GetDeadLetterRequest>,
    ) -> Result<Response<api::GetDeadLetterResponse>, Status> {
        admin(&request)?;
        let step = names::dead_letter(&request.get_ref().name, "name").map_err(|f| status(&f))?;
        let letter = self.letters.get(&step).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::GetDeadLetterResponse { dead_letter: Some(letters::encode(&letter)) }))
    }

    async fn replay_dead_letters(
        &self,
        request: Request<api::ReplayDeadLettersRequest>,
    ) -> Result<Response<Self::ReplayDeadLettersStream>, Status> {
        let audited = letters::Audited::new(&self.letters, &self.audit, admin(&request)?);
        let request = request.into_inner();
        let selection = letters::read_selection(request.selection).map_err(|f| status(&f))?;
        let between = letters::read_rate(request.letters_per_second).map_err(|f| status(&f))?;
        Ok(Response::new(Box::pin(letters::replay(audited, selection, between))))
    }

    async fn discard_dead_letters(
        &self,
        request: Request<api::DiscardDeadLettersRequest>,
    ) -> Result<Response<Self::DiscardDeadLettersStream>, Status> {
        let audited = letters::Audited::new(&self.letters, &self.audit, admin(&request)?);
        let selection = letters::read_selection(request.into_inner().selection).map_err(|f| status(&f))?;
        Ok(Response::new(Box::pin(letters::discard(audited, selection))))
    }

    async fn create_pause(
        &self,
        request: Request<api::CreatePauseRequest>,
    ) -> Result<Response<api::CreatePauseResponse>, Status> {
        let actor = admin(&request)?.actor();
        let pauses = self.dispatcher.pauses();
        let pause = request.into_inner().pause.unwrap_or_default();
        let pause = pauses::create(pauses, &self.audit, actor, pause).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::CreatePauseResponse { pause: Some(pause) }))
    }

    async fn get_pause(
        &self,
        request: Request<api::GetPauseRequest>,
    ) -> Result<Response<api::GetPauseResponse>, Status> {
        admin(&request)?;
        let pause = pauses::get(self.dispatcher.pauses(), &request.get_ref().name).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::GetPauseResponse { pause: Some(pause) }))
    }

    async fn list_pauses(
        &self,
        request: Request<api::ListPausesRequest>,
    ) -> Result<Response<api::ListPausesResponse>, Status> {
        admin(&request)?;
        let page = pauses::list(self.dispatcher.pauses(), &self.secret, request.get_ref()).await;
        page.map(Response::new).map_err(|f| status(&f))
    }

    async fn delete_pause(
        &self,
        request: Request<api::DeletePauseRequest>,
    ) -> Result<Response<api::DeletePauseResponse>, Status> {
        let actor = admin(&request)?.actor();
        let pauses = self.dispatcher.pauses();
        pauses::delete(pauses, &self.audit, actor, request.get_ref()).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::DeletePauseResponse {}))
    }

    async fn get_backlog(
        &self,
        request: Request<api::GetBacklogRequest>,
    ) -> Result<Response<api::GetBacklogResponse>, Status> {
        admin(&request)?;
        self.backlog().await.map(Response::new).map_err(|f| status(&f))
    }

    async fn list_audit_records(
        &self,
        request: Request<api::ListAuditRecordsRequest>,
    ) -> Result<Response<api::ListAuditRecordsResponse>, Status> {
        admin(&request)?;
        audit::list(&self.audit, &self.secret, request.get_ref()).await.map(Response::new).map_err(|f| status(&f))
    }
}
