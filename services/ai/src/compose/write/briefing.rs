//! The sentences that a briefing chose.

use lectern_core::content::Range;
use lectern_core::content::document::Block;
use lectern_core::content::script::{PlannedSection, SkipReason, Skipped, Source};

use super::{Writer, manner};
use crate::compose::number;

impl Writer<'_> {
    /// The chosen sentences of a block; the rest of it is covered by them.
    pub(super) fn chosen(&mut self, block: &Block, planned: &PlannedSection) {
        let mut text = self.text(block);
        text.passage = text.passage.numbered(number::length(self.content, block));
        let mut manner = manner(block, self.language);
        let first = self.utterances.len();
        let mut at = 0;
        let chosen =
            planned.chosen.iter().filter(|source| source.block == block.id).map(|source: &Source| source.range);
        for sentence in chosen {
            if self.stop.stopped() {
                break;
            }
            self.left(block, Range::new(at, sentence.start));
            at = sentence.end;
            if self.sentence(block, &text, sentence, &manner) {
                manner.lead.clear();
            }
        }
        self.left(block, Range::new(at, self.end(block)));
        self.end_block(first);
    }

    /// Lists a part that a briefing passes over.
    fn left(&mut self, block: &Block, range: Range) {
        if !range.is_empty() && range.of(&block.text).chars().any(char::is_alphanumeric) {
            self.skipped.push(Skipped { block: block.id, range: Some(range), reason: SkipReason::Summarised });
        }
    }
}
