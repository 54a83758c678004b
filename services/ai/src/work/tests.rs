//! Steps by the engine that they are pinned to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lectern_blob::Objects;
use lectern_blob::memory::MemoryBlob;
use lectern_core::content::document::{Block, BlockKind, Content, Matter};
use lectern_core::content::script::{Plan, Section};
use lectern_core::content::{document, script};
use lectern_core::{Clock, Digest, ScriptPin, SystemClock, Timestamp};
use lectern_proto::v1 as api;
use lectern_proto::work::v1::{PlanScript, WriteSection};
use lectern_provider::{Attempt, MicroUsd};
use lectern_stage::Progress;
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use lectern_work::Payment;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::Config;
use crate::engine::{Capabilities, DEFAULT_WRITER, Estimate, Extractive, ScriptEngine, Writer, Writing};

/// A step at work, with the objects of a scope of its own.
pub(super) fn job() -> Job {
    let (tenant, scope) = ("acme".parse().unwrap(), "d1".parse().unwrap());
    Job {
        step: "n/1/plan/0".parse().unwrap(),
        objects: Objects::new(Arc::new(MemoryBlob::new(Arc::new(SystemClock))), &tenant, &scope),
        tenant,
        cancel: CancellationToken::new(),
        progress: Progress::default(),
        payment: Payment::default(),
    }
}

/// The extractive engine under another pin, which counts what it is asked for and keeps an answer
/// each time.
#[derive(Debug)]
struct Counting {
    engine: Extractive,
    asked: AtomicUsize,
}

impl Counting {
    async fn ask(&self, work: &Writing<'_>) -> Result<(), Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let key = work.answers.key(&[b"prompt"]);
        work.answers.before_payment().await?;
        work.answers.keep(&key, "an answer".into()).await
    }
}

#[async_trait]
impl ScriptEngine for Counting {
    fn pin(&self) -> &ScriptPin {
        self.engine.pin()
    }

    fn capabilities(&self) -> &Capabilities {
        self.engine.capabilities()
    }

    async fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }

    async fn estimate(&self, work: &Writing<'_>, now: Timestamp) -> Result<Estimate, Failure> {
        self.engine.estimate(work, now).await
    }

    async fn plan(&self, work: &Writing<'_>) -> Result<Plan, Failure> {
        self.ask(work).await?;
        self.engine.plan(work).await
    }

    async fn write(&self, work: &Writing<'_>, plan: &Plan, index: u32) -> Result<Section, Failure> {
        self.ask(work).await?;
        self.engine.write(work, plan, index).await
    }
}

fn key(what: &str) -> String {
    Digest::of(what.as_bytes()).to_string()
}

fn plan(engine: &str) -> Work {
    Work::PlanScript(PlanScript {
        content_key: key("content"),
        style: api::Style::Narration.into(),
        engine: engine.to_owned(),
        plan_key: key("plan"),
        ..PlanScript::default()
    })
}

fn write(engine: &str) -> Work {
    Work::WriteSection(WriteSection {
        content_key: key("content"),
        plan_key: key("plan"),
        index: 0,
        engine: engine.to_owned(),
        section_key: key("section"),
        ..WriteSection::default()
    })
}

/// A cashier of writers that cost nothing.
fn cashier() -> Cashier {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    crate::payments::cashier(&Config::default(), &store, &clock).unwrap()
}

/// A job whose document is there, the stage of two writers, and the second of them.
async fn world() -> (Job, Scripts, Arc<Counting>) {
    let job = job();
    let block = Block {
        id: 0,
        kind: BlockKind::Paragraph,
        text: "Salt is old.".to_owned(),
        page: None,
        page_end: None,
        confidence: 1.0,
        language: None,
        matter: Matter::Body,
        spans: Vec::new(),
    };
    let content = Content {
        schema: document::SCHEMA,
        title: Some("Salt".to_owned()),
        authors: Vec::new(),
        language: "en".to_owned(),
        media_type: "text/plain".to_owned(),
        extractor: "text/1".to_owned(),
        pages: None,
        blocks: vec![block],
        warnings: Vec::new(),
    };
    let path = job.objects.folder().content(&Digest::of(b"content"));
    job.objects.write_json(&path, &content).await.unwrap();
    let engine = Extractive::pinned(ScriptPin::new("counting", 1));
    let counting = Arc::new(Counting { engine, asked: AtomicUsize::new(0) });
    let writers = vec![
        Writer { name: DEFAULT_WRITER.to_owned(), engine: Arc::new(Extractive::new()) },
        Writer { name: "counting".to_owned(), engine: Arc::clone(&counting) as _ },
    ];
    (job, Scripts::new(Engines::new(writers, DEFAULT_WRITER).unwrap(), cashier()), counting)
}

