//! How many words are heard up to which place, so that a script may end where a length is reached.

use lectern_core::Failure;
use lectern_core::content::document::{Block, BlockKind, Content};
use lectern_core::content::script::{ContentKind, Order, PlannedSection, Role};
use lectern_core::content::{Range, length, words};

use super::passage::Passage;
use super::{Stop, citation, classify, notation, style, table};
use crate::speakable::Language;

/// What is heard up to a place at which a script may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// The place of its block among those of the section, or of its sentence among those that a
    /// briefing chose.
    pub(super) place: usize,
    /// Where it ends in its block.
    pub(super) end: u32,
    /// Words that are heard for it.
    pub(super) words: u32,
    /// Whether a listener would find an end here: a sentence, a line or a row is over, and it is no
    /// heading.
    pub(super) closes: bool,
}

/// Measures the parts of blocks.
pub(super) struct Measure<'a> {
    pub(super) content: &'a Content,
    pub(super) order: &'a Order,
    pub(super) language: Language,
    pub(super) stop: &'a Stop,
}

impl Measure<'_> {
    /// The parts of a section, in the order in which they are heard.
    ///
    /// # Errors
    /// `CANCELLED`; `OBJECT_DAMAGED` where a block is not the content's.
    pub(super) fn section(&self, section: &PlannedSection) -> Result<Vec<Part>, Failure> {
        let parts = style::of(self.order.style)?.parts(self, section)?;
        self.stop.check()?;
        Ok(parts)
    }

    /// The parts of a block that is heard whole; their places are not known yet.
    pub(super) fn block(&self, block: &Block) -> Vec<Part> {
        let whole = |closes| {
            let words = classify::spoken_words(block, self.order);
            vec![Part { place: 0, end: length(&block.text), words, closes }]
        };
        match &block.kind {
            BlockKind::Heading { .. } => whole(false),
            BlockKind::Code { .. } if self.order.read.contains(&ContentKind::Code) => {
                let marked = notation::code(block);
                let passage = Passage::new(&marked.block, self.language).with_emoji(self.order.emoji).until(self.stop);
                marked.lines.iter().flat_map(|line| self.phrases(block, &passage, *line)).collect()
            }
            BlockKind::Table { .. } if table::read_out(block, self.order) => rows(block),
            // A note is heard to its end: it stands within what refers to it.
            BlockKind::Code { .. }
            | BlockKind::Table { .. }
            | BlockKind::Formula { .. }
            | BlockKind::Footnote { .. } => whole(true),
            BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Figure
            | BlockKind::Furniture { .. } => {
                let language = classify::spoken_in(block, self.order, self.language);
                let (passage, _) = citation::passage(block, self.order, language);
                let passage = passage.until(self.stop);
                let sentences = passage.sentences().into_iter();
                sentences.flat_map(|sentence| self.phrases(block, &passage, sentence)).collect()
            }
        }
    }

    /// The phrases of a sentence or line, of which the last one closes it. None where it says
    /// nothing.
    pub(super) fn phrases(&self, block: &Block, passage: &Passage, sentence: Range) -> Vec<Part> {
        let phrases = passage.phrases(&passage.kept(sentence)).into_iter().flatten();
        let heard = phrases.map(|phrase| phrase.utterance(block.id, Role::Body, ""));
        let mut parts: Vec<Part> = heard
            .map(|said| {
                let end = said.sources.last().map_or(sentence.end, |source| source.range.end);
                Part { place: 0, end, words: words(&said.spoken), closes: false }
            })
            .collect();
        if let Some(last) = parts.last_mut() {
            (last.end, last.closes) = (sentence.end, true);
        }
        parts
    }
}

/// The rows of a table that is read out. A cell is heard with the head of its column, so that the
/// words are about twice those that are written.
fn rows(block: &Block) -> Vec<Part> {
    let rows = table::grid(block).rows;
    let chars: Vec<char> = block.text.chars().collect();
    let heard = rows.iter().filter_map(|row| {
        let (first, last) = (row.first()?, row.last()?);
        let written = chars.get(first.start as usize..last.end as usize).unwrap_or_default();
        let written: String = written.iter().collect();
        let words = words(&written).saturating_mul(2);
        Some(Part { place: 0, end: last.end, words, closes: true })
    });
    heard.collect()
}
