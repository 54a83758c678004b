//! Running heads, feet and page numbers: what stands in the outermost rows of a page, where the
//! pages near by have the same, or the next number, at the same height. Words alone prove nothing,
//! for a title reads as the head that repeats it, and a place alone proves little, for every page
//! of text begins at the same height.

mod cells;

use std::collections::HashMap;
use std::ops::Range;

use lectern_core::content::document::Furniture;

use super::super::content::outline::{Entry, Outline};
use super::super::content::page::Page;
use super::super::wording::contents;
use super::lines;
use super::piece::Piece;
use super::watermarks;
use crate::clean::running;
use cells::{CELL, Cell, LARGEST, ROWS, SAME_SIZE, band};

/// Pages near by, on which a head must come back and a number must climb.
const NEAR: usize = 4;
/// What stands on at least this share of the pages stands on most.
const MOST_PAGES: f32 = 0.5;
/// A place is one of heads if this share of what stands there was proven to be.
const PROVEN: f32 = 0.6;
/// If this share was, even a row close to the text is one.
const SURE: f32 = 0.9;
/// Ems from the first line of a head to its second.
const NEXT_LINE: f32 = 1.35;
/// Pages that must agree on such a place.
const FEWEST: usize = 3;
/// A head stands at most at this share of the distance from the edge at which the text begins.
const MARGIN: f32 = 0.65;

/// The cells of all bands.
struct Bands {
    cells: Vec<Cell>,
    /// The cells of each page.
    pages: Vec<Range<usize>>,
    /// The size of the document's text.
    body: f32,
}

/// Removes heads, feet and page numbers from `pages`, and adds them to `out`; a title that
/// `outline` names is none.
pub fn remove(pages: &mut [Page], outline: &Outline, out: &mut Vec<Piece>) {
    let mut bands = Bands::of(pages, outline);
    if pages.len() > 1 {
        bands.numbers();
        bands.number_places();
        bands.numbers_elsewhere();
        bands.heads();
        bands.beside_numbers();
        bands.places();
        bands.margins();
        bands.carried();
        bands.wrapped();
        bands.keep_outermost();
    }
    bands.artifacts();
    let turned = bands.turned(pages);
    for (page, line, furniture) in turned {
        pages[page].turned.retain(|run| !line.holds(run));
        out.push(Piece { page, top: true, furniture, text: line.text() });
    }
    for cell in bands.cells {
        let Some(furniture) = cell.found else { continue };
        pages[cell.page].runs.retain(|run| !cell.runs.contains(&run.seq));
        out.push(Piece { page: cell.page, top: cell.top, furniture, text: cell.text });
    }
}

impl Bands {
    fn of(pages: &[Page], outline: &Outline) -> Self {
        let mut titles: HashMap<usize, Vec<&Entry>> = HashMap::new();
        for (page, entry) in outline.placed() {
            titles.entry(page).or_default().push(entry);
        }
        let mut cells = Vec::new();
        let mut of_pages = Vec::with_capacity(pages.len());
        for (number, page) in pages.iter().enumerate() {
            let from = cells.len();
            for top in [true, false] {
                band(number, page, top, titles.get(&number).map_or(&[], Vec::as_slice), &mut cells);
            }
            of_pages.push(from..cells.len());
        }
        Self { cells, pages: of_pages, body: watermarks::body(pages) }
    }

    /// The cells of the pages near `page`, without its own.
    fn near(&self, page: usize) -> impl Iterator<Item = &Cell> {
        let around = page.saturating_sub(NEAR)..(page + NEAR + 1).min(self.pages.len());
        around.filter(move |other| *other != page).flat_map(|other| &self.cells[self.pages[other].clone()])
    }

    fn find(&mut self, found: impl Fn(&Self, &Cell) -> Option<Furniture>) {
        let kinds: Vec<Option<Furniture>> =
            self.cells.iter().map(|cell| cell.found.or_else(|| found(self, cell))).collect();
        for (cell, kind) in self.cells.iter_mut().zip(kinds) {
            cell.found = kind;
        }
    }

    /// Numbers that climb with the pages, at one height.
    fn numbers(&mut self) {
        let wanted = if self.pages.len() <= FEWEST { 1 } else { 2 };
        self.find(|bands, cell| {
            let number = cell.number?;
            let agree = bands.near(cell.page).filter(|other| {
                other.same_place(cell)
                    && other.masked == cell.masked
                    && other.number.is_some_and(|there| follows((cell.page, number), (other.page, there)))
            });
            // Numbers of chapters climb with the pages too, where each has one.
            let fits = cell.size <= LARGEST * bands.body;
            (fits && agree.count() >= wanted).then_some(Furniture::PageNumber)
        });
    }

