//! The text of a part, cut where something changes: who speaks it, whether it is skipped, how it is
//! set.

use lectern_core::content::Range;
use lectern_core::content::document::Block;
use lectern_core::content::timeline::SkippedPart;

use super::{PieceRef, Run};

/// A range of a block that is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) range: Range,
    pub(super) piece: PieceRef,
}

/// The runs of a part of a block. `pieces` and `skipped` are in the order of its text, each apart
/// from the others.
pub(super) fn of(block: &Block, part: Range, pieces: &[Heard], skipped: &[SkippedPart]) -> Vec<Run> {
    let ranges = pieces.iter().map(|piece| piece.range);
    let ranges = ranges.chain(skipped.iter().map(|skip| skip.range)).chain(block.spans.iter().map(|span| span.range));
    let mut cuts: Vec<u32> = ranges.flat_map(|range| [range.start, range.end]).collect();
    cuts.retain(|cut| part.start < *cut && *cut < part.end);
    cuts.extend([part.start, part.end]);
    cuts.sort_unstable();
    cuts.dedup();
    let has = |range: Range, at: u32| range.start <= at && at < range.end;
    let mut runs: Vec<Run> = Vec::with_capacity(cuts.len());
    for pair in cuts.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let first = |after: usize| after.checked_sub(1);
        let piece = first(pieces.partition_point(|piece| piece.range.start <= start)).and_then(|at| pieces.get(at));
        let skip = first(skipped.partition_point(|skip| skip.range.start <= start)).and_then(|at| skipped.get(at));
        let spans = block.spans.iter().enumerate().filter(|(_, span)| has(span.range, start)).map(|(at, _)| at);
        runs.push(Run {
            range: Range::new(start, end),
            piece: piece.filter(|piece| has(piece.range, start)).map(|piece| piece.piece),
            skipped: skip.filter(|skip| has(skip.range, start)).map(|skip| skip.reason),
            spans: spans.collect(),
        });
    }
    // A block without text has a run all the same, which says why it is not heard.
    if runs.is_empty() {
        let skipped = skipped.first().map(|skip| skip.reason);
        runs.push(Run { range: part, piece: None, skipped, spans: Vec::new() });
    }
    runs
}