#[tokio::test]
async fn a_step_is_done_by_the_engine_that_it_is_pinned_to_and_once() {
    let (job, stage, counting) = world().await;
    for _ in 0..2 {
        let Outcome::Planned(planned) = stage.perform(&job, plan("counting/1")).await.unwrap() else {
            panic!("a plan ends as planned")
        };
        assert_eq!((planned.section_count, planned.title.as_str()), (1, "Salt"));
        let Outcome::Written(written) = stage.perform(&job, write("counting/1")).await.unwrap() else {
            panic!("a section ends as written")
        };
        assert_eq!(written.utterance_count, 1);
    }
    assert_eq!(counting.asked.load(Ordering::SeqCst), 2, "what is there is not made again");
    let folder = job.objects.folder();
    for result in ["plan", "section"] {
        let result = Digest::of(result.as_bytes());
        let answer = folder.answer(&result, &Digest::keyed(&result.0, &[b"prompt"]));
        assert_eq!(job.objects.exists(&answer).await, Ok(true), "{answer}");
    }
    let section: script::Section = job.objects.read_json(&folder.section(&Digest::of(b"section"))).await.unwrap();
    assert_eq!(section.utterances[0].original, "Salt is old.");
}

#[tokio::test]
async fn a_step_that_is_done_does_not_fail_for_a_bill_that_cannot_be_summed_up() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    Cashier::migrate(&store).await.unwrap();
    let (job, cashier) = (job(), crate::payments::cashier(&Config::default(), &store, &clock).unwrap());
    let model = Capabilities { context_tokens: Some(8192), ..Extractive::new().capabilities().clone() };
    let attempt = Attempt {
        tenant: job.tenant.clone(),
        step: job.step.clone(),
        engine: "gemini".to_owned(),
        provider: "gemini".to_owned(),
        model: "flash".to_owned(),
        most: MicroUsd::new(7),
    };
    cashier.ledger().begin(attempt.clone()).await.unwrap();
    let told = bill::spent(&job, &cashier, &model).await.expect("a model's calls are told");
    assert_eq!((told.call_count, told.cost_micro_usd), (1, 7));
    assert!(told.first_call_millis > 0);
    assert_eq!(bill::spent(&job, &cashier, Extractive::new().capabilities()).await, None);
    for _ in 0..10_000 {
        cashier.ledger().begin(attempt.clone()).await.unwrap();
    }
    assert_eq!(bill::spent(&job, &cashier, &model).await, None);
}

#[tokio::test]
async fn a_pin_that_no_writer_has_is_refused_before_anything_is_read() {
    let (job, stage, counting) = world().await;
    for work in [plan("counting/2"), write("counting/2"), plan("gemini/flash"), plan("")] {
        let refused = stage.perform(&job, work).await.unwrap_err();
        assert_eq!(refused.reason, Reason::PinUnavailable, "{refused}");
    }
    assert_eq!(counting.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn nothing_is_paid_for_a_step_that_nobody_wants_any_more() {
    let (job, stage, _) = world().await;
    job.cancel.cancel();
    let refused = stage.perform(&job, plan("counting/1")).await.unwrap_err();
    assert_eq!(refused.reason, Reason::Cancelled);
    let path = job.objects.folder().plan(&Digest::of(b"plan"));
    assert_eq!(job.objects.exists(&path).await, Ok(false));
}
