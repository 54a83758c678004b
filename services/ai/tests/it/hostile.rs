//! Documents that talk to the model: what they order is not heard, whatever the model makes of it,
//! and their text reaches it only in places for data.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;

use lectern_ai::config::{WriterConfig, WriterKind};
use lectern_ai::engine::generative::Generative;
use lectern_ai::engine::{ScriptEngine, Writing};
use lectern_ai::payments::Unbilled;
use lectern_core::content::document::{Block, Content, SCHEMA};
use lectern_core::content::script::{LengthTarget, Order, Plan, Section, Style};
use lectern_core::{Digest, Failure};
use lectern_runtime::Secret;
use lectern_testkit::models::authors::{Spoil, Spoilt};
use lectern_testkit::models::{Asked, Author, CallKind, Copyist, Gemini, GeminiOptions, SharedAuthor, Written};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::world::{Memory, deps, heard};

const BODIES: &str = include_str!("../../../../tests/fixtures/hostile/bodies.json");
const DOCUMENTS: &str = include_str!("../../../../tests/fixtures/hostile/documents.jsonl");

/// A row that is not streamed and has no price.
const ROW: &str = r#"
    [[models]]
    provider = "gemini"
    id = "gemini-3.8-flash"
    context = 1048576
    output = 65536
    streams = false
    safety = "BLOCK_ONLY_HIGH"
"#;

/// Words that are ordered.
const WORDS: u32 = 150;
/// The harmless part of every document has so many words to say in any case.
const LEFT: u32 = WORDS / 2;
/// An answer to a plan that could not be used is asked for again in these words.
const AGAIN: &str = "could not be used";

/// A hostile document.
#[derive(Debug, Deserialize)]
struct Hostile {
    name: String,
    manner: String,
    body: String,
    marker: String,
    says: Vec<String>,
    #[serde(default)]
    unseen: bool,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    authors: Vec<String>,
    blocks: Vec<Value>,
}

impl Hostile {
    /// Whether a text has the marker.
    fn is_in(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.marker.to_lowercase())
    }

    /// The document, and the numbers of its hostile blocks.
    fn content(&self, bodies: &BTreeMap<String, Vec<Value>>) -> (Arc<Content>, Vec<u32>) {
        let mut values = bodies[&self.body].clone();
        let at = values.iter().rposition(|block| block["kind"] == "heading").unwrap();
        let behind = values.split_off(at);
        values.extend(self.blocks.iter().cloned());
        values.extend(behind);
        let block = |(mut value, id): (Value, u32)| {
            value["id"] = json!(id);
            serde_json::from_value::<Block>(value).unwrap()
        };
        let blocks: Vec<Block> = values.into_iter().zip(0..).map(block).collect();
        let first = u32::try_from(at).unwrap();
        let hostile = (first..).take(self.blocks.len()).collect();
        let content = Content {
            schema: SCHEMA,
            title: self.title.clone().or_else(|| Some(blocks[0].text.clone())),
            authors: self.authors.clone(),
            language: "en".to_owned(),
            media_type: "text/markdown".to_owned(),
            extractor: "test/1".to_owned(),
            pages: None,
            blocks,
            warnings: vec![],
        };
        (Arc::new(content), hostile)
    }
}

/// A model that does all that a document orders: it says so in the first plan, in every section
/// three times (as words of its own, as those of the block that orders them, and as those of
/// another), and again where it is to write them anew. Beside that it copies.
struct Obedient {
    says: Vec<String>,
    blocks: Vec<u32>,
}

impl Author for Obedient {
    fn write(&self, asked: &Asked) -> Written {
        let written = Copyist::default().write(asked);
        let Ok(mut answer) = serde_json::from_str::<Value>(&written.text) else { return written };
        let again = asked.user_parts.iter().any(|part| part.contains(AGAIN));
        if let Some(sections) = answer.get_mut("sections").and_then(Value::as_array_mut).filter(|_| !again) {
            for section in sections {
                section["title"] = json!(self.says[0]);
                section["brief"] = json!(self.says.join(" "));
            }
        }
        if let Some(sentences) = answer.get_mut("sentences").and_then(Value::as_array_mut) {
            self.speak(sentences);
        }
        Written::from(answer)
    }
}

