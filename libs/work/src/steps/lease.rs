//! What the holder of a lease does: extends it, and lets the step go.

use lectern_core::{Kind, Timestamp};
use lectern_store::{Change, Updated, Versioned};

use super::{Closing, Extended, Lease, LeaseError, StepRecord, StepState, Steps};

impl Steps {
    /// Extends a lease from now on, and says whether the work is still wanted. One that ran out is
    /// extended as well, as long as nobody took it over.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn extend(&self, lease: &Lease) -> Result<Extended, LeaseError> {
        let until = self.clock.now().plus(self.options.lease);
        let extending = self.with(lease, |record, _| {
            record.held_by(lease.fence).then(|| {
                record.extend(until);
                Change::Write
            })
        });
        extending.await?;
        let cancelled = !self.wanted(&lease.step).await?;
        Ok(Extended { until, cancelled })
    }

    /// Lets a step go. Repeating the same ending is fine; after another one the lease is lost.
    ///
    /// # Errors
    /// [`LeaseError`]; `FailedPrecondition` when the event is over [`super::MAX_EVENT_BYTES`].
    pub async fn close(&self, lease: &Lease, closing: Closing) -> Result<(), LeaseError> {
        let closing = closing.fitted(&lease.step)?;
        let closed = self.with(lease, |record, now| {
            if let (StepState::Ended { ending: before }, Closing::Ended(ending)) = (&record.state, &closing) {
                // Ours, and its answer was lost.
                return if record.fence == lease.fence && before == ending { Some(Change::Skip) } else { None };
            }
            record.held_by(lease.fence).then(|| {
                record.close(&closing, now);
                Change::Write
            })
        });
        closed.await?;
        if let Closing::Ended(ending) = &closing {
            tracing::debug!(step = %lease.step, fence = lease.fence, state = ?ending.state, "ended");
        }
        Ok(())
    }

    /// Changes a step; `None` from `change` means that the lease is lost.
    async fn with<F>(&self, lease: &Lease, mut change: F) -> Result<(), LeaseError>
    where
        F: FnMut(&mut StepRecord, Timestamp) -> Option<Change> + Send,
    {
        let mut lost = false;
        let began = self.clock.now();
        let updated = self
            .steps
            .update_known(lease.known.get(), |record| {
                let decided = change(record, self.clock.now());
                lost = decided.is_none();
                Ok(decided.unwrap_or(Change::Skip))
            })
            .await;
        self.note(began, updated.as_ref().err());
        match updated {
            Ok(Updated { record, revision, .. }) if !lost => {
                lease.known.set(Versioned { record, revision });
                Ok(())
            }
            Ok(_) => Err(LeaseError::Lost(lease.step.clone())),
            // Swept meanwhile.
            Err(failure) if failure.kind == Kind::NotFound => Err(LeaseError::Lost(lease.step.clone())),
            Err(failure) => Err(failure.into()),
        }
    }
}
