//! Prose, sentence by sentence, with the notes that it refers to.

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::document::Block;
use lectern_core::content::script::Footnotes;

use super::{Writer, find, manner};
use crate::compose::number;

impl Writer<'_> {
    /// Prose; a note follows the sentence that refers to it, where the caller chose so.
    pub(super) fn prose(&mut self, block: &Block) -> Result<(), Failure> {
        let mut text = self.text(block);
        text.passage = text.passage.numbered(number::length(self.content, block));
        let (mut manner, end) = (manner(block, self.language), self.end(block));
        let first = self.utterances.len();
        let mut notes = Vec::new();
        for sentence in text.passage.sentences() {
            self.stop.check()?;
            let sentence = Range::new(sentence.start, sentence.end.min(end));
            if sentence.is_empty() {
                break;
            }
            if self.sentence(block, &text, sentence, &manner) {
                manner.lead.clear();
            }
            if self.order.footnotes == Footnotes::Inline {
                let named = text.passage.cuts_in(sentence).filter_map(|cut| cut.note);
                notes.extend(named.map(|note| (self.utterances.len(), note)));
            }
        }
        self.end_block(first);
        self.insert_notes(notes)
    }

    /// Puts notes where their sentences end.
    fn insert_notes(&mut self, notes: Vec<(usize, u32)>) -> Result<(), Failure> {
        let Some(first) = notes.iter().map(|(at, _)| *at).min() else { return Ok(()) };
        let rest = self.utterances.split_off(first);
        let mut rest = rest.into_iter();
        let mut at = first;
        let mut notes = notes.into_iter().peekable();
        loop {
            while let Some((_, note)) = notes.next_if(|(place, _)| *place <= at) {
                // A note that the plan does not place here was left out, or stands elsewhere.
                if !self.members.contains(&note) || self.written.contains(&note) {
                    continue;
                }
                let block = find(self.content, note)?;
                if block.kind.is_footnote() {
                    self.block(block)?;
                }
            }
            match rest.next() {
                Some(utterance) => self.push(utterance),
                None => break,
            }
            at += 1;
        }
        Ok(())
    }
}
