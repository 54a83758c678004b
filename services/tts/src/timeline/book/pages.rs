//! Where blocks stand: on the page of the section that speaks them, and those that nobody speaks
//! beside the one before them.

use std::collections::{BTreeMap, HashMap};

use lectern_core::Failure;
use lectern_core::content::accounting::account;
use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Plan, Section};
use lectern_core::content::{Range, length};

use super::runs::{self, Heard};
use super::{Item, Page, Part, PieceRef, Sentence};
use crate::timeline::skipped;

/// The title of the page of what no section has a place for.
const REST: &str = "The document";

/// Puts every block of the document onto a page.
pub(super) fn fill<'a>(
    content: &'a Content,
    plan: &Plan,
    sections: &[Section],
    sentences: &[Sentence<'_>],
    pages: &mut Vec<Page<'a>>,
) -> Result<(), Failure> {
    let heard = heard(sentences);
    let skipped = skipped(plan, sections);
    let mut page_of: HashMap<usize, usize> = HashMap::new();
    for (at, page) in pages.iter().enumerate() {
        page_of.extend(page.sentences.clone().map(|sentence| (sentence, at)));
    }
    let (mut current, mut waiting): (Option<usize>, Vec<Part<'a>>) = (None, Vec::new());
    for block in &content.blocks {
        let pieces = heard.get(&block.id).map_or(&[][..], Vec::as_slice);
        let skips = skipped.get(&block.id).map_or(&[][..], Vec::as_slice);
        let ranges: Vec<Range> = pieces.iter().flat_map(|piece| sources(sentences, block, piece)).collect();
        let account = account(block, &ranges, skips)?;
        for (range, page) in parted(block, pieces, &page_of) {
            let runs = runs::of(block, range, pieces, &account.skipped);
            let part = Part { block, range, fate: account.fate, runs };
            current = page.or(current);
            let page = match current {
                Some(at) => pages.get_mut(at),
                None => None,
            };
            match page {
                Some(page) => page.items.extend(waiting.drain(..).chain([part]).map(Item::Part)),
                None => waiting.push(part),
            }
        }
    }
    if !waiting.is_empty() {
        let end = pages.last().map_or(0, |page| page.end);
        let last = pages.last().map_or(0, |page| page.sentences.end);
        pages.push(Page {
            section: None,
            title: REST,
            level: 1,
            start: end,
            end,
            sentences: last..last,
            items: waiting.into_iter().map(Item::Part).collect(),
        });
    }
    Ok(())
}

/// What is heard of each block, in the order of its text.
fn heard(sentences: &[Sentence<'_>]) -> BTreeMap<u32, Vec<Heard>> {
    let mut heard: BTreeMap<u32, Vec<Heard>> = BTreeMap::new();
    for (sentence, of) in sentences.iter().enumerate() {
        for (piece, at) in of.pieces.iter().enumerate() {
            if let Some(block) = at.block {
                let piece = PieceRef { sentence, piece };
                heard.entry(block).or_default().push(Heard { range: at.range, piece });
            }
        }
    }
    heard.values_mut().for_each(|pieces| pieces.sort_by_key(|piece| piece.range));
    heard
}

/// The ranges of a block that are spoken in a piece, without what is skipped between them.
fn sources(sentences: &[Sentence<'_>], block: &Block, heard: &Heard) -> Vec<Range> {
    let sources = sentences.get(heard.piece.sentence).map_or(&[][..], |of| of.utterance.sources.as_slice());
    let inside = |range: Range| Range::new(range.start.max(heard.range.start), range.end.min(heard.range.end));
    let of_block = sources.iter().filter(|source| source.block == block.id);
    of_block.map(|source| inside(source.range)).filter(|range| !range.is_empty()).collect()
}

/// The parts of a block with the page that each is spoken on; one part without a page where nobody
/// speaks it.
fn parted(block: &Block, pieces: &[Heard], page_of: &HashMap<usize, usize>) -> Vec<(Range, Option<usize>)> {
    let all = length(&block.text);
    let mut parts: Vec<(Range, Option<usize>)> = Vec::new();
    for heard in pieces {
        let page = page_of.get(&heard.piece.sentence).copied();
        match parts.last_mut() {
            Some((range, of)) if *of == page => range.end = heard.range.end,
            Some((range, _)) => {
                let start = range.end;
                parts.push((Range::new(start, heard.range.end), page));
            }
            None => parts.push((Range::new(0, heard.range.end), page)),
        }
    }
    match parts.last_mut() {
        Some((range, _)) => range.end = all,
        None => parts.push((Range::new(0, all), None)),
    }
    parts
}
