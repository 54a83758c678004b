//! What becomes of one delivered command: decided by the step's record.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_store::steps::{Claim, Ending, Lease};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::capacity::{PUT_OFF, PutOff};
use super::gate::Turn;
use super::outage::answered;
use super::stats::Outcome;
use super::{Handler, Reading, Shared};
use crate::error::QueueError;
use crate::letter::DeadLetter;
use crate::port::{Delivery, Message};

/// What is being done to a command, for the failure that says so.
pub(super) const ACKNOWLEDGING: &str = "acknowledging a command";
pub(super) const HANDING_BACK: &str = "handing a command back";
const TERMINATING: &str = "removing a command";
const BURYING: &str = "storing a dead letter";

/// Shorter delays are not worth telling.
const TOLD_FROM: Duration = Duration::from_secs(1);

/// A delivery ended otherwise than by running its step to an end. Each leaves the command to come
/// again.
#[derive(Debug)]
pub(super) enum Broken {
    /// The lease is somebody else's: no answer is sent.
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
    pub(super) async fn deliver(
        self: &Arc<Self>,
        delivery: Delivery,
        turn: Turn,
        drained: &CancellationToken,
    ) -> Outcome {
        let span = tracing::info_span!(
            "step",
            step = %delivery.step,
            service = self.handler.service().as_str(),
            deliveries = delivery.deliveries,
            outcome = tracing::field::Empty,
            "otel.kind" = "consumer",
        );
        if let Some(traceparent) = &delivery.message.traceparent {
            (self.options.traces.set_parent)(&span, traceparent);
        }
        async {
            self.stats.begin();
            let began = tokio::time::Instant::now();
            let outcome = match self.decide(&delivery, turn, drained).await {
                Ok(outcome) => outcome,
                Err(Broken::Lost) => Outcome::Lost,
                Err(Broken::Interrupted(failure)) => self.interrupted(&delivery, &failure).await,
            };
            self.stats.end(outcome);
            tracing::Span::current().record("outcome", outcome.as_str());
            let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(step = %delivery.step, outcome = outcome.as_str(), took_ms, "delivery ended");
            outcome
        }
        .instrument(span)
        .await
    }

    async fn decide(
        self: &Arc<Self>,
        delivery: &Delivery,
        turn: Turn,
        drained: &CancellationToken,
    ) -> Result<Outcome, Broken> {
        let Delivery { step, message, ack, .. } = delivery;
        let (tenant, pass) = match self.handler.read(&message.payload) {
            Reading::For { tenant, engine } => match self.breakers.admit(engine) {
                Ok(pass) => (tenant, Ok(pass)),
                Err(rest) => {
                    self.hand_back(delivery, rest.min(self.options.backlog_from)).await?;
                    return Ok(Outcome::Deferred);
                }
            },
            Reading::Newer => {
                tracing::warn!(%step, "left a command that this version does not understand");
                self.hand_back(delivery, self.options.unknown_later).await?;
                return Ok(Outcome::LeftToNewer);
            }
            // Claimed all the same: only under a lease can its step be ended, and one that has
            // ended keeps its end.
            Reading::Unreadable(why) => (TenantId::nobody(), Err(unreadable(step, &why))),
        };
        match self.claim(step, &tenant, drained).await.map_err(Broken::Interrupted)? {
            Claim::Claimed(lease) => match pass {
                Ok(pass) => self.attempt(delivery, lease, turn, drained, pass).await,
                Err(failure) => {
                    let _kept = self.keep(delivery, &lease, Arc::default());
                    self.failed_for_good(delivery, &lease, failure, drained).await
                }
            },
            Claim::Poisoned(lease) => {
                let _kept = self.keep(delivery, &lease, Arc::default());
                self.end_dead(delivery, &lease, drained).await
            }
            Claim::Done(ending) => {
                self.emit(delivery, ending.event.into()).await?;
                answered(ACKNOWLEDGING, ack.ack()).await?;
                Ok(Outcome::Repeated)
            }
            Claim::Failed(ending) | Claim::Dead(ending) => {
                self.bury_if_missing(delivery, &ending).await?;
                self.emit(delivery, ending.event.into()).await?;
                answered(TERMINATING, ack.term()).await?;
                Ok(Outcome::Repeated)
            }
            Claim::Cancelled | Claim::Superseded => {
                answered(ACKNOWLEDGING, ack.ack()).await?;
                Ok(Outcome::Cancelled)
            }
            Claim::LeasedElsewhere { for_ } => {
                self.hand_back(delivery, for_).await?;
                Ok(Outcome::Deferred)
            }
            Claim::Waiting { for_ } => {
                self.put_off(delivery, for_).await?;
                Ok(Outcome::Deferred)
            }
        }
    }

