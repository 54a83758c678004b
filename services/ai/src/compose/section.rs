//! The one way from a planned section to a written one. Its order:
//!
//! 1. **block**: the section's blocks, one after the other; the style says what of a block is said
//!    (`style`), and for a block as a whole `block` knows the way of its kind;
//! 2. **passage**: the block's text as sentences, without what is seen and not heard (`passage`);
//! 3. **utterances**: each sentence in breaths, with where it came from, what it shows and what is
//!    said (`block::sentence`);
//! 4. **section**: notes are put where their sentences end, utterances are numbered, and what the
//!    rules forgot is listed (`balance`).
//!
//! What is said goes up as a value ([`Said`]); nothing below looks at what was said before.

use std::collections::HashSet;

use lectern_core::Failure;
use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{ContentKind, Order, Plan, PlannedSection, SCHEMA, Section, Skipped};

use super::said::Said;
use super::style::{self, Rules};
use super::{Stop, balance, classify, find};
use crate::speakable::Language;

/// What all blocks of a section are written by.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) content: &'a Content,
    pub(super) planned: &'a PlannedSection,
    pub(super) order: &'a Order,
    pub(super) language: Language,
    pub(super) stop: &'a Stop,
    /// The part of one of the blocks that the order's length leaves out.
    rest: Option<&'a Skipped>,
}

impl Scene<'_> {
    /// Whether the order wants a kind read that usually is not, or not whole.
    pub(super) fn reads(&self, kind: ContentKind) -> bool {
        self.order.read.contains(&kind)
    }

    /// Where what is heard of a block ends at the latest.
    pub(super) fn end(&self, block: &Block) -> u32 {
        let rest = self.rest.filter(|rest| rest.block == block.id).and_then(|rest| rest.range);
        rest.map_or_else(|| lectern_core::content::length(&block.text), |rest| rest.start)
    }
}

/// Writes a planned section.
pub(super) fn write(
    content: &Content,
    plan: &Plan,
    planned: &PlannedSection,
    language: Language,
    stop: &Stop,
) -> Result<Section, Failure> {
    let members: HashSet<u32> = planned.blocks.iter().copied().collect();
    let rest = plan.skipped.iter().find(|skip| skip.range.is_some() && members.contains(&skip.block));
    let scene = Scene { content, planned, order: &plan.order, language, stop, rest };
    let mut walk = Walk { scene: &scene, rules: style::of(plan.order.style)?, members, written: HashSet::new() };
    let mut said = Said::default();
    for &id in &planned.blocks {
        stop.check()?;
        said.append(walk.block(find(content, id)?)?);
    }
    // What was written of the last block when it was stopped is not all of it.
    stop.check()?;
    let Said { mut utterances, mut skipped, .. } = said;
    for (utterance, id) in utterances.iter_mut().zip(0..) {
        utterance.id = id;
    }
    // The plan has listed the rest of a block that the order's length cuts.
    let unlisted = balance::of_section(content, planned, &utterances, skipped.iter().chain(rest))?;
    skipped.extend(unlisted);
    Ok(Section {
        schema: SCHEMA,
        index: planned.index,
        title: planned.title.clone(),
        level: planned.level,
        utterances,
        skipped,
        dropped: Vec::new(),
        engine: String::new(),
        edited: Vec::new(),
    })
}

/// A section on its way: a block is written once, a note where it is referred to or in its place.
struct Walk<'a> {
    scene: &'a Scene<'a>,
    rules: &'static dyn Rules,
    /// The blocks of the section.
    members: HashSet<u32>,
    written: HashSet<u32>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block) -> Result<Said, Failure> {
        if !self.written.insert(block.id) {
            return Ok(Said::default());
        }
        let abroad = classify::abroad(block, self.scene.order, self.scene.language);
        let Some((language, tag)) = abroad else {
            let said = self.rules.block(self.scene, block)?;
            return self.with_notes(said);
        };
        // Its words and ours about it are said by the rules of its language.
        let mut said = self.rules.block(&Scene { language, ..*self.scene }, block)?;
        for utterance in &mut said.utterances {
            utterance.language = Some(tag.to_owned());
        }
        self.with_notes(said)
    }

    /// Puts notes where their sentences end.
    fn with_notes(&mut self, said: Said) -> Result<Said, Failure> {
        let Said { utterances, skipped, notes } = said;
        let mut all = Said { skipped, ..Said::default() };
        let mut notes = notes.into_iter().peekable();
        let mut utterances = utterances.into_iter();
        for at in 0.. {
            while let Some((_, note)) = notes.next_if(|(place, _)| *place <= at) {
                // A note that the plan does not place here was left out, or stands elsewhere.
                if !self.members.contains(&note) || self.written.contains(&note) {
                    continue;
                }
                let block = find(self.scene.content, note)?;
                if block.kind.is_footnote() {
                    all.append(self.block(block)?);
                }
            }
            match utterances.next() {
                Some(utterance) => all.utterances.push(utterance),
                None => break,
            }
        }
        Ok(all)
    }
}
