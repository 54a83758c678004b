//! How long it takes to do what messages ask for.

use std::time::Duration;

use lectern_core::id::Service;
use lectern_runtime::Metrics;
use lectern_runtime::names::messaging;
use lectern_runtime::telemetry::Histogram;

use crate::port::Queue;

/// The measurements of whoever processes the messages of one destination.
#[derive(Debug, Clone)]
pub struct Processed {
    system: &'static str,
    template: String,
    took: Histogram,
}

impl Processed {
    /// Of the commands of `service` in `queue`.
    #[must_use]
    pub fn commands(queue: &dyn Queue, service: Service) -> Self {
        Self::new(queue, format!("work.{}.>", service.as_str()))
    }

    /// Of all events in `queue`.
    #[must_use]
    pub fn events(queue: &dyn Queue) -> Self {
        Self::new(queue, "events.>".to_owned())
    }

    fn new(queue: &dyn Queue, template: String) -> Self {
        let description = "How long it took to do what messages ask for.";
        let metrics = Metrics::new("lectern.queue");
        let took = metrics.histogram(messaging::PROCESS_DURATION, "s", description, &messaging::PROCESS_SECONDS);
        Self { system: queue.system(), template, took }
    }

    /// The system that carries the messages, for their spans.
    #[must_use]
    pub const fn system(&self) -> &'static str {
        self.system
    }

    /// The subject of the messages without what differs between them, for their spans.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Processing took so long; `error` says what kind of failure it ended with, of few, if with
    /// one.
    pub fn record(&self, took: Duration, error: Option<&str>) {
        let labels = [
            (messaging::SYSTEM, self.system),
            (messaging::OPERATION, messaging::PROCESS),
            (messaging::DESTINATION_TEMPLATE, self.template.as_str()),
        ];
        self.took.record_ended(took.as_secs_f64(), &labels, error);
    }
}
