//! What stands in the outermost rows of a page, cell by cell.

use lectern_core::content::document::Furniture;

use super::super::super::content::outline::Entry;
use super::super::super::content::page::{Page, Run};
use super::super::super::wording::numbering;
use super::super::lines;
use crate::clean::running;

/// The bands reach this share of the page's height: feet of pages with deep margins stand at 0.86
/// of it.
const BAND: f32 = 0.2;
/// Rows looked at from either edge: a head of two rows and the rule's own.
pub(super) const ROWS: usize = 3;
/// A gap of this many ems parts a number from the words beside it.
pub(super) const CELL: f32 = 1.5;
/// Points by which the same row may differ in height from page to page.
const SAME_HEIGHT: f32 = 3.0;
/// Points by which sizes may differ and be one.
pub(super) const SAME_SIZE: f32 = 0.6;
/// A row whose neighbour is at least this many ems away is set apart from the text.
const APART: f32 = 1.6;
/// Heads are hardly larger than the text: larger type is a title, unless most pages have it.
pub(super) const LARGEST: f32 = 1.15;
/// Words of the longest head.
const LONGEST: usize = 20;
/// Letters of the shortest head that is one for its words.
const SHORTEST: usize = 3;
/// Type this many times as large as the row above it is that of a title.
const TITLE: f32 = 1.3;
/// Words of a chapter's label.
const LABEL_WORDS: usize = 2;

/// What stands in a band between wide gaps.
pub(super) struct Cell {
    pub(super) page: usize,
    pub(super) top: bool,
    /// 0 is the outermost row.
    pub(super) row: usize,
    /// Of its baseline from the page's edge.
    pub(super) distance: f32,
    /// Distance of the next row inwards.
    pub(super) inner: f32,
    /// Its size; 0 where there is none.
    pub(super) inner_size: f32,
    pub(super) size: f32,
    pub(super) text: String,
    pub(super) masked: String,
    pub(super) number: Option<i64>,
    /// Whether its page is wider than high, as slides are: there, titles stand where heads do.
    pub(super) slide: bool,
    /// Whether the file marks it as no content.
    pub(super) artifact: bool,
    /// Whether its row is a title that the outline names on this page, and that stands nowhere else
    /// on it.
    pub(super) titled: bool,
    /// Numbers of the runs that it is made of.
    pub(super) runs: Vec<u32>,
    pub(super) found: Option<Furniture>,
}

impl Cell {
    pub(super) fn apart(&self) -> bool {
        (self.inner - self.distance).abs() > APART * self.size
    }

    pub(super) fn same_place(&self, other: &Self) -> bool {
        self.top == other.top
            && (self.distance - other.distance).abs() < SAME_HEIGHT
            && (self.size - other.size).abs() < SAME_SIZE
    }

    /// Its edge and its distance from it, for looking up what stands there on other pages.
    pub(super) fn place(&self) -> (bool, i32) {
        (self.top, self.distance.round() as i32)
    }

    /// Whether its words may be those of a head.
    pub(super) fn words(&self) -> bool {
        let letters = self.masked.chars().filter(|char| char.is_alphabetic()).count();
        !self.titled && letters >= SHORTEST && self.masked.split_whitespace().count() <= LONGEST
    }

    /// Whether its type is no larger than a head's; on slides, titles stand where heads do and are
    /// but a little larger than the text.
    pub(super) fn small(&self, body: f32) -> bool {
        self.size <= if self.slide { body } else { LARGEST * body }
    }

    /// Whether it is the label of a title below it: `Chapter 4.`, where other pages have their
    /// head.
    pub(super) fn labels(&self) -> bool {
        let bare = self.text.split_whitespace().count() <= LABEL_WORDS;
        bare && self.top && self.inner_size > TITLE * self.size && numbering::depth(&self.text).is_some()
    }

    pub(super) const fn head(&self) -> Furniture {
        if self.top { Furniture::RunningHead } else { Furniture::RunningFoot }
    }
}

/// Adds the cells of a page's outermost rows at one edge; `titles` are those that the outline has
/// on the page.
pub(super) fn band(number: usize, page: &Page, top: bool, titles: &[&Entry], out: &mut Vec<Cell>) {
    let edge = page.height * BAND;
    let distance = |y: f32| if top { y } else { page.height - y };
    let runs: Vec<Run> = page.runs.iter().filter(|run| distance(run.y) < edge + run.size).cloned().collect();
    let mut rows = lines::lines(runs.clone(), number);
    if !top {
        rows.reverse();
    }
    for (row, line) in rows.iter().take(ROWS).enumerate() {
        let inner_size = rows.get(row + 1).map_or(0.0, |next| next.size);
        let text = line.text();
        let titled = titles.iter().any(|title| title.names(&text) && once(page, title));
        let inner = rows.get(row + 1).map_or(edge.max(distance(line.y)) + line.size * APART, |next| distance(next.y));
        for cell in line.cells(CELL * line.size) {
            let within =
                |run: &&Run| line.holds(run) && run.x0 >= cell.x0 - lines::SLACK && run.x1 <= cell.x1 + lines::SLACK;
            let members: Vec<&Run> = runs.iter().filter(within).collect();
            out.push(Cell {
                page: number,
                top,
                row,
                distance: distance(line.y),
                inner,
                inner_size,
                size: line.size,
                masked: running::masked(&cell.text),
                number: running::page_number(&cell.text),
                slide: page.width > page.height,
                titled,
                artifact: !members.is_empty() && members.iter().all(|run| run.marks.artifact.is_some()),
                runs: members.iter().map(|run| run.seq).collect(),
                text: cell.text,
                found: None,
            });
        }
    }
}

/// Whether only one line of `page` reads as `title`: a running head says again what the heading
/// below it says.
fn once(page: &Page, title: &Entry) -> bool {
    let rows = lines::lines(page.runs.clone(), 0);
    rows.iter().filter(|line| title.names(&line.text())).count() == 1
}
