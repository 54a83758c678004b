//! One attempt at a claimed step, from the lease to its end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use lectern_store::steps::{Ending, Lease, MAX_EVENT_BYTES};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::breaker::Pass;
use super::delivery::{ACKNOWLEDGING, Broken};
use super::gate::{Alone, Turn};
use super::heartbeat::{Heartbeat, Signal, Stop};
use super::outage::answered;
use super::retry::Next;
use super::stats::Outcome;
use super::{Done, Handler, Shared, Task};
use crate::port::Delivery;

/// A place to run in, held while the handler runs.
enum Place {
    Among(#[allow(dead_code, reason = "held, not read")] Turn),
    Alone(#[allow(dead_code, reason = "held, not read")] Alone),
}

impl<H: Handler> Shared<H> {
    /// Runs the handler under a lease and ends the step by what it says.
    pub(super) async fn attempt(
        self: &Arc<Self>,
        delivery: &Delivery,
        lease: Lease,
        turn: Turn,
        drained: &CancellationToken,
        mut pass: Pass,
    ) -> Result<Outcome, Broken> {
        let running = Running::enter(self, delivery);
        let Kept { signal, .. } = &self.keep(delivery, &lease, Arc::clone(&running.poke));

        let place = if lease.alone {
            tracing::warn!(step = %lease.step, crashes = lease.crashes, "running alone, it may have crashed a process");
            tokio::select! {
                biased;
                () = signal.token.cancelled() => return self.stopped(delivery, &lease, signal, drained).await,
                () = drained.cancelled() => return self.give_back(delivery, &lease, Duration::ZERO, drained).await,
                alone = self.gate.alone(turn) => match alone {
                    Some(alone) => Place::Alone(alone),
                    None => return self.give_back(delivery, &lease, self.options.alone_later, drained).await,
                },
            }
        } else {
            Place::Among(turn)
        };
        let result = self.handle(delivery, &lease, signal, drained).await;
        drop(place);
        // Work that ended well although the step was cancelled is discarded once that is known
        // here. Before, it is committed: the fence alone decides, and the conductor ignores events
        // of a run that is over.
        match (result, signal.reason()) {
            (_, Some(Stop::Lost | Stop::Cancelled)) | (None, _) => {
                self.stopped(delivery, &lease, signal, drained).await
            }
            (Some(Ok(done)), Some(Stop::Drained) | None) => {
                pass.settle(Ok(()));
                self.done(delivery, &lease, done, drained).await
            }
            (Some(Err(_)), Some(Stop::Drained)) => self.stopped(delivery, &lease, signal, drained).await,
            (Some(Err(failure)), None) => self.failed(delivery, &lease, failure, pass, drained).await,
        }
    }

    /// Keeps a lease, and its command, until what is returned is dropped.
    pub(super) fn keep(&self, delivery: &Delivery, lease: &Lease, poke: Arc<Notify>) -> Kept {
        let signal = Arc::new(Signal::default());
        let heartbeat = Heartbeat {
            steps: self.steps.clone(),
            lease: lease.clone(),
            ack: Arc::clone(&delivery.ack),
            every: self.options.heartbeat,
            look: self.options.look,
            unheard: self.options.unheard,
            poke,
            signal: Arc::clone(&signal),
            heard: Mutex::new(Instant::now()),
        };
        Kept { signal, _heartbeat: AbortOnDropHandle::new(tokio::spawn(heartbeat.beat().in_current_span())) }
    }

    /// Runs the handler in a task of its own; none when it was aborted.
    async fn handle(
        self: &Arc<Self>,
        delivery: &Delivery,
        lease: &Lease,
        signal: &Signal,
        drained: &CancellationToken,
    ) -> Option<Result<Done, Failure>> {
        let task = Task {
            step: lease.step.clone(),
            tenant: lease.tenant.clone(),
            fence: lease.fence,
            attempt: lease.attempt,
            crashes: lease.crashes,
            cancel: signal.token.clone(),
        };
        let (handler, command) = (Arc::clone(&self.handler), delivery.message.payload.clone());
        let work = async move { handler.handle(&task, command).await };
        let mut work = AbortOnDropHandle::new(tokio::spawn(work.in_current_span()));
        let ended = tokio::select! {
            // The end first: work that is over is not thrown away for a drain that comes with it.
            biased;
            ended = &mut work => Some(ended),
            () = signal.token.cancelled() => None,
            () = drained.cancelled() => {
                signal.stop(Stop::Drained);
                None
            }
        };
        let ended = match ended {
            Some(ended) => ended,
            None => match tokio::time::timeout(self.options.stop_within, &mut work).await {
                Ok(ended) => ended,
                Err(_) => {
                    tracing::warn!(step = %lease.step, "handler did not stop, aborting it");
                    return None;
                }
            },
        };
        match ended {
            Ok(result) => Some(result),
            Err(error) => {
                let text = if error.is_panic() { panic_text(error.into_panic()) } else { error.to_string() };
                tracing::error!(step = %lease.step, panic = text, "handler panicked");
                Some(Err(Failure::internal(format!("the step {} panicked: {text}", lease.step))))
            }
        }
    }

    async fn done(
        &self,
        delivery: &Delivery,
        lease: &Lease,
        done: Done,
        drained: &CancellationToken,
    ) -> Result<Outcome, Broken> {
        let bytes = done.event.len();
        if bytes > MAX_EVENT_BYTES {
            let message = format!("the event of {} has {bytes} bytes and may have {MAX_EVENT_BYTES}", lease.step);
            let failure = Failure::new(Kind::DataLoss, Reason::LimitExceeded, message);
            return self.failed_for_good(delivery, lease, failure, drained).await;
        }
        self.commit(lease, Ending::done(done.event.to_vec(), done.result), drained).await?;
        self.emit(delivery, done.event).await?;
        answered(ACKNOWLEDGING, delivery.ack.ack()).await?;
        Ok(Outcome::Done)
    }

    async fn failed(
        &self,
        delivery: &Delivery,
        lease: &Lease,
        failure: Failure,
        mut pass: Pass,
        drained: &CancellationToken,
    ) -> Result<Outcome, Broken> {
        let step = &lease.step;
        if let Some(rest) = pass.settle(Err(&failure)) {
            tracing::warn!(%step, %failure, ?rest, "the engine is out of order, attempt not counted");
            return self.give_back(delivery, lease, rest.min(self.options.backlog_from), drained).await;
        }
        drop(pass);
        if failure.reason == Reason::PinUnavailable && self.leave(delivery, lease, &failure, drained).await? {
            return Ok(Outcome::LeftToNewer);
        }
        match self.options.retry.next(&failure, lease.attempt, &*self.random) {
            Next::Again(delay) => {
                tracing::warn!(%step, attempt = lease.attempt, %failure, ?delay, "attempt failed, trying again");
                let not_before = self.clock.now().plus(delay);
                self.write(lease, drained, || self.steps.retry(lease, &failure, not_before)).await?;
                self.put_off(delivery, delay).await?;
                Ok(Outcome::Retried)
            }
            Next::Exhausted => {
                let message = format!("failed in all {} attempts, the last time: {failure}", lease.attempt);
                let failure = Failure { reason: Reason::AttemptsExhausted, message, retry_after: None, ..failure };
                self.failed_for_good(delivery, lease, failure, drained).await
            }
            Next::Final => self.failed_for_good(delivery, lease, failure, drained).await,
        }
    }

    /// Ends the step with this failure.
    pub(super) async fn failed_for_good(
        &self,
        delivery: &Delivery,
        lease: &Lease,
        failure: Failure,
        drained: &CancellationToken,
    ) -> Result<Outcome, Broken> {
        let step = &lease.step;
        if failure.kind.ours() {
            tracing::error!(%step, attempt = lease.attempt, %failure, "step failed for good");
        } else {
            tracing::info!(%step, attempt = lease.attempt, %failure, "step failed for good");
        }
        let event = self.failed_event(step, &delivery.message.payload, &failure);
        self.end_failed(delivery, lease, Ending::failed(event, failure), lease.attempt, drained).await?;
        Ok(Outcome::Failed)
    }

    /// Ends an attempt that was told to stop.
    async fn stopped(
        &self,
        delivery: &Delivery,
        lease: &Lease,
        signal: &Signal,
        drained: &CancellationToken,
    ) -> Result<Outcome, Broken> {
        match signal.reason() {
            Some(Stop::Cancelled) => {
                self.write(lease, drained, || self.steps.give_back(lease)).await?;
                answered(ACKNOWLEDGING, delivery.ack.ack()).await?;
                Ok(Outcome::Cancelled)
            }
            Some(Stop::Drained) => self.give_back(delivery, lease, Duration::ZERO, drained).await,
            Some(Stop::Lost) | None => Err(Broken::Lost),
        }
    }

    /// Gives the step back without counting an attempt, to be delivered again after `delay`.
    async fn give_back(
        &self,
        delivery: &Delivery,
        lease: &Lease,
        delay: Duration,
        drained: &CancellationToken,
    ) -> Result<Outcome, Broken> {
        self.write(lease, drained, || self.steps.give_back(lease)).await?;
        self.hand_back(delivery, delay).await?;
        Ok(Outcome::GivenBack)
    }
}

/// A lease that is kept while this is held.
pub(super) struct Kept {
    /// Fires when the step is to stop.
    pub(super) signal: Arc<Signal>,
    _heartbeat: AbortOnDropHandle<()>,
}

fn panic_text(panic: Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

/// A step's entry among those that hints can reach; gone with this.
struct Running<'a, H> {
    shared: &'a Shared<H>,
    step: lectern_core::id::StepId,
    poke: Arc<Notify>,
}

impl<'a, H> Running<'a, H> {
    fn enter(shared: &'a Shared<H>, delivery: &Delivery) -> Self {
        let poke = Arc::new(Notify::new());
        let step = delivery.step.clone();
        shared.running.lock().unwrap_or_else(PoisonError::into_inner).insert(step.clone(), Arc::clone(&poke));
        Self { shared, step, poke }
    }
}

impl<H> Drop for Running<'_, H> {
    fn drop(&mut self) {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.step);
    }
}
