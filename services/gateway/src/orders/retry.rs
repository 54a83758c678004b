//! Runs that are begun by a caller or an operator.

use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Digest, Failure, Reason};
use lectern_runtime::current_traceparent;
use lectern_store::Versioned;
use tracing::info;

use super::{Orders, check_etag, checked, not_found};
use crate::domain::{Narration, Phase, Transition};

impl Orders {
    /// Starts a failed or cancelled narration anew, under today's versions and today's lanes of its
    /// tenant. With a `request_id` the call can be repeated: the narration whose run was begun by
    /// the same one is answered as it is, whatever the etag.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `ETAG_MISMATCH`, `WRONG_STATE`, and what ordering it again may answer.
    pub async fn retry(
        &self,
        tenant: &TenantId,
        id: &NarrationId,
        request_id: &str,
        etag: &str,
    ) -> Result<Versioned<Narration>, Failure> {
        let request = match request_id {
            "" => None,
            request_id => Some(Digest::of(checked(request_id)?.as_str().as_bytes())),
        };
        let known = self.get(tenant, id).await?;
        if begun_by(&known.record, request) {
            return Ok(known);
        }
        let current = known.record;
        check_etag(etag, &current)?;
        // Its tenant may have had that lane when it was ordered. The request has no such field.
        let may_order = self.tenants.may_order(&current.tenant, current.lane).await;
        may_order.map_err(|failure| Failure { field: None, ..failure })?;
        match Box::pin(self.start_anew(&current, request, etag)).await {
            // The same call may have been faster.
            Err(refused) if matches!(refused.reason, Reason::EtagMismatch | Reason::WrongState) => {
                let now = self.get(tenant, id).await?;
                if begun_by(&now.record, request) { Ok(now) } else { Err(refused) }
            }
            started => started,
        }
    }

    /// Starts a narration anew that failed in `run`, for an operator, whatever lanes its tenant
    /// has; whether it was still to be.
    ///
    /// # Errors
    /// What ordering it again may answer.
    pub async fn retry_run(&self, id: &NarrationId, run: u32) -> Result<bool, Failure> {
        let Some(Versioned { record, .. }) = self.narrations.get(id.as_str()).await? else { return Ok(false) };
        if record.run != run || record.phase() != Phase::Failed || record.erased() || record.deleted.is_some() {
            return Ok(false);
        }
        match self.start_anew(&record, None, &record.version.to_string()).await {
            Ok(_) => Ok(true),
            // Somebody else did something with it.
            Err(failure) if failure.reason == Reason::EtagMismatch => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    async fn start_anew(
        &self,
        old: &Narration,
        request: Option<Digest>,
        etag: &str,
    ) -> Result<Versioned<Narration>, Failure> {
        let id = &old.id;
        // Refused before anybody is asked for anything.
        old.may_be_retried()?;
        self.admission.admit(&old.tenant).await?;
        let (_, pins) = self.stages.pin(&old.tenant, &old.request()).await?;
        let retried = self
            .change(id, etag, |narration, now| {
                // The same call may have begun the run that was to follow, and it have ended.
                if narration.run != old.run {
                    check_etag(&old.version.to_string(), narration)?;
                }
                narration.retry(pins.clone(), request, now)?;
                narration.traceparent = current_traceparent();
                Ok(Transition::Changed)
            })
            .await?;
        let retried = retried.ok_or_else(|| not_found(id))?;
        info!(narration = %id, run = retried.record.run, "narration retried");
        self.conductor.changed(&retried);
        Ok(retried)
    }
}

/// Whether the present run was begun by a call of this request id.
fn begun_by(narration: &Narration, request: Option<Digest>) -> bool {
    request.is_some() && narration.run_request == request
}
