//! Running heads, feet and page numbers: what stands in the outermost rows of a page, where the
//! pages near by have the same, or the next number, at the same height. Words alone prove nothing,
//! for a title reads as the head that repeats it, and a place alone proves little, for every page
//! of text begins at the same height.

use std::collections::HashMap;
use std::ops::Range;

use lectern_core::content::document::Furniture;

use super::super::content::page::{Page, Run};
use super::super::wording::{contents, numbering};
use super::furniture::Piece;
use super::lines;
use super::watermarks;
use crate::clean::running;

/// The bands reach this share of the page's height: feet of pages with deep margins stand at 0.86
/// of it.
const BAND: f32 = 0.2;
/// Rows looked at from either edge: a head of two rows and the rule's own.
const ROWS: usize = 3;
/// A gap of this many ems parts a number from the words beside it.
const CELL: f32 = 1.5;
/// Pages near by, on which a head must come back and a number must climb.
const NEAR: usize = 4;
/// Points by which the same row may differ in height from page to page.
const SAME_HEIGHT: f32 = 3.0;
/// Points by which sizes may differ and be one.
const SAME_SIZE: f32 = 0.6;
/// A row whose neighbour is at least this many ems away is set apart from the text.
const APART: f32 = 1.6;
/// Heads are hardly larger than the text: larger type is a title, unless most pages have it.
const LARGEST: f32 = 1.15;
/// What stands on at least this share of the pages stands on most.
const MOST_PAGES: f32 = 0.5;
/// Words of the longest head.
const LONGEST: usize = 20;
/// Letters of the shortest head that is one for its words.
const SHORTEST: usize = 3;
/// A place is one of heads if this share of what stands there was proven to be.
const PROVEN: f32 = 0.6;
/// If this share was, even a row close to the text is one.
const SURE: f32 = 0.9;
/// Type this many times as large as the row above it is that of a title.
const TITLE: f32 = 1.3;
/// Ems from the first line of a head to its second.
const NEXT_LINE: f32 = 1.35;
/// Words of a chapter's label.
const LABEL_WORDS: usize = 2;
/// Pages that must agree on such a place.
const FEWEST: usize = 3;
/// A head stands at most at this share of the distance from the edge at which the text begins.
const MARGIN: f32 = 0.65;

/// What stands in a band between wide gaps.
struct Cell {
    page: usize,
    top: bool,
    /// 0 is the outermost row.
    row: usize,
    /// Of its baseline from the page's edge.
    distance: f32,
    /// Distance of the next row inwards.
    inner: f32,
    /// Its size; 0 where there is none.
    inner_size: f32,
    size: f32,
    text: String,
    masked: String,
    number: Option<i64>,
    /// Whether its page is wider than high, as slides are: there, titles stand where heads do.
    slide: bool,
    /// Whether the file marks it as no content.
    artifact: bool,
    /// Numbers of the runs that it is made of.
    runs: Vec<u32>,
    found: Option<Furniture>,
}

impl Cell {
    fn apart(&self) -> bool {
        (self.inner - self.distance).abs() > APART * self.size
    }

    fn same_place(&self, other: &Self) -> bool {
        self.top == other.top
            && (self.distance - other.distance).abs() < SAME_HEIGHT
            && (self.size - other.size).abs() < SAME_SIZE
    }

    /// Its edge and its distance from it, for looking up what stands there on other pages.
    fn place(&self) -> (bool, i32) {
        (self.top, self.distance.round() as i32)
    }

    fn words(&self) -> bool {
        let letters = self.masked.chars().filter(|char| char.is_alphabetic()).count();
        letters >= SHORTEST && self.masked.split_whitespace().count() <= LONGEST
    }

    /// Whether its type is no larger than a head's; on slides, titles stand where heads do and are
    /// but a little larger than the text.
    fn small(&self, body: f32) -> bool {
        self.size <= if self.slide { body } else { LARGEST * body }
    }

    /// Whether it is the label of a title below it: `Chapter 4.`, where other pages have their
    /// head.
    fn labels(&self) -> bool {
        let bare = self.text.split_whitespace().count() <= LABEL_WORDS;
        bare && self.top && self.inner_size > TITLE * self.size && numbering::depth(&self.text).is_some()
    }

    const fn head(&self) -> Furniture {
        if self.top { Furniture::RunningHead } else { Furniture::RunningFoot }
    }
}

/// The cells of all bands.
struct Bands {
    cells: Vec<Cell>,
    /// The cells of each page.
    pages: Vec<Range<usize>>,
    /// The size of the document's text.
    body: f32,
}

