//! A queue over another one that tells of the messages that are given to it and taken from it: a
//! span for each that is given and belongs to a trace, and counts and times of all. Nothing of what
//! a message says is told.
//!
//! The span that gives a message is the parent of the one that processes it, so that a narration is
//! one trace. Taking messages has no span: a request for some waits until there are any, and they
//! belong to different traces.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::{Service, StepId};
use lectern_runtime::Metrics;
use lectern_runtime::names::{messaging, span};
use lectern_runtime::telemetry::{Counter, Histogram, current_traceparent, in_trace, set_parent};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::dead_letter::DeadLetter;
use crate::error::QueueError;
use crate::layer::Layer;
use crate::port::{Delivery, EventDelivery, Message, Published, Queue};
use crate::subject::Subjects;

/// A queue that tells of its messages.
#[derive(Debug)]
pub(crate) struct Traced {
    below: Arc<dyn Queue>,
    system: &'static str,
    subjects: Subjects,
    took: Histogram,
    sent: Counter,
    consumed: Counter,
}

/// Where messages go, or come from.
struct Destination {
    /// As spans are named after it: `work.tts`.
    short: String,
    /// Its subject, with ids.
    subject: String,
}

impl Destination {
    /// The subject without what differs between messages.
    fn template(&self) -> String {
        format!("{}.>", self.short)
    }
}

impl Traced {
    /// Over `below`, a queue whose subjects have this prefix.
    pub(crate) fn over(below: Arc<dyn Queue>, prefix: &str) -> Self {
        let metrics = Metrics::new("lectern.queue");
        Self {
            system: below.system(),
            below,
            subjects: Subjects::new(prefix),
            took: metrics.histogram(
                messaging::OPERATION_DURATION,
                "s",
                "How long it took to give a message to the queue, until it was stored.",
                &messaging::SECONDS,
            ),
            sent: metrics.counter(messaging::SENT, "{message}", "Messages that were given to the queue."),
            consumed: metrics.counter(messaging::CONSUMED, "{message}", "Messages that were taken from the queue."),
        }
    }

    /// Gives a message to the queue by `send`, which is told the trace that goes with it: that of
    /// the span that gives it, in place of the one that it belonged to.
    async fn send<T, F>(
        &self,
        to: Destination,
        bytes: usize,
        traceparent: Option<String>,
        send: impl FnOnce(Option<String>) -> F + Send,
    ) -> Result<T, QueueError>
    where
        F: Future<Output = Result<T, QueueError>> + Send,
    {
        let span = if traceparent.is_some() || in_trace() { self.begin(&to, bytes) } else { Span::none() };
        if let Some(parent) = &traceparent {
            set_parent(&span, parent);
        }
        let traceparent = span.in_scope(current_traceparent).or(traceparent);
        let began = Instant::now();
        let result = send(traceparent).instrument(span.clone()).await;
        let template = to.template();
        let labels = [
            (messaging::SYSTEM, self.system),
            (messaging::OPERATION, messaging::PUBLISH),
            (messaging::DESTINATION_TEMPLATE, template.as_str()),
        ];
        let error = result.as_ref().err().map(error_type);
        self.took.record_ended(began.elapsed().as_secs_f64(), &labels, error);
        self.sent.add_ended(1, &labels, error);
        if let Some(error) = error {
            span.record(span::ERROR_TYPE, error);
            span.record(span::STATUS, span::ERROR);
        }
        result
    }

    fn begin(&self, to: &Destination, bytes: usize) -> Span {
        tracing::info_span!(
            "publish",
            { span::NAME } = format!("{} {}", messaging::PUBLISH, to.short),
            { span::KIND } = span::PRODUCER,
            { span::STATUS } = Empty,
            { span::ERROR_TYPE } = Empty,
            { messaging::SYSTEM } = self.system,
            { messaging::OPERATION } = messaging::PUBLISH,
            { messaging::OPERATION_TYPE } = messaging::SEND,
            { messaging::DESTINATION } = to.subject,
            { messaging::DESTINATION_TEMPLATE } = to.template(),
            { messaging::BODY_SIZE } = i64::try_from(bytes).unwrap_or(i64::MAX),
        )
    }

    /// Counts messages that were taken.
    fn took_from(&self, template: &str, count: usize) {
        if count > 0 {
            let labels = [
                (messaging::SYSTEM, self.system),
                (messaging::OPERATION, messaging::RECEIVE),
                (messaging::DESTINATION_TEMPLATE, template),
            ];
            self.consumed.add(u64::try_from(count).unwrap_or(u64::MAX), &labels);
        }
    }
}

/// The kind of an error, of few.
const fn error_type(error: &QueueError) -> &'static str {
    match error {
        QueueError::Full { .. } => "full",
        QueueError::TooLarge { .. } => "too_large",
        QueueError::Unreachable { .. } => "unreachable",
        QueueError::Refused { .. } => "refused",
        QueueError::Forbidden { .. } => "forbidden",
        QueueError::Missing { .. } => "missing",
        QueueError::Damaged { .. } => "damaged",
    }
}

#[async_trait]
impl Layer for Traced {
    fn below(&self) -> &dyn Queue {
        &*self.below
    }

    async fn publish(&self, step: &StepId, message: Message) -> Result<Published, QueueError> {
        let to =
            Destination { short: format!("work.{}", step.kind.service().as_str()), subject: self.subjects.work(step) };
        let Message { payload, traceparent } = message;
        let send = |traceparent| self.below.publish(step, Message { payload: payload.clone(), traceparent });
        self.send(to, payload.len(), traceparent, send).await
    }

    async fn pull(&self, service: Service, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let deliveries = self.below.pull(service, most, wait).await?;
        self.took_from(&format!("work.{}.>", service.as_str()), deliveries.len());
        Ok(deliveries)
    }

    async fn emit(&self, noun: &str, id: &str, message: Message) -> Result<(), QueueError> {
        let to = Destination { short: format!("events.{noun}"), subject: self.subjects.event(noun, id) };
        let Message { payload, traceparent } = message;
        let send = |traceparent| self.below.emit(noun, id, Message { payload: payload.clone(), traceparent });
        self.send(to, payload.len(), traceparent, send).await
    }

    async fn events(&self, group: &str, max: usize, wait: Duration) -> Result<Vec<EventDelivery>, QueueError> {
        let events = self.below.events(group, max, wait).await?;
        self.took_from("events.>", events.len());
        Ok(events)
    }

    fn may_be_left(&self) -> bool {
        self.below.may_be_left()
    }

    async fn bury(&self, letter: DeadLetter) -> Result<(), QueueError> {
        let to = Destination {
            short: format!("dead.{}", letter.step.kind.service().as_str()),
            subject: self.subjects.dead(&letter.step),
        };
        // Whoever reads it is told the trace of the step, and not that of its burial.
        let (bytes, traceparent) = (letter.command.len(), letter.traceparent.clone());
        self.send(to, bytes, traceparent, |_| self.below.bury(letter)).await
    }
}

#[cfg(test)]
mod tests;
