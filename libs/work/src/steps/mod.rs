//! Steps: claim, lease, fence, attempts and crashes. The mechanism by which work is done at most
//! once while its commands may be lost, repeated and reordered.
//!
//! A worker claims a step, extends the lease while it works, and writes how it ended. The claim
//! grows the fence and every later call checks it, so a worker that lost its lease cannot write
//! an end, however late it wakes up. Short work needs no claim: its end is inserted if the step has
//! no record ([`Steps::write_first`]), and an insert takes place once.
//!
//! Nothing here knows the queue; the worker acknowledges by what these calls say.

mod claim;
mod lease;
mod look;
mod outages;
mod record;
mod runs;
mod sweep;
mod unwritten;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_core::{Clock, Failure, Kind, OsRandom, Random, Reason, Timestamp};
use lectern_store::{Change, Collection, Cursor, ID, Op, Page, Query, Record, Store, StoreError, Updated, Versioned};

use claim::Known;
pub use claim::{Claim, Extended, Lease, LeaseError, StepsOptions};
use outages::Outages;
pub use outages::is_away;
use record::Taken;
pub use record::{Closing, EndState, Ending, MAX_EVENT_BYTES, StepRecord, StepState};
pub use runs::RunsRecord;
pub use sweep::Swept;
pub use unwritten::Adopted;