/// Removes heads, feet and page numbers from `pages`, and adds them to `out`.
pub fn remove(pages: &mut [Page], out: &mut Vec<Piece>) {
    let mut bands = Bands::of(pages);
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
    fn of(pages: &[Page]) -> Self {
        let mut cells = Vec::new();
        let mut of_pages = Vec::with_capacity(pages.len());
        for (number, page) in pages.iter().enumerate() {
            let from = cells.len();
            for top in [true, false] {
                band(number, page, top, &mut cells);
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
            (beside && cell.row < 2).then(|| cell.head())
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

/// Adds the cells of a page's outermost rows at one edge.
fn band(number: usize, page: &Page, top: bool, out: &mut Vec<Cell>) {
    let edge = page.height * BAND;
    let distance = |y: f32| if top { y } else { page.height - y };
    let runs: Vec<Run> = page.runs.iter().filter(|run| distance(run.y) < edge + run.size).cloned().collect();
    let mut rows = lines::lines(runs.clone(), number);
    if !top {
        rows.reverse();
    }
    for (row, line) in rows.iter().take(ROWS).enumerate() {
        let inner_size = rows.get(row + 1).map_or(0.0, |next| next.size);
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
                artifact: !members.is_empty() && members.iter().all(|run| run.marks.artifact.is_some()),
                runs: members.iter().map(|run| run.seq).collect(),
                text: cell.text,
                found: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, x0: f32, y: f32, size: f32, seq: u32) -> Run {
        let x1 = x0 + 0.5 * size * text.chars().count() as f32;
        Run { text: text.to_owned(), x0, x1, y, size, seq, ..Run::default() }
    }

    /// A page of text between y 100 and 640, with these lines at the edges.
    fn page(extra: &[(&str, f32, f32, f32)]) -> Page {
        let digits =
            |char: char| char.to_digit(10).and_then(|digit| char::from_u32(u32::from('k') + digit)).unwrap_or(char);
        let words: String = extra.iter().flat_map(|line| line.0.chars()).map(digits).collect();
        let line = |at: u32| run(&format!("Text about {words}."), 72.0, 100.0 + 14.0 * at as f32, 10.0, at);
        let mut runs: Vec<Run> = (0..40).map(line).collect();
        for (at, (text, x0, y, size)) in (100..).zip(extra) {
            runs.push(run(text, *x0, *y, *size, at));
        }
        Page { width: 612.0, height: 792.0, runs, ..Page::default() }
    }

    fn taken(mut pages: Vec<Page>) -> Vec<(usize, String)> {
        let mut out = Vec::new();
        remove(&mut pages, &mut out);
        let mut found: Vec<(usize, String)> = out.into_iter().map(|piece| (piece.page, piece.text)).collect();
        found.sort();
        found
    }

    #[test]
    fn heads_of_sections_beside_climbing_numbers_are_taken() {
        let pages = (0..6)
            .map(|at| {
                let head = ["4.1 Sources", "CHAPTER 4. CURRENTS"][at % 2];
                let own = format!("{head}{}", if at == 3 { " of a page" } else { "" });
                page(&[(&own, 200.0, 50.0, 9.0), (&format!("{}", 170 + at), 500.0, 50.0, 9.0)])
            })
            .collect();
        assert_eq!(taken(pages).len(), 12);
    }

    #[test]
    fn a_small_digit_near_the_foot_frees_no_page_number() {
        let pages = (0..4)
            .map(|at| {
                let number = format!("{}", 37 + at);
                let mut extra = vec![(number.as_str(), 500.0, 681.0, 10.0)];
                if at == 1 {
                    extra.push(("1", 80.0, 668.0, 6.0));
                }
                page(&extra)
            })
            .collect();
        let found: Vec<String> = taken(pages).into_iter().map(|(_, text)| text).collect();
        assert_eq!(found, ["37", "38", "39", "40"]);
    }

    #[test]
    fn the_label_of_a_chapters_title_stays_though_it_stands_where_heads_do() {
        let mut pages: Vec<Page> =
            ["Chapter 4. Probes", "User space", "Kernel space"].map(|head| page(&[(head, 72.0, 50.0, 10.0)])).into();
        pages.push(page(&[("Chapter 5.", 72.0, 50.0, 10.0), ("Scripts", 72.0, 82.0, 24.0)]));
        pages.push(page(&[("Chapter 5. Scripts", 72.0, 50.0, 10.0), ("A first one", 72.0, 82.0, 24.0)]));
        assert_eq!(taken(pages).len(), 4);
    }

    #[test]
    fn titles_and_first_lines_stay() {
        let pages = (0..5)
            .map(|at| {
                let line = format!("Slide about subject {}", ["one", "two", "three", "four", "five"][at]);
                page(&[(&line, 72.0, 60.0, 24.0)])
            })
            .collect();
        assert!(taken(pages).is_empty(), "titles of slides");
        let pages = ["a", "b", "c", "d", "e"].map(|own| {
            let own = format!("subject {own}");
            let mut extra = vec![(own.as_str(), 72.0, 660.0, 10.0)];
            if own.as_str() < "subject c" {
                extra.push(("A list goes on:", 72.0, 86.0, 10.0));
            }
            page(&extra)
        });
        assert!(taken(pages.into()).is_empty(), "text at the height of text");
    }

    #[test]
    fn a_foot_of_two_lines_is_taken_whole() {
        let mut pages: Vec<Page> = (0..5)
            .map(|at| {
                page(&[("Chapter 18. Interfaces", 72.0, 740.0, 10.0), (&format!("{}", 130 + at), 500.0, 740.0, 10.0)])
            })
            .collect();
        pages.push(page(&[
            ("135Chapter 19. Interfaces from the old", 72.0, 740.0, 10.0),
            ("Manual)", 480.0, 752.0, 10.0),
        ]));
        assert_eq!(taken(pages).len(), 12);
    }

    #[test]
    fn titles_of_slides_stay_though_some_come_again() {
        let slide = |title: &str| Page { width: 1000.0, ..page(&[(title, 72.0, 40.0, 11.0)]) };
        let titles = ["A bus", "A bus", "A bus", "A bus", "Clocks", "Ports", "Masters", "Slaves", "Limits"];
        assert!(taken(titles.map(slide).into()).is_empty());
    }

    #[test]
    fn what_stands_alone_in_the_margin_of_most_pages_is_a_head() {
        let heads = ["Backtraces", "Chapter four", "Probing", "Scripts"];
        let pages = heads.iter().map(|head| page(&[(head, 400.0, 40.0, 10.0)])).collect();
        assert_eq!(taken(pages).len(), 4);
    }
}