    /// Numbers that stand where those that climb do: the first page's, those of a preface of two
    /// pages.
    fn number_places(&mut self) {
        let mut at: HashMap<(bool, i32), (usize, usize)> = HashMap::new();
        for cell in self.cells.iter().filter(|cell| cell.number.is_some()) {
            let (proven, all) = at.entry(cell.place()).or_default();
            *proven += usize::from(cell.found.is_some());
            *all += 1;
        }
        self.find(|_, cell| {
            cell.number?;
            (cell.row == 0 && proven(&at, cell, PROVEN)).then_some(Furniture::PageNumber)
        });
    }

    /// Numbers that go on with those of the pages near by, though they stand elsewhere: on the
    /// first page of a chapter, on a page of another shape.
    fn numbers_elsewhere(&mut self) {
        self.find(|bands, cell| {
            let number = cell.number?;
            let alone = cell.row == 0 || cell.apart();
            let agrees = bands.near(cell.page).any(|other| {
                other.found == Some(Furniture::PageNumber)
                    && other.number.is_some_and(|there| follows((cell.page, number), (other.page, there)))
            });
            (alone && agrees).then_some(Furniture::PageNumber)
        });
    }

    /// The same words at the same height on a page near by.
    fn heads(&mut self) {
        let mut on: HashMap<(bool, String), Vec<usize>> = HashMap::new();
        let mut least: HashMap<String, f32> = HashMap::new();
        for cell in &self.cells {
            let seen = on.entry((cell.top, cell.masked.clone())).or_default();
            if seen.last() != Some(&cell.page) {
                seen.push(cell.page);
            }
            let size = least.entry(cell.masked.clone()).or_insert(cell.size);
            *size = size.min(cell.size);
        }
        self.find(|bands, cell| {
            if !cell.words() {
                return None;
            }
            let seen = on.get(&(cell.top, cell.masked.clone())).map_or(0, Vec::len);
            let most = seen >= FEWEST && seen as f32 >= MOST_PAGES * bands.pages.len() as f32;
            let repeated = bands.near(cell.page).any(|other| other.same_place(cell) && other.masked == cell.masked);
            // The title reads as the head does that repeats it, but is larger.
            let title = least.get(&cell.masked).is_some_and(|least| cell.size > LARGEST * least);
            let fits = (most || cell.small(bands.body) && cell.apart()) && !cell.labels();
            (repeated && fits && !title).then(|| cell.head())
        });
    }

    /// What stands in one row with a page number, apart from the text.
    fn beside_numbers(&mut self) {
        self.find(|bands, cell| {
            let numbered = bands.cells[bands.pages[cell.page].clone()].iter().any(|other| {
                other.top == cell.top && other.row == cell.row && other.found == Some(Furniture::PageNumber)
            });
            let fits = cell.words() && cell.apart() && cell.small(bands.body);
            (numbered && fits).then(|| cell.head())
        });
    }

    /// What stands where most of what stands there, on other pages, is a head or a number.
    fn places(&mut self) {
        let mut at: HashMap<(bool, i32), (usize, usize)> = HashMap::new();
        for cell in &self.cells {
            let (proven, all) = at.entry(cell.place()).or_default();
            *proven += usize::from(cell.found.is_some());
            *all += 1;
        }
        self.find(|bands, cell| {
            let apart = cell.apart() || cell.row == 0 && proven(&at, cell, SURE);
            let fits = cell.words() && apart && cell.small(bands.body) && !cell.labels() && !cell.slide;
            (proven(&at, cell, PROVEN) && fits).then(|| cell.head())
        });
    }

    /// What stands by itself in the margin, at one height on most pages.
    fn margins(&mut self) {
        let outside = |cell: &Cell, body: f32| {
            cell.row == 0
                && cell.apart()
                && cell.words()
                && cell.small(body)
                && cell.distance <= MARGIN * cell.inner
                && !cell.labels()
                && !cell.slide
        };
        let mut at: HashMap<(bool, i32), Vec<usize>> = HashMap::new();
        for cell in self.cells.iter().filter(|cell| outside(cell, self.body)) {
            let pages = at.entry(cell.place()).or_default();
            if pages.last() != Some(&cell.page) {
                pages.push(cell.page);
            }
        }
        self.find(|bands, cell| {
            let (top, distance) = cell.place();
            let pages: usize = (-1..=1).filter_map(|by| at.get(&(top, distance + by))).map(Vec::len).sum();
            let most = pages >= FEWEST && pages as f32 >= PROVEN * bands.pages.len() as f32;
            (most && outside(cell, bands.body)).then(|| cell.head())
        });
    }

