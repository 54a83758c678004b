//! Small documents, scripts and tracks for this folder's tests.

use lectern_core::Digest;
use lectern_core::content::document::{self, Block, BlockKind, Content, Matter};
use lectern_core::content::script::{
    self, Mapping, Order, Plan, PlannedSection, Role, Section, Source, Style, Utterance,
};
use lectern_core::content::timeline::{Timing, Track, WordTime};
use lectern_core::content::{Range, length};

use super::track::{Recorded, track};

/// Samples that the fixture's speech takes a spoken character.
pub const PACE: u64 = 1_500;

pub fn block(id: u32, text: &str) -> Block {
    Block {
        id,
        kind: BlockKind::Paragraph,
        text: text.to_owned(),
        page: Some(1),
        page_end: None,
        confidence: 1.0,
        language: None,
        matter: Matter::Body,
        spans: Vec::new(),
    }
}

pub fn content(texts: &[&str]) -> Content {
    Content {
        schema: document::SCHEMA,
        title: None,
        authors: Vec::new(),
        language: "en".into(),
        media_type: "text/plain".into(),
        extractor: "text/1".into(),
        pages: None,
        blocks: texts.iter().zip(0..).map(|(text, id)| block(id, text)).collect(),
        warnings: Vec::new(),
    }
}

pub fn plan(sections: &[Section]) -> Plan {
    let planned = |section: &Section| PlannedSection {
        index: section.index,
        title: section.title.clone(),
        level: section.level,
        blocks: Vec::new(),
        chosen: Vec::new(),
        words: 0,
        brief: String::new(),
    };
    Plan {
        schema: script::SCHEMA,
        content: Digest::of(b"content"),
        order: Order::of(Style::Narration),
        engine: "extractive/1".into(),
        title: "A title".into(),
        language: "en".into(),
        sections: sections.iter().map(planned).collect(),
        skipped: Vec::new(),
        notes: Vec::new(),
    }
}

/// An utterance that says what is written, word by word, without a source.
pub fn utterance(id: u32, role: Role, ends_block: bool, text: &str) -> Utterance {
    let original = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut at = 0;
    let map = original
        .split(' ')
        .map(|word| {
            let range = Range::new(at, at + length(word));
            at = range.end + 1;
            Mapping { spoken: range, original: range }
        })
        .collect();
    Utterance {
        id,
        speaker: script::Speaker::default(),
        role,
        ends_block,
        sources: Vec::new(),
        added: false,
        spoken: original.clone(),
        original,
        map,
        marks: Vec::new(),
        language: None,
    }
}

/// An utterance from a place in `content`.
pub fn quoted(content: &Content, id: u32, block: u32, range: Range) -> Utterance {
    let text = range.of(&content.blocks[block as usize].text);
    Utterance { sources: vec![Source { block, range }], ..utterance(id, Role::Body, true, text) }
}

/// A section of whole blocks without a document: the first is a heading, the others are one
/// paragraph.
pub fn section(index: u32, texts: &[&str]) -> Section {
    let last = texts.len() - 1;
    let utterances = texts.iter().enumerate().map(|(at, text)| {
        let role = if at == 0 { Role::Heading { level: 1 } } else { Role::Body };
        utterance(at as u32, role, at == 0 || at == last, text)
    });
    of(index, utterances.collect())
}

pub fn of(index: u32, utterances: Vec<Utterance>) -> Section {
    let title = format!("Part {}", index + 1);
    let (skipped, dropped, engine, edited) = (Vec::new(), Vec::new(), String::new(), Vec::new());
    Section { schema: script::SCHEMA, index, title, level: 1, utterances, skipped, dropped, engine, edited }
}

/// Speech at [`PACE`], a word after the other.
pub fn recorded(section: &Section) -> Vec<Recorded> {
    let words = |utterance: &Utterance| {
        let mut at = 0;
        let words = utterance.spoken.split(' ').filter(|word| !word.is_empty()).map(|word| {
            let spoken = Range::new(at, at + length(word));
            at = spoken.end + 1;
            WordTime { spoken, start: u64::from(spoken.start) * PACE, end: u64::from(spoken.end) * PACE }
        });
        words.collect::<Vec<_>>()
    };
    let one = |utterance: &Utterance| Recorded {
        key: Digest::of(utterance.spoken.as_bytes()),
        samples: u64::from(length(&utterance.spoken)) * PACE,
        words: words(utterance),
        timing: Timing::Given,
        voice: None,
        gaps: Vec::new(),
    };
    section.utterances.iter().map(one).collect()
}

pub fn tracks(sections: &[Section]) -> Vec<Track> {
    sections.iter().map(|section| track(section, 24_000, recorded(section)).unwrap()).collect()
}
