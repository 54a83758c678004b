//! Commands in, events out. The worker sees to it that each step ends once; this decodes what it
//! was given, and a stage's [`Perform`] does it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_blob::{Blob, Objects};
use lectern_core::id::{ScopeId, Service, StepId, TenantId};
use lectern_core::pin::engine_name;
use lectern_core::{Clock, Digest, Failure};
use lectern_proto::work::v1::{Command, Delivery, Event, StepFailed, command::Work, event::Outcome};
use lectern_proto::{convert, names};
use lectern_queue::Queue;
use lectern_runtime::Metrics;
use lectern_runtime::telemetry::Histogram;
use lectern_work::{Done, Handler, Payment, Reading, Task};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::progress::Progress;
use crate::prune;

/// The layout of commands that this code reads, and of the events it writes. Earlier layouts were
/// never released and are refused as a whole: they decode, to what nobody meant. In layout 1 the
/// field of a failure was another message, and voices had other names; layout 2 had no selections,
/// and its events did not say how much of a section was there already; layout 3 had no direction of
/// a writer and no cast, layout 4 no edits of a script, layout 5 one voice for all of it.
pub const SCHEMA: i32 = 6;

/// One step at work, decoded.
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
    /// Tells how far the work is.
    pub progress: Progress,
    /// Gets the lease of the step before it pays for anything.
    pub payment: Payment,
}

impl Job {
    /// Tells whoever watches that so many milliseconds of audio are joined and encoded; see
    /// [`Progress::assembled`].
    pub fn assembled(&self, millis: u64) {
        self.progress.assembled(&self.step, millis);
    }

    /// To be called before a call that costs money; see [`Task::before_payment`].
    ///
    /// # Errors
    /// `CANCELLED`.
    pub async fn before_payment(&self) -> Result<(), Failure> {
        self.payment.wait(&self.cancel).await
    }

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
/// `PIN_UNAVAILABLE`, upon which the worker leaves the step to a replica that may have the version,
/// and the gateway pins the narration anew where none has.
pub fn same_pin(pinned: &str, own: &str) -> Result<(), Failure> {
    if pinned == own { Ok(()) } else { Err(pin_unavailable(pinned, own)) }
}

/// A step is pinned to what this version does not have, in the same words for the same pin and
/// version, by which the worker knows it again.
#[must_use]
pub fn pin_unavailable(pinned: &str, own: &str) -> Failure {
    Failure::new(
        lectern_core::Kind::FailedPrecondition,
        lectern_core::Reason::PinUnavailable,
        format!("the step is pinned to {pinned}, this service has {own}; a retry of the narration pins it to that"),
    )
}

/// What a stage does.
#[async_trait]
pub trait Perform: Send + Sync + 'static {
    /// Which stage it is.
    fn service(&self) -> Service;

    /// Does a step's work and says how it ended. A result that is there already is found and not
    /// made again.
    async fn perform(&self, job: &Job, work: Work) -> Result<Outcome, Failure>;
}

/// Ends of the buckets of [`Stage`]'s durations, in seconds.
const SECONDS: [f64; 12] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];

/// A stage's work, as the worker runs it.
#[derive(Debug)]
pub struct Stage<P> {
    perform: P,
    blob: Arc<dyn Blob>,
    telling: Option<(Arc<dyn Queue>, Arc<dyn Clock>)>,
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
        Self { perform, blob, telling: None, took }
    }

    /// The same stage, whose jobs tell over `queue` how far they are, by the time of `clock`.
    /// Without it they tell nobody.
    #[must_use]
    pub fn telling(self, queue: Arc<dyn Queue>, clock: Arc<dyn Clock>) -> Self {
        Self { telling: Some((queue, clock)), ..self }
    }

    async fn decoded(&self, task: &Task, command: Command) -> Result<Bytes, Failure> {
        let step = task.step.clone();
        let wrong = |what: &str| Failure::internal(format!("the command of {step} {what}"));
        let tenant: TenantId = command.tenant.parse().map_err(|_| wrong("names no tenant"))?;
        let scope = command.scope.parse().map_err(|_| wrong("names no scope"))?;
        let work = command.work.ok_or_else(|| wrong("says nothing to do"))?;
        let objects = Objects::new(Arc::clone(&self.blob), &tenant, &scope);
        let telling = self.telling.clone();
        let progress = telling.map_or_else(Progress::default, |(queue, clock)| Progress::new(queue, clock));
        let job = Job {
            step: step.clone(),
            tenant: tenant.clone(),
            objects,
            cancel: task.cancel.clone(),
            progress,
            payment: task.payment.clone(),
        };
        // Dropping the work stops it at its next await: no call is begun and no object put after a
        // cancel. What was put stays.
        let perform = async {
            // What ingest makes is never pruned.
            if self.perform.service() != Service::Ingest {
                prune::wait(&job.objects).await?;
            }
            self.perform.perform(&job, work).await
        };
        let performed = task.cancel.run_until_cancelled(perform).await;
        let outcome = performed.ok_or_else(cancelled)??;
        Ok(event(&step, &tenant, outcome))
    }
}

