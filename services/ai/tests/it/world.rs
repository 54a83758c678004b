//! A document, an order, settings, and answers that are kept in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_ai::config::WriterConfig;
use lectern_ai::engine::generative::{Deps, Generative};
use lectern_ai::engine::{Answers, ScriptEngine, Writing};
use lectern_ai::model::{Completion, Rows};
use lectern_ai::payments::{Call, Claim, Paid, Payments};
use lectern_core::content::document::{Block, BlockKind, Content, Matter, SCHEMA};
use lectern_core::content::script::{LengthTarget, Order, Plan, Section, Style};
use lectern_core::content::words;
use lectern_core::{Digest, Failure, OsRandom, SystemClock};
use lectern_fetch::{Outside, Roots};
use lectern_provider::{Http, ProviderError};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

const THINGS: [&str; 8] = ["pump", "valve", "boiler", "turbine", "gauge", "siphon", "condenser", "governor"];
const PLACES: [&str; 7] = ["harbour", "quarry", "foundry", "orchard", "lighthouse", "railway", "brewery"];

/// A document of some chapters of paragraphs of sentences of which no two are alike.
pub fn document(chapters: usize, paragraphs: usize) -> Arc<Content> {
    let mut texts: Vec<(BlockKind, String)> = Vec::new();
    let mut number = 0;
    for chapter in 0..chapters {
        texts.push((BlockKind::Heading { level: 1 }, format!("The {}", THINGS[chapter % THINGS.len()])));
        for _ in 0..paragraphs {
            let sentences: Vec<String> = (number..number + 5).map(sentence).collect();
            number += 5;
            texts.push((BlockKind::Paragraph, sentences.join(" ")));
        }
    }
    let block = |((kind, text), id): ((BlockKind, String), u32)| Block {
        id,
        kind,
        text,
        page: None,
        page_end: None,
        confidence: 1.0,
        language: None,
        matter: Matter::Body,
        spans: vec![],
    };
    Arc::new(Content {
        schema: SCHEMA,
        title: Some("Water at work".to_owned()),
        authors: vec![],
        language: "en".to_owned(),
        media_type: "text/markdown".to_owned(),
        extractor: "test/1".to_owned(),
        pages: None,
        blocks: texts.into_iter().zip(0..).map(block).collect(),
        warnings: vec![],
    })
}

fn sentence(number: usize) -> String {
    let (thing, place) = (THINGS[number % THINGS.len()], PLACES[number % PLACES.len()]);
    format!("The {thing} near the {place} lifted {} litres within {} minutes.", 1000 + number * 37, 3 + number * 11)
}

/// Answers in memory.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<Digest, Bytes>>);

#[async_trait]
impl Answers for Memory {
    fn key(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(b"step", parts)
    }

    async fn find(&self, key: &Digest) -> Result<Option<Bytes>, Failure> {
        Ok(self.0.lock().get(key).cloned())
    }

    async fn keep(&self, key: &Digest, answer: Bytes) -> Result<(), Failure> {
        self.0.lock().entry(*key).or_insert(answer);
        Ok(())
    }

    async fn before_payment(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Payments that cost nothing.
#[derive(Debug)]
struct Free;

#[async_trait]
impl Payments for Free {
    async fn claim(&self, _: &Digest) -> Result<Option<Claim>, Failure> {
        Ok(Some(Claim::default()))
    }

    async fn begin(&self, _: &Call<'_>) -> Result<Paid, Failure> {
        Ok(Paid::default())
    }

    async fn end(&self, _: Paid, _: Result<&Completion, &ProviderError>) {}
}

/// What writers share: rows beside the built-in ones, and where Google's metadata server is.
pub fn deps(rows: &str, metadata: Option<String>) -> Deps {
    Deps {
        http: http(),
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
        rows: Arc::new(Rows::built_in().unwrap().with(rows).unwrap()),
        metadata,
    }
}

pub fn http() -> Http {
    Http::new(Outside::system(), Roots::public()).unwrap()
}

/// A whole script by these settings, twice: the second time from what was kept.
pub async fn script(config: &WriterConfig, deps: &Deps, style: Style, target: u32) -> (Plan, Vec<Section>) {
    let engine = Generative::connect("writer", config, deps).unwrap();
    let (content, answers) = (document(4, 10), Memory::default());
    let order = Order { length: Some(LengthTarget::Words(target)), ..Order::of(style) };
    let work = Writing {
        content: &content,
        content_key: Digest::of(b"content"),
        order: &order,
        cancel: CancellationToken::new(),
        answers: &answers,
        payments: &Free,
    };
    let first = written(&*engine, &work).await;
    let kept = answers.0.lock().len();
    let again = written(&*engine, &work).await;
    assert_eq!((first.clone(), kept), (again, answers.0.lock().len()), "the second run asks nobody");
    first
}

async fn written(engine: &dyn ScriptEngine, work: &Writing<'_>) -> (Plan, Vec<Section>) {
    engine.ready().await.unwrap();
    let plan = engine.plan(work).await.unwrap();
    let mut sections = Vec::new();
    for section in &plan.sections {
        sections.push(engine.write(work, &plan, section.index).await.unwrap());
    }
    (plan, sections)
}

/// Spoken words of sections.
pub fn heard(sections: &[Section]) -> u32 {
    let utterances = sections.iter().flat_map(|section| &section.utterances);
    utterances.map(|utterance| words(&utterance.spoken)).sum()
}