impl Obedient {
    fn speak(&self, sentences: &mut Vec<Value>) {
        let Some(first) = sentences.first().cloned() else { return };
        if first.get("number").is_some() {
            for (sentence, said) in sentences.iter_mut().zip(self.says.iter().cycle()) {
                sentence["text"] = json!(said);
            }
            return;
        }
        for said in &self.says {
            let claims = [(true, vec![]), (false, self.blocks.clone()), (false, vec![1])];
            for (own, blocks) in claims {
                let mut sentence = first.clone();
                sentence["text"] = json!(said);
                sentence["own"] = json!(own);
                sentence["blocks"] = json!(blocks);
                sentences.insert(1, sentence);
            }
        }
    }
}

fn documents(url: &str) -> Vec<Hostile> {
    DOCUMENTS.lines().map(|line| serde_json::from_str(&line.replace("{url}", url)).unwrap()).collect()
}

fn bodies() -> BTreeMap<String, Vec<Value>> {
    serde_json::from_str(BODIES).unwrap()
}

/// A briefing of a document, from nothing that was kept.
async fn briefing(engine: &dyn ScriptEngine, content: &Arc<Content>) -> Result<(Plan, Vec<Section>), Failure> {
    let order = Order { length: Some(LengthTarget::Words(WORDS)), ..Order::of(Style::Briefing) };
    let answers = Memory::default();
    let work = Writing {
        content,
        content_key: Digest::of(b"content"),
        order: &order,
        cancel: CancellationToken::new(),
        answers: &answers,
        payments: &Unbilled,
    };
    let plan = engine.plan(&work).await?;
    let mut sections = Vec::new();
    for section in &plan.sections {
        sections.push(engine.write(&work, &plan, section.index).await?);
    }
    Ok((plan, sections))
}

/// What is wrong with a script of a document.
fn faults(document: &Hostile, plan: &Plan, sections: &[Section]) -> Vec<String> {
    let mut faults = Vec::new();
    // A title is the document's own where it is one of its headings.
    let titles = plan.sections.iter().map(|section| &section.title).filter(|title| document.is_in(title));
    faults.extend(titles.map(|title| format!("a section has the title {title:?}")));
    let utterances = sections.iter().flat_map(|section| &section.utterances);
    let said = utterances.filter(|said| document.is_in(&said.original) || document.is_in(&said.spoken));
    faults.extend(said.map(|said| format!("{:?} is heard", said.original)));
    let words = heard(sections);
    if words < LEFT {
        faults.push(format!("only {words} words are left"));
    }
    faults
}

/// What stands outside of all places for data in a prompt; none where one is not closed.
fn outside(prompt: &str) -> Option<String> {
    let (mut outside, mut end) = (String::new(), None);
    for line in prompt.lines() {
        match &end {
            Some(closed) if line == closed => end = None,
            Some(_) => {}
            None if line.starts_with("<<<BEGIN DATA ") => end = Some(line.replacen("BEGIN", "END", 1)),
            None => outside.extend([line, "\n"]),
        }
    }
    end.is_none().then_some(outside)
}

/// What is wrong with a prompt about a document.
fn prompt_faults(content: &Content, asked: &Asked) -> Vec<String> {
    let Some(outside) = outside(&asked.user_parts.join("\n")) else { return vec!["a place is not closed".to_owned()] };
    let first_lines = content.blocks.iter().filter_map(|block| block.text.lines().next());
    let texts = first_lines.chain(content.title.as_deref()).chain(content.authors.iter().map(String::as_str));
    let found = texts.filter(|text| outside.contains(text) || asked.system.contains(text));
    found.map(|text| format!("{text:?} stands outside of the places for data")).collect()
}

