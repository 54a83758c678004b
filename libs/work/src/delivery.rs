//! What becomes of one delivered command: decided by the step's record, where it may have one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_queue::subject::noun;
use lectern_queue::{DeadLetter, Delivery, Message, QueueError};
use lectern_runtime::names::{messaging, span};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::capacity::{POSTPONED, Postponed};
use crate::isolation::Ticket;
use crate::lazy_lease::{Closed, LazyLease, Standing};
use crate::outage::{CLAIM_WITHIN, Delivered, answered, stored};
use crate::stats::DeliveryOutcome;
use crate::steps::{Claim, Closing, EndState, Ending};
use crate::worker::Shared;
use crate::{Handler, Reading};

/// What is being done to a command, for the failure that says so.
pub(crate) const ACKNOWLEDGING: &str = "acknowledging a command";
pub(crate) const HANDING_BACK: &str = "handing a command back";
const TERMINATING: &str = "removing a command";
const BURYING: &str = "storing a dead letter";

/// Shorter delays are not worth telling.
const TOLD_FROM: Duration = Duration::from_secs(1);

/// The first run of a narration, which no other one has ended.
const FIRST_RUN: u32 = 1;

/// A delivery ended otherwise than by running its step to an end. Each leaves the command to come
/// again.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The step is somebody else's: no answer is sent.
    Lost,
    /// Store or queue failed: the command is handed back for a moment, if that can be said.
    Interrupted(Failure),
}

impl From<QueueError> for Broken {
    fn from(error: QueueError) -> Self {
        Self::Interrupted(error.into())
    }
}

