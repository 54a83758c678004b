//! Steps: claim, lease, fence, attempts and crashes. The mechanism by which work is done at most
//! once while its commands may be lost, repeated and reordered.
//!
//! A worker claims a step, extends the lease while it works, and commits how it ended. The claim
//! grows the fence and every later call checks it, so a worker that lost its lease cannot commit,
//! however late it wakes up. Nothing here knows the queue; `lectern-queue` acknowledges by what
//! these calls say.

mod claim;
mod outages;
mod record;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_core::{Clock, Failure, Kind, OsRandom, Random, Reason, Timestamp};

use claim::Known;
pub use claim::{Claim, Extended, Lease, LeaseError, StepsOptions, Swept};
use outages::Outages;
pub use outages::is_away;
use record::Taken;
pub use record::{EndState, Ending, MAX_EVENT_BYTES, RunsRecord, StepRecord, StepState};

use crate::collection::{Change, Collection, Page, Record, Updated, Versioned};
use crate::error::StoreError;
use crate::port::{ID, Store};
use crate::query::{Cursor, Op, Query};

/// The steps of one stage service.
#[derive(Debug, Clone)]
pub struct Steps {
    steps: Collection<StepRecord>,
    runs: Collection<RunsRecord>,
    clock: Arc<dyn Clock>,
    options: Arc<StepsOptions>,
    outages: Arc<Outages>,
}

