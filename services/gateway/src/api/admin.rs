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
use lectern_rpc::{Administrator, Answers, Caller, answer, answer_stream};
use tonic::{Request, Response, Status};

use crate::admission::Admission;
use crate::audit::Audit;
use crate::conduct::Dispatcher;
use crate::dead_letters::DeadLetters;

/// The operators' service.
#[derive(Debug, Clone)]
pub struct Admin {
    letters: DeadLetters,
    dispatcher: Dispatcher,
    admission: Admission,
    audit: Audit,
    secret: TenantSecret,
}

impl Admin {
    /// The service over these parts; page tokens are sealed under `secret`.
    #[must_use]
    pub const fn new(
        letters: DeadLetters,
        dispatcher: Dispatcher,
        admission: Admission,
        audit: Audit,
        secret: TenantSecret,
    ) -> Self {
        Self { letters, dispatcher, admission, audit, secret }
    }

    /// The letters, for a caller who does something with them.
    fn audited(&self, caller: &Caller) -> letters::Audited {
        letters::Audited::new(&self.letters, &self.audit, caller)
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
        let unfinished = self.admission.unfinished().await?;
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
        answer(request, |_: Administrator, request| async move {
            letters::list(&self.letters, &self.secret, &request).await
        })
        .await
    }

    async fn get_dead_letter(
        &self,
        request: Request<api::GetDeadLetterRequest>,
    ) -> Result<Response<api::GetDeadLetterResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            let step = names::dead_letter(&request.name, "name")?;
            let letter = self.letters.get(&step).await?;
            Ok(api::GetDeadLetterResponse { dead_letter: Some(letters::encode(&letter)) })
        })
        .await
    }

    async fn replay_dead_letters(
        &self,
        request: Request<api::ReplayDeadLettersRequest>,
    ) -> Result<Response<Self::ReplayDeadLettersStream>, Status> {
        answer_stream(request, |Administrator(caller), request| async move {
            let selection = letters::read_selection(request.selection)?;
            let between = letters::read_rate(request.letters_per_second)?;
            Ok(letters::replay(self.audited(&caller), selection, between))
        })
        .await
    }

    async fn discard_dead_letters(
        &self,
        request: Request<api::DiscardDeadLettersRequest>,
    ) -> Result<Response<Self::DiscardDeadLettersStream>, Status> {
        answer_stream(request, |Administrator(caller), request| async move {
            let selection = letters::read_selection(request.selection)?;
            Ok(letters::discard(self.audited(&caller), selection))
        })
        .await
    }

    async fn create_pause(
        &self,
        request: Request<api::CreatePauseRequest>,
    ) -> Result<Response<api::CreatePauseResponse>, Status> {
        answer(request, |Administrator(caller), request| async move {
            let pause = request.pause.unwrap_or_default();
            let pause = pauses::create(self.dispatcher.pauses(), &self.audit, caller.actor(), pause).await?;
            Ok(api::CreatePauseResponse { pause: Some(pause) })
        })
        .await
    }

    async fn get_pause(
        &self,
        request: Request<api::GetPauseRequest>,
    ) -> Result<Response<api::GetPauseResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            let pause = pauses::get(self.dispatcher.pauses(), &request.name).await?;
            Ok(api::GetPauseResponse { pause: Some(pause) })
        })
        .await
    }

    async fn list_pauses(
        &self,
        request: Request<api::ListPausesRequest>,
    ) -> Result<Response<api::ListPausesResponse>, Status> {
        answer(request, |_: Administrator, request| async move {
            pauses::list(self.dispatcher.pauses(), &self.secret, &request).await
        })
        .await
    }

    async fn delete_pause(
        &self,
        request: Request<api::DeletePauseRequest>,
    ) -> Result<Response<api::DeletePauseResponse>, Status> {
        answer(request, |Administrator(caller), request| async move {
            pauses::delete(self.dispatcher.pauses(), &self.audit, caller.actor(), &request).await?;
            Ok(api::DeletePauseResponse {})
        })
        .await
    }

    async fn get_backlog(
        &self,
        request: Request<api::GetBacklogRequest>,
    ) -> Result<Response<api::GetBacklogResponse>, Status> {
        answer(request, |_: Administrator, _| self.backlog()).await
    }

    async fn list_audit_records(
        &self,
        request: Request<api::ListAuditRecordsRequest>,
    ) -> Result<Response<api::ListAuditRecordsResponse>, Status> {
        answer(
            request,
            |_: Administrator, request| async move { audit::list(&self.audit, &self.secret, &request).await },
        )
        .await
    }
}
