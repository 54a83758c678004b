//! Tables, row by row.

use lectern_core::content::Range;
use lectern_core::content::document::Block;
use lectern_core::content::script::{SkipReason, Skipped};

use super::{Writer, outside};
use crate::compose::{announce, table};

impl Writer<'_> {
    /// A table, row by row: "header: cell, header: cell." The header row itself is read once,
    /// before the others.
    pub(super) fn table(&mut self, block: &Block) {
        let listed = self.skipped.len();
        let grid = table::grid(block);
        let (text, end) = (self.text(block), self.end(block));
        let passage = &text.passage;
        for cut in passage.cuts_in(Range::new(0, end)) {
            self.skipped.push(Skipped { block: block.id, range: Some(cut.range), reason: cut.reason });
        }
        let heads: Vec<String> = match grid.headers.checked_sub(1).and_then(|row| grid.rows.get(row)) {
            Some(row) if grid.rows.len() > grid.headers => row
                .iter()
                .map(|cell| passage.spoken(*cell).trim_end_matches(['.', ',', ';', ':', '?', '!']).to_owned())
                .collect(),
            _ => Vec::new(),
        };
        let first = self.utterances.len();
        let heard = grid.rows.iter().take_while(|row| row.first().is_none_or(|cell| cell.start < end));
        for (index, row) in heard.enumerate() {
            if self.stop.stopped() {
                break;
            }
            let header = index < grid.headers;
            let leads: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(column, _)| match heads.get(column) {
                    Some(head) if !header && !head.is_empty() => format!("{head}: "),
                    _ => String::new(),
                })
                .collect();
            let before = self.utterances.len();
            for mut utterance in passage.row(block.id, row, &leads) {
                text.references.lead(passage, &mut utterance);
                self.push(utterance);
            }
            self.end_block(before);
            let said = self.utterances.get(before..).unwrap_or_default();
            let said: Vec<Range> = said.iter().flat_map(|said| &said.sources).map(|source| source.range).collect();
            let kept = row.iter().flat_map(|cell| passage.kept(*cell));
            let silent = kept.flat_map(|part| outside(part, &said)).filter(|part| passage.alphanumeric(*part));
            self.skipped.extend(silent.map(|part| Skipped {
                block: block.id,
                range: Some(part),
                reason: SkipReason::NothingToSay,
            }));
        }
        if self.utterances.len() == first {
            // It is left out as a whole, not cell by cell.
            self.skipped.truncate(listed);
            self.omit_table(block);
        }
    }

    pub(super) fn omit_table(&mut self, block: &Block) {
        let grid = table::grid(block);
        let words = announce::table(grid.rows.len() - grid.headers, grid.columns());
        self.omit(block, &words, SkipReason::TableBody);
    }
}
