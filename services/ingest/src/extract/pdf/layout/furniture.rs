//! Takes running heads, feet and page numbers off the pages before anything else is read, so that columns and paragraphs join
//! across them.

use std::collections::HashMap;

use lectern_core::content::document::Furniture;

use super::super::content::page::{Page, Run};
use super::lines::{self, Line};
use crate::clean::running::{self, BandLine, Running};

/// The bands reach this share of the page's height.
const BAND: f32 = 0.13;
/// Rows looked at from either edge.
const ROWS: usize = 3;

/// A piece of furniture.
#[derive(Debug)]
pub struct Piece {
    /// The page, from 0.
    pub page: usize,
    /// Whether it stands at the top.
    pub top: bool,
    /// What it is.
    pub furniture: Furniture,
    /// Its text.
    pub text: String,
}

struct Candidate {
    page: usize,
    /// 0 is the outermost row.
    row: usize,
    top: bool,
    artifact: bool,
    text: String,
    /// Size of its type.
    size: f32,
    /// Numbers of the runs it is made of.
    runs: Vec<u32>,
}

/// Removes the furniture from `pages` and returns it, in order of pages.
pub fn remove(pages: &mut [Page]) -> Vec<Piece> {
    let candidates: Vec<Candidate> =
        pages.iter().enumerate().flat_map(|(number, page)| candidates(number, page)).collect();
    let band: Vec<BandLine> = candidates
        .iter()
        .map(|candidate| BandLine { page: candidate.page, top: candidate.top, text: candidate.text.clone() })
        .collect();
    let kinds = running::classify(&band, pages.len());
    // The title reads as the head does that repeats it, but is larger.
    let mut least: HashMap<String, f32> = HashMap::new();
    for candidate in &candidates {
        let size = least.entry(running::masked(&candidate.text)).or_insert(candidate.size);
        *size = size.min(candidate.size);
    }
    let larger = |candidate: &Candidate| {
        least.get(&running::masked(&candidate.text)).is_some_and(|least| candidate.size > 1.15 * least)
    };
    let mut out = Vec::new();
    let mut at = 0;
    while at < candidates.len() {
        // One edge of one page: inwards until a row that stays.
        let (page, top) = (candidates[at].page, candidates[at].top);
        let end = at + candidates[at..].iter().take_while(|next| next.page == page && next.top == top).count();
        let mut row = at;
        while row < end {
            let next = row + candidates[row..end].iter().take_while(|other| other.row == candidates[row].row).count();
            let mut all = true;
            for (candidate, kind) in candidates[row..next].iter().zip(&kinds[row..next]) {
                let Some(furniture) = furniture(candidate, *kind).filter(|_| !larger(candidate)) else {
                    all = false;
                    continue;
                };
                pages[page].runs.retain(|run| !candidate.runs.contains(&run.seq));
                out.push(Piece { page, top, furniture, text: candidate.text.clone() });
            }
            if !all {
                break;
            }
            row = next;
        }
        at = end;
    }
    out
}

fn furniture(candidate: &Candidate, kind: Option<Running>) -> Option<Furniture> {
    match kind {
        Some(Running::PageNumber) => Some(Furniture::PageNumber),
        Some(Running::Head) => Some(Furniture::RunningHead),
        Some(Running::Foot) => Some(Furniture::RunningFoot),
        None if candidate.artifact => Some(match (running::page_number(&candidate.text), candidate.top) {
            (Some(_), _) => Furniture::PageNumber,
            (None, true) => Furniture::RunningHead,
            (None, false) => Furniture::RunningFoot,
        }),
        None => None,
    }
}

fn candidates(number: usize, page: &Page) -> Vec<Candidate> {
    let mut out = Vec::new();
    for top in [true, false] {
        let edge = page.height * BAND;
        let runs: Vec<&Run> = page
            .runs
            .iter()
            .filter(|run| if top { run.y < edge + run.size } else { run.y > page.height - edge })
            .collect();
        let mut rows = lines::lines(runs.iter().map(|run| (*run).clone()).collect(), number);
        if !top {
            rows.reverse();
        }
        for (row, line) in rows.iter().take(ROWS).enumerate() {
            for (text, x0, x1) in pieces(line) {
                let members = |run: &&&Run| {
                    (run.y - line.y).abs() < 0.6 * line.size.max(run.size) && run.x0 >= x0 - 0.5 && run.x1 <= x1 + 0.5
                };
                let members: Vec<&&Run> = runs.iter().filter(members).collect();
                out.push(Candidate {
                    page: number,
                    row,
                    top,
                    artifact: !members.is_empty() && members.iter().all(|run| run.artifact),
                    text,
                    size: line.size,
                    runs: members.iter().map(|run| run.seq).collect(),
                });
            }
        }
    }
    out
}

/// Parts of a band line: number and title may stand at opposite edges.
fn pieces(line: &Line) -> Vec<(String, f32, f32)> {
    line.cells(1.5 * line.size).into_iter().map(|cell| (cell.text, cell.x0, cell.x1)).collect()
}
