//! A narration: the document's own words, as the extractive engine reads them, with tables, code,
//! formulas and pictures put into words by the model. Those words are marked as added.
//!
//! Where nothing that the model says of a block can be taken, the block is read or announced as it
//! always is, and what was not taken is listed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use lectern_core::Failure;
use lectern_core::content::document::{Block, BlockKind};
use lectern_core::content::script::{Dropped, Order, Plan, PlannedSection, Section, Skipped, Utterance};
use lectern_core::content::words;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::compose::{self, Stop};
use crate::engine::generative::ask::Trouble;
use crate::engine::generative::checks::{Checker, Said};
use crate::engine::generative::desk::Desk;
use crate::engine::generative::draft::Draft;
use crate::engine::generative::material::Material;
use crate::engine::generative::plan;
use crate::engine::generative::prompt;
use crate::engine::generative::write::covered;
use crate::grounding::Context;
use crate::speakable::Language;
use crate::work::compute;

/// Blocks that one question is about; a section with more has several.
pub(in crate::engine::generative) const BLOCKS_OF_A_QUESTION: usize = 12;
/// The most sentences of a block.
const SENTENCES: u32 = 6;
/// The most characters of a sentence.
const SENTENCE: u32 = 400;
/// Words of a block's answer, for its room.
const WORDS: u32 = 120;
/// A formula of so few words is read as it stands.
const SHORT_FORMULA: u32 = 6;

/// Plans it: as the extractive engine does.
pub(in crate::engine::generative) async fn plan(desk: Desk<'_>) -> Result<Plan, Failure> {
    check(desk.work.order)?;
    let ground = plan::ground(&desk).await?;
    Ok(Plan { order: desk.work.order.clone(), engine: desk.pin.to_string(), ..ground.narration })
}

/// Refuses an order that contradicts the style.
///
/// # Errors
/// `INVALID_FIELD`.
pub(in crate::engine::generative) fn check(order: &Order) -> Result<(), Failure> {
    if order.length.is_some() {
        let message = "a narration is as long as its document; leave the length out, or order a briefing";
        return Err(Failure::invalid("narration.length", message));
    }
    Ok(())
}

/// Writes a section of it.
pub(in crate::engine::generative) async fn write(
    desk: Desk<'_>,
    plan: &Plan,
    planned: &PlannedSection,
) -> Result<Section, Failure> {
    let (content, own, index) = (Arc::clone(desk.work.content), plan.clone(), planned.index);
    let stop = Stop::at(desk.work.cancel.clone());
    let mut section = compute(move || compose::write_section(&content, &own, index, &stop)).await?;
    let notated: Vec<u32> = planned
        .blocks
        .iter()
        .filter_map(|id| desk.work.content.blocks.get(*id as usize))
        .filter(|block| takes_words(block))
        .map(|block| block.id)
        .collect();
    for (blocks, number) in notated.chunks(BLOCKS_OF_A_QUESTION).zip(1..) {
        desk.check()?;
        let (said, dropped) = in_words(desk, plan, planned, blocks, number).await?;
        section.dropped.extend(dropped);
        put(&mut section, planned, said, desk);
    }
    Ok(section)
}

/// Whether a block cannot be read aloud as it stands, and has something to say.
pub(in crate::engine::generative) fn takes_words(block: &Block) -> bool {
    let notation = matches!(block.kind, BlockKind::Table { .. } | BlockKind::Code { .. } | BlockKind::Figure);
    let formula = matches!(block.kind, BlockKind::Formula { .. }) && words(&block.text) > SHORT_FORMULA;
    (notation || formula) && block.text.chars().any(char::is_alphanumeric)
}