/// The steps of one stage service.
#[derive(Debug, Clone)]
pub struct Steps {
    steps: Collection<StepRecord>,
    runs: Collection<RunsRecord>,
    clock: Arc<dyn Clock>,
    options: Arc<StepsOptions>,
    outages: Arc<Outages>,
    claim_first: Arc<AtomicBool>,
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
            claim_first: Arc::default(),
        }
    }

    /// Has workers claim every step before it begins. For a process whose queue keeps nothing over
    /// a restart: a command is then delivered for the first time again, so that nothing but a lease
    /// tells of a crash.
    pub fn claim_first(&self) {
        self.claim_first.store(true, Ordering::Relaxed);
    }

    /// Whether [`Steps::claim_first`] was said.
    #[must_use]
    pub fn claims_first(&self) -> bool {
        self.claim_first.load(Ordering::Relaxed)
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
        self.noted(self.take(step, holder, tenant, Claimer::First)).await
    }

    /// [`Steps::claim`] by somebody who works on the step since its first delivery, without a
    /// record. Where it came to another worker meanwhile who left it to him, it is his at once.
    ///
    /// # Errors
    /// As there.
    pub async fn claim_at_work(&self, step: &StepId, holder: &str, tenant: &TenantId) -> Result<Claim, Failure> {
        self.noted(self.take(step, holder, tenant, Claimer::AtWork)).await
    }

    /// [`Steps::claim`] of a step whose command was delivered before. Where it has no record, the
    /// first delivery, which alone works without one, ended its process before it could write
    /// anything. That counts as a crash, but for two cases, in which whoever is at work still has
    /// as long as a lease lasts to write something: this process saw the store away since `queued`,
    /// when the command was queued (none where that is not known), so that nothing could be
    /// written; or it was queued so lately that no ack-wait can be over, and came twice for another
    /// reason.
    ///
    /// # Errors
    /// As there.
    pub async fn claim_again(
        &self,
        step: &StepId,
        holder: &str,
        tenant: &TenantId,
        queued: Option<Timestamp>,
    ) -> Result<Claim, Failure> {
        let now = self.clock.now();
        let since = queued.unwrap_or_else(|| now.minus(UNDATED));
        let soon = now.since(since) < SOONEST;
        self.noted(self.take(step, holder, tenant, Claimer::Again { since, soon })).await
    }

    /// Whether a step of a run that may be over is refused, and why; notes its run as begun where
    /// it is not.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn refused(&self, step: &StepId) -> Result<Option<Claim>, Failure> {
        self.noted(self.admitted(step)).await
    }

    /// The lease of a claim by `holder` that took place although its answer was lost; none where
    /// the step is not leased, or leased to somebody else. Only for a holder whose name is used for
    /// one claim, so that a lease of that name is known to be nobody's work.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn resume(&self, step: &StepId, holder: &str) -> Result<Option<Claim>, Failure> {
        let found = match self.steps.get(&step.to_string()).await {
            Ok(Some(found)) => found,
            // What a newer release wrote last is no lease of ours.
            Ok(None) | Err(StoreError::NewerSchema { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if !matches!(&found.record.state, StepState::Leased { holder: theirs, .. } if theirs == holder) {
            return Ok(None);
        }
        self.leased(found).map(Some)
    }

    /// Whether a record is a newer release's, which alone may change it. Asked by whoever is at
    /// work on a step without a record: it is for that release to do, so nobody waits here until it
    /// can be read.
    async fn is_of_newer(&self, id: &str) -> bool {
        matches!(self.steps.get(id).await, Err(StoreError::NewerSchema { .. }))
    }

    /// [`Steps::admit`], where what has ended is told again, its run may be over or not.
    async fn admitted(&self, step: &StepId) -> Result<Option<Claim>, Failure> {
        let Some(over) = self.admit(step).await? else { return Ok(None) };
        Ok(Some(match self.get(step).await? {
            Some(StepRecord { state: StepState::Ended { ending }, .. }) => ending.into(),
            Some(_) | None => over,
        }))
    }

    async fn take(&self, step: &StepId, holder: &str, tenant: &TenantId, claimer: Claimer) -> Result<Claim, Failure> {
        let id = step.to_string();
        if let Some(refusal) = self.admitted(step).await? {
            return Ok(refusal);
        }
        // Most claims are the first of their step.
        let now = self.clock.now();
        let begun = matches!(claimer, Claimer::Again { .. });
        let mut fresh = StepRecord::new(step.clone(), tenant.clone(), begun, now);
        if let Claimer::Again { since, soon } = claimer {
            if soon || self.outages.any_since(since, self.options.lease) {
                fresh.leave_to_first(now.plus(self.options.lease));
            } else {
                fresh.crashes = 1;
            }
        }
        let taken = fresh.claim(holder, &self.options, &self.outages, now);
        match self.steps.insert(&fresh).await {
            Ok(revision) => return self.claimed(Versioned { record: fresh, revision }, taken),
            Err(StoreError::Duplicate { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if claimer == Claimer::AtWork && self.is_of_newer(&id).await {
            return Ok(Claim::LeasedElsewhere { for_: self.options.lease });
        }
        let mut taken = None;
        let Updated { record, revision, .. } = self
            .steps
            .update(&id, |record| {
                if record.fence == 0 {
                    // Whoever wrote that it is free may not have known whose it is.
                    record.tenant = tenant.clone();
                }
                if claimer == Claimer::AtWork {
                    record.back_to_first();
                }
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

    /// The steps of a narration, of all runs, by id; at most [`lectern_store::MAX_LIMIT`] at a
    /// time, after the last id seen.
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

    /// Makes calls on the store, and notes how they ended.
    async fn noted<T>(&self, calls: impl Future<Output = Result<T, Failure>> + Send) -> Result<T, Failure> {
        let began = self.clock.now();
        let answer = calls.await;
        self.note(began, answer.as_ref().err());
        answer
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
            Taken::Waiting(for_) => Ok(Claim::Waiting { for_, crashes: claimed.record.crashes }),
        }
    }

    /// What a claimer has who holds the lease of this record.
    fn leased(&self, claimed: Versioned<StepRecord>) -> Result<Claim, Failure> {
        let known = Known::new(claimed.clone());
        let record = claimed.record;
        let StepState::Leased { holder, .. } = record.state else {
            return Err(Failure::internal(format!("the claim of {} left no lease", record.step)));
        };
        tracing::debug!(step = %record.step, fence = record.fence, crashes = record.crashes, "claimed");
        let lease = Lease {
            step: record.step,
            tenant: record.tenant,
            fence: record.fence,
            holder,
            attempt: record.attempts.saturating_add(1),
            crashes: record.crashes,
            alone: record.crashes > 0,
            left_since: record.left_since,
            known,
        };
        // The first crash happened among others; those after it alone.
        let poisoned = lease.crashes > self.options.max_crashes;
        Ok(if poisoned { Claim::Poisoned(lease) } else { Claim::Claimed(lease) })
    }
}

const PAGE: u32 = lectern_store::MAX_LIMIT;

/// Who claims a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claimer {
    /// Somebody to whom nothing follows from a step without a record.
    First,
    /// Somebody who is at work on it without one.
    AtWork,
    /// Somebody to whom its command came not for the first time.
    Again {
        /// An outage since then excuses that it has none.
        since: Timestamp,
        /// Whether that is sooner than a process that died can be told of.
        soon: bool,
    },
}

/// Shorter than any ack-wait, after which alone a command comes again of a process that died.
const SOONEST: Duration = Duration::from_secs(10);

/// How far back an outage may be of which a command could not tell whose age is not known.
const UNDATED: Duration = Duration::from_secs(300);

/// Ids are `{narration}/{run}/...`, and '0' is the character after '/'.
fn of_narration(narration: &NarrationId) -> Query {
    Query::new().filter(ID, Op::Gte, format!("{narration}/")).filter(ID, Op::Lt, format!("{narration}0")).limit(PAGE)
}

#[cfg(test)]
mod tests;
