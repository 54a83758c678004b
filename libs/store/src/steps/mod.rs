//! Steps: claim, lease, fence, attempts and crashes. The mechanism by which work is done at most
//! once while its commands may be lost, repeated and reordered.
//!
//! A worker claims a step, extends the lease while it works, and commits how it ended. The claim
//! grows the fence and every later call checks it, so a worker that lost its lease cannot commit,
//! however late it wakes up. Nothing here knows the queue; `lectern-queue` acknowledges by what
//! these calls say.

mod claim;
mod lease;
mod outages;
mod record;
mod runs;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_core::{Clock, Failure, Kind, OsRandom, Random, Reason, Timestamp};

use claim::Known;
pub use claim::{Claim, Extended, Lease, LeaseError, StepsOptions};
use outages::Outages;
pub use outages::is_away;
use record::Taken;
pub use record::{EndState, Ending, MAX_EVENT_BYTES, StepRecord, StepState};
pub use runs::RunsRecord;
pub use sweep::Swept;

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
    /// [`StoreError::Setup`], `Unavailable`, `Ambiguous`.
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
        self.leased(found).map(Some)
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
                    Taken::Yes | Taken::Doubted(_) => Change::Write,
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

    /// Notes that a call on the store was given up after it had not been answered for `silent`, and
    /// says so. What the call was to do may have been done.
    #[must_use]
    pub fn unanswered(&self, silent: Duration) -> Failure {
        let now = self.clock.now();
        self.outages.unanswered(now.minus(silent), now);
        let message = format!("the database did not answer within {} s; it is asked again", silent.as_secs());
        Failure::new(Kind::Unavailable, Reason::StoreUnavailable, message)
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

    /// Notes how a call on the store that began at `began` ended.
    fn note(&self, began: Timestamp, failure: Option<&Failure>) {
        let now = self.clock.now();
        if failure.is_some_and(is_away) {
            self.outages.unanswered(began, now);
        } else {
            self.outages.answered(self.options.lease, now);
        }
    }

    /// What a claim comes to that made this of a record.
    fn claimed(&self, claimed: Versioned<StepRecord>, taken: Taken) -> Result<Claim, Failure> {
        match taken {
            Taken::Yes => self.leased(claimed),
            Taken::Ended(ending) => Ok(ending.into()),
            Taken::Leased(for_) | Taken::Doubted(for_) => Ok(Claim::LeasedElsewhere { for_ }),
            Taken::Waiting(for_) => Ok(Claim::Waiting { for_ }),
        }
    }

    /// What a claimer has who holds the lease of this record.
    fn leased(&self, claimed: Versioned<StepRecord>) -> Result<Claim, Failure> {
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
        // The first crash happened among others; those after it alone.
        let poisoned = lease.crashes > self.options.max_crashes;
        Ok(if poisoned { Claim::Poisoned(lease) } else { Claim::Claimed(lease) })
    }
}

const PAGE: u32 = crate::query::MAX_LIMIT;

/// Ids are `{narration}/{run}/...`, and '0' is the character after '/'.
fn of_narration(narration: &NarrationId) -> Query {
    Query::new().filter(ID, Op::Gte, format!("{narration}/")).filter(ID, Op::Lt, format!("{narration}0")).limit(PAGE)
}

#[cfg(test)]
mod tests;
