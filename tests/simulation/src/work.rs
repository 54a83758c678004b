//! The simulated stages: they find, pay for and put objects as the real ones do, by the same names,
//! with nothing in them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::id::Service;
use lectern_core::random::SeededRandom;
use lectern_core::{Digest, Failure, Kind, Random, Reason};
use lectern_proto::work::v1::{
    AssembleRecording, Assembled, Extracted, File, Planned, RecordSection, Recorded, Written, command::Work,
    event::Outcome,
};
use lectern_stage::work::key;
use lectern_stage::{Job, Perform};
use tokio::time::Instant;

use crate::objects;
use crate::observer::Observer;
use crate::plan::{Plan, Poison, SCRIPT_ENGINE, SPEECH_ENGINE};
use crate::process::Process;
use crate::writer::PaidWriter;

/// What panics on purpose says so; every other panic is a defect.
pub const PANIC: &str = "poison of the simulation";

/// How long a step takes that takes long, in seconds: longer than a heartbeat, and than it may go
/// on when it is cancelled.
const LONG: u32 = 15;

/// A simulated stage.
#[derive(Debug)]
pub struct Simulated {
    service: Service,
    process: Arc<Process>,
    plan: Arc<Plan>,
    observer: Arc<Observer>,
    start: Instant,
    chance: SeededRandom,
    writer: Option<PaidWriter>,
}

impl Simulated {
    /// The stage `service` in `process`; the world began at `start`. Scripts cost money where there
    /// is a `writer`.
    pub fn new(
        service: Service,
        process: Arc<Process>,
        plan: Arc<Plan>,
        observer: Arc<Observer>,
        start: Instant,
        seed: u64,
        writer: Option<PaidWriter>,
    ) -> Self {
        Self { service, process, plan, observer, start, chance: SeededRandom::new(seed), writer }
    }

    /// The object at `path`, paid for and put if it is not there.
    async fn make(&self, job: &Job, path: &str, engine: Option<&str>, content: String) -> Result<(), Failure> {
        let objects = &job.objects;
        if objects.find(path).await?.is_some() {
            return Ok(());
        }
        if let Some(engine) = engine {
            job.before_payment().await?;
            // Somebody else may have put it before the lease was taken.
            if objects.find(path).await?.is_some() {
                return Ok(());
            }
            self.pay(path, engine).await?;
        }
        objects.write(path, content).await?;
        Ok(())
    }

