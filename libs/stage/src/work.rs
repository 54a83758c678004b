//! Commands in, events out. The queue's worker claims, renews and commits; this decodes what it was given, and a stage's [`Perform`] does it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_blob::{Blob, Objects};
use lectern_core::id::{Service, StepId, TenantId};
use lectern_core::{Digest, Failure};
use lectern_proto::convert;
use lectern_proto::work::v1::{Command, Event, StepFailed, command::Work, event::Outcome};
use lectern_queue::worker::{Done, Handler, Task};
use lectern_runtime::Metrics;
use lectern_runtime::telemetry::Histogram;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

/// The newest layout of commands that this code reads, and that of the events it writes.
pub const SCHEMA: i32 = 1;

/// One claimed step, decoded.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which step it is.
    pub step: StepId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The objects of its scope.
    pub objects: Objects,
    /// Fires when the work should stop: cancelled, or the lease was lost.
    pub cancel: CancellationToken,
}

impl Job {
    /// Ends the work early when nobody wants it any more.
    ///
    /// # Errors
    /// `CANCELLED`.
    pub fn check(&self) -> Result<(), Failure> {
        if self.cancel.is_cancelled() {
            return Err(cancelled());
        }
        Ok(())
    }
}

/// Nobody wants the work any more.
#[must_use]
pub fn cancelled() -> Failure {
    Failure::new(
        lectern_core::Kind::Cancelled,
        lectern_core::Reason::Cancelled,
        "the narration was cancelled, or another worker took over",
    )
}

/// A temporary file that cannot be written; the step or call is tried again.
#[must_use]
pub fn no_room(error: &std::io::Error) -> Failure {
    Failure::new(
        lectern_core::Kind::Unavailable,
        lectern_core::Reason::Internal,
        format!("a temporary file cannot be written: {error}; make room in the temporary folder"),
    )
}

/// Reads a key of a command.
///
/// # Errors
/// `INTERNAL` naming the field: the conductor wrote it.
pub fn key(text: &str, field: &str) -> Result<Digest, Failure> {
    text.parse().map_err(|e| Failure::internal(format!("{field} of a command: {e}")))
}

/// Refuses a pin that is not this version's: the result's key would lie about what made it.
///
/// # Errors
/// `WRONG_STATE`; a retry pins anew.
pub fn same_pin(pinned: &str, own: &str) -> Result<(), Failure> {
    if pinned == own {
        return Ok(());
    }
    Err(Failure::new(
        lectern_core::Kind::FailedPrecondition,
        lectern_core::Reason::WrongState,
        format!(
            "the narration is pinned to {pinned}, and this installation now has {own}; retry it to go on with that"
        ),
    ))
}

/// What a stage does.
#[async_trait]
pub trait Perform: Send + Sync + 'static {
    /// Which stage it is.
    fn service(&self) -> Service;

    /// The noun that its events are about: `document`, `script` or `recording`.
    fn noun(&self) -> &'static str;

    /// Does a step's work and says how it ended. A result that is there already is found and not made again.
    async fn perform(&self, job: &Job, work: Work) -> Result<Outcome, Failure>;
}

/// Ends of the buckets of [`Stage`]'s durations, in seconds.
const SECONDS: [f64; 12] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];

/// A stage's work, as the queue's worker runs it.
#[derive(Debug)]
pub struct Stage<P> {
    perform: P,
    blob: Arc<dyn Blob>,
    took: Histogram,
}

impl<P: Perform> Stage<P> {
    /// The stage that does `perform` on the objects in `blob`.
    #[must_use]
    pub fn new(perform: P, blob: Arc<dyn Blob>) -> Self {
        let took = Metrics::new("lectern.stage").histogram(
            "lectern.step.duration",
            "s",
            "How long attempts at steps took, by kind of step and result.",
            &SECONDS,
        );
        Self { perform, blob, took }
    }

    async fn decoded(&self, task: &Task, command: Command) -> Result<Bytes, Failure> {
        let step = task.step.clone();
        let wrong = |what: &str| Failure::internal(format!("the command of {step} {what}"));
        let tenant: TenantId = command.tenant.parse().map_err(|_| wrong("names no tenant"))?;
        let scope = command.scope.parse().map_err(|_| wrong("names no scope"))?;
        let work = command.work.ok_or_else(|| wrong("says nothing to do"))?;
        let objects = Objects::new(Arc::clone(&self.blob), &tenant, &scope);
        let job = Job { step: step.clone(), tenant: tenant.clone(), objects, cancel: task.cancel.clone() };
        let outcome = self.perform.perform(&job, work).await?;
        Ok(event(&step, &tenant, outcome))
    }
}

fn event(step: &StepId, tenant: &TenantId, outcome: Outcome) -> Bytes {
    let event = Event { schema: SCHEMA, step: step.to_string(), tenant: tenant.to_string(), outcome: Some(outcome) };
    event.encode_to_vec().into()
}

#[async_trait]
impl<P: Perform> Handler for Stage<P> {
    fn service(&self) -> Service {
        self.perform.service()
    }

    fn tenant(&self, command: &Bytes) -> Option<TenantId> {
        let command = Command::decode(command.clone()).ok()?;
        // A kind of work that this version does not know is decoded as none.
        let known = command.schema <= SCHEMA && command.work.is_some();
        known.then(|| command.tenant.parse().ok()).flatten()
    }

    async fn handle(&self, task: &Task, command: Bytes) -> Result<Done, Failure> {
        let command = Command::decode(command)
            .map_err(|e| Failure::internal(format!("the command of {} cannot be decoded: {e}", task.step)))?;
        let began = tokio::time::Instant::now();
        let made = self.decoded(task, command).await;
        let result = made.as_ref().map_or_else(|failure| failure.reason.as_str(), |_| "done");
        self.took.record(began.elapsed().as_secs_f64(), &[("kind", task.step.kind.as_str()), ("result", result)]);
        let event = made?;
        Ok(Done { event, result: None })
    }

    fn failed(&self, step: &StepId, command: &Bytes, failure: &Failure) -> Bytes {
        // The tenant is only for people who read the event; a command that cannot be decoded names none.
        let tenant = Command::decode(command.clone()).map(|command| command.tenant).unwrap_or_default();
        let failed = StepFailed { failure: Some(convert::failure_to_wire(failure, Some(step))) };
        let event = Event { schema: SCHEMA, step: step.to_string(), tenant, outcome: Some(Outcome::Failed(failed)) };
        event.encode_to_vec().into()
    }

    fn event_subject(&self, step: &StepId) -> (&'static str, String) {
        (self.perform.noun(), step.narration.to_string())
    }
}
