//! A briefing: the most important sentences in the document's own words and order, under its own
//! headings.
//!
//! Without a length it takes a tenth of the words that the order selects, at least 150 and at most
//! 900. Code, tables and formulas are never quoted, whatever the order wants read.

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content};
use lectern_core::content::script::{Order, PlanNote, PlannedSection, SkipReason, Skipped, Source};
use lectern_core::content::words;

use super::narration::Outline;
use super::{Stop, citation, classify, fold, sections};
use crate::engine::extractive::{Candidate, pick};
use crate::speakable::Language;

const SHORTEST: u32 = 150;
const LONGEST: u32 = 900;

struct Sentence {
    source: Source,
    section: usize,
    words: u32,
}

/// Plans a briefing.
pub(super) fn outline(content: &Content, order: &Order, language: Language, stop: &Stop) -> Result<Outline, Failure> {
    let (spoken, mut skipped) = classify::part(content, order, language, stop)?;
    let parts = sections::cut(&spoken);
    let (sentences, candidates) = sentences(content, &parts, order, language, stop)?;
    let all: u32 = candidates.iter().map(|candidate| candidate.words).fold(0, u32::saturating_add);
    let source = spoken.iter().map(|heard| words(&heard.block.text)).fold(0, u32::saturating_add);
    let target = order.length.map_or((source / 10).clamp(SHORTEST, LONGEST), |length| length.words());
    if target == 0 {
        return Err(Failure::invalid(
            "length",
            "a briefing needs at least one minute or one word; leave the length out for the default",
        ));
    }
    // Headings are spoken too. They count: room is kept for those of the parts that are heard.
    let mut budget = target;
    let mut chosen = pick(&candidates, budget, || stop.stopped());
    for _ in 0..4 {
        let total = heard(&chosen, &sentences, &parts, content);
        let wrong = i64::from(total) - i64::from(target);
        if wrong.abs() * 20 <= i64::from(target) || chosen.len() == candidates.len() {
            break;
        }
        budget = u32::try_from((i64::from(budget) - wrong).max(1)).unwrap_or(budget);
        let next = pick(&candidates, budget, || stop.stopped());
        let better = i64::from(heard(&next, &sentences, &parts, content)) - i64::from(target);
        if better.abs() < wrong.abs() {
            chosen = next;
        }
    }
    // What was picked when it was stopped is not all that would have been.
    stop.check()?;
    if chosen.is_empty() {
        chosen = (0..candidates.len().min(1)).collect();
    }
    let total = heard(&chosen, &sentences, &parts, content);
    let mut notes = Vec::new();
    if order.length.is_some() && u64::from(total) * 10 < u64::from(target) * 9 {
        notes.push(PlanNote {
            code: "SOURCE_TOO_SHORT".to_owned(),
            message: format!(
                "{target} words were asked for; the document has {all} that a briefing can use, and {total} are spoken"
            ),
        });
    }
    let sections = planned(&chosen, &sentences, &parts, content);
    let kept: std::collections::HashSet<u32> =
        sections.iter().flat_map(|section| section.blocks.iter().copied()).collect();
    let rest = spoken.iter().map(|heard| heard.block).filter(|block| !kept.contains(&block.id));
    skipped.extend(rest.map(|block| Skipped { block: block.id, range: None, reason: reason(block) }));
    skipped.sort_by_key(|skip| skip.block);
    Ok(Outline { sections, skipped, notes })
}

/// Code, tables and formulas are never quoted by a briefing; that is said by their own reasons.
const fn reason(block: &Block) -> SkipReason {
    if matches!(block.kind, BlockKind::Code { .. }) {
        SkipReason::CodeBody
    } else if matches!(block.kind, BlockKind::Table { .. }) {
        SkipReason::TableBody
    } else if matches!(block.kind, BlockKind::Formula { .. }) {
        SkipReason::Formula
    } else {
        SkipReason::Summarised
    }
}

/// Every sentence of running text and lists, with the part of the document that it stands in.
fn sentences(
    content: &Content,
    parts: &[PlannedSection],
    order: &Order,
    language: Language,
    stop: &Stop,
) -> Result<(Vec<Sentence>, Vec<Candidate>), Failure> {
    let (mut sentences, mut candidates) = (Vec::new(), Vec::new());
    for (section, part) in parts.iter().enumerate() {
        let mut position = 0;
        for &id in &part.blocks {
            let block = super::find(content, id)?;
            if !block.kind.is_running_text() {
                continue;
            }
            let (passage, _) = citation::passage(block, order, language);
            for range in passage.sentences() {
                stop.check()?;
                let text = fold(&passage.kept(range).iter().map(|part| part.of(&block.text)).collect::<String>());
                let count = words(&text);
                if count == 0 {
                    continue;
                }
                sentences.push(Sentence { source: Source { block: id, range }, section, words: count });
                candidates.push(Candidate { text, words: count, section, position, heading: part.title.clone() });
                position += 1;
            }
        }
    }
    Ok((sentences, candidates))
}

/// The heading that begins a part.
fn heading<'a>(part: &PlannedSection, content: &'a Content) -> Option<&'a Block> {
    let block = part.blocks.first().and_then(|id| content.blocks.get(*id as usize))?;
    block.kind.heading_level().map(|_| block)
}

/// The words that a choice comes to, with the headings above it.
fn heard(chosen: &[usize], sentences: &[Sentence], parts: &[PlannedSection], content: &Content) -> u32 {
    let mut total = 0_u32;
    let mut last = None;
    for at in chosen {
        let sentence = &sentences[*at];
        total = total.saturating_add(sentence.words);
        if last != Some(sentence.section) {
            total =
                total.saturating_add(heading(&parts[sentence.section], content).map_or(0, |block| words(&block.text)));
        }
        last = Some(sentence.section);
    }
    total
}

fn planned(
    chosen: &[usize],
    sentences: &[Sentence],
    parts: &[PlannedSection],
    content: &Content,
) -> Vec<PlannedSection> {
    let mut sections: Vec<(usize, PlannedSection)> = Vec::new();
    for at in chosen {
        let sentence = &sentences[*at];
        let part = &parts[sentence.section];
        if sections.last().is_none_or(|(section, _)| *section != sentence.section) {
            let lead = heading(part, content);
            sections.push((
                sentence.section,
                PlannedSection {
                    index: u32::try_from(sections.len()).unwrap_or(u32::MAX),
                    title: part.title.clone(),
                    level: part.level,
                    blocks: lead.iter().map(|block| block.id).collect(),
                    chosen: lead
                        .iter()
                        .map(|block| Source { block: block.id, range: Range::all(&block.text) })
                        .collect(),
                    words: lead.map_or(0, |block| words(&block.text)),
                },
            ));
        }
        if let Some((_, section)) = sections.last_mut() {
            if section.blocks.last() != Some(&sentence.source.block) {
                section.blocks.push(sentence.source.block);
            }
            section.chosen.push(sentence.source);
            section.words = section.words.saturating_add(sentence.words);
        }
    }
    sections.into_iter().map(|(_, section)| section).collect()
}
