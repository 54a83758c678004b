//! Rows of a table: several cells as one utterance, each behind the head of its column.

use lectern_core::content::Range;
use lectern_core::content::script::{Mapping, Role, Utterance};

use super::Passage;
use super::breath::{MAX_SPOKEN, Phrase, WINDOW, close, led};
use crate::speakable::Spoken;

impl Passage {
    /// A row of a table as one utterance, or one a cell where that would be too long.
    pub(in crate::compose) fn row(&self, block: u32, row: &[Range], leads: &[String]) -> Vec<Utterance> {
        let (Some(first), Some(last)) = (row.first(), row.last()) else { return Vec::new() };
        let cells: Vec<(Vec<Range>, &str)> = row
            .iter()
            .zip(leads)
            .map(|(cell, lead)| (self.kept(*cell), lead.as_str()))
            .filter(|(cell, _)| !cell.is_empty())
            .collect();
        let whole = Range::new(first.start, last.end);
        let folded = self.folded(&self.kept(whole));
        let (mut text, mut map) = (String::new(), Vec::<Mapping>::new());
        // The characters of `text`, counted on the way: a row may have thousands of cells.
        let mut shift = 0;
        for (cell, lead) in &cells {
            let part = self.folded(cell);
            let spoken = self.speak(&part);
            if spoken.text.is_empty() {
                continue;
            }
            if !text.is_empty() {
                while text.ends_with(['.', ',', ';', ':']) {
                    text.pop();
                    shift -= 1;
                }
                text.push_str(", ");
                if let Some(step) = map.last_mut() {
                    step.spoken.end = shift + 1;
                }
                shift += 2;
            }
            let start = u32::try_from(folded.places.partition_point(|place| *place < part.places[0])).unwrap_or(0);
            let (words, steps) = led(lead, &spoken.text, &spoken.map);
            text.push_str(&words);
            map.extend(steps.iter().map(|step| Mapping {
                spoken: Range::new(step.spoken.start + shift, step.spoken.end + shift),
                original: Range::new(step.original.start + start, step.original.end + start),
            }));
            shift += lectern_core::content::length(&words);
        }
        if text.is_empty() {
            return Vec::new();
        }
        let mut spoken = Spoken { text, map };
        let whole_fits = lectern_core::content::length(&spoken.text) <= MAX_SPOKEN && folded.places.len() <= WINDOW;
        if whole_fits || cells.len() < 2 {
            if cells.len() < 2 {
                return cells.iter().flat_map(|(cell, lead)| self.cell(block, cell, lead)).collect();
            }
            close(&mut spoken, true);
            let phrase = Phrase { ranges: self.kept(whole), original: folded.text, spoken };
            return vec![phrase.utterance(block, Role::TableRow, "")];
        }
        cells.iter().flat_map(|(cell, lead)| self.cell(block, cell, lead)).collect()
    }

    fn cell(&self, block: u32, cell: &[Range], lead: &str) -> Vec<Utterance> {
        let mut lead = lead;
        let mut utterances = Vec::new();
        for phrase in self.phrases(cell).into_iter().flatten() {
            utterances.push(phrase.utterance(block, Role::TableRow, std::mem::take(&mut lead)));
        }
        utterances
    }
}