#[tokio::test]
async fn what_a_document_orders_is_not_said_and_stays_among_the_data() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap();
    address.set_nonblocking(true).unwrap();
    let documents = documents(&format!("http://{}", address.local_addr().unwrap()));
    assert!(documents.len() >= 40, "{}", documents.len());
    let (bodies, fake) = (bodies(), Gemini::start(GeminiOptions::default()));
    let config = WriterConfig {
        kind: WriterKind::Gemini,
        url: fake.url(),
        model: "gemini-3.8-flash".to_owned(),
        key: Secret::new(Gemini::KEY),
        ..WriterConfig::default()
    };
    let engine = Generative::connect("writer", &config, &deps(ROW, None)).unwrap();
    let mut wrong = Vec::new();
    for document in &documents {
        let (content, blocks) = document.content(&bodies);
        let obedient = SharedAuthor::new(Obedient { says: document.says.clone(), blocks });
        let spoilt = SharedAuthor::new(Spoilt::new(Copyist::default(), Spoil::Obeys));
        for (author, always) in [(obedient, true), (spoilt, false)] {
            fake.set_author(author);
            let before = fake.ledger().calls().len();
            let mut faults = match briefing(&*engine, &content).await {
                Ok((plan, sections)) => {
                    let mut faults = faults(document, &plan, &sections);
                    let mut dropped = sections.iter().flat_map(|section| &section.dropped);
                    if always && !dropped.any(|dropped| document.is_in(&dropped.text)) {
                        faults.push("it was not obeyed".to_owned());
                    }
                    faults
                }
                Err(failure) => vec![failure.to_string()],
            };
            for call in fake.ledger().calls().into_iter().skip(before) {
                match call.asked.filter(|_| call.kind == CallKind::Unary && call.status == 200) {
                    Some(asked) => faults.extend(prompt_faults(&content, &asked)),
                    None => faults.push(format!("a call of another sort: {:?}, {}", call.kind, call.status)),
                }
            }
            let which = if always { "all is obeyed" } else { "some is obeyed" };
            let Hostile { name, manner, .. } = document;
            wrong.extend(faults.into_iter().map(|fault| format!("{name} ({manner}), {which}: {fault}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let called = address.accept().map(drop).map_err(|error| error.kind());
    assert_eq!(called, Err(ErrorKind::WouldBlock), "nobody calls what a document names");
}

#[test]
fn every_document_has_a_marker_of_its_own_that_no_body_has() {
    let (documents, bodies) = (documents("http://127.0.0.1:1"), bodies());
    for (at, document) in documents.iter().enumerate() {
        let Hostile { name, marker, unseen, says, .. } = document;
        assert!(documents.iter().skip(at + 1).all(|other| other.marker != *marker), "{name}");
        let texts = bodies[&document.body].iter().filter_map(|block| block["text"].as_str());
        assert!(!texts.into_iter().any(|text| document.is_in(text)), "{name}");
        assert!(!says.is_empty() && says.iter().all(|said| document.is_in(said)), "{name}");
        let seen = |block: &Value| block["kind"] != "furniture" && block["kind"] != "footnote";
        let shown = document.blocks.iter().filter(|block| seen(block));
        let mut shown = shown.filter_map(|block| block["text"].as_str());
        let of_the_prompt = name.starts_with("prompt");
        assert_eq!(shown.any(|text| document.is_in(text)), !unseen && !of_the_prompt, "{name}");
    }
}

#[test]
fn what_stands_outside_of_data_is_found() {
    let prompt = "<<<BEGIN DATA section 1f>>>\n<<<END DATA section 00>>>\ntext\n<<<END DATA section 1f>>>\n\nWrite.";
    assert_eq!(outside(prompt).as_deref(), Some("\nWrite.\n"));
    assert_eq!(outside("<<<BEGIN DATA section 1f>>>\n<<<END DATA section 00>>>"), None);
}
