//! What a worker does while its store or the queue is away: work that was done is not thrown away,
//! and no call is waited for without end.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_store::steps::{Claim, Ending, Lease, LeaseError, Steps, is_away};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::delivery::Broken;
use super::{Handler, Shared};
use crate::error::QueueError;

/// How long a claim is tried while the store is away; less than an ack-wait, so that the command is
/// this worker's meanwhile.
const CLAIM_WITHIN: Duration = Duration::from_secs(10);
/// The least time that the last try of a claim has.
const LAST_TRY: Duration = Duration::from_secs(1);
/// How long one look may take whether a claim that was given up has taken place.
const DISOWN_WITHIN: Duration = Duration::from_secs(2);
/// How long after it was given up a claim may still take place: a write on its way.
const LATE: Duration = Duration::from_secs(15);
/// How long one write of an end may take before it is sent again.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How long the writes of a worker that drains may take, all tries together.
const LAST_WRITE: Duration = Duration::from_secs(5);
/// The longest pause between two tries: so much later than the store's return is an end written.
const PAUSE: Duration = Duration::from_secs(2);
/// How often a write is tried again that the store answers with a failure of its own.
const TRIES: u32 = 5;
/// How long the queue may take for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a hint may take: nothing depends on it.
const HINT_WITHIN: Duration = Duration::from_secs(1);

/// A claim that was given up and may have taken place.
#[derive(Debug, Clone)]
pub struct Unsure {
    step: StepId,
    /// Whose it is, a name for that claim alone.
    holder: String,
    given_up: Instant,
}

impl<H: Handler> Shared<H> {
    /// Claims a step for one delivery. Where the store goes away over it, the claim may have taken
    /// place without an answer, and a lease that nobody works under would be taken for a crash; so
    /// it is asked for until the store is back, for a while, and after that [`disown`] gives it
    /// back.
    pub(super) async fn claim(
        &self,
        step: &StepId,
        tenant: &TenantId,
        drained: &CancellationToken,
    ) -> Result<Claim, Failure> {
        // A name for this delivery alone, by which its own claim is known again.
        let holder = format!("{}-{}", self.holder, self.claims.fetch_add(1, Ordering::Relaxed));
        let began = Instant::now();
        let mut tries = 0;
        loop {
            let within = CLAIM_WITHIN.saturating_sub(began.elapsed()).max(LAST_TRY);
            let trying = self.try_claim(step, &holder, tenant, tries > 0);
            let failure = match stored(&self.steps, within, trying).await {
                Ok(claim) => return Ok(claim),
                Err(failure) => failure,
            };
            let away = is_away(&failure);
            if !away || began.elapsed() >= CLAIM_WITHIN || drained.is_cancelled() {
                if away || tries > 0 {
                    self.give_up(step, holder);
                }
                return Err(failure);
            }
            tries += 1;
            tracing::debug!(%step, %failure, "not claimed, trying again");
            let _ = drained.run_until_cancelled(tokio::time::sleep(self.pause(tries))).await;
        }
    }

    async fn try_claim(&self, step: &StepId, holder: &str, tenant: &TenantId, again: bool) -> Result<Claim, Failure> {
        let claim = self.steps.claim(step, holder, tenant).await?;
        if again && matches!(claim, Claim::LeasedElsewhere { .. }) {
            return Ok(self.steps.resume(step, holder).await?.unwrap_or(claim));
        }
        Ok(claim)
    }

    /// Commits a step's end.
    pub(super) async fn commit(
        &self,
        lease: &Lease,
        ending: Ending,
        drained: &CancellationToken,
    ) -> Result<(), Broken> {
        self.write(lease, drained, || self.steps.commit(lease, ending.clone())).await
    }

    /// Writes how an attempt ended, and does not give up while the store is away: as long as it is,
    /// nobody else can claim the step, and when it is back the fence decides. The heartbeat goes on
    /// meanwhile. Only a drain waits no longer than [`LAST_WRITE`].
    pub(super) async fn write<F, W>(&self, lease: &Lease, drained: &CancellationToken, write: F) -> Result<(), Broken>
    where
        F: Fn() -> W + Send + Sync,
        W: Future<Output = Result<(), LeaseError>> + Send,
    {
        let writing = self.write_until_answered(lease, write);
        tokio::pin!(writing);
        tokio::select! {
            biased;
            written = &mut writing => return written,
            () = drained.cancelled() => {}
        }
        match timeout(LAST_WRITE, writing).await {
            Ok(written) => written,
            Err(_) => {
                self.give_up(&lease.step, lease.holder.clone());
                let message = format!("the end of {} could not be written before the shutdown", lease.step);
                Err(Broken::Interrupted(Failure::new(Kind::Unavailable, Reason::StoreUnavailable, message)))
            }
        }
    }

