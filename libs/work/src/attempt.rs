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
use crate::hold::{Closed, Hold, Standing};
use crate::isolation::{Alone, Ticket};
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

/// A hold that is kept while this is held.
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
        hold: Arc<Hold>,
        ticket: Ticket,
        drained: &CancellationToken,
        mut pass: Pass,
    ) -> Result<DeliveryOutcome, Broken> {
        let kept = &self.keep(delivery, &hold);
        let signal = &*kept.signal;
        let _running = self.cancels.enter(&hold.step, &kept.signal);
        let hold = &*hold;
        let standing = hold.standing().await;

        let place = if standing.alone {
            let crashes = standing.crashes;
            tracing::warn!(step = %hold.step, crashes, "running alone, it may have crashed a process");
            tokio::select! {
                biased;
                () = signal.token.cancelled() => return self.stopped(delivery, hold, signal, drained).await,
                () = drained.cancelled() => return self.give_back(delivery, hold, Duration::ZERO, drained).await,
                alone = self.isolation.alone(ticket) => match alone {
                    Some(alone) => Place::Alone(alone),
                    None => return self.give_back(delivery, hold, self.options.alone_later, drained).await,
                },
            }
        } else {
            Place::Among(ticket)
        };
        let result = self.handle(delivery, hold, standing, kept, drained).await;
        drop(place);
        // Work that ended well although the step was cancelled is discarded once that is known
        // here. Before, its end is written: the fence alone decides, and the conductor ignores
        // events of a run that is over.
        match (result, signal.reason()) {
            (_, Some(Stop::Lost | Stop::Cancelled | Stop::Refused)) | (None, _) => {
                self.stopped(delivery, hold, signal, drained).await
            }
            (Some(Ok(done)), Some(Stop::Drained | Stop::Alone) | None) => {
                pass.settle(Ok(()));
                self.done(delivery, hold, done, drained).await
            }
            (Some(Err(_)), Some(Stop::Drained | Stop::Alone)) => self.stopped(delivery, hold, signal, drained).await,
            (Some(Err(failure)), None) => self.failed(delivery, hold, failure, pass, drained).await,
        }
    }

    /// Keeps a step, and its command, until what is returned is dropped.
    pub(crate) fn keep(self: &Arc<Self>, delivery: &Delivery, hold: &Arc<Hold>) -> Kept {
        let signal = Arc::new(Signal::default());
        let (asked, (leased, told)) = (Arc::new(Notify::new()), watch::channel(false));
        let heartbeat = Heartbeat {
            shared: Arc::clone(self),
            hold: Arc::clone(hold),
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
        hold: &Hold,
        standing: Standing,
        kept: &Kept,
        drained: &CancellationToken,
    ) -> Option<Result<Done, Failure>> {
        let signal = &*kept.signal;
        let task = Task {
            step: hold.step.clone(),
            tenant: hold.tenant.clone(),
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
                    tracing::warn!(step = %hold.step, "handler did not stop, aborting it");
                    return None;
                }
            },
        };
        match ended {
            Ok(result) => Some(result),
            Err(error) => {
                let text = if error.is_panic() { panic_text(error.into_panic()) } else { error.to_string() };
                tracing::error!(step = %hold.step, panic = text, "handler panicked");
                Some(Err(Failure::internal(format!("the step {} panicked: {text}", hold.step))))
            }
        }
    }

    async fn done(
        &self,
        delivery: &Delivery,
        hold: &Hold,
        done: Done,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        let bytes = done.event.len();
        if bytes > MAX_EVENT_BYTES {
            let message = format!("the event of {} has {bytes} bytes and may have {MAX_EVENT_BYTES}", hold.step);
            let failure = Failure::new(Kind::DataLoss, Reason::LimitExceeded, message);
            return self.failed_for_good(delivery, hold, failure, drained).await;
        }
        let ending = Ending::done(done.event.to_vec());
        if let Some(before) = self.settle(hold, Closing::Ended(ending), drained).await? {
            return self.repeat(delivery, before).await;
        }
        self.emit(delivery, done.event).await?;
        answered(ACKNOWLEDGING, delivery.ack.ack()).await?;
        Ok(DeliveryOutcome::Done)
    }

    async fn failed(
        &self,
        delivery: &Delivery,
        hold: &Hold,
        failure: Failure,
        mut pass: Pass,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        let step = &hold.step;
        let waits = self.waits(&failure);
        // Where steps fail of what an operator has to mend, the next one tells him whether it is.
        let settles = waits || !is_for_operator(&failure);
        if settles && let Some(rest) = pass.settle(Err(&failure)) {
            tracing::warn!(%step, %failure, ?rest, "the engine is out of order, attempt not counted");
            return self.give_back(delivery, hold, rest.min(self.options.backlog_from), drained).await;
        }
        drop(pass);
        if failure.reason == Reason::PinUnavailable
            && let Some(left) = self.leave(delivery, hold, &failure, drained).await?
        {
            return Ok(left);
        }
        if waits {
            return self.hold_back(delivery, hold, &failure, drained).await;
        }
        loop {
            let Standing { attempt, crashes, .. } = hold.standing().await;
            let delay = match self.options.retry.next(&failure, attempt, &*self.random) {
                Next::Again(delay) => delay,
                Next::Exhausted => {
                    let message = format!("failed in all {attempt} attempts, the last time: {failure}");
                    let failure = Failure { reason: Reason::AttemptsExhausted, message, retry_after: None, ..failure };
                    return self.failed_for_good(delivery, hold, failure, drained).await;
                }
                Next::Final => return self.failed_for_good(delivery, hold, failure, drained).await,
            };
            tracing::warn!(%step, attempt, %failure, ?delay, "attempt failed, trying again");
            let not_before = self.clock.now().plus(delay);
            let retry = Closing::Retry { failure: failure.clone(), not_before };
            match self.close(hold, &retry, drained).await? {
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
        hold: &Hold,
        signal: &Signal,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        match signal.reason() {
            Some(Stop::Cancelled) => {
                // Without a record there is nothing to let go: whoever comes for the step finds
                // that its run is over. From here on no lease is taken.
                hold.end();
                if hold.lease().await.is_some() {
                    self.settle(hold, Closing::Free, drained).await?;
                } else if hold.may_be_leased().await {
                    self.give_up(&hold.step, hold.holder.clone());
                }
                answered(ACKNOWLEDGING, delivery.ack.ack()).await?;
                Ok(DeliveryOutcome::Cancelled)
            }
            Some(Stop::Drained | Stop::Alone) => self.give_back(delivery, hold, Duration::ZERO, drained).await,
            Some(Stop::Refused) => match hold.refusal().await {
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
        hold: &Hold,
        delay: Duration,
        drained: &CancellationToken,
    ) -> Result<DeliveryOutcome, Broken> {
        if let Some(before) = self.settle(hold, Closing::Free, drained).await? {
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
