//! Tables without rules: lines whose cells begin at the same places.

use super::super::super::content::page::Rule;
use super::super::super::wording::{contents, markers};
use super::super::lines::{Cell, Line};
use super::super::metrics::Metrics;
use super::{Found, GAP, gutters, header, push, split, text};

/// Points by which the beginnings of one column's cells differ, and the rows that prove it.
const SAME_START: f32 = 1.0;
const STARTED: usize = 2;
/// The last cell goes on below its row at its beginning or at most this many ems behind it, at the
/// distance of the table's lines, which differ by less than this share.
const HANGING: f32 = 2.0;
const SAME_LEADING: f32 = 0.1;
/// Points by which the type of a table's lines may differ.
const SAME_SIZE: f32 = 1.0;
/// A line of one cell goes on with a cell of the row above if it begins this many ems behind the
/// first column.
const SET_IN: f32 = 2.0;
/// Lines of a table farther apart than this many ems are two tables.
const FAR: f32 = 2.4;
/// Of the cells of a table without rules, the share that is filled.
const FILLED: f32 = 0.6;
/// Characters of the longest cell of a table without rules, of two columns and of more.
const LONGEST_CELL: (usize, usize) = (70, 160);
/// Characters of the longest marker of a list item.
const LONGEST_MARKER: usize = 5;

/// Where the cells of a table without rules begin, but for those of the first column, and in how
/// many of its rows: an entry that is as wide as its column leaves no gap before the next.
#[derive(Default)]
pub(super) struct Starts(Vec<(f32, usize)>);

impl Starts {
    fn note(&mut self, cells: &[Cell]) {
        for cell in cells.iter().skip(1) {
            match self.0.iter_mut().find(|(x, _)| (x - cell.x0).abs() < SAME_START) {
                Some((_, rows)) => *rows += 1,
                None => self.0.push((cell.x0, 1)),
            }
        }
    }

    pub(super) fn known(&self, at: f32) -> bool {
        self.0.iter().any(|(x, rows)| (x - at).abs() < SAME_START && *rows >= STARTED)
    }

    pub(super) fn cells(&self, line: &Line) -> Vec<Cell> {
        line.cells_at(GAP * line.size, |at| self.known(at))
    }
}

/// A table without rules: at least three lines in a row with cells at the same places. Code that is
/// set so, with its remarks below each other, is none.
pub(super) fn aligned(lines: &[Line], from: usize, across: &[Rule], metrics: &Metrics) -> Option<Found> {
    let mut to = from;
    let mut parted = 0;
    let mut starts = Starts::default();
    while to < lines.len() {
        let line = &lines[to];
        let cells = starts.cells(line);
        if to > from {
            let gap = line.y - lines[to - 1].y;
            if gap > FAR * line.size || (line.size - lines[from].size).abs() > SAME_SIZE {
                break;
            }
        }
        if cells.len() >= 2 && !listed(&cells) {
            parted += 1;
            starts.note(&cells);
        } else if to == from || cells[0].x0 < lines[from].x0 + SET_IN * line.size || cells.len() > 1 {
            break;
        }
        let body = &lines[from..=to];
        if gutters(body, &starts).is_empty() {
            break;
        }
        to += 1;
    }
    while to > from && starts.cells(&lines[to - 1]).len() < 2 && !goes_on(&lines[from..to], &starts) {
        to -= 1;
    }
    let body = &lines[from..to];
    let columns = gutters(body, &starts);
    if columns.is_empty() || parted < 3 && !(parted == 2 && columns.len() >= 2) {
        return None;
    }
    if body.iter().all(|line| metrics.is_code(line)) {
        return None;
    }
    let mut rows: Vec<Vec<Vec<Line>>> = Vec::new();
    for line in body {
        let row = split(line, &columns);
        let continues = !rows.is_empty() && row[0].is_empty();
        push(&mut rows, row, continues);
    }
    let texts: Vec<String> = rows.iter().flatten().filter(|cell| !cell.is_empty()).map(|cell| text(cell)).collect();
    let longest = texts.iter().map(|cell| cell.chars().count()).max()?;
    let filled = texts.len() as f32 >= FILLED * (rows.len() * (columns.len() + 1)) as f32;
    if !filled || rows.len() < 2 || (longest > LONGEST_CELL.0 && columns.len() < 2) || longest > LONGEST_CELL.1 {
        return None;
    }
    let between = across.iter().any(|rule| rule.y0 > body[0].y && rule.y0 < body[body.len() - 1].y);
    let header_rows = header(&rows, body);
    Some(Found { from, to, rows, header_rows, ruled: between, columns })
}

/// Whether the last of `lines`, which has no cells, goes on with the last cell above it.
fn goes_on(lines: &[Line], starts: &Starts) -> bool {
    let [above @ .., last] = lines else { return false };
    let gap = |pair: &[Line]| pair[1].y - pair[0].y;
    let leading = above.windows(2).map(gap).fold(f32::MAX, f32::min);
    let row = above.iter().rev().map(|line| starts.cells(line)).find(|cells| cells.len() >= 2);
    row.as_ref().and_then(|cells| cells.last()).is_some_and(|cell| {
        (cell.x0 - SAME_START..cell.x0 + HANGING * last.size).contains(&last.x0)
            && gap(&lines[lines.len() - 2..]) < (1.0 + SAME_LEADING) * leading
    })
}

/// A bullet, number or note mark with its text is no row of two cells; neither is a line of a table
/// of contents.
fn listed(cells: &[Cell]) -> bool {
    let first = cells[0].text.trim();
    let marker = first.chars().count() <= LONGEST_MARKER
        && (markers::marker(&format!("{first} x")).is_some()
            || first.trim_end_matches('.').split('.').all(|part| part.chars().all(|char| char.is_ascii_digit()))
            || first.starts_with('['));
    (cells.len() == 2 && marker) || cells.iter().any(|cell| contents::leaders(&cell.text))
}
