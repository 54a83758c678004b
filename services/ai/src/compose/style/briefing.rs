//! A briefing: the most important sentences in the document's own words and order, under its own
//! headings.
//!
//! Without a length it takes a tenth of the words that the order selects, at least 150 and at most
//! 900. Code, tables and formulas are never quoted, whatever the order wants read; neither are
//! sentences that are code though the document has them as running text.

mod code;
mod pick;

use std::collections::HashSet;

use lectern_core::Failure;
use lectern_core::content::document::{Block, BlockKind, Content};
use lectern_core::content::script::{Order, PlanNote, PlannedSection, SkipReason, Skipped, Source, Style};
use lectern_core::content::{Range, words};

use self::code::is_code;
use self::pick::{Candidate, pick};
use super::Rules;
use crate::compose::block::{Text, manner, sentence};
use crate::compose::measure::{Measure, Part};
use crate::compose::outline::Outline;
use crate::compose::said::Said;
use crate::compose::section::Scene;
use crate::compose::select::End;
use crate::compose::{Stop, citation, classify, find, fold, number, sections};
use crate::speakable::Language;

/// Words that a briefing without a length takes at least.
const SHORTEST: u32 = 150;
/// Words that a briefing without a length takes at most.
const LONGEST: u32 = 900;

/// The style.
pub(super) struct Briefing;

impl Rules for Briefing {
    fn style(&self) -> Style {
        Style::Briefing
    }

    fn outline(&self, content: &Content, order: &Order, language: Language, stop: &Stop) -> Result<Outline, Failure> {
        outline(content, order, language, stop)
    }

    /// The chosen sentences of the block; the rest of it is covered by them.
    fn block(&self, scene: &Scene<'_>, block: &Block) -> Result<Said, Failure> {
        let mut text = Text::of(scene, block);
        text.passage = text.passage.numbered(number::length(scene.content, block));
        let mut manner = manner(block, scene.language);
        let (mut said, mut at) = (Said::default(), 0);
        for source in scene.planned.chosen.iter().filter(|source| source.block == block.id) {
            if scene.stop.stopped() {
                break;
            }
            pass_over(block, Range::new(at, source.range.start), &mut said);
            at = source.range.end;
            let of_sentence = sentence(scene, block, &text, source.range, &manner);
            if !of_sentence.is_silent() {
                manner.lead.clear();
            }
            said.append(of_sentence);
        }
        pass_over(block, Range::new(at, scene.end(block)), &mut said);
        Ok(said.ending())
    }

    /// The chosen sentences.
    fn parts(&self, measure: &Measure<'_>, section: &PlannedSection) -> Result<Vec<Part>, Failure> {
        let mut parts = Vec::new();
        for (place, source) in section.chosen.iter().enumerate() {
            measure.stop.check()?;
            let block = find(measure.content, source.block)?;
            let (passage, _) = citation::passage(block, measure.order, measure.language);
            let heard = measure.phrases(block, &passage, source.range);
            let words = heard.iter().map(|part| part.words).fold(0, u32::saturating_add);
            let closes = block.kind.heading_level().is_none();
            parts.push(Part { place, end: source.range.end, words, closes });
        }
        Ok(parts)
    }

    /// A block is cut where more of its sentences were chosen; what was not chosen of it is covered
    /// by those that were.
    fn end(&self, section: &mut PlannedSection, part: Part, _: &Content) -> Result<End, Failure> {
        let dropped = section.chosen.split_off((part.place + 1).min(section.chosen.len()));
        let heard: HashSet<u32> = section.chosen.iter().map(|source| source.block).collect();
        let (kept, left) = section.blocks.iter().copied().partition(|block| heard.contains(block));
        section.blocks = kept;
        let last = section.chosen.last().map_or(0, |source| source.block);
        Ok(End { left, last, cut: dropped.iter().any(|source| source.block == last) })
    }

    fn nothing_selected(&self) -> &'static str {
        "no sentence that a briefing could choose"
    }

    fn nothing_at_all(&self) -> &'static str {
        "the document has no sentences to choose from; order a narration instead"
    }
}

/// Lists a part that a briefing passes over.
fn pass_over(block: &Block, range: Range, said: &mut Said) {
    if !range.is_empty() && range.of(&block.text).chars().any(char::is_alphanumeric) {
        said.skip(block, Some(range), SkipReason::Summarised);
    }
}

struct Sentence {
    source: Source,
    section: usize,
    words: u32,
}

/// Plans a briefing.
fn outline(content: &Content, order: &Order, language: Language, stop: &Stop) -> Result<Outline, Failure> {
    let (spoken, mut skipped) = classify::part(content, order, language, stop)?;
    let parts = sections::cut(&spoken, language);
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
    let mut chosen = pick(&candidates, budget, language, || stop.stopped());
    for _ in 0..4 {
        let total = heard(&chosen, &sentences, &parts, content);
        let wrong = i64::from(total) - i64::from(target);
        if wrong.abs() * 20 <= i64::from(target) || chosen.len() == candidates.len() {
            break;
        }
        budget = u32::try_from((i64::from(budget) - wrong).max(1)).unwrap_or(budget);
        let next = pick(&candidates, budget, language, || stop.stopped());
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
    let kept: HashSet<u32> = sections.iter().flat_map(|section| section.blocks.iter().copied()).collect();
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

/// Every sentence of running text and lists that is no code, with the part of the document that it
/// stands in.
fn sentences(
    content: &Content,
    parts: &[PlannedSection],
    order: &Order,
    language: Language,
    stop: &Stop,
) -> Result<(Vec<Sentence>, Vec<Candidate>), Failure> {
    let mut found = Vec::new();
    for (section, part) in parts.iter().enumerate() {
        let mut position = 0;
        for &id in &part.blocks {
            let block = find(content, id)?;
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
                let code = is_code(&text, language);
                let sentence = Sentence { source: Source { block: id, range }, section, words: count };
                let candidate = Candidate { text, words: count, section, position, heading: part.title.clone() };
                position += usize::from(!code);
                found.push((code, sentence, candidate));
            }
        }
    }
    // A document that has nothing else is briefed by what it has.
    if found.iter().any(|(code, ..)| !code) {
        found.retain(|(code, ..)| !code);
    }
    Ok(found.into_iter().map(|(_, sentence, candidate)| (sentence, candidate)).unzip())
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
                    brief: String::new(),
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