    /// The engine that is yet to be paid for the part of a script at `path`, whose key is `result`:
    /// none where a writer has bought its answers to these questions, one after the other.
    async fn write(
        &self,
        job: &Job,
        path: &str,
        result: &Digest,
        questions: &[String],
    ) -> Result<Option<&'static str>, Failure> {
        let Some(writer) = &self.writer else { return Ok(Some(SCRIPT_ENGINE)) };
        if job.objects.find(path).await?.is_none() {
            for question in questions {
                writer.ask(job, result, question).await?;
            }
            job.check()?;
        }
        Ok(None)
    }

    async fn pay(&self, path: &str, engine: &str) -> Result<(), Failure> {
        let longest = u64::try_from(self.plan.engine.as_millis()).unwrap_or(u64::MAX);
        let takes = Duration::from_millis(10 + self.chance.below(longest));
        let call = async {
            let now = self.start.elapsed();
            if let Some(outage) = self.plan.outage(engine, now) {
                self.process.trace.count("failed engine calls");
                let away = format!("the engine {engine} is away");
                return Err(if outage.limits {
                    let wait = outage.until.saturating_sub(now).min(Duration::from_secs(10));
                    Failure::new(Kind::ResourceExhausted, Reason::EngineLimited, away).after(wait)
                } else {
                    Failure::new(Kind::Unavailable, Reason::EngineUnavailable, away)
                });
            }
            self.observer.pays(&self.process.name, path);
            tokio::time::sleep(takes).await;
            Ok(())
        };
        self.process.call("engine", engine, call).await
    }

    async fn record(&self, job: &Job, work: &RecordSection) -> Result<Outcome, Failure> {
        let folder = job.objects.folder();
        let path = folder.track(&key(&work.track_key, "track_key")?);
        if job.objects.find(&path).await?.is_none() {
            let section = key(&work.section_key, "section_key")?;
            job.objects.read(&folder.section(&section)).await?;
            let segments = objects::segments(&job.tenant, &section, work.delivery.as_ref());
            let spoken = segments.iter().map(|segment| {
                let path = folder.segment(segment);
                async move { self.make(job, &path, Some(SPEECH_ENGINE), format!("{path} is spoken")).await }
            });
            futures::future::try_join_all(spoken).await?;
            job.check()?;
            job.objects.write(&path, format!("track of {section}")).await?;
        }
        Ok(Outcome::Recorded(Recorded { sample_rate_hertz: 24_000, sample_count: 24_000, ..Recorded::default() }))
    }

    async fn assemble(&self, job: &Job, work: &AssembleRecording) -> Result<Outcome, Failure> {
        let folder = job.objects.folder();
        let plan = key(&work.plan_key, "plan_key")?;
        for index in 0..u32::try_from(work.section_count).unwrap_or(0) {
            let track = objects::track(&job.tenant, &plan, index, work.delivery.as_ref());
            job.objects.read(&folder.track(&track)).await?;
        }
        job.check()?;
        let bytes = format!("recording {}", work.recording_key);
        let recording = key(&work.recording_key, "recording_key")?;
        let path = folder.artifact(&job.step.narration, job.step.run, &recording, objects::FILE);
        self.make(job, &path, None, bytes.clone()).await?;
        let file = File {
            name: objects::FILE.to_owned(),
            mime_type: "audio/wav".to_owned(),
            size_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            sha256: Digest::of(bytes.as_bytes()).to_string(),
        };
        Ok(Outcome::Assembled(Assembled { sample_rate_hertz: 24_000, sample_count: 24_000, files: vec![file] }))
    }

    async fn work(&self, job: &Job, work: Work) -> Result<Outcome, Failure> {
        let folder = job.objects.folder();
        match work {
            Work::ExtractDocument(work) => {
                let path = folder.content(&key(&work.content_key, "content_key")?);
                let sections = self.plan.order(&job.step.narration).map_or(1, |order| order.sections);
                self.make(job, &path, None, sections.to_string()).await?;
                Ok(Outcome::Extracted(Extracted { language_code: "en".to_owned(), word_count: 100 }))
            }
            Work::PlanScript(work) => {
                let content = job.objects.read(&folder.content(&key(&work.content_key, "content_key")?)).await?;
                let section_count =
                    String::from_utf8_lossy(&content).parse().map_err(|e| Failure::internal(format!("{e}")))?;
                let result = key(&work.plan_key, "plan_key")?;
                let path = folder.plan(&result);
                let engine = self.write(job, &path, &result, &["plan".to_owned()]).await?;
                self.make(job, &path, engine, format!("{section_count} sections")).await?;
                Ok(Outcome::Planned(Planned {
                    section_count,
                    word_count: 100,
                    title: "A".to_owned(),
                    ..Planned::default()
                }))
            }
            Work::WriteSection(work) => {
                job.objects.read(&folder.plan(&key(&work.plan_key, "plan_key")?)).await?;
                let result = key(&work.section_key, "section_key")?;
                let path = folder.section(&result);
                let questions = ["write", "addition"].map(|what| format!("section {} {what} 1", work.index));
                let engine = self.write(job, &path, &result, &questions).await?;
                self.make(job, &path, engine, format!("section {}", work.index)).await?;
                if work.index == 0 && self.plan.order(&job.step.narration).is_some_and(|order| order.long) {
                    for _ in 0..LONG {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        self.observer.at_work(&self.process, &job.step);
                    }
                }
                Ok(Outcome::Written(Written { utterance_count: 1, ..Written::default() }))
            }
            Work::RecordSection(work) => self.record(job, &work).await,
            Work::AssembleRecording(work) => self.assemble(job, &work).await,
        }
    }
}

#[async_trait]
impl Perform for Simulated {
    fn service(&self) -> Service {
        self.service
    }

    async fn perform(&self, job: &Job, work: Work) -> Result<Outcome, Failure> {
        match self.plan.poison(&job.step) {
            Some(Poison::Panics) => {
                self.process.trace.count("poison: panics");
                std::panic::panic_any(PANIC)
            }
            Some(Poison::Kills) => {
                self.process.trace.count("poison: kills its process");
                self.process.die().await;
            }
            Some(Poison::Fails) => {
                self.process.trace.count("poison: fails for good");
                return Err(Failure::new(Kind::FailedPrecondition, Reason::WrongState, "poison"));
            }
            Some(Poison::Damaged) | None => {}
        }
        let outcome = Box::pin(self.work(job, work)).await;
        if let Err(failure) = &outcome {
            self.process.trace.note(&self.process.name, format_args!("{} failed: {failure}", job.step));
            // A step that waits for its budget loses no attempt.
            if failure.reason != Reason::BudgetExhausted {
                self.observer.attempt_failed(&job.step);
            }
        }
        outcome
    }
}
