//! Tables: those of data as tables, those that only arrange a page as the blocks of their cells.

use std::collections::HashMap;

use lectern_core::content::document::{BlockKind, Furniture, Matter};
use lectern_core::content::words;

use super::super::assembly::{Draft, is_prose};
use super::super::dom::Element;
use super::super::html::{Cell, grid};
use super::super::inline::Line;
use super::super::opc::is_on;
use super::body::Body;
use super::changes;
use super::run::Runs;

impl<'p> Body<'_, 'p> {
    pub(super) fn table(&mut self, table: &'p Element, contents: bool) {
        self.end_open();
        self.end_code();
        for row in wrapped(table, "tr").into_iter().filter(|row| changes::row_is_deleted(row)) {
            self.assembly.leave_out(Furniture::Deleted, &changes::deleted_text(row), Matter::Body);
        }
        if self.is_layout(table) {
            for row in rows(table) {
                for cell in cells(row) {
                    self.blocks(cell, contents);
                    self.end_open();
                    self.end_code();
                }
            }
            return;
        }
        let mut left_out = Vec::new();
        let mut figures = Vec::new();
        let mut grown: Vec<Vec<Cell>> = Vec::new();
        let mut header_rows = 0;
        // By column: where the cell stands that a vertical merge continues.
        let mut above: HashMap<usize, (usize, usize)> = HashMap::new();
        for row in rows(table) {
            let at = grown.len();
            let header = row
                .child("trPr")
                .and_then(|properties| properties.child("tblHeader"))
                .is_some_and(|mark| mark.local("val").is_none_or(is_on));
            if header && at == header_rows as usize {
                header_rows += 1;
            }
            let mut out = Vec::new();
            let skip = row
                .child("trPr")
                .and_then(|properties| properties.value("gridBefore"))
                .and_then(|count| count.parse::<usize>().ok())
                .unwrap_or(0)
                .min(64);
            let mut column = skip;
            for _ in 0..skip {
                out.push(Cell { line: Line::default(), columns: 1, rows: 1 });
            }
            for cell in cells(row) {
                let properties = cell.child("tcPr");
                let columns = properties
                    .and_then(|properties| properties.value("gridSpan"))
                    .and_then(|span| span.parse::<usize>().ok())
                    .unwrap_or(1)
                    .clamp(1, 64);
                let merge = properties.and_then(|properties| properties.child("vMerge"));
                let goes_on = merge.is_some_and(|merge| merge.local("val") != Some("restart"));
                if let (true, Some((row, index))) = (goes_on, above.get(&column).copied()) {
                    if let Some(origin) = grown.get_mut(row).and_then(|row: &mut Vec<Cell>| row.get_mut(index)) {
                        origin.rows += 1;
                    }
                } else {
                    above.remove(&column);
                    if merge.is_some() {
                        above.insert(column, (at, out.len()));
                    }
                    out.push(Cell { line: self.cell(cell, &mut figures, &mut left_out), columns, rows: 1 });
                }
                column += columns;
            }
            grown.push(out);
        }
        self.assembly.push(Draft::table(grid(grown), header_rows));
        for (furniture, text) in left_out {
            self.assembly.leave_out(furniture, &text, Matter::Body);
        }
        for figure in figures {
            self.assembly.push(Draft::new(BlockKind::Figure, figure));
        }
    }

    /// The text of a cell: its paragraphs in one line, list items with their marks, tables within
    /// it as text.
    fn cell(&mut self, cell: &'p Element, figures: &mut Vec<Line>, left_out: &mut Vec<(Furniture, String)>) -> Line {
        let mut lines = Vec::new();
        for child in cell.elements() {
            match &*child.name {
                "p" => {
                    let mut runs = Runs::new(self.package);
                    runs.paragraph(child);
                    figures.append(&mut runs.figures);
                    left_out.append(&mut runs.left_out);
                    lines.push(std::mem::take(&mut runs.inline).finish());
                    for text_box in std::mem::take(&mut runs.boxes) {
                        lines.push(self.cell(text_box, figures, left_out));
                    }
                }
                "tcPr" | "sdtPr" | "sdtEndPr" | "tblPr" | "tblGrid" | "trPr" | "del" | "moveFrom" => {}
                _ => lines.push(self.cell(child, figures, left_out)),
            }
        }
        Line::joined(lines)
    }

    /// Whether a table only arranges a page: it has one column or one row, holds another table or a
    /// heading, or its cells hold prose.
    fn is_layout(&self, table: &Element) -> bool {
        let rows = rows(table);
        let widest = rows.iter().map(|row| cells(row).len()).max().unwrap_or(0);
        let inner = || table.all();
        let nested = inner().iter().skip(1).any(|part| &*part.name == "tbl");
        let headed = inner().iter().filter(|part| &*part.name == "pPr").any(|properties| {
            let style = properties.value("pStyle");
            style.is_some() && self.package.styles.paragraph(style).outline.is_some_and(|level| level < 9)
        });
        let prose = || is_prose(rows.iter().flat_map(|row| cells(row)).map(|cell| words(&cell.text())));
        widest < 2 || rows.len() < 2 || nested || headed || prose()
    }
}

/// The rows of a table that are there, also those inside content controls and tracked insertions.
fn rows(table: &Element) -> Vec<&Element> {
    wrapped(table, "tr").into_iter().filter(|row| !changes::row_is_deleted(row)).collect()
}

/// The cells of a row that are there.
fn cells(row: &Element) -> Vec<&Element> {
    wrapped(row, "tc").into_iter().filter(|cell| !changes::cell_is_deleted(cell)).collect()
}

fn wrapped<'e>(parent: &'e Element, name: &str) -> Vec<&'e Element> {
    let mut found = Vec::new();
    for child in parent.elements() {
        match &*child.name {
            inner if inner == name => found.push(child),
            "sdt" | "sdtContent" | "customXml" | "ins" | "moveTo" => found.extend(wrapped(child, name)),
            _ => {}
        }
    }
    found
}
