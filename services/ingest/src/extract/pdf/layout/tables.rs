//! Tables: consecutive lines that fall into cells at the same places, between rules or without.

mod aligned;
mod ruled;

use super::super::content::page::Rule;
use super::super::wording::contents;
use super::lines::{Cell, Line};
use super::metrics::Metrics;
use crate::clean::running;
use aligned::{Starts, aligned};
use ruled::{joined, ruled};

/// A table's place in the lines of a region.
#[derive(Debug)]
pub struct Found {
    /// First line.
    pub from: usize,
    /// One past the last.
    pub to: usize,
    /// Its cells, top to bottom, left to right: the lines of each.
    pub rows: Vec<Vec<Vec<Line>>>,
    /// How many of the first rows are headers.
    pub header_rows: u32,
    /// Whether rules say that it is one.
    pub ruled: bool,
    /// Where its columns are parted.
    pub columns: Vec<f32>,
}

/// The gap that parts cells, in ems.
const GAP: f32 = 1.0;
/// White space that parts columns, in ems of the largest type.
const GUTTER: f32 = 0.6;
/// Points by which the columns of a table may differ on its next page.
const SAME_COLUMN: f32 = 6.0;

/// Entries of a table of contents that need nothing beside them to be known.
const FEWEST_ENTRIES: usize = 6;

impl Found {
    /// Whether `next`, at the top of the next page, is the rest of this table, at the foot of its
    /// own.
    pub fn goes_on(&self, next: &Self) -> bool {
        self.ruled == next.ruled
            && self.columns.len() == next.columns.len()
            && self.columns.iter().zip(&next.columns).all(|(a, b)| (a - b).abs() < SAME_COLUMN)
    }

    /// The rows of `next`, which goes on with this table, without the header that it repeats.
    pub fn rest(&self, next: Self) -> Vec<Vec<Vec<Line>>> {
        let header = self.header_rows as usize;
        let same = |(row, head): &(&Vec<Vec<Line>>, &Vec<Vec<Line>>)| {
            row.iter().zip(head.iter()).all(|(cell, other)| text(cell) == text(other))
        };
        let repeated = next.rows.iter().zip(&self.rows[..header]).take_while(same).count();
        next.rows.into_iter().skip(repeated).collect()
    }
}

/// The tables among `lines` of one region.
pub fn find(lines: &[Line], rules: &[Rule], metrics: &Metrics) -> Vec<Found> {
    let across = joined(rules);
    let mut found = Vec::new();
    let mut from = 0;
    while from < lines.len() {
        if let Some(table) = ruled(lines, from, &across, rules).or_else(|| aligned(lines, from, &across, metrics)) {
            let beside = |at: Option<usize>| {
                at.and_then(|at| lines.get(at)).is_some_and(|line| {
                    let text = line.text();
                    contents::leaders(&text) || contents::heading(&text)
                })
            };
            let listed = beside(table.from.checked_sub(1)) || beside(Some(table.to));
            from = table.to;
            if !is_contents(&table.rows, listed) {
                found.push(table);
            }
        } else {
            from += 1;
        }
    }
    found
}

fn cells(line: &Line) -> Vec<Cell> {
    line.cells(GAP * line.size)
}

/// Whether rows are entries of a table of contents: titles before page numbers that climb. Few are,
/// if one stands `beside` them.
fn is_contents(rows: &[Vec<Vec<Line>>], beside: bool) -> bool {
    let number = |row: &Vec<Vec<Line>>| row.last().and_then(|cell| running::page_number(text(cell).trim()));
    let numbers: Vec<i64> = rows.iter().filter_map(number).collect();
    let titled =
        rows.iter().all(|row| row[..row.len() - 1].iter().any(|cell| text(cell).contains(char::is_alphabetic)));
    numbers.len() == rows.len()
        && numbers.is_sorted()
        && numbers.first() < numbers.last()
        && titled
        && (beside || rows.len() >= FEWEST_ENTRIES)
}

fn push(rows: &mut Vec<Vec<Vec<Line>>>, row: Vec<Vec<Line>>, continues: bool) {
    match rows.last_mut() {
        Some(last) if continues => last.iter_mut().zip(row).for_each(|(cell, more)| cell.extend(more)),
        Some(_) | None => rows.push(row),
    }
}

/// The words of a cell.
fn text(cell: &[Line]) -> String {
    cell.iter().map(Line::text).collect::<Vec<_>>().join(" ")
}

/// The middles of the white columns that all of `lines` leave free; where cells are known to begin,
/// any white space is one.
fn gutters(lines: &[Line], starts: &Starts) -> Vec<f32> {
    let mut taken: Vec<(f32, f32)> = Vec::new();
    let mut size = 0.0f32;
    for line in lines {
        size = size.max(line.size);
        taken.extend(starts.cells(line).iter().map(|cell| (cell.x0, cell.x1)));
    }
    taken.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out = Vec::new();
    let mut reach = f32::MAX;
    for (x0, x1) in taken {
        if reach < x0 - GUTTER * size || reach < x0 && starts.known(x0) {
            out.push((reach + x0) / 2.0);
        }
        reach = if reach == f32::MAX { x1 } else { reach.max(x1) };
    }
    out
}

/// The parts of a line by the `columns` in which their middles stand.
fn split(line: &Line, columns: &[f32]) -> Vec<Vec<Line>> {
    let mut row: Vec<Vec<Line>> = vec![Vec::new(); columns.len() + 1];
    for piece in &line.pieces {
        let middle = (piece.x0 + piece.x1) / 2.0;
        let cell = &mut row[columns.iter().filter(|x| **x < middle).count()];
        match cell.last_mut() {
            Some(part) => {
                part.x1 = part.x1.max(piece.x1);
                part.pieces.push(piece.clone());
            }
            None => cell.push(Line { pieces: vec![piece.clone()], x0: piece.x0, x1: piece.x1, ..line.clone() }),
        }
    }
    row
}

/// Whether the first row heads the others: set apart by its face, or words above numbers.
fn header(rows: &[Vec<Vec<Line>>], lines: &[Line]) -> u32 {
    let bold = |line: &Line| line.mostly(|face| face.bold);
    if lines.len() > 1 && bold(&lines[0]) && !bold(&lines[lines.len() - 1]) {
        return 1;
    }
    let number =
        |cell: &[Line]| text(cell).chars().next().is_some_and(|char| char.is_numeric() || "+-−$€£<>~".contains(char));
    let Some((first, rest)) = rows.split_first() else { return 0 };
    let heads = first.iter().enumerate().any(|(column, cell)| {
        !cell.is_empty() && !number(cell) && !rest.is_empty() && rest.iter().all(|row| number(&row[column]))
    });
    u32::from(heads)
}

#[cfg(test)]
mod tests;