fn event(step: &StepId, tenant: &TenantId, outcome: Outcome) -> Bytes {
    let event = Event { schema: SCHEMA, step: step.to_string(), tenant: tenant.to_string(), outcome: Some(outcome) };
    event.encode_to_vec().into()
}

/// What a command says of itself.
fn read(bytes: &Bytes) -> Reading {
    let unreadable = |what: &str| Reading::Unreadable(what.to_owned());
    let command = match Command::decode(bytes.clone()) {
        Ok(command) => command,
        Err(error) => return Reading::Unreadable(format!("cannot be decoded: {error}")),
    };
    if command.schema > SCHEMA {
        return Reading::Newer;
    }
    if command.schema < 1 {
        return unreadable("names no layout");
    }
    if command.schema < SCHEMA {
        let schema = command.schema;
        return Reading::Unreadable(format!(
            "has layout {schema}, and this version reads {SCHEMA} alone, so the narration must be retried"
        ));
    }
    let Some(work) = &command.work else {
        // A kind of work that this version does not know is decoded as none, and its bytes are left
        // out.
        return if command.encoded_len() < bytes.len() { Reading::Newer } else { unreadable("says nothing to do") };
    };
    let Ok(tenant) = command.tenant.parse() else { return unreadable("names no tenant") };
    if command.scope.parse::<ScopeId>().is_err() {
        return unreadable("names no scope");
    }
    Reading::For { tenant, engine: engine(work) }
}

/// The engine that a work needs: of what writes by the name of its writer, or, where none is named,
/// by its pin (`extractive` of `extractive/1`); of what speaks by the voice of its first speaker
/// (`local` of `engines/local/voices/heart`).
fn engine(work: &Work) -> Option<String> {
    let name = match work {
        Work::ExtractDocument(_) => None,
        Work::PlanScript(plan) => Some(engine_name(&plan.writer, &plan.engine)),
        Work::WriteSection(write) => Some(engine_name(&write.writer, &write.engine)),
        Work::RecordSection(record) => spoken(record.delivery.as_ref()),
        Work::AssembleRecording(assemble) => spoken(assemble.delivery.as_ref()),
    };
    name.filter(|name| !name.is_empty()).map(str::to_owned)
}

fn spoken(delivery: Option<&Delivery>) -> Option<&str> {
    // One whose voice is no name is not held up by any engine; the step says what is wrong with it.
    let first = delivery?.speakers.first()?.voice.as_ref()?;
    names::voice(&first.voice, "voice").ok().map(|(engine, _)| engine)
}

#[async_trait]
impl<P: Perform> Handler for Stage<P> {
    fn service(&self) -> Service {
        self.perform.service()
    }

    fn read(&self, command: &Bytes) -> Reading {
        read(command)
    }

    async fn handle(&self, task: &Task, command: Bytes) -> Result<Done, Failure> {
        let command = Command::decode(command)
            .map_err(|e| Failure::internal(format!("the command of {} cannot be decoded: {e}", task.step)))?;
        let began = tokio::time::Instant::now();
        let made = self.decoded(task, command).await;
        let result = made.as_ref().map_or_else(|failure| failure.reason.as_str(), |_| "done");
        self.took.record(began.elapsed().as_secs_f64(), &[("kind", task.step.kind.as_str()), ("result", result)]);
        let event = made?;
        Ok(Done { event })
    }

    fn failed(&self, step: &StepId, command: &Bytes, failure: &Failure) -> Bytes {
        // The tenant is only for people who read the event; a command that cannot be decoded names
        // none.
        let tenant = Command::decode(command.clone()).map(|command| command.tenant).unwrap_or_default();
        let failed = StepFailed { failure: Some(convert::failure_to_wire(failure, Some(step))) };
        let event = Event { schema: SCHEMA, step: step.to_string(), tenant, outcome: Some(Outcome::Failed(failed)) };
        event.encode_to_vec().into()
    }
}

