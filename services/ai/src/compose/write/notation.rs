//! Code and formulas: in words where they are wanted so and have words, else announced.

use lectern_core::content::Range;
use lectern_core::content::document::Block;
use lectern_core::content::script::{ContentKind, Role, SkipReason, Skipped, Source};

use super::{Manner, Writer, outside};
use crate::compose::announce;
use crate::compose::notation::{self, Marked};
use crate::compose::sentence::Passage;

impl Writer<'_> {
    /// Code, announced and then read line by line.
    pub(super) fn code(&mut self, block: &Block) {
        let (first, listed) = (self.utterances.len(), self.skipped.len());
        self.announce(Source { block: block.id, range: Range::all(&block.text) }, &announce::code(block), true);
        self.lines(&notation::code(block), self.end(block));
        if self.utterances.len() == first + 1 {
            // It is left out as a whole, not sign by sign.
            self.skipped.truncate(listed);
            self.skipped.push(Skipped { block: block.id, range: None, reason: SkipReason::CodeBody });
        }
    }

    /// A displayed formula in words, or that it is left out.
    pub(super) fn formula(&mut self, block: &Block) {
        let (first, listed) = (self.utterances.len(), self.skipped.len());
        let phrases = Passage::formula(block, self.language).formula_phrases();
        if phrases.is_empty() && self.reads(ContentKind::Formulas) {
            self.rows(block);
        }
        for phrase in phrases {
            self.push(phrase.utterance(block.id, Role::Body, ""));
        }
        self.end_block(first);
        if self.utterances.len() == first {
            self.skipped.truncate(listed);
            self.omit(block, announce::FORMULA, SkipReason::Formula);
        }
    }

    /// A formula row by row; rows without words are announced, and what only arranges them is
    /// listed.
    fn rows(&mut self, block: &Block) {
        let Some(rows) = notation::formula(block, self.language) else { return };
        let chars: Vec<char> = block.text.chars().collect();
        let all = Range::all(&block.text);
        self.lines(&rows, all.end);
        let arranging = outside(all, &rows.lines).into_iter().filter(|part| notation::says(&chars, *part));
        let reason = SkipReason::NothingToSay;
        self.skipped.extend(arranging.map(|part| Skipped { block: block.id, range: Some(part), reason }));
    }

    /// The lines that begin before `end`.
    fn lines(&mut self, marked: &Marked, end: u32) {
        let text = self.marked(&marked.block);
        let first = self.utterances.len();
        for line in marked.lines.iter().take_while(|line| line.start < end) {
            if self.stop.stopped() {
                break;
            }
            let line = Range::new(line.start, line.end.min(end));
            self.sentence(&marked.block, &text, line, &Manner::plain(Role::Body));
        }
        self.end_block(first);
    }
}
