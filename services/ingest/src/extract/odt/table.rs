//! Tables (ODF 1.3, part 3, chapter 9): cells by row. Repeated cells and rows are written out under
//! a limit.

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Furniture};
use lectern_core::content::words;

use super::super::assembly::{Draft, is_prose};
use super::super::dom::Element;
use super::super::inline::Line;
use super::body::{Body, Place};
use super::runs::{Beside, Runs, is_block};

impl<'d> Body<'_, 'd> {
    pub fn table(&mut self, table: &'d Element, place: Place) -> Result<(), Failure> {
        self.end_code();
        let rows = rows(table, false);
        if is_layout(table, &rows) {
            return rows.iter().flat_map(|(row, _)| row.elements()).try_for_each(|cell| self.blocks(cell, place));
        }
        let mut beside = Vec::new();
        let mut lines: Vec<(Vec<Line>, usize)> = Vec::new();
        let mut header_rows = 0;
        let mut hidden = Vec::new();
        for (row, header) in rows {
            let cells = self.row(row, &mut beside)?;
            let times = repeated(row, "number-rows-repeated");
            if matches!(row.local("visibility"), Some("collapse" | "filter")) {
                hidden.extend(Draft::table(vec![cells], 0).line.text.split('\n').map(Line::plain));
            } else {
                header_rows += if header { u32::try_from(times).unwrap_or(u32::MAX) } else { 0 };
                lines.push((cells, times));
            }
        }
        let bytes = |row: &Vec<Line>| row.iter().map(|cell| cell.text.len()).sum::<usize>();
        let mut grid = self.budget.expand(
            lines,
            |row| row.iter().all(|cell| cell.text.is_empty()),
            |row| (row.len(), bytes(row)),
        )?;
        let width = grid.iter().map(Vec::len).max().unwrap_or(0);
        self.budget.spend(width.saturating_mul(grid.len()), 0)?;
        grid.iter_mut().for_each(|row| row.resize(width, Line::default()));
        header_rows = header_rows.min(u32::try_from(grid.len()).unwrap_or(u32::MAX));
        self.push_table(grid, header_rows, place);
        for line in hidden {
            self.assembly.push(Draft::new(BlockKind::Furniture { furniture: Furniture::Hidden }, line));
        }
        self.beside(beside, place)
    }

    fn push_table(&mut self, grid: Vec<Vec<Line>>, header_rows: u32, place: Place) {
        if grid.is_empty() {
            return;
        }
        let mut draft = Draft::table(grid, header_rows);
        if let Some(furniture) = place.furniture {
            draft = Draft::new(BlockKind::Furniture { furniture }, Line::plain(&draft.line.text));
        }
        draft.matter = place.matter;
        self.assembly.push(draft);
    }

    fn row(&mut self, row: &'d Element, beside: &mut Vec<Beside<'d>>) -> Result<Vec<Line>, Failure> {
        let mut cells: Vec<(Line, usize)> = Vec::new();
        // Places that the cells before cover and that no covered cell has filled yet.
        let mut uncovered: usize = 0;
        for cell in row.elements() {
            let times = repeated(cell, "number-columns-repeated");
            match &*cell.name {
                "covered-table-cell" => {
                    uncovered = uncovered.saturating_sub(times);
                    cells.push((self.cell(cell, beside)?, times));
                }
                "table-cell" => {
                    if uncovered > 0 {
                        cells.push((Line::default(), uncovered));
                    }
                    uncovered = repeated(cell, "number-columns-spanned") - 1;
                    cells.push((self.cell(cell, beside)?, times));
                }
                _ => {}
            }
        }
        self.budget.expand(cells, |cell| cell.text.is_empty(), |cell| (1, cell.text.len()))
    }

    /// The text of a cell in one line: its paragraphs, its list items with their marks, tables
    /// within it as text.
    fn cell(&mut self, cell: &'d Element, beside: &mut Vec<Beside<'d>>) -> Result<Line, Failure> {
        let mut lines = Vec::new();
        for child in cell.elements() {
            match &*child.name {
                "p" | "h" => {
                    let mut runs = Runs::read(self.part, child, self.notes.len());
                    self.notes.append(&mut runs.notes);
                    lines.push(runs.inline.finish());
                    for part in runs.before.into_iter().chain(runs.after) {
                        match part {
                            Beside::Blocks(parent) => lines.push(self.cell(parent, beside)?),
                            Beside::Figure(_) | Beside::Aside(..) => beside.push(part),
                        }
                    }
                }
                "table-cell" => {
                    let inner = self.cell(child, beside)?;
                    let times = repeated(child, "number-columns-repeated");
                    if !inner.text.is_empty() {
                        lines.push(self.repeat(&inner, times)?);
                    }
                }
                "covered-table-cell" | "tracked-changes" => {}
                _ => lines.push(self.cell(child, beside)?),
            }
        }
        Ok(Line::joined(lines))
    }

    /// A cell of a table within a cell, as often as it is repeated.
    fn repeat(&mut self, line: &Line, times: usize) -> Result<Line, Failure> {
        self.budget.spend(times, line.text.len().saturating_mul(times - 1))?;
        Ok(Line::joined(std::iter::repeat_n(line.clone(), times)))
    }
}

/// How often something is repeated, or how far it reaches; at least once.
fn repeated(element: &Element, name: &str) -> usize {
    element.local(name).and_then(|count| count.parse::<usize>().ok()).unwrap_or(1).max(1)
}

/// The rows of a table, and whether each is a header.
fn rows(parent: &Element, header: bool) -> Vec<(&Element, bool)> {
    let mut found = Vec::new();
    for child in parent.elements() {
        match &*child.name {
            "table-row" => found.push((child, header)),
            "table-header-rows" => found.extend(rows(child, true)),
            "table-rows" | "table-row-group" => found.extend(rows(child, header)),
            _ => {}
        }
    }
    found
}

/// Whether a table only arranges a page: it has one column, holds what no cell of a table of facts
/// holds, or its cells hold prose.
fn is_layout(table: &Element, rows: &[(&Element, bool)]) -> bool {
    let widest = rows
        .iter()
        .map(|(row, _)| row.elements().filter(|cell| cell.elements().any(is_block)).count())
        .max()
        .unwrap_or(0);
    let repeats =
        rows.iter().flat_map(|(row, _)| row.elements()).any(|cell| repeated(cell, "number-columns-repeated") > 1);
    let holds = table.all().iter().skip(1).any(|part| matches!(&*part.name, "table" | "h" | "section"));
    let prose = || is_prose(rows.iter().flat_map(|(row, _)| row.elements()).map(|cell| words(&cell.text())));
    holds || (widest < 2 && !repeats) || prose()
}