    /// Hands a command back for `delay`, or leaves it to the backlog when that is long.
    pub(super) async fn put_off(&self, delivery: &Delivery, delay: Duration) -> Result<(), QueueError> {
        if delay <= self.options.backlog_from {
            return self.hand_back(delivery, delay).await;
        }
        self.tell_put_off(delivery, delay).await;
        answered(ACKNOWLEDGING, delivery.ack.ack()).await
    }

    /// Hands a command back for `delay`.
    pub(super) async fn hand_back(&self, delivery: &Delivery, delay: Duration) -> Result<(), QueueError> {
        self.tell_put_off(delivery, delay).await;
        answered(HANDING_BACK, delivery.ack.nak(delay)).await
    }

    async fn tell_put_off(&self, delivery: &Delivery, delay: Duration) {
        if delay < TOLD_FROM {
            return;
        }
        // Where it is lost, the room of the step is not used meanwhile.
        self.hint(PUT_OFF, PutOff::new(delivery.step.clone(), delay).encode()).await;
    }

    /// Publishes a step's event. Before the command is answered, so that it comes again if this
    /// does not happen.
    pub(super) async fn emit(&self, delivery: &Delivery, event: Bytes) -> Result<(), QueueError> {
        let (noun, id) = self.handler.event_subject(&delivery.step);
        let traceparent = (self.options.traces.current)().or_else(|| delivery.message.traceparent.clone());
        answered("publishing an event", self.queue.emit(noun, &id, Message::new(event).traced(traceparent))).await
    }

    /// Ends a step that fails for good: its record says so, its copy is among the dead letters, its
    /// event is out, and only then its command is removed (I7). Whatever is missed is made up for
    /// when the command comes again.
    pub(super) async fn end_failed(
        &self,
        delivery: &Delivery,
        lease: &Lease,
        ending: Ending,
        attempts: u32,
        drained: &CancellationToken,
    ) -> Result<(), Broken> {
        let failure = ending.failure.clone().unwrap_or_else(|| Failure::internal("the step failed without a reason"));
        let event = Bytes::from(ending.event.clone());
        self.commit(lease, ending, drained).await?;
        let letter = self.letter(delivery, &lease.tenant, failure, attempts, lease.crashes);
        answered(BURYING, self.queue.bury(letter)).await?;
        self.emit(delivery, event).await?;
        answered(TERMINATING, delivery.ack.term()).await?;
        Ok(())
    }

    async fn end_dead(
        &self,
        delivery: &Delivery,
        lease: &Lease,
        drained: &CancellationToken,
    ) -> Result<Outcome, Broken> {
        let message = format!(
            "the step {} ended {} processes and is not tried again; see the logs of those crashes, then retry the narration",
            delivery.step, lease.crashes
        );
        let failure = Failure::new(Kind::Internal, Reason::StepCrashed, message);
        tracing::error!(step = %delivery.step, crashes = lease.crashes, "step is dead");
        let event = self.failed_event(&delivery.step, &delivery.message.payload, &failure);
        let attempts = lease.attempt.saturating_sub(1);
        self.end_failed(delivery, lease, Ending::dead(event, failure), attempts, drained).await?;
        Ok(Outcome::Dead)
    }

    pub(super) fn failed_event(&self, step: &StepId, command: &Bytes, failure: &Failure) -> Vec<u8> {
        self.handler.failed(step, command, failure).to_vec()
    }

    fn letter(
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
        if answered("looking for a dead letter", self.queue.letter(&delivery.step)).await?.is_some() {
            return Ok(());
        }
        let record = self.steps.get(&delivery.step).await.map_err(Broken::Interrupted)?;
        let (tenant, attempts, crashes) = record
            .map_or_else(|| (TenantId::nobody(), 0, 0), |record| (record.tenant, record.attempts, record.crashes));
        let failure = ending.failure.clone().unwrap_or_else(|| Failure::internal("the step failed without a reason"));
        answered(BURYING, self.queue.bury(self.letter(delivery, &tenant, failure, attempts, crashes))).await?;
        Ok(())
    }

    async fn interrupted(&self, delivery: &Delivery, failure: &Failure) -> Outcome {
        let delay = self.options.backoff.delay(1, &*self.random);
        tracing::warn!(step = %delivery.step, %failure, ?delay, "interrupted, the command comes again");
        if let Err(error) = answered(HANDING_BACK, delivery.ack.nak(delay)).await {
            tracing::warn!(step = %delivery.step, %error, "command not handed back, it comes again after the ack-wait");
        }
        Outcome::Interrupted
    }
}

/// Why the step of a command that no version can read fails.
fn unreadable(step: &StepId, why: &str) -> Failure {
    let message = format!(
        "the command of {step} {why}; its dead letter has the bytes, and a retry of the narration makes a new one"
    );
    Failure::new(Kind::DataLoss, Reason::CommandUnreadable, message)
}