    /// What says that a table goes on, on a page or from one.
    fn carried(&mut self) {
        self.find(|_, cell| (cell.row < ROWS && contents::carried(&cell.text)).then(|| cell.head()));
    }

    /// The second line of a head that is too long for one.
    fn wrapped(&mut self) {
        self.find(|bands, cell| {
            let beside = bands.cells[bands.pages[cell.page].clone()].iter().any(|other| {
                other.top == cell.top
                    && (other.row + 1 == cell.row && cell.apart() || other.row == cell.row + 1 && other.apart())
                    && matches!(other.found, Some(Furniture::RunningHead | Furniture::RunningFoot))
                    && (other.size - cell.size).abs() < SAME_SIZE
                    && (other.distance - cell.distance).abs() < NEXT_LINE * cell.size
            });
            (beside && cell.row < 2 && !cell.titled).then(|| cell.head())
        });
    }

    /// Heads are only taken from the edge inwards, up to the first row that stays; numbers that
    /// climb are, wherever they stand.
    fn keep_outermost(&mut self) {
        for page in self.pages.clone() {
            for top in [true, false] {
                let mut open = true;
                let mut row = 0;
                while let Some(of_row) = row_of(&self.cells, page.clone(), top, row) {
                    for at in of_row.clone() {
                        if !open && self.cells[at].found != Some(Furniture::PageNumber) {
                            self.cells[at].found = None;
                        }
                    }
                    open &= of_row.into_iter().all(|at| self.cells[at].found.is_some() || self.cells[at].artifact);
                    row += 1;
                }
            }
        }
    }

    /// What the file marks as no content.
    fn artifacts(&mut self) {
        self.find(|_, cell| {
            cell.artifact.then(|| if cell.number.is_some() { Furniture::PageNumber } else { cell.head() })
        });
    }

    /// Lines at an angle to the text that are a head or a number of the pages near by: tables that
    /// lie on their side have them so.
    fn turned(&self, pages: &[Page]) -> Vec<(usize, lines::Line, Furniture)> {
        let mut out = Vec::new();
        for (number, page) in pages.iter().enumerate().filter(|(_, page)| !page.turned.is_empty()) {
            for line in lines::by_angle(&page.turned, number) {
                let cells = line.cells(CELL * line.size);
                let numbered = cells.iter().any(|cell| {
                    running::page_number(&cell.text).is_some_and(|own| {
                        self.near(number).any(|other| {
                            other.found == Some(Furniture::PageNumber)
                                && other.number.is_some_and(|there| follows((number, own), (other.page, there)))
                        })
                    })
                });
                let headed = cells.iter().any(|cell| {
                    let masked = running::masked(&cell.text);
                    self.near(number)
                        .any(|other| other.found.is_some() && other.number.is_none() && other.masked == masked)
                });
                let furniture =
                    if numbered && cells.len() == 1 { Furniture::PageNumber } else { Furniture::RunningHead };
                if numbered || headed {
                    out.push((number, line, furniture));
                }
            }
        }
        out
    }
}

/// Whether this share of what stands at the place of `cell` was proven; `at` counts what was, and
/// all.
fn proven(at: &HashMap<(bool, i32), (usize, usize)>, cell: &Cell, share: f32) -> bool {
    let (top, distance) = cell.place();
    let (proven, all) = (-1..=1)
        .filter_map(|by| at.get(&(top, distance + by)))
        .fold((0, 0), |sum, here| (sum.0 + here.0, sum.1 + here.1));
    proven >= FEWEST && proven as f32 >= share * all as f32
}

/// Whether two pages' numbers differ as the pages do.
fn follows((page, number): (usize, i64), (other, there): (usize, i64)) -> bool {
    let pages = i64::try_from(other).unwrap_or(0) - i64::try_from(page).unwrap_or(0);
    there - number == pages
}

/// Where a row's cells are; none behind the last row.
fn row_of(cells: &[Cell], page: Range<usize>, top: bool, row: usize) -> Option<Vec<usize>> {
    let of_row: Vec<usize> = page.filter(|at| cells[*at].top == top && cells[*at].row == row).collect();
    (!of_row.is_empty()).then_some(of_row)
}

#[cfg(test)]
mod tests;
