//! Steps that are worked on without a record: their first write, and what becomes of it where
//! somebody else was first.

use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_store::{Change, StoreError, Updated, Versioned};

use super::record::Found;
use super::{Claim, Closing, Ending, Lease, StepRecord, Steps};

/// What somebody finds who could not write the first record of a step, since there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adopted {
    /// His own write took place; its answer was lost.
    Written,
    /// Nobody holds the step, or he himself does, so it is his now: he writes under this lease.
    Leased(Lease),
    /// It ended before.
    Ended(Ending),
    /// It is somebody else's: discard the work.
    Elsewhere,
}

impl Steps {
    /// Lets a step go that has no record, by inserting one; whether that was done. Not done, there
    /// is a record: see [`Steps::adopt`]. `writer` is the holder that has worked on it, if one has.
    ///
    /// # Errors
    /// Those of the store, after which it may have been done; `FailedPrecondition` when the event
    /// is over [`super::MAX_EVENT_BYTES`].
    pub async fn write_first(
        &self,
        step: &StepId,
        tenant: &TenantId,
        writer: Option<&str>,
        closing: &Closing,
    ) -> Result<bool, Failure> {
        let closing = closing.clone().fitted(step)?;
        let now = self.clock.now();
        let mut record = StepRecord::new(step.clone(), tenant.clone(), writer.is_some(), now);
        record.writer = writer.map(str::to_owned);
        record.close(&closing, now);
        let insert = async {
            match self.steps.insert(&record).await {
                Ok(_) => Ok(true),
                Err(StoreError::Duplicate { .. }) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        self.noted(insert).await
    }

    /// Finds out what the record is that stood in the way of [`Steps::write_first`], and takes the
    /// lease where nobody else has it, though the step may not be due: what was done of it is done.
    ///
    /// # Errors
    /// Those of the store; call it again, after [`Steps::write_first`].
    pub async fn adopt(
        &self,
        step: &StepId,
        tenant: &TenantId,
        holder: &str,
        closing: &Closing,
    ) -> Result<Adopted, Failure> {
        let closing = closing.clone().fitted(step)?;
        let id = step.to_string();
        if self.is_of_newer(&id).await {
            return Ok(Adopted::Elsewhere);
        }
        let mut found = Found::Elsewhere;
        let change = |record: &mut StepRecord| {
            if record.fence == 0 {
                // Whoever wrote that nobody has begun it may not have known whose it is.
                record.tenant = tenant.clone();
            }
            found = record.adopt(holder, &closing, &self.options, self.clock.now());
            Ok(match &found {
                Found::Taken => Change::Write,
                Found::Written | Found::Ended(_) | Found::Mine | Found::Elsewhere => Change::Skip,
            })
        };
        let updated = self.noted(self.steps.update(&id, change)).await;
        let Updated { record, revision, .. } = updated.map_err(|failure| swept(step, failure))?;
        Ok(match found {
            Found::Written => Adopted::Written,
            Found::Ended(ending) => Adopted::Ended(ending),
            Found::Elsewhere => Adopted::Elsewhere,
            Found::Mine | Found::Taken => match self.leased(Versioned { record, revision })? {
                Claim::Claimed(lease) | Claim::Poisoned(lease) => Adopted::Leased(lease),
                Claim::Done(_)
                | Claim::Failed(_)
                | Claim::Dead(_)
                | Claim::Cancelled
                | Claim::Superseded
                | Claim::LeasedElsewhere { .. }
                | Claim::Waiting { .. } => Adopted::Elsewhere,
            },
        })
    }
}

/// A record that was deleted since it stood in the way stands there no more: write again.
fn swept(step: &StepId, failure: Failure) -> Failure {
    if failure.kind != Kind::NotFound {
        return failure;
    }
    let message = format!("the record of {step} was deleted meanwhile; it is written again");
    Failure::new(Kind::Unavailable, Reason::StoreUnavailable, message)
}