impl Steps {
    /// The steps kept in `store`. Call [`Steps::ensure`] once before the first use.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, options: StepsOptions) -> Self {
        Self::with_random(store, clock, options, Arc::new(OsRandom))
    }

    /// The same with a source of randomness for writer tokens and jitter, for simulations that
    /// replay.
    pub fn with_random(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        options: StepsOptions,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            steps: Collection::with_random(Arc::clone(&store), Arc::clone(&random)),
            runs: Collection::with_random(store, random),
            clock,
            options: Arc::new(options),
            outages: Arc::default(),
        }
    }

    /// Makes and verifies the collections.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.steps.ensure().await?;
        self.runs.ensure().await
    }

    /// Brings forward what an older release, which still runs, wrote since it was last done: no
    /// reconciler looks at these collections.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], `Ambiguous`; call it again.
    pub async fn bring_forward(&self) -> Result<(), StoreError> {
        self.steps.bring_forward().await?;
        self.runs.bring_forward().await
    }

    /// Claims a step, if it is free, due and still wanted. A step that is not known yet begins
    /// here.
    ///
    /// # Errors
    /// Those of the store. A claim that failed so may have taken place: ask [`Steps::resume`], or
    /// its lease runs out and counts as a crash.
    pub async fn claim(&self, step: &StepId, holder: &str, tenant: &TenantId) -> Result<Claim, Failure> {
        let began = self.clock.now();
        let claim = self.take(step, holder, tenant).await;
        self.note(began, claim.as_ref().err());
        claim
    }

    /// The lease of a claim by `holder` that took place although its answer was lost; none where
    /// the step is not leased, or leased to somebody else. Only for a holder whose name is used for
    /// one claim, so that a lease of that name is known to be nobody's work.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn resume(&self, step: &StepId, holder: &str) -> Result<Option<Claim>, Failure> {
        let Some(found) = self.steps.get(&step.to_string()).await? else { return Ok(None) };
        if !matches!(&found.record.state, StepState::Leased { holder: theirs, .. } if theirs == holder) {
            return Ok(None);
        }
        let poisoned = found.record.crashes > self.options.max_crashes;
        self.claimed(found, Taken::Yes { poisoned }).map(Some)
    }

    async fn take(&self, step: &StepId, holder: &str, tenant: &TenantId) -> Result<Claim, Failure> {
        let id = step.to_string();
        if let Some(over) = self.admit(step).await? {
            // What has ended is told again, its run may be over or not.
            return Ok(match self.get(step).await? {
                Some(StepRecord { state: StepState::Ended { ending }, .. }) => ending.into(),
                Some(_) | None => over,
            });
        }
        // Most claims are the first of their step.
        let mut fresh = StepRecord::new(step.clone(), tenant.clone(), self.clock.now());
        let taken = fresh.claim(holder, &self.options, &self.outages, self.clock.now());
        match self.steps.insert(&fresh).await {
            Ok(revision) => return self.claimed(Versioned { record: fresh, revision }, taken),
            Err(StoreError::Duplicate { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let mut taken = None;
        let Updated { record, revision, .. } = self
            .steps
            .update(&id, |record| {
                let outcome = record.claim(holder, &self.options, &self.outages, self.clock.now());
                let change = match &outcome {
                    Taken::Yes { .. } | Taken::Doubted(_) => Change::Write,
                    Taken::Ended(_) | Taken::Leased(_) | Taken::Waiting(_) => Change::Skip,
                };
                taken = Some(outcome);
                Ok(change)
            })
            .await?;
        match taken {
            Some(taken) => self.claimed(Versioned { record, revision }, taken),
            None => Err(Failure::internal(format!("the claim of {step} decided nothing"))),
        }
    }

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

    /// Whether a step's work is still wanted: its run was not cancelled and no later one has begun.
    /// One read by key.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn wanted(&self, step: &StepId) -> Result<bool, Failure> {
        let began = self.clock.now();
        let runs = self.runs.get(step.narration.as_str()).await.map_err(Failure::from);
        self.note(began, runs.as_ref().err());
        Ok(runs?.is_none_or(|Versioned { record, .. }| record.over(step.run).is_none()))
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

    /// Notes that a call on the store was given up after it had not been answered for `silent`, and
    /// says so. What the call was to do may have been done.
    #[must_use]
    pub fn unanswered(&self, silent: Duration) -> Failure {
        let now = self.clock.now();
        self.outages.unanswered(now.minus(silent), now);
        let message = format!("the database did not answer within {} s; it is asked again", silent.as_secs());
        Failure::new(Kind::Unavailable, Reason::StoreUnavailable, message)
    }

    /// Cancels the runs of a narration up to `run`: claims are refused, and holders learn by their
    /// next [`Steps::extend`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn cancel(&self, narration: &NarrationId, run: u32) -> Result<(), Failure> {
        self.mark(narration, |runs| {
            let changed = runs.cancelled < run;
            runs.cancelled = runs.cancelled.max(run);
            changed
        })
        .await
    }

    /// Reads a step; for operators and tests.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, step: &StepId) -> Result<Option<StepRecord>, Failure> {
        Ok(self.steps.get(&step.to_string()).await?.map(|versioned| versioned.record))
    }

    /// The steps of a narration, of all runs, by id; at most [`crate::MAX_LIMIT`] at a time, after
    /// the last id seen.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self, narration: &NarrationId, after: Option<Cursor>) -> Result<Page<StepRecord>, Failure> {
        Ok(self.steps.find(&of_narration(narration).after(after)).await?)
    }

    /// Ends the leases that another boot holds, counting each as a crash; how many. For embedded
    /// mode alone, where one process has the store to itself: there, the holders are gone.
    ///
    /// # Errors
    /// Those of the store; call it again.
    pub async fn void_leases_of_earlier_boot(&self) -> Result<u32, Failure> {
        let mut query =
            Query::new().eq("state.at", "leased").filter("state.boot", Op::Ne, self.options.boot.as_str()).limit(PAGE);
        let mut voided = 0;
        loop {
            let page = self.steps.find(&query).await?;
            for item in page.items {
                let updated = self
                    .steps
                    .update(&item.record.id(), |record| {
                        let now = self.clock.now();
                        Ok(if record.void(&self.options.boot, now) { Change::Write } else { Change::Skip })
                    })
                    .await?;
                voided += u32::from(updated.written);
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(voided),
            }
        }
    }

    /// Whether a step may be begun: notes its run, if not the first, as the latest. `Some` when its
    /// run is over.
    async fn admit(&self, step: &StepId) -> Result<Option<Claim>, Failure> {
        match self.runs.get(step.narration.as_str()).await? {
            Some(Versioned { record: runs, .. }) => {
                if let Some(over) = runs.over(step.run) {
                    return Ok(Some(over.into()));
                }
                if runs.latest == step.run {
                    return Ok(None);
                }
            }
            None if step.run <= FIRST_RUN => return Ok(None),
            None => {}
        }
        let mut over = None;
        self.mark(&step.narration, |runs| {
            over = runs.over(step.run);
            let changed = over.is_none() && runs.latest < step.run;
            if changed {
                runs.latest = step.run;
            }
            changed
        })
        .await?;
        Ok(over.map(Claim::from))
    }

    /// Changes what is known of a narration's runs, from nothing if need be. `change` says whether
    /// to write.
    async fn mark<F>(&self, narration: &NarrationId, mut change: F) -> Result<(), Failure>
    where
        F: FnMut(&mut RunsRecord) -> bool + Send,
    {
        let now = self.clock.now();
        let mut change = |runs: &mut RunsRecord| {
            let changed = change(runs);
            if changed {
                runs.updated = now;
            }
            changed
        };
        if self.runs.get(narration.as_str()).await?.is_none() {
            let mut runs = RunsRecord::new(narration.clone(), now);
            change(&mut runs);
            match self.runs.insert(&runs).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Duplicate { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let change = |runs: &mut RunsRecord| Ok(if change(runs) { Change::Write } else { Change::Skip });
        self.runs.update(narration.as_str(), change).await.map(|_| ())
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

    /// Notes how a call on the store that began at `began` ended.
    fn note(&self, began: Timestamp, failure: Option<&Failure>) {
        let now = self.clock.now();
        if failure.is_some_and(is_away) {
            self.outages.unanswered(began, now);
        } else {
            self.outages.answered(self.options.lease, now);
        }
    }

    fn claimed(&self, claimed: Versioned<StepRecord>, taken: Taken) -> Result<Claim, Failure> {
        let poisoned = match taken {
            Taken::Ended(ending) => return Ok(ending.into()),
            Taken::Leased(for_) | Taken::Doubted(for_) => return Ok(Claim::LeasedElsewhere { for_ }),
            Taken::Waiting(for_) => return Ok(Claim::Waiting { for_ }),
            Taken::Yes { poisoned } => poisoned,
        };
        let known = Known::new(claimed.clone());
        let record = claimed.record;
        let StepState::Leased { holder, until, .. } = record.state else {
            return Err(Failure::internal(format!("the claim of {} left no lease", record.step)));
        };
        tracing::debug!(step = %record.step, fence = record.fence, crashes = record.crashes, "claimed");
        let lease = Lease {
            step: record.step,
            tenant: record.tenant,
            fence: record.fence,
            holder,
            until,
            attempt: record.attempts.saturating_add(1),
            crashes: record.crashes,
            alone: record.crashes > 0,
            failure: record.failure,
            left_since: record.left_since,
            known,
        };
        Ok(if poisoned { Claim::Poisoned(lease) } else { Claim::Claimed(lease) })
    }
}

/// Runs are counted from 1. That a step of the first one was claimed need not be noted: nothing
/// comes before it.
const FIRST_RUN: u32 = 1;
const PAGE: u32 = crate::query::MAX_LIMIT;

/// Ids are `{narration}/{run}/...`, and '0' is the character after '/'.
fn of_narration(narration: &NarrationId) -> Query {
    Query::new().filter(ID, Op::Gte, format!("{narration}/")).filter(ID, Op::Lt, format!("{narration}0")).limit(PAGE)
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

#[cfg(test)]
mod tests;
