//! What a worker does while its store or the queue is away: work that was done is not thrown away,
//! and no call is waited for without end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Kind, Reason, Timestamp};
use lectern_queue::{Delivery, QueueError};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::Handler;
use crate::delivery::Broken;
use crate::lazy_lease::{Closed, LazyLease};
use crate::steps::{Claim, Closing, Ending, LeaseError, Steps, is_away};
use crate::worker::Shared;

/// How long a claim is tried while the store is away; less than an ack-wait, so that the command is
/// this worker's meanwhile.
pub(crate) const CLAIM_WITHIN: Duration = Duration::from_secs(10);
/// The least time that the last try of a claim has.
const LAST_TRY: Duration = Duration::from_secs(1);
/// How long one look may take whether a claim that was given up has taken place.
const DISOWN_WITHIN: Duration = Duration::from_secs(2);
/// How long after it was given up a claim may still take place: a write on its way.
const LATE: Duration = Duration::from_secs(15);
/// How long it may take to note that a step was not begun.
const NOTE_WITHIN: Duration = Duration::from_secs(2);
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

/// A lease that was given up and may have been taken.
#[derive(Debug, Clone)]
pub struct Unsure {
    step: StepId,
    /// Whose it is, a name for that delivery alone.
    holder: String,
    given_up: Instant,
}

/// Which delivery of its command a claim is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// The first, or any where nothing follows from a step without a record.
    First,
    /// The first, whose handler is at work already.
    AtWork,
    /// A later one.
    Again {
        /// When the command was queued, where that is known.
        queued: Option<Timestamp>,
    },
}

impl<H: Handler> Shared<H> {
    /// A name for one delivery alone, by which what it wrote is known again.
    pub(crate) fn holder_name(&self) -> String {
        format!("{}-{}", self.holder, self.holders.fetch_add(1, Ordering::Relaxed))
    }

