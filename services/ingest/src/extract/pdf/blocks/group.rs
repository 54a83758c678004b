//! Lines that make one block, before they become one text.

use lectern_core::content::document::{BlockKind, Matter};

use super::super::layout::lines::Line;

/// White space above what begins a region or stands alone: more than any gap within.
pub const APART: f32 = 9.0;

/// Lines that make one block.
#[derive(Debug, Clone)]
pub struct Group {
    /// What it is so far.
    pub kind: BlockKind,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Scalar values of the first line that are its marker and no text.
    pub skip: usize,
    /// Left edge of an item's text.
    pub hang: Option<f32>,
    /// Where it belongs.
    pub matter: Matter,
    /// How sure.
    pub confidence: f32,
    /// A table's cells: rows of columns of lines. Then it has no lines of its own.
    pub cells: Vec<Vec<Vec<Line>>>,
    /// The page it begins on, from 0.
    pub page: usize,
    /// The page it ends on.
    pub page_end: usize,
    /// White space above its first line, in lines; large at the top of a region.
    pub above: f32,
    /// The depth of an item, where the file's structure tells.
    pub depth: Option<u8>,
}

impl Group {
    /// A group of one line.
    pub fn new(kind: BlockKind, line: Line, above: f32) -> Self {
        let page = line.page;
        Self {
            kind,
            lines: vec![line],
            skip: 0,
            hang: None,
            matter: Matter::Body,
            confidence: 1.0,
            cells: Vec::new(),
            page,
            page_end: page,
            above,
            depth: None,
        }
    }

    /// A table of these cells.
    pub fn table(cells: Vec<Vec<Vec<Line>>>, header_rows: u32, page: usize, confidence: f32) -> Self {
        Self {
            kind: BlockKind::Table { rows: Vec::new(), header_rows },
            lines: Vec::new(),
            skip: 0,
            hang: None,
            matter: Matter::Body,
            confidence,
            cells,
            page,
            page_end: page,
            above: 0.0,
            depth: None,
        }
    }

    /// Its last line.
    pub fn last(&self) -> Option<&Line> {
        self.lines.last()
    }

    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.page_end = line.page;
        self.lines.push(line);
    }

    /// Its lines' texts with spaces between.
    pub fn rough(&self) -> String {
        let text = self.lines.iter().map(Line::text).collect::<Vec<_>>().join(" ");
        text.chars().skip(self.skip).collect()
    }
}
