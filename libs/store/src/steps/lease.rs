//! What the holder of a lease does: extends it, ends the step, or lets it go.

use lectern_core::{Failure, Kind, Reason, Timestamp};

use super::{Ending, Extended, Lease, LeaseError, MAX_EVENT_BYTES, StepRecord, StepState, Steps};
use crate::collection::{Change, Updated, Versioned};

impl Steps {
    /// Extends a lease from now on, and says whether the work is still wanted. One that ran out is
    /// extended as well, as long as nobody took it over.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn extend(&self, lease: &Lease) -> Result<Extended, LeaseError> {
        let until = self.clock.now().plus(self.options.lease);
        self.on(lease, |record, _| record.extend(until)).await?;
        let cancelled = !self.wanted(&lease.step).await?;
        Ok(Extended { until, cancelled })
    }

    /// Ends the step. Repeating the same ending is fine; after another one the lease is lost.
    ///
    /// # Errors
    /// [`LeaseError`]; `FailedPrecondition` when the event is over [`MAX_EVENT_BYTES`].
    pub async fn commit(&self, lease: &Lease, mut ending: Ending) -> Result<(), LeaseError> {
        if ending.event.len() > MAX_EVENT_BYTES {
            return Err(LeaseError::Store(Failure::new(
                Kind::FailedPrecondition,
                Reason::LimitExceeded,
                format!(
                    "the event of {} has {} bytes and may have {MAX_EVENT_BYTES}; put what grows into an object",
                    lease.step,
                    ending.event.len()
                ),
            )));
        }
        ending.failure = ending.failure.map(shortened);
        let committed = self.with(lease, |record, now| {
            if let StepState::Ended { ending: before } = &record.state {
                // Ours, and its answer was lost.
                return if record.fence == lease.fence && *before == ending { Some(Change::Skip) } else { None };
            }
            record.held_by(lease.fence).then(|| {
                record.end(ending.clone(), now);
                Change::Write
            })
        });
        committed.await?;
        tracing::debug!(step = %lease.step, fence = lease.fence, state = ?ending.state, "ended");
        Ok(())
    }

    /// Counts a failed attempt and lets the step be claimed again from `not_before` on. How many
    /// attempts there are is for the caller to know; after the last one, commit [`Ending::failed`]
    /// instead.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn retry(&self, lease: &Lease, failure: &Failure, not_before: Timestamp) -> Result<(), LeaseError> {
        self.on(lease, |record, now| {
            record.attempts += 1;
            record.failure = Some(shortened(failure.clone()));
            // Whoever has failed otherwise had the version.
            record.left_since = None;
            record.release(not_before, now);
        })
        .await
    }

    /// Gives a step back undone, to be claimed at once; no attempt is counted. For a process that
    /// drains.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn give_back(&self, lease: &Lease) -> Result<(), LeaseError> {
        self.on(lease, |record, now| record.release(now, now)).await
    }

    /// Gives a step back that is pinned to a version which this process does not have, for another
    /// replica to claim; no attempt is counted. [`Lease::left_since`] says since when nobody who
    /// took it had the version.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn leave(&self, lease: &Lease) -> Result<(), LeaseError> {
        self.on(lease, |record, now| {
            record.left_since = record.left_since.or(Some(now));
            record.release(now, now);
        })
        .await
    }

    /// Changes a step under its lease.
    async fn on<F>(&self, lease: &Lease, mut change: F) -> Result<(), LeaseError>
    where
        F: FnMut(&mut StepRecord, Timestamp) + Send,
    {
        self.with(lease, |record, now| {
            record.held_by(lease.fence).then(|| {
                change(record, now);
                Change::Write
            })
        })
        .await
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

/// A failure whose message fits into a record.
fn shortened(mut failure: Failure) -> Failure {
    const LONGEST: usize = 2_000;
    if let Some((end, _)) = failure.message.char_indices().nth(LONGEST) {
        failure.message.truncate(end);
        failure.message.push('…');
    }
    failure
}