    /// Claims a step for one delivery. Where the store goes away over it, the claim may have taken
    /// place without an answer, and a lease that nobody works under would be taken for a crash; so
    /// it is asked for until the store is back, for a while, and after that [`disown`] gives it
    /// back.
    pub(crate) async fn claim(
        &self,
        step: &StepId,
        tenant: &TenantId,
        delivered: Delivered,
        drained: &CancellationToken,
    ) -> Result<Claim, Failure> {
        let holder = self.holder_name();
        let began = Instant::now();
        let mut tries = 0;
        loop {
            let within = CLAIM_WITHIN.saturating_sub(began.elapsed()).max(LAST_TRY);
            let delivered = match delivered {
                // The store is back after an outage that the first worker may have met as well, and
                // could write nothing in: the step is left to it once.
                Delivered::Again { .. } if tries > 0 => Delivered::Again { queued: Some(self.clock.now()) },
                Delivered::First | Delivered::AtWork | Delivered::Again { .. } => delivered,
            };
            let trying = self.try_claim(step, &holder, tenant, delivered, tries > 0);
            let failure = match stored(&self.steps, within, trying).await {
                Ok(claim) => {
                    self.known.note(step);
                    return Ok(claim);
                }
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

    pub(crate) async fn try_claim(
        &self,
        step: &StepId,
        holder: &str,
        tenant: &TenantId,
        delivered: Delivered,
        again: bool,
    ) -> Result<Claim, Failure> {
        let claim = match delivered {
            Delivered::First => self.steps.claim(step, holder, tenant).await?,
            Delivered::AtWork => self.steps.claim_at_work(step, holder, tenant).await?,
            Delivered::Again { queued } => self.steps.claim_again(step, holder, tenant, queued).await?,
        };
        if again && matches!(claim, Claim::LeasedElsewhere { .. }) {
            return Ok(self.steps.resume(step, holder).await?.unwrap_or(claim));
        }
        Ok(claim)
    }

    /// Lets a step go, for good or for a while, and does not give up while the store is away: as
    /// long as it is, nobody else can claim the step, and when it is back the fence decides, or who
    /// writes the first record. The heartbeat goes on meanwhile. Only a drain waits no longer than
    /// [`LAST_WRITE`].
    pub(crate) async fn close(
        &self,
        lease: &LazyLease,
        closing: &Closing,
        drained: &CancellationToken,
    ) -> Result<Closed, Broken> {
        lease.note_over();
        let closing = self.close_until_answered(lease, closing);
        tokio::pin!(closing);
        tokio::select! {
            biased;
            closed = &mut closing => return closed,
            () = drained.cancelled() => {}
        }
        match timeout(LAST_WRITE, closing).await {
            Ok(closed) => closed,
            Err(_) => {
                self.give_up(&lease.step, lease.holder.clone());
                let message = format!("the end of {} could not be written before the shutdown", lease.step);
                Err(Broken::Interrupted(Failure::new(Kind::Unavailable, Reason::StoreUnavailable, message)))
            }
        }
    }

    async fn close_until_answered(&self, lease: &LazyLease, closing: &Closing) -> Result<Closed, Broken> {
        let (mut tries, mut refused) = (0_u32, 0_u32);
        loop {
            let failure = match stored(&self.steps, WRITE_WITHIN, self.try_close(lease, closing)).await {
                Ok(closed) => return Ok(closed),
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

    /// [`Self::close`] of what is the same however often the step was tried; the end that it had
    /// before, if it had one.
    pub(crate) async fn settle(
        &self,
        lease: &LazyLease,
        closing: Closing,
        drained: &CancellationToken,
    ) -> Result<Option<Ending>, Broken> {
        loop {
            match self.close(lease, &closing, drained).await? {
                Closed::Written => return Ok(None),
                Closed::Adopted => {}
                Closed::Before(ending) => return Ok(Some(ending)),
            }
        }
    }

    /// Writes that nobody has begun a step whose first command is handed back, if it has no record:
    /// its next delivery would be taken for the second of a crash. Where that cannot be written,
    /// it is, and the step runs alone once.
    pub(crate) async fn note_untouched(&self, delivery: &Delivery, tenant: &TenantId) {
        if !self.may_be_unwritten(delivery) {
            return;
        }
        let noting = self.steps.write_first(&delivery.step, tenant, None, &Closing::Free);
        match stored(&self.steps, NOTE_WITHIN, noting).await {
            Ok(_) => self.known.note(&delivery.step),
            Err(failure) => tracing::debug!(step = %delivery.step, %failure, "not noted that it was not begun"),
        }
    }

    /// Leaves what this holder may have claimed to [`disown`], which gives it back.
    pub(crate) fn give_up(&self, step: &StepId, holder: String) {
        self.unsure.lock().push(Unsure { step: step.clone(), holder, given_up: Instant::now() });
    }

    /// Gives back what a claim took that was given up; whether that is settled. Where it took
    /// nothing, it may still be under way for a while.
    async fn disown(&self, claim: &Unsure) -> Result<bool, LeaseError> {
        let disowned = async {
            match self.steps.resume(&claim.step, &claim.holder).await? {
                Some(Claim::Claimed(lease) | Claim::Poisoned(lease)) => {
                    self.steps.close(&lease, Closing::Free).await?;
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
    pub(crate) async fn hint(&self, topic: &'static str, payload: bytes::Bytes) {
        let sent = answer_within(HINT_WITHIN, "sending a hint", self.queue.hint(topic, payload)).await;
        if let Err(error) = sent {
            tracing::debug!(%error, topic, "hint not sent, what it tells of is seen a little later");
        }
    }
}

/// Gives back, without end, what claims took that were given up, as soon as the store answers: the
/// holder's name of each is its own, so nobody works under it.
pub(crate) async fn disown<H: Handler>(shared: Arc<Shared<H>>) {
    loop {
        tokio::time::sleep(shared.options.look).await;
        disown_once(&shared).await;
    }
}

/// The last round of [`disown`], for what was given up during a drain.
pub(crate) async fn disown_at_last<H: Handler>(shared: &Shared<H>) {
    if timeout(LAST_WRITE, disown_once(shared)).await.is_err() {
        tracing::warn!("claims that were given up are not given back, leases may run out");
    }
}

/// Looks once for each claim that was given up so far. Each stays listed until it is settled, since
/// a drain ends this at any place and looks for what is left.
async fn disown_once<H: Handler>(shared: &Shared<H>) {
    let listed = shared.unsure.lock().len();
    for _ in 0..listed {
        let Some(claim) = shared.unsure.lock().first().cloned() else { return };
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
        let mut unsure = shared.unsure.lock();
        unsure.retain(|other| other.holder != claim.holder);
        if !settled {
            unsure.push(claim);
        }
    }
}

/// The store's answer, or that there is none in time. What was asked for may have happened.
pub(crate) async fn stored<T, E: From<Failure>>(
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
pub(crate) async fn answered<T>(
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
