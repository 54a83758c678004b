//! A model in memory, answers that are kept in memory, and documents.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lectern_core::content::document::{Block, BlockKind, Content, Matter, SCHEMA};
use lectern_core::content::script::{LengthTarget, Order, Plan, Section, Style};
use lectern_core::content::words;
use lectern_core::random::SeededRandom;
use lectern_core::{Digest, Failure, Timestamp};
use lectern_provider::{Billed, Class, ProviderError};
use lectern_testkit::models::{Asked, Author};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::engine::{Answers, Estimate, Generative, ScriptEngine, Writing};
use crate::model::{Completion, Finish, ModelRow, Prompt, Provider, Rows, TextModel, Usage, tokens};
use crate::payments::{Call, Claim, Paid, Payments};

/// Days and things of which sentences are made that no two are alike.
const THINGS: [&str; 8] = ["pump", "valve", "boiler", "turbine", "gauge", "siphon", "condenser", "governor"];
const PLACES: [&str; 7] = ["harbour", "quarry", "foundry", "orchard", "lighthouse", "railway", "brewery"];
const DEEDS: [&str; 6] = ["lifted", "stored", "measured", "lost", "carried", "heated"];

pub(in crate::engine::generative) fn block(kind: BlockKind, text: &str) -> Block {
    Block {
        id: 0,
        kind,
        text: text.to_owned(),
        page: None,
        page_end: None,
        confidence: 1.0,
        language: None,
        matter: Matter::Body,
        spans: vec![],
    }
}

pub(in crate::engine::generative) fn content(mut blocks: Vec<Block>) -> Content {
    for (block, id) in blocks.iter_mut().zip(0..) {
        block.id = id;
    }
    Content {
        schema: SCHEMA,
        title: Some("Water at work".to_owned()),
        authors: vec!["Ada Field".to_owned()],
        language: "en".to_owned(),
        media_type: "text/markdown".to_owned(),
        extractor: "test/1".to_owned(),
        pages: None,
        blocks,
        warnings: vec![],
    }
}

/// A sentence that no other number gives.
pub(super) fn sentence(number: usize) -> String {
    let (thing, place, deed) = (THINGS[number % 8], PLACES[number % 7], DEEDS[number % 6]);
    format!("The {thing} near the {place} {deed} {} litres within {} minutes.", 1000 + number * 37, 3 + number * 11)
}

/// A document of some chapters of paragraphs of five sentences each.
pub(super) fn document(chapters: usize, paragraphs: usize) -> Content {
    let mut blocks = Vec::new();
    let mut number = 0;
    for chapter in 0..chapters {
        blocks.push(block(BlockKind::Heading { level: 1 }, &format!("The {}", THINGS[chapter % 8])));
        for _ in 0..paragraphs {
            let text: Vec<String> = (number..number + 5).map(sentence).collect();
            number += 5;
            blocks.push(block(BlockKind::Paragraph, &text.join(" ")));
        }
    }
    content(blocks)
}

/// What a model does instead of what its author writes.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// It ends so, with this text.
    Ends(Finish, &'static str),
    /// There is no answer.
    Fails(Class),
}

/// A model in memory.
pub(super) struct Model {
    row: ModelRow,
    author: Box<dyn Author>,
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Prompt>>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Model")
    }
}

impl Model {
    pub(super) fn new(author: impl Author + 'static) -> Arc<Self> {
        Self::with(author, [])
    }

    /// One that first does something else.
    pub(super) fn with(author: impl Author + 'static, replies: impl IntoIterator<Item = Reply>) -> Arc<Self> {
        Arc::new(Self {
            row: Rows::built_in().unwrap().model(Provider::Gemini, "gemini-3.8-flash").unwrap(),
            author: Box::new(author),
            replies: Mutex::new(replies.into_iter().collect()),
            asked: Mutex::default(),
        })
    }

    /// One that costs nothing.
    pub(super) fn free(author: impl Author + 'static) -> Arc<Self> {
        let mut row = Rows::built_in().unwrap().model(Provider::Gemini, "gemini-3.8-flash").unwrap();
        row.prices.clear();
        Arc::new(Self { row, author: Box::new(author), replies: Mutex::default(), asked: Mutex::default() })
    }

    /// Every prompt so far.
    pub(super) fn asked(&self) -> Vec<Prompt> {
        self.asked.lock().clone()
    }

    pub(super) fn calls(&self) -> usize {
        self.asked.lock().len()
    }

    /// Does something else next.
    pub(super) fn next(&self, reply: Reply) {
        self.replies.lock().push_back(reply);
    }
}

#[async_trait]
impl TextModel for Model {
    fn describe(&self) -> &ModelRow {
        &self.row
    }