#[cfg(test)]
mod tests {
    use lectern_proto::work::v1::{
        ExtractDocument, PinnedSpeaker, PinnedVoice, PlanScript, RecordSection, WriteSection,
    };

    use super::*;

    fn command(work: Option<Work>) -> Command {
        let (step, tenant) = ("n/1/plan/0".to_owned(), "t".to_owned());
        Command { schema: SCHEMA, step, tenant, scope: SCOPE.to_owned(), work }
    }

    const SCOPE: &str = "documents-d";

    fn plan() -> Command {
        let plan = PlanScript { engine: "extractive/1".to_owned(), ..PlanScript::default() };
        command(Some(Work::PlanScript(plan)))
    }

    fn read(command: &Command) -> Reading {
        super::read(&command.encode_to_vec().into())
    }

    #[test]
    fn engines_are_named_as_their_writers_and_else_as_in_the_pins() {
        let spoken = |voice: &str| {
            let voice = Some(PinnedVoice { voice: voice.to_owned(), ..PinnedVoice::default() });
            let speakers = vec![PinnedSpeaker { voice, ..PinnedSpeaker::default() }];
            let delivery = Delivery { speakers, ..Delivery::default() };
            let record = RecordSection { delivery: Some(delivery), ..RecordSection::default() };
            command(Some(Work::RecordSection(record)))
        };
        let written = |writer: &str| {
            let (engine, writer) = ("openai/model+prompts/1".to_owned(), writer.to_owned());
            command(Some(Work::WriteSection(WriteSection { engine, writer, ..WriteSection::default() })))
        };
        let extract = command(Some(Work::ExtractDocument(ExtractDocument::default())));
        for (command, expected) in [
            (plan(), Some("extractive")),
            (written("own"), Some("own")),
            (written(""), Some("openai")),
            (spoken("engines/local/voices/heart"), Some("local")),
            (spoken("voices/local/heart"), None),
            (extract, None),
        ] {
            let engine = expected.map(str::to_owned);
            assert_eq!(read(&command), Reading::For { tenant: "t".parse().unwrap(), engine });
        }
    }

    #[test]
    fn a_pin_of_another_version_is_refused_with_a_reason_of_its_own_in_the_same_words() {
        assert_eq!(same_pin("extractive/1", "extractive/1"), Ok(()));
        let refused = same_pin("extractive/1", "extractive/2").expect_err("another version");
        assert_eq!(refused.reason, lectern_core::Reason::PinUnavailable);
        assert!(!refused.kind.retryable(), "no attempt is spent on it");
        assert!(refused.message.contains("extractive/1") && refused.message.contains("extractive/2"), "{refused}");
        assert_eq!(same_pin("extractive/1", "extractive/2"), Err(refused));
    }

    #[test]
    fn a_layout_that_is_read_no_more_says_that_the_narration_is_to_be_retried() {
        let Reading::Unreadable(why) = read(&Command { schema: SCHEMA - 1, ..plan() }) else {
            panic!("an older layout was read")
        };
        let layout = format!("layout {}", SCHEMA - 1);
        assert!(why.contains(&layout) && why.contains("must be retried"), "{why}");
    }

    #[test]
    fn what_is_newer_is_told_from_what_is_damaged() {
        assert_eq!(read(&Command { schema: SCHEMA + 1, ..command(None) }), Reading::Newer);
        // A kind of work with a number of its own: field 99, two bytes.
        let mut unknown = command(None).encode_to_vec();
        unknown.extend([0x9a, 0x06, 0x02, 0x08, 0x01]);
        assert_eq!(super::read(&unknown.into()), Reading::Newer);
        for damaged in [
            command(None),
            Command { tenant: "not a tenant".to_owned(), ..plan() },
            Command { scope: "not/a scope".to_owned(), ..plan() },
            Command { schema: 0, ..plan() },
        ] {
            assert!(matches!(read(&damaged), Reading::Unreadable(_)), "{damaged:?}");
        }
        assert!(matches!(super::read(&Bytes::from_static(b"\xff\xffgarbage")), Reading::Unreadable(_)));
        assert!(matches!(super::read(&Bytes::new()), Reading::Unreadable(_)));
    }
}
