//! One attempt at a step, from its begin to its end.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use lectern_queue::Delivery;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::breaker::{Pass, is_for_operator};
use crate::delivery::{ACKNOWLEDGING, Broken};
use crate::heartbeat::{Heartbeat, Signal, Stop};
use crate::isolation::{Alone, Ticket};
use crate::lazy_lease::{Closed, LazyLease, Standing};
use crate::outage::answered;
use crate::retry::Next;
use crate::stats::DeliveryOutcome;
use crate::steps::{Closing, Ending, MAX_EVENT_BYTES};
use crate::worker::Shared;
use crate::{Done, Handler, Payment, Task};

/// A place to run in, held while the handler runs.
enum Place {
    Among(#[allow(dead_code, reason = "held, not read")] Ticket),
    Alone(#[allow(dead_code, reason = "held, not read")] Alone),
}

/// A step that is kept while this is held.
pub(crate) struct Kept {
    /// Fires when the step is to stop.
    signal: Arc<Signal>,
    /// Gets the handler its lease.
    payment: Payment,
    _heartbeat: AbortOnDropHandle<()>,
}

impl<H: Handler> Shared<H> {
    /// Runs the handler and ends the step by what it says.
    pub(crate) async fn attempt(
        self: &Arc<Self>,
        delivery: &Delivery,
        lease: Arc<LazyLease>,
        ticket: Ticket,
        drained: &CancellationToken,
        mut pass: Pass,
    ) -> Result<DeliveryOutcome, Broken> {
        let kept = &self.keep(delivery, &lease);
        let signal = &*kept.signal;
        let _running = self.cancels.enter(&lease.step, &kept.signal);
        let lease = &*lease;
        let standing = lease.standing().await;

        let place = if standing.alone {
            let crashes = standing.crashes;
            tracing::warn!(step = %lease.step, crashes, "running alone, it may have crashed a process");
            tokio::select! {
                biased;
                () = signal.token.cancelled() => return self.stopped(delivery, lease, signal, drained).await,
                () = drained.cancelled() => return self.give_back(delivery, lease, Duration::ZERO, drained).await,
                alone = self.isolation.alone(ticket) => match alone {
                    Some(alone) => Place::Alone(alone),
                    None => return self.give_back(delivery, lease, self.options.alone_later, drained).await,
                },
            }
        } else {
            Place::Among(ticket)
        };
        let result = self.handle(delivery, lease, standing, kept, drained).await;
        drop(place);
        // Work that ended well although the step was cancelled is discarded once that is known
        // here. Before, its end is written: the fence alone decides, and the conductor ignores
        // events of a run that is over.
        match (result, signal.reason()) {
            (_, Some(Stop::Lost | Stop::Cancelled | Stop::Refused)) | (None, _) => {
                self.stopped(delivery, lease, signal, drained).await
            }
            (Some(Ok(done)), Some(Stop::Drained | Stop::Alone) | None) => {
                pass.settle(Ok(()));
                self.done(delivery, lease, done, drained).await
            }
            (Some(Err(_)), Some(Stop::Drained | Stop::Alone)) => self.stopped(delivery, lease, signal, drained).await,
            (Some(Err(failure)), None) => self.failed(delivery, lease, failure, pass, drained).await,
        }
    }

    /// Keeps a step, and its command, until what is returned is dropped.
    pub(crate) fn keep(self: &Arc<Self>, delivery: &Delivery, lease: &Arc<LazyLease>) -> Kept {
        let signal = Arc::new(Signal::default());
        let (asked, (leased, told)) = (Arc::new(Notify::new()), watch::channel(false));
        let heartbeat = Heartbeat {
            shared: Arc::clone(self),
            lease: Arc::clone(lease),
            ack: Arc::clone(&delivery.ack),
            signal: Arc::clone(&signal),
            asked: Arc::clone(&asked),
            leased,
            heard: Mutex::new(Instant::now()),
        };
        let heartbeat = AbortOnDropHandle::new(tokio::spawn(heartbeat.beat().in_current_span()));
        Kept { signal, payment: Payment::asking(asked, told), _heartbeat: heartbeat }
    }

    /// Runs the handler in a task of its own; none when it was aborted.
    async fn handle(
        self: &Arc<Self>,
        delivery: &Delivery,
        lease: &LazyLease,
        standing: Standing,
        kept: &Kept,
        drained: &CancellationToken,
    ) -> Option<Result<Done, Failure>> {
        let signal = &*kept.signal;
        let task = Task {
            step: lease.step.clone(),
            tenant: lease.tenant.clone(),
            fence: standing.fence,
            attempt: standing.attempt,
            crashes: standing.crashes,
            cancel: signal.token.clone(),
            payment: kept.payment.clone(),
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
        lease: &LazyLease,
        done: Done,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        let bytes = done.event.len();
        if bytes > MAX_EVENT_BYTES {
            let message = format!("the event of {} has {bytes} bytes and may have {MAX_EVENT_BYTES}", lease.step);
            let failure = Failure::new(Kind::DataLoss, Reason::LimitExceeded, message);
            return self.failed_for_good(delivery, lease, failure, drained).await;
        }
        let ending = Ending::done(done.event.to_vec());
        if let Some(before) = self.settle(lease, Closing::Ended(ending), drained).await? {
            return self.repeat(delivery, before).await;
        }
        self.emit(delivery, done.event).await?;
        answered(ACKNOWLEDGING, delivery.ack.ack()).await?;
        Ok(DeliveryOutcome::Done)
    }

    async fn failed(
        &self,
        delivery: &Delivery,
        lease: &LazyLease,
        failure: Failure,
        mut pass: Pass,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        let step = &lease.step;
        let waits = self.waits(&failure);
        // Where steps fail of what an operator has to mend, the next one tells him whether it is.
        let settles = waits || !is_for_operator(&failure);
        if settles && let Some(rest) = pass.settle(Err(&failure)) {
            tracing::warn!(%step, %failure, ?rest, "the engine is out of order, attempt not counted");
            return self.give_back(delivery, lease, rest.min(self.options.backlog_from), drained).await;
        }
        drop(pass);
        if failure.reason == Reason::PinUnavailable
            && let Some(left) = self.leave(delivery, lease, &failure, drained).await?
        {
            return Ok(left);
        }
        if waits {
            return self.hold_back(delivery, lease, &failure, drained).await;
        }
        loop {
            let Standing { attempt, crashes, .. } = lease.standing().await;
            let delay = match self.options.retry.next(&failure, attempt, &*self.random) {
                Next::Again(delay) => delay,
                Next::Exhausted => {
                    let message = format!("failed in all {attempt} attempts, the last time: {failure}");
                    let failure = Failure { reason: Reason::AttemptsExhausted, message, retry_after: None, ..failure };
                    return self.failed_for_good(delivery, lease, failure, drained).await;
                }
                Next::Final => return self.failed_for_good(delivery, lease, failure, drained).await,
            };
            tracing::warn!(%step, attempt, %failure, ?delay, "attempt failed, trying again");
            let not_before = self.clock.now().plus(delay);
            let retry = Closing::Retry { failure: failure.clone(), not_before };
            match self.close(lease, &retry, drained).await? {
                Closed::Written => {
                    self.postpone(delivery, delay, crashes).await?;
                    return Ok(DeliveryOutcome::Retried);
                }
                // It had failed before, so this was another attempt.
                Closed::Adopted => {}
                Closed::Before(ending) => return self.repeat(delivery, ending).await,
            }
        }
    }

    /// Ends an attempt that was told to stop.
    async fn stopped(
        &self,
        delivery: &Delivery,
        lease: &LazyLease,
        signal: &Signal,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        match signal.reason() {
            Some(Stop::Cancelled) => {
                // Without a record there is nothing to let go: whoever comes for the step finds
                // that its run is over. From here on no lease is taken.
                lease.note_over();
                if lease.held().await.is_some() {
                    self.settle(lease, Closing::Free, drained).await?;
                } else if lease.may_be_leased().await {
                    self.give_up(&lease.step, lease.holder.clone());
                }
                answered(ACKNOWLEDGING, delivery.ack.ack()).await?;
                Ok(DeliveryOutcome::Cancelled)
            }
            Some(Stop::Drained | Stop::Alone) => self.give_back(delivery, lease, Duration::ZERO, drained).await,
            Some(Stop::Refused) => match lease.refusal().await {
                Some(refusal) => self.answer(delivery, refusal).await,
                None => Err(Broken::Lost),
            },
            Some(Stop::Lost) | None => Err(Broken::Lost),
        }
    }

    /// Gives the step back without counting an attempt, to be delivered again after `delay`.
    async fn give_back(
        &self,
        delivery: &Delivery,
        lease: &LazyLease,
        delay: Duration,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        if let Some(before) = self.settle(lease, Closing::Free, drained).await? {
            return self.repeat(delivery, before).await;
        }
        self.hand_back(delivery, delay).await?;
        Ok(DeliveryOutcome::GivenBack)
    }
}

fn panic_text(panic: Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
