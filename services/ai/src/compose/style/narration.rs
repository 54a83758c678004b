//! A full narration: every block is spoken, or listed with a reason.

use std::collections::{HashMap, HashSet};

use lectern_core::Failure;
use lectern_core::content::document::{Block, Content, SpanKind};
use lectern_core::content::script::{Footnotes, Order, PlannedSection, Style};

use super::Rules;
use crate::compose::classify::{self, Heard};
use crate::compose::measure::{Measure, Part};
use crate::compose::outline::Outline;
use crate::compose::said::Said;
use crate::compose::section::Scene;
use crate::compose::select::End;
use crate::compose::{Stop, block, find, sections};
use crate::speakable::Language;

/// The style.
pub(super) struct Narration;

impl Rules for Narration {
    fn style(&self) -> Style {
        Style::Narration
    }

    fn outline(&self, content: &Content, order: &Order, language: Language, stop: &Stop) -> Result<Outline, Failure> {
        if order.length.is_some() {
            return Err(Failure::invalid(
                "length",
                "a narration is as long as its document; leave the length out, or order a briefing",
            ));
        }
        let (spoken, skipped) = classify::part(content, order, language, stop)?;
        let placed = place_notes(&spoken, order.footnotes);
        let body: Vec<Heard<'_>> =
            spoken.iter().copied().filter(|heard| !placed.contains_key(&heard.block.id)).collect();
        let mut sections = sections::cut(&body, language);
        for section in &mut sections {
            section.blocks = with_notes(&section.blocks, &placed, order.footnotes);
        }
        Ok(Outline { sections, skipped, notes: Vec::new() })
    }

    /// All of it, by the way of its kind.
    fn block(&self, scene: &Scene<'_>, block: &Block) -> Result<Said, Failure> {
        block::of(scene, block)
    }

    /// The parts of each block.
    fn parts(&self, measure: &Measure<'_>, section: &PlannedSection) -> Result<Vec<Part>, Failure> {
        let mut parts = Vec::new();
        for (place, id) in section.blocks.iter().enumerate() {
            measure.stop.check()?;
            let of_block = measure.block(find(measure.content, *id)?);
            parts.extend(of_block.into_iter().map(|part| Part { place, ..part }));
        }
        Ok(parts)
    }

    /// The section keeps the notes that what is heard refers to.
    fn end(&self, section: &mut PlannedSection, part: Part, content: &Content) -> Result<End, Failure> {
        let after = section.blocks.split_off((part.place + 1).min(section.blocks.len()));
        let last = section.blocks.last().copied().unwrap_or_default();
        let mut noted = HashSet::new();
        for id in &section.blocks {
            let end = if *id == last { part.end } else { u32::MAX };
            for span in find(content, *id)?.spans.iter().filter(|span| span.range.start < end) {
                if let SpanKind::NoteReference { note: Some(note) } = span.kind {
                    noted.insert(note);
                }
            }
        }
        let mut left = Vec::new();
        for id in after {
            if noted.contains(&id) && find(content, id)?.kind.is_footnote() {
                section.blocks.push(id);
            } else {
                left.push(id);
            }
        }
        Ok(End { left, last, cut: true })
    }

    fn nothing_selected(&self) -> &'static str {
        "nothing that can be spoken"
    }

    fn nothing_at_all(&self) -> &'static str {
        "the document has no words to speak; a preview shows what was found, and why it is left out"
    }
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