    async fn write_until_answered<F, W>(&self, lease: &Lease, write: F) -> Result<(), Broken>
    where
        F: Fn() -> W + Send + Sync,
        W: Future<Output = Result<(), LeaseError>> + Send,
    {
        let (mut tries, mut refused) = (0_u32, 0_u32);
        loop {
            let failure = match stored(&self.steps, WRITE_WITHIN, write()).await {
                Ok(()) => return Ok(()),
                Err(LeaseError::Lost(_)) => return Err(Broken::Lost),
                Err(LeaseError::Store(failure)) => failure,
            };
            // Tries while the store was away are not counted: when it is back, it may refuse once.
            if !is_away(&failure) {
                if !failure.kind.retryable() {
                    // The lease is left to run out: the count of crashes ends the step.
                    return Err(Broken::Interrupted(failure));
                }
                if refused >= TRIES {
                    // Nobody works under it from here on, which is no crash.
                    self.give_up(&lease.step, lease.holder.clone());
                    return Err(Broken::Interrupted(failure));
                }
                refused += 1;
            }
            if tries == 0 {
                tracing::warn!(step = %lease.step, %failure, "end not written, trying until the store is back");
            }
            tries = tries.saturating_add(1);
            tokio::time::sleep(self.pause(tries)).await;
        }
    }

    /// Leaves what this holder may have claimed to [`disown`], which gives it back.
    fn give_up(&self, step: &StepId, holder: String) {
        self.unsure().push(Unsure { step: step.clone(), holder, given_up: Instant::now() });
    }

    fn unsure(&self) -> MutexGuard<'_, Vec<Unsure>> {
        self.unsure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back what a claim took that was given up; whether that is settled. Where it took
    /// nothing, it may still be under way for a while.
    async fn disown(&self, claim: &Unsure) -> Result<bool, LeaseError> {
        let disowned = async {
            match self.steps.resume(&claim.step, &claim.holder).await? {
                Some(Claim::Claimed(lease) | Claim::Poisoned(lease)) => {
                    self.steps.give_back(&lease).await?;
                    Ok(true)
                }
                Some(_) | None => Ok::<_, LeaseError>(claim.given_up.elapsed() >= LATE),
            }
        };
        stored(&self.steps, DISOWN_WITHIN, disowned).await
    }

    fn pause(&self, tries: u32) -> Duration {
        self.options.backoff.delay(tries, &*self.random).min(PAUSE)
    }

    /// Sends a hint, if that can be done soon.
    pub(super) async fn hint(&self, topic: &'static str, payload: bytes::Bytes) {
        let sent = answer_within(HINT_WITHIN, "sending a hint", self.queue.hint(topic, payload)).await;
        if let Err(error) = sent {
            tracing::debug!(%error, topic, "hint not sent, what it tells of is seen a little later");
        }
    }
}

/// Gives back, without end, what claims took that were given up, as soon as the store answers: the
/// holder's name of each is its own, so nobody works under it.
pub(super) async fn disown<H: Handler>(shared: Arc<Shared<H>>) {
    loop {
        tokio::time::sleep(shared.options.look).await;
        disown_once(&shared).await;
    }
}

/// The last round of [`disown`], for what was given up during a drain.
pub(super) async fn disown_at_last<H: Handler>(shared: &Shared<H>) {
    if timeout(LAST_WRITE, disown_once(shared)).await.is_err() {
        tracing::warn!("claims that were given up are not given back, leases may run out");
    }
}

/// Looks once for each claim that was given up so far. Each stays listed until it is settled, since
/// a drain ends this at any place and looks for what is left.
async fn disown_once<H: Handler>(shared: &Shared<H>) {
    let listed = shared.unsure().len();
    for _ in 0..listed {
        let Some(claim) = shared.unsure().first().cloned() else { return };
        let settled = match shared.disown(&claim).await {
            Ok(settled) => settled,
            Err(LeaseError::Lost(_)) => true,
            Err(LeaseError::Store(failure)) if is_away(&failure) => {
                tracing::debug!(step = %claim.step, %failure, "not known whether it was claimed, looking again");
                return;
            }
            // A record that cannot be read stands in the way of no other, and not for ever.
            Err(LeaseError::Store(failure)) if claim.given_up.elapsed() >= LATE => {
                tracing::warn!(step = %claim.step, %failure, "not known whether it was claimed, a lease may run out");
                true
            }
            Err(LeaseError::Store(_)) => false,
        };
        let mut unsure = shared.unsure();
        unsure.retain(|other| other.holder != claim.holder);
        if !settled {
            unsure.push(claim);
        }
    }
}

/// The store's answer, or that there is none in time. What was asked for may have happened.
pub(super) async fn stored<T, E: From<Failure>>(
    steps: &Steps,
    limit: Duration,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match timeout(limit, call).await {
        Ok(answer) => answer,
        Err(_) => Err(steps.unanswered(limit).into()),
    }
}

/// The queue's answer, or that there is none in time. What was asked for may have happened.
pub(super) async fn answered<T>(
    action: &'static str,
    call: impl Future<Output = Result<T, QueueError>> + Send,
) -> Result<T, QueueError> {
    answer_within(ANSWER_WITHIN, action, call).await
}

async fn answer_within<T>(
    limit: Duration,
    action: &'static str,
    call: impl Future<Output = Result<T, QueueError>> + Send,
) -> Result<T, QueueError> {
    match timeout(limit, call).await {
        Ok(answer) => answer,
        Err(_) => Err(QueueError::Unreachable { action, cause: format!("no answer within {} s", limit.as_secs()) }),
    }
}
