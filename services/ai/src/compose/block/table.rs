//! Tables, row by row.

use lectern_core::content::Range;
use lectern_core::content::document::Block;
use lectern_core::content::script::SkipReason;

use super::outside;
use super::sentence::Text;
use crate::compose::said::Said;
use crate::compose::section::Scene;
use crate::compose::table::{self, Grid};

/// A table, row by row: "header: cell, header: cell." The header row itself is read once, before
/// the others.
pub(super) fn read(scene: &Scene<'_>, block: &Block) -> Said {
    let grid = table::grid(block);
    let (text, end) = (Text::of(scene, block), scene.end(block));
    let passage = &text.passage;
    let mut said = Said::default();
    for cut in passage.cuts_in(Range::new(0, end)) {
        said.skip(block, Some(cut.range), cut.reason);
    }
    let heads = heads(&grid, &text);
    let heard = grid.rows.iter().take_while(|row| row.first().is_none_or(|cell| cell.start < end));
    for (index, row) in heard.enumerate() {
        if scene.stop.stopped() {
            break;
        }
        let heads = if index < grid.headers { &[][..] } else { &heads };
        said.append(of_row(scene, block, &text, row, heads));
    }
    // It is left out as a whole, not cell by cell.
    if said.is_silent() { omitted(scene, block) } else { said }
}

/// What is said of the heads of its columns; none where there are no rows below them.
fn heads(grid: &Grid, text: &Text) -> Vec<String> {
    match grid.headers.checked_sub(1).and_then(|row| grid.rows.get(row)) {
        Some(row) if grid.rows.len() > grid.headers => row
            .iter()
            .map(|cell| text.passage.spoken(*cell).trim_end_matches(['.', ',', ';', ':', '?', '!']).to_owned())
            .collect(),
        Some(_) | None => Vec::new(),
    }
}

/// A row, each cell behind the head of its column.
fn of_row(scene: &Scene<'_>, block: &Block, text: &Text, row: &[Range], heads: &[String]) -> Said {
    let passage = &text.passage;
    let lead = |column: usize| match heads.get(column) {
        Some(head) if !head.is_empty() => format!("{head}: "),
        Some(_) | None => String::new(),
    };
    let leads: Vec<String> = (0..row.len()).map(lead).collect();
    let mut said = Said::of(passage.row(block.id, row, &leads)).ending();
    for utterance in &mut said.utterances {
        text.references.lead(passage, utterance, scene.language);
        utterance.marks = passage.marks_of(utterance);
    }
    let heard: Vec<Range> = said.utterances.iter().flat_map(|said| &said.sources).map(|source| source.range).collect();
    let kept = row.iter().flat_map(|cell| passage.kept(*cell));
    let silent = kept.flat_map(|part| outside(part, &heard)).filter(|part| passage.alphanumeric(*part));
    for part in silent {
        said.skip(block, Some(part), SkipReason::NothingToSay);
    }
    said
}

/// A table that is announced and not read out.
pub(super) fn omitted(scene: &Scene<'_>, block: &Block) -> Said {
    let grid = table::grid(block);
    let words = scene.language.announce_table(grid.columns(), grid.rows.len() - grid.headers);
    Said::omitted(block, &words, SkipReason::TableBody, scene.language)
}
