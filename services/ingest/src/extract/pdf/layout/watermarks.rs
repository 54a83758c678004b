//! Watermarks that no mark tells of: words that lean across the page, or lie large over or under
//! its text, page after page; and what a supplier prints along the edge of every copy.

use std::collections::HashMap;

use lectern_core::content::document::Furniture;

use super::super::content::page::{Page, Run};
use super::lines;
use super::piece::Piece;
use crate::clean::running;

/// Type this many times as large as the document's is no text of it, where it leans or lies over
/// text.
const LARGE: f32 = 2.0;
/// What stands on at least this share of the pages stands on each.
const EACH_PAGE: f32 = 0.5;
/// Points by which the same words may differ in place.
const SAME_PLACE: f32 = 3.0;

/// Words that may be a watermark.
struct Candidate {
    page: usize,
    text: String,
    size: f32,
    /// Whether it leans, stands, or lies as the text does.
    angle: Angle,
    place: (f32, f32),
    over_text: bool,
    /// Numbers of the runs that it is made of.
    runs: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Angle {
    Leaning,
    Turned,
    Straight,
}

/// Removes the watermarks from `pages`, and adds them to `out`.
pub fn remove(pages: &mut [Page], out: &mut Vec<Piece>) {
    let body = body(pages);
    let candidates: Vec<Candidate> =
        pages.iter().enumerate().flat_map(|(number, page)| candidates(number, page, body)).collect();
    let mut on: HashMap<(String, bool), Vec<usize>> = HashMap::new();
    for candidate in &candidates {
        let straight = candidate.angle == Angle::Straight;
        let seen = on.entry((running::masked(&candidate.text), straight)).or_default();
        if seen.last() != Some(&candidate.page) {
            seen.push(candidate.page);
        }
    }
    for candidate in &candidates {
        let straight = candidate.angle == Angle::Straight;
        let seen = on.get(&(running::masked(&candidate.text), straight)).map_or(0, Vec::len);
        let each = seen >= 2 && seen as f32 >= EACH_PAGE * pages.len() as f32;
        let is = match candidate.angle {
            Angle::Leaning => each || candidate.size >= LARGE * body,
            Angle::Turned => each,
            Angle::Straight => each && candidate.over_text && same_place(candidate, &candidates),
        };
        if is {
            let page = &mut pages[candidate.page];
            page.runs.retain(|run| !candidate.runs.contains(&run.seq));
            page.turned.retain(|run| !candidate.runs.contains(&run.seq));
            let furniture = Furniture::Watermark;
            out.push(Piece { page: candidate.page, top: false, furniture, text: candidate.text.clone() });
        }
    }
}

fn angle(run: &Run, straight: bool) -> Angle {
    if straight {
        Angle::Straight
    } else if run.slant != 0 {
        Angle::Leaning
    } else {
        Angle::Turned
    }
}

fn same_place(candidate: &Candidate, all: &[Candidate]) -> bool {
    all.iter().any(|other| {
        other.page != candidate.page
            && other.text == candidate.text
            && (other.place.0 - candidate.place.0).abs() < SAME_PLACE
            && (other.place.1 - candidate.place.1).abs() < SAME_PLACE
    })
}

fn candidates(number: usize, page: &Page, body: f32) -> Vec<Candidate> {
    let mut out = Vec::new();
    let turned = lines::angles(&page.turned).into_iter().map(|runs| (runs, false));
    let large: Vec<Run> = page.runs.iter().filter(|run| run.size >= LARGE * body).cloned().collect();
    for (runs, straight) in turned.chain(std::iter::once((large, true))) {
        for line in lines::lines(runs.clone(), number) {
            let members: Vec<&Run> = runs.iter().filter(|run| line.holds(run)).collect();
            let Some(first) = members.first() else { continue };
            let over = |run: &&Run| {
                run.size < line.size / LARGE
                    && run.x0 < line.x1
                    && run.x1 > line.x0
                    && run.y > line.y - line.size
                    && run.top() < line.y
            };
            out.push(Candidate {
                page: number,
                text: line.text(),
                size: line.size,
                angle: angle(first, straight),
                place: (line.x0, line.y),
                over_text: straight && page.runs.iter().any(|run| over(&run)),
                runs: members.iter().map(|run| run.seq).collect(),
            });
        }
    }
    out
}

/// The size of most of the document's letters.
pub fn body(pages: &[Page]) -> f32 {
    let mut letters: HashMap<i32, usize> = HashMap::new();
    for run in pages.iter().flat_map(|page| &page.runs) {
        *letters.entry((run.size * 2.0).round() as i32).or_default() += run.text.len();
    }
    letters.into_iter().max_by_key(|(size, count)| (*count, -*size)).map_or(10.0, |(size, _)| size as f32 / 2.0)
}
