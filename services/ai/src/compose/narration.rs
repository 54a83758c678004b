//! A full narration: every block is spoken, or listed with a reason.

use std::collections::{HashMap, HashSet};

use lectern_core::Failure;
use lectern_core::content::document::{Block, Content, SpanKind};
use lectern_core::content::script::{Footnotes, Order, PlanNote, PlannedSection, Skipped};

use super::classify::{self, Heard};
use super::{Stop, sections};
use crate::speakable::Language;

/// Sections, and what stands in none.
pub(super) struct Outline {
    pub(super) sections: Vec<PlannedSection>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) notes: Vec<PlanNote>,
}

/// Plans a narration.
pub(super) fn outline(content: &Content, order: &Order, language: Language, stop: &Stop) -> Result<Outline, Failure> {
    if order.length.is_some() {
        return Err(Failure::invalid(
            "length",
            "a narration is as long as its document; leave the length out, or order a briefing",
        ));
    }
    let (spoken, skipped) = classify::part(content, order, language, stop)?;
    let placed = place_notes(&spoken, order.footnotes);
    let body: Vec<Heard<'_>> = spoken.iter().copied().filter(|heard| !placed.contains_key(&heard.block.id)).collect();
    let mut sections = sections::cut(&body);
    for section in &mut sections {
        section.blocks = with_notes(&section.blocks, &placed, order.footnotes);
    }
    Ok(Outline { sections, skipped, notes: Vec::new() })
}

/// For each note that a spoken block refers to: that block. Other notes stay where they stand.
fn place_notes(spoken: &[Heard<'_>], footnotes: Footnotes) -> HashMap<u32, u32> {
    let mut placed = HashMap::new();
    if footnotes == Footnotes::Skip {
        return placed;
    }
    let (notes, others): (Vec<&Block>, Vec<&Block>) =
        spoken.iter().map(|heard| heard.block).partition(|block| block.kind.is_footnote());
    let notes: HashSet<u32> = notes.iter().map(|block| block.id).collect();
    for block in others {
        for span in &block.spans {
            if let SpanKind::NoteReference { note: Some(note) } = span.kind
                && notes.contains(&note)
            {
                placed.entry(note).or_insert(block.id);
            }
        }
    }
    placed
}

/// The blocks of a section with their notes: after the block that refers to them, or at the end.
fn with_notes(blocks: &[u32], placed: &HashMap<u32, u32>, footnotes: Footnotes) -> Vec<u32> {
    let mut by_block: HashMap<u32, Vec<u32>> = HashMap::new();
    for (note, block) in placed {
        by_block.entry(*block).or_default().push(*note);
    }
    let (mut all, mut end) = (Vec::new(), Vec::new());
    for block in blocks {
        all.push(*block);
        let mut notes = by_block.remove(block).unwrap_or_default();
        notes.sort_unstable();
        match footnotes {
            Footnotes::Inline => all.extend(notes),
            Footnotes::End => end.extend(notes),
            Footnotes::Skip => {}
        }
    }
    all.extend(end);
    all
}