/// What the model says of each block, as utterances, and what was not taken.
async fn in_words(
    desk: Desk<'_>,
    plan: &Plan,
    planned: &PlannedSection,
    blocks: &[u32],
    number: u32,
) -> Result<(BTreeMap<u32, Vec<Utterance>>, Vec<Dropped>), Failure> {
    let content = desk.work.content;
    // What stands beside a block says what it is about.
    let near: HashSet<u32> = blocks.iter().flat_map(|id| id.saturating_sub(1)..=id.saturating_add(1)).collect();
    let shown: Vec<u32> = planned.blocks.iter().copied().filter(|id| near.contains(id)).collect();
    let material = Material::of(content, &shown, &plan.skipped)?;
    let authors = content.authors.iter().map(String::as_str).collect();
    let context =
        Context { title: &plan.title, authors, section: &planned.title, cast: Vec::new(), language: desk.claims };
    let checker = Checker::new(&material, context, "", std::iter::empty());
    let named = blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let style = format!("{}\n{}", prompt::NARRATION.trim(), desk.direction());
    let user = prompt::fill(prompt::NOTATION, &[("blocks", &named), ("direction", &style)]);
    let data = vec![material.data_about(blocks, desk.reads(), desk.language)];
    let count = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
    let purpose = format!("section {} notation {number}", planned.index.saturating_add(1));
    let question = desk.question(purpose, user, data, form(blocks), count.saturating_mul(WORDS));
    let answered = match desk.ask(&question, |answer| read(answer, blocks, desk.language)).await {
        Ok(answered) => answered,
        // The blocks are read or announced as they always are; the log has what became of it.
        Err(Trouble::Answers(_)) => return Ok((BTreeMap::new(), Vec::new())),
        Err(trouble) => return Err(trouble.into()),
    };
    let mut taken = Draft::of(answered, &checker, desk.language);
    let dropped = taken.drop_faulty(&material);
    let mut said: BTreeMap<u32, Vec<Utterance>> = BTreeMap::new();
    for line in taken.lines {
        let of_line = line.said.utterances(&material.only(blocks), desk.language);
        if let Some(block) = line.said.blocks.first() {
            said.entry(*block).or_default().extend(of_line);
        }
    }
    for utterances in said.values_mut() {
        let last = utterances.len().saturating_sub(1);
        for (at, utterance) in utterances.iter_mut().enumerate() {
            utterance.ends_block = at == last;
        }
    }
    Ok((said, dropped))
}

/// Puts what is said of blocks in the place of what the section has of them.
fn put(section: &mut Section, planned: &PlannedSection, said: BTreeMap<u32, Vec<Utterance>>, desk: Desk<'_>) {
    for (block, utterances) in said {
        if utterances.is_empty() {
            continue;
        }
        let is_of = |utterance: &Utterance| utterance.sources.iter().any(|source| source.block == block);
        // Where it stood, or else behind the last that stands before it.
        let before: HashSet<u32> = planned.blocks.iter().copied().take_while(|id| *id != block).collect();
        let stands_before =
            |utterance: &Utterance| utterance.sources.iter().any(|source| before.contains(&source.block));
        let place = section
            .utterances
            .iter()
            .position(is_of)
            .unwrap_or_else(|| section.utterances.iter().rposition(stands_before).map_or(0, |at| at + 1));
        section.utterances.splice(place..place, utterances.iter().cloned());
        let new = place..place + utterances.len();
        let mut at = 0;
        section.utterances.retain(|utterance| {
            let stays = new.contains(&at) || !is_of(utterance);
            at += 1;
            stays
        });
        section.skipped.retain(|skip| skip.block != block);
        if let Some(source) = desk.work.content.blocks.get(block as usize) {
            section.skipped.push(Skipped { block, range: None, reason: covered(source) });
        }
    }
    section.skipped.sort_by_key(|skip| skip.block);
    for (utterance, id) in section.utterances.iter_mut().zip(0..) {
        utterance.id = id;
    }
}

#[derive(Debug, Deserialize)]
struct Answered {
    block: u32,
    sentences: Vec<String>,
}

fn form(blocks: &[u32]) -> Value {
    let last = blocks.iter().max().copied().unwrap_or_default();
    json!({
        "type": "object",
        "properties": {
            "blocks": {
                "type": "array",
                "maxItems": blocks.len(),
                "items": {
                    "type": "object",
                    "properties": {
                        "block": {"type": "integer", "minimum": 0, "maximum": last},
                        "sentences": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": SENTENCES,
                            "items": {"type": "string", "minLength": 1, "maxLength": SENTENCE},
                        },
                    },
                    "required": ["block", "sentences"],
                    "additionalProperties": false,
                },
            },
        },
        "required": ["blocks"],
        "additionalProperties": false,
    })
}

fn read(answer: &Value, blocks: &[u32], language: Language) -> Result<Vec<Said>, String> {
    let answered: Vec<Answered> = Deserialize::deserialize(&answer["blocks"])
        .map_err(|_| "its blocks are not as they were asked for".to_owned())?;
    if let Some(other) = answered.iter().find(|answered| !blocks.contains(&answered.block)) {
        return Err(format!("nobody asked for block {}", other.block));
    }
    let said = answered.into_iter().flat_map(|Answered { block, sentences }| {
        sentences.into_iter().flat_map(move |text| {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            Said { text, blocks: vec![block], own: false, ends_paragraph: false, speaker: 0 }.apart(language)
        })
    });
    Ok(said.collect())
}