impl<H: Handler> Shared<H> {
    /// Sees one command through.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        delivery: Delivery,
        ticket: Ticket,
        drained: &CancellationToken,
    ) -> DeliveryOutcome {
        let service = self.handler.service().as_str();
        let span = tracing::info_span!(
            "process",
            { span::NAME } = format!("{} work.{service}", messaging::PROCESS),
            { span::KIND } = span::CONSUMER,
            { messaging::SYSTEM } = self.processed.system(),
            { messaging::OPERATION } = messaging::PROCESS,
            { messaging::OPERATION_TYPE } = messaging::PROCESS,
            { messaging::DESTINATION_TEMPLATE } = self.processed.template(),
            { messaging::CONSUMER_GROUP } = service,
            step = %delivery.step,
            service,
            deliveries = i64::try_from(delivery.deliveries).unwrap_or(i64::MAX),
            outcome = tracing::field::Empty,
        );
        if let Some(traceparent) = &delivery.message.traceparent {
            (self.options.traces.set_parent)(&span, traceparent);
        }
        async {
            let begun = self.stats.begin(delivery.deliveries);
            let began = tokio::time::Instant::now();
            let outcome = match self.decide(&delivery, ticket, drained).await {
                Ok(outcome) => outcome,
                Err(Broken::Lost) => DeliveryOutcome::Lost,
                Err(Broken::Interrupted(failure)) => self.interrupted(&delivery, &failure).await,
            };
            begun.end(outcome);
            tracing::Span::current().record("outcome", outcome.as_str());
            let took = began.elapsed();
            self.processed.record(took, outcome.went_wrong().then(|| outcome.as_str()));
            let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
            tracing::info!(step = %delivery.step, outcome = outcome.as_str(), took_ms, "delivery ended");
            outcome
        }
        .instrument(span)
        .await
    }

    async fn decide(
        self: &Arc<Self>,
        delivery: &Delivery,
        ticket: Ticket,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        let Delivery { step, message, .. } = delivery;
        let (tenant, pass) = match self.handler.read(&message.payload) {
            Reading::For { tenant, engine } => match self.breakers.admit(engine) {
                Ok(pass) => (tenant, Ok(pass)),
                Err(rest) => {
                    self.note_untouched(delivery, &tenant).await;
                    self.hand_back(delivery, rest.min(self.options.backlog_from)).await?;
                    return Ok(DeliveryOutcome::Deferred);
                }
            },
            Reading::Newer => {
                tracing::warn!(%step, "left a command that this version does not understand");
                self.note_untouched(delivery, &TenantId::nobody()).await;
                self.hand_back(delivery, self.options.unknown_later).await?;
                return Ok(DeliveryOutcome::LeftToNewer);
            }
            // Claimed all the same: only under a lease can its step be ended, and one that has
            // ended keeps its end.
            Reading::Unreadable(why) => (TenantId::nobody(), Err(unreadable(step, &why))),
        };
        let pass = match pass {
            Ok(pass) if self.may_be_unwritten(delivery) => {
                if let Some(refusal) = self.refusal(delivery, &tenant).await? {
                    return self.answer(delivery, refusal).await;
                }
                let lease = Arc::new(LazyLease::unwritten(step.clone(), tenant, self.holder_name()));
                return self.attempt(delivery, lease, ticket, drained, pass).await;
            }
            pass => pass,
        };
        let delivered = if self.claims_first() || delivery.deliveries <= 1 {
            Delivered::First
        } else {
            Delivered::Again { queued: delivery.queued }
        };
        match self.claim(step, &tenant, delivered, drained).await.map_err(Broken::Interrupted)? {
            Claim::Claimed(lease) => {
                let lease = Arc::new(LazyLease::leased(lease));
                match pass {
                    Ok(pass) => self.attempt(delivery, lease, ticket, drained, pass).await,
                    Err(failure) => {
                        let _kept = self.keep(delivery, &lease);
                        self.failed_for_good(delivery, &lease, failure, drained).await
                    }
                }
            }
            Claim::Poisoned(lease) => {
                let lease = Arc::new(LazyLease::leased(lease));
                let _kept = self.keep(delivery, &lease);
                self.end_dead(delivery, &lease, drained).await
            }
            claim @ (Claim::Done(_)
            | Claim::Failed(_)
            | Claim::Dead(_)
            | Claim::Cancelled
            | Claim::Superseded
            | Claim::LeasedElsewhere { .. }
            | Claim::Waiting { .. }) => self.answer(delivery, claim).await,
        }
    }

    /// Whether a command is of a step that has no record, as far as can be known without a look:
    /// it is delivered for the first time, and this process has not written of the step.
    pub(crate) fn may_be_unwritten(&self, delivery: &Delivery) -> bool {
        delivery.deliveries <= 1 && !self.claims_first() && !self.known.has(&delivery.step)
    }

    /// Why a step is not begun that has no record: its run is over, as this process heard, or as
    /// the store says where the command is late or of a later run.
    async fn refusal(&self, delivery: &Delivery, tenant: &TenantId) -> Result<Option<Claim>, Broken> {
        let step = &delivery.step;
        if self.cancels.refuses(step) {
            return Ok(Some(Claim::Cancelled));
        }
        let fresh = delivery.queued.is_some_and(|queued| self.clock.now().since(queued) <= self.options.late);
        if fresh && step.run <= FIRST_RUN {
            return Ok(None);
        }
        match stored(&self.steps, CLAIM_WITHIN, self.steps.refused(step)).await {
            Ok(refusal) => Ok(refusal),
            Err(failure) => {
                self.note_untouched(delivery, tenant).await;
                Err(Broken::Interrupted(failure))
            }
        }
    }

    /// What a claim asks for that gave no lease.
    pub(crate) async fn answer(&self, delivery: &Delivery, claim: Claim) -> Result<DeliveryOutcome, Broken> {
        match claim {
            Claim::Done(ending) | Claim::Failed(ending) | Claim::Dead(ending) => self.repeat(delivery, ending).await,
            Claim::Cancelled | Claim::Superseded => {
                answered(ACKNOWLEDGING, delivery.ack.ack()).await?;
                Ok(DeliveryOutcome::Cancelled)
            }
            Claim::LeasedElsewhere { for_ } => {
                self.hand_back(delivery, for_).await?;
                Ok(DeliveryOutcome::Deferred)
            }
            Claim::Waiting { for_, crashes } => {
                self.postpone(delivery, for_, crashes).await?;
                Ok(DeliveryOutcome::Deferred)
            }
            // A lease is nobody's to be answered with: it is worked under.
            Claim::Claimed(_) | Claim::Poisoned(_) => Err(Broken::Lost),
        }
    }

    /// Tells once more how a step ended, and answers its command by that.
    pub(crate) async fn repeat(&self, delivery: &Delivery, ending: Ending) -> Result<DeliveryOutcome, Broken> {
        match ending.state {
            EndState::Done => {
                self.emit(delivery, ending.event.into()).await?;
                answered(ACKNOWLEDGING, delivery.ack.ack()).await?;
            }
            EndState::Failed | EndState::Dead => {
                self.bury_if_missing(delivery, &ending).await?;
                self.emit(delivery, ending.event.into()).await?;
                answered(TERMINATING, delivery.ack.term()).await?;
            }
        }
        Ok(DeliveryOutcome::Repeated)
    }

    /// Hands a command back for `delay`, or leaves it to the backlog when that is long. The command
    /// of a step that may have crashed a process stays in the queue, however long that is:
    /// published anew it would come for the first time again, and run among others without a claim.
    pub(crate) async fn postpone(&self, delivery: &Delivery, delay: Duration, crashes: u32) -> Result<(), QueueError> {
        self.postpone_for(delivery, delay, crashes, None).await
    }

    /// The same, telling what the step waits for.
    pub(crate) async fn postpone_for(
        &self,
        delivery: &Delivery,
        delay: Duration,
        crashes: u32,
        reason: Option<Reason>,
    ) -> Result<(), QueueError> {
        self.tell_postponed(delivery, delay, reason).await;
        if crashes > 0 || delay <= self.options.backlog_from {
            return answered(HANDING_BACK, delivery.ack.nak(delay)).await;
        }
        answered(ACKNOWLEDGING, delivery.ack.ack()).await
    }

    /// Hands a command back for `delay`.
    pub(crate) async fn hand_back(&self, delivery: &Delivery, delay: Duration) -> Result<(), QueueError> {
        self.tell_postponed(delivery, delay, None).await;
        answered(HANDING_BACK, delivery.ack.nak(delay)).await
    }

    /// Hands a command back at once that was taken when the process was told to stop.
    pub(crate) async fn hand_back_untouched(&self, delivery: &Delivery) {
        self.note_untouched(delivery, &TenantId::nobody()).await;
        if let Err(error) = answered(HANDING_BACK, delivery.ack.nak(Duration::ZERO)).await {
            tracing::warn!(%error, step = %delivery.step, "command not handed back, it comes again after the ack-wait");
        }
    }

    async fn tell_postponed(&self, delivery: &Delivery, delay: Duration, reason: Option<Reason>) {
        if delay < TOLD_FROM {
            return;
        }
        // Where it is lost, the room of the step is not used meanwhile.
        self.hint(POSTPONED, Postponed::new(delivery.step.clone(), delay).because(reason).encode()).await;
    }

    /// Publishes a step's event. Before the command is answered, so that it comes again if this
    /// does not happen.
    pub(crate) async fn emit(&self, delivery: &Delivery, event: Bytes) -> Result<(), QueueError> {
        let (noun, id) = (noun(self.handler.service()), delivery.step.narration.to_string());
        let traceparent = (self.options.traces.current)().or_else(|| delivery.message.traceparent.clone());
        answered("publishing an event", self.queue.emit(noun, &id, Message::new(event).traced(traceparent))).await
    }

    /// Ends a step that fails for good: its record says so, its copy is among the dead letters, its
    /// event is out, and only then its command is removed (I7). Whatever is missed is made up for
    /// when the command comes again. `attempts` says how many there were, by what its record says
    /// when it is ended.
    async fn end_failed(
        &self,
        delivery: &Delivery,
        lease: &LazyLease,
        ending: Ending,
        attempts: impl Fn(&Standing) -> u32 + Send + Sync,
        drained: &CancellationToken,
    ) -> Result<Option<DeliveryOutcome>, Broken> {
        let failure = ending.failure.clone().unwrap_or_else(|| Failure::internal("the step failed without a reason"));
        let event = Bytes::from(ending.event.clone());
        let closing = Closing::Ended(ending);
        let standing = loop {
            let standing = lease.standing().await;
            match self.close(lease, &closing, drained).await? {
                Closed::Written => break standing,
                Closed::Adopted => {}
                Closed::Before(ending) => return self.repeat(delivery, ending).await.map(Some),
            }
        };
        let letter = self.dead_letter(delivery, &lease.tenant, failure, attempts(&standing), standing.crashes);
        self.bury(letter).await?;
        self.emit(delivery, event).await?;
        answered(TERMINATING, delivery.ack.term()).await?;
        Ok(None)
    }

    /// Ends the step with this failure.
    pub(crate) async fn failed_for_good(
        &self,
        delivery: &Delivery,
        lease: &LazyLease,
        failure: Failure,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        let step = &lease.step;
        if failure.kind.ours() {
            tracing::error!(%step, %failure, "step failed for good");
        } else {
            tracing::info!(%step, %failure, "step failed for good");
        }
        let ending = Ending::failed(self.failed_event(delivery, &failure), failure);
        let before = self.end_failed(delivery, lease, ending, |standing| standing.attempt, drained).await?;
        Ok(before.unwrap_or(DeliveryOutcome::Failed))
    }

    async fn end_dead(
        &self,
        delivery: &Delivery,
        lease: &LazyLease,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        let Standing { crashes, .. } = lease.standing().await;
        let message = format!(
            "the step {} ended {crashes} processes and is not tried again; see the logs of those crashes, then retry the narration",
            delivery.step
        );
        let failure = Failure::new(Kind::Internal, Reason::StepCrashed, message);
        tracing::error!(step = %delivery.step, crashes, "step is dead");
        let ending = Ending::dead(self.failed_event(delivery, &failure), failure);
        let before =
            self.end_failed(delivery, lease, ending, |standing| standing.attempt.saturating_sub(1), drained).await?;
        Ok(before.unwrap_or(DeliveryOutcome::Dead))
    }

    fn failed_event(&self, delivery: &Delivery, failure: &Failure) -> Vec<u8> {
        self.handler.failed(&delivery.step, &delivery.message.payload, failure).to_vec()
    }

    fn dead_letter(
        &self,
        delivery: &Delivery,
        tenant: &TenantId,
        failure: Failure,
        attempts: u32,
        crashes: u32,
    ) -> DeadLetter {
        DeadLetter {
            step: delivery.step.clone(),
            tenant: tenant.clone(),
            failure,
            attempts,
            crashes,
            traceparent: delivery.message.traceparent.clone(),
            command: delivery.message.payload.clone(),
            at: self.clock.now(),
        }
    }

    async fn bury_if_missing(&self, delivery: &Delivery, ending: &Ending) -> Result<(), Broken> {
        if answered("looking for a dead letter", self.queue.dead_letter(&delivery.step)).await?.is_some() {
            return Ok(());
        }
        let record = self.steps.get(&delivery.step).await.map_err(Broken::Interrupted)?;
        let (tenant, attempts, crashes) = record
            .map_or_else(|| (TenantId::nobody(), 0, 0), |record| (record.tenant, record.attempts, record.crashes));
        let failure = ending.failure.clone().unwrap_or_else(|| Failure::internal("the step failed without a reason"));
        self.bury(self.dead_letter(delivery, &tenant, failure, attempts, crashes)).await?;
        Ok(())
    }

    /// Stores a dead letter, and counts it.
    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        let reason = letter.failure.reason;
        answered(BURYING, self.queue.bury(letter)).await?;
        self.stats.note_dead_letter(reason);
        Ok(())
    }

    async fn interrupted(&self, delivery: &Delivery, failure: &Failure) -> DeliveryOutcome {
        let delay = self.options.backoff.delay(1, &*self.random);
        tracing::warn!(step = %delivery.step, %failure, ?delay, "interrupted, the command comes again");
        if let Err(error) = answered(HANDING_BACK, delivery.ack.nak(delay)).await {
            tracing::warn!(step = %delivery.step, %error, "command not handed back, it comes again after the ack-wait");
        }
        DeliveryOutcome::Interrupted
    }
}

/// Why the step of a command that no version can read fails.
fn unreadable(step: &StepId, why: &str) -> Failure {
    let message = format!(
        "the command of {step} {why}; its dead letter has the bytes, and a retry of the narration makes a new one"
    );
    Failure::new(Kind::DataLoss, Reason::CommandUnreadable, message)
}