    async fn ready(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn generate(&self, prompt: &Prompt, _: &CancellationToken) -> Result<Completion, ProviderError> {
        self.asked.lock().push(prompt.clone());
        let reply = self.replies.lock().pop_front();
        let (text, finish) = match reply {
            Some(Reply::Fails(class)) => {
                return Err(ProviderError {
                    class,
                    message: "it failed".to_owned(),
                    provider_reason: "WHY".to_owned(),
                    status: None,
                    retry_after: None,
                    billed: Billed::No,
                });
            }
            Some(Reply::Ends(finish, text)) => (text.to_owned(), finish),
            None => {
                let data = prompt.data.iter().map(crate::model::DataPart::rendered);
                let asked = Asked {
                    model: self.row.id.clone(),
                    system: prompt.system.clone(),
                    user_parts: data.chain([prompt.user.clone()]).collect(),
                    schema: prompt.schema.clone(),
                    max_output_tokens: prompt.max_output_tokens,
                };
                (self.author.write(&asked).text, Finish::Stop)
            }
        };
        let usage = Usage {
            input: u64::from(tokens(prompt.chars())),
            output: u64::from(tokens(text.chars().count())),
            ..Usage::default()
        };
        Ok(Completion {
            text,
            finish,
            finish_raw: format!("{finish:?}"),
            usage,
            model_version: self.row.id.clone(),
            raw_usage: serde_json::Value::Null,
        })
    }
}

/// Answers in memory.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) kept: Mutex<BTreeMap<Digest, Bytes>>,
    pub(super) payments: Mutex<usize>,
}

#[async_trait]
impl Answers for Memory {
    fn key(&self, parts: &[&[u8]]) -> Digest {
        Digest::keyed(b"step", parts)
    }

    async fn find(&self, key: &Digest) -> Result<Option<Bytes>, Failure> {
        Ok(self.kept.lock().get(key).cloned())
    }

    async fn keep(&self, key: &Digest, answer: Bytes) -> Result<(), Failure> {
        self.kept.lock().entry(*key).or_insert(answer);
        Ok(())
    }

    async fn before_payment(&self) -> Result<(), Failure> {
        *self.payments.lock() += 1;
        Ok(())
    }
}

/// A document, an order, a model and what was answered so far.
pub(super) struct World {
    pub(super) content: Arc<Content>,
    pub(super) order: Order,
    pub(super) model: Arc<Model>,
    pub(super) answers: Memory,
    pub(super) payments: Counted,
    pub(super) engine: Generative,
}

/// Payments that are counted and cost nothing.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// Calls that were begun, and that were ended.
    pub(super) calls: Mutex<(usize, usize)>,
}

#[async_trait]
impl Payments for Counted {
    async fn claim(&self, _: &Digest) -> Result<Option<Claim>, Failure> {
        Ok(Some(Claim::default()))
    }

    async fn begin(&self, _: &Call<'_>) -> Result<Paid, Failure> {
        self.calls.lock().0 += 1;
        Ok(Paid::default())
    }

    async fn end(&self, _: Paid, _: Result<&Completion, &ProviderError>) {
        self.calls.lock().1 += 1;
    }
}

impl World {
    pub(super) fn new(content: Content, order: Order, model: Arc<Model>) -> Self {
        let of_model: Arc<dyn TextModel> = Arc::<Model>::clone(&model);
        let engine = Generative::new("writer", of_model, Arc::new(SeededRandom::new(7)), "", 4);
        Self {
            content: Arc::new(content),
            order,
            model,
            answers: Memory::default(),
            payments: Counted::default(),
            engine,
        }
    }

    /// A step of it.
    pub(super) fn work(&self) -> Writing<'_> {
        Writing {
            content: &self.content,
            content_key: Digest::of(b"content"),
            order: &self.order,
            cancel: CancellationToken::new(),
            answers: &self.answers,
            payments: &self.payments,
        }
    }

    /// What it would take, at so many milliseconds after the year 1970 began.
    pub(super) async fn estimate(&self, now: u64) -> Result<Estimate, Failure> {
        self.engine.estimate(&self.work(), Timestamp(now)).await
    }

    pub(super) async fn plan(&self) -> Result<Plan, Failure> {
        self.engine.plan(&self.work()).await
    }

    pub(super) async fn write(&self, plan: &Plan, index: u32) -> Result<Section, Failure> {
        self.engine.write(&self.work(), plan, index).await
    }

    /// The plan and every section.
    pub(super) async fn script(&self) -> (Plan, Vec<Section>) {
        let plan = self.plan().await.unwrap();
        let mut sections = Vec::new();
        for section in &plan.sections {
            sections.push(self.write(&plan, section.index).await.unwrap());
        }
        (plan, sections)
    }
}

pub(super) fn order(style: Style, words: u32) -> Order {
    Order { length: Some(LengthTarget::Words(words)), ..Order::of(style) }
}

/// Spoken words of sections.
pub(super) fn heard(sections: &[Section]) -> u32 {
    let utterances = sections.iter().flat_map(|section| &section.utterances);
    utterances.map(|utterance| words(&utterance.spoken)).sum()
}
