//! A preview as JSON: what programs read of `lectern preview --json`, one object a document.

use lectern_core::Failure;
use lectern_proto::convert;
use lectern_proto::v1 as api;
use lectern_proto::v1::block_fate::Fate;
use serde::Serialize;

use crate::client::look::Look;
use crate::client::words::skip_reason;

/// One document.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The document, as it was named on the command line.
    file: String,
    /// Why there is no preview of it, or why an order would fail; absent where it would not.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refusal>,
    /// What the source is; absent where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    /// Every block, in the source's order.
    blocks: Vec<Block>,
}

/// Why a document, or an order of it, is refused.
#[derive(Debug, Serialize)]
struct Refusal {
    reason: String,
    message: String,
}

/// The document as a whole.
#[derive(Debug, Serialize)]
struct Source {
    media_type: String,
    language: String,
    /// Absent for sources without pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<i32>,
    words: i64,
    words_spoken: i64,
    title: String,
    sections: i32,
    engine: String,
    notes: Vec<String>,
}

/// One block.
#[derive(Debug, Serialize)]
struct Block {
    block: i32,
    kind: String,
    /// The level of a heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<i32>,
    /// From 1; absent for sources without pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<i32>,
    text: String,
    fate: &'static str,
    /// Why it is not spoken; absent where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What is said for it, announcements among that; empty where it is silent.
    spoken: String,
    /// The section that it is heard in.
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<i32>,
    /// The parts that are not heard.
    skipped: Vec<Skipped>,
}

/// A part that is not heard.
#[derive(Debug, Serialize)]
struct Skipped {
    start: i32,
    end: i32,
    reason: String,
    excerpt: String,
}

impl Report {
    /// The report of a document that was looked at.
    pub fn new(label: &str, looked: &Result<Look, Failure>) -> Self {
        let file = label.to_owned();
        match looked {
            Ok(look) => Self {
                file,
                refused: look.summary.failure.as_ref().map(|f| Refusal::of(&convert::failure(f))),
                source: Some(Source::of(look)),
                blocks: look.blocks.iter().map(Block::of).collect(),
            },
            Err(failure) => Self { file, refused: Some(Refusal::of(failure)), source: None, blocks: Vec::new() },
        }
    }
}

impl Refusal {
    fn of(failure: &Failure) -> Self {
        Self { reason: failure.reason.as_str().to_owned(), message: failure.message.clone() }
    }
}

impl Source {
    fn of(look: &Look) -> Self {
        let Look { document, summary, .. } = look;
        let coverage = summary.coverage.unwrap_or_default();
        Self {
            media_type: document.mime_type.clone(),
            language: summary.language_code.clone(),
            pages: document.page_count,
            words: coverage.word_count,
            words_spoken: coverage.spoken_word_count,
            title: summary.title.clone(),
            sections: summary.section_count,
            engine: summary.engine.clone(),
            notes: summary.notes.clone(),
        }
    }
}

impl Block {
    fn of(block: &api::PreviewBlock) -> Self {
        let skipped = |part: &api::SkippedPart| {
            let place = part.part.unwrap_or_default();
            let (reason, excerpt) = (skip_reason(part.reason()), part.excerpt.clone());
            Skipped { start: place.start, end: place.end, reason, excerpt }
        };
        let silent = block.fate() != Fate::Spoken;
        Self {
            block: block.block,
            kind: kind(block),
            level: block.level,
            page: block.page,
            text: block.text.clone(),
            fate: fate(block.fate()),
            reason: block.skipped.first().filter(|_| silent).map(|part| skip_reason(part.reason())),
            spoken: spoken(block),
            section: block.section,
            skipped: block.skipped.iter().map(skipped).collect(),
        }
    }
}

/// What a block is, in the word that the content model has for it (`list_item`).
pub fn kind(block: &api::PreviewBlock) -> String {
    block.kind().as_str_name().trim_start_matches("BLOCK_KIND_").to_lowercase()
}

/// What is said for a block.
pub fn spoken(block: &api::PreviewBlock) -> String {
    block.utterances.iter().map(|utterance| utterance.spoken.as_str()).collect::<Vec<_>>().join(" ")
}

/// What becomes of a block, in a word.
pub const fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Spoken => "spoken",
        Fate::Summarised => "summarised",
        Fate::Skipped => "skipped",
        Fate::Unspecified => "unknown",
    }
}
